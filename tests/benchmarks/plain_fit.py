"""Trains by plain Keras in a process of its own, which never sees dlrun, and prints its times.

`python -m tests.benchmarks.plain_fit FOLDER EPOCHS STEPS_PER_EXECUTION`; what lies in the folder,
`write_task` has written.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlrun.arrays import Splits
    from dlrun.config import Experiment

TASK, ROWS = "task.json", "rows.npz"


def write_task(folder: Path, experiment: Experiment, splits: Splits) -> None:
    """Write down a training for plain Keras.

    Args:
        folder: Where to.
        experiment: The config.
        splits: Its rows, labels not fitted yet.
    """
    import numpy as np

    from dlrun.backend import keras
    from dlrun.execution.assembly import assemble

    assembly, splits, _ = assemble(experiment, splits)
    training = experiment.training
    task = {
        "model": assembly.model.to_json(),
        "optimizer": keras.optimizers.serialize(assembly.model.optimizer),
        "loss": keras.losses.serialize(assembly.model.loss),
        "metrics": [metric.type for metric in experiment.metrics],
        "batch_size": training.batch_size,
        "shuffle": training.shuffle,
    }
    arrays = {"x": splits.train.x, "y": splits.train.y}
    if splits.validation is not None:
        arrays |= {"x_val": splits.validation.x, "y_val": splits.validation.y}
    (folder / TASK).write_text(json.dumps(task))
    np.savez(folder / ROWS, **arrays)


def main(folder: Path, epochs: int, steps_per_execution: int) -> dict[str, Any]:
    """Train.

    Args:
        folder: Where the task lies.
        epochs: How many to run.
        steps_per_execution: As in `compile`.

    Returns:
        The `seconds` of `fit`, and the times at which its epochs ended, `ends`.
    """
    import keras
    import numpy as np

    task = json.loads((folder / TASK).read_text())
    with np.load(folder / ROWS) as file:
        rows = dict(file)
    model = keras.models.model_from_json(task["model"])
    model.compile(
        optimizer=keras.optimizers.deserialize(task["optimizer"]),
        loss=keras.losses.deserialize(task["loss"]),
        metrics=task["metrics"],
        steps_per_execution=steps_per_execution,
    )
    ends: list[float] = []
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))
    began = time.perf_counter()
    model.fit(
        rows["x"],
        rows["y"],
        validation_data=(rows["x_val"], rows["y_val"]) if "x_val" in rows else None,
        epochs=epochs,
        batch_size=task["batch_size"],
        shuffle=task["shuffle"],
        verbose=0,
        callbacks=[note],
    )
    return {"seconds": time.perf_counter() - began, "ends": ends}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), *map(int, sys.argv[2:]))))  # noqa: T201
