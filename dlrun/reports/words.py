"""Which words move an answer: how it changes when one is left out of the texts that have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.columns.packing import Part
from dlrun.columns.text import Text
from dlrun.columns.word_numbers import PADDING, UNKNOWN, WordNumbers

MOST_ROWS: Final = 500
MOST_VARIANTS: Final = 10_000
"""So many rows with a word left out are asked of a network, over all rows."""
LEAST_ROWS: Final = 3
"""A word that stands in fewer of the rows tells of these rows, and not of itself."""


@dataclass(frozen=True)
class WordEffect:
    """How a word moves the answers for the rows that have it."""

    word: str
    toward: str  # the class whose score it raises; of a number `higher` or `lower`
    mean: float  # by how much it raises it, over the rows; never negative
    deviation: float  # over the rows, `ddof=0`
    rows: int  # how many have it


@dataclass(frozen=True)
class WordEffects:
    """The words of a column that move the answers most, those with the largest means first."""

    column: str
    split: str
    rows: int  # that were looked at
    total: int  # that the split has
    words: tuple[WordEffect, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {**vars(self), "words": [vars(one) for one in self.words]}


def numbers_of(part: Part) -> WordNumbers | None:
    """Give the numbers of the words of a part of a row; None where it holds no such numbers."""
    is_text = part.ids and isinstance(part.column, Text)
    return part.column.numbers if is_text and isinstance(part.column, Text) else None


def without_each(numbers: NDArray[Any]) -> tuple[list[int], NDArray[Any]]:
    """Leave each different word of a row, `(steps,)`, out of it wherever it stands.

    Returns the numbers that were left out, in their order, and `(words, steps)`: what stood behind
    moves up, and zeros follow. Where nothing is left, one unknown word stands, as in a text without
    words.
    """
    there = [number for number in numbers.tolist() if number != PADDING]
    words = list(dict.fromkeys(there))
    changed = np.zeros((len(words), len(numbers)), numbers.dtype)
    for row, word in enumerate(words):
        left = [number for number in there if number != word] or [UNKNOWN]
        changed[row, : len(left)] = left
    return [int(word) for word in words], changed


def effects_in_rows(
    x: NDArray[Any], part: Part, score: Callable[[NDArray[Any]], NDArray[Any]]
) -> Iterator[tuple[list[int], NDArray[np.float64]]]:
    """Tell of each row, `(rows, width)`, how each of its words moves its scores: `(words, scores)`.

    All rows, and all that are made of them, are asked of `score` at once.
    """
    left_out, asked = [], []
    for row in x:
        words, changed = without_each(row[part.begin : part.end])
        rows = np.repeat(row[None], 1 + len(words), axis=0)
        rows[1:, part.begin : part.end] = changed
        left_out.append(words)
        asked.append(rows)
    if not asked:
        return
    scores = np.asarray(score(np.concatenate(asked)), np.float64)
    scores = scores.reshape(len(scores), -1)  # (all rows, scores)
    begin = 0
    for words in left_out:
        yield words, scores[begin] - scores[begin + 1 : begin + 1 + len(words)]
        begin += 1 + len(words)


def word_effects(
    x: NDArray[Any],
    part: Part,
    score: Callable[[NDArray[Any]], NDArray[Any]],
    *,
    split: str,
    names: Sequence[str],
) -> WordEffects | None:
    """Measure how words move the scores of rows, `(rows, width)`; None where `part` has no words.

    Args:
        x: The rows; of many, some are looked at, evenly spaced.
        part: Where the numbers of the words stand.
        score: Gives a score for each class, or target: `(rows, scores)`.
        split: Whose rows they are.
        names: The classes; none for numbers, of which the first is looked at.
    """
    numbers = numbers_of(part)
    if numbers is None:
        return None
    chosen = _chosen(x[:, part.begin : part.end])
    found: dict[int, list[NDArray[np.float64]]] = {}
    for words, moved in effects_in_rows(x[chosen], part, score):
        for word, effect in zip(words, moved, strict=True):
            if word != UNKNOWN:
                found.setdefault(word, []).append(effect)
    told = [
        _effect(numbers.word(word), np.stack(effects), names)
        for word, effects in found.items()
        if len(effects) >= LEAST_ROWS
    ]
    told.sort(key=lambda one: (-one.mean, one.word))
    return WordEffects(part.column.name, split, len(chosen), len(x), tuple(told))


def _chosen(numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Choose rows, evenly spaced where they are too many, or have too many words."""
    words = max(1.0, float((numbers != PADDING).sum()) / max(1, len(numbers)))
    most = min(MOST_ROWS, int(MOST_VARIANTS // words))
    if len(numbers) <= most:
        return np.arange(len(numbers))
    return np.linspace(0, len(numbers) - 1, most).round().astype(np.int64)


def _effect(word: str, moved: NDArray[np.float64], names: Sequence[str]) -> WordEffect:
    """Sum up how a word moved the scores of rows, `(rows, scores)`."""
    if not names:
        moved = np.stack([moved[:, 0], -moved[:, 0]], axis=1)
        names = ("higher", "lower")
    means = moved.mean(axis=0)
    place = int(np.argmax(means))
    return WordEffect(
        word, names[place], float(means[place]), float(moved[:, place].std()), len(moved)
    )


def largest(effects: WordEffects, most: int) -> Iterator[WordEffect]:
    """Give the words that move the answers most: of each class as many, as far as there are."""
    towards = list(dict.fromkeys(one.toward for one in effects.words))
    share = max(1, most // max(1, len(towards)))
    for toward in sorted(towards):
        yield from [one for one in effects.words if one.toward == toward][:share]
