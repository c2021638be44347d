"""Conditions on runs: `optimizer.learning_rate>0.01 and status=finished`.

Nothing is evaluated but comparisons: there are no functions, no names and no arithmetic.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from dlrun.absent import ABSENT
from dlrun.wording import as_text, is_number

if TYPE_CHECKING:
    from dlrun.config import scalars

ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
OPERATORS: Final = ("=", "!=", *ORDERS, "~")
_DURATION: Final = re.compile(r"(\d+(?:\.\d*)?)(s|min|h|d)")
_SECONDS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Comparison:
    """A key compared with a value."""

    key: str
    sign: str  # one of `OPERATORS`
    value: scalars.Scalar
    column: int  # where the key stands, from 1

    def holds(self, look_up: Callable[[str], Any]) -> bool:
        """Say whether a run fulfils it.

        `look_up` gives the value of a key, or ABSENT; a tuple stands for any of its items.
        """
        actual = look_up(self.key)
        if self.sign == "!=":
            return not _is_equal(actual, self.value)
        if self.sign == "=":
            return _is_equal(actual, self.value)
        if self.sign == "~":
            return actual is not ABSENT and _folded(self.value) in _folded(actual)
        value = _as_seconds(self.value) if is_number(actual) else self.value
        both_texts = isinstance(actual, str) and isinstance(value, str)
        are_comparable = both_texts or (is_number(actual) and is_number(value))
        return are_comparable and ORDERS[self.sign](actual, value)

    def comparisons(self) -> Iterator[Comparison]:
        """Give all comparisons."""
        yield self

    def cheap_first(self, is_costly: Callable[[str], bool]) -> Condition:
        """Put the parts first for which no key has to be looked up that takes time."""
        del is_costly
        return self


@dataclass(frozen=True)
class Junction:
    """Conditions of which all must hold, or one; or, negated, not."""

    parts: tuple[Condition, ...]
    every: bool = True
    negated: bool = False

    def holds(self, look_up: Callable[[str], Any]) -> bool:
        """See `Comparison.holds`."""
        found = (part.holds(look_up) for part in self.parts)
        return (all(found) if self.every else any(found)) != self.negated

    def comparisons(self) -> Iterator[Comparison]:
        """Give all comparisons."""
        for part in self.parts:
            yield from part.comparisons()

    def cheap_first(self, is_costly: Callable[[str], bool]) -> Condition:
        """See `Comparison.cheap_first`."""
        parts = [part.cheap_first(is_costly) for part in self.parts]
        parts.sort(key=lambda part: sum(is_costly(one.key) for one in part.comparisons()))
        return replace(self, parts=tuple(parts))


Condition = Comparison | Junction


def _is_equal(actual: Any, value: scalars.Scalar) -> bool:
    if actual is ABSENT:
        return value is None
    if isinstance(actual, tuple):
        return any(_is_equal(item, value) for item in actual) or (not actual and value is None)
    if is_number(actual):
        value = _as_seconds(value)
        return is_number(value) and actual == value
    if isinstance(actual, list):
        return as_text(actual) == as_text(value)
    return type(actual) is type(value) and bool(actual == value)


def _folded(value: Any) -> str:
    return as_text(value).casefold()


def _as_seconds(value: scalars.Scalar) -> scalars.Scalar:
    """The seconds of a text such as `2h`; other values as they are."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) * _SECONDS[found[2]] if found else value
