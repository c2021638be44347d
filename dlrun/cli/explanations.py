"""An explanation as a page of text, and as JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from dlrun.cli.columns import align, draw, paint
from dlrun.cli.matrices import (
    draw_array,
    draw_grid,
    draw_image,
    format_entry,
    format_place,
    is_small,
)
from dlrun.cli.worked_layers import draw_layer, entry_names, worked_places
from dlrun.wording import printable

if TYPE_CHECKING:
    from dlrun.cli.output import Screen
    from dlrun.formulas import Place, Stage
    from dlrun.workflows.explain import Answer, Comparison, Explanation

MOVERS: Final = 10
"""How many entries of the input are named that move the output most."""


def draw_explanation(explained: Explanation, *, layer: str | None, screen: Screen) -> str:
    """Write an explanation for a terminal.

    Args:
        explained: What was worked out.
        layer: The one layer to show, in full; None for all.
        screen: Where it is shown.

    Returns:
        The row, every layer, the answer and what moves it, and TensorFlow's word.
    """
    spec = explained.opened.spec
    names = entry_names(spec.feature_names, spec.image_shape)
    stages = explained.story.stages
    drawn = [
        draw_layer(stage, names, place=_place(explained, stage), screen=screen,
                   full=layer is not None)
        for stage in stages
        if layer in (None, stage.node.name)
    ]  # fmt: skip
    parts = [*([] if layer else [_row(explained, screen)]), *drawn]
    if layer is None and explained.answer is not None:
        parts += [_answer(explained, explained.answer, screen), _movers(explained, screen)]
    if explained.comparison is not None and stages:
        parts.append(_comparison(explained.comparison, layer))
    return "\n\n".join(part for part in parts if part)


def explanation_json(explained: Explanation) -> dict[str, Any]:
    """Everything that was worked out, for `--json`."""
    comparison, answer, row = explained.comparison, explained.answer, explained.row
    slopes = None if answer is None else answer.slopes
    return {
        "run": explained.opened.folder.path,
        "row": row.source,
        "x": row.x,
        "given": row.given,
        "feature_names": explained.opened.spec.feature_names,
        "true": row.true,
        "layers": [_layer_json(explained, stage) for stage in explained.story.stages],
        "ending": None if explained.story.ending is None else str(explained.story.ending),
        "output": None if answer is None else answer.output,
        "predicted": None if answer is None else answer.predicted,
        "place": None if answer is None else answer.place,
        "derivative": slopes,
        "contributions": None if slopes is None else row.x * slopes,
        "tensorflow": None
        if comparison is None
        else {
            "output": comparison.output,
            "difference": max(comparison.differences.values(), default=0.0),
            "agrees": comparison.agrees,
        },
    }


def _layer_json(explained: Explanation, stage: Stage) -> dict[str, Any]:
    working, differences = stage.working, explained.comparison
    sums = []
    for place in worked_places(stage, _place(explained, stage)):
        one = None if working.sum_at is None else working.sum_at(place)
        if one is not None:
            terms = [
                {"place": t.place, "x": t.x, "weight": t.weight, "product": t.product}
                for t in one.terms
            ]
            sums.append({"place": place, "terms": terms, "bias": one.bias, "z": one.total})
    return {
        "name": stage.node.name,
        "type": stage.node.layer.type,
        "inputs": [name for name, _ in stage.inputs],
        "formula": working.formula,
        "x": [x for _, x in stage.inputs],
        "weights": stage.node.weights,
        "between": working.between,
        "y": working.output,
        "sums": sums,
        "difference": None if differences is None else differences.differences[stage.node.name],
    }


def _place(explained: Explanation, stage: Stage) -> Place | None:
    """Which sum of a layer is worked out: that of the answer, in the last one."""
    answer = explained.answer
    is_last = stage is explained.story.stages[-1]
    return answer.place if answer is not None and is_last else None


def _row(explained: Explanation, screen: Screen) -> str:
    """The numbers that the network is given, and what they were before."""
    row, spec = explained.row, explained.opened.spec
    title = printable(f"{explained.opened.folder.name}, {row.source}")
    if row.true is not None:
        title += f", which is {printable(row.true)}"
    lines = [paint(title, "bold", color=screen.color)]
    shape = spec.image_shape
    x = row.x if shape is None or row.x.size != math.prod(shape) else row.x.reshape(shape)
    if row.given is not None and spec.scaling is None:
        lines.append(f"pixels of 0 to {spec.pixel_max:g} are given to the network as 0 to 1")
    if row.given is not None and spec.scaling is not None:
        lines.append(f"scaled as in training ({spec.scaling.kind}): x = (given - offset) / factor")
    if spec.feature_names is not None and is_small(row.x):
        rows = [("x", [format_entry(value) for value in row.x.tolist()])]
        if row.given is not None:
            rows.insert(0, ("given", [format_entry(value) for value in row.given.tolist()]))
        lines.append(draw_grid(spec.feature_names, rows, screen=screen))
    else:
        x = x[..., 0] if x.ndim == len("hwc") and x.shape[-1] == 1 else x
        lines.append(draw_array("x", x, screen=screen))
        picture = draw_image(x, screen=screen) if x.ndim == len("hw") and shape else None
        lines += [] if picture is None or is_small(x) else ["", picture]
    return "\n".join(lines)


def _answer(explained: Explanation, answer: Answer, screen: Screen) -> str:
    """The output, by class where there are classes, and the decision."""
    spec, row = explained.opened.spec, explained.row
    title = paint("output", "bold", color=screen.color)
    if answer.predicted is None:
        drawn = draw_array("  y", answer.output, screen=screen)
        if answer.output.shape == (len(spec.target_names),):
            values = [format_entry(value) for value in answer.output.tolist()]
            drawn = draw_grid(spec.target_names, [("  y", values)], screen=screen)
        return f"{title}\n{drawn}" + (f"\n  the row has {row.true}" if row.true else "")
    predicted = printable(answer.predicted)
    if spec.threshold is not None:
        value = float(answer.output.reshape(-1)[0])
        side = "above" if value > spec.threshold else "not above"
        said = f"  y = {format_entry(value)} is {side} {spec.threshold:g}: {predicted}"
    else:
        entries = [("  y", [format_entry(value) for value in answer.output.tolist()])]
        if is_small(answer.output):
            said = draw_grid(spec.class_names or (), entries, screen=screen)
        else:
            said = draw_array("  y", answer.output, screen=screen)
        said += f"\n  the largest is that of {predicted}"
    if row.true is not None:
        true = printable(row.true)
        said += ", which is right" if row.true == answer.predicted else f", but it is {true}"
    return f"{title}\n{said}"


def _movers(explained: Explanation, screen: Screen) -> str:
    """The entries of the input that move the output most."""
    from dlrun.formulas import largest_places

    answer, row, spec = explained.answer, explained.row, explained.opened.spec
    if answer is None:
        return ""
    y = f"y{format_place(answer.place)}" if answer.output.size > 1 else "y"
    whose = ""
    if answer.predicted is not None and spec.threshold is None:
        whose = f", the {spec.output or 'output'} of {printable(answer.predicted)}"
    title = paint(f"what moves {y}{whose}", "bold", color=screen.color)
    if answer.slopes is None:
        return f"{title}\n  The input is looked up, not computed with: {y} has no derivative by it."
    names = entry_names(spec.feature_names, spec.image_shape)
    given = row.given if spec.scaling is not None else None
    parts = row.x.astype("float64") * answer.slopes
    places = largest_places(parts, MOVERS)
    arrays: list[Any] = [*([] if given is None else [given]), row.x, answer.slopes, parts]
    rows = []
    for place in places:
        numbers = [format_entry(float(array[place])) for array in arrays]
        rows.append([f"  {names('input', place)}", *numbers])
    heads = ["  ", *([] if given is None else ["given"]), "x", f"d{y}/dx", f"x · d{y}/dx"]
    if parts.size > len(rows):
        left = float(parts.sum()) - sum(float(parts[place]) for place in places)
        empty = [""] * (len(heads) - 2)
        rows.append([f"  {parts.size - len(rows)} more", *empty, format_entry(left)])
    note = (
        f"  d{y}/dx is the exact derivative at this x; x · d{y}/dx is, to first order, what the "
        "entry\n  adds to the output as against x = 0"
    )
    if spec.scaling is not None and spec.scaling.kind == "standard":
        note += ", the mean of the training rows"
    table = draw(align([heads, *rows], width=screen.width), color=screen.color)
    return f"{title}\n{note}.\n{table}"


def _comparison(comparison: Comparison, layer: str | None) -> str:
    """How far TensorFlow is from it."""
    differences = comparison.differences
    if layer is not None and layer in differences:
        return f"TensorFlow gives the same within {differences[layer]:.1e} here."
    worst = max(differences, key=lambda name: differences[name])
    if not comparison.agrees:
        return f"TensorFlow DISAGREES: the output of {worst} differs by {differences[worst]:.1e}."
    if not differences[worst]:
        return "TensorFlow agrees: every layer's output is the same."
    largest = f"{differences[worst]:.1e} ({worst})"
    return f"TensorFlow agrees: no layer's output differs by more than {largest}."
