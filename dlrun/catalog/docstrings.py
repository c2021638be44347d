"""Docstrings taken apart: their first sentences and what they say about each argument."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache

SECTION = re.compile(r"^(?:Args?|Arguments|Parameters):\s*$", re.MULTILINE)
PLACEHOLDER = re.compile(r"\{\{\w+\}\}")
ARGUMENT = re.compile(r"^( *)\**`?(\w+(?:`?, *`?\w+)*)`?(?: \([^)]*\))?: *(.*)$")


def docstring_of(node: ast.ClassDef | ast.FunctionDef | None) -> str:
    """The docstring of a definition, without its indentation; empty where there is none."""
    return (ast.get_docstring(node) if node is not None else None) or ""


def summary(docstring: str) -> str:
    """The first paragraph as one line."""
    first, _, _ = inspect.cleandoc(docstring).partition("\n\n")
    return " ".join(first.split())


@cache
def argument_docs(docstring: str) -> dict[str, str]:
    """What the section `Args` says, one line per argument."""
    section = SECTION.search(docstring)
    if section is None:
        return {}
    lines = docstring[section.end() :].strip("\n").splitlines()
    margin = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    texts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line.strip() and indent < margin:
            break
        entry = ARGUMENT.match(line) if indent == margin else None
        if entry:
            current = [entry[3]]
            texts.update(dict.fromkeys(re.findall(r"\w+", entry[2]), current))
        else:
            current.append(line)
    joined = {name: PLACEHOLDER.sub("", " ".join(text)) for name, text in texts.items()}
    return {name: " ".join(text.split()) for name, text in joined.items()}
