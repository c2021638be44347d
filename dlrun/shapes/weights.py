"""Weights that are written down, held against those that a layer has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.errors import Problem
from dlrun.shapes.outputs import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dlrun.shapes.walk import Step


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


def list_shape(value: Any) -> tuple[int, ...] | None:
    """The shape of nested lists of numbers; None where rows differ or hold something else."""
    if not isinstance(value, list):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return () if is_number else None
    shapes = {list_shape(item) for item in value}
    inner = shapes.pop() if shapes else ()
    return None if shapes or inner is None else (len(value), *inner)
