"""A column of a table: as it was read, what is known of it, and as the network gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Holds: TypeAlias = Literal["number", "text", "time", "image"]
"""What the values of a column are read as."""

Way: TypeAlias = Literal["entries", "ids"]
"""As what a layer reads a column: as numbers to compute with, or as numbers to look up."""


@dataclass(frozen=True)
class RawColumn:
    """A column as it was read; its values, `(rows,)`, are one column of a float64 matrix.

    A missing value is NaN. A number is itself (yes and no are 1 and 0), a text its position in
    `texts`, a time the seconds since 1970-01-01 00:00 (UTC, where a zone is told), an image the
    position of its file in `texts` and of its pixels in `pixels`.
    """

    name: str
    holds: Holds
    texts: tuple[str, ...] = ()  # the distinct ones of a file, sorted by their code points
    # (texts, height, width, channels), bytes, of images that are decoded: an array, or rows on the
    # disk that are taken like those of one.
    pixels: Any = field(default=None, compare=False, repr=False)
    ways: frozenset[Way] = frozenset({"entries"})  # as what layers read it


@dataclass(frozen=True)
class ColumnFacts:
    """What the values of a column are, counted over all rows; told without NumPy."""

    name: str
    rows: int
    missing: int
    distinct: int  # different values, missing ones aside; of many fractions, about
    numbers: int  # how many values read as finite numbers
    wholes: int  # how many of those are whole
    booleans: int  # how many read as yes or no, in any spelling; of 0 and 1 none do
    times: int  # how many read as times, all in `time_format`
    time_format: str | None = None  # as `strptime` has it; None where they are no times
    low: float | None = None  # the smallest number, or the first time in seconds
    high: float | None = None
    words: float = 0.0  # how many words a value has, on average
    decimal: str = "."  # what stands before the decimals of its numbers, as they were read
    codes: int = 0  # how many numbers begin with a zero and another digit
    # The most frequent values with their counts, at most 20, ties in the order of their texts.
    top: tuple[tuple[str, int], ...] = ()
    # The most frequent ones that are no numbers, at most 10.
    no_numbers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class ColumnKind:
    """What a column is to be: what the config says, or what its values tell."""

    name: str  # of the column
    kind: str  # a word of the shelf
    options: Mapping[str, Any] = field(default_factory=dict)  # of its `fit`
    reason: str = ""  # why, in words, such as `714 of 891 values are numbers`
    told: bool = False  # whether the config says so


def split_column(split_by: object) -> str | None:
    """The name of the column by which the rows of a table are split; None where none is named."""
    name = next(iter(split_by.values()), None) if isinstance(split_by, dict) else None
    return name if isinstance(name, str) else None


@runtime_checkable
class FittedColumn(Protocol):
    """A kind of column, fitted on training rows: a frozen dataclass, stored in `spec.json`.

    Equal training rows give equal fitted columns, to the bit.
    """

    @property
    def kind(self) -> str:
        """The word: the name of its file."""

    @property
    def name(self) -> str:
        """The name of the column in the table."""

    @property
    def holds(self) -> Holds:
        """What its values are read as."""

    @property
    def is_read(self) -> bool:
        """Whether a network gets anything of it."""

    @property
    def entries(self) -> tuple[str, ...]:
        """The names of the numbers that a network gets, such as `age` and `age (missing)`."""

    @property
    def format(self) -> str | None:
        """How its times are written, as `strptime` has it; None for all but times."""

    @property
    def reread(self) -> Mapping[str, Any]:
        """The options, as a config has them, by which the same values are read again."""

    @property
    def sample(self) -> tuple[int, ...] | None:
        """The shape in which layers that name it get its entries; None where that is one axis."""

    @property
    def carried(self) -> bool:
        """Whether its values are carried along into predictions, as they are written."""

    @property
    def ids(self) -> int | None:
        """How many class numbers an `Embedding` may get of it, or None: it has no class numbers."""

    @property
    def steps(self) -> int:
        """How many class numbers a row has: 1, or as many as words of a text are read."""

    def apply(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[Any]:
        """Turn raw values `(rows,)` into entries `(rows, len(entries))`, float64 or float32.

        Raises:
            CellError: A value cannot be turned; says which row and why.
        """

    def numbered(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.int64]:
        """Turn raw values `(rows,)` into class numbers `(rows, steps)`; only where `ids` is one."""

    def shown(self, values: NDArray[np.float64], pixels: Any) -> NDArray[np.float32]:
        """Turn raw values `(rows,)` into entries `(rows, len(entries))`; only of images.

        `pixels` are those of `RawColumn`.

        Raises:
            CellError: A value cannot be turned; says which row and why.
        """

    def apply_tf(self, values: Any, lookups: Any) -> Any:
        """Turn raw values `(rows,)` into entries `(rows, len(entries))` in TensorFlow's operations.

        Numbers are float64, NaN where one is missing; texts and times are strings as they are
        written, without blanks around, empty where one is missing. It gives what `apply` gives,
        float64 or float32; tables of texts come from `lookups` (`columns.graphs.Lookups`).

        Raises:
            NotImplementedError: There is no such operation; says what for.
        """

    def numbered_tf(self, values: Any, lookups: Any) -> Any:
        """Turn raw values `(rows,)`, as `apply_tf` takes them: class numbers `(rows, steps)`."""

    def plain_numpy(self) -> Any:
        """Say how NumPy alone turns cells into what `in_units` gives (`columns.plain_numpy`).

        What `formula` of `data.units` does not undo, as ranks, is given as the network takes it.

        Raises:
            NotImplementedError: The kind does not say so.
        """

    def undo(self, entries: NDArray[Any]) -> list[str]:
        """Write entries `(rows, len(entries))` as the table would have the values."""

    def undo_numbered(self, numbers: NDArray[Any]) -> list[str]:
        """Write class numbers `(rows, steps)` as the table would have the values."""

    def in_units(self, entries: NDArray[Any]) -> NDArray[np.float64]:
        """Undo the scaling of entries `(rows, len(entries))`: age in years; 0 and 1 stay."""

    def from_units(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale what `in_units` gives, `(rows, len(entries))`; float64, not yet rounded."""

    def notes(self) -> list[str]:
        """Say what is done to values, such as `177 missing values become the median, 28`."""

    def unknown(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> dict[str, int]:
        """Count what training did not know: `missing`, `above 80`, `new: 'Sea'`; nothing else."""

    @property
    def bins(self) -> tuple[str, ...]:
        """The names of the parts that values fall into: ranges, classes, `missing`; maybe none."""

    @property
    def seen(self) -> tuple[int, ...]:
        """How many training rows, of 100,000 or so that stand for all, fell into each part."""

    def binned(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.int64]:
        """Count how many of other rows fall into each part, `(len(bins),)`."""


class CellError(Exception):
    """A value that a fitted column cannot take.

    Attributes:
        row: Which of the rows, from 0.
        what: What is wrong, a sentence.
        fix: How to mend it.
        column: Of which column, where whoever raised it knows.
    """

    column: str | None = None

    def __init__(self, row: int, what: str, fix: str | None = None) -> None:
        super().__init__(what)
        self.row = row
        self.what = what
        self.fix = fix
