"""Trains cases of `parity` on several logical CPU devices; a program for a process of its own.

Logical devices are made before TensorFlow's first operation, so it runs by `tests.forked`:
`sys.argv[1:]` are names of `CASES`, and what it prints is the worst relative errors of each
against plain Keras on one device.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "from tests.training.replicated import main; main()"
DEVICES = 3
BATCH_SIZES = {"masked steps": 10}
"""Other ones than that of `parity`: of the last 2 rows, the third device has none."""


def cases() -> dict[str, Any]:
    """Cases by name."""
    import numpy as np

    from dlrun.backend import keras
    from tests.training import parity_rows
    from tests.training.parity import Case

    def one_hot_steps(x: Any, rng: Any) -> Any:
        del rng
        return np.eye(3, dtype="float32")[x.astype(int) % 3]  # (rows, 6, 3)

    parity_rows.TARGETS["one_hot_steps"] = one_hot_steps
    softmax = {"type": "Dense", "units": 3, "activation": "softmax"}
    hidden = {"type": "Dense", "units": 6, "activation": "relu"}
    penalized = {
        **hidden,
        "kernel_regularizer": {"type": "L1L2", "l1": 0.01, "l2": 0.02},
        "activity_regularizer": {"type": "L2", "l2": 0.01},
    }
    adam = {"type": "Adam", "learning_rate": 0.02}
    plain = (hidden, softmax)
    return {
        "penalties, normalization, weights, metrics": Case(
            (penalized, "BatchNormalization", softmax),
            optimizer={"type": "SGD", "learning_rate": 0.1, "clipnorm": 0.5},
            metrics=("CategoricalAccuracy", "F1Score"),
            weighted=True,
        ),
        "steps that are added up": Case(
            plain, optimizer={**adam, "gradient_accumulation_steps": 2}, built_first=True
        ),
        "masked steps": Case(
            (
                {"type": "Embedding", "input_dim": 10, "output_dim": 4, "mask_zero": True},
                {"type": "LSTM", "units": 5, "return_sequences": True},
                softmax,
            ),
            kind="tokens",
            target="one_hot_steps",
            metrics=("CategoricalAccuracy",),
            optimizer=adam,
        ),
        "images": Case(
            (
                {"type": "Conv2D", "filters": 4, "kernel_size": 3, "activation": "relu"},
                "BatchNormalization",
                "GlobalAveragePooling2D",
                softmax,
            ),
            kind="image",
            optimizer={"type": "SGD", "learning_rate": 0.05, "momentum": 0.9},
        ),
        "a sum": Case(plain, {"type": "CategoricalCrossentropy", "reduction": "sum"}),
        "a mean by weights": Case(
            plain,
            {"type": "CategoricalCrossentropy", "reduction": "mean_with_sample_weight"},
            weighted=True,
        ),
        "averages of weights, decay": Case(
            plain,
            optimizer={**adam, "type": "AdamW", "use_ema": True, "global_clipnorm": 0.3},
            metrics=("R2Score",),
        ),
        "a scaled loss": Case(
            plain,
            optimizer=lambda: keras.optimizers.LossScaleOptimizer(
                keras.optimizers.SGD(0.1), initial_scale=8.0, dynamic_growth_steps=2
            ),
        ),
    }


QUICK = ("penalties, normalization, weights, metrics",)


def main(words: Sequence[str] | None = None) -> None:
    """Train, and print."""
    from dlrun.backend import tf
    from tests.training import parity

    (cpu,) = tf.config.list_physical_devices("CPU")
    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [one] * DEVICES)
    every, found = cases(), {}
    for name in words or sys.argv[1:]:
        case = every[name]
        size = BATCH_SIZES.get(name, parity.BATCH_SIZE)
        theirs = parity.train_by_fit(case, batch_size=size)
        ours = _train(case, size)
        worst = parity.difference(ours, theirs)
        found[name] = [worst.weights, worst.history, parity.moved(ours)]
    sys.stdout.write(json.dumps(found))


def _train(case: Any, batch_size: int) -> Any:
    """Train a case by dlrun on several devices."""
    import unittest.mock

    from dlrun.backend import tf
    from dlrun.execution.replication import mirrored
    from dlrun.training.replicas import ReplicatedSteps
    from dlrun.training.state import build_optimizer
    from dlrun.training.steps import Steps
    from tests.training import parity

    def replicated(model: Any, metrics: list[Any]) -> ReplicatedSteps:
        copies = [Steps(model, metrics)]
        for number in range(1, DEVICES):
            with tf.device(f"CPU:{number}"):
                copy = parity._model(case)
                copy.compile(
                    optimizer=parity._optimizer(case), loss=parity._loss(case), jit_compile=False
                )
                build_optimizer(copy)
                # Nothing but the first model's weights may count.
                for variable in copy.trainable_variables:
                    variable.assign(variable.value * 0 + 3)
                copies.append(Steps(copy, []))
        build_optimizer(model)
        devices = tuple(f"CPU:{number}" for number in range(DEVICES))
        return ReplicatedSteps(copies, mirrored(devices))

    with unittest.mock.patch.object(parity, "Steps", replicated):
        return parity.train_by_dlrun(case, batch_size=batch_size)
