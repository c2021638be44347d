"""The values of a config by dotted paths: `{"model.layers[0].units": 64}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.absent import ABSENT
from dlrun.config.nodes import below, steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def flat(text: str) -> dict[str, Any]:
    """Read a config as dotted paths and their values; whether it is valid does not matter.

    Lists of plain values stay lists.

    Raises:
        ConfigError: It is not YAML.
    """
    # Most configs are read from the records of runs: without PyYAML, whose import takes long.
    from dlrun.config.nodes import Problems  # noqa: PLC0415
    from dlrun.config.yaml import parse  # noqa: PLC0415

    return dict(flattened(parse(text, "config.yaml", Problems()).plain(), ""))


def flattened(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Write a nested value as dotted paths and plain values, below the path of the value itself."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from flattened(item, below(path, str(key)))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value):
            yield from flattened(item, below(path, number))
    else:
        yield path, value


def value_at(values: Mapping[str, Any], path: str) -> Any:
    """Look up what a flat config says at a dotted path, such as `model.layers[-1].units`.

    Returns a scalar or a list of scalars; of a component, such as `optimizer`, its type; ABSENT for
    keys that are not there, and for sections.
    """
    found = values.get(path, ABSENT)
    if found is ABSENT:
        found = values.get(f"{path}.type", ABSENT)
    if found is ABSENT:
        found = _walked(values, path)
    if isinstance(found, list):
        return [_reduced(item) for item in found]
    return _reduced(found)


def _walked(values: Mapping[str, Any], path: str) -> Any:
    """The long way: build the part of the config that the path begins with, and go down."""
    way = list(steps(path)) or [path]
    inside: dict[str, Any] = {}
    for key, value in values.items():
        parts = list(steps(key))
        if parts and parts[0] == way[0]:
            _put(inside, parts, value)
    found: Any = inside
    for step in way:
        if isinstance(found, dict):
            found = found.get(step, ABSENT)
        elif isinstance(found, list) and isinstance(step, int):
            found = found[step] if step in range(-len(found), len(found)) else ABSENT
        else:
            return ABSENT
        if isinstance(found, dict) and found and all(isinstance(key, int) for key in found):
            found = [found[number] for number in sorted(found)]
    return found


def _put(inside: dict[Any, Any], way: list[str | int], value: Any) -> None:
    """Put a value where its path leads; the items of a list stand under their numbers."""
    *above, last = way
    for step in above:
        child = inside.setdefault(step, {})
        if not isinstance(child, dict):
            return  # a record that contradicts itself
        inside = child
    inside[last] = value


def _reduced(value: Any) -> Any:
    """Components by their types, sections as nothing."""
    return value.get("type", ABSENT) if isinstance(value, dict) else value
