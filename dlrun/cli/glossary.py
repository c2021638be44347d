"""The pages of `dlrun list`: terms and what is said about them, wrapped to the screen."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dlrun import catalog
from dlrun.catalog import NOT_LITERAL
from dlrun.cli.terminal.output import Screen, printable
from dlrun.cli.terminal.tables import GAP, Cell, paint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dlrun.catalog import Parameter, Word

MEANINGS: Final = {
    "datasets": "Where the rows come from.",
    "layers": "What a model is made of.",
    "losses": "What training makes small.",
    "metrics": "What is measured besides the loss.",
    "optimizers": "How the weights are changed.",
    "schedules": "How the learning rate changes with the steps.",
    "callbacks": "What is done between the epochs.",
    "initializers": "What weights start from.",
    "regularizers": "What is added to the loss to keep weights small.",
    "constraints": "What weights are held to after every step.",
    "activations": "What is applied to the values that leave a layer.",
    "exporters": "What a finished run leaves behind.",
}
"""What the words of each kind are for."""
ONE: Final = {kind: kind.removesuffix("s") for kind in catalog.KINDS} | {"losses": "loss"}
"""What one word of a kind is called."""
PLACES: Final = {
    "datasets": "dataset: {}",
    "layers": "model: {{layers: [{}, ...]}}",
    "losses": "loss: {}",
    "metrics": "metrics: [{}]",
    "optimizers": "optimizer: {}",
    "schedules": "learning_rate: {}",
    "callbacks": "training: {{callbacks: [{}]}}",
    "initializers": "kernel_initializer: {}",
    "regularizers": "kernel_regularizer: {}",
    "constraints": "kernel_constraint: {}",
    "activations": "activation: {}",
    "exporters": "exports: [{}]",
}
"""Where a word of each kind stands in a config."""
SHARED: Final = {"datasets": "DatasetConfig", "layers": "LayerConfig"}
"""The kinds whose words all take some more arguments, and the class that says which."""
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
        (Cell(f"{kind:<12} {len(catalog.words(kind)):>4}", "bold"), MEANINGS[kind])
        for kind in catalog.KINDS
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
        (f"Every {ONE[word.kind]} also takes", shared_arguments(word.kind)),
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
    if kind not in SHARED:
        return ()
    return tuple(
        replace(one, required=False, default=None) if one.required else one
        for one in catalog.fields("dlrun.config.schema", SHARED[kind])
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
    return PLACES[word.kind].format(word.name if is_bare else f"{{type: {word.name}{given}}}")


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
    article = "an" if word.kind[0] in "aeio" else "a"
    return f"{article} {ONE[word.kind]} of {'Keras' if word.origin == 'keras' else 'dlrun'}"


def _argument(parameter: Parameter, width: int, *, color: bool) -> str:
    """An argument with its default, and below it what it does."""
    if parameter.required:
        default = "required"
    elif parameter.default is NOT_LITERAL:
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
