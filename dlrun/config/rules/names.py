"""Rules about names: every layer and every metric has one of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from dlrun.config.components import UNKNOWN
from dlrun.config.layers import DATA
from dlrun.config.schema import Experiment
from dlrun.errors import Problem

# What TensorFlow takes for the name of a scope.
USABLE: Final = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.-]*")


def layer_names_differ(experiment: Experiment) -> Iterator[Problem]:
    """Two layers of one name could not be told apart in `inputs` and in files."""
    return _repeated([layer.name for layer in experiment.model.layers], "model.layers")


def metric_names_differ(experiment: Experiment) -> Iterator[Problem]:
    """Two metrics of one name would share one column of the history."""
    names = [str(metric.arguments.get("name", metric)) for metric in experiment.metrics]
    yield from _repeated(names, "metrics")
    for index, name in enumerate(names):
        what = "The name 'loss' is that of the loss."
        if name.startswith("val_"):
            what = f"The name '{name}' is what the validation rows' {name[4:]!r} is called."
        if name == "loss" or name.startswith("val_"):
            yield Problem(f"metrics[{index}].name", what, "Give the metric another name.")


def layer_names_are_usable(experiment: Experiment) -> Iterator[Problem]:
    """A name is not empty, is not that of the data, and holds no slash, which Keras refuses."""
    for index, layer in enumerate(experiment.model.layers):
        path = f"model.layers[{index}].name"
        if layer.name == DATA:
            yield Problem(path, f"The name '{DATA}' is that of the data.", "Choose another name.")
        elif not layer.name:
            yield Problem(path, "The name is empty.", "Leave it out, or write one.")
        elif "/" in layer.name:
            what = f"The name '{layer.name}' holds a slash, which Keras does not allow."
            yield Problem(path, what, f"Write '{layer.name.replace('/', '_')}'.")
        elif layer.type != UNKNOWN and not USABLE.fullmatch(layer.name):
            what = f"The name '{layer.name}' holds what TensorFlow does not allow."
            yield Problem(path, what, "Use the letters a to z, digits and . _ - only.")


def _repeated(names: Sequence[str], path: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if first.setdefault(name, index) != index:
            what = f"The name '{name}' is taken by {path}[{first[name]}]."
            yield Problem(f"{path}[{index}].name", what, "Choose another name.")
