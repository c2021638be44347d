"""What one sample of each dataset looks like, told from the dataset's arguments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dlrun.shapes.files import csv_columns, npz_array_shape
from dlrun.shapes.layer import Layer
from dlrun.shapes.outputs import UnknownShapeError, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dlrun.shapes.outputs import Shape

MOST_BITS: Final = 16


class Sample(NamedTuple):
    """One sample of a dataset.

    Attributes:
        shape: The shape of its features; None where it is not known.
        classes: The names of the classes; None where they are not known or there are none.
        target: The shape of its target of numbers; None where it is not known or a class.
    """

    shape: Shape | None = None
    classes: tuple[str, ...] | None = None
    target: Shape | None = None


def find_sample(dataset: str, arguments: Mapping[str, Any]) -> Sample:
    """Tell what the samples of a dataset look like.

    Args:
        dataset: The word, such as `moons`.
        arguments: The dataset's own arguments, defaults filled in.

    Returns:
        What is known. What is wrong with an argument or a file is told when the data are read.
    """
    tell = DATASETS.get(dataset)
    try:
        return tell(Layer(dataset, arguments)) if tell else Sample()
    except UnknownShapeError:
        return Sample()


def _plane(dataset: Layer) -> Sample:  # noqa: ARG001  all datasets are asked alike
    """Points of the plane in two classes."""
    return Sample((2,), _numbered(2))


def _majority(dataset: Layer) -> Sample:
    bits = dataset.whole("bits")
    return Sample((bits,), _numbered(2)) if bits <= MOST_BITS else unknown()


def _threshold_sum(dataset: Layer) -> Sample:
    labels = tuple(str(label) for label in dataset.wholes("labels"))
    return Sample((dataset.whole("columns"),), labels) if len(labels) == len("ab") else unknown()


def _blobs(dataset: Layer) -> Sample:
    return Sample((dataset.whole("columns"),), _numbered(dataset.whole("centers", low=2)))


def _spirals(dataset: Layer) -> Sample:
    return Sample((2,), _numbered(dataset.whole("arms", low=2)))


def _linear(dataset: Layer) -> Sample:
    weights = dataset.value("weights")
    if not isinstance(weights, list | tuple) or not weights:
        unknown()
    return Sample((len(weights),), target=(1,))


def _sine(dataset: Layer) -> Sample:  # noqa: ARG001
    return Sample((1,), target=(1,))


def _images(dataset: Layer, *, side: int) -> Sample:
    """Grey images of ten digits."""
    return Sample((side * side,) if dataset.flag("flatten") else (side, side, 1), _numbered(10))


def _digits(dataset: Layer) -> Sample:
    return _images(dataset, side=8)


def _mnist(dataset: Layer) -> Sample:
    return _images(dataset, side=28)


def _csv(dataset: Layer) -> Sample:
    path = dataset.value("path")
    if not isinstance(path, str | Path):
        unknown()
    columns = csv_columns(Path(path), dataset.value("delimiter"))
    if dataset.value("header") is False:
        columns = None if columns is None else [f"column_{n + 1}" for n in range(len(columns))]
    if columns is None or len(set(columns)) < len(columns):
        unknown()
    targets = _names(dataset.value("target")) or columns[-1:]
    features = _names(dataset.value("features"))
    if features is None:
        taken = set(targets)
        features = [name for name in columns if name not in taken]
    if not features or not {*features, *targets} <= {*columns}:
        unknown()
    return Sample((len(features),), target=(len(targets),) if len(targets) > 1 else None)


def _npz(dataset: Layer) -> Sample:
    path, name = dataset.value("path"), dataset.value("x")
    if not isinstance(path, str | Path) or not isinstance(name, str):
        unknown()
    shape = npz_array_shape(Path(path), name)
    return Sample(shape[1:] or (1,)) if shape else Sample()


def _names(value: Any) -> list[str] | None:
    """One name or several; None where none are given."""
    return [value] if isinstance(value, str) else value if isinstance(value, list) else None


def _numbered(classes: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(classes))


DATASETS: Final[dict[str, Callable[[Layer], Sample]]] = {
    **dict.fromkeys(("two_points", "xor", "moons", "circles", "checkerboard"), _plane),
    "majority": _majority,
    "threshold_sum": _threshold_sum,
    "blobs": _blobs,
    "spirals": _spirals,
    "linear": _linear,
    "sine": _sine,
    "digits": _digits,
    "mnist": _mnist,
    "csv": _csv,
    "npz": _npz,
}
