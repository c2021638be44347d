"""`dlrun weights`: what each layer of a run has learned, read without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from numpy.typing import NDArray

from dlrun.errors import RunFolderError, UsageError
from dlrun.execution.layers import steps_of
from dlrun.execution.opening import OpenedRun, open_trained, read_weights
from dlrun.models.weights import weights_by_layer
from dlrun.rundir.folder import Run
from dlrun.rundir.names import CONFIG, SPEC, WEIGHTS
from dlrun.training.listener import Listener
from dlrun.wording import AMONG_FEW, did_you_mean


class LayerWeights(NamedTuple):
    """The weights of one layer by name, such as `kernel`; none where it learns nothing."""

    layer: str
    type: str
    weights: Mapping[str, NDArray[Any]]


class RunWeights(NamedTuple):
    """The weights of a run, layer by layer in the order of the config."""

    run: Run
    layers: tuple[LayerWeights, ...]


def show_weights(run: Run, layer: str | None, *, listener: Listener) -> RunWeights:
    """Read the weights of one layer of a run by its name; None for all."""
    opened = open_trained(run, listener)
    layers = opened.experiment.model.layers
    check_layer(layer, [one.name for one in layers])
    weights = read_layer_weights(opened)
    chosen = [one for one in layers if layer in (None, one.name)]
    return RunWeights(
        run, tuple(LayerWeights(one.name, one.type, weights[one.name]) for one in chosen)
    )


def read_layer_weights(opened: OpenedRun) -> dict[str, dict[str, NDArray[Any]]]:
    """Read the weights of a run by layer and name, held against the config where it tells them."""
    steps = steps_of(opened.experiment, opened.spec)
    for step in steps:
        if step.problem is not None:
            what = f"does not fit the rows of {SPEC}: {step.problem}"
            raise RunFolderError(what, where=str(opened.run.file(CONFIG)))
    path = opened.run.file(WEIGHTS)
    return weights_by_layer(steps, read_weights(opened), where=str(path))


def check_layer(layer: str | None, names: list[str]) -> None:
    """Refuse a layer that a run does not have, and name the nearest one, and all."""
    if layer is None or layer in names:
        return
    near = did_you_mean(layer, names, similarity=AMONG_FEW)
    hint = f"{near} " if near else ""
    raise UsageError(f"the run has no layer '{layer}'.", fix=f"{hint}It has: {', '.join(names)}.")
