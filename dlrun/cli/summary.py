"""What `dlrun validate --summary` shows: layers, output shapes and parameters, without Keras."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size

from dlrun.cli.columns import Cell, align, draw, natural_width
from dlrun.shapes import count_parameters, find_sample, walk
from dlrun.wording import printable

if TYPE_CHECKING:
    from dlrun.cli.output import Screen
    from dlrun.config import Experiment
    from dlrun.shapes import Shape, Step

_UNKNOWN = "?"
_SUMS = (("parameters", None), ("trainable", True), ("not trainable", False))


@dataclass(frozen=True)
class Summary:
    """The layers of an experiment.

    Attributes:
        dataset: The word of the dataset.
        sample: The shape of one sample; None where it is not known before the data are read.
        steps: One for each layer.
    """

    dataset: str
    sample: Shape | None
    steps: tuple[Step, ...]

    @property
    def first_unknown(self) -> Step | None:
        """The layer from which on nothing is known."""
        return next((step for step in self.steps if step.weights is None), None)

    def count(self, *, trainable: bool | None = None) -> int:
        """The parameters of all layers that are known."""
        return sum(count_parameters(step.weights or (), trainable=trainable) for step in self.steps)


def summarize(experiment: Experiment) -> Summary:
    """Follow a sample through the layers of an experiment.

    Args:
        experiment: A valid config.
    """
    dataset = experiment.dataset
    sample = find_sample(dataset.type, dataset.arguments).shape
    steps = walk([layer.as_dict() for layer in experiment.model.layers], sample)
    return Summary(dataset.type, sample, steps)


def summary_text(summary: Summary, *, screen: Screen) -> str:
    """Draw a summary.

    Args:
        summary: What `summarize` returns.
        screen: Where it is shown.

    Returns:
        One line per layer, or two where that is too wide; below, the sums.
    """
    rows = [_row(step, summary) for step in summary.steps]
    rows.insert(0, ["input", summary.dataset, "", _shown(summary.sample), ""])
    if _is_stack(summary.steps):
        rows = [[*row[:2], *row[3:]] for row in rows]
    headings = ["layer", "type", "inputs", "output shape", "parameters"]
    if _is_stack(summary.steps):
        headings.remove("inputs")
    bold = [Cell(heading, "bold") for heading in headings]
    table = align([bold, *rows], left=len(headings) - 1)
    is_wide = natural_width(table) > screen.width
    parts = [_stacked(rows, screen) if is_wide else draw(table, color=screen.color)]
    if summary.sample is not None:
        parts.append(_sums(summary, screen))
    if summary.first_unknown is not None:
        parts.append(textwrap.fill(_where_it_ends(summary), min(screen.width, 100)))
    return "\n\n".join(parts)


def summary_data(summary: Summary) -> dict[str, Any]:
    """What `--json` prints of a summary; null for what is not known."""
    is_complete = summary.first_unknown is None
    return {
        "input_shape": _with_batch(summary.sample),
        "layers": [_layer_data(step) for step in summary.steps],
        "parameters": summary.count() if is_complete else None,
        "trainable": summary.count(trainable=True) if is_complete else None,
        "not_trainable": summary.count(trainable=False) if is_complete else None,
        "complete": is_complete,
    }


def _layer_data(step: Step) -> dict[str, Any]:
    is_known = step.weights is not None
    weights = step.weights or ()
    return {
        "name": step.name,
        "type": step.type,
        "inputs": step.inputs,
        "output_shape": _with_batch(step.shape),
        "parameters": count_parameters(weights) if is_known else None,
        "trainable": count_parameters(weights, trainable=True) if is_known else None,
        "not_trainable": count_parameters(weights, trainable=False) if is_known else None,
    }


def _row(step: Step, summary: Summary) -> list[str]:
    count = _UNKNOWN if step.weights is None else f"{count_parameters(step.weights):,}"
    inputs = "" if _is_stack(summary.steps) else ", ".join(step.inputs)
    return [step.name, step.type, inputs, _shown(step.shape), count]


def _is_stack(steps: tuple[Step, ...]) -> bool:
    """Whether each layer reads the one above it, which needs no telling."""
    above = pairwise(["input", *(step.name for step in steps)])
    return all(step.inputs == (name,) for step, (name, _) in zip(steps, above, strict=True))


def _stacked(rows: list[list[str]], screen: Screen) -> str:
    """Each layer in two lines: what it is, and what it gives and keeps."""
    first, second = [], []
    for name, kind, *inputs, shape, count in rows:
        reads = f" < {inputs[0]}" if inputs and inputs[0] else ""
        first.append(printable(f"{name} ({kind}){reads}"))
        second.append([f"  {shape}", count])
    lower = draw(align(second, width=screen.width), color=False).split("\n")
    cut = [
        line if cell_len(line) <= screen.width else set_cell_size(line, screen.width - 1) + "…"
        for line in first
    ]
    return "\n".join(f"{above}\n{below}" for above, below in zip(cut, lower, strict=True))


def _sums(summary: Summary, screen: Screen) -> str:
    least = "" if summary.first_unknown is None else "at least "
    rows = [[name, f"{least}{summary.count(trainable=which):,}"] for name, which in _SUMS]
    return draw(align(rows), color=screen.color)


def _where_it_ends(summary: Summary) -> str:
    """From where on shapes are not told, and when they are."""
    later = "are checked when the model is built."
    step = summary.first_unknown
    if summary.sample is None or step is None:
        return f"The shape of the data is known when they are read; shapes {later}"
    return f"Shapes from '{step.name}' ({step.type}) on {later}"


def _with_batch(shape: Shape | None) -> Shape | None:
    return None if shape is None else (None, *shape)


def _shown(shape: Shape | None) -> str:
    return _UNKNOWN if shape is None else str(_with_batch(shape))
