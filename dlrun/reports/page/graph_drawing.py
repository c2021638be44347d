"""Where the boxes and arrows of a model's drawing stand: ranks from the data down to the output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dlrun.arrays import View
from dlrun.reports.run_data import Layer
from dlrun.wording import format_axes, tally

DATA = "input"
BOX_WIDTH, BOX_HEIGHT = 184.0, 44.0
MOST_LAYERS = 150
"""Beyond that a drawing tells less than the table."""

_GAP_X, _GAP_Y = 20.0, 26.0
_THIN = 18.0  # what a line needs that passes a rank
_SWEEPS = 4


@dataclass
class Box:
    """A box of the drawing, or the place where a line passes a rank."""

    title: str  # what the layer is
    subtitle: str  # its name
    note: str  # the shape of what it gives
    weights: str  # how many it has, in words; empty where it has none
    rank: int  # how many steps it is away from the data
    is_bend: bool = False  # only a line passes here
    x: float = 0.0  # the left edge
    y: float = 0.0  # the upper edge

    @property
    def width(self) -> float:
        """How wide it is."""
        return _THIN if self.is_bend else BOX_WIDTH

    @property
    def middle(self) -> float:
        """The horizontal middle."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class Drawing:
    """A drawing of layers: boxes, and lines as SVG paths."""

    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    width: float
    height: float


def draw_graph(
    layers: Sequence[Layer], input_shape: tuple[int, ...], views: Sequence[View] = ()
) -> Drawing | None:
    """Lay the graph of a model out; None where there are too many layers for a drawing.

    Columns that layers name (`views`) stand beside the data.
    """
    if len(layers) > MOST_LAYERS:
        return None
    boxes = _sources(layers, input_shape, views)
    for layer in layers:
        rank = 1 + max(boxes[name].rank for name in layer.inputs)
        title = f"{layer.type} · {layer.activation}" if layer.activation else layer.type
        weights = tally(layer.parameters, "weight") if layer.parameters else ""
        boxes[layer.name] = Box(title, layer.name, format_axes(layer.output_shape), weights, rank)
    chains = _chains(layers, boxes)
    ranks = _ranks(boxes, chains)
    _order(ranks, chains)
    width, height = _place(ranks)
    lines = tuple(_line(chain) for chain in chains)
    return Drawing(tuple(boxes.values()), lines, width, height)


def _sources(
    layers: Sequence[Layer], input_shape: tuple[int, ...], views: Sequence[View]
) -> dict[str, Box]:
    """The boxes of what is read and is no layer, by name."""
    if not views:
        return {DATA: Box("Data", "", format_axes(input_shape), "", 0)}
    shapes: dict[str, list[str]] = {}
    for view in views:
        shown = format_axes(view.sample)
        if view.ids:
            shown = "class number" if view.sample == (1,) else f"{shown} word numbers"
        shapes.setdefault(view.name, []).append(shown)
    read = {name for layer in layers for name in layer.inputs}
    return {
        name: Box("Data", "other columns" if len(shapes) > 1 else "", " and ".join(notes), "", 0)
        if name == DATA else Box("Column", name, " and ".join(notes), "", 0)
        for name, notes in shapes.items() if name in read
    }  # fmt: skip


def _chains(layers: Sequence[Layer], boxes: dict[str, Box]) -> list[list[Box]]:
    """For each arrow the boxes it leads past: a bend on every rank between its ends."""
    chains = []
    for layer in layers:
        for name in layer.inputs:
            start, end = boxes[name], boxes[layer.name]
            bends = [
                Box("", "", "", "", rank, is_bend=True) for rank in range(start.rank + 1, end.rank)
            ]
            chains.append([start, *bends, end])
    return chains


def _ranks(boxes: dict[str, Box], chains: list[list[Box]]) -> list[list[Box]]:
    ranks: list[list[Box]] = [[] for _ in range(1 + max(box.rank for box in boxes.values()))]
    for box in boxes.values():
        ranks[box.rank].append(box)
    for chain in chains:
        for bend in chain[1:-1]:
            ranks[bend.rank].append(bend)
    return ranks


def _order(ranks: list[list[Box]], chains: list[list[Box]]) -> None:
    """Sort each rank by the mean place of its neighbours, down and up, so that few lines cross."""
    above: dict[int, list[Box]] = {}
    below: dict[int, list[Box]] = {}
    for chain in chains:
        for one, other in pairwise(chain):
            above.setdefault(id(other), []).append(one)
            below.setdefault(id(one), []).append(other)
    for sweep in range(_SWEEPS):
        neighbours = below if sweep % 2 else above
        for rank in reversed(ranks) if sweep % 2 else ranks:
            _place(ranks)
            rank.sort(
                key=lambda box: _mean([near.middle for near in neighbours.get(id(box), [box])])
            )
    _place(ranks)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _place(ranks: list[list[Box]]) -> tuple[float, float]:
    """Centre every rank; returns width and height of all."""
    widths = [sum(box.width for box in rank) + _GAP_X * (len(rank) - 1) for rank in ranks]
    widest = max(widths)
    for number, (rank, width) in enumerate(zip(ranks, widths, strict=True)):
        x = (widest - width) / 2
        for box in rank:
            box.x, box.y = x, number * (BOX_HEIGHT + _GAP_Y)
            x += box.width + _GAP_X
    return widest, len(ranks) * (BOX_HEIGHT + _GAP_Y) - _GAP_Y


def _line(chain: list[Box]) -> str:
    """A smooth path from the lower edge of the first box to the upper edge of the last."""
    start = chain[0]
    x, y = start.middle, start.y + BOX_HEIGHT
    path = f"M{x:.1f} {y:.1f}"
    for box in chain[1:]:
        half = (box.y - y) / 2
        path += (
            f"C{x:.1f} {y + half:.1f} {box.middle:.1f} {y + half:.1f} {box.middle:.1f} {box.y:.1f}"
        )
        x, y = box.middle, box.y + BOX_HEIGHT
        if box.is_bend:
            path += f"V{y:.1f}"
    return path
