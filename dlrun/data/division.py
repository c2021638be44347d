"""Says which rows are for training, validation and test: by seed, group, time, column or fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Dataset, Samples, compact
from dlrun.column import RawColumn
from dlrun.data.classes import class_counts
from dlrun.data.dealing import allocate, deal_groups, fold_rows
from dlrun.data.origins import write_time
from dlrun.data.streams import chunks
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.rundir.names import TEST, TRAIN, VALIDATION
from dlrun.shapes.cells import SPLIT_WORDS, split_meant
from dlrun.wording import count, did_you_mean, list_names, list_some, quote, tally

Way = Literal["group", "time", "column"]

STREAMS: Final = {"test_split": 1, "validation_split": 2, "fold": 3}
"""The `spawn_key` of each split's own random stream.

Datasets are drawn from the seed itself, so no split shares numbers with the data or with the
other split: asking for a test split does not change which random numbers choose the validation
rows.
"""

MOST: Final = 5  # names in one line


@dataclass(frozen=True)
class Division:
    """How rows are to be divided."""

    seed: int
    validation_split: float | None = None
    test_split: float | None = None
    by: tuple[Way, str] | None = None  # how a column tells it, and its name
    fold: tuple[int, int] | None = None  # which, from 1, of how many: its rows are for validation


@dataclass(frozen=True)
class Divided:
    """The rows of a dataset, by split; each in the order that it had."""

    train: Samples
    validation: Samples | None
    test: Samples | None
    numbers: Mapping[str, NDArray[Any]]  # which rows of the dataset's own training rows, by split
    notes: tuple[str, ...]  # what was done, in lines


def divide(dataset: Dataset, asked: Division) -> Divided:
    """Divide rows.

    Test rows are taken first, validation rows from what is left. Where there are classes, each
    gives its share (largest remainder), and every class keeps a training row. A share is in (0, 1);
    without one, validation rows are none and test rows those that the dataset brings.

    Raises:
        ConfigError: Rows cannot be divided as it is asked.
        DataError: The column does not tell how.
    """
    return _Divider(dataset, asked).divided()


class _Divider:
    """Takes rows out of the training rows of a dataset, one split after the other."""

    def __init__(self, dataset: Dataset, asked: Division) -> None:
        self.dataset = dataset
        self.asked = asked
        rows = len(dataset.train)
        # Those that are still for training, by number.
        self.rows: NDArray[Any] = compact(np.arange(rows), rows)
        self.taken: dict[str, NDArray[Any]] = {}
        self.notes: list[str] = []
        y = dataset.train.y
        known = dataset.class_names is not None and y is not None
        self.numbers: NDArray[Any] | None = None  # of the classes
        if known and y is not None:
            self.numbers = np.concatenate([chunk.astype(np.int32) for chunk in chunks(y)])
        self.way = None if asked.by is None else asked.by[0]
        self.key = None if asked.by is None else find_key(dataset, asked.by[1])

    def divided(self) -> Divided:
        asked, dataset = self.asked, self.dataset
        if self.way == "column":
            self._take_named()
        for split, share in ((TEST, asked.test_split), (VALIDATION, asked.validation_split)):
            if share:
                self._take(split, share)
        if asked.fold is not None:
            self._take_fold(*asked.fold)
        self._say_groups_and_times()
        test = dataset.test
        if TEST in self.taken:
            test = dataset.train.at(self.taken[TEST])
        found = self.taken.get(VALIDATION)
        validation = dataset.validation if found is None else dataset.train.at(found)
        train = dataset.train.at(self.rows) if self.taken else dataset.train
        notes = [*self.notes, *_class_notes(dataset, train, validation, test)]
        numbers = {**self.taken, TRAIN: self.rows}
        return Divided(train, validation, test, numbers, tuple(notes))

    def _take(self, split: str, share: float) -> None:
        """Take a share of the rows that are left."""
        key = f"{split}_split"
        self._check_free(split, key)
        total = _rows_to_take(len(self.rows), share, key)
        if self.way == "group":
            self._remove(split, self._by_group(share, key))
        elif self.way == "time":
            self._remove(split, self._by_time(total, key))
        else:
            self._remove(split, self._by_chance(total, share, key))

    def _take_fold(self, number: int, folds: int) -> None:
        """Take one of the folds into which the rows are dealt."""
        self._check_free(VALIDATION, "fold")
        if folds > len(self.rows):
            what = f"{count(len(self.rows), 'row')} cannot be dealt out among {folds} folds."
            raise split_error("folds", what, "Choose fewer folds.")
        generator = self._generator("fold")
        if self.way == "group":
            groups, names = self._groups()
            if len(names) < folds:
                what = f"{self._named()} has {count(len(names), 'group')} for {folds} folds."
                raise split_error("folds", what, "Choose as many folds as groups, or fewer.")
            shares = np.full(folds, 1 / folds)
            fold = deal_groups(groups, self._classes(), shares, generator, largest_first=True)
        else:
            fold = fold_rows(self._classes(), folds, generator)
        self._remove(VALIDATION, fold == number - 1)
        kind = " by class" if self.numbers is not None else ""
        kind += f" by group of {self._named()}" if self.way == "group" else ""
        rows = count(len(self.taken[VALIDATION]), "validation row")
        self.notes.append(f"fold {number} of {folds}{kind}: {rows}, {len(self.rows)} to train on")

    def _remove(self, split: str, chosen: NDArray[np.bool_]) -> None:
        self.taken[split] = self.rows[chosen]
        self.rows = self.rows[~chosen]

    def _check_free(self, split: str, key: str) -> None:
        """Refuse to split off what is there already."""
        if split in self.taken:
            what = f"The column {self._named()} says already which rows are for {split}."
            raise split_error(key, what, "Leave one of the two out.")
        own = {TEST: self.dataset.test, VALIDATION: self.dataset.validation}
        if own[split] is not None:
            what = f"The dataset brings {split} rows of its own."
            raise split_error(key, what, f"Leave {key} out.")

    def _generator(self, key: str) -> np.random.Generator:
        stream = np.random.SeedSequence(self.asked.seed, spawn_key=(STREAMS[key],))
        return np.random.Generator(np.random.PCG64(stream))

    def _classes(self) -> NDArray[Any]:
        """The class numbers of the rows that are left; all alike where there are no classes."""
        if self.numbers is None:
            return np.zeros(len(self.rows), np.int32)
        return self.numbers if not self.taken else self.numbers[self.rows]

    def _by_chance(self, total: int, share: float, key: str) -> NDArray[np.bool_]:
        generator = self._generator(key)
        taken = np.zeros(len(self.rows), dtype=bool)
        names = self.dataset.class_names
        if self.numbers is None or names is None:
            taken[generator.permutation(len(self.rows))[:total]] = True
            return taken
        numbers = self._classes()
        shares = allocate(np.bincount(numbers, minlength=len(names)), total)
        possible = shares.sum()
        if possible < total:
            what = (
                f"{share:g} of {count(len(numbers), 'row')} is {total}, but only {possible} can be "
                "taken when every class keeps a training row."
            )
            raise split_error(key, what, "Choose a smaller share.")
        for number, class_share in enumerate(shares):
            members = numbers == number
            drawn = generator.permutation(np.count_nonzero(members))[:class_share].copy()
            taken[np.flatnonzero(members)[drawn]] = True
        return taken

    # By group

    def _groups(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The number of the group of each row that is left, and the values of the groups.

        A row without a group is one of its own.
        """
        values = self._values()
        names, groups = np.unique(values, return_inverse=True, equal_nan=False)
        return groups, names

    def _by_group(self, share: float, key: str) -> NDArray[np.bool_]:
        groups, names = self._groups()
        if len(names) == 1:
            what = f"all {count(len(groups), 'row')} have the same {self._named()}, "
            what += f"{self._told(names[0])}; no group can be in two splits."
            raise split_error(key, what, "Split by another column, or leave split_by out.")
        generator, classes = self._generator(key), self._classes()
        shares = np.array([1 - share, share])
        taken = deal_groups(groups, classes, shares, generator, largest_first=False) == 1
        for number in np.setdiff1d(classes, classes[~taken]):
            holding = groups[classes == number]
            sizes = np.bincount(groups)
            back = min(np.unique(holding).tolist(), key=lambda one: (sizes[one], one))
            taken[groups == back] = False
        if not taken.any() or taken.all():
            what = f"{share:g} of {count(len(groups), 'row')} cannot be taken in whole groups: "
            what += f"{self._named()} has {len(names)}, the largest of "
            what += f"{count(int(np.bincount(groups).max()), 'row')}"
            what += ", and every class keeps a training row." if self.numbers is not None else "."
            raise split_error(key, what, "Choose another share, or split by another column.")
        return np.asarray(taken)

    # By time

    def _by_time(self, total: int, key: str) -> NDArray[np.bool_]:
        """The last rows, so many as come nearest to `total` without dividing a moment."""
        values = self._values()
        if self.key is not None and self.key.column.holds == "text":
            texts = self.key.column.texts
            what = f"{self._named()} holds text such as {quote(texts[0]) if texts else 'none'}; "
            what += "rows are put in order by a column of times or of numbers."
            raise split_error("split_by.time", what, "Name another column.")
        missing = np.flatnonzero(np.isnan(values))
        if len(missing):
            row = int(self.rows[missing[0]])
            what = f"column {self._named()}: {tally(len(missing), 'row')} without a time"
            what += f", the first is {_place(self.dataset, row)}; rows split by time need one."
            raise DataError(what, fix="Fill the cells, or leave the rows out.")
        order = np.sort(values)
        cuts = np.flatnonzero(order[1:] != order[:-1]) + 1  # rows before each new moment
        if len(cuts) == 0:
            what = f"all {count(len(values), 'row')} have the same {self._named()}, "
            raise split_error(key, f"{what}{self._told(order[0])}.", "Split by another column.")
        distance = np.abs(cuts - (len(values) - total))
        cut = cuts[len(cuts) - 1 - int(np.argmin(distance[::-1]))]  # of equal ones, train on more
        return np.asarray(values >= order[cut])

    def _say_groups_and_times(self) -> None:
        """Say how the rows were divided, and what no division could keep apart."""
        if self.key is None or self.way == "column":
            return
        parts = {
            TRAIN: self.rows,
            VALIDATION: self.taken.get(VALIDATION),
            TEST: self.taken.get(TEST),
        }
        values = {split: self.key.values[rows] for split, rows in parts.items() if rows is not None}
        if self.key.test is not None:
            values[TEST] = self.key.test
        said = []
        for split, held in values.items():
            if self.way == "group":
                groups = count(len(np.unique(held, equal_nan=False)), "group")
                said.append(f"{split} {count(len(held), 'row')} of {groups}")
            elif len(held):
                first, last = self._told(held.min()), self._told(held.max())
                said.append(f"{split} {count(len(held), 'row')} from {first} to {last}")
        self.notes.append(f"split by {self.way} {self._named()}: {', '.join(said)}")
        alone = int(np.isnan(self.key.values).sum()) if self.way == "group" else 0
        if alone:
            what = f"{tally(alone, 'row')} without a {self._named()}"
            self.notes.append(f"{what}, each taken for a group of its own")
        if self.key.test is not None:
            self.notes += self._told_of_file(self.key.test)

    def _told_of_file(self, test: NDArray[np.float64]) -> list[str]:
        """What no division can keep apart where a file of its own brings the test rows."""
        known, apart = self._known(), np.unique(test[~np.isnan(test)])
        if self.way == "time" and len(apart) and apart[0] <= known[-1]:
            return ["warning: the rows of the test file are not all later than the others"]
        both = np.intersect1d(known, apart)
        if self.way == "time" or not len(both):
            return []
        names = list_some([self._told(one) for one in both], MOST)
        what = f"{tally(len(both), 'group')} of {self._named()}"
        return [f"warning: {what} in the test file and in the other rows too: {names}"]

    def _known(self) -> NDArray[np.float64]:
        """The different values of the column, ascending, but for those of the test file."""
        values = np.empty(0) if self.key is None else self.key.values
        return np.unique(values[~np.isnan(values)])

    # By a column that names the splits

    def _take_named(self) -> None:
        key = self.key
        if key is None:
            return
        if key.column.holds != "text":
            kinds = {"number": "numbers", "time": "times"}[key.column.holds]
            what = f"column {self._named()} holds {kinds}; the names of splits were expected."
            raise DataError(what, fix="Write train, validation or test in every row.")
        missing = np.flatnonzero(np.isnan(key.values))
        if len(missing):
            what = f"column {self._named()}: {tally(len(missing), 'row')} without a split"
            what += f", the first is {_place(self.dataset, int(missing[0]))}."
            raise DataError(what, fix="Write train, validation or test in every row.")
        meant = {text: split_meant(text) for text in key.column.texts}
        codes = key.values.astype(np.int64)
        amounts = np.bincount(codes, minlength=len(meant))
        others = [text for code, text in enumerate(meant) if meant[text] is None and amounts[code]]
        if others:
            raise _other_words(self._named(), key.column, others, amounts)
        named = np.array([meant[text] or "" for text in key.column.texts])[codes]
        for split in (TEST, VALIDATION):
            chosen = named[self.rows] == split
            if chosen.any():
                self._check_free(split, "split_by")
                self._remove(split, chosen)
        if not len(self.rows) or not self.taken:
            what = f"column {self._named()} names {'no' if self.taken else 'only'} training rows."
            raise DataError(what, fix="It should say train, and validation or test, of rows.")
        said = [f"{TRAIN} {count(len(self.rows), 'row')}"]
        said += [
            f"{split} {count(len(self.taken[split]), 'row')}"
            for split in (VALIDATION, TEST)
            if split in self.taken
        ]
        self.notes.append(f"split by column {self._named()}: {', '.join(said)}")

    def _values(self) -> NDArray[np.float64]:
        """The values of the column in the rows that are left."""
        return np.empty(0) if self.key is None else self.key.values[self.rows]

    def _named(self) -> str:
        return quote(self.asked.by[1]) if self.asked.by else ""

    def _told(self, value: float) -> str:
        return "" if self.key is None else shown(self.key.column, float(value))


@dataclass(frozen=True, eq=False)
class Key:
    """A column by which rows are divided."""

    column: RawColumn
    values: NDArray[np.float64]  # (rows,), raw ones; of the training rows of a dataset
    test: NDArray[np.float64] | None  # of the test rows that a dataset brings


def find_key(dataset: Dataset, name: str) -> Key:
    """Find a column of a table by its name."""
    columns = dataset.raw_columns
    if columns is None:
        columns = tuple(RawColumn(one, "number") for one in dataset.feature_names or ())
    names = [column.name for column in columns]
    if dataset.form is None and dataset.raw_columns is None and not names:
        what = "the rows of this dataset have no columns with names to be split by."
        raise split_error("split_by", what, "Leave it out.")
    if name not in names:
        fix = did_you_mean(name, names) or f"It has {list_names(names)}."
        raise split_error("split_by", f"The table has no column {quote(name)}.", fix)
    place = names.index(name)
    test = None if dataset.test is None else _column(dataset.test, place)
    return Key(columns[place], _column(dataset.train, place), test)


def _column(samples: Samples, place: int) -> NDArray[np.float64]:
    return np.concatenate([np.array(part[:, place], np.float64) for part in chunks(samples.x)])


def _other_words(
    column: str, raw: RawColumn, others: Sequence[str], amounts: NDArray[np.int64]
) -> DataError:
    """The error for words that are no splits."""
    ranked = sorted(others, key=lambda text: (-int(amounts[raw.texts.index(text)]), text))
    told = [
        f"{quote(text)} ({count(int(amounts[raw.texts.index(text)]), 'row')})" for text in ranked
    ]
    what = f"column {column} says {list_some(told, MOST)}; train, validation or test was expected."
    return DataError(what, fix=did_you_mean(ranked[0].casefold(), [*SPLIT_WORDS]))


def shown(column: RawColumn, value: float) -> str:
    """Write a raw value as a table has it."""
    if np.isnan(value):
        return "nothing"
    if column.holds == "text":
        return quote(column.texts[int(value)])
    if column.holds == "time":
        return write_time(value)
    return f"{value:.12g}"


def _place(dataset: Dataset, row: int) -> str:
    return f"row {row + 1}" if dataset.place is None else dataset.place(row)


def _class_notes(
    dataset: Dataset, train: Samples, validation: Samples | None, test: Samples | None
) -> list[str]:
    """Which classes a split lacks, where the rows that there are do not let it have all."""
    names = dataset.class_names
    parts = {TRAIN: train, VALIDATION: validation, TEST: test}
    present = {split: part for split, part in parts.items() if part is not None}
    if names is None or len(present) == 1:
        return []
    counts = {
        split: class_counts(part.y, len(names))
        for split, part in present.items()
        if part.y is not None
    }
    total = sum(counts.values())
    notes = []
    untaught = [number for number in range(len(names)) if counts[TRAIN][number] == 0]
    if untaught:
        told = list_some([quote(names[number]) for number in untaught], MOST)
        notes.append(f"warning: no training row has the class {told}: it cannot be learnt")
    for number in np.flatnonzero(total == 1)[:MOST].tolist():
        split = next(split for split, amounts in counts.items() if amounts[number])
        notes.append(f"the class {quote(names[number])} has one row, a {split} row")
    for split in (VALIDATION, TEST):
        if split in counts:
            lacks = np.flatnonzero((counts[split] == 0) & (total > 1)).tolist()
            if lacks:
                told = list_some([quote(names[number]) for number in lacks], MOST)
                notes.append(f"no {split} row has the class {told}")
    return notes


def _rows_to_take(rows: int, share: float, key: str) -> int:
    if not 0 < share < 1:
        raise split_error(key, f"{share:g} was given, a share between 0 and 1 was expected.", None)
    total = int(share * rows + 0.5)
    taken = f"{share:g} of {count(rows, 'row')}"
    if total == 0:
        raise split_error(key, f"{taken} is no row at all.", "Choose a larger share.")
    if total >= rows:
        raise split_error(key, f"{taken} leaves no training row.", "Choose a smaller share.")
    return total


def split_error(key: str, what: str, fix: str | None) -> ConfigError:
    """The error of a key of the dataset."""
    return ConfigError(Problem(f"dataset.{key}", what, fix))
