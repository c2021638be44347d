"""The decision boundary of a model of two columns, with the data over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlrun.data.units import from_units, in_units
from dlrun.reports.plots.numbers import Columns, stacked
from dlrun.reports.plots.style import (
    COLORS,
    INK,
    MARKERS,
    WIDTH,
    legend_above,
    new_figure,
    safe_text,
)
from dlrun.reports.run_data import ReportData, Rows, class_scores, feature_name, is_a_plane

NAME = "decision_boundary"
TITLE = "Decision boundary"

_GRID_POINTS = 220
_CSV_STEP = 4  # the whole plane would be megabytes
_MOST_DOTS = 1000
_TINT = 0.34
_MARGIN = 0.08


def fits(data: ReportData) -> bool:
    """Whether the rows have two columns, and there are no more classes than colours."""
    two = data.spec.input_shape == (2,) and is_a_plane(data.spec)
    return two and data.is_classification and len(data.class_names) <= len(COLORS)


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    said = "What the model answers at every point of the plane, and the data over it: "
    judged = data.judged.split
    said += f"large marks are {judged} rows" if len(data.rows) > 1 else "the training rows"
    said += ", small ones are training rows" if len(data.rows) > 1 else ""
    if data.gives_probabilities:
        said += ". The paler the ground, the less sure is the model"
    return said + f". A ring marks {judged} rows of a wrong answer."


def numbers(data: ReportData) -> Columns:
    """Give the rows, and then the answers over the plane, whose split is `model`.

    Of the plane it is every fourth point across and up: enough to draw it again.
    """
    horizontal, vertical = _plane(data)
    across, up = np.meshgrid(horizontal[::_CSV_STEP], vertical[::_CSV_STEP])
    plane = np.stack([across.ravel(), up.ravel()], axis=1)
    outputs = data.answer(from_units(plane, data.spec).astype(np.float32))

    def part(split: str, x: NDArray[Any], true: Sequence[str], outputs: Any) -> Columns:
        classes, scores = data.decide(outputs), class_scores(outputs, data.spec)
        return [
            ("split", [split] * len(x)),
            (feature_name(data.spec, 0), x[:, 0]),
            (feature_name(data.spec, 1), x[:, 1]),
            ("true", true),
            ("predicted", [data.class_names[number] for number in classes]),
            (
                "probability" if data.gives_probabilities else "score",
                scores[np.arange(len(x)), classes],
            ),
        ]

    splits = []
    for rows in data.training_and_judged:
        true = [data.class_names[number] for number in rows.y_true[:_MOST_DOTS]]
        x = in_units(rows.x[:_MOST_DOTS], data.spec)
        splits.append(part(rows.split, x, true, rows.outputs[:_MOST_DOTS]))
    return stacked([*splits, part("model", plane, [""] * len(plane), outputs)])


def draw(data: ReportData) -> Figure:
    """Draw the classes as grounds, the boundary as a line, and the rows as marks."""
    figure = new_figure(WIDTH * 0.92)
    axes = figure.add_subplot()
    _ground(axes, data)
    for rows in data.training_and_judged:
        _marks(axes, data, rows, is_judged=rows is data.judged)
    axes.set_xlabel(safe_text(feature_name(data.spec, 0)))
    axes.set_ylabel(safe_text(feature_name(data.spec, 1)))
    axes.grid(visible=False)
    legend_above(axes)
    return figure


def _plane(data: ReportData) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The places across and up at which the model is asked, `(points,)` both."""
    points = np.concatenate([in_units(rows.x, data.spec) for rows in data.training_and_judged])
    low, high = points.min(axis=0), points.max(axis=0)
    edge = np.where(high > low, (high - low) * _MARGIN, 0.5)
    across, up = np.linspace(low - edge, high + edge, _GRID_POINTS).T
    return across, up


def _ground(axes: Axes, data: ReportData) -> None:
    """Tint the plane by the predicted class, paler where the model is less sure."""
    horizontal, vertical = _plane(data)
    plane = np.stack(np.meshgrid(horizontal, vertical), axis=-1).reshape(-1, 2)
    outputs = data.answer(from_units(plane, data.spec).astype(np.float32))
    classes = data.decide(outputs)
    sure = np.ones(len(plane))
    if data.gives_probabilities:
        shares = class_scores(outputs, data.spec)
        chance = 1 / shares.shape[1]
        sure = np.clip((shares[np.arange(len(plane)), classes] - chance) / (1 - chance), 0, 1)
    colors = np.array([to_rgb(color) for color in COLORS])[classes]
    ground = 1 - (1 - colors) * (_TINT * (0.25 + 0.75 * sure[:, None]))
    shape = (_GRID_POINTS, _GRID_POINTS)
    extent = (horizontal[0], horizontal[-1], vertical[0], vertical[-1])
    axes.imshow(ground.reshape(*shape, 3), extent=extent, origin="lower", aspect="auto",
                interpolation="bilinear")  # fmt: skip
    for lead in _leads(class_scores(outputs, data.spec), classes):
        axes.contour(
            horizontal, vertical, lead.reshape(shape), levels=[0], colors=INK, linewidths=1.1
        )


def _leads(
    scores: NDArray[np.float32], classes: NDArray[np.int64]
) -> Iterator[NDArray[np.float64]]:
    """How far each class that is predicted somewhere leads before all others: 0 on its border."""
    are_scores_telling = bool((scores.argmax(axis=1) == classes).all())
    present = np.unique(classes)
    for number in present[: -1 if len(present) == 2 else None]:  # noqa: PLR2004
        if len(present) == 1:
            return
        if are_scores_telling:
            others = np.delete(scores, number, axis=1).max(axis=1)
            yield scores[:, number].astype(np.float64) - others
        else:
            yield (classes == number) - 0.5


def _marks(axes: Axes, data: ReportData, rows: Rows, *, is_judged: bool) -> None:
    """One mark a row; the class by colour and shape."""
    x = in_units(rows.x, data.spec)[:_MOST_DOTS]
    true, predicted = rows.y_true[:_MOST_DOTS], rows.y_pred[:_MOST_DOTS]
    is_small = not is_judged
    for number, name in enumerate(data.class_names):
        chosen = true == number
        if is_judged or chosen.any():
            axes.scatter(
                x[chosen, 0],
                x[chosen, 1],
                color=COLORS[number],
                marker=MARKERS[number],
                s=6 if is_small else 30,
                alpha=0.55 if is_small else 1,
                edgecolor="none" if is_small else "white",
                linewidth=0.7,
                label=None if is_small else safe_text(name),
                zorder=3 if is_small else 4,
            )
    wrong = true != predicted
    if is_judged and wrong.any():
        axes.scatter(x[wrong, 0], x[wrong, 1], s=85, facecolor="none", edgecolor=INK,
                     linewidth=1.1, zorder=5, label="wrong answer")  # fmt: skip
