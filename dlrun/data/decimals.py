"""Writes whole arrays of numbers as text at once, each as the shortest decimal that reads back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

EMPTY: Final = 0xFF
"""What fills the places that a text leaves over: a byte that stands in no text, see `packed`."""

_FEWEST, _MOST = 6, 9  # significant digits that are tried; 9 tell every float32 from its neighbours
_POSITIONAL = (1e-4, 1e6)  # within it numbers have no exponent, as NumPy has it for float32
_BEFORE, _BEHIND = 8, 12  # places around the point, of 999999.0 and 0.000123456789, in groups of 4
_WIDTH = 1 + _BEFORE + 1 + _BEHIND  # a sign and a point
_TINY = 1.2e-38  # below it float32 holds fewer digits
_BLOCK = 8192  # rows that are worked on at a time, so that they stay in the processor's caches
_GROUP = 10_000


def _tables() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Make tables of groups of four digits, each a uint32 of four bytes.

    Rows from 0 have all digits, from 10,000 none of the leading (or trailing) zeros, from 20,000
    none of them either, but that 0 has one digit.
    """
    whole = [b"%04d" % number for number in range(_GROUP)]
    blank = bytes([EMPTY])
    leading = [digits.lstrip(b"0").rjust(4, blank) for digits in whole]
    trailing = [digits.rstrip(b"0").ljust(4, blank) for digits in whole]
    rows = (
        [*whole, *leading, b"0".rjust(4, blank), *leading[1:]],
        [*whole, *trailing, b"0".ljust(4, blank), *trailing[1:]],
    )
    first, last = (np.frombuffer(b"".join(one), np.uint32) for one in rows)
    return first, last


_LEADING, _TRAILING = _tables()


def decimals(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Write numbers, `(rows,)`, as `(rows, width)` bytes of ASCII; what is left over is `EMPTY`.

    The texts are those of `values.astype(str)`: `0.1`, `1.0`, `1e-05`, `nan`.
    """
    wide = np.full((len(values), _WIDTH), EMPTY, np.uint8)
    for begin in range(0, len(values), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        _write(wide[rows], values[rows])
    return wide


def wholes(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Write whole numbers of at least 0, `(rows,)`, as `(rows, width)` bytes; see `decimals`."""
    groups = max(1, -(-len(str(int(numbers.max(initial=0)))) // 4))
    return _whole(np.asarray(numbers), groups)


def texts(values: Sequence[str]) -> NDArray[np.uint8]:
    """Give texts as `(rows, width)` bytes of UTF-8; see `decimals`."""
    joined = "".join(values)
    if joined.isascii():
        content, sizes = joined.encode(), map(len, values)
    else:
        encoded = [value.encode("utf-8", "surrogateescape") for value in values]
        content, sizes = b"".join(encoded), map(len, encoded)
    lengths = np.fromiter(sizes, np.int64, len(values))
    wide = np.full((len(values), int(lengths.max(initial=0))), EMPTY, np.uint8)
    filled = np.arange(wide.shape[1]) < lengths[:, None]
    wide[filled] = np.frombuffer(content, np.uint8)
    return wide


def packed(parts: Sequence[NDArray[np.uint8]]) -> bytes:
    """Join texts row by row, each `(rows, width)`, and drop what is `EMPTY`."""
    table = np.concatenate(parts, axis=1)
    joined: bytes = table[table != EMPTY].tobytes()
    return joined


def _write(wide: NDArray[np.uint8], values: NDArray[np.float32]) -> None:
    """Fill one block."""
    digits, exponents, sure = _shortest(values)
    size = np.abs(values)
    low, high = _POSITIONAL
    plain, tiny = sure & (size >= low) & (size < high), sure & (size < low)
    for chosen, how in ((plain, _positional), (tiny, _scientific)):
        if chosen.all():
            how(wide, digits, exponents)
        elif chosen.any():
            some = np.full((int(chosen.sum()), _WIDTH), EMPTY, np.uint8)
            how(some, digits[chosen], exponents[chosen])
            wide[chosen] = some
    wide[(plain | tiny) & (values < 0), 0] = ord("-")
    rest = np.flatnonzero(~(plain | tiny))
    if len(rest):
        # Zero, powers of two, what is huge, and the few of which floating point is not sure.
        ascii_bytes = values[rest].astype("S").view(np.uint8).reshape(len(rest), -1)[:, :_WIDTH]
        wide[rest] = np.where(ascii_bytes == 0, EMPTY, ascii_bytes)


def _shortest(
    values: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Find numbers as digits times a power of ten, with as few digits as tell them apart.

    Returns:
        The digits, `(rows,)`, as whole numbers of `_MOST` digits; the exponent of the first digit;
        and of which numbers this is sure: worked out in float64, what is too close to a border is
        not, nor is a power of two, whose neighbours are not equally far.
    """
    size = np.abs(values)
    sure = np.isfinite(size) & (size > _TINY)
    exact = np.where(sure, size, np.float32(3))
    sure &= np.frexp(exact)[0] != 0.5  # noqa: PLR2004
    half = np.spacing(exact).astype(np.float64) / 2  # to the middle between it and the next one
    exponents = np.floor(np.log10(exact, dtype=np.float64)).astype(np.int64)
    power = 10.0 ** (_MOST - 1 - exponents)
    scaled, reach = exact * power, half * power  # _MOST digits before the point
    close = scaled * 2.0**-50
    sure &= (scaled >= 10 ** (_MOST - 1)) & (scaled < 10**_MOST)  # else the logarithm was off
    found, missing = np.zeros_like(scaled), np.ones(len(values), bool)
    for count in range(_FEWEST, _MOST + 1):
        step = 10.0 ** (_MOST - count)
        steps = scaled / step
        tried = np.rint(steps)
        away = np.abs(tried * step - scaled)
        # Near the border between two numbers, or between two roundings.
        unsure = (np.abs(away - reach) <= close) | (np.abs(away - step / 2) <= close)
        sure &= ~(missing & unsure)
        here = missing & (away < reach)
        found = np.where(here, tried * step, found)
        missing &= ~here
        if not missing.any():
            break
    sure &= ~missing & (found < 10**_MOST)
    return found.astype(np.int64), exponents, sure


def _positional(wide: Any, digits: NDArray[np.int64], exponents: NDArray[np.int64]) -> None:
    """Write `123.25` behind the place of the sign."""
    unit = 10 ** (_MOST - 1 - exponents)  # exponents are below _MOST
    before, behind = np.divmod(digits, unit)
    point = 1 + _BEFORE
    wide[:, 1:point] = _whole(before, _BEFORE // 4)
    wide[:, point] = ord(".")
    wide[:, point + 1 :] = _fraction(behind * (10**_BEHIND // unit), _BEHIND // 4)


def _scientific(wide: Any, digits: NDArray[np.int64], exponents: NDArray[np.int64]) -> None:
    """Write `1.25e-05` behind the place of the sign; without a point where there is one digit."""
    first, rest = np.divmod(digits, 10 ** (_MOST - 1))
    wide[:, 1] = first + ord("0")
    wide[:, 2] = np.where(rest == 0, EMPTY, ord("."))
    wide[:, 3 : 2 + _MOST] = _fraction(rest, 2)
    wide[rest == 0, 3] = EMPTY
    tens, ones = np.divmod(-exponents, 10)
    for place, byte in enumerate((ord("e"), ord("-"), tens + ord("0"), ones + ord("0"))):
        wide[:, 2 + _MOST + place] = byte


def _whole(numbers: NDArray[np.int64], groups: int) -> NDArray[np.uint8]:
    """Write digits, `(rows, 4 * groups)`, without leading zeros."""
    written = np.empty((len(numbers), groups), np.uint32)
    bare = 2 * _GROUP  # 0 has one digit
    for group in range(groups - 1, -1, -1):
        above, here = np.divmod(numbers, _GROUP)
        written[:, group] = _LEADING[here + bare * (above == 0)]
        numbers, bare = above, _GROUP
    return written.view(np.uint8)


def _fraction(numbers: NDArray[np.int64], groups: int) -> NDArray[np.uint8]:
    """Write digits with all leading zeros, `(rows, 4 * groups)`, without trailing ones."""
    written = np.empty((len(numbers), groups), np.uint32)
    below = np.ones(len(numbers), bool)  # whether all digits behind these are zeros
    for group in range(groups - 1, -1, -1):
        numbers, here = np.divmod(numbers, _GROUP)
        written[:, group] = _TRAILING[here + (_GROUP if group else 2 * _GROUP) * below]
        below &= here == 0
    return written.view(np.uint8)
