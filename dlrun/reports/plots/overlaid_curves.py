"""The learning curves of several runs over each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlrun.reports.plots.style import (
    COLORS,
    SPLIT_NAMES,
    epoch_axis,
    log_where_wide,
    new_figure,
    panels_of,
    safe_text,
)
from dlrun.reports.training_course import LEARNING_RATE, quantities

MOST_PANELS = 8
_STYLES = ("-", "--", ":", "-.")
_FEW_EPOCHS = 12
_LABEL = 34
"""So many characters fit twice beside each other."""


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
            panel.plot(
                np.arange(1, len(values) + 1),
                values,
                color=COLORS[number % len(COLORS)],
                linestyle=_STYLES[number // len(COLORS) % len(_STYLES)],
                linewidth=1.3,
                marker="o" if len(values) <= _FEW_EPOCHS else None,
                markersize=3,
            )
            drawn.append(values)
        log_where_wide(panel, np.concatenate(drawn))
        split = SPLIT_NAMES["validation" if name.startswith("val_") else "train"]
        said = name.removeprefix("val_").replace("_", " ")
        panel.set_title(f"{safe_text(said, 50)}, {split}")
    epoch_axis(panels[-1], max(len(values) for run in runs for values in run.history.values()))
    handles = [
        panels[0].plot([], [], color=COLORS[n % len(COLORS)],
                       linestyle=_STYLES[n // len(COLORS) % len(_STYLES)],
                       label=safe_text(run.label, 2 * _LABEL))[0]
        for n, run in enumerate(runs)
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside upper left", ncols=across)
    return figure
