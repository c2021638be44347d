"""Works in a process that is somebody else's: with dlrun's settings, which go when it is done."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import numpy as np

from dlrun.errors import UsageError

_PINNED: Final = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}
"""Settings of Keras that decide bits."""
_SESSION: Final = ("GLOBAL_STATE_TRACKER", "GLOBAL_SETTINGS_TRACKER")
_SEEDS: Final = {"_seed": None, "_rng": None}
"""What TensorFlow's context holds of its seed, and how it begins."""


@contextmanager
def as_guest() -> Iterator[None]:
    """Compute as in a process of dlrun's own, and leave the settings of this one as they were.

    Those are the states of Python's, NumPy's and TensorFlow's random generators, and of Keras the
    names and seeds that it has given, dtype policy, floatx, epsilon and image format. Threads,
    devices and determinism belong to the process, for they are settled by its first operation: a
    run that asks for others is refused. Nothing is imported here.

    Raises:
        UsageError: Keras computes with another backend than TensorFlow in this process.
    """
    with ExitStack() as stack:
        stack.callback(random.setstate, random.getstate())
        stack.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002
        keras = sys.modules.get("keras")
        if keras is not None:
            _be_ours(keras, stack)
        stack.enter_context(_seed_kept())
        stack.enter_context(_session_kept())
        yield


def _be_ours(keras: Any, stack: ExitStack) -> None:
    """Set what decides bits, and set it back in the end."""
    backend = keras.config.backend()
    if backend != "tensorflow":
        raise UsageError(
            f"Keras computes with {backend} in this process, and dlrun with TensorFlow.",
            where="KERAS_BACKEND",
            fix="Import dlrun's runs in a process of their own, or set KERAS_BACKEND=tensorflow.",
        )
    for name, value in _PINNED.items():
        put: Callable[[Any], None] = getattr(keras.config, f"set_{name}")
        stack.callback(put, getattr(keras.config, name)())
        put(value)
    # Without those of a session: the policy is one of its attributes.
    tf = sys.modules["tensorflow"]
    stack.callback(tf.config.run_functions_eagerly, tf.config.functions_run_eagerly())
    tf.config.run_functions_eagerly(False)


@contextmanager
def _seed_kept() -> Iterator[None]:
    """Give TensorFlow's own seed back; its public functions set it, and tell nothing of it."""
    before = dict(_SEEDS)
    if "tensorflow" in sys.modules:
        before = {name: getattr(_context(), name, None) for name in _SEEDS}
    try:
        yield
    finally:
        if "tensorflow" in sys.modules:
            for name, value in before.items():
                setattr(_context(), name, value)


def _context() -> Any:
    return sys.modules["tensorflow.python.eager.context"].context()


@contextmanager
def _session_kept() -> Iterator[None]:
    """Give Keras's session back: its policy, the names that it has given, the seeds it draws."""
    place = "keras.src.backend.common.global_state"
    before = {name: getattr(sys.modules.get(place), name, None) for name in _SESSION}
    try:
        yield
    finally:
        if place in sys.modules:
            for name, value in before.items():
                setattr(sys.modules[place], name, value or threading.local())
