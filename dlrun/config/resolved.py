"""Reads single values of a run's `config.yaml`, which dlrun has written, without reading the rest.

A list of a thousand runs has a fraction of a millisecond for each. In what `to_yaml` writes, each
key stands on a line of its own, indented by its depth; so a value is found by its lines. Whatever
does not look like that is parsed as a whole.
"""

from __future__ import annotations

import re
import textwrap
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from dlrun.absent import ABSENT
from dlrun.config import scalars
from dlrun.config.places import below, steps
from dlrun.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.+][\w.+-]*|-[0-9.][\w.+-]*|\[\]")
"""A value on its line that means what it says."""
_CANONICAL: Final = re.compile(r"(?![{\[%#&!-])[^\n\t]+:(?: |\n)")
_TYPE: Final = re.compile(r" *type: (\w+)\n")


def value_at(text: str, path: str) -> Any:
    """Read what a config says at a dotted path.

    Args:
        text: The text of a resolved config.
        path: Such as `optimizer.learning_rate` or `model.layers[0].units`.

    Returns:
        A scalar or a list of scalars; of a component, such as `optimizer`, its type; ABSENT for
        keys that are not there, and for sections.
    """
    if _CANONICAL.match(text) is None:
        return _walked(text, path)
    inline, block, indent = "", text, 0
    for step in steps(path):
        if inline:  # a value on one line, such as [0, 1]
            return _below(_parsed(inline + "\n" + block), path, step)
        found = _of_key(block, step, indent) if isinstance(step, str) else _item(block, step)
        if found is None:
            return ABSENT
        inline, block, indent = found
    if not block and (value := plain_value(inline)) is not ABSENT:
        return value
    first = _TYPE.match(block) if not inline else None
    return first[1] if first else _reduced(_parsed(inline + "\n" + block if inline else block))


def flat(text: str) -> dict[str, Any]:
    """Read a config as dotted paths and their values; whether it is valid does not matter.

    Args:
        text: The text of a config.

    Returns:
        Such as `{"model.layers[0].units": 64}`; lists of plain values stay lists.

    Raises:
        ConfigError: It is not YAML.
    """
    return dict(flattened(_parse(text), ""))


def plain_value(text: str) -> Any:
    """Read a value that stands on the line of its key.

    Args:
        text: What stands behind the colon.

    Returns:
        A scalar or an empty list; ABSENT where the text needs a parser.
    """
    if _PLAIN.fullmatch(text) is None:
        return ABSENT
    return [] if text == "[]" else _resolved(text)


def flattened(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Write a nested value as dotted paths and plain values.

    Args:
        value: Dicts, lists and scalars.
        path: The path of the value itself.
    """
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from flattened(item, below(path, str(key)))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value):
            yield from flattened(item, below(path, number))
    else:
        yield path, value


def _of_key(block: str, key: str, indent: int) -> tuple[str, str, int] | None:
    """What stands on the line of a key and on the lines below it, and how deep its keys are."""
    opening, closing = _patterns(key, indent)
    found = opening.search(block)
    if found is None:
        return None
    end = closing.search(block, found.end())
    rest = block[found.end() : end.start() if end else len(block)]
    return found[1] or "", rest, indent + 2


@lru_cache(maxsize=256)
def _patterns(key: str, indent: int) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """How the line of a key begins, and the first line that is no longer its value's."""
    opening = re.compile(rf"^ {{{indent}}}{re.escape(key)}:(?: (.*))?\n", re.MULTILINE)
    outside = rf"^ {{0,{indent}}}[^\s-]" + (rf"|^ {{0,{indent - 1}}}-" if indent else "")
    return opening, re.compile(outside, re.MULTILINE)


def _item(block: str, number: int) -> tuple[str, str, int] | None:
    """An item of a list of mappings, as the lines of its mapping."""
    depth = len(block) - len(block.lstrip(" "))
    starts = [one.start() for one in re.finditer(rf"^ {{{depth}}}- ", block, re.MULTILINE)]
    if number not in range(-len(starts), len(starts)):
        return None
    ends = [*starts[1:], len(block)]
    lines = block[starts[number] : ends[number]]
    return "", " " * (depth + 2) + lines[depth + 2 :], depth + 2


def _resolved(plain: str) -> Any:
    try:
        return scalars.resolve(plain)
    except ValueError:
        return plain


def _parse(text: str) -> Any:
    # Most values are read without PyYAML, whose import takes longer than all of them.
    from dlrun.config.findings import Problems  # noqa: PLC0415
    from dlrun.config.yaml_nodes import parse  # noqa: PLC0415

    return parse(text, "config.yaml", Problems()).plain()


def _parsed(text: str) -> Any:
    try:
        return _parse(textwrap.dedent(text))
    except ConfigError:
        return ABSENT


def _walked(text: str, path: str) -> Any:
    """The long way: parse everything."""
    value = _parsed(text)
    for step in steps(path):
        value = _child(value, step)
    return _reduced(value)


def _below(value: Any, path: str, step: str | int) -> Any:
    """What the last step leads to, in a value on one line."""
    is_last = list(steps(path))[-1] == step
    return _reduced(_child(value, step)) if is_last else ABSENT


def _child(value: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return value.get(step, ABSENT) if isinstance(value, dict) else ABSENT
    inside = isinstance(value, list) and step in range(-len(value), len(value))
    return value[step] if inside else ABSENT


def _reduced(value: Any) -> Any:
    """Components by their types, sections as nothing."""
    if isinstance(value, dict):
        return _type_of(value)
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [_type_of(item) if isinstance(item, dict) else item for item in value]
    return value


def _type_of(component: Mapping[str, Any]) -> Any:
    return component.get("type", ABSENT)
