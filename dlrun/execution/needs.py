"""What a run needs beside time: memory and disk, told before it is trained to its end."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dlrun.arrays import Splits
from dlrun.config import Experiment
from dlrun.execution.layers import steps_of
from dlrun.execution.loading import load_splits
from dlrun.memory import in_words
from dlrun.rundir.checkpoints import KEPT, checkpoint_names
from dlrun.rundir.names import CHECKPOINT, METRICS, WEIGHTS
from dlrun.wording import count

_FLOAT_BYTES, _HALF_BYTES = 4, 2
_FULL = "float32"


@dataclass(frozen=True)
class Needs:
    """Bytes. What is None is not known."""

    batch_size: int  # rows
    weights: int
    gradients: int
    optimizer: int  # its variables, and those of the metrics
    activations: int  # what the layers give for a batch, which is kept for the way back
    is_least: bool  # whether a layer gives more than could be told
    data: int  # the rows of all splits, as they lie in memory
    streamed: bool  # whether the rows stay on the disk
    finished: int  # on the disk, of a finished run
    training: int  # on the disk, while it trains
    peak: int | None = None  # of its process, as it was measured

    @property
    def memory(self) -> int:
        """All parts of the memory that are known."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.data

    def to_json(self) -> dict[str, Any]:
        """Give it by name."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Tell it in two lines: the memory, and the disk."""
        least = "at least " if self.is_least else ""
        parts = [
            f"weights {in_words(self.weights)}",
            f"gradients {in_words(self.gradients)}",
            f"optimizer {in_words(self.optimizer)}",
            f"activations of {count(self.batch_size, 'row')} {least}{in_words(self.activations)}",
            "data on the disk" if self.streamed else f"data {in_words(self.data)}",
        ]
        whole = f"{least}{in_words(self.memory)}"
        if self.peak is not None:
            whole = f"{in_words(self.peak)} at the peak, TensorFlow's own included; {whole} of it"
        disk = f"{in_words(self.finished)} a finished run"
        return [
            f"memory: {whole} ({', '.join(parts)})",
            f"disk: {disk}, {in_words(self.training)} while it trains",
        ]


def needs_of(experiment: Experiment, folder: Path, *, peak: int | None = None) -> Needs:
    """Tell what a run needs by its config, its data and the folder of a run that was begun.

    Raises:
        DlrunError: The data cannot be read.
    """
    splits = load_splits(experiment)
    weights = sum(sizes_in(folder / WEIGHTS).values())
    names = checkpoint_names(folder)
    place = folder / CHECKPOINT / names[0] / "tensors.safetensors" if names else None
    sizes = {} if place is None else sizes_in(place)
    variables = sum(size for name, size in sizes.items() if name.startswith("variables/"))
    state = sum(sizes.values()) or weights
    activations, is_least = activations_of(experiment, splits)
    trained = _size(folder)
    others = trained - state * len(names)
    return Needs(
        batch_size=experiment.training.batch_size,
        weights=weights,
        gradients=weights if experiment.training.epochs else 0,
        optimizer=max(variables - weights, 0),
        activations=activations,
        is_least=is_least,
        data=0 if splits.streamed else _bytes_of(splits),
        streamed=splits.streamed is not None,
        finished=others + state + weights * _unwritten(experiment, folder),
        training=others + state * KEPT,
        peak=peak,
    )


def activations_of(experiment: Experiment, splits: Splits) -> tuple[int, bool]:
    """Count the bytes that the layers give for a batch; and whether there are more.

    What a layer keeps inside, such as the gates of an LSTM, and what has no known shape is more.
    """
    training = experiment.training
    rows = min(training.batch_size, len(splits.train))
    size = _FLOAT_BYTES if training.precision == _FULL else _HALF_BYTES
    shapes = [step.shape for step in steps_of(experiment, splits.spec)]
    known = [[one for one in shape if one is not None] for shape in shapes if shape is not None]
    is_least = any(shape is None or None in shape for shape in shapes) or any(
        step.weights is not None and len(step.weights) > 2  # noqa: PLR2004 - more than kernel, bias
        for step in steps_of(experiment, splits.spec)
    )
    return sum(math.prod(shape) for shape in known) * rows * size, is_least


def sizes_in(path: Path) -> dict[str, int]:
    """Give the bytes of each array in a safetensors file, of which the header alone is read."""
    found: dict[str, int] = {}
    with suppress(OSError, ValueError):
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        for name, told in header.items():
            if name != "__metadata__":
                begin, end = told["data_offsets"]
                found[name] = end - begin
    return found


def _unwritten(experiment: Experiment, folder: Path) -> int:
    """How many files with weights a run has not written yet that was ended early."""
    is_whole = (folder / METRICS).exists()
    return 0 if is_whole else len(experiment.exports)


def _bytes_of(splits: Splits) -> int:
    arrays = [
        array
        for samples in splits.present().values()
        for array in (samples.x, samples.y, samples.sample_weight)
    ]
    return sum(int(getattr(array, "nbytes", 0)) for array in arrays)


def _size(folder: Path) -> int:
    """The bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
