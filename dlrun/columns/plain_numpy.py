"""What columns compute, as the text of plain NumPy functions, for whoever has no dlrun.

Each kind of column holds its own function in its file, `encode_<kind>(column, cells)`: `column` are
the facts that it gives beside it, `cells` what the table holds, `(rows,)`. It calls the functions
that stand here.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class PlainNumpy(NamedTuple):
    """How a column is encoded by NumPy alone."""

    function: str  # the text of `encode_<kind>`
    facts: dict[str, Any]  # what of it the function reads, as Python writes it
    needs: tuple[str, ...] = ()  # texts of other functions that it calls


CELLS: Final = '''\
def text_of(cell):
    """The text of a cell, without blanks around it; None where its value is missing."""
    told = "" if cell is None or cell != cell else str(cell).strip()
    numbers = {number_in(word) for word in MISSING} - {None}
    return None if told in ("", *MISSING) or number_in(told) in numbers else told


def number_in(told):
    """The finite number in a text, or None; `1_000` is none."""
    if "_" in told or not told.isascii():
        return None
    if THOUSANDS is not None and GROUPED.fullmatch(told):
        told = told.replace(THOUSANDS, "")
    elif DECIMAL != "." and "." in told:
        return None
    try:
        number = float(told.replace(DECIMAL, "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def number_of(column, row, cell):
    """The number of a cell; yes is 1 and no is 0, in any spelling; NaN where it is missing."""
    if isinstance(cell, (bool, int, float, np.bool_, np.number)) and cell == cell:
        cell = repr(float(cell)).replace(".", DECIMAL)
    told = text_of(cell)
    if told is None:
        return math.nan
    number = number_in(told)
    if number is None:
        number = YES_AND_NO.get(told.lower())
    if number is None:
        raise ValueError(f"row {row}, column {column['name']!r}: {told!r} is no number")
    return number


def filled(column, values):
    """What stands in the place of missing numbers, (rows,)."""
    missing = np.isnan(values)
    if column["missing"] is not None:
        return np.where(missing, column["missing"], values)
    if missing.any():
        raise ValueError(f"row {np.argmax(missing)}, column {column['name']!r}: a value is missing")
    return values'''

SHARES: Final = '''\
def shares(quantiles, values):
    """The share of smaller values in the training rows, in the middle of equal ones."""
    known = np.array(quantiles)
    if known[0] == known[-1]:
        return np.zeros_like(values)
    steps = np.linspace(0, 1, len(known))
    below = np.interp(values, known, steps)
    above = -np.interp(-values, -known[::-1], -steps[::-1])
    middle = np.where(values <= known[0], 0, (below + above) / 2)
    return np.where(values >= known[-1], 1, middle)'''
