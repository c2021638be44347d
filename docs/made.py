"""A Sphinx extension: puts what dlrun says of itself where a page asks for it.

A line `<!-- made: NAME -->` of a page becomes what the function `NAME` of `reference.py` writes,
`<!-- made: NAME WORD -->` what it writes of a word. Nothing of that is kept in files: the paragraph
that follows such a line tells whoever reads the file where to find it, and gives way to it.
"""

from __future__ import annotations

import re
from typing import Any

import reference

MADE = re.compile(r"^<!-- made: (\w+)(?: (\w+))? -->$(?:\n.+)*", re.MULTILINE)


def fill_in(text: str) -> str:
    """Replace every such line of a page."""

    def made(found: re.Match[str]) -> str:
        name, word = found.groups()
        write = getattr(reference, name)
        return write(word) if word else write()

    return MADE.sub(made, text)


def _read(_app: Any, _page: str, source: list[str]) -> None:
    source[0] = fill_in(source[0])


def setup(app: Any) -> dict[str, bool]:
    """Hear of every page that is read."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}
