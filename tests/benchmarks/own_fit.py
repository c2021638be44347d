"""Trains by dlrun in a process of its own, as a command does, and prints its times.

`python -m tests.benchmarks.own_fit CONFIG ROWS [KEY=VALUE...]`; of 0 rows all are meant.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.training.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.arrays import Splits
    from dlrun.config import Experiment


class Clock(Listener):
    """A listener that notes when how much of the training was done."""

    def __init__(self) -> None:
        self.points: list[tuple[float, float]] = []
        self._steps = 1
        self._began = (0.0, 0.0)

    def started(self, *, epochs: int, steps: int, first_epoch: int = 0) -> None:
        """Note the length of an epoch, and the time."""
        del epochs, first_epoch
        self._steps = steps
        self._began = (0.0, time.perf_counter())

    def progressed(self, *, epoch: int, step: int, logs: Any) -> None:
        """Note the position, in epochs, and the time."""
        del logs
        self.points.append((epoch + step / self._steps, time.perf_counter()))

    def epoch_seconds(self) -> float:
        """Return the seconds an epoch from the end of the first stretch on, which traces.

        A training of one stretch, as in the tiny mode, is counted whole.
        """
        first, last = self.points[0], self.points[-1]
        first = self._began if first == last else first
        return (last[1] - first[1]) / (last[0] - first[0])


def load(config: Path, overrides: Sequence[str], rows: int = 0) -> tuple[Experiment, Splits]:
    """Load a config and its rows.

    Args:
        config: The file.
        overrides: As after `--set`.
        rows: How many training rows to keep; 0 for all.
    """
    from dlrun.config import load_config
    from dlrun.execution.loading import load_splits

    experiment = load_config(config, overrides)
    splits = load_splits(experiment)
    if rows:
        train = splits.train
        splits = replace(splits, train=replace(train, x=train.x[:rows], y=train.y[:rows]))
    return experiment, splits


def main(config: Path, rows: int, overrides: Sequence[str]) -> dict[str, float]:
    """Train.

    Returns:
        The `seconds` of the training, and those of an `epoch` without tracing.
    """
    experiment, splits = load(config, overrides, rows)

    from dlrun.backend.device import select_device
    from dlrun.execution.assembly import assemble
    from dlrun.training.epochs import FitOptions
    from dlrun.training.trainer import Trainer

    select_device("auto")
    assembly, splits, _ = assemble(experiment, splits)
    training, clock = experiment.training, Clock()
    began = time.perf_counter()
    Trainer(
        assembly.steps,
        splits,
        FitOptions(training.epochs, training.batch_size, training.shuffle, seed=0),
        listener=clock,
    ).fit()
    return {"seconds": time.perf_counter() - began, "epoch": clock.epoch_seconds()}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])))  # noqa: T201
