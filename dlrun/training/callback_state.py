"""What a callback remembers from epoch to epoch, as plain data: counters, best weights, files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.backend import keras
from dlrun.rundir.files import write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_DIRECTIONS = {"less": keras.ops.less, "greater": keras.ops.greater}
"""How a monitoring callback compares, by name; choosing it, it also turns `min_delta` around."""
_NOT_STATE = ("_model", "model", "params", "validation_data")
_FILE = "file"
"""The name of the array that holds the bytes of a file that is written to in every epoch."""


def save_callback(callback: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the memory of a callback.

    Args:
        callback: A Keras callback, between two epochs or two batches.

    Returns:
        What JSON can express, by attribute; and the arrays by name. An attribute of another kind,
        such as an open file, is none of both: `on_train_begin` makes it anew.
    """
    values: dict[str, Any] = {}
    arrays: dict[str, NDArray[Any]] = {}
    is_logger = isinstance(callback, keras.callbacks.CSVLogger)
    for name, value in vars(callback).items():
        # A text is an argument, such as the path of a file in a folder that may be moved.
        if name in _NOT_STATE or isinstance(value, str) or (is_logger and name != "keys"):
            continue
        if _are_arrays(value):
            values[name] = {"arrays": len(value)}
            arrays |= {f"{name}/{index}": array for index, array in enumerate(value)}
        elif (written := _write(value)) is not None:
            values[name] = written
    if is_logger and Path(callback.filename).exists():
        content = Path(callback.filename).read_bytes()
        arrays[_FILE] = np.frombuffer(content, np.uint8)
    return values, arrays


def prepare_callback(callback: Any, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give a callback the file back that it wrote; comes before its `on_train_begin`.

    Args:
        callback: A new callback, made of the same config.
        arrays: What `save_callback` returned.
    """
    if isinstance(callback, keras.callbacks.CSVLogger) and _FILE in arrays:
        write_bytes(Path(callback.filename), arrays[_FILE].tobytes())
        callback.append = True


def load_callback(
    callback: Any, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Give a callback its memory back; comes after its `on_train_begin`.

    Args:
        callback: A new callback, made of the same config.
        values: What `save_callback` returned.
        arrays: What `save_callback` returned.
    """
    for name, written in values.items():
        if name not in vars(callback):
            continue
        if isinstance(written, dict) and "arrays" in written:
            value: Any = [arrays[f"{name}/{index}"] for index in range(written["arrays"])]
        else:
            value = _read(written)
        setattr(callback, name, value)


def _are_arrays(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, np.ndarray) for item in value)
    )


def _write(value: Any) -> Any:
    """Return a value as JSON that reads back to the bit; None where it is no plain value."""
    written: Any = None
    if value is None:
        written = {"none": True}
    elif isinstance(value, bool | int | str):
        written = value
    elif isinstance(value, float | np.number):
        number = value if isinstance(value, float) else value.item()
        written = {"float": number.hex()} if isinstance(number, float) else number
    elif any(value is direction for direction in _DIRECTIONS.values()):
        written = {"better": value.__name__}
    elif isinstance(value, list):
        items = [_write(item) for item in value]
        written = None if None in items else items
    return written


def _read(written: Any) -> Any:
    """Return the value that `_write` was given."""
    if isinstance(written, list):
        return [_read(item) for item in written]
    if not isinstance(written, dict):
        return written
    if "float" in written:
        return float.fromhex(written["float"])
    if "better" in written:
        return _DIRECTIONS[written["better"]]
    return None
