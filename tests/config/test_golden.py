"""What a user is told: one changed line of a good config, and every message with its position."""

from __future__ import annotations

from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"

GOOD_LINES = [
    (5, "  noise: 0"),
    (6, "  validation_split: 2e-1"),
    (9, "    - Flatten"),
    (9, "    - {type: Attention, inputs: [input, input]}"),
    (9, "    - {type: Bidirectional, layer: {type: LSTM, units: 3}, merge_mode: null}"),
    (9, "    - {type: Concatenate, inputs: [input, input]}"),
    (9, "    - {type: Dense, units: 8, activation: {type: relu}, kernel_regularizer: l2}"),
    (9, "    - {type: Dense, units: 8, kernel_initializer: {type: Constant, value: 0.5}}"),
    (9, "    - {type: Dense, units: 2, weights: [[[1, 2], [3, 4]], [0, 0]], trainable: false}"),
    (10, "    - {type: Dense, units: 8, inputs: hidden}"),
    (11, "    - {type: Dense, units: 2, activation: softmax, name: output}"),
    (12, "loss: mse"),
    (12, "loss: {type: binary_crossentropy, reduction: sum}"),
    (13, "optimizer: adam"),
    (13, "optimizer: {type: sgd, learning_rate: 1e-1}"),
    (14, "metrics: [acc, mse, AUC, AUC, {type: Precision, thresholds: 0.4}]"),
    (14, "metrics:"),
    (16, "  epochs: 017"),
    (17, "  batch_size: 0x10"),
    (17, "  class_weight: balanced"),
    (17, '  class_weight: {"0": 1, "1": 2.5}'),
    (19, "    - TerminateOnNaN"),
    (19, "    - {type: ReduceLROnPlateau, factor: 0.5, verbose: 1}"),
    (19, "    - {type: ModelCheckpoint, filepath: best.keras}"),
    (20, "exports: []"),
]


def golden_cases():
    """The line that is changed, what it becomes, and the messages: blocks of `one_line.txt`."""
    text = (GOLDEN / "one_line.txt").read_text(encoding="utf-8")
    cases = []
    for block in text.strip().split("\n\n"):
        change, *messages = block.splitlines()
        number, _, line = change.partition(" | ")
        messages = [message.strip() for message in messages]
        cases.append(pytest.param(int(number), line, messages, id=change))
    return cases


@pytest.mark.parametrize(("number", "line", "messages"), golden_cases())
def test_a_changed_line_is_refused_with_these_messages(refuse, number, line, messages):
    """Each mistake once, at its place, with what was expected and how to mend it."""
    assert refuse(lines={number: line}) == messages


@pytest.mark.parametrize(("number", "line"), GOOD_LINES)
def test_a_changed_line_is_accepted(load, number, line):
    """What is legal is not refused, and the resolved config means the same."""
    resolved = load(lines={number: line})
    assert load(resolved.to_yaml()) == resolved


def test_all_mistakes_of_a_file_are_told_at_once(refuse):
    """In the order of the file, whatever found them."""
    assert refuse(
        """\
sed: 0
dataset: {type: moon, validation_split: 1.5}
model:
  layers:
    - {type: Dense, unit: 512, activation: rellu}
    - {type: Dense, units: "10", name: a}
    - {type: Dropout, rate: 2, name: a}
    - {type: Dense, units: 1, activation: softmax, inputs: [b]}
loss: mze
optimizer: {type: RMSprop, learning_rate: -1}
training: {epochs: -1, batch_size: 1.5, callbacks: [{}, EarlyStopping]}
"""
    ) == [
        "1:1: sed: Unknown key 'sed'. Did you mean 'seed'?",
        "2:17: dataset.type: There is no dataset 'moon'. Did you mean 'moons'?",
        "2:41: dataset.validation_split: Expected less than 1, got 1.5.",
        "5:21: model.layers[0].unit: Dense has no argument 'unit'. Did you mean 'units'?",
        "5:44: model.layers[0].activation: There is no activation 'rellu'. Did you mean 'relu'?",
        "6:28: model.layers[1].units: Expected an integer, got '10'. Write 10.",
        "7:29: model.layers[2].rate: Expected 0 to 1, got 2.",
        (
            "7:38: model.layers[2].name: The name 'a' is taken by model.layers[1]. "
            "Choose another name."
        ),
        (
            "8:43: model.layers[3].activation: The softmax of a single unit is always 1. "
            "Use 'activation: sigmoid', or one unit for each class."
        ),
        (
            "8:61: model.layers[3].inputs[0]: There is no layer 'b'. "
            "The names here: 'input', 'dense', 'a'."
        ),
        "9:7: loss: There is no loss 'mze'. Did you mean 'mse'?",
        "10:43: optimizer.learning_rate: Expected 0 or more, got -1.",
        "11:20: training.epochs: Expected 0 or more, got -1.",
        "11:36: training.batch_size: Expected an integer, got 1.5.",
        "11:53: training.callbacks[0].type: Missing: which callback this is. Add 'type'.",
    ]
