"""`dlrun weights`: what each layer of a run has learned, read without TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dlrun.errors import RunFolderError, UsageError
from dlrun.formulas import weights_by_layer
from dlrun.rundir.names import CONFIG, SPEC, WEIGHTS
from dlrun.shapes import walk
from dlrun.wording import AMONG_FEW, did_you_mean
from dlrun.workflows.opening import OpenedRun, open_trained, read_weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from dlrun.rundir.folder import RunFolder
    from dlrun.training.listener import Listener


class LayerWeights(NamedTuple):
    """The weights of one layer.

    Attributes:
        layer: Its name.
        type: Its class.
        weights: Its weights by name, such as `kernel`; none for a layer that learns nothing.
    """

    layer: str
    type: str
    weights: Mapping[str, NDArray[Any]]


class RunWeights(NamedTuple):
    """The weights of a run.

    Attributes:
        folder: The run folder.
        layers: The layers, in the order of the config.
    """

    folder: RunFolder
    layers: tuple[LayerWeights, ...]


def show_weights(
    reference: str, layer: str | None, *, runs_dir: Path, listener: Listener
) -> RunWeights:
    """Read the weights of a run, or of one of its layers.

    Args:
        reference: A run folder, a part of its name, or `latest`.
        layer: The name of a layer; None for all.
        runs_dir: Where the runs are.
        listener: Who is told of messages.

    Raises:
        RunFolderError: The run is missing or damaged, or its weights do not fit its config.
        UsageError: It has no such layer.
    """
    opened = open_trained(reference, runs_dir)
    names = [one.name for one in opened.experiment.model.layers]
    check_layer(layer, names)
    weights = deal_out(opened, listener)
    return RunWeights(
        opened.folder,
        tuple(
            LayerWeights(one.name, one.type, weights[one.name])
            for one in opened.experiment.model.layers
            if layer in (None, one.name)
        ),
    )


def deal_out(opened: OpenedRun, listener: Listener) -> dict[str, dict[str, NDArray[Any]]]:
    """Read the weights of an opened run and give each layer its own.

    Args:
        opened: The run.
        listener: Who is told of messages.

    Returns:
        For every layer its weights by name, checked against the config where it tells them.

    Raises:
        RunFolderError: They are missing, damaged, or do not fit the config.
    """
    steps = walk([one.as_dict() for one in opened.experiment.model.layers], opened.spec.input_shape)
    for step in steps:
        if step.problem is not None:
            what = f"does not fit the rows of {SPEC}: {step.problem}"
            raise RunFolderError(what, where=str(opened.folder.file(CONFIG)))
    path = opened.folder.file(WEIGHTS)
    return weights_by_layer(steps, read_weights(opened, listener), where=str(path))


def check_layer(layer: str | None, names: list[str]) -> None:
    """Refuse a layer that a run does not have.

    Args:
        layer: The name that was given, or None.
        names: Those that there are.

    Raises:
        UsageError: Names the nearest one, and all.
    """
    if layer is None or layer in names:
        return
    near = did_you_mean(layer, names, similarity=AMONG_FEW)
    hint = f"{near} " if near else ""
    raise UsageError(f"the run has no layer '{layer}'.", fix=f"{hint}It has: {', '.join(names)}.")
