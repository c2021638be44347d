"""A category: one of several values, as one-hot entries or as a class number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.column import RawColumn
from dlrun.columns.filling import missing_error
from dlrun.columns.fitted import Fitted, column_error, numbers_within
from dlrun.columns.graphs import Lookups, refuse
from dlrun.columns.plain_numpy import PlainNumpy
from dlrun.columns.values import TrainingValues
from dlrun.errors import Problem
from dlrun.wording import quote, tally

READS = ("number", "text")
MOST_CLASSES = 10_000
ENCODE: Final = '''\
def encode_category(column, cells):
    """The number of each class, (rows, 1), or an entry for each of them, (rows, width)."""
    places = {value: place for place, value in enumerate(column["classes"])}
    numbers = []
    for row, cell in enumerate(cells):
        value = number_of(column, row, cell) if column["are_numbers"] else text_of(cell)
        if value is not None and value == value:
            numbers.append(places.get(value, column["other"]))
        elif column["missing"] is None:
            raise ValueError(f"row {row}, column {column['name']!r}: a value is missing")
        else:
            numbers.append(column["missing"])
    numbers = np.array(numbers, int)
    if column["is_number"]:
        return numbers[:, None]
    return (numbers[:, None] == np.arange(column["width"])).astype(float)'''
MOST_TOLD = 10
"""How many values that are new are told one by one."""


@dataclass(frozen=True, kw_only=True)
class Category(Fitted):
    """A category, fitted."""

    kind: Literal["category"] = "category"
    # As texts, in the order of their code points, or of the numbers: 3 of 3.0.
    classes: tuple[str, ...]
    values: tuple[float, ...] | None = None  # the numbers, where the column holds numbers
    missing: Literal["error", "own"] = "error"
    lacking: int = 0  # how many training rows have no value; their class follows the others
    rare: int = 0  # how many values were too rare to be a class of their own
    rare_rows: int = 0  # and in how many training rows they stand

    @property
    def entries(self) -> tuple[str, ...]:
        """One for each class, for what is missing, and for what is rare, where there was any."""
        return (
            *(f"{self.name}={one}" for one in self.classes),
            *[f"{self.name} (missing)"] * bool(self.lacking),
            *[f"{self.name} (other)"] * bool(self.rare),
        )

    @property
    def ids(self) -> int:
        """The classes, what is missing, and all others."""
        return self._other + 1

    @property
    def _other(self) -> int:
        return len(self.classes) + bool(self.lacking)

    def numbered(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.int64]:
        """Number the classes from 0; the last number is that of what is rare or new."""
        lacking = np.isnan(values)
        if self.missing == "error" and lacking.any():
            raise missing_error(self.name, int(np.argmax(lacking)), "own, for a class of its own")
        numbers = self._numbers(values, lacking, texts)
        numbers[lacking] = len(self.classes) if self.lacking else self._other
        return numbers[:, None]

    def _numbers(
        self, values: NDArray[np.float64], lacking: NDArray[np.bool_], texts: tuple[str, ...]
    ) -> NDArray[np.int64]:
        """Number what is not missing, `(rows,)`."""
        there = np.where(lacking, 0, values)
        if self.values is None:
            places = _places(self.classes, self._other, texts)
            codes = there.astype(np.int64)
            return places[codes] if len(places) else np.zeros(len(codes), np.int64)
        known = np.array(self.values)
        if not len(known):
            return np.full(len(there), self._other)
        near = np.minimum(np.searchsorted(known, there), len(known) - 1)
        return np.where(known[near] == there, near, self._other)

    def apply(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.float32]:
        """One-hot; all zero for a new value, unless rare ones have an entry, which it gets too."""
        numbers = self.numbered(values, texts)[:, 0]
        entries = np.zeros((len(numbers), len(self.entries)), np.float32)
        known = numbers < entries.shape[1]
        entries[np.flatnonzero(known), numbers[known]] = 1
        return entries

    def numbered_tf(self, values: Any, lookups: Lookups) -> Any:
        """Number the classes from 0, as `numbered` does: `(rows, 1)`, int64."""
        from dlrun.backend import tf

        other = tf.constant(self._other, tf.int64)
        if self.values is None:
            lacking = values == ""
            numbers = lookups.find(values, self.classes)
            numbers = tf.where(numbers < 0, other, numbers)
        else:
            lacking = tf.math.is_nan(values)
            known = tf.constant([*self.values, float("inf")], values.dtype)
            near = tf.searchsorted(known, tf.where(lacking, known[-1], values), out_type=tf.int64)
            is_one = tf.gather(known, tf.minimum(near, len(self.values))) == values
            numbers = tf.where(is_one, near, other)
        if self.missing == "error":
            refuse(lacking, self.name, "a value is missing")
        own = len(self.classes) if self.lacking else self._other
        return tf.where(lacking, tf.constant(own, tf.int64), numbers)[:, None]

    def apply_tf(self, values: Any, lookups: Lookups) -> Any:
        """One-hot, as `apply` has it."""
        from dlrun.backend import tf

        return tf.one_hot(self.numbered_tf(values, lookups)[:, 0], len(self.entries))

    def plain_numpy(self) -> PlainNumpy:
        """One-hot; the file that is written says where it is a class number."""
        own = len(self.classes) if self.lacking else self._other
        facts = {
            "classes": [*(self.classes if self.values is None else self.values)],
            "are_numbers": self.values is not None,
            "missing": None if self.missing == "error" else own,
            "other": self._other,
            "width": len(self.entries),
        }
        return PlainNumpy(ENCODE, facts)

    def undo(self, entries: NDArray[Any]) -> list[str]:
        """Write the class of the largest entry; nothing for a missing value."""
        names = [*self.classes, *[""] * bool(self.lacking), "(other)"]
        if not entries.shape[1]:
            return ["(other)"] * len(entries)
        numbers = np.where(entries.max(axis=1) > 0, entries.argmax(axis=1), self._other)
        return [names[number] for number in numbers.tolist()]

    def undo_numbered(self, numbers: NDArray[Any]) -> list[str]:
        """Write the class of each number; what is new has the last number, and perhaps no entry."""
        return self.undo((numbers == np.arange(len(self.entries))).astype(np.float32))

    def notes(self) -> list[str]:
        """Say which values share a class."""
        said = []
        if self.lacking:
            what = f"{tally(self.lacking, 'missing value')} of the training rows"
            own = "is a class of its own" if self.lacking == 1 else "are a class of their own"
            said.append(f"{what} {own}")
        if self.rare:
            said.append(
                f"{tally(self.rare, 'rare value')}, in {tally(self.rare_rows, 'training row')}, "
                f"{'is' if self.rare == 1 else 'are'} {quote(self.entries[-1])}"
            )
        return said

    def unknown(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> dict[str, int]:
        """Count missing values, and those that were no class and none of the rare ones."""
        lacking = np.isnan(values)
        found = {"missing": int(np.count_nonzero(lacking))}
        is_new = (self._numbers(values, lacking, texts) == self._other) & ~lacking
        new, counts = np.unique(values[is_new], return_counts=True)
        order = np.argsort(-counts, kind="stable")
        for place in order[:MOST_TOLD].tolist():
            text = _label(new[place]) if self.values is not None else texts[int(new[place])]
            found[f"{'rare or new' if self.rare else 'new'}: {quote(text)}"] = int(counts[place])
        others = int(counts[order[MOST_TOLD:]].sum())
        found[f"{len(order) - MOST_TOLD} other new values"] = others
        return {what: count for what, count in found.items() if count}

    @property
    def bins(self) -> tuple[str, ...]:
        """The classes, what is missing, and all others."""
        return (*self.classes, "missing", "other")

    def binned(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.int64]:
        """Count each class."""
        lacking = np.isnan(values)
        numbers = self._numbers(values, lacking, texts)[~lacking]
        classes = len(self.classes)
        counts = np.bincount(np.minimum(numbers, classes + 1), minlength=classes + 2)
        others = int(counts[classes:].sum())
        return np.array([*counts[:classes], np.count_nonzero(lacking), others], np.int64)

    def misfit(self) -> str | None:
        """Say what does not fit."""
        if len(set(self.classes)) < len(self.classes):
            return "classes should be different from each other"
        if self.values is not None and (
            len(self.values) != len(self.classes) or sorted(set(self.values)) != [*self.values]
        ):
            return "values should be one number for each class, ascending"
        if (self.holds == "number") != (self.values is not None):
            return "values should be there where the column holds numbers"
        return super().misfit()


def check(column: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what cannot be asked of one, whatever its values are."""
    yield from numbers_within(column, options, {"min_count": None})


def fit(
    *,
    column: RawColumn,
    values: TrainingValues,
    missing: Literal["error", "own"] = "error",
    min_count: int = 1,
) -> Category:
    """One of several values, by their names or as numbers: one entry a value, one of them 1.

    An `Embedding` that names the column gets class numbers in their place. A value that no training
    row has shares the entry of the rare ones; without rare ones all entries are 0.

    Args:
        column: How it was read.
        values: Its values in the training rows.
        missing: What a missing value is: a class of its own, or an error.
        min_count: In how many training rows a value must stand to have an entry; rarer ones share
            one.
    """
    name = column.name
    found, counts = values.tally()
    kept = counts >= min_count
    if not kept.any() and not (missing == "own" and values.missing):
        what = "no training row has a value."
        if len(found):
            what = f"no value stands in {min_count} training rows."
        raise column_error(name, what, "Choose a smaller `min_count`, or leave the column out.")
    if kept.sum() > MOST_CLASSES:
        raise _too_many(name, counts[kept])
    is_text = column.holds == "text"
    labels = [column.texts[int(one)] if is_text else _label(one) for one in found[kept]]
    fitted = Category(
        name=name,
        holds=column.holds,
        classes=tuple(labels),
        values=None if is_text else tuple(found[kept].tolist()),
        missing=missing,
        lacking=values.missing if missing == "own" else 0,  # else they are refused later
        rare=int(np.count_nonzero(~kept)),
        rare_rows=int(counts[~kept].sum()),
        seen=(0,) * (len(labels) + 2),
    )
    return replace(fitted, seen=tuple(fitted.binned(values.sample, column.texts).tolist()))


def _too_many(name: str, counts: NDArray[np.int64]) -> Exception:
    """Say how many classes there are, and how many there would be of those that are not rare."""
    descending = np.sort(counts)[::-1]
    least = int(descending[MOST_CLASSES]) + 1
    left = int(np.count_nonzero(counts >= least))
    what = (
        f"{len(counts):,} different values in the training rows; a category has "
        f"{MOST_CLASSES:,} at most."
    )
    fix = f"Let rare ones share an entry (min_count: {least} leaves {left:,}), or make it"
    return column_error(name, what, f"{fix if left else 'Make it'} `text` or `ignore`.")


def _label(value: float) -> str:
    """Write the number of a class: 3 for 3.0."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


@lru_cache(maxsize=64)
def _places(classes: tuple[str, ...], other: int, texts: tuple[str, ...]) -> NDArray[np.int64]:
    """The class number of every text of a file."""
    numbers = {label: number for number, label in enumerate(classes)}
    return np.array([numbers.get(text, other) for text in texts], np.int64)
