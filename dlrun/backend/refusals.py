"""What Keras and TensorFlow say when they refuse or stop, in a user's words."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from dlrun.backend import tf
from dlrun.errors import ConfigError, DlrunError, Problem

_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def said_by(error: Exception) -> str:
    """An error's text without colors and the dump of arguments; its class's name without one."""
    text = _COLOR.sub("", str(error)).split("\n\nArguments received")[0].strip()
    return text or type(error).__name__


@contextlib.contextmanager
def worded(doing: str, *, jit_compile: bool = False) -> Iterator[None]:
    """Word the errors of what is run within: "Keras cannot `doing`: why".

    Raises:
        ConfigError: Keras refused it.
        DlrunError: TensorFlow stopped.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        raise ConfigError(Problem("", f"Keras cannot {doing}: {_reason(error)}")) from error
    except tf.errors.OpError as error:
        fix = None
        if isinstance(error, tf.errors.ResourceExhaustedError):
            fix = "The memory is full: try a smaller training.batch_size."
        elif jit_compile:
            fix = "Does it train with 'training.jit_compile: false'?"
        # The reason stands last, before the names of graph nodes.
        reason = error.message.split("\n\t [[")[0].strip().splitlines()[-1]
        raise DlrunError(f"TensorFlow stopped: {reason}", fix=fix) from error


def _reason(error: Exception) -> str:
    """Return the line that says why, not the one that says in which layer's call."""
    lines = said_by(error).splitlines()
    return lines[-1] if lines[0].startswith("Exception encountered when calling") else lines[0]
