"""What Keras and TensorFlow say when they cannot do something, in a user's words."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from dlrun.backend import tf
from dlrun.errors import ConfigError, DlrunError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def said_by(error: Exception) -> str:
    """Return the lines of an error of Keras without colors and dump of arguments, or its name."""
    text = _COLOR.sub("", str(error)).split("\n\nArguments received")[0].strip()
    return text or type(error).__name__


@contextlib.contextmanager
def worded(doing: str, *, jit_compile: bool = False) -> Iterator[None]:
    """Word the errors of what is run within: `doing` as in "Keras cannot train this"."""
    try:
        yield
    except (ValueError, TypeError) as error:
        # Keras may begin with in which layer's call it was: why stands in the last line then.
        lines = said_by(error).splitlines()
        is_call = lines[0].startswith("Exception encountered when calling")
        what = f"Keras cannot {doing}: {lines[-1 if is_call else 0]}"
        raise ConfigError(Problem("", what)) from error
    except tf.errors.OpError as error:
        fix = None
        if isinstance(error, tf.errors.ResourceExhaustedError):
            fix = "The memory is full: try a smaller training.batch_size."
        elif jit_compile:
            fix = "Does it train with 'training.jit_compile: false'?"
        # The reason stands last, before the names of graph nodes.
        reason = error.message.split("\n\t [[")[0].strip().splitlines()[-1]
        raise DlrunError(f"TensorFlow stopped: {reason}", fix=fix) from error
