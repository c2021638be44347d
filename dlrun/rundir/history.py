"""`history.csv`: one row per epoch, one column of numbers for each thing that was logged."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path

from dlrun.errors import RunFolderError
from dlrun.rundir.files import check_size, read_text, write_text
from dlrun.rundir.names import HISTORY

EPOCH = "epoch"
MAX_BYTES = 2**30  # some ten million epochs: what is larger is neither written nor read


def write_history(folder: Path, text: str) -> None:
    """Write the logs of a run, a CSV as `read_history` reads it."""
    check_size(folder / HISTORY, text, MAX_BYTES)
    write_text(folder / HISTORY, text)


def history_text(folder: Path) -> str:
    """Read `history.csv` as it is."""
    return read_text(folder / HISTORY, MAX_BYTES)


def read_history(folder: Path) -> dict[str, list[float]]:
    """Read the logs of a run: the values of all epochs by name, NaN where a cell is empty.

    The column `epoch`, whose numbers are 1, 2, ..., is left out. Empty where nothing was trained.
    """
    path = folder / HISTORY
    if not os.path.lexists(path):
        return {}
    try:
        rows = list(csv.reader(history_text(folder).splitlines(), strict=True))
    except csv.Error as error:
        raise RunFolderError(f"is damaged: {error}.", where=str(path)) from error
    names = rows[0] if rows else []
    if names[:1] != [EPOCH] or len(set(names)) < len(names):
        raise RunFolderError(
            f"is damaged: its first line should name columns, first '{EPOCH}'.", where=str(path)
        )
    columns: dict[str, list[float]] = {name: [] for name in names}
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(names) or row[0] != str(number):
            raise RunFolderError(
                "is damaged: not a row of the table.", where=f"{path}:{number + 1}"
            )
        for name, cell in zip(names, row, strict=True):
            columns[name].append(_number(cell, f"{path}:{number + 1}"))
    del columns[EPOCH]
    return columns


def _number(cell: str, where: str) -> float:
    if not cell:
        return math.nan
    try:
        return float(cell)
    except ValueError as error:
        raise RunFolderError(f"is damaged: {cell[:40]!r} is not a number.", where=where) from error
