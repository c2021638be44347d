"""What Keras says when it refuses something, without its decoration."""

from __future__ import annotations

import re

_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def said_by(error: Exception) -> str:
    """Return an error's text without colors and without the dump of arguments that follows it.

    Args:
        error: What Keras raised.

    Returns:
        The text, of one or more lines; the name of the error where it has none.
    """
    text = _COLOR.sub("", str(error)).split("\n\nArguments received")[0].strip()
    return text or type(error).__name__
