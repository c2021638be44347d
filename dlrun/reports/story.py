"""Everything that the plots and the page of a run are made of, in memory and of bounded size."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.catalog.losses import label_form
from dlrun.reports.predictions import probabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from dlrun.arrays import Spec
    from dlrun.config import Experiment
    from dlrun.reports.classification import ClassificationReport

MAX_ROWS = 20_000
"""How many rows of the judged split are looked at one by one."""
MAX_OTHER_ROWS = 2_000
"""How many rows of each other split are."""

_CHANNELS = (1, 3, 4)
_IMAGE_AXES = 3


@dataclass(frozen=True, eq=False, repr=False)
class Rows:
    """Some rows of a split, and what the model says of them.

    Attributes:
        split: `train`, `validation` or `test`.
        total: How many rows the split has.
        numbers: Which of them these are, from 0, `(rows,)`, int64.
        x: As the model takes them, `(rows, *input_shape)`, float32.
        y_true: Class numbers `(rows,)`, int64, or values `(rows, num_targets)`, float32.
        y_pred: The same, as predicted.
        outputs: What the last layer gave, `(rows, num_outputs)`, float32.
    """

    split: str
    total: int
    numbers: NDArray[np.int64]
    x: NDArray[np.float32]
    y_true: NDArray[Any]
    y_pred: NDArray[Any]
    outputs: NDArray[np.float32]

    def __len__(self) -> int:
        """The number of rows that are here."""
        return len(self.x)


@dataclass(frozen=True)
class Layer:
    """One layer of the model.

    Attributes:
        name: Its name.
        type: Its Keras class.
        inputs: The names of what it reads.
        output_shape: The shape of what it gives for one sample; None for axes of any length.
        parameters: The number of its weights.
        activation: The name of its activation where the config gives one that does something.
        trainable: Whether training changes it.
    """

    name: str
    type: str
    inputs: tuple[str, ...]
    output_shape: tuple[int | None, ...]
    parameters: int
    activation: str | None = None
    trainable: bool = True


@dataclass(frozen=True, eq=False, repr=False)
class Story:
    """A run, told from its config to its mistakes.

    Attributes:
        run: The name of the run folder.
        experiment: The resolved config.
        record: What `run.json` says.
        spec: What the arrays look like.
        layers: The layers in the order of the config.
        history: One array a column of `history.csv`, `(epochs,)`, float64; without `epoch`.
        weights: The final weights by path.
        metrics: The loss and the metrics by split.
        classification: The scores of the judged split, over all of its rows.
        class_counts: How many rows of each class a split has.
        rows: Some rows of each split, in the order train, validation, test.
        answer: Gives what the last layer gives for any rows, `(rows, num_outputs)`.
        decide: Turns that into class numbers, `(rows,)`.
        notes: What a reader has to know, such as that the data have changed since.
    """

    run: str
    experiment: Experiment
    record: Mapping[str, Any]
    spec: Spec
    layers: tuple[Layer, ...]
    history: Mapping[str, NDArray[np.float64]]
    weights: Mapping[str, NDArray[Any]]
    metrics: Mapping[str, Mapping[str, float]]
    classification: ClassificationReport | None
    class_counts: Mapping[str, tuple[int, ...]]
    rows: Mapping[str, Rows]
    answer: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    decide: Callable[[NDArray[np.float32]], NDArray[np.int64]]
    notes: tuple[str, ...] = field(default=())

    @property
    def judged(self) -> Rows:
        """The rows by which the model is judged: test, else validation, else training rows."""
        return list(self.rows.values())[-1]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes; none for a regression."""
        return self.spec.class_names or ()

    @property
    def epochs(self) -> int:
        """The number of epochs that were trained."""
        return max(map(len, self.history.values()), default=0)


def is_classification(story: Story) -> bool:
    """Whether classes are told apart."""
    return bool(story.class_names)


def has_labels(story: Story) -> bool:
    """Whether several things are told of each row, a yes or a no each, by a loss for such."""
    loss, judged = story.experiment.loss, story.judged
    if is_classification(story) or loss is None or label_form(loss.type) != "binary":
        return False
    several = (len(judged), max(2, len(story.spec.target_names)))
    if not judged.y_true.shape == judged.outputs.shape == several:
        return False
    return all(bool(np.isin(rows.y_true, (0, 1)).all()) for rows in story.rows.values())


def gives_probabilities(story: Story) -> bool:
    """Whether the model says how sure it is of a class."""
    return is_classification(story) and story.spec.output in ("probability", "logit")


def class_scores(outputs: NDArray[np.float32], spec: Spec) -> NDArray[np.float32]:
    """Give one score a class: its probability where the model tells it.

    Args:
        outputs: What the last layer gave, `(rows, num_outputs)`.
        spec: With classes.

    Returns:
        `(rows, num_classes)`; a single score s becomes (-s, s).
    """
    scores = probabilities(outputs, spec)
    return np.concatenate([-scores, scores], axis=1) if scores.shape[1] == 1 else scores


def image_shape(spec: Spec) -> tuple[int, ...] | None:
    """Tell whether the rows can be shown as images.

    Args:
        spec: What the rows look like.

    Returns:
        (height, width, channels) with 1, 3 or 4 channels, or None.
    """
    shape = spec.image_shape or spec.input_shape
    is_image = len(shape) == _IMAGE_AXES and shape[-1] in _CHANNELS and min(shape[:2]) > 1
    return tuple(shape) if is_image and math.prod(shape) == math.prod(spec.input_shape) else None


def as_images(x: NDArray[np.float32], spec: Spec) -> NDArray[np.float64]:
    """Turn rows into images that can be shown.

    Args:
        x: Rows as the model takes them, `(rows, *input_shape)`.
        spec: Of images, see `image_shape`.

    Returns:
        `(rows, height, width)`, or `(rows, height, width, 3)` for colours; in [0, 1].
    """
    height, width, channels = image_shape(spec) or ()
    images = unscaled(x, spec).reshape(len(x), height, width, channels)
    low, high = 0.0, 1.0
    if spec.pixel_max is None and images.size:
        low, high = float(images.min()), float(images.max())
    images = np.clip((images - low) / ((high - low) or 1.0), 0, 1)
    return images[..., 0] if channels == 1 else images[..., :3]


def unscaled(x: NDArray[np.float32], spec: Spec) -> NDArray[np.float64]:
    """Give features in the units of the data, as they were before they were scaled.

    Args:
        x: Rows as the model takes them.
        spec: With the scaling, or without one.

    Returns:
        The same shape, float64.
    """
    values = x.astype(np.float64)
    if spec.scaling is None:
        return values
    factor, offset = np.array(spec.scaling.factor), np.array(spec.scaling.offset)
    return np.asarray(values * factor + offset)


def rescaled(x: NDArray[np.float64], spec: Spec) -> NDArray[np.float32]:
    """Scale features in the units of the data as the model takes them; undoes `unscaled`.

    Args:
        x: Rows in the units of the data.
        spec: With the scaling, or without one.

    Returns:
        The same shape, float32.
    """
    if spec.scaling is not None:
        x = (x - np.array(spec.scaling.offset)) / np.array(spec.scaling.factor)
    return x.astype(np.float32)


def feature_name(spec: Spec, column: int) -> str:
    """Name a column of the data.

    Args:
        spec: What the rows look like.
        column: Its number, from 0.

    Returns:
        Its own name, else `x1`, `x2`, ... .
    """
    return spec.feature_names[column] if spec.feature_names else f"x{column + 1}"
