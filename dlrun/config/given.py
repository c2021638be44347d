"""A config line by line, with what was asked for told apart from what is a default."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dlrun import catalog
from dlrun.absent import ABSENT
from dlrun.config.layers import DATA
from dlrun.config.schema import DatasetConfig, TrainingConfig
from dlrun.config.sections import DEFAULT_EXPORTS
from dlrun.config.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

    from dlrun.config.schema import Component, Experiment, LayerConfig

MOST_LINES: Final = 6
"""How many lines a single value, such as weights written down, may take."""


class Line(NamedTuple):
    """A line of a config.

    Attributes:
        text: With its indentation.
        given: Whether it says something else than the default.
    """

    text: str
    given: bool


def lines(experiment: Experiment) -> list[Line]:
    """Write a config as YAML and mark what is no default.

    Args:
        experiment: The resolved config; whether a default was also written down is not known.
    """
    return list(_mapping(experiment.as_dict(), _defaults(experiment), ""))


def flat(experiment: Experiment) -> dict[str, Any]:
    """Write a config as dotted paths and their values.

    Args:
        experiment: The resolved config.

    Returns:
        Such as `{"model.layers[0].units": 64}`; lists of plain values stay lists.
    """
    return dict(_flat(experiment.as_dict(), ""))


def given_paths(experiment: Experiment) -> frozenset[str]:
    """Find the dotted paths of `flat` whose values are no defaults.

    Args:
        experiment: The resolved config.
    """
    defaults = flat_defaults(experiment)
    return frozenset(
        path
        for path, value in flat(experiment).items()
        if defaults.get(path, ABSENT) is ABSENT or defaults[path] != value
    )


def flat_defaults(experiment: Experiment) -> dict[str, Any]:
    """Give the defaults of the keys of a config by dotted paths.

    Args:
        experiment: The resolved config; its types, names and inputs decide what the defaults are.
    """
    return dict(_flat(_defaults(experiment), ""))


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value):
            yield from _flat(item, f"{path}[{number}]")
    else:
        yield path, value


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
    dataset, training = experiment.dataset, experiment.training
    layers = experiment.model.layers
    above = [DATA, *(layer.name for layer in layers)]
    exports = [export.as_dict() for export in experiment.exports]
    usual = tuple(export["type"] for export in exports) == DEFAULT_EXPORTS
    return {
        "seed": 0,
        "dataset": {**_fields(DatasetConfig), **_arguments("datasets", dataset.type)},
        "model": {"layers": [_layer(layer, above[number]) for number, layer in enumerate(layers)]},
        "loss": _component("losses", experiment.loss),
        "optimizer": _component("optimizers", experiment.optimizer),
        "metrics": [_component("metrics", metric) for metric in experiment.metrics],
        "training": {
            **_fields(TrainingConfig),
            "callbacks": [_component("callbacks", one) for one in training.callbacks],
        },
        "exports": exports if usual else [{} for _ in exports],
    }


def _layer(layer: LayerConfig, above: str) -> dict[str, Any]:
    named = re.fullmatch(rf"{re.escape(catalog.snake_case(layer.type))}(_\d+)?", layer.name)
    return {
        **_arguments("layers", layer.type),
        "name": layer.name if named else ABSENT,
        "inputs": [above],
        "weights": None,
        "trainable": True,
    }


def _component(kind: str, component: Component | None) -> Any:
    if component is None:
        return ABSENT
    defaults = _arguments(kind, component.type)
    name = component.arguments.get("name")
    if isinstance(name, str) and name.startswith(catalog.snake_case(component.type)):
        defaults["name"] = name
    return defaults


def _arguments(kind: str, word: str) -> dict[str, Any]:
    """The defaults of a word's own arguments."""
    found = catalog.find(kind, word)
    return {
        parameter.name: list(default)
        if isinstance(default := parameter.default, tuple)
        else default
        for parameter in (found.parameters if found else ())
        if not parameter.required
    }


def _fields(section: type[BaseModel]) -> dict[str, Any]:
    """The defaults of the keys that dlrun itself understands."""
    return {
        name: field.default
        for name, field in section.model_fields.items()
        if not field.is_required()
    }
