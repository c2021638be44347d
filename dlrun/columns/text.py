"""A text, as a bag of its words: how often each of a vocabulary stands in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.column import Holds, RawColumn
from dlrun.columns.filling import missing_error
from dlrun.columns.fitted import Fitted, column_error, numbers_within
from dlrun.columns.graphs import Lookups, refuse, words_in
from dlrun.columns.plain_numpy import PlainNumpy
from dlrun.columns.values import TrainingValues
from dlrun.errors import Problem
from dlrun.wording import tally

READS = ("text",)
WORD: Final = re.compile(r"(?u)\b\w\w+\b")
"""As scikit-learn's vectorizers have it: two letters, digits or underscores at least."""
MOST_WORDS = 100_000
WORDS_OF_HASH = "#"
ENCODE: Final = '''\
def encode_text(column, cells):
    """How often each word stands in a text, or how much it weighs: (rows, width)."""
    places = {word: place for place, word in enumerate(column["words"])}
    entries = np.zeros((len(cells), column["width"]))
    for row, cell in enumerate(cells):
        told = text_of(cell)
        if told is None and not column["may_be_missing"]:
            raise ValueError(f"row {row}, column {column['name']!r}: a text is missing")
        for word in re.findall(r"\\b\\w\\w+\\b", (told or "").lower()):
            place = PLACE
            if place is not None:
                entries[row, place] += 1
    if column["weight"] == "binary":
        return np.minimum(entries, 1)
    if column["weight"] == "tfidf":
        entries *= column["idf"]
        lengths = np.sqrt((entries**2).sum(axis=1, keepdims=True))
        entries /= np.where(lengths, lengths, 1)
    return entries'''
HASHED: Final = '''\
def bucket_of(word, buckets):
    """The MurmurHash3 of a word (32 bits, seed 0), as the number of an entry."""
    data, state, mask = word.encode(), 0, 0xFFFFFFFF
    for begin in range(0, len(data), 4):
        block = data[begin : begin + 4]
        mixed = int.from_bytes(block, "little") * 0xCC9E2D51 & mask
        mixed = (mixed << 15 | mixed >> 17) * 0x1B873593 & mask
        state ^= mixed
        if len(block) == 4:
            state = ((state << 13 | state >> 19) * 5 + 0xE6546B64) & mask
    state ^= len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & mask
    state = (state ^ state >> 13) * 0xC2B2AE35 & mask
    state ^= state >> 16
    return abs(state - 2**32 if state >= 2**31 else state) % buckets'''


@dataclass(frozen=True, kw_only=True)
class Text(Fitted):
    """A text, fitted."""

    kind: Literal["text"] = "text"
    holds: Holds = "text"
    words: tuple[str, ...]  # sorted; none where they are hashed
    buckets: int | None = None  # how many numbers the words share
    weight: Literal["count", "binary", "tfidf"] = "count"
    idf: tuple[float, ...] = ()  # of each entry, where it is weighed so
    missing: Literal["error", "empty"] = "error"
    lacking: int = 0  # how many training rows have no value

    @property
    def entries(self) -> tuple[str, ...]:
        """One for each word, or for each number that words share."""
        if self.buckets is not None:
            return tuple(f"{self.name}: {WORDS_OF_HASH}{number}" for number in range(self.buckets))
        return tuple(f"{self.name}: {word}" for word in self.words)

    def apply(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.float32]:
        """Count words: `(rows, entries)`, all 0 where the text is missing."""
        lacking = np.isnan(values)
        if self.missing == "error" and lacking.any():
            raise missing_error(self.name, int(np.argmax(lacking)), "empty, for no words")
        width = self.buckets or len(self.words)
        entries = np.zeros((len(values), width), np.float32)
        there = np.flatnonzero(~lacking)
        codes, place = np.unique(values[there].astype(np.int64), return_inverse=True)
        bags = [self._bag(texts[code]) for code in codes.tolist()]
        for row, number in zip(there.tolist(), place.tolist(), strict=True):
            found, weights = bags[number]
            entries[row, found] = weights
        return entries

    def apply_tf(self, values: Any, lookups: Lookups) -> Any:
        """Count words, as `apply` does: `(rows, entries)`."""
        from dlrun.backend import tf

        if self.buckets is not None:
            raise NotImplementedError("the MurmurHash3 of `hash`")
        if self.missing == "error":
            refuse(values == "", self.name, "a value is missing")
        words = words_in(values)
        places = lookups.find(words.flat_values, self.words)
        at = tf.stack([words.value_rowids(), places], axis=1)[places >= 0]
        shape = [tf.shape(values, out_type=tf.int64)[0], len(self.words)]
        counts = tf.scatter_nd(at, tf.ones_like(at[:, 0], tf.float64), shape)
        if self.weight == "count":
            return counts
        if self.weight == "binary":
            return tf.minimum(counts, 1)
        weights = counts * tf.constant(self.idf, tf.float64)
        length = tf.sqrt(tf.reduce_sum(weights**2, axis=1, keepdims=True))
        return tf.math.divide_no_nan(weights, length)

    def plain_numpy(self) -> PlainNumpy:
        """Count words of the vocabulary, or their hashes."""
        is_hashed = self.buckets is not None
        place = 'bucket_of(word, column["width"])' if is_hashed else "places.get(word)"
        facts = {
            "words": [*self.words],
            "width": len(self.entries),
            "weight": self.weight,
            "idf": [*self.idf],
            "may_be_missing": self.missing == "empty",
        }
        return PlainNumpy(ENCODE.replace("PLACE", place), facts, (HASHED,) if is_hashed else ())

    def _bag(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The entries of a text that are not 0, and what they are."""
        numbers = self._numbers(text)
        counted = Counter(numbers)
        found = np.array(sorted(counted), np.int64)
        weights = np.array([counted[number] for number in found.tolist()], np.float64)
        if self.weight == "count":
            return found, weights
        if self.weight == "binary":
            return found, np.ones_like(weights)
        weights = weights * np.array(self.idf)[found] if len(found) else weights
        length = float(np.sqrt((weights**2).sum()))
        return found, weights / length if length else weights

    def _numbers(self, text: str) -> list[int]:
        """The number of every word of a text that has one, in their order."""
        if self.buckets is not None:
            return [bucket_of(word, self.buckets) for word in words_of(text)]
        known = _places(self.words)
        return [known[word] for word in words_of(text) if word in known]

    def undo(self, entries: NDArray[Any]) -> list[str]:
        """Write the words whose entries are not 0."""
        names = [name.removeprefix(f"{self.name}: ") for name in self.entries]
        return [" ".join(names[place] for place in np.flatnonzero(row).tolist()) for row in entries]

    def notes(self) -> list[str]:
        """Say what of the texts is kept."""
        kept = f"its words share {self.buckets:,} entries" if self.buckets else (
            f"{tally(len(self.words), 'word')} of the training rows, each with an entry; others "
            "are not seen")  # fmt: skip
        if not self.lacking:
            return [kept]
        verb = "has" if self.lacking == 1 else "have"
        return [kept, f"{tally(self.lacking, 'missing text')} of the training rows {verb} no words"]

    def unknown(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> dict[str, int]:
        """Count missing texts, and those of which no word is known."""
        lacking = np.isnan(values)
        codes, counts = np.unique(values[~lacking].astype(np.int64), return_counts=True)
        unknown = sum(
            count
            for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
            if not self._numbers(texts[code])
        )
        found = {"missing": int(np.count_nonzero(lacking)), "without a known word": unknown}
        return {what: count for what, count in found.items() if count}

    def misfit(self) -> str | None:
        """Say what does not fit."""
        if len(set(self.words)) < len(self.words) or bool(self.words) == bool(self.buckets):
            return "words should be different from each other, or be hashed"
        if self.buckets is not None and not 1 <= self.buckets <= MOST_WORDS:
            return f"buckets should be 1 to {MOST_WORDS}"
        if len(self.idf) != (len(self.entries) if self.weight == "tfidf" else 0):
            return "idf should have one number for each entry"
        return super().misfit()


def check(column: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what cannot be asked of one, whatever its values are."""
    limits = dict.fromkeys(("vocabulary", "min_count", "hash"), MOST_WORDS)
    yield from numbers_within(column, options, limits)


def fit(
    *,
    column: RawColumn,
    values: TrainingValues,
    vocabulary: int = 1000,
    hash: int | None = None,  # noqa: A002  that is what a config says
    weight: Literal["count", "binary", "tfidf"] = "count",
    min_count: int = 1,
    missing: Literal["error", "empty"] = "error",
) -> Text:
    """A text of any words, as a bag of them: one entry a word, whatever their order.

    A word has two letters or digits at least, in any case, as in scikit-learn's vectorizers. Words
    that no training row has are not seen.

    Args:
        column: How it was read.
        values: Its values in the training rows.
        vocabulary: How many words have an entry: the most frequent ones of the training rows.
        hash: How many entries all words share by their hashes (MurmurHash3), in the place of a
            vocabulary; null for a vocabulary.
        weight: What an entry holds: how often the word stands there (count), whether it does
            (binary), or the count times the logarithm of how rare it is, scaled to length 1
            (tfidf).
        min_count: In how many training rows a word must stand to have an entry.
        missing: What a missing text is: without words (empty), or an error.
    """
    name = column.name
    total, spread = _count_words(column, values, hash)
    frequent = [word for word in total if spread[word] >= min_count]
    frequent.sort(key=lambda word: (-total[word], word))
    words = tuple(sorted(frequent[:vocabulary])) if hash is None else ()
    if not words and hash is None:
        what = f"no word stands in {tally(min_count, 'training row')}."
        raise column_error(name, what, "Choose a smaller `min_count`, or leave the column out.")
    order = words if hash is None else tuple(map(str, range(hash)))
    return Text(
        name=name,
        words=words,
        buckets=hash,
        weight=weight,
        idf=tuple(_rarity(len(values), spread[word]) for word in order)
        if weight == "tfidf"
        else (),
        missing=missing,
        lacking=values.missing,
    )


def _count_words(
    column: RawColumn, values: TrainingValues, buckets: int | None
) -> tuple[Counter[str], Counter[str]]:
    """How often each word, or bucket, stands in the training rows, and in how many of them."""
    codes, rows = values.tally()
    total: Counter[str] = Counter()
    spread: Counter[str] = Counter()
    for code, times in zip(codes.astype(np.int64).tolist(), rows.tolist(), strict=True):
        bag = words_of(column.texts[code])
        if buckets is not None:
            bag = [str(bucket_of(word, buckets)) for word in bag]
        for word, number in Counter(bag).items():
            total[word] += number * times
            spread[word] += times
    return total, spread


def _rarity(rows: int, with_word: int) -> float:
    """`ln((1 + rows) / (1 + rows with the word)) + 1`, as `TfidfVectorizer` has it."""
    return float(np.log((1 + rows) / (1 + with_word)) + 1)


def words_of(text: str) -> list[str]:
    """Cut a text into its words, in small letters."""
    return WORD.findall(text.lower())


@lru_cache(maxsize=2**16)
def bucket_of(word: str, buckets: int) -> int:
    """The number that a word shares: its MurmurHash3 (32 bits, seed 0), as scikit-learn has it."""
    data, state, mask = word.encode(), 0, 0xFFFFFFFF
    for begin in range(0, len(data), 4):
        block = data[begin : begin + 4]
        mixed = int.from_bytes(block, "little") * 0xCC9E2D51 & mask
        mixed = (mixed << 15 | mixed >> 17) * 0x1B873593 & mask
        state ^= mixed
        if len(block) == 4:  # noqa: PLR2004
            state = ((state << 13 | state >> 19) * 5 + 0xE6546B64) & mask
    state ^= len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & mask
    state = (state ^ state >> 13) * 0xC2B2AE35 & mask
    state ^= state >> 16
    signed = state - 2**32 if state >= 2**31 else state
    return abs(signed) % buckets


@lru_cache(maxsize=64)
def _places(words: tuple[str, ...]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}
