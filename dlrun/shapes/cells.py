"""What a cell of text holds: a number, a number as people write it, or a name; without NumPy."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final, TypeAlias

from dlrun.rundir.names import TEST, TRAIN, VALIDATION
from dlrun.wording import MOST_QUOTED

SMALLEST: Final = 2.0**-126
LARGEST: Final = (2 - 2.0**-23) * 2.0**127
"""Between them float32 keeps its digits; what is smaller, some processors take for 0."""

MAX_CLASSES: Final = 1000
"""More distinct values than this are no classes but a measured quantity or an identifier."""

CODE: Final = r"^\s*0[0-9]"
"""How a code begins, such as 007, which is no number: its zeros would be lost."""

_WITH_UNIT = re.compile(
    r"(?P<sign>[+-]?)(?P<before>[$\u20ac\u00a3\u00a5\u20b9]|[A-Z]{3}(?= ?\d))? ?"
    r"(?P<inner_sign>[+-]?)"
    r"(?P<number>\d[\d,.' \u00a0\u202f]*\d|\d|\.\d+) ?"
    r"(?P<after>[$\u20ac\u00a3\u00a5\u20b9%\u2030\u00b0]"
    r"|(?!(?:st|nd|rd|th)$)[A-Za-z\u00b5]{1,3}[\u00b2\u00b3]?)?"
)
"""A currency before a number, or a unit behind it; not what orders, as in `1st`."""

_GROUPED = re.compile(
    r"[+-]?(?:[1-9]\d{0,2}(?:[,' \u00a0\u202f]\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+,\d+|\d+,\d+)"
)
"""A number with its thousands apart, or with a comma before its decimals."""

_MARKS: Final = {".": (",", "'", " ", None), ",": (None, ".", "'", " ")}
"""What may set thousands apart, by what stands before decimals; the likeliest first."""

Ways: TypeAlias = tuple[str, list[dict[str, str]]]
"""A text, and the keys by which it is read as a number; one after another, the likeliest first."""

_MULTIPLES = ("k", "K", "M", "B", "bn", "G", "T")


def parse_number(cell: str) -> float | None:
    """The number that a cell holds, or None; `nan`, `inf` and Python's `1_000` are no numbers."""
    if "_" in cell or not cell.strip().isascii():
        return None
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def bare_number(text: str) -> str | None:
    """The number in a text that holds one as people write it, with its unit or with commas.

    `$1,200` gives `1,200`, `5kg` `5`, and `3,50` itself; None where the stripped text is a number
    itself, or is something else: `1st`, `B12`, `3 of 4`.
    """
    match = _WITH_UNIT.fullmatch(text)
    if match is None or is_number_like(text):
        return None
    if not (match["before"] or match["after"] or _GROUPED.fullmatch(text)):
        return None
    return (match["sign"] or match["inner_sign"]) + match["number"]


def number_fix(text: str, decimal: str = ".") -> str | None:
    """How a cell that people read as a number is to be written; None where it is no such cell.

    Nor is any told that would have a point where `decimal` stands before decimals.
    """
    fix = _number_fix(text)
    return None if fix and decimal != "." and "." in fix.removesuffix(".") else fix


def _number_fix(text: str) -> str | None:
    if len(text) > MOST_QUOTED:
        return None
    bare = bare_number(text)
    number = text if bare is None else bare
    plain = re.sub(r"[, '\u00a0\u202f]", "", number)
    if text.endswith(_MULTIPLES) and bare is not None:
        return "Write the number out, in digits alone."
    if re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", number):
        return (
            f"Write thousands without commas ({plain}), decimals with a point "
            f"({number.replace(',', '.')})."
        )
    if re.fullmatch(r"[+-]?\d*,\d+([eE][-+]?\d+)?", number):
        return f"Write decimals with a point: {number.replace(',', '.')}."
    if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+,\d+", number):
        plain = number.replace(".", "").replace(",", ".")
    elif parse_number(plain) is None:
        return None
    return f"Write the number alone: {plain}." if plain != text else None


def ways_of(texts: Sequence[str], decimal: str = ".", *, has_decimals: bool = False) -> Ways:
    """Tell one of some texts, and the keys of a dataset by which most of them are numbers.

    Those count that are no numbers as they were read, with `decimal`, which stays where other
    numbers had decimals. Of ways that read equally many, as of `1,234`, the likeliest comes first.
    """
    texts = [text for text in texts if not _written(decimal, None).fullmatch(text)]
    marks = [decimal, *(one for one in _MARKS if one != decimal and not has_decimals)]
    tried = [
        ([text for text in texts if _written(mark, thousands).fullmatch(text)],
         ({} if mark == decimal else {"decimal": mark})
         | ({} if thousands is None else {"thousands": thousands}))
        for mark in marks
        for thousands in _MARKS[mark]
    ]  # fmt: skip
    most = max((found for found, keys in tried if keys), key=len)
    if 2 * len(most) <= len(texts):
        return "", []
    ways = [keys for found, keys in tried if keys and len(found) == len(most)]
    return most[0], [one for one in ways if not any(less.items() < one.items() for less in ways)]


def keys_together(found: Mapping[str, Ways]) -> dict[str, dict[str, str]]:
    """Choose for each column that is read by other keys those by which most of them are.

    Who needs one key more has it for all.
    """
    every = [keys for _, ways in found.values() for keys in ways]
    chosen = {}
    for name, (_, ways) in found.items():
        if ways:
            own = max(ways, key=every.count)
            chosen[name] = max((one for one in every if own.items() <= one.items()), key=len)
    return chosen


@cache
def _written(decimal: str, thousands: str | None) -> re.Pattern[str]:
    """The pattern of numbers that are written so."""
    point, grouped = re.escape(decimal), ""
    if thousands is not None:
        grouped = rf"[1-9]\d{{0,2}}({re.escape(thousands)}\d{{3}})+|"
    return re.compile(rf"[-+]?(({grouped}\d+)({point}\d*)?|{point}\d+)([eE][-+]?\d+)?")


def say_keys(keys: Mapping[str, str], quotes: str = "") -> str:
    """Write keys as a config has them: `decimal: "," and thousands: "."`."""
    told = (f"{quotes}{key}: {json.dumps(value)}{quotes}" for key, value in keys.items())
    return " and ".join(told)


def ways_fix(ways: Sequence[Mapping[str, str]]) -> str:
    """Say how a config is to read numbers that are written otherwise."""
    said = ", or ".join(say_keys(keys, "`") for keys in ways)
    return f"Say how its numbers are written: {said}."


def is_number_like(cell: str) -> bool:
    """Whether Python reads a cell as a float; `nan` and `inf` too."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def is_not_finite(cell: str) -> bool:
    """Whether a cell says `nan` or `inf`, which is neither a number nor the name of a class."""
    return is_number_like(cell) and not math.isfinite(float(cell))


SAY_MISSING: Final = frozenset(
    ("na", "n/a", "n.a.", "#n/a", "nan", "null", "none", "nil", "-", "--", ".", "?", "missing")
)
"""What people write where there is no number, in small letters."""


def says_missing(cell: str) -> bool:
    """Whether a cell among numbers says that there is none."""
    return cell.lower() in SAY_MISSING or is_not_finite(cell)


def is_name(cell: str) -> bool:
    """Whether a cell can be the name of a class: some text that is no number, nor NaN."""
    return bool(cell) and not is_number_like(cell)


def written_codes(texts: Iterable[str]) -> dict[float, str]:
    """How numbers are written, where some begin with zeros, as codes do: of 7 it is `007`.

    Empty where none does, and where one number is written in several ways.
    """
    written: dict[float, str] = {}
    different = {text.strip() for text in texts}
    for text in different:
        number = parse_number(text)
        if number is None or number in written:
            return {}
        written[number] = text
    return written if any(re.match(CODE, text) for text in different) else {}


SPLIT_WORDS: Final = {
    TRAIN: ("train", "training", "trn", "fit"),
    VALIDATION: ("validation", "validate", "valid", "val", "dev", "development"),
    TEST: ("test", "testing", "tst", "holdout", "hold-out", "held-out"),
}
"""What people call the splits, in any case, with blanks around it."""


def split_meant(text: str) -> str | None:
    """Tell which split a word means; None where it is none."""
    word = text.strip().casefold().replace("_", "-").replace(" ", "-")
    return next((split for split, words in SPLIT_WORDS.items() if word in words), None)
