"""Histograms of the weights of each layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from dlrun.reports.plots.numbers import Columns, stacked
from dlrun.reports.plots.style import COLORS, MUTED, new_figure, panels_of, safe_text
from dlrun.reports.run_data import ReportData

NAME = "weight_histograms"
TITLE = "Weights of each layer"
SECTION = "inside"
USES_ALL_ROWS = True

MOST_LAYERS = 12
_MOST_VARIABLES = 5
_FEW = 12
_FEW_NAMES = 3
_HEIGHT = 1.55  # inches, with its title and its numbers
_PANEL = 66  # points that are left of it for a panel


def fits(data: ReportData) -> bool:
    """Whether there are weights, all of them finite."""
    groups = by_layer(data)
    return bool(groups) and all(
        np.isfinite(array).all() for group in groups.values() for array in group.values()
    )


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    groups = by_layer(data)
    shown = min(len(groups), MOST_LAYERS)
    which = "" if shown == len(groups) else f" The first {shown} of {len(groups)} layers."
    return (
        "How often each value occurs among the weights of a layer after training. Values piled up "
        "at zero are hardly used; a few very large ones may be a sign of a learning rate too high."
        + which
    )


def by_layer(data: ReportData) -> dict[str, dict[str, NDArray[Any]]]:
    """Give the weights of each layer by what they are called in it, such as `kernel`."""
    groups: dict[str, dict[str, NDArray[Any]]] = {}
    for path, array in data.weights.items():
        layer, _, name = path.partition("/")
        if array.dtype.kind in "fV" and array.size:
            groups.setdefault(layer, {})[name or layer] = array.astype(np.float64)
    return groups


def numbers(data: ReportData) -> Columns:
    """Give the bins of each array of weights; of few weights each value, as a bin without width."""
    parts: list[Columns] = []
    for layer, arrays in list(by_layer(data).items())[:MOST_LAYERS]:
        edges = _edges(arrays)
        for name, array in list(arrays.items())[:_MOST_VARIABLES]:
            if edges is None:
                low, counts = np.unique(array, return_counts=True)
                high = low
            else:
                counts, _ = np.histogram(array, edges)
                low, high = edges[:-1], edges[1:]
            called = ([text] * len(counts) for text in (layer, name))
            columns = zip(("layer", "weights"), called, strict=True)
            parts.append([*columns, ("from", low), ("to", high), ("count", counts)])
    return stacked(parts)


def draw(data: ReportData) -> Figure:
    """Draw one panel for each layer, two in a row."""
    groups = list(by_layer(data).items())[:MOST_LAYERS]
    columns = min(2, len(groups))
    lines = -(-len(groups) // columns)
    figure = new_figure(0.25 + _HEIGHT * lines)
    panels = panels_of(figure, len(groups), columns)
    for panel, (layer, arrays) in zip(panels, groups, strict=True):
        _panel(panel, arrays)
        panel.set_title(safe_text(layer, 28))
    figure.supxlabel("value of a weight", fontsize=9)
    figure.supylabel("number of weights", fontsize=9)
    return figure


def _edges(arrays: dict[str, NDArray[Any]]) -> NDArray[np.float64] | None:
    """The common edges of the bins of a layer's arrays; None where there are few weights."""
    values = np.concatenate([array.ravel() for array in list(arrays.values())[:_MOST_VARIABLES]])
    if len(values) <= _FEW:
        return None
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, int(np.clip(np.sqrt(len(values)), 10, 60)) + 1)


def _panel(panel: Axes, arrays: dict[str, NDArray[Any]]) -> None:
    """Step histograms of a layer's arrays over common bins; a comb where there are few weights."""
    shown, edges = list(arrays.items())[:_MOST_VARIABLES], _edges(arrays)
    panel.axvline(0, color=MUTED, linewidth=0.8)
    for number, (name, array) in enumerate(shown):
        color = COLORS[number % len(COLORS)]
        label = f"{safe_text(name.rpartition('/')[2], 18)} {' x '.join(map(str, array.shape))}"
        if edges is None:
            places, counts = np.unique(array, return_counts=True)
            panel.vlines(places, 0, counts, color=color, linewidth=2, label=label)
            panel.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=3))
            continue
        panel.hist(
            array.ravel(),
            bins=edges.tolist(),
            histtype="stepfilled",
            facecolor=(color, 0.25),
            edgecolor=color,
            linewidth=1,
            label=label,
        )
    size = 7 if len(shown) <= _FEW_NAMES else 5.5
    legend = min((1.45 * size * len(shown) + 3) / _PANEL, 0.6)
    panel.set_ylim(0, panel.get_ylim()[1] / (1 - legend))  # the bars end below the legend
    panel.legend(
        loc="upper right", fontsize=size, handlelength=1, labelspacing=0.25, borderaxespad=0.1,
        frameon=True, framealpha=1, edgecolor="none", borderpad=0.2,
    )  # fmt: skip
