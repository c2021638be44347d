"""What ROC and precision-recall curves share: one curve a class, the weakest ones in colour.

A class all of whose rows have larger scores than all others has a curve along the edges, which
tells nothing: it is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from dlrun.reports.plots.numbers import Columns, stacked, thinned
from dlrun.reports.plots.style import COLORS, GRID, MUTED, WIDTH, new_figure, safe_text
from dlrun.reports.run_data import ReportData, class_scores
from dlrun.reports.scores import Curve, has_both
from dlrun.wording import tally

FEWEST_ROWS = 20
_ALL_COLORED_UP_TO = 4
_COLORED = 3


def curves_fit(data: ReportData) -> bool:
    """Whether classes or labels have rows enough for a curve of one of them that is not perfect."""
    return have_curves(data) and len(perfect_classes(data)) < len(chosen_classes(data))


def have_curves(data: ReportData) -> bool:
    """Whether classes or labels have rows with finite scores, enough for a curve of one of them."""
    told = data.is_classification or data.has_labels
    enough = told and len(data.judged) >= FEWEST_ROWS
    return enough and bool(np.isfinite(data.judged.outputs).all() and chosen_classes(data))


def curve_names(data: ReportData) -> tuple[str, ...]:
    """Give the names of the classes, or of the labels where each row may have several."""
    return data.class_names or data.spec.target_names


def chosen_classes(data: ReportData) -> list[int]:
    """List the classes that get a curve: of two only the second, and none without rows."""
    classes = [1] if len(data.class_names) == 2 else list(range(len(curve_names(data))))  # noqa: PLR2004
    return [number for number in classes if has_both(_members(data, number))]


def _members(data: ReportData, number: int) -> NDArray[np.bool_]:
    """Tell which judged rows belong to a class, or have a label, `(rows,)`."""
    true = data.judged.y_true
    return np.asarray(true == number if data.is_classification else true[:, number] == 1)


def _scores(data: ReportData) -> NDArray[np.float32]:
    """The scores of the judged rows, `(rows, classes or labels)`."""
    outputs = data.judged.outputs
    return class_scores(outputs, data.spec) if data.is_classification else outputs


def perfect_classes(data: ReportData) -> list[int]:
    """List the classes all of whose rows have larger scores than all rows that are not of it."""
    scores = _scores(data)
    return [
        number
        for number in chosen_classes(data)
        if scores[own := _members(data, number), number].min() > scores[~own, number].max()
    ]


def left_out(data: ReportData) -> str:
    """Say how many curves are not drawn; empty where all are."""
    number = len(perfect_classes(data))
    one, several = ("class", "classes") if data.is_classification else ("label", "labels")
    are = "is" if number == 1 else "are"
    told = f"{tally(number, one, several)} that {are} told from the others without a mistake"
    return f" Not drawn: {told}." if number else ""


def class_curves(
    data: ReportData, trace: Callable[[ArrayLike, ArrayLike], Curve]
) -> dict[int, Curve]:
    """Trace the curve of each class, or label, that is not perfect, against all other rows."""
    scores, perfect = _scores(data), perfect_classes(data)
    return {
        number: trace(_members(data, number), scores[:, number])
        for number in chosen_classes(data)
        if number not in perfect
    }


def curve_numbers(data: ReportData, curves: dict[int, Curve], *, x: str, y: str) -> Columns:
    """Give the points of curves, of each at most a thousand, as two columns of such names."""
    parts: list[Columns] = []
    for number, curve in curves.items():
        chosen = thinned(len(curve.x))
        names = [curve_names(data)[number]] * len(chosen)
        each = "class" if data.is_classification else "label"
        parts.append([(each, names), (x, curve.x[chosen]), (y, curve.y[chosen])])
    return stacked(parts)


def draw_curves(data: ReportData, curves: dict[int, Curve], *, area: str, steps: bool) -> Figure:
    """Draw the curves: few in colours of their own, of many the three with the smallest areas.

    `steps` are drawn where between two thresholds precision does not interpolate, and end where
    everything is found.
    """
    figure = new_figure(WIDTH * 0.86)
    axes = figure.add_subplot()
    weakest = sorted(curves, key=lambda number: curves[number].area)
    colored = weakest if len(curves) <= _ALL_COLORED_UP_TO else weakest[:_COLORED]
    colors = dict(zip(sorted(colored), COLORS, strict=False))
    for number, curve in curves.items():
        label = f"{safe_text(curve_names(data)[number], 20)}  {curve.area:.3f}"
        shape: dict[str, Any] = {"color": "#b5b5b5", "linewidth": 1}
        if number in colors:
            shape = {"color": colors[number], "label": label, "zorder": 3, "clip_on": False}
        end = int(np.argmax(curve.x >= 1)) + 1 if steps else None
        style = "steps-pre" if steps else "default"
        axes.plot(curve.x[:end], curve.y[:end], drawstyle=style, **shape)
    perfect = [1.0] * len(perfect_classes(data))
    areas = [*(curve.area for curve in curves.values()), *perfect]
    each = "classes" if data.is_classification else "labels"
    title = f"{area}\nmean of {len(areas)} {each}  {np.mean(areas):.3f}" if areas[1:] else area
    if len(colored) < len(curves):
        title += "\nthe smallest:"
    axes.legend(loc="lower right" , title=title, alignment="left", title_fontsize=8,
                frameon=True, facecolor="white", edgecolor=GRID, framealpha=0.9)  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_yticks(np.linspace(0, 1, 6))
    return figure


def chance(axes: Axes, share: float | None) -> None:
    """Draw what guessing would give: the diagonal, or a level of precision."""
    ends = [0, 1] if share is None else [share, share]
    axes.plot([0, 1], ends, color=MUTED, linestyle="--", linewidth=1, zorder=1)
