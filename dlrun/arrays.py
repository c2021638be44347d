"""What travels between the rooms: samples, splits, and the spec that says what they look like."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any] | "StreamedArray"
    """An array in memory, or one whose rows stay on the disk until they are taken."""

BLOCK_BYTES = 8 * 2**20
"""About how much of a streamed array is held in memory at a time."""

LabelForm = Literal["index", "one_hot", "binary", "sign", "value"]
"""How the targets are handed to the loss.

- `index`: the number of the class, `(rows,)`, for the sparse losses.
- `one_hot`: `(rows, num_classes)`, for the categorical losses.
- `binary`: 0 or 1, `(rows, 1)`, for the binary losses.
- `sign`: -1 or +1, `(rows, 1)`, for the hinge losses.
- `value`: numbers as they are, `(rows, num_targets)`, for everything else.
"""


class RowSource(Protocol):
    """What a `StreamedArray` takes its rows from: a NumPy array, or a file."""

    def __len__(self) -> int:
        """The number of rows."""

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        """The rows of a slice, or of row numbers."""


@dataclass(frozen=True, eq=False)
class StreamedArray:
    """An array whose rows are read, and worked on, each time when they are taken.

    `len`, `shape`, `ndim` and `dtype` are those of a NumPy array; `array[begin:end]` and
    `array[row_numbers]` are NumPy arrays.

    Attributes:
        source: What holds the rows.
        numbers: Which rows of the source these are, in order, `(rows,)`; None for all of them.
        changes: What is done to rows when they are taken, in order. Each change keeps the number
            of rows and works on every row alone, so that it does not matter how they are cut.
    """

    source: RowSource
    numbers: NDArray[Any] | None = None
    changes: tuple[Callable[[NDArray[Any]], NDArray[Any]], ...] = ()

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.source if self.numbers is None else self.numbers)

    def __getitem__(self, rows: slice | NDArray[Any]) -> NDArray[Any]:
        """Take rows: `(rows, ...)`, in memory."""
        taken = self.source[rows if self.numbers is None else self.numbers[rows]]
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
        numbers = chosen.nonzero()[0]
        if self.numbers is not None:
            numbers = self.numbers[numbers]
        # Half the memory of int64; there is one number for each row.
        compact = numbers.astype("uint32") if len(self.source) < 2**32 else numbers
        return StreamedArray(self.source, compact, self.changes)

    def changed(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> StreamedArray:
        """Do one more thing to rows when they are taken; see `changes`."""
        return StreamedArray(self.source, self.numbers, (*self.changes, change))


@dataclass(frozen=True)
class Samples:
    """Rows of data.

    Attributes:
        x: Features, `(rows, *input_shape)`, float32; in memory or streamed. Before the dataset is
            split they may be float64, so that scaling can work on what the source holds.
        y: Targets. Before labels are fitted: class numbers `(rows,)`, int64, where there are
            classes, else values `(rows, num_targets)`, float32. After: as `LabelForm` says, float32
            (`index` stays int64). None where the rows have no target.
        sample_weight: `(rows,)`, float32, or None for equal weights.
    """

    x: Array
    y: Array | None = None
    sample_weight: NDArray[np.float32] | None = None

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
        )

    def rows_per_block(self, multiple_of: int) -> int:
        """Return how many rows, a multiple of some number, fill a block of `BLOCK_BYTES`."""
        arrays = [array for array in (self.x, self.y) if array is not None]
        row_bytes = sum(math.prod(array.shape[1:]) * array.dtype.itemsize for array in arrays)
        return max(1, BLOCK_BYTES // max(1, row_bytes * multiple_of)) * multiple_of

    def blocks(self, multiple_of: int = 1) -> Iterator[Samples]:
        """Take all rows into memory, in order, block by block.

        Args:
            multiple_of: What the number of rows of every block but the last is a multiple of.

        Returns:
            Samples in memory; a single block where all rows are in memory already.
        """
        if not self.streamed:
            yield self
            return
        step = self.rows_per_block(multiple_of)
        for begin in range(0, len(self), step):
            yield self.take(slice(begin, begin + step))


@dataclass(frozen=True)
class TableForm:
    """The form of the table that a run is trained on; later files of rows are read by it.

    Attributes:
        columns: All its columns, in their order; `column_1`, ... where they have no names. None
            where they are not known: older runs did not keep them.
        named: Whether its first row holds the names.
        header: What the config says of that; None where each file is to tell.
        delimiter: What the config says separates the cells; None where each file is to tell.
    """

    columns: tuple[str, ...] | None
    named: bool
    header: bool | None = None
    delimiter: str | None = None


@dataclass(frozen=True)
class ArrayForm:
    """The names of the arrays that a run is trained on; later files of arrays are read by them.

    Attributes:
        x: The array of features.
        y: The array of targets.
    """

    x: str
    y: str


@dataclass(frozen=True)
class Dataset:
    """What a dataset's `load_data` returns, before it is split.

    Attributes:
        train: All rows that are not test rows.
        test: The dataset's own test rows (MNIST brings some), or None.
        class_names: One name per class, in the order of the class numbers; None for a regression.
        class_values: The labels as numbers where the source has numbers, such as (-1.0, 1.0).
        feature_names: One name per column, or None for images and other arrays.
        target_names: One name per target.
        pixel_max: For images of whole-number pixels: the number that became 1.0 in `x`.
        image_shape: Where the rows are images, flattened or not: (height, width, channels).
        sample_weight: The name of the column that `Samples.sample_weight` came from, or None.
        form: The form of the file that the rows came from; None where they are drawn.
        streamed: Why the rows stay on the disk, in one line; None where they are in memory.
    """

    train: Samples
    test: Samples | None = None
    class_names: tuple[str, ...] | None = None
    class_values: tuple[float, ...] | None = None
    feature_names: tuple[str, ...] | None = None
    target_names: tuple[str, ...] = ("target",)
    pixel_max: float | None = None
    image_shape: tuple[int, ...] | None = None
    sample_weight: str | None = None
    form: TableForm | ArrayForm | None = None
    streamed: str | None = None


@dataclass(frozen=True)
class Scaling:
    """A fitted scaling: `(x - offset) / factor`.

    Attributes:
        kind: `standard` (mean and standard deviation) or `minmax` (minimum and range).
        offset: One number for each entry of a sample's last axis, or one for all entries.
        factor: As many, never 0.
    """

    kind: Literal["standard", "minmax"]
    offset: tuple[float, ...]
    factor: tuple[float, ...]


@dataclass(frozen=True)
class Spec:
    """What the arrays of a run look like; stored as `spec.json`.

    Attributes:
        input_shape: The shape of one sample.
        feature_names: See `Dataset`.
        target_names: See `Dataset`.
        class_names: See `Dataset`.
        class_values: See `Dataset`.
        pixel_max: See `Dataset`.
        image_shape: See `Dataset`.
        sample_weight: See `Dataset`.
        form: See `Dataset`.
        scaling: What was fitted on the training rows, or None.
        label_form: How targets are handed to the loss; None until labels are fitted.
        threshold: With one output unit and two classes: an output above it is the second class.
            None where the class is the argmax, or where there are no classes.
        output: What the numbers of the last layer are, where there are classes; None before the
            model is known, and for a regression.
        rows: The number of rows per split.
    """

    input_shape: tuple[int, ...]
    feature_names: tuple[str, ...] | None = None
    target_names: tuple[str, ...] = ("target",)
    class_names: tuple[str, ...] | None = None
    class_values: tuple[float, ...] | None = None
    pixel_max: float | None = None
    image_shape: tuple[int, ...] | None = None
    sample_weight: str | None = None
    form: TableForm | ArrayForm | None = None
    scaling: Scaling | None = None
    label_form: LabelForm | None = None
    threshold: float | None = None
    output: Literal["probability", "logit", "score"] | None = None
    rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def num_classes(self) -> int | None:
        """The number of classes, or None for a regression."""
        return None if self.class_names is None else len(self.class_names)


@dataclass(frozen=True)
class Splits:
    """The rows of an experiment, split and ready for training.

    Attributes:
        train: What the weights are fitted to.
        validation: What is watched during training, or None.
        test: What is looked at once, at the end, or None.
        spec: What the arrays look like.
        streamed: See `Dataset`.
        notes: What the user should know of the numbers, in lines.
    """

    train: Samples
    validation: Samples | None
    test: Samples | None
    spec: Spec
    streamed: str | None = None
    notes: tuple[str, ...] = ()

    def present(self) -> dict[str, Samples]:
        """The splits that have rows, by name, in the order train, validation, test."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: samples for name, samples in named.items() if samples is not None}
