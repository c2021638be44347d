"""Rows as the page shows them: as pictures, else by the values of their first columns."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.image import imsave
from numpy.typing import NDArray

from dlrun.arrays import Origin, SeriesForm, Spec
from dlrun.columns.inference import TEXT
from dlrun.columns.packing import are_plain, values_of
from dlrun.data.origins import keys_of
from dlrun.data.units import in_units
from dlrun.reports.mistakes import Mistake, count_wrong, sureness, true_text, worst
from dlrun.reports.page.window_drawing import WindowDrawing, draw_windows
from dlrun.reports.plots.style import SPLIT_NAMES
from dlrun.reports.run_data import ReportData, Rows, as_images, feature_name, picture_of
from dlrun.shapes.cells import is_number_like
from dlrun.wording import cut, text_of

MOST_MISTAKES = 27  # pictures stand in rows of nine, on a telephone of three
MOST_WINDOWS = 12  # they are wider
A_FEW_MORE = 9  # are shown as well, so that nobody misses the last ones
MOST_COLUMNS = 8
MOST_BESIDE = 6  # columns beside a mistake: so many a page 1200 wide has room for
LONGEST_TEXT = 200  # so many letters of a text are shown
SAMPLE_ROWS = 6
PLACE = "in the data"
SAMPLE_IMAGES = 18


@dataclass(frozen=True)
class Shown:
    """What a row looks like: a picture, and the values of its other columns."""

    image: bytes | None
    values: tuple[str, ...]
    window: WindowDrawing | None = None  # of series


@dataclass(frozen=True)
class ShownMistake:
    """A mistake as the page shows it."""

    mistake: Mistake
    sure: str
    image: bytes | None
    values: tuple[str, ...]
    found: tuple[str, ...]  # as `found_by` names it
    window: WindowDrawing | None = None  # of series


@dataclass(frozen=True)
class Sample:
    """Some rows before any model has seen them."""

    split: str  # in words
    target: str  # what is to be told of each
    columns: tuple[str, ...]
    are_numbers: tuple[bool, ...]  # of each column, whether all values here are
    rows: tuple[tuple[int, str, Shown], ...]  # its number in its split, what is true, the row
    more_columns: int


def sample(data: ReportData) -> Sample:
    """Choose rows that were trained on: of classes the first rows of each, in turn."""
    rows = next(iter(data.rows.values()))
    most = SAMPLE_ROWS if picture_of(data.spec) is None else SAMPLE_IMAGES
    places = _places(data, rows, most)
    columns = columns_of(data)
    shown = shown_rows(data, rows.x[places])
    windows = draw_windows(rows, places, data.spec.series, answered=False)
    return Sample(
        split=SPLIT_NAMES[rows.split],
        target=_target(data),
        columns=tuple(columns),
        are_numbers=are_numbers([row.values for row in shown]),
        rows=tuple(
            (int(rows.numbers[place]), true_text(data, rows, place), replace(row, window=window))
            for place, row, window in zip(places, shown, windows, strict=True)
        ),
        more_columns=_width(data) - len(columns) if columns else 0,
    )


def are_numbers(rows: Sequence[Sequence[str]]) -> tuple[bool, ...]:
    """Tell of each column of cells whether all that are there are numbers, and one is."""
    return tuple(
        any(column) and all(is_number_like(cell) for cell in column if cell)
        for column in zip(*rows, strict=True)
    )


def _target(data: ReportData) -> str:
    """What is to be told, as the table calls it, where it has names."""
    named = data.experiment.dataset.arguments.get("target")
    if data.is_classification:
        return named if isinstance(named, str) else "class"
    if data.spec.series is not None:
        return foretold_words(data.spec.series)
    return ", ".join(data.spec.target_names[:MOST_COLUMNS]) or "target"


def foretold_words(form: SeriesForm) -> str:
    """What is foretold: `the next 12 steps of sales`."""
    steps = "step" if form.horizon == 1 else f"{form.horizon:,} steps"
    return f"the next {steps} of {', '.join(form.targets[:MOST_COLUMNS])}"


def _places(data: ReportData, rows: Rows, most: int) -> list[int]:
    """Where the chosen rows stand; sorted by class, so that those of one stand together.

    Windows of series overlap where they are neighbours: they are spread over all times.
    """
    if data.spec.series is not None:
        return sorted({round(one) for one in np.linspace(0, len(rows) - 1, most)})
    if not data.is_classification:
        return list(range(min(most, len(rows))))
    members = [np.flatnonzero(rows.y_true == number) for number in range(len(data.class_names))]
    turns = max(map(len, members), default=0)
    chosen = ((one[turn], number) for turn in range(turns) for number, one in enumerate(members)
              if turn < len(one))  # fmt: skip
    return [int(place) for place, _ in sorted(islice(chosen, most), key=lambda pair: pair[1])]


def shown_mistakes(data: ReportData) -> list[ShownMistake]:
    """The worst answers, with what the model saw."""
    mistakes = worst(data, MOST_MISTAKES if data.spec.series is None else MOST_WINDOWS)
    if data.is_classification and count_wrong(data) <= MOST_MISTAKES + A_FEW_MORE:
        mistakes = worst(data, MOST_MISTAKES + A_FEW_MORE)
    places = [mistake.place for mistake in mistakes]
    windows = draw_windows(data.judged, places, data.spec.series, answered=True)
    rows, beside = [mistake.row for mistake in mistakes], _beside(data, columns_of(data))
    found = zip(*_found(data.judged.origin, rows).values(), strict=True)
    return [
        ShownMistake(
            mistake,
            sureness(data, mistake),
            shown.image,
            tuple(shown.values[place] for place in beside),
            told,
            window,
        )
        for mistake, shown, told, window in zip(
            mistakes,
            shown_rows(data, data.judged.x[places]),
            list(found) or [()] * len(rows),
            windows,
            strict=True,
        )
    ]


def mistake_columns(data: ReportData) -> tuple[list[str], int]:
    """Name the columns beside a mistake, and count those that are left out."""
    columns = columns_of(data)
    shown = [columns[place] for place in _beside(data, columns)]
    return shown, _width(data) - len(shown) if columns else 0


def _beside(data: ReportData, columns: Sequence[str]) -> list[int]:
    """Which columns stand beside a mistake: the first ones, and all texts, which tell most."""
    texts = text_columns(data)
    by_weight = sorted(range(len(columns)), key=lambda place: columns[place] not in texts)
    return sorted(by_weight[:MOST_BESIDE])


def found_by(data: ReportData) -> list[str]:
    """Name what tells a judged row in the user's own data: its keys, and its place in a file."""
    return [*_found(data.judged.origin, [])]


def _found(origin: Origin | None, rows: list[int]) -> dict[str, list[str]]:
    """By what rows of a split, by their numbers, are found in the data."""
    if origin is None:
        return {}
    keys = keys_of(origin, np.array(rows, np.int64))
    found = {name: [cut(key or "") for key in column] for name, column in keys.items()}
    if origin.places is not None:
        ascending = sorted(rows)
        names = dict(zip(ascending, origin.places(ascending), strict=False))
        found[PLACE] = [Path(names.get(row, "")).name for row in rows]
    return found


def shown_rows(data: ReportData, x: NDArray[np.float32]) -> list[Shown]:
    """Show rows, `(rows, *input_shape)`, as the model takes them, as the data have them."""
    if not len(x):
        return []
    images: list[bytes | None] = [None] * len(x)
    if picture_of(data.spec) is not None:
        images = [_png(image) for image in as_images(x, data.spec)]
    if _is_only_an_image(data.spec) or data.spec.series is not None:
        return [Shown(image, ()) for image in images]
    if _has_texts(data.spec):
        long = text_columns(data)
        texts = [
            [text_of(one, LONGEST_TEXT) if name in long else cut(one) for one in column]
            for name, column in _texts(data.spec, x).items()
        ]
        cells = list(zip(*texts, strict=True)) or [()] * len(x)
        return [Shown(image, row) for image, row in zip(images, cells, strict=True)]
    numbers = in_units(x, data.spec).reshape(len(x), -1)[:, :MOST_COLUMNS]
    return [Shown(None, tuple(f"{value:.4g}" for value in row)) for row in numbers.tolist()]


def columns_of(data: ReportData) -> list[str]:
    """Name the columns that `shown_rows` gives; none for pictures and windows."""
    if _is_only_an_image(data.spec) or data.spec.series is not None:
        return []
    if len(data.spec.input_shape) != 1:
        return [f"x{number + 1}" for number in range(min(_width(data), MOST_COLUMNS))]
    if _has_texts(data.spec):
        return list(_texts(data.spec, data.judged.x[:1]))
    shown = min(data.spec.input_shape[0], MOST_COLUMNS)
    return [feature_name(data.spec, column) for column in range(shown)]


def text_columns(data: ReportData) -> frozenset[str]:
    """Name the columns of words, which need more room than others."""
    return frozenset(one.name for one in data.spec.columns or () if one.kind == TEXT)


def _width(data: ReportData) -> int:
    """How many columns, or numbers, a row has."""
    if not _has_texts(data.spec):
        return int(np.prod(data.spec.input_shape))
    return len(list(_cells(data.spec, data.judged.x[:1])))


def _has_texts(spec: Spec) -> bool:
    """Whether a row is best shown as the cells of its table: some column is more than a number."""
    return not are_plain(spec.columns or ())


def _texts(spec: Spec, x: NDArray[np.float32]) -> dict[str, list[str]]:
    """The first columns of rows as the table would have them."""
    return dict(islice(_cells(spec, x), MOST_COLUMNS))


def _cells(spec: Spec, x: NDArray[np.float32]) -> Iterator[tuple[str, list[str]]]:
    """Each column of rows as the table would have it; images are shown as such."""
    images = {column.name for column in spec.columns or () if column.sample}
    told = values_of(spec.columns or (), spec.views, x)
    return (one for one in told if one[0] not in images)


def _is_only_an_image(spec: Spec) -> bool:
    """Whether a row is an image and nothing else."""
    picture = picture_of(spec)
    return picture is not None and picture.end - picture.begin == math.prod(spec.input_shape)


def _png(image: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    imsave(stream, image, cmap="gray", vmin=0, vmax=1, format="png", metadata={"Software": ""})
    return stream.getvalue()
