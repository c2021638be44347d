"""A text: how often each word of a vocabulary stands in it, or the numbers of its words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from inspect import getsource
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.column import Holds, RawColumn, Way
from dlrun.columns.filling import missing_error
from dlrun.columns.fitted import Fitted, column_error, numbers_within
from dlrun.columns.graphs import Lookups, refuse, words_in
from dlrun.columns.plain_numpy import PlainNumpy
from dlrun.columns.values import TrainingValues, count_between, edges_between, name_bins
from dlrun.columns.word_numbers import (
    ENCODE_NUMBERS,
    LONGEST,
    MOST_STEPS,
    WordNumbers,
    choose_words,
    count_words,
    split_words,
)
from dlrun.errors import ConfigError, Problem
from dlrun.wording import tally

READS = ("text",)
WORD: Final = re.compile(r"(?u)\b\w\w+\b")
"""As scikit-learn's vectorizers have it: two letters, digits or underscores at least."""
MOST_WORDS = 100_000
VOCABULARY = 1_000
"""So many words have an entry where the config does not say how many."""
NUMBERED = 10_000
"""So many words have a number where the config does not say how many."""
WORDS_OF_HASH = "#"
ENCODE: Final = '''\
def encode_text(column, cells):
    """How often each word stands in a text, or how much it weighs: (rows, width)."""
    if column.get("is_number"):
        return word_numbers(column, cells)
    places = {word: place for place, word in enumerate(column["words"])}
    entries = np.zeros((len(cells), column["width"]))
    for row, cell in enumerate(cells):
        told = text_of(cell)
        if told is None and not column["may_be_missing"]:
            raise ValueError(f"row {row}, column {column['name']!r}: a text is missing")
        for word in re.findall(r"\\b\\w\\w+\\b", (told or "").lower()):
            place = bucket_of(word, column["width"]) if column["is_hashed"] else places.get(word)
            if place is not None:
                entries[row, place] += 1
    if column["weight"] == "binary":
        return np.minimum(entries, 1)
    if column["weight"] == "tfidf":
        entries *= column["idf"]
        lengths = np.sqrt((entries**2).sum(axis=1, keepdims=True))
        entries /= np.where(lengths, lengths, 1)
    return entries'''


@dataclass(frozen=True, kw_only=True)
class Text(Fitted):
    """A text, fitted."""

    kind: Literal["text"] = "text"
    holds: Holds = "text"
    words: tuple[str, ...] = ()  # with an entry each, sorted; none where they are hashed
    buckets: int | None = None  # how many numbers the words share
    weight: Literal["count", "binary", "tfidf"] = "count"
    idf: tuple[float, ...] = ()  # of each entry, where it is weighed so
    missing: Literal["error", "empty"] = "error"
    lacking: int = 0  # how many training rows have no value
    numbers: WordNumbers | None = None  # where layers look words up

    @property
    def is_read(self) -> bool:
        """A text is read always: as entries, as numbers, or as both."""
        return True

    @property
    def ids(self) -> int | None:
        """The words, padding, and any other word; None where no layer looks them up."""
        return None if self.numbers is None else self.numbers.ids

    @property
    def steps(self) -> int:
        """How many words of a text are read."""
        return 1 if self.numbers is None else self.numbers.length

    @property
    def entries(self) -> tuple[str, ...]:
        """One for each word, or for each number that words share."""
        if self.buckets is not None:
            return tuple(f"{self.name}: {WORDS_OF_HASH}{number}" for number in range(self.buckets))
        return tuple(f"{self.name}: {word}" for word in self.words)

    def apply(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.float32]:
        """Count words: `(rows, entries)`, all 0 where the text is missing."""
        there, codes, place = self._different(values)
        width = self.buckets or len(self.words)
        entries = np.zeros((len(values), width), np.float32)
        bags = [self._bag(texts[code]) for code in codes.tolist()]
        for row, number in zip(there.tolist(), place.tolist(), strict=True):
            found, weights = bags[number]
            entries[row, found] = weights
        return entries

    def numbered(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.int64]:
        """Number words: `(rows, steps)`; a missing text is like one without words."""
        if self.numbers is None:
            raise NotImplementedError(self.kind)
        there, codes, place = self._different(values)
        numbers = np.repeat(self.numbers.of([""]), len(values), axis=0)
        numbers[there] = self.numbers.of([texts[code] for code in codes.tolist()])[place]
        return numbers

    def _different(
        self, values: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Which rows have a text, the codes of the different ones, and which of these each has."""
        lacking = np.isnan(values)
        if self.missing == "error" and lacking.any():
            raise missing_error(self.name, int(np.argmax(lacking)), "empty, for no words")
        there = np.flatnonzero(~lacking)
        codes, place = np.unique(values[there].astype(np.int64), return_inverse=True)
        return there, codes, place

    def numbered_tf(self, values: Any, lookups: Lookups) -> Any:
        """Number words, as `numbered` does: `(rows, steps)`, int64."""
        if self.numbers is None:
            raise NotImplementedError(self.kind)
        if self.missing == "error":
            refuse(values == "", self.name, "a value is missing")
        return self.numbers.of_tf(values, lookups)

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
        """Count words of the vocabulary, or their hashes; the file says where it is numbers."""
        facts = {
            "words": [*self.words],
            "width": len(self.entries),
            "is_hashed": self.buckets is not None,
            "weight": self.weight,
            "idf": [*self.idf],
            "may_be_missing": self.missing == "empty",
        }
        if self.numbers is not None:
            facts |= {"numbered": [*self.numbers.words], "length": self.numbers.length}
        return PlainNumpy(ENCODE, facts, (getsource(bucket_of).strip(), ENCODE_NUMBERS))

    def _bag(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The entries of a text that are not 0, and what they are."""
        numbers = self._places(text)
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

    def _places(self, text: str) -> list[int]:
        """The entry of every word of a text that has one, in their order."""
        if self.buckets is not None:
            return [_bucket_of(word, self.buckets) for word in words_of(text)]
        known = _places_of(self.words)
        return [known[word] for word in words_of(text) if word in known]

    def undo(self, entries: NDArray[Any]) -> list[str]:
        """Write the words whose entries are not 0."""
        names = [name.removeprefix(f"{self.name}: ") for name in self.entries]
        return [" ".join(names[place] for place in np.flatnonzero(row).tolist()) for row in entries]

    def undo_numbered(self, numbers: NDArray[Any]) -> list[str]:
        """Write the words that have these numbers, `(rows, steps)`."""
        return [] if self.numbers is None else self.numbers.written(numbers)

    def notes(self) -> list[str]:
        """Say what of the texts is kept."""
        said = []
        if self.buckets:
            said.append(f"its words share {self.buckets:,} entries")
        elif self.words:
            kept = f"{tally(len(self.words), 'word')} of the training rows, each with an entry"
            said.append(f"{kept}; others are not seen")
        if self.numbers is not None:
            said += self.numbers.notes()
        if self.lacking:
            verb = "has" if self.lacking == 1 else "have"
            missing = tally(self.lacking, "missing text")
            said.append(f"{missing} of the training rows {verb} no words")
        return said

    def unknown(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> dict[str, int]:
        """Count missing texts, those of which no word is known, and words that have no number."""
        lacking = np.isnan(values)
        codes, counts = np.unique(values[~lacking].astype(np.int64), return_counts=True)
        found = {"missing": int(np.count_nonzero(lacking)), "without a known word": 0}
        words = 0
        for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
            text = texts[code]
            if self.numbers is not None:
                unknown = self.numbers.unknown_words(text)
                words += unknown * count
                is_known = unknown < min(len(split_words(text)), self.steps)
            else:
                is_known = bool(self._places(text))
            found["without a known word"] += 0 if is_known else count
        if words:
            found[f"unknown {'word' if words == 1 else 'words'}"] = words
        return {what: count for what, count in found.items() if count}

    @property
    def bins(self) -> tuple[str, ...]:
        """How many words texts have, where they are numbered."""
        if self.numbers is None:
            return ()
        edges = [f"{edge:.0f}" for edge in self.numbers.edges]
        return tuple(one if one == "missing" else f"{one} words" for one in name_bins(edges))

    def binned(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.int64]:
        """Count how many texts have so many words."""
        if self.numbers is None:
            return np.zeros(0, np.int64)
        return count_between(_lengths(values, texts), self.numbers.edges)

    def misfit(self) -> str | None:
        """Say what does not fit."""
        ways = (bool(self.words), self.buckets is not None, self.numbers is not None)
        if len(set(self.words)) < len(self.words) or ways[:2] == (True, True) or not any(ways):
            return "words should be different from each other, or be hashed"
        if self.buckets is not None and not 1 <= self.buckets <= MOST_WORDS:
            return f"buckets should be 1 to {MOST_WORDS}"
        if len(self.idf) != (len(self.entries) if self.weight == "tfidf" else 0):
            return "idf should have one number for each entry"
        if self.numbers is not None and (wrong := self.numbers.misfit()) is not None:
            return wrong
        return super().misfit()


def check(column: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what cannot be asked of one, whatever its values are."""
    limits = dict.fromkeys(("vocabulary", "min_count", "hash"), MOST_WORDS)
    yield from numbers_within(column, options, {**limits, "length": MOST_STEPS})


def fit(
    *,
    column: RawColumn,
    values: TrainingValues,
    vocabulary: int | None = None,
    length: int | None = None,
    hash: int | None = None,  # noqa: A002  that is what a config says
    weight: Literal["count", "binary", "tfidf"] = "count",
    min_count: int = 1,
    missing: Literal["error", "empty"] = "error",
) -> Text:
    """A text of any words: a bag of them, one entry a word, or for an `Embedding` their numbers.

    In a bag, a word has two letters or digits at least, in any case, as in scikit-learn's
    vectorizers, and words that no training row has are not seen. An `Embedding` that names the
    column gets the words in their order, cut and numbered as Keras's `TextVectorization` does by
    default: 0 is padding, 1 any other word, and the most frequent word has the number 2.

    Args:
        column: How it was read.
        values: Its values in the training rows.
        vocabulary: How many words have an entry, or a number: the most frequent ones of the
            training rows; null for 1,000 entries, and 10,000 numbers.
        length: How many words of a text an `Embedding` gets: more are cut off at the end, fewer
            are followed by zeros; null for those of the longest training row, 250 at most.
        hash: How many entries all words share by their hashes (MurmurHash3), in the place of a
            vocabulary; null for a vocabulary.
        weight: What an entry holds: how often the word stands there (count), whether it does
            (binary), or the count times the logarithm of how rare it is, scaled to length 1
            (tfidf).
        min_count: In how many training rows a word must stand to have an entry, or a number.
        missing: What a missing text is: without words (empty), or an error.
    """
    name = column.name
    _check_ways(name, column.ways, {"length": length, "hash": hash, "weight": weight})
    numbers, bag = None, {}
    if "ids" in column.ways:
        numbers = _fit_numbers(column, values, vocabulary or NUMBERED, length, min_count)
    if "entries" in column.ways:
        bag = _fit_bag(column, values, vocabulary or VOCABULARY, hash, min_count)
        weighed = [str(number) for number in range(hash or 0)] or bag["words"]
        spread = bag.pop("spread")
        if weight == "tfidf":
            bag["idf"] = tuple(_rarity(len(values), spread[word]) for word in weighed)
    fitted = Text(
        name=name, weight=weight, missing=missing, lacking=values.missing, numbers=numbers, **bag
    )
    if numbers is None:
        return fitted
    seen = (0,) * len(fitted.bins)
    fitted = replace(fitted, seen=seen)
    return replace(fitted, seen=tuple(fitted.binned(values.sample, column.texts).tolist()))


def _check_ways(name: str, ways: frozenset[Way], given: Mapping[str, Any]) -> None:
    """Refuse options that say nothing as the column is read.

    Raises:
        ConfigError: There are some.
    """
    if given["length"] is not None and "ids" not in ways:
        what = "No layer looks its words up, so a length says nothing."
        fix = f"Let one do it: {{type: Embedding, inputs: [{name}], output_dim: 16}}."
        raise ConfigError(Problem(f"dataset.columns.{name}.length", what, fix))
    for option, idle in (("hash", None), ("weight", "count")):
        if "entries" not in ways and given[option] != idle:
            what = f"Layers look its words up alone, so '{option}' says nothing."
            raise ConfigError(Problem(f"dataset.columns.{name}.{option}", what, "Leave it out."))


def _fit_numbers(
    column: RawColumn, values: TrainingValues, most: int, length: int | None, least: int
) -> WordNumbers:
    """Number the words of the training rows, and choose how many of a text are read."""
    codes, rows = values.tally()
    texts = [column.texts[code] for code in codes.astype(np.int64).tolist()]
    total, spread = count_words(zip(texts, rows.tolist(), strict=True))
    words = choose_words({word: total[word] for word in total if spread[word] >= least}, most)
    if not words:
        raise _no_word(column.name, least)
    lengths = np.array([len(split_words(text)) for text in texts])
    steps = length or min(int(lengths.max()), LONGEST)
    edges = edges_between(_lengths(values.sample, column.texts))
    return WordNumbers(words=words, length=steps, cut=int(rows[lengths > steps].sum()), edges=edges)


def _lengths(values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.float64]:
    """How many words each text has, `(rows,)`; NaN where there is none."""
    lengths = np.full(len(values), np.nan)
    there = np.flatnonzero(~np.isnan(values))
    codes, place = np.unique(values[there].astype(np.int64), return_inverse=True)
    lengths[there] = np.array([len(split_words(texts[code])) for code in codes.tolist()])[place]
    return lengths


def _fit_bag(
    column: RawColumn,
    values: TrainingValues,
    most: int,
    buckets: int | None,
    least: int,
) -> dict[str, Any]:
    """Choose the words that have an entry; with in how many rows each stands (`spread`)."""
    total, spread = _count_words(column, values, buckets)
    frequent = [word for word in total if spread[word] >= least]
    frequent.sort(key=lambda word: (-total[word], word))
    words = tuple(sorted(frequent[:most])) if buckets is None else ()
    if not words and buckets is None:
        raise _no_word(column.name, least)
    return {"words": words, "buckets": buckets, "spread": spread}


def _no_word(name: str, least: int) -> Exception:
    what = f"no word stands in {tally(least, 'training row')}."
    return column_error(name, what, "Choose a smaller `min_count`, or leave the column out.")


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
            bag = [str(_bucket_of(word, buckets)) for word in bag]
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


def bucket_of(word: str, buckets: int) -> int:
    """The number that a word shares: its MurmurHash3 (32 bits, seed 0), as scikit-learn has it."""
    data, state, mask = word.encode(), 0, 0xFFFFFFFF
    for begin in range(0, len(data), 4):
        mixed = int.from_bytes(data[begin : begin + 4], "little") * 0xCC9E2D51 & mask
        mixed = (mixed << 15 | mixed >> 17) * 0x1B873593 & mask
        state ^= mixed
        if begin + 4 <= len(data):
            state = ((state << 13 | state >> 19) * 5 + 0xE6546B64) & mask
    state ^= len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & mask
    state = (state ^ state >> 13) * 0xC2B2AE35 & mask
    state ^= state >> 16
    signed = state - 2**32 if state >= 2**31 else state
    return abs(signed) % buckets


_bucket_of = lru_cache(maxsize=2**16)(bucket_of)


@lru_cache(maxsize=64)
def _places_of(words: tuple[str, ...]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}
