"""Runs Keras callbacks over the logs of compiled epochs, exactly as if after every epoch."""

from __future__ import annotations

import contextlib
import inspect
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.backend import keras
from dlrun.backend.components import zip_dates
from dlrun.catalog.keras_names import FILE_ARGUMENTS
from dlrun.errors import ConfigError, DlrunError, Problem
from dlrun.rundir.files import reason, write_bytes

_READ_LOGS = (keras.callbacks.CSVLogger, keras.callbacks.TerminateOnNaN)
_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
_TEST_HOOKS = ("on_test_begin", "on_test_end")


class CallbackChain:
    """The callbacks of a run, in the order of the config; `metrics` are what they may monitor.

    `needs_batches` and `watches_validation` say whether one must hear of every batch, and of the
    validation.
    """

    def __init__(
        self,
        callbacks: Sequence[Any],
        model: Any,
        metrics: Sequence[Any],
        *,
        epochs: int,
        steps: int,
    ) -> None:
        self.callbacks = list(callbacks)
        self.model = model
        self._stopper: Any = None
        model.stop_training = False
        directions = {"loss": "down"} | {
            metric.name: getattr(metric, "_direction", None) for metric in metrics
        }
        for index, callback in enumerate(self.callbacks):
            callback.set_model(model)
            # The last epoch is kept from it, see `close_averages`.
            known = math.inf if _swaps(callback) else epochs
            callback.set_params({"epochs": known, "steps": steps, "verbose": 0})
            _settle_mode(callback, directions, path=f"training.callbacks[{index}]")
        self.needs_batches = any(map(_needs_batches, self.callbacks))
        self.watches_validation = any(_overrides(one, _TEST_HOOKS) for one in self.callbacks)

    def begin(self, arrays: Sequence[Mapping[str, NDArray[Any]]] = ()) -> None:
        """Begin the training, or go on with it, with the arrays of every callback's memory."""
        for callback, remembered in zip(self.callbacks, arrays, strict=False):
            prepare_callback(callback, remembered)
        self.call("on_train_begin", {})

    def call(self, hook: str, *arguments: Any) -> None:
        """Call one hook, such as `on_epoch_end`, of every callback."""
        if not self.callbacks:
            return  # of thousands of epochs
        # Callbacks print their news to stdout, which belongs to the run folder's path.
        with contextlib.redirect_stdout(sys.stderr), zip_dates():
            for index, callback in enumerate(self.callbacks):
                was_stopped = self.model.stop_training
                try:
                    getattr(callback, hook)(*arguments)
                except (ValueError, TypeError, AttributeError, KeyError, ImportError) as error:
                    path = f"training.callbacks[{index}] ({type(callback).__name__})"
                    raise ConfigError(Problem(path, str(error))) from error
                except OSError as error:
                    raise _write_error(callback, error) from error
                if self.model.stop_training and not was_stopped:
                    self._stopper = callback

    def endings(self, *, completed: int, asked: int) -> list[str]:
        """Say which callback has ended the training and why, and whose weights are restored."""
        kind = keras.callbacks.EarlyStopping
        stopping = [one for one in self.callbacks if isinstance(one, kind)]
        restoring = [one for one in stopping if one.best_weights is not None]
        lines = []
        for callback in stopping:
            is_restored = callback in restoring[-1:]  # each restores over those before it
            if callback.stopped_epoch > 0:
                unrestored = f"the weights are those of epoch {completed}"
                lines.append(
                    f"early stopping after epoch {completed} of {asked}: {_why(callback)}; "
                    f"the best was {_best(callback)}, and "
                    + ("its weights are restored" if is_restored else unrestored)
                )
            elif is_restored and callback.best_epoch + 1 < completed:
                lines.append(
                    f"EarlyStopping has restored the weights of {_best(callback)}, "
                    f"the best by {callback.monitor}{_margin(callback)}"
                )
        has_stopped = any(callback.stopped_epoch > 0 for callback in stopping)
        if self.model.stop_training and completed < asked and not has_stopped:
            name = "a callback" if self._stopper is None else type(self._stopper).__name__
            lines.append(f"{name} has ended the training after epoch {completed} of {asked}")
        return lines

    def close_averages(self) -> None:
        """Do what `SwapEMAWeights` does in the last epoch, which it is not told of, after it."""
        # Where the averages are in the model, it writes them over the weights that were exchanged
        # for them, since Keras gives the model what is kept as averages at the end. A run that goes
        # on needs these weights: so this comes after the last commit, and before that end.
        for callback in self.callbacks:
            # Keras has no public word for either.
            if _swaps(callback) and callback._ema_weights_in_model:  # noqa: SLF001
                callback._finalize_ema_values()  # noqa: SLF001

    def horizon(self) -> float:
        """Return in how many epochs no callback can act or look at weights, whatever the logs.

        So the callbacks may hear of all of them at the end.
        """
        return min(map(_horizon, self.callbacks), default=math.inf)


def _swaps(callback: Any) -> bool:
    """Return whether the end of each epoch exchanges the weights for their averages."""
    return isinstance(callback, keras.callbacks.SwapEMAWeights) and callback.swap_on_epoch


def _write_error(callback: Any, error: OSError) -> DlrunError:
    """Name the file of a callback that the operating system did not let it write."""
    named = (getattr(callback, name, None) for name in FILE_ARGUMENTS)
    where = next((str(name) for name in named if name), type(callback).__name__)
    return DlrunError(f"cannot be written: {reason(error)}.", where=where)


def _why(callback: Any) -> str:
    """Why an EarlyStopping ends the training: `val_loss has not improved for 3 epochs`."""
    waited = "1 epoch" if callback.wait == 1 else f"{callback.wait} epochs"
    beyond = "" if callback.baseline is None else f" beyond the baseline {callback.baseline:g}"
    return f"{callback.monitor} has not improved{beyond} for {waited}{_margin(callback)}"


def _margin(callback: Any) -> str:
    """What an EarlyStopping takes for no improvement: ` (min_delta 0.001)`; nothing for none."""
    return f" (min_delta {abs(callback.min_delta):g})" if callback.min_delta else ""


def _best(callback: Any) -> str:
    """The best epoch of an EarlyStopping: `epoch 4 (0.1234)`."""
    return f"epoch {callback.best_epoch + 1} ({callback.best:.4g})"


def _overrides(callback: Any, hooks: Sequence[str]) -> bool:
    return any(not getattr(getattr(callback, hook), "_is_default", False) for hook in hooks)


def _horizon(callback: Any) -> float:
    if isinstance(callback, _READ_LOGS):
        return math.inf
    waits = type(callback) is keras.callbacks.ReduceLROnPlateau or (
        type(callback) is keras.callbacks.EarlyStopping and not callback.restore_best_weights
    )
    return max(1, callback.patience - callback.wait) if waits else 1


def _needs_batches(callback: Any) -> bool:
    if isinstance(callback, _READ_LOGS):
        return False
    if isinstance(callback, keras.callbacks.ModelCheckpoint):
        return bool(callback.save_freq != "epoch")
    return _overrides(callback, _BATCH_HOOKS)


def _settle_mode(callback: Any, directions: dict[str, str | None], *, path: str) -> None:
    """Tell a monitoring callback in `auto` mode whether less or more is better."""
    if getattr(callback, "mode", None) != "auto" or not hasattr(callback, "monitor"):
        return
    name = callback.monitor.removeprefix("val_")
    direction = directions.get(name)
    if direction is None:
        why = "is not logged" if name not in directions else "may be better high or low"
        fix = f"Logged: {', '.join(directions)}; or set mode: min or max."
        raise ConfigError(Problem(path, f"monitor {callback.monitor!r} {why}.", fix))
    callback.mode = "max" if direction == "up" else "min"


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
