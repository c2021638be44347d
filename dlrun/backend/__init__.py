"""The one place where TensorFlow and Keras are first imported, and what is set before that."""

import contextlib
import gc
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

# Keras imports these if it finds them, for wrappers that dlrun never uses: over a second of
# start-up. A None in `sys.modules` is Python's documented way to make an import fail at once.
UNWANTED = ("sklearn", "matplotlib", "pandas", "IPython", "PIL")

# KERAS_BACKEND could otherwise switch the arithmetic of a run silently.
PINNED = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}

# The thread that asks oneDNN for an operation computes a share of it, and does not wait while
# others compute all. The shares, and so the bits, are the same (see TensorFlow's
# `onednn_threadpool.h`); the epochs of a very small model take a tenth less time.
_CALLER_COMPUTES = "TF_ONEDNN_THREADPOOL_USE_CALLER_THREAD"


@contextlib.contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    """Make the import of the named packages fail, as if they were not installed."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextlib.contextmanager
def quiet_native_log() -> Iterator[None]:
    """Keep what C++ writes to stderr out of the terminal, unless an error makes it telling.

    TensorFlow logs before its own log level is read, so no environment variable silences it
    (tensorflow/tensorflow#100442).
    """
    with tempfile.TemporaryFile() as log:
        stderr = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            yield
        except Exception:
            log.seek(0)
            os.write(stderr, log.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def _import() -> tuple[Any, Any]:
    """Import TensorFlow and Keras, quietly and without what Keras would drag in."""
    os.environ.update(PINNED)
    if _CALLER_COMPUTES not in os.environ:
        # TensorFlow reads it in C, and `os.environ` stays the user's.
        os.putenv(_CALLER_COMPUTES, "1")
    quiet = warnings.catch_warnings(action="ignore")
    gc.disable()  # to search what is imported takes 0.4 s
    try:
        with _without(UNWANTED), quiet_native_log(), quiet:
            import tensorflow  # noqa: ICN001, PLC0415
            import keras  # noqa: PLC0415  # isort: skip

            for gpu in tensorflow.config.list_physical_devices("GPU"):
                tensorflow.config.experimental.set_memory_growth(gpu, enable=True)
    finally:
        gc.freeze()  # it stays: no later collection searches it, and a forked child shares it
        gc.enable()
    return tensorflow, keras


tf, keras = _import()

# Its warnings speak to programmers: of retracing, of functions built in a loop.
tf.get_logger().setLevel("ERROR")

# `~/.keras/keras.json` may say otherwise; a run must not depend on it.
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")
keras.config.set_dtype_policy("float32")

__all__ = ["keras", "quiet_native_log", "tf"]
