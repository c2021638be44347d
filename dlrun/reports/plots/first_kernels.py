"""What the first layer of an image model looks for: its kernels as images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlrun.reports.plots.numbers import Columns, stacked
from dlrun.reports.plots.style import GRID, bare, new_figure, panels_of, safe_text
from dlrun.reports.run_data import Layer, ReportData, picture_of
from dlrun.shapes.images import AUGMENTING

NAME = "first_kernels"
TITLE = "Kernels of the first layer"
SECTION = "inside"
USES_ALL_ROWS = True

MOST = 64
_COLUMNS = 8
_CORNERS = ((0, 2), (1, 2), (1, 3), (0, 3), (0, 2))
_KEEP_PIXELS = (*AUGMENTING, "Dropout", "Flatten", "GaussianNoise", "Identity", "Rescaling")
"""Layers behind which an image is still one, as large as it was."""
_COLOURS = 3
_KERNEL_AXES = {"Dense": 2, "Conv2D": 4}


def fits(data: ReportData) -> bool:
    """Whether a layer that sees the pixels of images has kernels that can be shown."""
    return bool(first_kernels(data))


def first_kernels(data: ReportData) -> dict[str, NDArray[Any]]:
    """Find the kernels that look at pixels, `(kernels, height, width, channels)`, by layer."""
    picture = picture_of(data.spec)
    if picture is None:
        return {}
    pixels, found = {picture.source}, {}
    for layer in data.layers:
        if len(layer.inputs) != 1 or layer.inputs[0] not in pixels:
            continue
        if layer.type in _KEEP_PIXELS:
            pixels.add(layer.name)
            continue
        kernels = _kernels(data, layer, picture.shape)
        if kernels is not None:
            found[layer.name] = kernels
    return found


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    found = first_kernels(data).values()
    said = "What each unit of the first layer looks for: "
    if any(kernels.shape[-1] == _COLOURS for kernels in found):
        said += "light of the colour of a pixel speaks for it, its absence against it; grey ones do"
        said += " not count."
    else:
        said += "red pixels speak for it, blue ones against it, white ones do not count."
    total = sum(map(len, found))
    return said if total <= MOST else f"{said} The first of {total} kernels."


def numbers(data: ReportData) -> Columns:
    """Give each weight of the kernels that are shown, all counted from 0."""
    parts: list[Columns] = []
    for name, kernels in first_kernels(data).items():
        shown = kernels[:MOST]
        places = np.indices(shown.shape).reshape(shown.ndim, -1)  # (axes, weights)
        axes = zip(("kernel", "row", "column", "channel"), places, strict=True)
        parts.append([("layer", [name] * shown.size), *axes, ("weight", shown.ravel())])
    return stacked(parts)


def draw(data: ReportData) -> Figure:
    """Draw the kernels of each such layer in a grid, on one scale of colours around zero."""
    groups = {name: kernels[:MOST] for name, kernels in first_kernels(data).items()}
    lines = [math.ceil(len(kernels) / _columns(kernels)) for kernels in groups.values()]
    shapes = [kernels.shape[1] / kernels.shape[2] for kernels in groups.values()]
    heights = [
        0.3 + 5.2 / _columns(kernels) * count * ratio
        for kernels, count, ratio in zip(groups.values(), lines, shapes, strict=True)
    ]
    figure = new_figure(sum(heights))
    panels = panels_of(figure, len(groups), height_ratios=heights)
    for panel, (name, kernels) in zip(panels, groups.items(), strict=True):
        columns, ratio = _columns(kernels), kernels.shape[1] / kernels.shape[2]
        limit = float(np.abs(kernels).max()) or 1.0
        frames = []
        for number, kernel in enumerate(kernels):
            left, top = number % columns, number // columns * ratio
            edges = (left + 0.05, left + 0.95, top + 0.95 * ratio, top + 0.05 * ratio)
            is_colour = kernel.shape[-1] == _COLOURS
            panel.imshow(
                0.5 + kernel / (2 * limit) if is_colour else kernel.mean(axis=-1),
                extent=edges,
                cmap="RdBu_r",
                vmin=-limit,
                vmax=limit,
                interpolation="nearest",
            )
            frames.append([(edges[a], edges[b]) for a, b in _CORNERS])
        panel.add_collection(LineCollection(frames, colors=GRID, linewidths=0.6))
        panel.set_xlim(0, columns)
        panel.set_ylim(math.ceil(len(kernels) / columns) * ratio, 0)
        panel.set_aspect("equal")
        panel.set_title(f"{safe_text(name)}, weights from {-limit:.2g} to {limit:.2g}",
                        fontweight="normal", fontsize=8.5)  # fmt: skip
        bare(panel)
    return figure


def _columns(kernels: NDArray[Any]) -> int:
    return min(_COLUMNS, max(4, len(kernels)))


def _kernels(data: ReportData, layer: Layer, shape: tuple[int, ...]) -> NDArray[Any] | None:
    """The kernels of a layer, `(kernels, height, width, channels)`, if they can be shown."""
    kernel = data.weights.get(f"{layer.name}/kernel")
    if kernel is None or kernel.ndim != _KERNEL_AXES.get(layer.type):
        return None
    kernel = kernel.astype(np.float64)
    if not np.isfinite(kernel).all():
        return None
    if layer.type == "Dense":
        is_whole_image = kernel.shape[0] == math.prod(shape)
        return kernel.T.reshape(-1, *shape) if is_whole_image else None
    return np.moveaxis(kernel, -1, 0) if max(kernel.shape[:2]) > 1 else None
