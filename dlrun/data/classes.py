"""Turns targets into classes."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Dataset, Samples, StreamedArray, TableForm
from dlrun.catalog.label_forms import TargetLabels, Targets, label_form
from dlrun.data.rounding import WHOLE, merges_wholes
from dlrun.data.streams import chunks
from dlrun.errors import DataError
from dlrun.shapes.cells import MAX_CLASSES, bare_number, number_fix, parse_number, ways_fix, ways_of
from dlrun.wording import list_classes, list_some, quote

if TYPE_CHECKING:
    from dlrun.arrays import Array


MOST_PLACES: Final = 10
"""How many labels that are no class are named with their places."""


def classes_for_loss(dataset: Dataset, loss: str | None, *, named: bool = True) -> Dataset:
    """Turns the numeric targets of a dataset, not split yet, into classes where the loss asks so.

    Targets that have classes already are left alone, and so are numbers that a loss can take as
    they are: fractions in [0, 1] for a binary loss, rows of probabilities for a categorical one,
    and for both an answer at every position, `(rows, ..., classes)`.
    """
    form, y = label_form(loss), dataset.train.y
    if dataset.class_names is not None or form == "value":
        return dataset
    if y is None:
        return as_classes(dataset, named=named)
    several = math.prod(y.shape[1:]) > 1
    by_position = several and y.ndim > 2  # noqa: PLR2004
    kind = see(y).labels if form in ("binary", "one_hot") else None
    is_flags = several and kind == "flags"
    is_taken = {
        "binary": by_position or is_flags or kind in ("shares", "fractions"),
        "one_hot": several and (by_position or kind != "one_hot"),
    }
    if not is_taken.get(form):
        return as_classes(dataset, named=named)
    return replace(_with_shares(dataset, loss), labels=form == "binary" and _are_labels(dataset))


def _are_labels(dataset: Dataset) -> bool:
    """Tell whether each of several columns of targets holds a yes or a no in every row."""
    arrays = [rows.y for rows in (dataset.train, dataset.test) if rows is not None]
    seen = [y for y in arrays if y is not None]
    if any(y.shape[1:] != (len(dataset.target_names),) for y in seen):
        return False
    return see(*seen).labels in ("flags", "one_hot")


def _with_shares(dataset: Dataset, loss: str | None) -> Dataset:
    """Refuses targets beyond 0 to 1: of a mask of 0 and 255 the logarithms mean nothing."""
    for name, samples in (("train", dataset.train), ("test", dataset.test)):
        for chunk in chunks(samples.y) if samples is not None and samples.y is not None else ():
            outside = (chunk < 0) | (chunk > 1)
            if outside.any():
                what = f"the targets of the {name} rows hold {float(chunk[outside][0]):g}; "
                what += f"{loss} takes shares from 0 to 1, such as one-hot rows."
                fix = "Divide them, or choose a loss for numbers such as mean_squared_error."
                raise DataError(what, fix=fix)
    return dataset


def class_counts(y: "Array", classes: int) -> NDArray[np.int64]:
    """Count the rows of each class; `y` holds class numbers, `(rows,)`."""
    counts = np.zeros(classes, np.int64)
    for chunk in chunks(y):
        counts += np.bincount(chunk, minlength=classes)
    return counts


def as_classes(dataset: Dataset, *, named: bool = True) -> Dataset:
    """Reads the numeric targets of a dataset, not split yet, as classes.

    The distinct values, sorted, become the classes; they are named as they are written, without a
    trailing `.0`.
    One-hot rows become the position of their one; in a table every column is a class, and gives it
    its name, if `named`: older runs numbered them. `y` holds class numbers `(rows,)`, int64, then.

    Raises:
        DataError: The targets are not whole numbers, too many are distinct, all are the same, or
            a test row has a value that no training row has.
    """
    if dataset.class_names is not None:
        return dataset
    columns = dataset.target_names
    of_table = isinstance(dataset.form, TableForm) and len(columns) > 1
    if of_table and named:
        y = _numbered(dataset.train, lambda values: values)
        return replace(dataset, train=replace(dataset.train, y=y), class_names=columns)
    distinct = np.unique(np.concatenate([*map(np.unique, _label_values(dataset.train))]))
    _check_distinct(distinct, dataset.target_names[0])
    test = dataset.test
    if test is not None:
        values = np.concatenate([*_label_values(test)])
        test = replace(test, y=match_values(values, distinct, "the test rows"))
    # Labels that float64 could merge are the names of their classes and no values.
    are_values = distinct.dtype != object or all(abs(value) <= WHOLE for value in distinct)
    y = _numbered(dataset.train, lambda values: np.searchsorted(distinct, values))
    return replace(
        dataset,
        train=replace(dataset.train, y=y),
        test=test,
        class_names=tuple(dataset.codes.get(value, f"{int(value)}") for value in distinct),
        class_values=tuple(float(value) for value in distinct) if are_values else None,
        target_names=columns if len(columns) == 1 or of_table else ("target",),
    )


class TextClasses:
    """Numbers the classes of a column of text, in the order of their names, chunk by chunk."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen: dict[str, int] = {}
        self._numbers: list[NDArray[np.uint16]] = []

    def add(self, labels: Sequence[str]) -> None:
        """Adds one name per row; refuses more than 1000 distinct ones."""
        seen = self._seen
        for label in dict.fromkeys(labels):
            seen.setdefault(label, len(seen))
        if len(seen) > MAX_CLASSES:
            raise DataError(
                f"column {quote(self._name)} has more than {MAX_CLASSES} distinct texts, such as "
                f"{quote(next(iter(seen)))}; at most {MAX_CLASSES} classes are expected.",
                fix=_fix_of_numbers(list(seen))
                or "Is it the target? Name another column with `dataset.target`.",
            )
        self._numbers.append(np.fromiter(map(seen.__getitem__, labels), np.uint16, len(labels)))

    def numbered(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Returns the distinct names, sorted, and the class number of each row, `(rows,)`."""
        names = sorted(self._seen)
        ranks = np.empty(len(names), np.int64)
        ranks[[self._seen[name] for name in names]] = np.arange(len(names))
        return tuple(names), ranks[np.concatenate(self._numbers)]


def check_no_numbers(dataset: Dataset, loss: str | None, units: int | None) -> None:
    """Refuses texts such as `$200090` as classes where the loss and so many units want numbers."""
    names = dataset.class_names
    if names is None or dataset.class_values is not None or loss is None or units is None:
        return
    is_one_per_class = units == len(names) > 1
    if is_one_per_class or label_form(loss) != "value":
        return
    reading = getattr(dataset.form, "reading", None)
    decimal = "." if reading is None else reading.decimal
    fix = _fix_of_numbers(names, decimal, of_table=bool(dataset.kinds))
    if fix is not None:
        raise DataError(
            f"column {quote(dataset.target_names[0])} holds text such as {quote(names[0])}, in "
            f"{len(names)} classes; {loss} takes numbers.",
            fix=fix,
        )


def _fix_of_numbers(
    names: Sequence[str], decimal: str = ".", *, of_table: bool = False
) -> str | None:
    """Says what to do where all names are numbers, some as `$5`, `12 %` or `3,50`; else None."""
    first = next(filter(bare_number, names), None)
    if first is None or any(not bare_number(one) and parse_number(one) is None for one in names):
        return None
    ways = ways_of(names, decimal)[1] if of_table else []
    if ways:
        return ways_fix(ways)
    return number_fix(first, decimal) or "Write the numbers alone."


def check_more_than_one_class(dataset: Dataset) -> None:
    """Raises a `DataError` when all training rows have the same class."""
    y, names = dataset.train.y, dataset.class_names
    if names is None or y is None or len(y) == 0:
        return
    if any(bool((chunk != y[:1]).any()) for chunk in chunks(y)):
        return
    rows = "the only training row has" if len(y) == 1 else f"all {len(y)} training rows have"
    raise DataError(
        f"{rows} the class {quote(names[int(y[:1][0])])}; there is nothing to tell apart."
    )


def match_values(values: NDArray[Any], class_values: NDArray[Any], where: str) -> NDArray[np.int64]:
    """Finds the class number of each value, `(rows,)`, among the known values, sorted."""
    numbers = np.searchsorted(class_values, values).clip(max=len(class_values) - 1)
    unseen = UnseenClasses([_shown(value) for value in class_values])
    rows = np.flatnonzero(class_values[numbers] != values)
    unseen.add([_shown(value) for value in values[rows]], lambda at: f"row {rows[at] + 1}")
    if unseen:
        raise unseen.of_rows(where)
    return np.asarray(numbers, dtype=np.int64)


def match_names(labels: Iterable[str], class_names: Sequence[str], where: str) -> NDArray[np.int64]:
    """Finds the class number of each name, `(rows,)`, as `match_values` does."""
    known, unseen = {name: at for at, name in enumerate(class_names)}, UnseenClasses(class_names)
    named = list(labels)
    numbers = np.fromiter((known.get(label, -1) for label in named), np.int64, len(named))
    rows = np.flatnonzero(numbers < 0).tolist()
    unseen.add([named[row] for row in rows], lambda at: f"row {rows[at] + 1}")
    if unseen:
        raise unseen.of_rows(where)
    return numbers


def _shown(value: float) -> str:
    """Writes a label in a message; of Python's whole numbers every digit."""
    return str(value) if isinstance(value, int) else f"{value:g}"


class UnseenClasses:
    """Counts the labels that are no class of the training data, and knows where the first stand."""

    def __init__(self, known: Sequence[str]) -> None:
        self._known = list_classes(known)
        self._counts: Counter[str] = Counter()
        self._first: list[tuple[str, str]] = []  # places and labels

    def add(self, labels: Sequence[str], place: Callable[[int], str]) -> None:
        """Counts some; `place` tells where one of them stands."""
        self._counts.update(labels)
        room = MOST_PLACES - len(self._first)
        self._first += [(place(at), label) for at, label in enumerate(labels[: max(room, 0)])]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._counts)

    def of_rows(self, where: str) -> DataError:
        """Tells of all of them, in the rows of an array or a file."""
        place, label = self._first[0]
        what = f"{place} has the class {quote(label)}, which no training row has ({self._known})."
        return DataError(what + self._others(), where=where)

    def of_column(self, name: str) -> DataError:
        """Tells of all of them, in the cells of a column."""
        place, label = self._first[0]
        what = f"column {quote(name)}: {quote(label)} is none of the classes of the training data "
        return DataError(f"{what}({self._known}).{self._others()}", where=place)

    def _others(self) -> str:
        """The others, with how many rows have each."""
        total = self._counts.total()
        if total == 1:
            return ""
        most = [f"{quote(label)} {times:,}" for label, times in self._counts.most_common()]
        classes = list_some(most, MOST_PLACES)
        lines = [
            f"In all there are {total:,} such rows ({classes}); the next ones:",
            *(f"{place}: {quote(label)}" for place, label in self._first[1:]),
        ]
        lines += [f"... and {total - MOST_PLACES:,} more"] if total > MOST_PLACES else []
        return "".join(f"\n  {line}" for line in lines)


def _numbered(samples: Samples, number: Callable[[NDArray[Any]], NDArray[Any]]) -> "Array":
    """Numbers the classes of targets, `(rows,)`, a chunk at a time."""
    parts = [number(values).astype(np.int32) for values in _label_values(samples)]
    numbers = np.concatenate(parts)
    return held_numbers(numbers) if samples.streamed else numbers.astype(np.int64)


def held_numbers(numbers: NDArray[Any]) -> StreamedArray:
    """Holds the class numbers of streamed rows, `(rows,)`, in 4 bytes each; int64 when taken."""
    return StreamedArray(numbers.astype(np.int32, copy=False), changes=(_widened,))


def _widened(numbers: NDArray[np.int32]) -> NDArray[np.int64]:
    return numbers.astype(np.int64)


def _label_values(samples: Samples) -> Iterator[NDArray[Any]]:
    """Reads targets, a chunk at a time, as one number a row.

    They are float64, or Python's own where that would merge some.
    """
    y = samples.y
    if y is None:
        raise DataError("the training rows have no targets.")
    if math.prod(y.shape[1:]) > 1:
        if y.ndim > 2 or see(y).labels != "one_hot":  # noqa: PLR2004
            shape = " x ".join(map(str, y.shape[1:]))
            raise DataError(
                f"each row has {shape} targets; classes need one, or a one-hot row.",
                fix="Choose one target, or a loss for numbers such as mean_squared_error. For a "
                "class at every position give one-hot targets (rows, ..., classes) to "
                "categorical_crossentropy.",
            )
        return (chunk.argmax(axis=1).astype(np.float64) for chunk in chunks(y))
    if y.dtype.kind in "iuO":
        return (chunk.reshape(len(chunk)).astype(object) for chunk in chunks(y))
    if isinstance(y, StreamedArray) and merges_wholes(y):
        raise DataError(
            f"the targets hold whole numbers beyond {WHOLE}, of which neighbours become one where "
            "rows are streamed from the disk.",
            fix="Number the classes from 0, or name them, in the file.",
        )
    return (chunk.reshape(len(chunk)).astype(np.float64) for chunk in chunks(y))


def _check_distinct(distinct: NDArray[Any], name: str) -> None:
    fractions = [value for value in distinct.tolist() if value != math.floor(value)]
    numbers = "For a regression choose a loss such as mean_squared_error."
    if fractions:
        what = f"holds {fractions[0]:g}; classes are whole numbers or text."
        raise DataError(f"the target {quote(name)} {what}", fix=numbers)
    if len(distinct) > MAX_CLASSES:
        what = f"has {len(distinct)} distinct values; at most {MAX_CLASSES} classes are expected."
        raise DataError(f"the target {quote(name)} {what}", fix=numbers)
    if len(distinct) == 1:
        raise DataError(
            f"the target {quote(name)} is {_shown(distinct[0])} in every row; "
            "there is nothing to tell apart."
        )


ROUNDING = 1e-3
"""How far from 1 the shares of a row may sum: decimals in a file are rounded."""


def look_at(splits: Iterable[Samples]) -> Targets:
    """Sees what the targets of splits hold; those without any tell nothing."""
    return see(*(samples.y for samples in splits if samples.y is not None))


def see(*targets: "Array") -> Targets:
    """Sees what targets `(rows, ..., targets)` are, all of them together."""
    kinds: tuple[TargetLabels, ...] = ("one_hot", "flags", "shares", "fractions")
    below_zero = zero = False
    for y in (chunk for array in targets for chunk in chunks(array)):
        flags = bool(((y == 0) | (y == 1)).all())
        fractions = flags or bool(((y >= 0) & (y <= 1)).all())
        several = y.ndim > 1 and y.shape[-1] > 1
        one_hot = flags and several and bool(is_single_one(y).all())
        shares = one_hot or (fractions and several and _sum_to_one(y))
        held = {"one_hot": one_hot, "flags": flags, "shares": shares, "fractions": fractions}
        kinds = tuple(kind for kind in kinds if held[kind])
        below_zero |= bool((y < 0).any())
        zero |= bool((y == 0).any())
    return Targets(kinds[0] if kinds else "numbers", below_zero, zero)


def _sum_to_one(y: NDArray[Any]) -> bool:
    sums = y.sum(axis=-1, dtype=np.float64)  # (rows, ...)
    return bool((np.abs(sums - 1) < ROUNDING).all())


def is_single_one(y: NDArray[Any]) -> NDArray[np.bool_]:
    """Tells which rows `(rows, columns)` are a single 1 among zeros: `(rows,)`."""
    zero_or_one = ((y == 0) | (y == 1)).all(axis=-1)
    return np.asarray(zero_or_one & (y.sum(axis=-1) == 1))
