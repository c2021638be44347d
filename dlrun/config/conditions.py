"""Conditions on runs: `optimizer.learning_rate>0.01 and status=finished`.

Nothing is evaluated but comparisons: there are no functions, no names and no arithmetic.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dlrun.absent import ABSENT
from dlrun.wording import as_text, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dlrun.config import scalars

ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
OPERATORS: Final = ("=", "!=", *ORDERS, "~")
_DURATION: Final = re.compile(r"(\d+(?:\.\d*)?)(s|min|h|d)")
_SECONDS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Comparison:
    """A key compared with a value.

    Attributes:
        key: What is asked of a run.
        sign: One of `OPERATORS`.
        value: A scalar of YAML 1.2.
        column: Where the key stands, from 1.
    """

    key: str
    sign: str
    value: scalars.Scalar
    column: int

    def holds(self, look_up: Callable[[str], Any]) -> bool:
        """Say whether a run fulfils it.

        Args:
            look_up: Gives the value of a key, or ABSENT; a tuple stands for any of its items.
        """
        actual = look_up(self.key)
        if self.sign == "!=":
            return not _is_equal(actual, self.value)
        if self.sign == "=":
            return _is_equal(actual, self.value)
        if self.sign == "~":
            return _contains(actual, self.value)
        value = _as_seconds(self.value) if is_number(actual) else self.value
        return _comparable(actual, value) and ORDERS[self.sign](actual, value)

    def comparisons(self) -> Iterator[Comparison]:
        """Give all comparisons."""
        yield self


@dataclass(frozen=True)
class Negation:
    """What must not hold."""

    inner: Condition

    def holds(self, look_up: Callable[[str], Any]) -> bool:
        """See `Comparison.holds`."""
        return not self.inner.holds(look_up)

    def comparisons(self) -> Iterator[Comparison]:
        """See `Comparison.comparisons`."""
        yield from self.inner.comparisons()


@dataclass(frozen=True)
class Junction:
    """Conditions of which all must hold, or one."""

    parts: tuple[Condition, ...]
    every: bool

    def holds(self, look_up: Callable[[str], Any]) -> bool:
        """See `Comparison.holds`."""
        found = (part.holds(look_up) for part in self.parts)
        return all(found) if self.every else any(found)

    def comparisons(self) -> Iterator[Comparison]:
        """See `Comparison.comparisons`."""
        for part in self.parts:
            yield from part.comparisons()


Condition = Comparison | Negation | Junction


def cheap_first(condition: Condition, is_costly: Callable[[str], bool]) -> Condition:
    """Put the parts of a condition that are quickly answered before the others.

    Args:
        condition: The condition.
        is_costly: Whether looking a key up takes time.

    Returns:
        A condition with the same meaning.
    """
    if isinstance(condition, Negation):
        return Negation(cheap_first(condition.inner, is_costly))
    if isinstance(condition, Junction):
        parts = [cheap_first(part, is_costly) for part in condition.parts]
        parts.sort(key=lambda part: sum(is_costly(one.key) for one in part.comparisons()))
        return Junction(tuple(parts), condition.every)
    return condition


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


def _contains(actual: Any, value: scalars.Scalar) -> bool:
    return actual is not ABSENT and as_text(value).casefold() in as_text(actual).casefold()


def _comparable(actual: Any, value: Any) -> bool:
    both_texts = isinstance(actual, str) and isinstance(value, str)
    return both_texts or (is_number(actual) and is_number(value))


def _as_seconds(value: scalars.Scalar) -> scalars.Scalar:
    """The seconds of a text such as `2h`; other values as they are."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) * _SECONDS[found[2]] if found else value
