"""The state of a training as plain data, and back: to continue gives the bits of never stopping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.errors import RunFolderError
from dlrun.rundir.checkpoints import Checkpoint
from dlrun.training.callback_state import load_callback, save_callback
from dlrun.training.epochs import Position
from dlrun.training.state import TrainingState

COST = 0.02
"""The share of the time that checkpoints may take."""


class Keeper:
    """Commits the state at least `seconds` apart, and rarely enough to cost next to nothing."""

    def __init__(self, keep: Callable[[Checkpoint], None], *, seconds: float) -> None:
        self._keep = keep
        self._seconds = seconds
        self._wait = seconds
        self._last = time.monotonic()

    def due(self) -> bool:
        """Say whether it is time for the next commit."""
        return time.monotonic() - self._last >= self._wait

    def commit(self, capture: Callable[[], Checkpoint]) -> None:
        """Commit the state that `capture` returns."""
        began = time.monotonic()
        self._keep(capture())
        self._last = time.monotonic()
        # Where a commit takes long, for a large model or a slow disk, the next one comes later.
        if self._seconds > 0:
            self._wait = max(self._seconds, (self._last - began) / COST)


def capture(state: TrainingState, *, finished: bool) -> Checkpoint:
    """Return everything that the next batch, and the callbacks' next decision, depend on."""
    epoch, step = state.position
    columns, values, present = state.history.to_arrays()
    tensors = {"history/values": values, "history/present": present}
    groups = {"variables": state.snapshot()}
    if step > 0:
        groups["epoch_start"] = state.epoch_start
    for group, kept in groups.items():
        for name, value in zip(state.names, kept, strict=True):
            tensors[f"{group}/{name}"] = np.asarray(value)
    memories = []
    for index, callback in enumerate(state.chain.callbacks):
        memory, arrays = save_callback(callback)
        memories.append(memory)
        tensors |= {f"callbacks/{index}/{name}": array for name, array in arrays.items()}
    facts = {
        "epoch": epoch,
        "step": step,
        "finished": finished,
        "stop_training": bool(state.chain.model.stop_training),
        # Of the end of the last epoch the checkpoints of dlrun before this fact hold the weights
        # only as `SwapEMAWeights` leaves them.
        "apart": True,
        "history_columns": columns,
        "callbacks": memories,
    }
    return Checkpoint(facts, tensors)


def restore(saved: Checkpoint, state: TrainingState) -> None:
    """Bring a new training of the same config, whose callbacks have begun, back to where it was."""
    state.restore(_fitting(saved, "variables", state))
    state.position = Position(saved.facts["epoch"], saved.facts["step"])
    if state.position.step > 0:
        state.epoch_start = _fitting(saved, "epoch_start", state)
    try:
        state.history.read_arrays(
            saved.facts["history_columns"],
            saved.tensors["history/values"],
            saved.tensors["history/present"],
        )
        memories = zip(saved.facts["callbacks"], callback_arrays(saved), strict=True)
        for callback, (memory, arrays) in zip(state.chain.callbacks, memories, strict=True):
            load_callback(callback, memory, arrays)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise RunFolderError("the checkpoint does not fit the config of its run.") from error
    state.chain.model.stop_training = saved.facts["stop_training"]


def callback_arrays(saved: Checkpoint) -> list[dict[str, NDArray[Any]]]:
    """Return the arrays of every callback by name, in the order of the callbacks."""
    named = saved.tensors.items()
    return [
        {name.removeprefix(prefix): array for name, array in named if name.startswith(prefix)}
        for prefix in (f"callbacks/{index}/" for index in range(len(saved.facts["callbacks"])))
    ]


def _fitting(saved: Checkpoint, group: str, state: TrainingState) -> list[NDArray[Any]]:
    """Return the saved values of all variables, which must have their shapes and dtypes."""
    values = []
    for name, variable in zip(state.names, state.variables, strict=True):
        value = saved.tensors.get(f"{group}/{name}")
        shape, dtype = tuple(variable.shape), str(variable.dtype)
        if value is None or (value.shape, str(value.dtype)) != (shape, dtype):
            found = "nothing" if value is None else f"{value.dtype} {value.shape}"
            raise RunFolderError(
                f"the checkpoint does not fit the model: {f'{group}/{name}'!r} is {found}, "
                f"expected {dtype} {shape}."
            )
        values.append(value)
    return values
