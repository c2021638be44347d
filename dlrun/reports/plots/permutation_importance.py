"""What each column of a table is worth to the network."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from dlrun.reports.importance import REPEATS, Importances
from dlrun.reports.plots.numbers import Columns
from dlrun.reports.plots.style import COLORS, INK, SPLIT_NAMES, new_figure, safe_text
from dlrun.reports.run_data import ReportData
from dlrun.wording import format_number, tally

NAME = "permutation_importance"
TITLE = "Importance of the columns"
USES_ALL_ROWS = True  # it says itself how many

MOST = 20


def fits(data: ReportData) -> bool:
    """Whether several columns were tried, and the metric is a number."""
    return data.importances is not None and len(data.importances.columns) > 1


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    found = _found(data)
    said = (
        f"How much worse the {found.metric.replace('_', ' ')} of the {SPLIT_NAMES[found.split]} "
        f"rows, {format_number(found.value)}, becomes when the values of one column are exchanged "
        f"among the rows: the mean and the standard deviation of {REPEATS} random orders. A column "
        "around zero is not used, or another one tells the same."
    )
    if found.rows < found.total:
        said += f" From {found.rows:,} of the {found.total:,} rows, evenly spaced."
    left = len(found.columns) - MOST
    return (
        said if left <= 0 else f"{said} The {tally(left, 'least important column')} are left out."
    )


def numbers(data: ReportData) -> Columns:
    """Give what each column is worth."""
    found = _found(data)
    columns = found.columns[:MOST]
    return [
        ("column", [one.column for one in columns]),
        (f"{found.metric}_worse_by", [one.mean for one in columns]),
        ("standard_deviation", [one.deviation for one in columns]),
    ]


def draw(data: ReportData) -> Figure:
    """Draw a bar for each column, the most important one at the top."""
    found = _found(data)
    columns = found.columns[:MOST]
    figure = new_figure(0.7 + 0.24 * len(columns))
    axes = figure.add_subplot()
    places = np.arange(len(columns))
    axes.barh(
        places,
        [one.mean for one in columns],
        xerr=[one.deviation for one in columns],
        color=COLORS[0],
        height=0.65,
        error_kw={"ecolor": INK, "elinewidth": 1, "capsize": 2},
    )
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(places, [safe_text(one.column) for one in columns])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"{safe_text(found.metric)} becomes worse by")
    return figure


def _found(data: ReportData) -> Importances:
    assert data.importances is not None  # noqa: S101  as `fits` has seen
    return data.importances
