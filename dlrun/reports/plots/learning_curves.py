"""Learning curves: the loss and each metric over the epochs, and the learning rate if it moves."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlrun.reports.plots.numbers import Columns
from dlrun.reports.plots.style import (
    FEW_EPOCHS,
    INK,
    MUTED,
    SPLIT_COLORS,
    SPLIT_NAMES,
    epoch_axis,
    legend_above,
    log_where_wide,
    new_figure,
    panels_of,
    plot_epochs,
    safe_text,
)
from dlrun.reports.run_data import (
    LEARNING_RATE,
    BestEpoch,
    ReportData,
    best_epoch,
    changes,
    quantities,
)

NAME = "learning_curves"
TITLE = "Learning curves"
SECTION = "training"
USES_ALL_ROWS = True

_MOST_PANELS = 8
_HEIGHT = 2.1


def fits(data: ReportData) -> bool:
    """Whether something was trained."""
    return data.epochs > 0 and bool(quantities(data.history))


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    has_validation = any(name.startswith("val_") for name in data.history)
    said = "The loss and each metric after every epoch."
    if has_validation:
        said += (
            " Where the training curve goes on falling while the validation curve turns up again, "
            "the network learns the training rows by heart."
        )
    best = best_epoch(data.experiment, data.history)
    if best is not None:
        said += f" The dotted line marks the best epoch, {best.epoch}, by {best.judge}."
    return said


def numbers(data: ReportData) -> Columns:
    """Give every column of the history by epoch."""
    return [("epoch", range(1, data.epochs + 1)), *data.history.items()]


def draw(data: ReportData) -> Figure:
    """Draw one panel for each quantity, one below the other."""
    history, names = data.history, quantities(data.history)[:_MOST_PANELS]
    moves = changes(history.get(LEARNING_RATE))
    rows = len(names) + moves
    figure = new_figure(0.5 + _HEIGHT * rows)
    panels = panels_of(figure, rows, sharex=True)
    best = best_epoch(data.experiment, history) if data.epochs > 1 else None
    for panel, name in zip(panels, names, strict=False):
        _curves(panel, data, name)
        if best is not None:
            _mark(panel, data, name, best)
    if moves:
        _rate(panels[-1], data)
    if any(name.startswith("val_") for name in history):
        legend_above(panels[0])
    epoch_axis(panels[-1], data.epochs)
    figure.align_ylabels()
    return figure


def _curves(panel: Axes, data: ReportData, name: str) -> None:
    """The training and the validation curve of a quantity."""
    together = []
    for split, column in (("train", name), ("validation", f"val_{name}")):
        values = data.history.get(column)
        if values is not None:
            color, label, clip = SPLIT_COLORS[split], SPLIT_NAMES[split], len(values) > FEW_EPOCHS
            plot_epochs(panel, values, color=color, markersize=3.5, label=label, clip_on=clip)
            together.append(values)
    log_where_wide(panel, np.concatenate(together))
    panel.set_title(safe_text(name.replace("_", " "), 60))


def _mark(panel: Axes, data: ReportData, name: str, best: BestEpoch) -> None:
    """A line at the best epoch, and a dot on the curve that says so."""
    watched, epoch = best.watched, best.epoch
    panel.axvline(epoch, color=MUTED, linestyle=":", linewidth=1.1)
    if watched.removeprefix("val_") != name:
        return
    value = float(data.history[watched][epoch - 1])
    color = SPLIT_COLORS["validation" if watched.startswith("val_") else "train"]
    panel.plot([epoch], [value], "o", color=color, markersize=6, markeredgecolor="white", zorder=5)
    is_late = epoch > 0.6 * data.epochs
    panel.annotate(
        f"best epoch {epoch}: {value:.4g}",
        (epoch, 0.96),
        xycoords=("data", "axes fraction"),
        xytext=(-5 if is_late else 5, 0),
        textcoords="offset points",
        ha="right" if is_late else "left",
        va="top",
        fontsize=8,
        color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )


def _rate(panel: Axes, data: ReportData) -> None:
    """The learning rate."""
    values = data.history[LEARNING_RATE]
    panel.plot(np.arange(1, len(values) + 1), values, color=INK, linewidth=1.2)
    log_where_wide(panel, values)
    panel.set_title("learning rate")
