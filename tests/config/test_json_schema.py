"""The JSON Schema takes what dlrun takes, and refuses every wrong key, word and type."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from dlrun import catalog
from dlrun.config import load_config
from dlrun.config.json_schema import json_schema
from dlrun.config.nodes import Problems
from dlrun.config.yaml import parse
from dlrun.errors import DlrunError
from tests.config.test_golden import GOLDEN, GOOD_LINES, golden_cases
from tests.conftest import CONFIGS, ROOT
from tests.docs.pages import PAGES, blocks

SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
TEMPLATES = ROOT / "dlrun" / "cli" / "templates"
WORD_OR_KEY = re.compile(
    r"Unknown key|has no argument|cannot be used|needs '|There is no \w+ '[A-Z]"
)
ONLY_DLRUN = re.compile(r"There is no layer")
BASE = (GOLDEN / "base.yaml").read_text(encoding="utf-8").splitlines()
SMALL = """\
dataset: {type: moons}
model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: adam
"""


def problems(text):
    """What the schema says to a config."""
    value = parse(text, "a.yaml", Problems()).plain()
    return [message for error in VALIDATOR.iter_errors(value) for message in messages_of(error)]


def messages_of(error):
    """Why every alternative failed, or the message where there is only one."""
    if not error.context:
        return [error.message]
    return [message for cause in error.context for message in messages_of(cause)]


def test_it_is_a_schema_of_draft_7():
    """The draft that yaml-language-server reads; each list of words without a repetition."""
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert json.loads(json.dumps(SCHEMA, allow_nan=False)) == SCHEMA


def test_every_reference_leads_somewhere():
    """No definition is missing."""
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(SCHEMA))):
        place = SCHEMA
        for step in reference.split("/"):
            place = place[step]
        assert place


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_configs_are_valid(path):
    """As they stand."""
    assert problems(path.read_text()) == []


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(TEMPLATES.glob("*.yaml")) if path.stem != "sweep"],
    ids=lambda path: path.stem,
)
def test_the_templates_are_valid(path):
    """As they stand."""
    assert problems(path.read_text()) == []


@pytest.mark.parametrize("page", PAGES)
def test_the_configs_of_the_pages_are_valid(page):
    """As they stand."""
    for block in blocks(page, "yaml"):
        if block.is_config:
            assert problems(block.text) == [], block.place


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_resolved_configs_are_valid(path):
    """Every default that dlrun writes out is one that the schema takes."""
    assert problems(load_config(path).to_yaml()) == []


@pytest.mark.parametrize(("number", "line"), GOOD_LINES)
def test_what_dlrun_accepts_is_valid(number, line):
    """The legal variants of the golden config."""
    lines = [*BASE]
    lines[number - 1] = line
    assert problems("\n".join(lines)) == []


def changed(case):
    """The golden config with one broken line, and what dlrun says to it."""
    number, line, messages = case.values
    return "\n".join([*BASE[: number - 1], line, *BASE[number:]]), messages


def is_refused(text):
    try:
        return bool(problems(text))
    except DlrunError:
        return True  # it is not YAML


@pytest.mark.slow
def test_what_dlrun_refuses_for_a_word_or_a_key_is_refused():
    """Each golden mistake in a word or a key; of all golden mistakes, seven in ten."""
    cases = [changed(case) for case in golden_cases()]
    refused = {text for text, _ in cases if is_refused(text)}
    missed = [messages for text, messages in cases if text not in refused]
    assert [messages for messages in missed if WORD_OR_KEY.search(messages[0])] == []
    assert len(refused) >= 0.7 * len(cases)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("units: 1", "unit: 1", "'unit' was unexpected"),
        ("units: 1", "units: one", "'one' is not of type 'integer'"),
        ("units: 1", "units: 0", "0 is less than the minimum of 1"),
        ("units: 1, ", "", "'units' is a required property"),
        ("Dense", "Dens", "'Dens' is not one of"),
        ("Dense", "Lambda", "'Lambda' is not one of"),
        ("type: Dense, ", "", "'type' is a required property"),
        ("sigmoid", "sigmoyd", "'sigmoyd' is not one of"),
        ("units: 1", "units: 1, inputs: 3", "3 is not of type 'array'"),
        ("units: 1", "units: 1, trainable: 1", "1 is not of type 'boolean'"),
        ("type: moons", "type: moons, sampels: 3", "'sampels' was unexpected"),
        ("type: moons", "type: moons, scale: max", "'max' is not one of"),
        ("type: moons", "type: csv", "'path' is a required property"),
        (
            "type: moons",
            "type: moons, test_split: 1.5",
            "equal to the maximum of 1",
        ),
        ("loss: binary_crossentropy\n", "", "'loss' is a required property"),
        ("loss: binary_crossentropy", "loss: null", "None is not of type 'string', 'object'"),
        ("binary_crossentropy", "{type: Hinge, from_logits: true}", "'from_logits' was unexpected"),
        ("adam", "{type: Adam, learning_rate: -1}", "-1 is less than the minimum of 0"),
        ("adam", "{type: Adam, learning_rate: {type: CosineDecay}}", "'decay_steps' is a required"),
        ("adam\n", "adam\nmetrics: accuracy\n", "'accuracy' is not of type 'array'"),
        ("adam\n", "adam\ntraining: {epochs: -1}\n", "-1 is less than the minimum of 0"),
        ("adam\n", "adam\ntraining: {epoch: 1}\n", "'epoch' was unexpected"),
        ("adam\n", "adam\ntraining: {callbacks: [EarlyStoping]}\n", "'EarlyStoping' is not one of"),
        ("adam\n", "adam\nexports: [keras]\n", "'keras' is not one of"),
        ("adam\n", "adam\nseed: -1\n", "-1 is less than the minimum of 0"),
        ("adam\n", "adam\nsed: 1\n", "'sed' does not match any of the regexes"),
        ("model: {layers: [", "model: {layer: [", "'layers' is a required property"),
    ],
)
def test_broken_configs_are_not_valid(old, new, problem):
    """Each mistake alone."""
    assert problems(SMALL) == []
    assert old in SMALL
    assert any(problem in told for told in problems(SMALL.replace(old, new, 1)))


def test_nothing_to_train_needs_no_loss():
    """As dlrun has it: with epochs 0 there may be neither a loss nor an optimizer."""
    start = SMALL.partition("loss:")[0]
    assert problems(start + "training: {epochs: 0}\n") == []
    assert problems(start + "training: {epochs: 0}\nloss: null\noptimizer: null\n") == []
    assert problems(start + "training: {epochs: 1}\n")


@pytest.mark.parametrize("kind", [kind for kind in catalog.KINDS if kind != "activations"])
def test_every_word_is_there_with_its_arguments(kind):
    """Under all its spellings, closed, with what is known of each argument."""
    (mapping,) = (one for one in SCHEMA["definitions"][kind]["anyOf"] if "properties" in one)
    spellings = mapping["properties"]["type"]["enum"]
    for name in catalog.words(kind):
        word = catalog.find(kind, name)
        definition = SCHEMA["definitions"][f"{kind}.{name}"]
        assert {name, *catalog.aliases(kind).get(name, ())} <= set(spellings)
        assert definition["additionalProperties"] is False
        assert {one.name for one in word.parameters} <= set(definition["properties"])
        assert definition["properties"]["type"]["description"]
        for parameter in word.parameters:
            values = definition["properties"][parameter.name]
            if "default" in values:
                alone = {**values, "definitions": SCHEMA["definitions"]}
                validator = jsonschema.Draft7Validator(alone)
                assert validator.is_valid(values["default"]), (name, parameter.name)


def test_an_alias_stands_for_its_word():
    """`mse` has the arguments of `MeanSquaredError`; `accuracy` is dlrun's own."""
    for loss, is_valid in (
        ("{type: mse, reduction: sum}", True),
        ("{type: mse, delta: 1}", False),
        ("{type: huber, delta: 1}", True),
    ):
        assert (problems(SMALL.replace("binary_crossentropy", loss)) == []) is is_valid
    assert problems(SMALL + "metrics: [accuracy, acc, {type: Accuracy, dtype: float32}]\n") == []
    assert problems(SMALL + "metrics: [{type: accuracy, dtype: float32}]\n")


def test_layers_inside_of_layers():
    """They take what Keras gives them and no `inputs`."""
    for layer, is_valid in (
        ("{type: Bidirectional, layer: {type: LSTM, units: 3, name: cell}}", True),
        ("{type: Bidirectional, layer: {type: LSTM, unit: 3}}", False),
        ("{type: Bidirectional, layer: {type: LSTM, units: 3, inputs: [input]}}", False),
        ("{type: RNN, cell: [{type: LSTMCell, units: 3}, {type: GRUCell, units: 3}]}", True),
        ("{type: TimeDistributed, layer: Flatten}", True),
    ):
        text = SMALL.replace("{type: Dense, units: 1, activation: sigmoid}", layer)
        assert (problems(text) == []) is is_valid, layer


def test_keys_are_described():
    """Hover shows the docstrings: of dlrun's keys, of Keras's arguments, of the words."""
    training = SCHEMA["else"]["properties"]["training"]["anyOf"][0]["properties"]
    assert training["epochs"]["description"].startswith("How often the training rows")
    dense = SCHEMA["definitions"]["layers.Dense"]["properties"]
    assert "dimensionality of the output space" in dense["units"]["description"]
    assert "densely-connected" in dense["type"]["description"]
    assert SCHEMA["definitions"]["every_layer"]["properties"]["inputs"]["description"]
    losses = SCHEMA["definitions"]["losses"]["anyOf"][0]
    described = dict(zip(losses["enum"], losses["enumDescriptions"], strict=True))
    assert described["mse"].startswith("Computes the mean of squares of errors")


def test_what_is_missing_may_stand_in_what_is_extended():
    """Its keys are known; whether it is whole, and what anchors hold, an editor cannot tell."""
    assert problems("extends: base.yaml\noptimizer: {learning_rate: 0.1}\n") == []
    assert problems("extends: [a.yaml, b.yaml]\nx-rates: {slow: 0.1}\n") == []
    assert problems(SMALL + "x-rates: [1]\n") == []
    assert problems("extends: 3\n") != []
    (told,) = problems("extends: base.yaml\nsed: 1\n")
    assert told.startswith("'sed' does not match any of the regexes")
