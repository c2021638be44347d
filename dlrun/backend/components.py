"""Turns a word of a config and its arguments into an object of Keras or of one of our shelves."""

import importlib
from collections.abc import Mapping
from typing import Any

from dlrun import catalog
from dlrun.backend import keras
from dlrun.errors import ConfigError, Problem


def create(kind: str, component: Mapping[str, Any], *, path: str) -> Any:
    """Build what a component of a config, `{"type": word, **arguments}`, names.

    An argument may itself be a component. The kind is one of the catalog's, such as `layers`.
    """
    word = component["type"]
    found = catalog.find(kind, word)
    if found is None:
        raise ConfigError(Problem(path, f"{word!r} is not among the {kind} of this Keras."))
    arguments = {
        name: _nested(value, catalog.nested_kind(name), path=f"{path}.{name}")
        for name, value in component.items()
        if name != "type"
    }
    if found.origin == "keras":
        home = keras.optimizers.schedules if kind == "schedules" else getattr(keras, kind)
    else:
        home = importlib.import_module(found.module)
    class_ = getattr(home, found.name)
    try:
        return class_(**arguments)
    except (ValueError, TypeError, AttributeError, NotImplementedError, ImportError) as error:
        raise ConfigError(Problem(path, f"({found.name}) {error}")) from error


def _nested(value: Any, kind: str | None, *, path: str) -> Any:
    """Build the components inside an argument whose name says of which kind they are."""
    if kind is None:
        return value
    if isinstance(value, dict) and "type" in value:
        return create(kind, value, path=path)
    if isinstance(value, list | tuple):
        return [_nested(item, kind, path=f"{path}[{i}]") for i, item in enumerate(value)]
    return value
