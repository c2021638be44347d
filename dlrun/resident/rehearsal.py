"""Does in advance what the first command of a process waits for: TensorFlow's first operations."""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlrun.resident.fitness import Fitness
from dlrun.warm import wire
from dlrun.warm.standby import note_computed

_COMPUTING = ("evaluate", "explain", "export", "predict", "train")
"""Commands that TensorFlow's first operations keep waiting."""
_CHOOSING = ("--devices", "--host", "--hosts", "--on", "--threads")
"""Options that choose how TensorFlow computes, or where; one is a variable, too."""

_CONFIG = """
name: rehearsal
seed: 0
dataset: {type: two_points}
model:
  layers:
    - {type: Dense, units: 3, activation: relu}
    - {type: Dense, units: 2, activation: softmax}
loss: categorical_crossentropy
optimizer: {type: SGD}
metrics: [accuracy]
training: {epochs: 1}
"""


def suits(request: Mapping[str, Sequence[bytes]], process: Fitness) -> bool:
    """Say whether a rehearsed copy of a process can be what asks.

    Its threads are there already, with the priority and the limits of that process.
    """
    if wire.UNTOUCHED in request or b"TF_CONFIG" in process.environ:
        return False
    if any(request[key] != process.facts[key] for key in ("nice", "limits")):
        return False
    if any(one.startswith(b"DLRUN_THREADS=") for one in request["environ"]):
        return False
    words = [os.fsdecode(word).partition("=")[0] for word in request["argv"][1:]]
    return bool(words) and words[0] in _COMPUTING and not {*words} & {*_CHOOSING}


def rehearse() -> None:
    """Build a small model and predict with it, in memory.

    That takes little longer than it saves the next command. All that it leaves are TensorFlow's
    threads, and what libraries do once in a process: what a later command computes has the bits
    that it has in a process of its own.
    """
    from dlrun.backend import keras, tf
    from dlrun.config.loading import load_nodes
    from dlrun.config.nodes import Problems
    from dlrun.config.yaml import parse
    from dlrun.execution.options import RunOptions
    from dlrun.execution.run import prepare
    from dlrun.training.listener import Listener

    note_computed(0)
    problems = Problems()
    experiment = load_nodes(parse(_CONFIG, "", problems), (), problems)
    prepared = prepare(experiment, RunOptions(Path(), ()), Listener())
    prepared.assembly.predictor.predict(prepared.splits.train.x)
    del prepared
    keras.backend.clear_session()  # so that names are counted from the first again
    tf.random.set_seed(None)
    gc.collect()
    gc.freeze()  # no collection of the command searches what is here
