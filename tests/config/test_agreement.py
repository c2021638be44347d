"""What `validate` accepts trains in Keras, and what Keras trains is refused only for a reason."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from dlrun.config import load_config
from dlrun.config.yaml import to_yaml
from dlrun.errors import ConfigError
from tests.config.agreement import keras_verdict
from tests.config.agreement.mutations import BASES, mutated

SAMPLE = 360
LATE = {
    "the classes of a CSV file are known when it is read": (
        r"but the data has 3 classes \(setosa, versicolor, virginica\)"
    ),
    "a layer outside the static table: its output is known when the model is built": (
        r"an array of shape .* for each row|cannot take an input of shape"
        r"|The last layer gives \d+ numbers?|labels"
    ),
    "how many axes a regularizer sees is known when the layer is called": r"must have rank 2",
    "weights beside those that lora adds, or after a layer outside the table": (
        r"weights(\[\d\])?: (The \w+ of \w+ ha|\w+ has \d+ weights?, got)"
    ),
    "what Keras asks of its fast attention": r"flash attention",
    "what a layer computes, not what it is given: kernels that fit no spectrum": r"Spectrogram",
}
"""Why dlrun refuses some configs only when the model is built."""
DELIBERATE = {
    "a layer that nothing reads would be left out of the model": r"No layer reads '",
    "labels and the last layer do not mean the same": (
        r"The last layer gives|tells 2 classes apart|takes one output for each row|needs classes"
    ),
    "the loss would take the logarithm of what is no probability": (
        r"takes probabilities|takes logits|softmax of a single unit"
    ),
    "a hinge reads the sign, which is always the same": r"is never negative",
    "a metric would give a number that means nothing": (
        r"metrics\[\d\]: \w+ (?:takes|needs|does not take|would take|compares|is told otherwise"
        r"|tells classes apart|pools|at [01] |of the best)|metrics\[\d\]: (?:There|The outputs)"
    ),
    "a smoothing, a rate or a size without meaning": r"Expected -?[\d.]+ (?:or more|to )",
    "Keras takes a value of another type than it documents": r"Expected .*, got ",
    "a layer that would have to see the data first does nothing": r"has not seen the data",
    "Keras would take the rows of a batch for one image": r"\(height, width, channels\)",
    "a layer that augments would clip pixels of another range": r"is told of pixels from",
    "the layer to freeze is gone or has another name": r"model\.freeze\[\d\]: There is no layer",
    "two things of one name cannot be told apart in files": r"The name '",
    "a callback would watch what is never logged": r"There is no 'val_",
    "a loss or a layer would mix rows": r"The classes stand on the last axis|of the batch",
    "not of dlrun's language": r"cannot be used|The input shape comes from the dataset",
}
"""Why dlrun refuses some configs that Keras would build and train."""


def judged(file, config):
    """How a config fares: agreement, or who disagrees and how."""
    file.write_text(to_yaml(config), encoding="utf-8")
    try:
        experiment = load_config(file)
    except ConfigError as error:
        problems = "\n".join(map(str, error.problems))
        if keras_verdict.by_keras(config) is not None:
            return "both refuse", problems
        return "only dlrun refuses", problems
    said = keras_verdict.by_dlrun(experiment, config["dataset"])
    return ("both accept", "") if said is None else ("refused too late", said)


def reason(said, reasons):
    """The listed reason of a disagreement, or None."""
    return next((why for why, pattern in reasons.items() if re.search(pattern, said)), None)


def disagree(file, numbers):
    """Judge some mutations; count how they fare, and collect what no reason explains."""
    fares, unexplained = Counter(), []
    for number in numbers:
        config, done = mutated(random.Random(number))  # noqa: S311
        fate, said = judged(file, config)
        reasons = {"refused too late": LATE, "only dlrun refuses": DELIBERATE}.get(fate, {})
        why = reason(said, reasons)
        fares[fate if why is None else f"{fate}: {why}"] += 1
        if reasons and why is None:
            unexplained.append((number, done, fate, said))
    return fares, unexplained


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.get("name", base["loss"]))
def test_every_network_that_is_mutated_is_good(tmp_path, base):
    """So that it is the mutation that is refused."""
    assert judged(tmp_path / "config.yaml", base) == ("both accept", "")


@pytest.mark.slow
def test_a_few_mutations(tmp_path):
    """The beginning of the sample."""
    _, unexplained = disagree(tmp_path / "config.yaml", range(12))
    assert not unexplained


@pytest.mark.slow
def test_many_mutations(tmp_path, capsys):
    """Every disagreement has a listed reason; nearly all of what is accepted trains."""
    fares, unexplained = disagree(tmp_path / "config.yaml", range(SAMPLE))
    agreed = fares["both accept"] + fares["both refuse"]
    with capsys.disabled():
        print(f"\nagreement: {agreed / SAMPLE:.1%} of {SAMPLE} mutated configs")  # noqa: T201
        for fate, count in fares.most_common():
            print(f"{count:5}  {fate}")  # noqa: T201
    assert not unexplained
    late = sum(count for fate, count in fares.items() if fate.startswith("refused too late"))
    assert late <= 0.05 * fares["both accept"]
