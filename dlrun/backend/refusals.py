"""What Keras says when it refuses something, without its decoration."""

import re

_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def said_by(error: Exception) -> str:
    """Return an error's text without colors and without the dump of arguments that follows it.

    Where there is no text, the name of the error stands for it.
    """
    text = _COLOR.sub("", str(error)).split("\n\nArguments received")[0].strip()
    return text or type(error).__name__
