"""What keeping the state costs: a commit, against the time until the next one."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.own_fit import load
from tests.benchmarks.rows import Row
from tests.conftest import CONFIGS, MNIST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dlrun.rundir.checkpoints import Checkpoint


def checkpoint(tiny: bool) -> Row:
    """A commit of the MNIST MLP after every stretch of an epoch, and how often it is due."""
    title = "a checkpoint of the MNIST MLP"
    if not MNIST.is_file():
        return Row(title, skipped=f"MNIST is not at {MNIST.name} (set DLRUN_TEST_MNIST)")
    from dlrun.execution.assembly import assemble
    from dlrun.rundir.checkpoints import save_checkpoint
    from dlrun.training.epochs import FitOptions
    from dlrun.training.state import Checkpointer
    from dlrun.training.trainer import Trainer

    overrides = (f"dataset.path={MNIST}", "training.epochs=1")
    experiment, splits = load(CONFIGS / "mnist_mlp_rmsprop.yaml", overrides)
    assembly, splits, _ = assemble(experiment, splits)
    interval = experiment.training.checkpoint_seconds
    seconds = []

    with tempfile.TemporaryDirectory() as folder:

        class Timed(Checkpointer):
            """Notes how long each commit takes, the capture of the state included."""

            def commit(self, capture: Callable[[], Checkpoint]) -> None:
                began = time.perf_counter()
                super().commit(capture)
                seconds.append(time.perf_counter() - began)

        Trainer(
            assembly.steps,
            splits,
            FitOptions(epochs=1, batch_size=5000 if tiny else 128, shuffle=True, seed=0),
            keeper=Timed(lambda state: save_checkpoint(Path(folder), state), seconds=0),
        ).fit()
    note = f"{len(seconds)} commits, synced to the disk; against the {interval:g} s between two"
    return Row(title, "s", median(seconds), interval, goal=0.02, faster=False, note=note)


BENCHMARKS: Sequence[Callable[[bool], Row]] = (checkpoint,)
