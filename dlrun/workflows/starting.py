"""The weights that a training begins with where they are not those that the seed draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.errors import UsageError
from dlrun.models.weights import get_weights, set_weights, weight_layout
from dlrun.rundir.names import INITIAL_WEIGHTS
from dlrun.rundir.tensors import load_tensors, save_tensors
from dlrun.workflows.opening import OpenedRun, read_weights

if TYPE_CHECKING:
    from dlrun.rundir.folder import RunFolder
    from dlrun.training.listener import Listener


def set_starting_weights(
    model: Any, folder: RunFolder, source: OpenedRun | None, listener: Listener
) -> list[str]:
    """Fill a new model with the weights of another run, or with those that were taken from it.

    Args:
        model: As the config and the seed make it.
        folder: The run folder; it keeps what the model begins with, since the other run may go.
        source: The other run; None where the folder alone tells.
        listener: Who is told where its weights cannot be checked.

    Returns:
        What was taken and what was not, in lines.

    Raises:
        UsageError: Nothing of the other run fits.
    """
    kept = folder.file(INITIAL_WEIGHTS)
    if source is None:
        if kept.exists():
            set_weights(model, load_tensors(kept, weight_layout(model)))
        return []
    own, offered = get_weights(model), read_weights(source, listener)
    taken = {
        path: value
        for path, value in offered.items()
        if path in own and own[path].shape == value.shape
    }
    if not taken:
        raise UsageError(
            f"none of its weights fits this model: it has {_listed(offered)}.",
            where=f"--from {source.folder.name}",
            fix=f"The model has {_listed(own)}. Layers are matched by name.",
        )
    set_weights(model, own | taken)
    save_tensors(kept, get_weights(model))
    lines = [f"from {source.folder.name}: {_listed(taken)}"]
    new = {path: value for path, value in own.items() if path not in taken}
    if new:
        lines.append(f"drawn anew: {_listed(new)}")
    left = {path: value for path, value in offered.items() if path not in taken}
    if left:
        lines.append(f"not taken: {_listed(left)}")
    return lines


def _listed(weights: dict[str, Any]) -> str:
    """Name weights and their shapes: `dense/kernel (2, 10), dense/bias (10,)`."""
    return ", ".join(f"{path} {tuple(value.shape)}" for path, value in weights.items())
