"""What one sample of each dataset looks like, told from the dataset's arguments."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dlrun.shapes.cells import bare_number, is_name, parse_number
from dlrun.shapes.files import csv_column, csv_columns, npz_array_header, npz_values
from dlrun.shapes.layer import Layer
from dlrun.shapes.outputs import UnknownShapeError, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dlrun.shapes.outputs import Shape

MOST_BITS: Final = 16
LABELS: Final = ([-1, 1], [0, 1])
FEW: Final = range(2, 1000 + 1)
"""How many distinct values can be classes; see `dlrun.data.classes.MAX_CLASSES`."""


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


def find_sample(dataset: str, arguments: Mapping[str, Any], *, form: str | None = None) -> Sample:
    """Tell what the samples of a dataset look like.

    Args:
        dataset: The word, such as `moons`.
        arguments: The dataset's own arguments, defaults filled in.
        form: How the loss wants its labels, see `dlrun.catalog.losses.label_form`: it decides
            whether a column of numbers holds classes. None where that is not asked.

    Returns:
        What is known. What is wrong with an argument or a file is told when the data are read.
    """
    tell, look = DATASETS.get(dataset), FILES.get(dataset)
    try:
        if look:
            return look(Layer(dataset, arguments), form)
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
    labels = dataset.wholes("labels")
    names = tuple(map(str, labels))
    return Sample((dataset.whole("columns"),), names) if [*labels] in LABELS else unknown()


def _blobs(dataset: Layer) -> Sample:
    return Sample((dataset.whole("columns"),), _numbered(dataset.whole("centers", low=2)))


def _spirals(dataset: Layer) -> Sample:
    return Sample((2,), _numbered(dataset.whole("arms", low=2)))


def _linear(dataset: Layer) -> Sample:
    weights = dataset.value("weights")
    if not isinstance(weights, list | tuple) or not weights:
        unknown()
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in weights):
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


def drawn_rows(dataset: str, arguments: Mapping[str, Any]) -> int | None:
    """Tell how many training rows a dataset that is drawn has.

    Args:
        dataset: The word.
        arguments: The dataset's own arguments, defaults filled in.

    Returns:
        The number, at least 1; None where it is not known.
    """
    rows = arguments.get("samples", ROWS.get(dataset))
    if dataset == "majority":
        bits = arguments.get("bits")
        rows = 2**bits if isinstance(bits, int) and 0 < bits <= MOST_BITS else None
    return rows if isinstance(rows, int) and rows > 0 else None


class Layout(NamedTuple):
    """Which columns of a CSV file are what, by their places from 0.

    Attributes:
        header: Whether the first row holds names; None where it may be either.
        delimiter: What separates the cells.
        features: The features.
        targets: The targets.
        weight: The weight of the rows, where a column holds one.
    """

    header: bool | None
    delimiter: str
    features: tuple[int, ...]
    targets: tuple[int, ...]
    weight: int | None


def csv_layout(arguments: Mapping[str, Any]) -> Layout | None:
    """Tell which columns are what, as the reader of the rows does it.

    Args:
        arguments: Those of the dataset `csv`, defaults filled in.

    Returns:
        The columns; None where the file or the arguments do not tell them.
    """
    try:
        return _layout(Layer("csv", arguments))
    except UnknownShapeError:
        return None


def _layout(dataset: Layer) -> Layout:
    path, weight = dataset.value("path"), _names(dataset.value("sample_weight")) or []
    found = csv_columns(Path(path), dataset.value("delimiter")) if _is_path(path) else None
    if found is None:
        unknown()
    cells, delimiter = found
    header = _has_header(dataset.value("header"), cells)
    targets, features = _names(dataset.value("target")), _names(dataset.value("features"))
    given = {*(targets or ()), *(features or ()), *weight}
    # A first row that holds numbers may be data, unless what is named stands in it.
    is_named = header is None and bool(given) and given <= {*cells}
    numbered = [f"column_{place + 1}" for place in range(len(cells))]
    columns = cells if header or is_named else numbered
    rest = [name for name in columns if name not in weight]
    targets = rest[-1:] if targets is None else targets
    if features is None:
        others = {*targets}
        features = [name for name in rest if name not in others]
    needed = [*features, *targets, *weight]
    times = Counter(columns)
    if not features or not targets or any(times[name] != 1 for name in needed):
        unknown()
    if len({*needed}) < len(needed) or "" in needed:
        unknown()
    places = {name: place for place, name in enumerate(columns)}
    return Layout(
        header,
        delimiter,
        tuple(places[name] for name in features),
        tuple(places[name] for name in targets),
        places[weight[0]] if weight else None,
    )


def _csv(dataset: Layer, form: str | None) -> Sample:
    layout = _layout(dataset)
    sample = Sample((len(layout.features),))
    if len(layout.targets) > 1:
        return sample._replace(target=(len(layout.targets),))
    column = csv_column(Path(dataset.value("path")), layout.delimiter, layout.targets[0])
    texts: Iterable[str] = ()
    if column is not None and (layout.header or column.first in column.others):
        texts = column.others
    elif column is not None and layout.header is False:
        texts = {column.first, *column.others}
    return _with_target(sample, texts, form)


def _has_header(given: Any, cells: list[str]) -> bool | None:
    """Whether a first row holds names; None where it holds numbers and nobody has said it."""
    if isinstance(given, bool):
        return given
    return None if any(parse_number(cell) is not None for cell in cells) else True


def _npz(dataset: Layer, form: str | None) -> Sample:
    path, x, y = (dataset.value(name) for name in ("path", "x", "y"))
    if not _is_path(path) or not isinstance(x, str) or not isinstance(y, str):
        unknown()
    header = npz_array_header(Path(path), x)
    if header is None:
        unknown()
    sample = Sample(header.shape[1:] or (1,))
    values = npz_values(Path(path), y)
    if values is not None:
        return _with_target(sample, set(values), form)
    targets = npz_array_header(Path(path), y)
    is_number = form == "value" and targets is not None and "U" not in targets.dtype
    return sample._replace(target=targets.shape[1:] or (1,)) if targets and is_number else sample


def _with_target(sample: Sample, values: Iterable[Any], form: str | None) -> Sample:
    """A sample with its classes, or with its target of numbers, where the values tell which.

    As `dlrun.data.classes.classes_for_loss` does it.

    Args:
        sample: Without either.
        values: Every value of the target, as texts or numbers; none where they are not known.
        form: See `find_sample`.
    """
    distinct = set(values)
    if distinct and all(isinstance(one, str) and is_name(one) for one in distinct):
        names = tuple(sorted(distinct))
        # Of texts such as `$5`, where numbers are asked for, the reader of the rows tells.
        are_amounts = form == "value" and all(map(bare_number, names))
        return sample._replace(classes=names) if len(names) in FEW and not are_amounts else sample
    numbers = {_finite_number(one) for one in distinct}
    if not numbers or None in numbers or form is None:
        return sample
    known = sorted(number for number in numbers if number is not None)
    is_fraction = known[0] >= 0 and known[-1] <= 1 and any(0 < number < 1 for number in known)
    if form == "value" or (form == "binary" and is_fraction):
        return sample._replace(target=(1,))
    if len(known) in FEW and all(map(float.is_integer, known)):
        return sample._replace(classes=tuple(str(int(number)) for number in known))
    return sample


def _finite_number(value: str | float) -> float | None:
    """The finite number that a cell or an entry holds; else None."""
    if isinstance(value, str):
        return parse_number(value)
    return float(value) if math.isfinite(value) else None


def _is_path(value: Any) -> bool:
    return isinstance(value, str | Path)


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
}
ROWS: Final = {"two_points": 6, "digits": 1797}
"""How many rows there are, of datasets that are not asked for a number."""
FILES: Final[dict[str, Callable[[Layer, str | None], Sample]]] = {"csv": _csv, "npz": _npz}
"""Datasets whose classes depend on what is in a file, and on the loss."""
