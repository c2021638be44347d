"""Weights that are written down, held against those that a layer has."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from dlrun.errors import Problem
from dlrun.memory import excess
from dlrun.shapes.layer import Shape, Weight, count_parameters, show
from dlrun.shapes.walk import Step

NUMBER_BYTES: Final = 4
"""Of float32, which Keras keeps weights in under every precision of the language."""


def weight_misfits(
    type_: str, wanted: Sequence[Weight] | None, given: Sequence[Any], path: str, *, fix: str
) -> Iterator[Problem]:
    """Tell which of the weights that are given to a layer, as nested lists, do not fit.

    `wanted` is None where it is not known what the layer has; `fix` mends a shape.
    """
    shapes = [list_shape(weight) for weight in given]
    for number, shape in enumerate(shapes):
        if shape is None:
            what = "A weight is a number or a nested list of numbers in equal rows."
            yield Problem(f"{path}.weights[{number}]", what, "Write such as [[1.0], [1.0]].")
    if wanted is None:
        return
    if len(given) != len(wanted):
        count = "1 weight" if len(wanted) == 1 else f"{len(wanted)} weights"
        names = ", ".join(f"{weight.name} {show(weight.shape)}" for weight in wanted)
        what = f"{type_} has {count}, got {len(given)}."
        yield Problem(f"{path}.weights", what, f"Write [{names}]." if wanted else "Remove them.")
        return
    for number, (got, weight) in enumerate(zip(shapes, wanted, strict=True)):
        if got is not None and not _fits(got, weight.shape):
            has = "have" if weight.name == "embeddings" else "has"
            what = f"The {weight.name} of {type_} {has} the shape {show(weight.shape)}, "
            yield Problem(f"{path}.weights[{number}]", f"{what}got {show(got)}.", fix)


def misfits(step: Step, weights: Any, path: str) -> Iterator[Problem]:
    """Tell which weights, where they are written down, do not fit a layer whose input is known."""
    if isinstance(weights, list) and step.weights is not None:
        fix = "Its input has the shape " + " and ".join(map(show, step.taken or ())) + "."
        yield from weight_misfits(step.type, step.weights, weights, path, fix=fix)


def oversize(steps: Sequence[Step], sample: Shape | None) -> Problem | None:
    """Say what does not fit into memory: the weights of all layers, or a single row on its way."""
    # What is not known takes nothing; training takes more.
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


def list_shape(value: Any) -> tuple[int, ...] | None:
    """Return the shape of nested lists of numbers; None where rows differ or hold other things."""
    if not isinstance(value, list):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return () if is_number else None
    shapes = {list_shape(item) for item in value}
    inner = shapes.pop() if shapes else ()
    return None if shapes or inner is None else (len(value), *inner)


def _fits(got: Shape, wanted: Shape) -> bool:
    return len(got) == len(wanted) and all(
        size in (one, None) for one, size in zip(got, wanted, strict=True)
    )


def _row_bytes(shape: Shape | None) -> int:
    """Return what one row takes at least, in bytes."""
    return NUMBER_BYTES * math.prod(size or 1 for size in shape or ())
