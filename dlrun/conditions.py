"""Conditions on runs: `optimizer.learning_rate>0.01 and status=finished`.

Nothing is evaluated but comparisons: there are no functions, no names and no arithmetic.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from dlrun import scalars
from dlrun.absent import ABSENT
from dlrun.errors import UsageError
from dlrun.wording import as_text, is_number

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

        `look_up` gives the value of a key, or ABSENT; a tuple stands for any of its items, and in
        an order for its first one.
        """
        actual = look_up(self.key)
        if self.sign == "!=":
            return not _is_equal(actual, self.value)
        if self.sign == "=":
            return _is_equal(actual, self.value)
        if self.sign == "~":
            return actual is not ABSENT and _folded(self.value) in _folded(actual)
        if isinstance(actual, tuple):
            actual = actual[0] if actual else ABSENT
        value = as_seconds(self.value) if is_number(actual) else self.value
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
        value = as_seconds(value)
        return is_number(value) and actual == value
    if isinstance(actual, list):
        return as_text(actual) == as_text(value)
    return type(actual) is type(value) and bool(actual == value)


def _folded(value: Any) -> str:
    return as_text(value).casefold()


def as_seconds(value: scalars.Scalar) -> scalars.Scalar:
    """The seconds of a text such as `2h`; other values as they are."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) * _SECONDS[found[2]] if found else value


MAX_DEPTH: Final = 50
MAX_CHARACTERS: Final = 10_000
_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<sign>[=!<>~&|]+)
      | (?P<bracket>[()])
      | (?P<word>[^\s()=!<>~&|"']+)
      | (?P<quote>["'])
    )""",
    re.VERBOSE,
)
_INSTEAD: Final = {"&": "and", "&&": "and", "|": "or", "||": "or", "!": "not", "=<": "<=",
                   "=>": ">=", "<>": "!=", "!~": "not key~value", "=~": "~"}  # fmt: skip


_WORDS: Final = ("and", "or", "not")
_EXAMPLE: Final = "Such as: --where 'optimizer.learning_rate>0.01 and status=finished'"


def parse_condition(text: str, *, flag: str = "--where") -> Condition:
    """Read a condition; `flag` is where it was written."""
    return _Parser(text, flag).condition_alone()


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


class _Parser:
    """Reads the tokens of a condition from left to right.

    ```
    condition  = all { "or" all }
    all        = one { "and" one }
    one        = "not" one | "(" condition ")" | key operator value
    operator   = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~"        ~ is: contains
    value      = a number, a word, or a text in quotes
    ```
    """

    def __init__(self, text: str, flag: str) -> None:
        self.flag = flag
        self.depth = 0
        if len(text) > MAX_CHARACTERS:
            raise UsageError(f"has more than {MAX_CHARACTERS:,} characters.", where=flag)
        self.tokens = list(self.tokenize(text))
        self.next = 0

    def tokenize(self, text: str) -> Iterator[_Token]:
        position = 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            kind = (found and found.lastgroup) or "end"
            start = found.start(kind) if found else position
            token = _Token(kind, text[start : found.end() if found else len(text)], start + 1)
            if kind == "quote":
                raise self.wrong(token, "the quote that opens here is never closed.")
            yield token
            position = found.end() if found else len(text)
        yield _Token("end", "", len(text.rstrip()) + 1)

    def condition_alone(self) -> Condition:
        if self.tokens[0].kind == "end":
            raise UsageError("the condition is empty.", where=self.flag, fix=_EXAMPLE)
        condition = self.condition()
        token = self.tokens[self.next]
        if token.kind == "end":
            return condition
        if token.text == ")":
            raise self.wrong(token, "this ')' closes nothing.")
        fix = "Put a value of several words in quotes." if token.kind == "word" else None
        raise self.wrong(token, f"expected 'and' or 'or', got {_shown(token)}.", fix)

    def condition(self) -> Condition:
        return self.joined("or", lambda: self.joined("and", self.one))

    def joined(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self.at_word(word):
            self.next += 1
            parts.append(part())
        return parts[0] if len(parts) == 1 else Junction(tuple(parts), every=word == "and")

    def one(self) -> Condition:
        token = self.take()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.wrong(token, f"more than {MAX_DEPTH} levels of brackets.")
        if _is_word(token, "not"):
            condition: Condition = Junction((self.one(),), negated=True)
        elif token.text == "(":
            condition = self.condition()
            closing = self.take()
            if closing.text != ")":
                what = f"expected 'and', 'or' or ')', got {_shown(closing)}."
                raise self.wrong(closing, what, f"The bracket opens at column {token.column}.")
        else:
            condition = self.comparison(token)
        self.depth -= 1
        return condition

    def comparison(self, token: _Token) -> Comparison:
        if token.kind not in ("word", "text") or any(_is_word(token, word) for word in _WORDS):
            what = f"expected a key such as 'status' or 'test.accuracy', got {_shown(token)}."
            raise self.wrong(token, what)
        sign = self.take()
        if sign.text not in (*OPERATORS, "=="):
            instead = _INSTEAD.get(sign.text)
            what = f"expected one of {' '.join(OPERATORS)} after '{token.text}', "
            fix = f"Write '{instead}'." if instead else None
            raise self.wrong(sign, f"{what}got {_shown(sign)}.", fix)
        value = self.take()
        if value.kind not in ("word", "text"):
            what = f"expected a value after '{sign.text}', got {_shown(value)}."
            raise self.wrong(value, what, 'The empty text is "".' if value.kind == "end" else None)
        key = _unquoted(token) if token.kind == "text" else token.text
        return Comparison(key, sign.text.replace("==", "="), self.value(value), token.column)

    def value(self, token: _Token) -> scalars.Scalar:
        if token.kind == "text":
            return _unquoted(token)
        try:
            return scalars.resolve(token.text)
        except ValueError as error:
            raise self.wrong(token, f"{error}.") from error

    def take(self) -> _Token:
        token = self.tokens[self.next]
        self.next = min(self.next + 1, len(self.tokens) - 1)
        return token

    def at_word(self, word: str) -> bool:
        token = self.tokens[self.next]
        if token.kind == "sign" and _INSTEAD.get(token.text) in ("and", "or"):
            raise self.wrong(token, f"'{token.text}' joins nothing here.",
                             f"Write '{_INSTEAD[token.text]}'.")  # fmt: skip
        return _is_word(token, word)

    def wrong(self, token: _Token, what: str, fix: str | None = None) -> UsageError:
        return UsageError(what, where=f"{self.flag}, column {token.column}", fix=fix)


def _is_word(token: _Token, word: str) -> bool:
    return token.kind == "word" and token.text.lower() == word


def _shown(token: _Token) -> str:
    return "the end" if token.kind == "end" else f"'{token.text[:40]}'"


def _unquoted(token: _Token) -> str:
    return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
