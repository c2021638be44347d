"""What travels between the rooms: samples, splits, and the spec that says what they look like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

LabelForm = Literal["index", "one_hot", "binary", "sign", "value"]
"""How the targets are handed to the loss.

- `index`: the number of the class, `(rows,)`, for the sparse losses.
- `one_hot`: `(rows, num_classes)`, for the categorical losses.
- `binary`: 0 or 1, `(rows, 1)`, for the binary losses.
- `sign`: -1 or +1, `(rows, 1)`, for the hinge losses.
- `value`: numbers as they are, `(rows, num_targets)`, for everything else.
"""


@dataclass(frozen=True)
class Samples:
    """Rows of data.

    Attributes:
        x: Features, `(rows, *input_shape)`, float32. Before the dataset is split they may be
            float64, so that scaling can work on what the source holds.
        y: Targets. Before labels are fitted: class numbers `(rows,)`, int64, where there are
            classes, else values `(rows, num_targets)`, float32. After: as `LabelForm` says, float32
            (`index` stays int64). None where the rows have no target.
        sample_weight: `(rows,)`, float32, or None for equal weights.
    """

    x: NDArray[Any]
    y: NDArray[Any] | None = None
    sample_weight: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.x)


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
    """

    train: Samples
    test: Samples | None = None
    class_names: tuple[str, ...] | None = None
    class_values: tuple[float, ...] | None = None
    feature_names: tuple[str, ...] | None = None
    target_names: tuple[str, ...] = ("target",)
    pixel_max: float | None = None


@dataclass(frozen=True)
class Scaling:
    """A fitted scaling of columns: `(x - offset) / factor`.

    Attributes:
        kind: `standard` (mean and standard deviation) or `minmax` (minimum and range).
        offset: One number per column.
        factor: One number per column, never 0.
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
    """

    train: Samples
    validation: Samples | None
    test: Samples | None
    spec: Spec

    def present(self) -> dict[str, Samples]:
        """The splits that have rows, by name, in the order train, validation, test."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: samples for name, samples in named.items() if samples is not None}
