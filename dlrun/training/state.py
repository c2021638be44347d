"""Everything that the next batch depends on: variables of model, optimizer and metrics."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlrun.backend import keras, tf
from dlrun.data.decimals import decimals, packed, texts, wholes
from dlrun.errors import RunFolderError
from dlrun.models.weights import settle
from dlrun.rundir.checkpoints import Checkpoint
from dlrun.training.callbacks import load_callback, save_callback
from dlrun.training.epochs import Position
from dlrun.training.steps import Steps

if TYPE_CHECKING:
    from dlrun.training.callbacks import CallbackChain


def build_optimizer(model: Any) -> None:
    """Make the variables of a model's optimizer, if they are not there yet."""
    # To build a `LossScaleOptimizer` again would make all of its own variables anew.
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def variables_of(model: Any) -> list[Any]:
    """Return what a training changes of a compiled model and of its optimizer, which is built."""
    optimizer = model.optimizer
    found = [*model.variables, *optimizer.variables]
    # In a `LossScaleOptimizer` Keras loses sight of what is no slot of a weight: Nadam's product.
    inner = vars(getattr(optimizer, "inner_optimizer", optimizer)).values()
    found += [value for value in inner if isinstance(value, keras.Variable)]
    return list({id(variable): variable for variable in found}.values())


class TrainingState:
    """All that changes while a model, whose optimizer is built, trains."""

    def __init__(self, steps: Steps, chain: CallbackChain) -> None:
        metrics = [variable for metric in steps.tracked for variable in metric.variables]
        self.variables = [*variables_of(steps.model), *metrics]
        # By number, too: Keras numbers an optimizer by those made before it.
        self.names = [f"{index}/{variable.name}" for index, variable in enumerate(self.variables)]
        self.epoch_start: list[Any] = []  # their values at the start of the epoch that is open
        self.position = Position(0, 0)  # where the variables stand
        self.history = History()
        self.chain = chain

    def snapshot(self) -> list[Any]:
        """Return the values, in the order of `variables`."""
        # Nothing is copied: TensorFlow copies a buffer when it is written while it is read.
        return [tf.convert_to_tensor(variable.value) for variable in self.variables]

    def restore(self, values: list[Any]) -> None:
        """Give every variable the value that it had at a snapshot."""
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(value)
        settle(self.chain.model)


COST = 0.02
"""The share of the time that checkpoints may take."""


_SECONDS_BETWEEN_NOTES = 1.0


class Checkpointer:
    """Commits the state at least `seconds` apart, and rarely enough to cost next to nothing.

    `note` writes down what others may read meanwhile, a second after it was done last; what is gone
    on from is what was committed.
    """

    def __init__(
        self,
        keep: Callable[[Checkpoint], None],
        *,
        seconds: float,
        note: Callable[[], None] | None = None,
    ) -> None:
        self._keep = keep
        self._note = note
        self._seconds = seconds
        self._wait = seconds
        self._last = time.monotonic()
        self._next_note = self._last + _SECONDS_BETWEEN_NOTES

    def due(self) -> bool:
        """Say whether it is time for the next commit."""
        return time.monotonic() - self._last >= self._wait

    def note(self) -> None:
        """Write down what others may read, if it is time."""
        began = time.monotonic()
        if self._note is not None and began >= self._next_note:
            self._note()
            self._wait_to_note(began)

    def _wait_to_note(self, began: float) -> None:
        now = time.monotonic()
        self._next_note = now + max(_SECONDS_BETWEEN_NOTES, (now - began) / COST)

    def commit(self, capture: Callable[[], Checkpoint]) -> None:
        """Commit the state that `capture` returns."""
        began = time.monotonic()
        self._keep(capture())
        self._last = time.monotonic()
        self._wait_to_note(self._last)
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


class History:
    """One row of logs per completed epoch; row 0 is the first."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        # Of the rows so far: a long training writes them each second, and they stay as they are.
        self._columns_written: list[str] = []
        self._rows_written = 0
        self._lines: list[str] = []  # those of several rows each

    def to_arrays(self) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
        """Return the columns; the values, float64; and which of them are there, bool."""
        columns = self._columns()
        shape = (len(self.rows), len(columns))  # (epochs, num_columns), with no epoch, too
        values, present = np.zeros(shape), np.zeros(shape, bool)
        for place, name in enumerate(columns):
            values[:, place] = [row.get(name, 0.0) for row in self.rows]
            present[:, place] = [name in row for row in self.rows]
        return columns, values, present

    def read_arrays(
        self, columns: Sequence[str], values: NDArray[Any], present: NDArray[Any]
    ) -> None:
        """Take the rows that `to_arrays` returned."""
        self.rows = [
            {name: float(value) for name, value, there in zip(columns, *row, strict=True) if there}
            for row in zip(values, present, strict=True)
        ]
        self._rows_written, self._lines = 0, []

    def to_csv(self) -> str:
        """Return the table with the columns `epoch` (from 1) and one per log."""
        columns = self._columns()
        if columns != self._columns_written:
            self._columns_written, self._rows_written, self._lines = columns, 0, []
        if rows := self.rows[self._rows_written :]:
            self._lines.append(_lines_of(rows, columns, first=self._rows_written + 1))
            self._rows_written = len(self.rows)
        head = io.StringIO()
        csv.writer(head, lineterminator="\n").writerow(["epoch", *columns])
        return head.getvalue() + "".join(self._lines)

    def _columns(self) -> list[str]:
        return list(dict.fromkeys(name for row in self.rows for name in row))


def _lines_of(rows: Sequence[Mapping[str, float]], columns: Sequence[str], *, first: int) -> str:
    """Write the epochs from `first` on, one a line."""
    comma, newline = (np.full((len(rows), 1), ord(text), np.uint8) for text in ",\n")
    parts = [wholes(np.arange(first, first + len(rows)))]
    for name in columns:
        parts += [comma, _column([row.get(name) for row in rows])]
    return packed([*parts, newline]).decode()


def _column(values: Sequence[float | None]) -> NDArray[np.uint8]:
    """Write numbers, `(rows,)`, as `(rows, width)` bytes, see `decimals`; nothing for None.

    Each is the shortest decimal that reads back as the same float32, or else float64.
    """
    exact = np.array(values, np.float64)  # None is NaN
    with np.errstate(over="ignore"):
        single = exact.astype(np.float32)
    is_single = (single == exact) | np.isnan(exact)
    if is_single.all() and None not in values:
        return decimals(single)
    return texts(
        [
            "" if value is None else str(short) if is_short else repr(float(value))
            for value, short, is_short in zip(values, single, is_single, strict=True)
        ]
    )
