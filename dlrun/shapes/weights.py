"""Weights that are written down, held against those that a layer has."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from dlrun.errors import Problem
from dlrun.memory import excess
from dlrun.shapes.outputs import count_parameters, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dlrun.shapes.outputs import Shape
    from dlrun.shapes.walk import Step

NUMBER_BYTES: Final = 4
"""Of float32, which Keras keeps weights in under every precision of the language."""


def misfits(step: Step, weights: Sequence[Any] | None, path: str) -> Iterator[Problem]:
    """Tell which weights do not fit.

    Args:
        step: The layer.
        weights: What is written down, as nested lists.
        path: The dotted path of the layer.
    """
    if weights is None or step.weights is None:
        return
    wanted = step.weights
    if len(weights) != len(wanted):
        count = "1 weight" if len(wanted) == 1 else f"{len(wanted)} weights"
        names = ", ".join(f"{weight.name} {show(weight.shape)}" for weight in wanted)
        fix = f"Write [{names}]." if wanted else "Remove them."
        what = f"{step.type} has {count}, got {len(weights)}."
        yield Problem(f"{path}.weights", what, fix)
        return
    for number, (given, weight) in enumerate(zip(weights, wanted, strict=True)):
        got = list_shape(given)
        if got is not None and got != weight.shape:
            has = "have" if weight.name == "embeddings" else "has"
            what = f"The {weight.name} of {step.type} {has} the shape {show(weight.shape)}, "
            fix = "Its input has the shape " + " and ".join(map(show, step.taken or ())) + "."
            yield Problem(f"{path}.weights[{number}]", f"{what}got {show(got)}.", fix)


def oversize(steps: Sequence[Step], sample: Shape | None) -> Problem | None:
    """What does not fit into memory: the weights of all layers, or a single row on its way.

    Args:
        steps: The layers.
        sample: The shape of one row, or None where it is not known.

    Returns:
        A problem that names the largest layer and both sizes, or None. What is not known takes
        nothing; training takes more.
    """
    if (too_large := excess(_row_bytes(sample))) is not None:
        what = f"A row of the shape {show(sample or ())} takes {too_large}."
        return Problem("dataset", what, "Take fewer or smaller features.")
    counts = [count_parameters(step.weights or ()) for step in steps]
    if (too_large := excess(NUMBER_BYTES * sum(counts))) is not None:
        index = counts.index(max(counts))
        own = [f"{weight.name} {show(weight.shape)}" for weight in steps[index].weights or ()]
        what = f"The model has {sum(counts):,} parameters, which take {too_large}."
        fix = f"Make {steps[index].type} smaller: it has {', '.join(own)}."
        return Problem(f"model.layers[{index}]", what, fix)
    for index, step in enumerate(steps):
        if (too_large := excess(_row_bytes(step.shape))) is not None:
            what = f"{step.type} makes {show(step.shape or ())} of a row, which takes {too_large}."
            return Problem(f"model.layers[{index}]", what, "Make it, or what it reads, smaller.")
    return None


def _row_bytes(shape: Shape | None) -> int:
    """What one row takes at least, in bytes."""
    return NUMBER_BYTES * math.prod(size or 1 for size in shape or ())


def list_shape(value: Any) -> tuple[int, ...] | None:
    """The shape of nested lists of numbers; None where rows differ or hold something else."""
    if not isinstance(value, list):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return () if is_number else None
    shapes = {list_shape(item) for item in value}
    inner = shapes.pop() if shapes else ()
    return None if shapes or inner is None else (len(value), *inner)
