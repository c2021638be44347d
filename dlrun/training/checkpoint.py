"""The state of a training as plain data, and back: to continue gives the bits of never stopping."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.errors import RunFolderError
from dlrun.rundir.checkpoints import Checkpoint
from dlrun.training.epochs import Position

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dlrun.training.callbacks import CallbackChain
    from dlrun.training.history import History
    from dlrun.training.state import TrainingState

COST = 0.02
"""The share of the time that checkpoints may take."""


class Keeper:
    """Keeps the state every so often, and rarely enough to cost next to nothing.

    Args:
        keep: Commits a state.
        seconds: The least time between two commits.
    """

    def __init__(self, keep: Callable[[Checkpoint], None], *, seconds: float) -> None:
        self._keep = keep
        self._seconds = seconds
        self._wait = seconds
        self._last = time.monotonic()

    def due(self) -> bool:
        """Say whether it is time for the next commit."""
        return time.monotonic() - self._last >= self._wait

    def commit(self, capture: Callable[[], Checkpoint]) -> None:
        """Commit a state.

        Args:
            capture: Returns it.

        Raises:
            DlrunError: It cannot be written.
        """
        began = time.monotonic()
        self._keep(capture())
        self._last = time.monotonic()
        # Where a commit takes long, for a large model or a slow disk, the next one comes later.
        if self._seconds > 0:
            self._wait = max(self._seconds, (self._last - began) / COST)


def capture(
    position: Position,
    *,
    state: TrainingState,
    epoch_start: list[Any],
    history: History,
    chain: CallbackChain,
    finished: bool,
) -> Checkpoint:
    """Return everything that the next batch, and the callbacks' next decision, depend on.

    Args:
        position: Where the variables stand.
        state: The variables.
        epoch_start: Their values at the start of the epoch, see `Trainer`; empty before the first.
        history: The completed epochs.
        chain: The callbacks.
        finished: Whether the training is over.
    """
    names = _names(state)
    tensors = _numbered("variables", names, state.snapshot())
    if position.step > 0:
        tensors |= _numbered("epoch_start", names, epoch_start)
    columns, values, present = history.to_arrays()
    tensors |= {"history/values": values, "history/present": present}
    memories = []
    for index, (memory, arrays) in enumerate(chain.memories()):
        memories.append(memory)
        tensors |= {f"callbacks/{index}/{name}": array for name, array in arrays.items()}
    facts = {
        "epoch": position.epoch,
        "step": position.step,
        "finished": finished,
        "stop_training": chain.stop_training,
        # Of the end of the last epoch the checkpoints of dlrun before this fact hold the weights
        # only as `SwapEMAWeights` leaves them.
        "apart": True,
        "history_columns": columns,
        "callbacks": memories,
    }
    return Checkpoint(facts, tensors)


def restore(
    saved: Checkpoint, *, state: TrainingState, history: History, chain: CallbackChain
) -> tuple[Position, list[Any]]:
    """Bring a training back to where it was; `chain` has begun with the same `saved`.

    Args:
        saved: What `capture` returned.
        state: The variables of the same model, built anew.
        history: An empty history.
        chain: The callbacks, made anew of the same config.

    Returns:
        The position; and the values at the start of its epoch.

    Raises:
        RunFolderError: The state does not belong to this model.
    """
    names = _names(state)
    values = [_fitting(saved, f"variables/{name}", variable) for name, variable in
              zip(names, state.variables, strict=True)]  # fmt: skip
    state.restore(values)
    position = Position(saved.facts["epoch"], saved.facts["step"])
    epoch_start = []
    if position.step > 0:
        epoch_start = [_fitting(saved, f"epoch_start/{name}", variable) for name, variable in
                       zip(names, state.variables, strict=True)]  # fmt: skip
    try:
        history.read_arrays(
            saved.facts["history_columns"],
            saved.tensors["history/values"],
            saved.tensors["history/present"],
        )
        chain.remember(saved.facts["callbacks"], callback_arrays(saved))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise RunFolderError("the checkpoint does not fit the config of its run.") from error
    chain.stop_training = saved.facts["stop_training"]
    return position, epoch_start


def callback_arrays(saved: Checkpoint) -> list[dict[str, NDArray[Any]]]:
    """Return the arrays of every callback by name, in the order of the callbacks."""
    return [
        {
            name.removeprefix(prefix): array
            for name, array in saved.tensors.items()
            if name.startswith(prefix)
        }
        for prefix in (f"callbacks/{index}/" for index in range(len(saved.facts["callbacks"])))
    ]


def _names(state: TrainingState) -> list[str]:
    """Name the variables by number; Keras numbers an optimizer by those made before it."""
    return [f"{index}/{variable.name}" for index, variable in enumerate(state.variables)]


def _numbered(group: str, names: list[str], values: list[Any]) -> dict[str, NDArray[Any]]:
    return {f"{group}/{name}": np.asarray(value) for name, value in zip(names, values, strict=True)}


def _fitting(saved: Checkpoint, name: str, variable: Any) -> NDArray[Any]:
    """Return the value of a variable, which must have its shape and dtype."""
    value = saved.tensors.get(name)
    expected = (tuple(variable.shape), str(variable.dtype))
    if value is None or (value.shape, str(value.dtype)) != expected:
        found = "nothing" if value is None else f"{value.dtype} {value.shape}"
        raise RunFolderError(
            f"the checkpoint does not fit the model: {name!r} is {found}, "
            f"expected {expected[1]} {expected[0]}."
        )
    return value
