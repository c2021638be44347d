"""The pages of `dlrun list`: terms and what is said about them, wrapped to the screen."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dlrun import catalog
from dlrun.absent import ABSENT
from dlrun.cli.columns import GAP, Cell, paint
from dlrun.wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dlrun.catalog import Parameter, Word
    from dlrun.cli.output import Screen

PLAIN: Final = re.compile(r"[A-Za-z_][\w.-]*")
NOT_PLAIN: Final = {"true", "false", "null"}
PAGE: Final = 100
"""The widest line of prose."""
NARROWEST: Final = 32
"""Where fewer columns are left beside the terms, what is said stands below them."""
INDENT: Final = "    "


def kinds_page(*, screen: Screen) -> str:
    """All kinds with the number of their words."""
    terms = [
        (Cell(f"{name:<12} {len(catalog.words(name)):>4}", "bold"), kind.meaning)
        for name, kind in catalog.KINDS.items()
    ]
    return "\n".join(_entries(terms, screen))


def kind_page(kind: str, *, screen: Screen) -> str:
    """All words of a kind, each with its first sentence and its other spellings.

    Args:
        kind: One of `catalog.KINDS`.
        screen: What stdout can show.
    """
    aliases = catalog.aliases(kind)
    families: dict[str | None, list[tuple[Cell, str]]] = {}
    for name in catalog.words(kind):
        also = f" Also: {', '.join(aliases[name])}." if name in aliases else ""
        entry = (Cell(name, "bold"), catalog.gist(kind, name) + also)
        families.setdefault(catalog.family(kind, name), []).append(entry)
    blocks = []
    for family, entries in families.items():
        heading = [paint(f"# {family}", "cyan", color=screen.color)] if family else []
        blocks.append("\n".join([*heading, *_entries(entries, screen)]))
    return "\n\n".join(blocks)


def word_page(word: Word, *, screen: Screen) -> str:
    """What a word is, how it is written, and what it takes.

    Args:
        word: A word of the catalog.
        screen: What stdout can show.
    """
    width = min(screen.width, PAGE)
    also = catalog.aliases(word.kind).get(word.name)
    title = _wrap(f"{word.name}, {_origin(word)}", width)
    if also:
        title += f"\n{_wrap('Also: ' + ', '.join(also), width)}"
    blocks = [
        _emphasized(title, word.name, color=screen.color),
        *(_wrap(paragraph, width) for paragraph in catalog.prose(word.kind, word.name)),
        _wrap(example(word), width, INDENT, INDENT * 2),
    ]
    for heading, parameters in (
        ("Arguments", arguments_of(word)),
        (f"Every {catalog.KINDS[word.kind].one} also takes", shared_arguments(word.kind)),
    ):
        if parameters:
            told = [_argument(parameter, width, color=screen.color) for parameter in parameters]
            blocks.append("\n".join([paint(heading, "cyan", color=screen.color), *told]))
    return "\n\n".join(blocks)


def arguments_of(word: Word) -> tuple[Parameter, ...]:
    """The arguments of a word that a config may give it.

    Args:
        word: A word of the catalog.
    """
    if word.kind == "activations":
        return ()
    shared = {parameter.name for parameter in shared_arguments(word.kind)}
    return tuple(one for one in word.parameters if one.name not in shared)


def shared_arguments(kind: str) -> tuple[Parameter, ...]:
    """What dlrun itself understands beside every word of a kind.

    Args:
        kind: One of `catalog.KINDS`.
    """
    section = catalog.KINDS[kind].section
    if not section:
        return ()
    return tuple(
        replace(one, required=False, default=None) if one.required else one
        for one in catalog.fields("dlrun.config.schema", section)
        if one.name not in ("type", "arguments")
    )


def example(word: Word) -> str:
    """How a word is written in a config.

    Args:
        word: A word of the catalog.

    Returns:
        Such as `optimizer: Adam` or `dataset: {type: csv, path: ...}`.
    """
    required = [one.name for one in arguments_of(word) if one.required]
    given = "".join(f", {name}: ..." for name in required)
    is_bare = not given and word.kind != "layers"
    return catalog.KINDS[word.kind].place.format(
        word.name if is_bare else f"{{type: {word.name}{given}}}"
    )


def yaml_value(value: Any) -> str:
    """A default as it would stand in a config.

    Args:
        value: A literal of Python.

    Returns:
        Such as `null`, `[1, 1]`, `valid` or `","`.
    """
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in NOT_PLAIN:
        return value
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(yaml_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _origin(word: Word) -> str:
    return f"{catalog.KINDS[word.kind].a_one} of {'Keras' if word.origin == 'keras' else 'dlrun'}"


def _argument(parameter: Parameter, width: int, *, color: bool) -> str:
    """An argument with its default, and below it what it does."""
    if parameter.required:
        default = "required"
    elif parameter.default is ABSENT:
        default = "has a default"
    else:
        default = f"default {yaml_value(parameter.default)}"
    head = _wrap(f"{parameter.name}  ({default})", width, INDENT, INDENT * 2)
    doc = catalog.without_links(parameter.doc or "")
    told = [_wrap(doc, width, INDENT * 2)] if doc else []
    return "\n".join([_emphasized(head, parameter.name, color=color), *told])


def _emphasized(text: str, name: str, *, color: bool) -> str:
    """A text with the name that it begins with in bold."""
    return text.replace(name, paint(name, "bold", color=color), 1)


def _entries(pairs: Sequence[tuple[Cell, str]], screen: Screen) -> Iterable[str]:
    """Terms with what is said about them: beside them, or below where the screen is narrow."""
    margin = max(len(term.text) for term, _ in pairs) + len(GAP)
    is_narrow = screen.width - margin < NARROWEST
    for term, text in pairs:
        shown = paint(term.text, term.style, color=screen.color)
        if is_narrow:
            yield f"{shown}\n{_wrap(text, screen.width, INDENT)}"
        else:
            lines = _wrap(text, screen.width, " " * margin)
            yield shown + " " * (margin - len(term.text)) + lines[margin:]


def _wrap(text: str, width: int, first: str = "", rest: str | None = None) -> str:
    lines = textwrap.wrap(
        printable(text),
        width=max(width, len(first) + 1),
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)
