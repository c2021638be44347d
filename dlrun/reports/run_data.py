"""Everything that the plots and the page of a run are made of, in memory and of bounded size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Foretold, Origin, Spec
from dlrun.catalog.label_forms import label_form
from dlrun.columns.packing import are_plain, parts
from dlrun.config import Experiment
from dlrun.data.predictions import probabilities
from dlrun.data.units import in_units
from dlrun.reports.baseline import Baseline
from dlrun.reports.importance import Importances
from dlrun.reports.labels import LabelsReport
from dlrun.reports.scores import ClassificationReport
from dlrun.reports.words import WordEffects
from dlrun.rundir.metrics import is_larger_better
from dlrun.rundir.notes import NOTHING, Notes
from dlrun.shapes.layer import DATA

MAX_ROWS = 20_000  # of the judged split are looked at one by one
MAX_OTHER_ROWS = 2_000  # of each other split

_CHANNELS = (1, 3, 4)
_IMAGE_AXES = 3


@dataclass(frozen=True, eq=False, repr=False)
class Rows:
    """Some rows of a split, and what the model says of them."""

    split: str
    total: int  # how many rows the split has
    numbers: NDArray[np.int64]  # (rows,): which of them these are, from 0
    x: NDArray[np.float32]  # (rows, *input_shape), as the model takes them
    y_true: NDArray[Any]  # class numbers (rows,), int64, or values (rows, num_targets), float32
    y_pred: NDArray[Any]
    outputs: NDArray[np.float32]  # (rows, num_outputs), what the last layer gave
    foretold: Foretold | None = None  # of windows of series: when, and what naive forecasts say
    origin: Origin | None = None  # of the whole split: by what its rows are found again

    def __len__(self) -> int:
        """The number of rows that are here."""
        return len(self.x)


@dataclass(frozen=True)
class Layer:
    """One layer of the model."""

    name: str
    type: str  # its Keras class
    inputs: tuple[str, ...]  # the names of what it reads
    output_shape: tuple[int | None, ...]  # for one sample; None for axes of any length
    parameters: int  # the number of its weights
    activation: str | None = None  # where the config gives one that does something
    trainable: bool = True


@dataclass(frozen=True, eq=False, repr=False)
class ReportData:
    """Everything that the plots and the page of one run show."""

    run: str
    experiment: Experiment
    record: Mapping[str, Any]  # what `run.json` says
    spec: Spec
    layers: tuple[Layer, ...]  # in the order of the config
    # (epochs,), float64, by column of `history.csv`; without `epoch`
    history: Mapping[str, NDArray[np.float64]]
    weights: Mapping[str, NDArray[Any]]  # the final weights by path
    metrics: Mapping[str, Mapping[str, float]]  # by split and name
    # the scores of the judged split, over all of its rows
    classification: ClassificationReport | None
    class_counts: Mapping[str, tuple[int, ...]]  # the number of rows of each class by split
    rows: Mapping[str, Rows]  # some rows of each split, in the order train, validation, test
    # gives what the last layer gives for any rows, (rows, num_outputs)
    answer: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    # turns that into class numbers, (rows,)
    decide: Callable[[NDArray[np.float32]], NDArray[np.int64]]
    # what a reader has to know, such as that the data have changed since
    notes: tuple[str, ...] = ()
    early: str | None = None  # how far the training came, where it did not come to its end
    # what each column is worth; None where there are none, or too many
    importances: Importances | None = None
    words: WordEffects | None = None  # which words move the answers, where layers look some up
    labels: LabelsReport | None = None  # the scores of several labels, where there are some
    said: Notes = NOTHING  # labels and a note that a user gave to the run
    baseline: Baseline | None = None  # what is said of the judged rows without their features

    @property
    def judged(self) -> Rows:
        """The rows by which the model is judged: test, else validation, else training rows."""
        return list(self.rows.values())[-1]

    @property
    def training_and_judged(self) -> tuple[Rows, ...]:
        """The training rows and the judged rows, in this order; once where they are the same."""
        return tuple(dict.fromkeys((next(iter(self.rows.values())), self.judged)))

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes; none for a regression."""
        return self.spec.class_names or ()

    @property
    def is_classification(self) -> bool:
        """Whether classes are told apart."""
        return bool(self.class_names)

    @property
    def has_labels(self) -> bool:
        """Whether several things are told of each row, a yes or a no each, by a loss for such."""
        loss, judged = self.experiment.loss, self.judged
        if self.spec.labels:
            return True
        if self.is_classification or loss is None or label_form(loss.type) != "binary":
            return False
        several = (len(judged), max(2, len(self.spec.target_names)))
        if not judged.y_true.shape == judged.outputs.shape == several:
            return False
        return all(bool(np.isin(rows.y_true, (0, 1)).all()) for rows in self.rows.values())

    @property
    def gives_probabilities(self) -> bool:
        """Whether the model says how sure it is of a class."""
        return self.is_classification and self.spec.output in ("probability", "logit")

    @property
    def epochs(self) -> int:
        """The number of epochs that were trained."""
        return max(map(len, self.history.values()), default=0)


def class_scores(outputs: NDArray[np.float32], spec: Spec) -> NDArray[np.float32]:
    """Give one score a class, `(rows, num_classes)`: its probability where the model tells it.

    A single score s becomes (-s, s).
    """
    scores = probabilities(outputs, spec)
    return np.concatenate([-scores, scores], axis=1) if scores.shape[1] == 1 else scores


@dataclass(frozen=True)
class ImagePlace:
    """Where an image stands in a row: `x[begin:end]` of one that is flattened."""

    shape: tuple[int, ...]  # height, width, channels
    begin: int
    end: int
    source: str  # by what name layers read it


def picture_of(spec: Spec) -> ImagePlace | None:
    """Find what of a row can be shown as an image: all of it, or its first column of images."""
    shape = spec.image_shape or spec.input_shape
    if _can_be_shown(shape) and math.prod(shape) == math.prod(spec.input_shape):
        source = spec.views[0].name if spec.views else DATA
        return ImagePlace(tuple(shape), 0, math.prod(shape), source)
    for part in parts(spec.columns or (), spec.views):
        sample, named = part.column.sample, {view.name for view in spec.views}
        if sample is not None and _can_be_shown(sample) and part.column.name in named:
            return ImagePlace(sample, part.begin, part.end, part.column.name)
    return None


def _can_be_shown(shape: Sequence[int]) -> bool:
    return len(shape) == _IMAGE_AXES and shape[-1] in _CHANNELS and min(shape[:2]) > 1


def as_images(x: NDArray[np.float32], spec: Spec) -> NDArray[np.float64]:
    """Turn rows, `(rows, *input_shape)`, into the images in them, with values in [0, 1].

    They are `(rows, height, width)`, or `(rows, height, width, 3)` for colours.

    Raises:
        ValueError: There are none in them, see `picture_of`.
    """
    picture = picture_of(spec)
    if picture is None:
        raise ValueError("the rows hold no images")
    height, width, channels = picture.shape
    flat = in_units(x, spec).reshape(len(x), -1)[:, picture.begin : picture.end]
    images = flat.reshape(len(x), height, width, channels)
    low, high = 0.0, 1.0
    if spec.pixel_max is None and spec.columns is None and images.size:
        low, high = float(images.min()), float(images.max())
    images = np.clip((images - low) / ((high - low) or 1.0), 0, 1)
    return images[..., 0] if channels == 1 else images[..., :3]


def feature_name(spec: Spec, column: int) -> str:
    """Give a column's own name, else `x1`, `x2`, ... ."""
    return spec.feature_names[column] if spec.feature_names else f"x{column + 1}"


def entries_of_columns(spec: Spec) -> dict[str, list[int]]:
    """Give the places of the entries of each column, by its name; none for images and sequences."""
    if len(spec.input_shape) != 1 or spec.image_shape is not None:
        return {}
    if spec.columns is None and spec.views:
        return {view.name: [*range(view.begin, view.end)] for view in spec.views}
    if spec.columns is None:
        return {feature_name(spec, place): [place] for place in range(spec.input_shape[0])}
    places: dict[str, list[int]] = {}
    for part in parts(spec.columns, spec.views):
        places.setdefault(part.column.name, []).extend(range(part.begin, part.end))
    return {name: found for name, found in places.items() if found}


def is_a_plane(spec: Spec) -> bool:
    """Whether a row may be any point between others: no category, no part that is looked up."""
    return are_plain(spec.columns or ()) and not spec.views


LEARNING_RATE = "learning_rate"
_STOPPERS = ("EarlyStopping", "ModelCheckpoint")


def quantities(history: Mapping[str, NDArray[np.float64]]) -> tuple[str, ...]:
    """Name what was logged, training and validation as one, such as `("loss", "accuracy")`."""
    names = dict.fromkeys(name.removeprefix("val_") for name in history)
    return tuple(name for name in names if name != LEARNING_RATE)


class BestEpoch(NamedTuple):
    """The best epoch, and how it was judged."""

    watched: str  # a column of the history
    epoch: int  # from 1
    margin: float = 0.0  # what an EarlyStopping takes for no improvement

    @property
    def judge(self) -> str:
        """Say by what it was judged."""
        return f"{self.watched} (min_delta {self.margin:g})" if self.margin else self.watched


def best_epoch(
    experiment: Experiment, history: Mapping[str, NDArray[np.float64]]
) -> BestEpoch | None:
    """Find the best epoch; None where nothing tells.

    It is judged by what EarlyStopping or ModelCheckpoint watched, as these judge, else by the
    validation loss.
    """
    watched, options = "val_loss", dict[str, Any]()
    for callback in experiment.training.callbacks:
        if callback.type in _STOPPERS and callback.arguments.get("monitor") in history:
            watched, options = str(callback.arguments["monitor"]), dict(callback.arguments)
            break
    values = history.get(watched)
    if values is None:
        return None
    mode = str(options.get("mode", "auto"))
    larger = is_larger_better(watched) if mode == "auto" else mode == "max"
    margin, start = abs(float(options.get("min_delta") or 0)), options.get("start_from_epoch") or 0
    # `EarlyStopping.on_epoch_end`: better is what is so by more than the margin.
    best, top = None, -math.inf
    for epoch, value in enumerate(values if larger else -values):
        if epoch >= start and value - margin > top:
            best, top = epoch, float(value)
    return None if best is None else BestEpoch(watched, best + 1, margin)


def changes(values: NDArray[np.float64] | None) -> bool:
    """Whether a column takes more than one value."""
    return values is not None and len(np.unique(values[np.isfinite(values)])) > 1
