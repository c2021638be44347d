"""The learning curves of several runs over each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlrun.reports.plots.numbers import Columns, stacked
from dlrun.reports.plots.style import (
    COLORS,
    SPLIT_NAMES,
    epoch_axis,
    log_where_wide,
    new_figure,
    panels_of,
    plot_epochs,
    safe_text,
)
from dlrun.reports.run_data import LEARNING_RATE, quantities

MOST_PANELS = 8
_STYLES = ("-", "--", ":", "-.")
_LABEL = 34  # so many characters fit twice beside each other


class Trained(Protocol):
    """A run that has curves."""

    @property
    def label(self) -> str:
        """A short name, different from those of the other runs."""

    @property
    def history(self) -> Mapping[str, NDArray[np.float64]]:
        """One array a column of `history.csv`, `(epochs,)`, float64."""


def columns(runs: Sequence[Trained]) -> list[str]:
    """List the columns that more than one run has, where there are several.

    Validation comes before training, in the order of the quantities.
    """
    names = dict.fromkeys(name for run in runs for name in quantities(run.history))
    found = [f"{prefix}{name}" for name in names for prefix in ("val_", "")]
    least = min(2, len(runs))
    shared = [name for name in found if sum(name in run.history for run in runs) >= least]
    return [name for name in shared if name != LEARNING_RATE][:MOST_PANELS]


def numbers(runs: Sequence[Trained]) -> Columns:
    """Give the curves of each run by epoch; nothing in the columns that it lacks."""
    parts: list[Columns] = []
    for run in runs:
        epochs = max((len(values) for values in run.history.values()), default=0)
        empty = np.full(epochs, np.nan)
        curves = [(name, run.history.get(name, empty)) for name in columns(runs)]
        parts.append([("run", [run.label] * epochs), ("epoch", range(1, epochs + 1)), *curves])
    return stacked(parts)


def draw(runs: Sequence[Trained]) -> Figure:
    """Draw one panel for each column, one line for each run."""
    names = columns(runs)
    across = 2 if max(len(run.label) for run in runs) <= _LABEL else 1
    legend = 0.2 * -(-len(runs) // across) + 0.1
    figure = new_figure(0.4 + 2.1 * len(names) + legend)
    panels = panels_of(figure, len(names), sharex=True)
    for panel, name in zip(panels, names, strict=True):
        drawn = []
        for number, run in enumerate(runs):
            values = run.history.get(name)
            if values is None or not len(values):
                continue
            plot_epochs(panel, values, linewidth=1.3, markersize=3, **_line(number))
            drawn.append(values)
        log_where_wide(panel, np.concatenate(drawn))
        split = SPLIT_NAMES["validation" if name.startswith("val_") else "train"]
        said = name.removeprefix("val_").replace("_", " ")
        panel.set_title(f"{safe_text(said, 50)}, {split}")
    epoch_axis(panels[-1], max(len(values) for run in runs for values in run.history.values()))
    handles = [
        panels[0].plot([], [], label=safe_text(run.label, 2 * _LABEL), **_line(number))[0]
        for number, run in enumerate(runs)
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=across)
    return figure


def _line(number: int) -> dict[str, Any]:
    style = _STYLES[number // len(COLORS) % len(_STYLES)]
    return {"color": COLORS[number % len(COLORS)], "linestyle": style}
