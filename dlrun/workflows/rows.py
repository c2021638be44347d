"""Finds one row: in a split of a run, in a file, or among the words of the command line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Samples, Spec
from dlrun.data.labels import class_numbers
from dlrun.data.pixels import scale_pixels
from dlrun.data.samples import open_samples
from dlrun.data.scaling import apply_scaling
from dlrun.errors import UsageError
from dlrun.shapes.cells import parse_number
from dlrun.workflows.ids import check_new_ids
from dlrun.workflows.opening import load_split

if TYPE_CHECKING:
    from dlrun.workflows.opening import OpenedRun


@dataclass(frozen=True)
class Choice:
    """Which row is meant."""

    row: int = 0  # its number, from 0
    split: str | None = None  # None for test, or else the last that has rows
    data: Path | None = None  # a file, in the place of a split
    values: str | None = None  # the row itself as text, in the place of both


@dataclass(frozen=True)
class Row:
    """One row."""

    source: str  # where it comes from, such as `row 3 of test`
    x: NDArray[np.float32]  # what the network is given, `input_shape`
    given: NDArray[np.float64] | None = None  # before the run's scaling; None where there is none
    true: str | None = None  # the class or the numbers that it should give; None where unknown


def choose_row(opened: OpenedRun, choice: Choice) -> Row:
    """Find a row."""
    if choice.values is not None:
        row = _typed(choice.values, opened.spec)
        check_new_ids(row.x[None], opened, where="--input", first_row=None)
        return row
    if choice.data is not None:
        row = _row_of_file(choice.data, choice.row, opened)
        check_new_ids(row.x[None], opened, where=str(choice.data), first_row=choice.row)
        return row
    name, samples = load_split(opened, choice.split, instead="--data FILE or --input")
    if choice.row >= len(samples):
        raise _beyond(choice.row, len(samples), f"the {name} rows")
    taken = samples.take(slice(choice.row, choice.row + 1))
    return _row(taken, 0, opened.spec, f"row {choice.row} of {name}")


def _row_of_file(path: Path, number: int, opened: OpenedRun) -> Row:
    spec = opened.spec
    with open_samples(path, spec, with_target=False) as samples:
        for note in samples.notes:
            opened.listener.message(note)
        before = 0
        for piece in samples.pieces:
            if number < before + len(piece):
                return _row(piece, number - before, spec, f"row {number} of {path.name}")
            before += len(piece)
    raise _beyond(number, before, str(path))


def _typed(text: str, spec: Spec) -> Row:
    """Read a row off the command line; it is scaled as the rows of a file are."""
    where, shape = "--input", spec.input_shape
    if len(shape) != 1:
        raise UsageError(
            f"takes the features of a flat row; the run takes arrays of shape {shape}.",
            where=where,
            fix="Use --row N, or --data FILE.",
        )
    cells = text.split(",")
    if len(cells) != math.prod(shape):
        names = spec.feature_names
        listed = f": {', '.join(names)}" if names and len(names) <= 20 else ""  # noqa: PLR2004
        count = f"{len(cells)} {'value' if len(cells) == 1 else 'values'}"
        raise UsageError(
            f"received {count}, the run takes {math.prod(shape)}{listed}.",
            where=where,
            fix="Separate them by commas, such as --input 0.3,0.1.",
        )
    numbers = [parse_number(cell.strip()) for cell in cells]
    for cell, number in zip(cells, numbers, strict=True):
        if number is None or not math.isfinite(number):
            raise UsageError(f"'{cell.strip()}' is not a number.", where=where)
    given = np.array([numbers], dtype=np.float64)
    pixels = given if spec.pixel_max is None else scale_pixels(given, spec.pixel_max, where)
    x = apply_scaling(np.asarray(pixels), spec.scaling, where=where)
    return Row("the row of --input", x[0], given[0] if _is_changed(spec) else None)


def _row(samples: Samples, number: int, spec: Spec, source: str) -> Row:
    x = np.asarray(samples.x[number : number + 1])[0]
    given: NDArray[np.float64] | None = None
    if _is_changed(spec):
        given = x.astype(np.float64)
        if spec.scaling is not None:
            given = given * np.array(spec.scaling.factor) + np.array(spec.scaling.offset)
        given = given * (spec.pixel_max or 1.0)
    return Row(source, x, given, _true(samples.y, number, spec))


def _is_changed(spec: Spec) -> bool:
    return spec.scaling is not None or spec.pixel_max is not None


def _true(y: Any, number: int, spec: Spec) -> str | None:
    if y is None:
        return None
    row = y[number : number + 1]
    if spec.class_names is not None:
        return spec.class_names[int(class_numbers(row, spec)[0])]
    return ", ".join(f"{value:g}" for value in np.asarray(row).reshape(-1).tolist())


def _beyond(number: int, count: int, what: str) -> UsageError:
    rows = "has no rows" if not count else f"has the rows 0 to {count - 1}"
    if what.startswith("the "):
        rows = rows.replace("has the rows", "are numbered").replace("has no rows", "are none")
    return UsageError(f"there is no row {number}: {what} {rows}.", where=f"--row {number}")
