"""A text as the numbers of its words, as Keras's `TextVectorization` numbers them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase, punctuation
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import STRICT
from dlrun.columns.graphs import Lookups
from dlrun.wording import tally

PADDING: Final = 0
UNKNOWN: Final = 1
FIRST: Final = 2
"""The number of the most frequent word."""
UNKNOWN_WORD: Final = "[UNK]"
"""How Keras writes a word that has no number."""
MOST_STEPS: Final = 10_000
LONGEST: Final = 250
"""So many words a text keeps where the config does not say how many."""

STRIPPED: Final = "[" + "".join(rf"\{one}" for one in punctuation) + "]"
"""A pattern for what is taken away, in Python's language and in RE2's."""
_IN_SMALL: Final = str.maketrans(ascii_uppercase, ascii_lowercase, punctuation)
_WORD: Final = re.compile(r"[^\t-\r ]+")  # what stands between blanks of ASCII

ENCODE_NUMBERS: Final = '''\
def word_numbers(column, cells):
    """The numbers of the words of a text, in their order: (rows, length); 0 is padding, 1 new."""
    from string import ascii_lowercase, ascii_uppercase, punctuation

    known = {word: number for number, word in enumerate(column["numbered"], 2)}
    in_small = str.maketrans(ascii_uppercase, ascii_lowercase, punctuation)
    numbers = np.zeros((len(cells), column["length"]), int)
    for row, cell in enumerate(cells):
        told = text_of(cell)
        if told is None and not column["may_be_missing"]:
            raise ValueError(f"row {row}, column {column['name']!r}: a text is missing")
        words = re.findall("[^\\t-\\r ]+", (told or "").translate(in_small))[: column["length"]]
        found = [known.get(word, 1) for word in words] or [1]
        numbers[row, : len(found)] = found
    return numbers'''


def split_words(text: str) -> list[str]:
    """Cut a text into its words as `TextVectorization` does by default.

    Letters of ASCII become small, others stay; the punctuation of ASCII is taken away, so that
    `don't` is `dont`; what stands between blanks of ASCII is a word.
    """
    return _WORD.findall(text.translate(_IN_SMALL))


@dataclass(frozen=True, kw_only=True)
class WordNumbers:
    """Which number each word has, and how many words of a text are read."""

    __pydantic_config__ = STRICT

    words: tuple[str, ...]  # the most frequent first; the first one has the number 2
    length: int  # so many numbers a text has: more are cut off, fewer are followed by zeros
    cut: int  # how many training rows have more words
    edges: tuple[float, ...]  # between the bins of how many words a text has

    @property
    def ids(self) -> int:
        """How many numbers there are: those of the words, of padding, and of any other word."""
        return FIRST + len(self.words)

    def of(self, texts: Iterable[str]) -> NDArray[np.int64]:
        """Number the words of texts, `(texts, length)`.

        What has no words at all is one unknown word: a mean over the words that a mask leaves
        would be NaN, were there none.
        """
        known, rows = _numbers_of(self.words), []
        for text in texts:
            row = [known.get(word, UNKNOWN) for word in split_words(text)[: self.length]]
            row = row or [UNKNOWN]
            rows.append(row + [PADDING] * (self.length - len(row)))
        return np.array(rows, np.int64).reshape(-1, self.length)

    def of_tf(self, texts: Any, lookups: Lookups) -> Any:
        """Number the words of a tensor of texts, `(rows,)`, as `of` does: `(rows, length)`."""
        from dlrun.backend import tf

        small = tf.strings.regex_replace(tf.strings.lower(texts), STRIPPED, "")
        words = tf.strings.split(small)  # (rows, (words))
        places = lookups.find(words.flat_values, self.words)  # -1 for others
        unknown, first = (tf.constant(one, tf.int64) for one in (UNKNOWN, FIRST))
        numbers = words.with_flat_values(tf.where(places < 0, unknown, places + first))
        padded = numbers.to_tensor(PADDING, shape=[None, self.length])  # (rows, length)
        is_empty = (words.row_lengths() == 0)[:, None] & (tf.range(self.length) == 0)[None]
        return tf.where(is_empty, unknown, padded)

    def written(self, numbers: NDArray[Any]) -> list[str]:
        """Write the words of rows of numbers, `(rows, length)`, without the padding."""
        return [" ".join(self.words_at(row)) for row in numbers.astype(np.int64).tolist()]

    def words_at(self, numbers: Sequence[int]) -> list[str]:
        """Name the words that have these numbers."""
        return [self.word(number) for number in numbers if number != PADDING]

    def word(self, number: int) -> str:
        """Name the word that has a number."""
        return UNKNOWN_WORD if number < FIRST else self.words[number - FIRST]

    def unknown_words(self, text: str) -> int:
        """Count the words of a text, as far as it is read, that have no number."""
        known = _numbers_of(self.words)
        return sum(word not in known for word in split_words(text)[: self.length])

    def notes(self) -> list[str]:
        """Say what is numbered, and what is cut."""
        numbered = f"{tally(len(self.words), 'word')} of the training rows, numbered from {FIRST}"
        said = f"{numbered} on ({PADDING} is padding, {UNKNOWN} any other word)"
        read = f"{tally(self.length, 'word')} of a text {'is' if self.length == 1 else 'are'} read"
        if self.cut:
            read += f", of {tally(self.cut, 'training row')} not all"
        return [said, read]

    def misfit(self) -> str | None:
        """Say what does not fit."""
        if len(set(self.words)) < len(self.words):
            return "numbers.words should be different from each other"
        if not 1 <= self.length <= MOST_STEPS:
            return f"numbers.length should be 1 to {MOST_STEPS}"
        return None


def choose_words(total: Mapping[str, int], most: int) -> tuple[str, ...]:
    """Choose the most frequent words; of equally frequent ones the last in the alphabet first.

    Source: keras.layers.TextVectorization.adapt
    """
    ordered = sorted(total, key=lambda word: (total[word], word), reverse=True)
    return tuple(ordered[:most])


def count_words(texts: Iterable[tuple[str, int]]) -> tuple[Counter[str], Counter[str]]:
    """Count how often each word stands in texts, and in how many, given how often each comes."""
    total: Counter[str] = Counter()
    spread: Counter[str] = Counter()
    for text, times in texts:
        for word, number in Counter(split_words(text)).items():
            total[word] += number * times
            spread[word] += times
    return total, spread


@lru_cache(maxsize=64)
def _numbers_of(words: tuple[str, ...]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words, FIRST)}
