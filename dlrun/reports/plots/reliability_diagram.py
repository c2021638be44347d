"""The reliability diagram: whether what is called 80 % sure is right in 80 % of the cases."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlrun.reports.plots.numbers import Columns
from dlrun.reports.plots.style import COLORS, MUTED, WIDTH, new_figure, safe_text
from dlrun.reports.run_data import ReportData, class_scores
from dlrun.reports.scores import BINS, Reliability, reliability

NAME = "reliability"
TITLE = "Reliability"

FEWEST_ROWS = 50


def fits(data: ReportData) -> bool:
    """Whether the model gives probabilities, and for rows enough to hold them against."""
    enough = data.gives_probabilities and len(data.judged) >= FEWEST_ROWS
    return enough and bool(np.isfinite(data.judged.outputs).all())


def measured(data: ReportData) -> tuple[Reliability, NDArray[np.float64]]:
    """Hold probabilities against what came true; gives the bins and the probabilities, `(rows,)`.

    Of two classes, those of the second; of more, those of the predicted class.
    """
    rows = data.judged
    shares = class_scores(rows.outputs, data.spec).astype(np.float64)
    if len(data.class_names) == 2:  # noqa: PLR2004
        return reliability(rows.y_true == 1, shares[:, 1]), shares[:, 1]
    sure = shares[np.arange(len(rows)), rows.y_pred]
    return reliability(rows.y_true == rows.y_pred, sure), sure


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    found, _ = measured(data)
    return (
        "Rows are sorted into ten bins by their predicted probability. On the diagonal, "
        f"probabilities mean what they say; {_off(data)}. Large dots "
        "stand for many rows, small ones for a few, which may be off by chance. The expected "
        f"calibration error (ECE), the mean distance from the diagonal, is {found.error:.3f}."
    )


def _off(data: ReportData) -> str:
    """Say what the two sides of the diagonal mean."""
    if len(data.class_names) == 2:  # noqa: PLR2004
        said = "the model is too sure of itself where dots of more than 0.5 lie below it, and where"
        return f"{said} dots of less than 0.5 lie above it"
    return "below it the model is too sure of itself"


def numbers(data: ReportData) -> Columns:
    """Give each bin that has rows."""
    found, _ = measured(data)
    return [("predicted", found.predicted), ("observed", found.observed), ("rows", found.rows)]


def draw(data: ReportData) -> Figure:
    """Draw the diagram, and below it how many rows have which probability."""
    found, probability = measured(data)
    figure = new_figure(WIDTH * 0.95)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3.4, 1])
    upper.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1)
    upper.vlines(found.predicted, found.predicted, found.observed, color=COLORS[5], linewidth=2)
    sizes = 18 + 110 * found.rows / found.rows.max()
    upper.scatter(found.predicted, found.observed, s=sizes, color=COLORS[0], zorder=3,
                  clip_on=False, edgecolor="white")  # fmt: skip
    upper.set_xlim(0, 1)
    upper.set_ylim(0, 1.02)
    upper.text(0.03, 0.95, f"ECE {found.error:.3f}", transform=upper.transAxes, va="top")
    lower.hist(probability, bins=np.linspace(0, 1, BINS + 1), color=COLORS[0], rwidth=0.9)
    lower.set_ylabel("rows")
    if len(data.class_names) == 2:  # noqa: PLR2004
        name = safe_text(data.class_names[1])
        upper.set_ylabel(f"share of rows that are {name}")
        lower.set_xlabel(f"predicted probability of {name}")
    else:
        upper.set_ylabel("share of right answers")
        lower.set_xlabel("probability of the predicted class")
    figure.align_ylabels()
    return figure
