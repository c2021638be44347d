"""What columns compute in TensorFlow's operations, for models that are given raw rows.

TensorFlow is imported when it is asked for: who only reads tables needs none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

DAY: Final = 86400
CIVIL_DAYS: Final = 719468  # from 0000-03-01 to 1970-01-01
ERA_YEARS: Final = 400  # after which the calendar begins again
ERA_DAYS: Final = 146097
MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
ISO: Final = (
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
    r"(?: ?(?:Z|([+-]\d{2})(?::?(\d{2}))?))?)?"
)
"""ISO 8601 with a group for each part; RE2 gives back nine at most."""
ISO_PARTS: Final = ("Y", "m", "d", "H", "M", "S", "f", "zone", "zone_minutes")
DIRECTIVES: Final = {
    "Y": r"(\d{4})", "y": r"(\d{2})", "m": r"(\d{1,2})", "d": r"(\d{1,2})", "H": r"(\d{1,2})",
    "M": r"(\d{1,2})", "S": r"(\d{1,2})", "f": r"(\d{1,9})", "b": r"(\pL+)", "B": r"(\pL+)",
}  # fmt: skip
"""What of `strptime` can be read by a pattern."""
UNTOLD: Final = {"Y": 1900, "m": 1, "d": 1}  # as `strptime` has it
CENTURY: Final = 69  # a year of two digits below it is one of 2000


@dataclass
class Lookups:
    """Tables from texts to numbers, kept for whoever saves the graph."""

    tables: list[Any] = field(default_factory=list)

    def find(self, texts: Any, known: Sequence[str]) -> Any:
        """Give the place of each text among those that are known, int64; -1 for others."""
        from dlrun.backend import tf

        if not known:
            return tf.fill(tf.shape(texts), tf.constant(-1, tf.int64))
        with tf.init_scope():
            places = tf.constant(range(len(known)), tf.int64)
            pairs = tf.lookup.KeyValueTensorInitializer(tf.constant(list(known)), places)
            table = tf.lookup.StaticHashTable(pairs, -1)
        self.tables.append(table)
        return table.lookup(texts)


def refuse(wrong: Any, column: str, what: str) -> None:
    """Let the graph fail where any value of a column is wrong, `(rows,)`."""
    from dlrun.backend import tf

    tf.debugging.Assert(tf.logical_not(tf.reduce_any(wrong)), [f"column {column}: {what}"])


def interpolate(values: Any, known: Sequence[float], shares: Sequence[float]) -> Any:
    """Draw lines between points, as `numpy.interp` does; `known` ascend."""
    from dlrun.backend import tf

    x, y = tf.constant(known, tf.float64), tf.constant(shares, tf.float64)
    place = tf.searchsorted(x, values, side="right") - 1
    low = tf.clip_by_value(place, 0, len(known) - 1)
    high = tf.minimum(low + 1, len(known) - 1)
    width = tf.gather(x, high) - tf.gather(x, low)
    slope = tf.math.divide_no_nan(tf.gather(y, high) - tf.gather(y, low), width)
    between = slope * (values - tf.gather(x, low)) + tf.gather(y, low)
    return tf.where(place < 0, y[0], tf.where(place >= len(known) - 1, y[-1], between))


def words_in(texts: Any) -> Any:
    """Cut texts, `(rows,)`, into words of two letters or digits at least: a ragged tensor."""
    from dlrun.backend import tf

    small = tf.strings.lower(texts, encoding="utf-8")
    words = tf.strings.split(tf.strings.regex_replace(small, r"[^\pL\pN_]+", " "))
    return tf.ragged.boolean_mask(words, tf.strings.length(words, unit="UTF8_CHAR") > 1)


def days_since_1970(year: Any, month: Any, day: Any) -> Any:
    """Count days in the proleptic calendar; months and days from 1, int64.

    Source: Howard Hinnant, chrono-compatible low-level date algorithms, `days_from_civil`
    """
    year -= _whole(month <= 2)  # noqa: PLR2004 - the year begins with March
    era = year // ERA_YEARS
    of_era = year - era * ERA_YEARS
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * ERA_DAYS + of_era * 365 + of_era // 4 - of_era // 100 + of_year - CIVIL_DAYS


def civil(days: Any) -> tuple[Any, Any, Any]:
    """Give year, month and day, from 1, of days since 1970; undoes `days_since_1970`."""
    days = days + CIVIL_DAYS
    era = days // ERA_DAYS
    rest = days - era * ERA_DAYS
    of_era = (rest - rest // 1460 + rest // 36524 - rest // 146096) // 365
    of_year = rest - (365 * of_era + of_era // 4 - of_era // 100)
    march = (5 * of_year + 2) // 153
    month = (march + 2) % 12 + 1
    year = of_era + era * ERA_YEARS + _whole(month <= 2)  # noqa: PLR2004
    return year, month, of_year - (153 * march + 2) // 5 + 1


def _whole(truth: Any) -> Any:
    from dlrun.backend import tf

    return tf.cast(truth, tf.int64)


def seconds_of(texts: Any, lacking: Any, form: str | None, column: str) -> Any:
    """Read times, `(rows,)`: seconds since 1970-01-01 00:00 UTC, float64; NaN where one lacks.

    Args:
        texts: As they are written.
        lacking: In which rows there is none.
        form: How they are written, as `strptime` has it; None for ISO 8601.
        column: Of which column, for messages.

    Raises:
        NotImplementedError: The form has something that no pattern can read.
    """
    from dlrun.backend import tf

    pattern, names = (ISO, ISO_PARTS) if form is None else _pattern(form)
    is_time = tf.strings.regex_full_match(texts, pattern)
    wanted = "ISO 8601" if form is None else form
    refuse(~(is_time | lacking), column, f"a value is no time; {wanted} was expected")
    texts = tf.where(is_time, texts, "")

    def part(name: str) -> Any:
        if name not in names:
            return tf.fill(tf.shape(texts), tf.constant(UNTOLD.get(name, 0), tf.float64))
        # What is no time is empty, and stays so; what is not told is empty too: 0.
        found = tf.strings.regex_replace(texts, f"^{pattern}$", rf"\{names.index(name) + 1}")
        if name in ("b", "B"):
            return _month(found, letters=3 if name == "b" else None)
        digits = tf.strings.regex_replace(found, r"^\+?", "0" if name != "zone" else "")
        if name == "f":
            digits = tf.strings.regex_replace(tf.strings.join(["0.", found]), r"\.$", ".0")
        return tf.strings.to_number(tf.strings.regex_replace(digits, "^$", "0"), tf.float64)

    month = next((part(name) for name in ("b", "B") if name in names), None)
    month = part("m") if month is None else month
    year = _century(part("y")) if "y" in names else part("Y")
    day, hour, minute, second = (part(name) for name in "dHMS")
    days = days_since_1970(*(tf.cast(one, tf.int64) for one in (year, month, day)))
    back = tf.stack(civil(days))
    told = tf.cast(tf.stack([year, month, day]), tf.int64)
    is_none = tf.reduce_any(back != told, axis=0) | (hour > 23) | (minute > 59) | (second > 59)  # noqa: PLR2004
    refuse(is_none & is_time, column, "a value is a day or a time that there is not")
    sign = tf.where(tf.strings.regex_full_match(texts, r".*-\d\d(:?\d\d)?"), -1.0, 1.0)
    zone = part("zone") * 60 + tf.cast(sign, tf.float64) * part("zone_minutes")
    told_seconds = hour * 3600 + (minute - zone) * 60 + second + part("f")
    seconds = tf.cast(days, tf.float64) * DAY + told_seconds
    return tf.where(is_time, seconds, tf.constant(float("nan"), tf.float64))


def _pattern(form: str) -> tuple[str, tuple[str, ...]]:
    """Write `strptime`'s form as a pattern, and name its groups in their order."""
    pattern, names = "", []
    for literal, directive in re.findall(r"([^%]+)|%(.)", form):
        if literal:
            pattern += re.escape(literal)
        elif directive in DIRECTIVES and directive not in names:
            pattern += DIRECTIVES[directive]
            names.append(directive)
        else:
            raise NotImplementedError(f"%{directive} of the format {form!r}")
    return pattern, tuple(names)


def _month(names: Any, letters: int | None) -> Any:
    """Give the number of months by their English names, or some letters of them; else 0."""
    from dlrun.backend import tf

    is_one = tf.strings.lower(names)[:, None] == tf.constant([one[:letters] for one in MONTHS])
    return tf.reduce_sum(tf.cast(is_one, tf.float64) * tf.range(1, 13, dtype=tf.float64), axis=1)


def _century(years: Any) -> Any:
    from dlrun.backend import tf

    return years + tf.where(years < CENTURY, tf.constant(2000.0, tf.float64), 1900)
