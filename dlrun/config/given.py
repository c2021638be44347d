"""A config line by line, with what was asked for told apart from what is a default."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from dlrun import catalog
from dlrun.absent import ABSENT
from dlrun.config.components import DATA
from dlrun.config.nodes import Place
from dlrun.config.resolved import flattened
from dlrun.config.schema import (
    DEFAULT_EXPORTS,
    Component,
    Experiment,
    LayerConfig,
    kind_of,
    section_of,
)
from dlrun.config.sections import Section
from dlrun.config.yaml import to_yaml

MOST_LINES: Final = 6  # of a single value, such as weights written down


class Line(NamedTuple):
    """A line of a config."""

    text: str  # with its indentation
    given: bool  # it says something else than the default


def lines(experiment: Experiment) -> list[Line]:
    """Write a config as YAML and mark what is no default, whether it was written down or not."""
    return list(_mapping(experiment.as_dict(), _defaults(experiment), ""))


def flat(experiment: Experiment) -> dict[str, Any]:
    """Write a config as dotted paths and values, `{"model.layers[0].units": 64}`."""
    return dict(flattened(experiment.as_dict(), ""))


def given_paths(experiment: Experiment) -> frozenset[str]:
    """Find the dotted paths of `flat` whose values are no defaults."""
    defaults = flat_defaults(experiment)
    return frozenset(
        path
        for path, value in flat(experiment).items()
        if defaults.get(path, ABSENT) is ABSENT or defaults[path] != value
    )


def origins(experiment: Experiment, key: str) -> list[tuple[str, Any, Place | None]]:
    """Say of a key, and of all below it, what counts and where that was written.

    The place is None where it is a default. Empty where there is no such key.
    """
    return [
        (path, value, experiment.places.written(path))
        for path, value in flat(experiment).items()
        if path == key or path.startswith((f"{key}.", f"{key}["))
    ]


def flat_defaults(experiment: Experiment) -> dict[str, Any]:
    """Give the defaults of a config's keys by dotted paths; its types, names and inputs decide."""
    return dict(flattened(_defaults(experiment), ""))


def _mapping(value: Mapping[str, Any], defaults: Any, indent: str) -> Iterator[Line]:
    """The lines of a mapping; a line that opens a block is given where one of its lines is."""
    for key, item in value.items():
        default = defaults.get(key, ABSENT) if isinstance(defaults, dict) else ABSENT
        inner: list[Line] = []
        if isinstance(item, dict) and item:
            inner = list(_mapping(item, default, indent + "  "))
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            for number, entry in enumerate(item):
                found = default[number] if isinstance(default, list) else ABSENT
                first, *rest = _mapping(entry, found, indent + "  ")
                inner += [Line(f"{indent}- {first.text[len(indent) + 2 :]}", first.given), *rest]
        if inner:
            yield Line(f"{indent}{key}:", any(line.given for line in inner))
            yield from inner
        else:
            yield from _plain(key, item, indent, given=default is ABSENT or item != default)


def _plain(key: str, value: Any, indent: str, *, given: bool) -> Iterator[Line]:
    texts = to_yaml({key: value}).splitlines()
    if len(texts) > MOST_LINES:
        texts = [*texts[:MOST_LINES], "  …"]
    yield from (Line(indent + text, given) for text in texts)


def _defaults(experiment: Experiment) -> dict[str, Any]:
    """What the config would hold, in its own form, if only what has to be given were given."""
    layers = experiment.model.layers
    above = [DATA, *(layer.name for layer in layers)]
    defaults = _of_section(experiment)
    defaults["model"] |= {"layers": [_layer(*pair) for pair in zip(layers, above, strict=False)]}
    exports = [export.as_dict() for export in experiment.exports]
    usual = tuple(export["type"] for export in exports) == DEFAULT_EXPORTS
    defaults["exports"] = exports if usual else [{} for _ in exports]
    return defaults


def _of_section(section: Section) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    for name in section.own_keys():
        value, field = getattr(section, name), type(section).model_fields[name]
        kind = kind_of(field)
        if section_of(field):
            defaults[name] = _of_section(value)
        elif kind and isinstance(value, tuple):
            defaults[name] = [_component(kind, one) for one in value]
        elif kind:
            defaults[name] = _component(kind, value)
        elif not field.is_required():
            defaults[name] = field.made_default()
    return defaults


def _layer(layer: LayerConfig, above: str) -> dict[str, Any]:
    named = re.fullmatch(rf"{re.escape(catalog.snake_case(layer.type))}(_\d+)?", layer.name)
    name = layer.name if named else ABSENT
    return {**_component("layers", layer), "name": name, "inputs": [above]}


def _arguments(word: catalog.Word | None) -> dict[str, Any]:
    """The defaults of a word's own arguments."""
    parameters = word.parameters if word else ()
    return {one.name: one.written_default for one in parameters if not one.required}


def _component(kind: str, component: Component | LayerConfig | None) -> Any:
    """The defaults of a section that holds a word, and of the word's own arguments."""
    if component is None:
        return ABSENT
    word = catalog.find(kind, component.type)
    defaults = _of_section(component)
    defaults |= _arguments(word)
    for argument, options in component.arguments.items():
        inner = word.nests(argument) if word else None
        if inner and catalog.KINDS[inner].by_name and isinstance(options, dict):
            defaults[argument] = {
                key: _arguments(catalog.find(inner, one["type"])) for key, one in options.items()
            }
    name = component.arguments.get("name")
    if isinstance(name, str) and name.startswith(catalog.snake_case(component.type)):
        defaults["name"] = name
    return defaults
