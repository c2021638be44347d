"""What a row costs in an epoch, however many there are: shuffled or not, in memory or streamed."""

from __future__ import annotations

import os
import tempfile
from itertools import product
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from unittest.mock import patch

from dlrun.data.streaming import LIMIT_VARIABLE
from tests.benchmarks.rows import Row
from tests.benchmarks.training import Task, by_dlrun

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MILLIONS = (1, 2, 5, 10)

CONFIG = """\
dataset: {{type: npz, path: {path}}}
model:
  layers:
    - {{type: Dense, units: 32, activation: relu}}
    - {{type: Dense, units: 32, activation: relu}}
    - {{type: Dense, units: 2, activation: softmax}}
loss: sparse_categorical_crossentropy
optimizer: Adam
training: {{epochs: {epochs}, batch_size: 1024, shuffle: {shuffle}}}
exports: []
"""

STREAM_ABOVE = {"in memory": "1e9", "streamed": "0"}
"""Megabytes: nothing is so large, and everything is larger."""


def many_rows(tiny: bool) -> Row:
    """Train on 1 to 10 million rows of 10 numbers: the dearest row by the cheapest."""
    counts = [3_000] if tiny else [count * 10**6 for count in MILLIONS]
    costs: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        for rows in counts:
            _write(Path(folder) / f"{rows}.npz", rows)
        # In rounds, so that whatever else the machine does disturbs all.
        for _ in range(1 if tiny else 3):
            for rows, shuffle, place in product(counts, (False, True), STREAM_ABOVE):
                name = f"{rows:,} {'shuffled' if shuffle else 'in order'} {place}"
                seconds = _epoch(Path(folder) / f"{rows}.npz", shuffle, STREAM_ABOVE[place])
                costs.setdefault(name, []).append(seconds / rows * 1e6)
    medians = {name: median(each) for name, each in costs.items()}
    note = "microseconds a row and epoch, the dearest by the cheapest: " + ", ".join(
        f"{name} {cost:.2f}" for name, cost in medians.items()
    )
    ends = max(medians.values()), min(medians.values())
    return Row("1 to 10 million rows", "us", *ends, goal=1.5, faster=False, note=note)


def _epoch(data: Path, shuffle: bool, limit: str) -> float:
    """Time an epoch without tracing."""
    config = data.with_suffix(".yaml")
    config.write_text(CONFIG.format(path=data, epochs=4, shuffle=str(shuffle).lower()), "utf-8")
    with patch.dict(os.environ, {LIMIT_VARIABLE: limit}):
        return by_dlrun(Task(config, steady=True))


def _write(path: Path, rows: int) -> None:
    """Write noise, `(rows, 10)`, and the side of a plane that it lies on."""
    import numpy as np

    x = np.random.default_rng(0).standard_normal((rows, 10), "float32")
    np.savez(path, x=x, y=(x.sum(axis=1) > 0).astype("int64"))


BENCHMARKS: Sequence[Callable[[bool], Row]] = (many_rows,)
