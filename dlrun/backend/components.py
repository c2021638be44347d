"""Turns a word of a config and its arguments into an object of Keras or of one of our shelves."""

from __future__ import annotations

import contextlib
import importlib
import re
import time as clock
import zipfile
from collections.abc import Iterator
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


_YEARS = (1980, 2107)  # the first and the last that a zip file can hold


class _Clock:
    """What `zipfile` asks for the time: the local one, or the nearest that a zip file can hold."""

    time = staticmethod(clock.time)

    @staticmethod
    def localtime(seconds: float | None = None) -> clock.struct_time:
        told, (first, last) = clock.localtime(seconds), _YEARS
        if told.tm_year < first:
            return clock.struct_time((first, 1, 1, 0, 0, 0, 0, 1, 0))
        if told.tm_year > last:
            return clock.struct_time((last, 12, 31, 23, 59, 58, 5, 365, 0))
        return told


@contextlib.contextmanager
def zip_dates() -> Iterator[None]:
    """Let what the block writes as a zip file be written whatever the clock says.

    A board without a battery begins in 1970. `ZipFile.write` and `writestr`, which Keras calls for
    `.keras` files, take no time of their own and raise `ValueError`.
    """
    before = vars(zipfile)["time"]
    vars(zipfile)["time"] = _Clock
    try:
        yield
    finally:
        vars(zipfile)["time"] = before
