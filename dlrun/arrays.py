"""What travels between the rooms: samples, splits, and the spec that says what they look like."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from dlrun.column import ColumnKind, FittedColumn, RawColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[Any] | StreamedArray"
"""An array in memory, or one whose rows stay on the disk until they are taken."""

BLOCK_BYTES = 8 * 2**20  # about how much of a streamed array is held in memory at a time

LabelForm = Literal["index", "one_hot", "binary", "sign", "value"]
"""How the targets are handed to the loss.

- `index`: the number of the class, `(rows,)`, for the sparse losses.
- `one_hot`: `(rows, num_classes)`, for the categorical losses.
- `binary`: 0 or 1, `(rows, 1)`, for the binary losses.
- `sign`: -1 or +1, `(rows, 1)`, for the hinge losses.
- `value`: numbers as they are, `(rows, num_targets)`, for everything else.
"""

STRICT: Final = {"strict": True, "extra": "forbid", "allow_inf_nan": False}
"""How pydantic reads what is stored: nothing unknown, nothing converted, finite numbers."""

BY_SHELF: Final = {**STRICT, "arbitrary_types_allowed": True}
"""The same, where something is read by the file of its word on a shelf."""


@dataclass(frozen=True, eq=False)
class StreamedArray:
    """An array whose rows are read, and worked on, each time when they are taken.

    `len`, `shape`, `ndim` and `dtype` are those of a NumPy array; `array[begin:end]` and
    `array[row_numbers]` are NumPy arrays. Each change is done to rows when they are taken, in
    order; it keeps their number and works on every row alone, so that it does not matter how they
    are cut.
    """

    source: Any  # a NumPy array, or a file that is indexed like one
    numbers: NDArray[Any] | None = None  # (rows,): which rows of the source; None for all
    changes: tuple[Callable[[NDArray[Any]], NDArray[Any]], ...] = ()

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.source if self.numbers is None else self.numbers)

    def __getitem__(self, rows: slice | NDArray[Any]) -> NDArray[Any]:
        """Take rows: `(rows, ...)`, in memory."""
        taken: NDArray[Any] = self.source[rows if self.numbers is None else self.numbers[rows]]
        for change in self.changes:
            taken = change(taken)
        return taken

    @cached_property
    def _first(self) -> NDArray[Any]:
        return self[:1]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, as an array in memory would have it."""
        return (len(self), *self._first.shape[1:])

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the rows that are taken."""
        return self._first.dtype

    def pick(self, chosen: NDArray[np.bool_]) -> StreamedArray:
        """Choose rows by a mask, `(rows,)`; nothing is read."""
        return self.at(chosen.nonzero()[0])

    def at(self, numbers: NDArray[Any]) -> StreamedArray:
        """Choose rows by their numbers, `(rows,)`, perhaps one several times; nothing is read."""
        if self.numbers is not None:
            numbers = self.numbers[numbers]
        return StreamedArray(self.source, compact(numbers, len(self.source)), self.changes)

    def changed(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> StreamedArray:
        """Do one more thing to rows when they are taken."""
        return StreamedArray(self.source, self.numbers, (*self.changes, change))


def compact(numbers: NDArray[Any], rows: int) -> NDArray[Any]:
    """Hold the numbers of some of so many rows in half the memory of int64: there may be many."""
    return numbers.astype("uint32", copy=False) if rows < 2**32 else numbers


@dataclass(frozen=True, eq=False)
class Steps:
    """All steps of the series that windows are cut from, whether or not a window holds them."""

    numbers: NDArray[np.int64]  # (steps,): which series
    times: NDArray[np.float64]  # (steps,): as `RawColumn` has them
    values: NDArray[np.float64]  # (steps, targets), NaN where one is missing


@dataclass(frozen=True, eq=False)
class Foretold:
    """What is known of windows of series besides their numbers: when, of which, and naively."""

    times: Array  # (rows, horizon), float64: of the targets, as `RawColumn` has them
    numbers: NDArray[np.int64]  # (rows,): which series
    keys: tuple[tuple[str, ...], ...]  # by the number of the series
    # What naive forecasts say, by their names, `(rows, targets)`, float32, NaN where they say
    # nothing: the series does not reach back so far.
    naive: Mapping[str, Array]
    steps: Steps

    def take(self, rows: slice | NDArray[Any]) -> Foretold:
        """Take some rows into memory."""
        naive = {name: array[rows] for name, array in self.naive.items()}
        return replace(self, times=self.times[rows], numbers=self.numbers[rows], naive=naive)

    def at(self, numbers: NDArray[Any]) -> Foretold:
        """Choose rows by their numbers; none is streamed."""
        naive = {name: _at(array, numbers) for name, array in self.naive.items()}
        return replace(
            self, times=_at(self.times, numbers), numbers=self.numbers[numbers], naive=naive
        )


def _at(array: Array, numbers: NDArray[Any]) -> Any:
    return array.at(numbers) if isinstance(array, StreamedArray) else array[numbers]


@dataclass(frozen=True)
class Samples:
    """Rows of data: features, and mostly targets and weights."""

    # (rows, *input_shape), float32; before the dataset is split perhaps float64, so that scaling
    # works on what the source holds, and of a table the raw values of its columns.
    x: Array
    # Before labels are fitted: class numbers (rows,), int64, where there are classes, else values
    # (rows, num_targets), float32. After: as `LabelForm` says, float32 (`index` stays int64).
    y: Array | None = None
    # (rows,), or (rows, labels) where the training weighs labels; None for equal weights
    sample_weight: NDArray[np.float32] | None = None
    foretold: Foretold | None = field(default=None, kw_only=True)  # of windows of series

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.x)

    @property
    def streamed(self) -> bool:
        """Whether the rows stay on the disk until they are taken."""
        return isinstance(self.x, StreamedArray)

    def take(self, rows: slice | NDArray[Any]) -> Samples:
        """Take some rows into memory."""
        return Samples(
            self.x[rows],
            None if self.y is None else self.y[rows],
            None if self.sample_weight is None else self.sample_weight[rows],
            foretold=None if self.foretold is None else self.foretold.take(rows),
        )

    def at(self, numbers: NDArray[Any]) -> Samples:
        """Choose rows by their numbers, `(rows,)`, perhaps one several times; none is streamed."""
        arrays: tuple[Any, ...] = (self.x, self.y, self.sample_weight)
        taken: list[Any] = [None if array is None else _at(array, numbers) for array in arrays]
        return Samples(*taken, foretold=self.foretold and self.foretold.at(numbers))

    def rows_per_block(self, multiple_of: int) -> int:
        """Return how many rows, a multiple of some number, fill a block of `BLOCK_BYTES`."""
        arrays = [array for array in (self.x, self.y) if array is not None]
        row_bytes = sum(math.prod(array.shape[1:]) * array.dtype.itemsize for array in arrays)
        return max(1, BLOCK_BYTES // max(1, row_bytes * multiple_of)) * multiple_of

    def blocks(self, multiple_of: int = 1) -> Iterator[Samples]:
        """Take all rows into memory, in order, block by block; a single one where they are there.

        All blocks but the last have a multiple of some number of rows.
        """
        if not self.streamed:
            yield self
            return
        step = self.rows_per_block(multiple_of)
        for begin in range(0, len(self), step):
            yield self.take(slice(begin, begin + step))


@dataclass(frozen=True)
class Reading:
    """How the files of a table are read: what the config says; None where each file is to tell."""

    __pydantic_config__ = STRICT

    delimiter: str | None = None
    header: bool | None = None  # whether the first row holds the names
    encoding: str | None = None  # as Python calls it; None for UTF-8, or as the file itself says
    decimal: str = "."
    thousands: str | None = None
    missing_values: tuple[str, ...] = ()  # texts that stand for no value, besides the empty one
    format: Literal["csv", "json", "parquet"] | None = None
    bad_rows: Literal["error", "skip"] = "error"
    where: str | None = None  # a condition that all rows fulfil


@dataclass(frozen=True)
class TableForm:
    """The form of the table that a run is trained on; later files of rows are read by it."""

    __pydantic_config__ = STRICT

    # All its columns, in their order; `column_1`, ... where they have no names. None where they
    # are not known: older runs did not keep them.
    columns: tuple[str, ...] | None
    named: bool  # whether its first row holds the names
    reading: Reading = Reading()  # of later files: no `where`, and no bad rows are left out


@dataclass(frozen=True)
class ArrayForm:
    """The names of the arrays that a run is trained on; later files of arrays are read by them."""

    __pydantic_config__ = STRICT

    x: str | tuple[str, ...]  # several stand side by side in a row, in this order
    y: str

    @property
    def xs(self) -> tuple[str, ...]:
        """The names of the features."""
        return (self.x,) if isinstance(self.x, str) else self.x


@dataclass(frozen=True)
class ImageForm:
    """How the images are read that a run is trained on; later ones are read by it."""

    __pydantic_config__ = STRICT

    color: Literal["rgb", "gray"]
    # What brings them to their size; None where they all have it, and later ones have to.
    resize: Literal["stretch", "crop", "pad"] | None


@dataclass(frozen=True)
class TextForm:
    """How the files of texts are read that a run is trained on; later ones are read by it."""

    __pydantic_config__ = STRICT

    encoding: str | None  # None for UTF-8, or what a byte-order mark says


@dataclass(frozen=True)
class Clock:
    """How the times of a series go on."""

    __pydantic_config__ = STRICT

    column: str
    format: str | None  # as `strptime` has it, or `iso`; None where times are numbers
    # In what steps are counted: days of a month differ, and so do months. `month_end` are months
    # of which each time is the last day.
    unit: Literal["number", "second", "month", "month_end"]
    step: float | None  # the usual distance of two steps, in units; None where there is none


@dataclass(frozen=True)
class SeriesForm:
    """How windows are cut out of a table in the order of time; later tables are cut by it."""

    __pydantic_config__ = STRICT

    table: TableForm
    window: int  # how many steps are seen
    horizon: int  # how many are foretold
    stride: int  # how many lie between the begins of two windows
    targets: tuple[str, ...]  # columns
    keys: tuple[str, ...]  # columns that tell one series from another
    clock: Clock | None  # None where the order of the rows is that of time
    season: int | None  # in steps
    gaps: Literal["break", "join", "error"]


@dataclass(frozen=True, eq=False)
class Series:
    """The steps of a table in the order of their keys and times, and where they are cut."""

    form: SeriesForm
    keys: tuple[tuple[str, ...], ...]  # the cells of `form.keys`, by the number of the series
    numbers: NDArray[np.int64]  # (steps,): which series, ascending
    times: NDArray[np.float64]  # (steps,): as `RawColumn` has them; counted from 0 without a clock
    # (runs, 2): begins and ends of steps that follow each other without a gap.
    runs: NDArray[np.int64]
    border: Literal["targets", "windows"]  # what does not lie on both sides of one


Form: TypeAlias = TableForm | ArrayForm | ImageForm | TextForm | SeriesForm
"""How files are read."""


@dataclass(frozen=True)
class Dataset:
    """What a dataset's `load_data` returns, before it is split."""

    train: Samples  # all rows that are not test rows, or the dataset's own validation rows
    test: Samples | None = None  # the dataset's own
    class_names: tuple[str, ...] | None = None  # by class number; None for a regression
    class_values: tuple[float, ...] | None = None  # where the source has numbers: (-1.0, 1.0)
    # How the numbers of the target are written, where some are codes: {7.0: "007"}.
    codes: Mapping[float, str] = field(default_factory=dict)
    feature_names: tuple[str, ...] | None = None  # None for images and other arrays
    target_names: tuple[str, ...] = ("target",)
    labels: bool = False  # whether each of several targets is a yes or no, 1 or 0, of its own
    pixel_max: float | None = None  # of whole-number pixels: the number that became 1.0 in `x`
    image_shape: tuple[int, ...] | None = None  # (height, width, channels), flattened or not
    sample_weight: str | None = None  # the column that `Samples.sample_weight` came from
    # Of the file or the files; None where the rows are drawn.
    form: Form | None = None
    streamed: str | None = None  # why the rows stay on the disk, in one line
    # Of a table, as many as `train.x` has columns: how they were read, and what each is to be.
    raw_columns: tuple[RawColumn, ...] | None = None
    kinds: tuple[ColumnKind, ...] = ()
    # Where a row of `train` stands, by its number from 0: `rows.csv:7`; None where rows are drawn.
    place: Callable[[int], str] | None = None
    notes: tuple[str, ...] = ()  # what was done to the rows when they were read, in lines
    validation: Samples | None = None  # the dataset's own
    # The same of its own test and validation rows, by split.
    own_places: Mapping[str, Callable[[int], str]] = field(default_factory=dict)
    views: tuple[View, ...] = ()  # of arrays that stand side by side in `x`
    series: Series | None = None  # where the rows of `train` are the steps of series


@dataclass(frozen=True)
class Scaling:
    """A fitted scaling: `(x - offset) / factor`."""

    __pydantic_config__ = STRICT

    kind: Literal["standard", "minmax"]  # mean and standard deviation, or minimum and range
    offset: tuple[float, ...]  # one for each entry of a sample's last axis, or one for all entries
    factor: tuple[float, ...]  # as many, never 0


@dataclass(frozen=True)
class TargetScaling:
    """A fitted scaling of targets: what the loss gets is `(y - offset) / factor`."""

    __pydantic_config__ = STRICT

    kind: Literal["standard", "minmax", "log"]  # of `log`, y is the natural logarithm
    offset: tuple[float, ...]  # one for each target, or one for all
    factor: tuple[float, ...]  # as many, never 0


@dataclass(frozen=True)
class View:
    """What layers read by name of a row in which all columns stand: `x[:, begin:end]`."""

    __pydantic_config__ = STRICT

    name: str  # of a column; `input` for all columns that no layer names, side by side
    begin: int
    end: int
    ids: bool = False  # whether it is the class number of a category, else the entries of a column
    # Of an array that has more than one axis, or is none of a table: what layers get it as.
    shape: tuple[int, ...] | None = None

    @property
    def sample(self) -> tuple[int, ...]:
        """The shape in which layers get it."""
        return (self.end - self.begin,) if self.shape is None else self.shape


@dataclass(frozen=True)
class Spec:
    """What the arrays of a run look like; stored as `spec.json`. Much comes from a `Dataset`."""

    __pydantic_config__ = BY_SHELF

    input_shape: tuple[int, ...]  # of one sample
    feature_names: tuple[str, ...] | None = None
    target_names: tuple[str, ...] = ("target",)
    class_names: tuple[str, ...] | None = None
    class_values: tuple[float, ...] | None = None
    pixel_max: float | None = None
    image_shape: tuple[int, ...] | None = None
    sample_weight: str | None = None
    form: Form | None = None
    scaling: Scaling | None = None  # fitted on the training rows; of arrays, not of tables
    # The columns of a table, each fitted on the training rows, in the order of the table.
    columns: tuple[FittedColumn, ...] | None = None
    labels: bool = False  # whether each of several targets is a yes or no of its own
    # `Samples.y` and predictions are in the units of the data all the same: only the loss gets
    # scaled targets.
    target_scaling: TargetScaling | None = None  # fitted on the training rows
    # The share of each class among the training rows, or the mean of each target: what one would
    # answer who sees no features. None where it is not known.
    prior: tuple[float, ...] | None = None
    views: tuple[View, ...] = ()  # none where every layer reads the whole row
    label_form: LabelForm | None = None  # None until labels are fitted
    # With one output unit and two classes: an output above it is the second class. None where the
    # class is the argmax, or where there are no classes.
    threshold: float | None = None
    # What the numbers of the last layer are, where there are classes or labels; None before the
    # model is known, and for a regression.
    output: Literal["probability", "logit", "score"] | None = None
    rows: Mapping[str, int] = field(default_factory=dict)  # their number, by split

    @property
    def table(self) -> TableForm | None:
        """The form of the file, where it is a table."""
        return self.form if isinstance(self.form, TableForm) else None

    @property
    def series(self) -> SeriesForm | None:
        """How windows are cut, where they are."""
        return self.form if isinstance(self.form, SeriesForm) else None

    @property
    def num_classes(self) -> int | None:
        """The number of classes, or None for a regression."""
        return None if self.class_names is None else len(self.class_names)


@dataclass(frozen=True, eq=False)
class Origin:
    """By what the rows of a split are found again in the user's data."""

    keys: tuple[RawColumn, ...]  # columns that say which row it is, and no network reads
    values: Array | None  # (rows, keys), float64, as `keys` tell; None where there are none
    # Says where rows stand, by their numbers in the split, which ascend; None where nobody knows.
    places: Callable[[Sequence[int]], list[str]] | None


@dataclass(frozen=True)
class Splits:
    """The rows of an experiment, split and ready for training."""

    train: Samples  # what the weights are fitted to
    validation: Samples | None  # what is watched during training
    test: Samples | None  # what is looked at once, at the end
    spec: Spec
    streamed: str | None = None  # see `Dataset`
    notes: tuple[str, ...] = ()  # what the user should know of the numbers, in lines
    origins: Mapping[str, Origin] = field(default_factory=dict)  # by split, where they are known

    def present(self) -> dict[str, Samples]:
        """The splits that have rows, by name, in this order."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: samples for name, samples in named.items() if samples is not None}
