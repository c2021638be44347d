"""The pages and the blocks of code in them.

In a page, `yaml` is a config or a sweep in full, saved under the name that its first line says
(`# iris_rates.yaml`) or, without one, trained for an epoch; `bash` is run, from top to bottom, in
one shell and an otherwise empty folder in which `configs/` is found; `pycon` is a session of
Python. What is in `sh`, `shell`, `console` and `text` is shown; tests of their own hold some of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.conftest import ROOT

_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"# (\w+\.yaml)\n")


@dataclass(frozen=True)
class Block:
    """One block of code."""

    page: str
    line: int
    language: str
    text: str  # without the indentation of a list

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str | None:
        """The name under which commands find it; None where there is none."""
        found = _NAME.match(self.text)
        return found[1] if found else None

    @property
    def is_config(self) -> bool:
        """Whether it is a config, and no sweep."""
        return self.language == "yaml" and not re.search(r"^base: ", self.text, re.MULTILINE)


def text_of(page):
    """A page, by its path below the root."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page, *languages):
    """The blocks of a page in some languages, in their order."""
    text = text_of(page)
    return [
        Block(
            page,
            text.count("\n", 0, found.start()) + 1,
            found[2],
            re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE),
        )
        for found in _BLOCK.finditer(text)
        if found[2] in languages
    ]


PAGES = [
    "README.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
]
