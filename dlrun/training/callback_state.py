"""What a callback remembers from epoch to epoch, as plain data: counters, best weights, files."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.backend import keras
from dlrun.rundir.files import write_bytes

# `MonitorCallback` chooses the last two anew, from its arguments: they go together, since it turns
# `min_delta` around where it chooses how to compare.
_NOT_STATE = ("_model", "model", "params", "validation_data", "monitor_op", "min_delta")
_FILE = "file"  # names the array that holds the bytes of a file that is written to in every epoch


def save_callback(callback: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the memory of a callback: what JSON can express, by attribute; and arrays by name.

    An attribute of another kind, such as an open file, is left out: `on_train_begin` makes it anew.
    """
    values: dict[str, Any] = {}
    arrays: dict[str, NDArray[Any]] = {}
    for name, value in _memory(callback).items():
        items = value if isinstance(value, list) else []
        if items and all(isinstance(item, np.ndarray) for item in items):
            values[name] = {"arrays": len(items)}
            arrays |= {f"{name}/{index}": array for index, array in enumerate(items)}
        elif (written := _write(value)) is not None:
            values[name] = written
    if isinstance(callback, keras.callbacks.CSVLogger) and Path(callback.filename).exists():
        content = Path(callback.filename).read_bytes()
        arrays[_FILE] = np.frombuffer(content, np.uint8)
    return values, arrays


def prepare_callback(callback: Any, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give a new callback back its file and its place; comes before `on_train_begin`."""
    if isinstance(callback, keras.callbacks.CSVLogger) and _FILE in arrays:
        write_bytes(Path(callback.filename), arrays[_FILE].tobytes())
        callback.append = True
    if isinstance(callback, keras.callbacks.ModelCheckpoint):
        # Set at the start of an epoch, which is past where a run goes on in the middle of one.
        callback._current_epoch = 0  # noqa: SLF001


def load_callback(
    callback: Any, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Give a new callback its memory back; comes after its `on_train_begin`.

    What is restored may be a stranger's, so it is only what would be saved: numbers, nothing,
    and lists of them (else `ValueError`), never an argument such as a path, nor an object. What is
    no memory of this callback is passed over.
    """
    for name in _memory(callback).keys() & values.keys():
        written = values[name]
        if isinstance(written, dict) and "arrays" in written:
            value: Any = [arrays[f"{name}/{index}"] for index in range(written["arrays"])]
        else:
            value = _read(written)
        setattr(callback, name, value)


def _memory(callback: Any) -> dict[str, Any]:
    """What a callback may remember, by attribute: no object, and no argument, as configs have."""
    if isinstance(callback, keras.callbacks.CSVLogger):
        return {"keys": callback.keys}
    arguments = {
        name
        for kind in type(callback).__mro__
        if "__init__" in vars(kind)
        for name in inspect.signature(vars(kind)["__init__"]).parameters
    }
    return {
        name: value
        for name, value in vars(callback).items()
        if name not in arguments
        and name not in _NOT_STATE
        and (value is None or isinstance(value, bool | int | float | np.number | list))
    }


def _write(value: Any) -> Any:
    """Return a value as JSON that reads back to the bit; None where it is no plain value."""
    plain = value.item() if isinstance(value, np.number) else value
    if plain is None:
        return {"none": True}
    if isinstance(plain, float):
        return {"float": plain.hex()}
    if isinstance(plain, list):
        items = [_write(item) for item in plain]
        return None if None in items else items
    return plain if isinstance(plain, bool | int | str) else None


def _read(written: Any) -> Any:
    """Return the value that `_write` was given; a text is one only in a list."""
    if isinstance(written, list):
        return [item if isinstance(item, str) else _read(item) for item in written]
    if isinstance(written, bool | int):
        return written
    if isinstance(written, dict) and list(written) == ["float"]:
        return float.fromhex(written["float"])
    if written == {"none": True}:
        return None
    raise ValueError(f"{written!r} is nothing that a callback remembers")
