"""The model as a table of text: what `model.txt` holds."""

from __future__ import annotations

from typing import Any


def summary_text(model: Any) -> str:
    """Return Keras's summary of the model: layers, output shapes, parameters, connections.

    Args:
        model: A built model.
    """
    lines: list[str] = []
    model.summary(line_length=100, print_fn=lines.append)
    return "\n".join(line.rstrip() for line in "\n".join(lines).splitlines()) + "\n"
