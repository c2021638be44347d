"""Turns a word of a config and its arguments into an object of Keras or of one of our shelves."""

from __future__ import annotations

import contextlib
import importlib
import re
from typing import TYPE_CHECKING, Any

from dlrun import catalog
from dlrun.backend import keras, tf
from dlrun.errors import ConfigError, DlrunError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COLOR = re.compile(r"\x1b\[[0-9;]*m")


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


def said_by(error: Exception) -> str:
    """An error's text without colors and the dump of arguments; its class's name without one."""
    text = _COLOR.sub("", str(error)).split("\n\nArguments received")[0].strip()
    return text or type(error).__name__


@contextlib.contextmanager
def worded(doing: str, *, jit_compile: bool = False) -> Iterator[None]:
    """Word the errors of what is run within: "Keras cannot `doing`: why".

    Raises:
        ConfigError: Keras refused it.
        DlrunError: TensorFlow stopped.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        raise ConfigError(Problem("", f"Keras cannot {doing}: {_reason(error)}")) from error
    except tf.errors.OpError as error:
        fix = None
        if isinstance(error, tf.errors.ResourceExhaustedError):
            fix = "The memory is full: try a smaller training.batch_size."
        elif jit_compile:
            fix = "Does it train with 'training.jit_compile: false'?"
        # The reason stands last, before the names of graph nodes.
        reason = error.message.split("\n\t [[")[0].strip().splitlines()[-1]
        raise DlrunError(f"TensorFlow stopped: {reason}", fix=fix) from error


def _reason(error: Exception) -> str:
    """Return the line that says why, not the one that says in which layer's call."""
    lines = said_by(error).splitlines()
    return lines[-1] if lines[0].startswith("Exception encountered when calling") else lines[0]


def _nested(value: Any, kind: str | None, *, path: str) -> Any:
    """Build the components inside an argument whose name says of which kind they are."""
    if kind is None:
        return value
    if isinstance(value, dict) and "type" in value:
        return create(kind, value, path=path)
    if isinstance(value, list | tuple):
        return [_nested(item, kind, path=f"{path}[{i}]") for i, item in enumerate(value)]
    return value
