"""One layer of an explanation on the terminal: formula, numbers, and a sum worked out."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dlrun.cli.terminal.arrays import (
    LONG,
    draw_array,
    draw_grid,
    format_entries,
    format_entry,
    format_place,
    format_shape,
    is_small,
)
from dlrun.cli.terminal.output import Screen
from dlrun.cli.terminal.tables import draw_or_stack, paint, wrap
from dlrun.wording import printable

if TYPE_CHECKING:
    from dlrun.arrays import View
    from dlrun.formulas import Place, Stage, WeightedSum

    Names = Callable[[str, Place], str]

FEW: Final = 8  # so many sums, of so many terms, are written out
TERMS: Final = 5  # so many terms of a longer sum are named


def draw_layer(
    stage: Stage, names: Names, *, place: Place | None, screen: Screen, full: bool
) -> str:
    """Draw what a layer computes, and work out the sum at `place` (None: the largest output)."""
    read = " and ".join(f"{name} {format_shape(x.shape)}" for name, x in stage.inputs)
    gives = f"reads {read}, gives {format_shape(stage.working.output.shape)}"
    name = stage.node.name
    heading = wrap(f"{name}  {stage.node.layer.type}, {gives}", screen, hang=4)
    if heading.startswith(name):  # else it is too long for a line
        heading = paint(name, "bold", screen) + heading.removeprefix(name)
    parts = [heading, *(wrap(f"  {line}", screen, hang=6) for line in stage.working.formula)]
    narrow = replace(screen, width=screen.width - 2)
    is_dense = stage.node.layer.type == "Dense" and stage.inputs[0][1].ndim == 1
    if is_dense and (full or max(stage.node.weights["kernel"].shape) <= LONG):
        body = [_table(stage, names, narrow)]
    else:
        body = _arrays(stage, screen=narrow, full=full)
    sums = _sums(stage, names, place=place, screen=narrow)
    blocks = ["\n".join(parts), *body, *([sums] if sums else [])]
    return "\n\n".join(
        textwrap.indent(block, "  ") if n else block for n, block in enumerate(blocks)
    )


def worked_places(stage: Stage, place: Place | None) -> list[Place]:
    """Choose the sums of a layer to work out: all of a few, else that one (None: the largest)."""
    from dlrun.formulas import largest_places

    if stage.working.sum_at is None:
        return []
    z = stage.working.between["z"]
    if z.ndim == 1 and z.size <= FEW:
        return [(unit,) for unit in range(z.size)]
    return [place] if place is not None else largest_places(stage.working.output, 1)


def _table(stage: Stage, names: Names, screen: Screen) -> str:
    """Inputs down, units across: each column is one sum."""
    ((source, x),) = stage.inputs
    kernel = stage.node.weights["kernel"]  # (inputs, units)
    units = range(len(kernel[0]))
    labels = [names(source, (index,)) for index in range(len(kernel))]
    numbers = format_entries(x)
    wide, far = max(map(len, [*labels, "bias"])), max(map(len, numbers))
    rows = [
        (f"{label:<{wide}}  {number:>{far}}", format_entries(row))
        for label, number, row in zip(labels, numbers, kernel, strict=True)
    ]
    below = {"bias": stage.node.weights.get("bias"), "z": stage.working.between["z"]}
    below["y"] = stage.working.output if stage.working.formula[-1] != "y = z" else None
    for label, values in below.items():
        if values is not None:
            rows.append((label, format_entries(values)))
    corner = f"{'':<{wide}}  {'x':>{far}}  kernel"
    heads = [f"[{unit}]" for unit in units]
    if len(rows[-1][1]) != len(heads):  # the activation has halved the units
        last = rows.pop()
        table = draw_grid(heads, rows, corner=corner, screen=screen)
        return f"{table}\n{'y':<{len(corner)}}  {'  '.join(last[1])}"
    return draw_grid(heads, rows, corner=corner, screen=screen)


def _arrays(stage: Stage, *, screen: Screen, full: bool) -> list[str]:
    """What the layer keeps, computes on the way and gives; small rows stand under each other."""
    # What it reads is what another layer gave: shown already, unless only this one is wanted.
    several = len(stage.inputs) > 1
    read = [(f"x{number}" if several else "x", x) for number, (_, x) in enumerate(stage.inputs, 1)]
    arrays: list[tuple[str, Any]] = [*read] if full else []
    arrays += [*stage.node.weights.items(), *stage.working.between.items()]
    if not stage.working.formula[-1].startswith(("y = z", "y = x:")) or full:
        arrays.append(("y", stage.working.output))
    blocks = []
    for _, group in itertools.groupby(arrays, lambda named: _alike(named[1], full=full)):
        named = list(group)
        if named[0][1].ndim == 1 and (full or is_small(named[0][1])):
            heads = [f"[{index}]" for index in range(named[0][1].size)]
            rows = [(name, format_entries(row)) for name, row in named]
            blocks.append(draw_grid(heads, rows, screen=screen))
        else:
            drawn = [draw_array(name, array, screen=screen, full=full) for name, array in named]
            blocks.append("\n".join(drawn))
    return blocks


def _alike(array: Any, *, full: bool) -> tuple[int, ...] | str:
    """What may stand in one block: rows of one length, and summaries."""
    if not (full or is_small(array)):
        return "summary"
    return tuple(array.shape) if array.ndim == 1 else (id(array), 0)


def _sums(stage: Stage, names: Names, *, place: Place | None, screen: Screen) -> str:
    """Sums worked out: equations of a few terms, or the largest terms of a long one."""
    places = worked_places(stage, place)
    if not places or stage.working.sum_at is None:
        return ""
    sums = [(place, stage.working.sum_at(place)) for place in places]
    if all(len(one.terms) <= FEW for _, one in sums):
        return "\n".join(_equation(stage, place, one, screen) for place, one in sums)
    source = stage.inputs[0][0]
    if len(sums) > 1:
        return "\n".join(_short(place_, one, names, source, screen) for place_, one in sums)
    return _largest_terms(stage, sums[0], names, screen)


def _equation(stage: Stage, place: Place, one: WeightedSum, screen: Screen) -> str:
    """`z[0] = 0.3000 · (-1.0824) + 0.1000 · (-0.5668) - 0.1829 = -0.5643, y[0] = -0.5112`."""
    terms = sorted(one.terms, key=lambda term: term.place)
    text = " + ".join(f"{_signed(term.x)} · {_signed(term.weight)}" for term in terms) or "0"
    text += _bias(one)
    where = format_place(place)
    end = f" = {format_entry(one.total)}"
    output = stage.working.output
    if stage.working.formula[-1] != "y = z" and output.shape == stage.working.between["z"].shape:
        end += f", y{where} = {format_entry(float(output[place]))}"
    return wrap(f"z{where} = {text}{end}", screen, hang=4)


def _short(place: Place, one: WeightedSum, names: Names, source: str, screen: Screen) -> str:
    """The three largest terms of a long sum in a line."""
    shown = one.terms[:3]
    text = " + ".join(
        f"{_signed(term.x)} · {_signed(term.weight)} ({names(source, term.place)})"
        for term in shown
    )
    rest = sum(term.product for term in one.terms[3:])
    count = len(one.terms) - len(shown)
    line = f"z{format_place(place)} = {text} + {_signed(rest)} ({count} more){_bias(one)}"
    return wrap(f"{line} = {format_entry(one.total)}", screen, hang=4)


def _largest_terms(
    stage: Stage, worked: tuple[Place, WeightedSum], names: Names, screen: Screen
) -> str:
    """The largest terms of one long sum as a table that adds up."""
    place, one = worked
    source = stage.inputs[0][0]
    rows: list[Sequence[str]] = [
        [names(source, t.place), *map(format_entry, (t.x, t.weight, t.product))]
        for t in one.terms[:TERMS]
    ]
    rest = one.terms[TERMS:]
    if rest:
        total = sum(term.product for term in rest)
        rows.append([f"{len(rest)} more terms", "", "", format_entry(total)])
    if one.bias is not None:
        rows.append(["bias", "", "", format_entry(one.bias)])
    where = format_place(place)
    rows.append([f"z{where}", "", "", format_entry(one.total)])
    table = draw_or_stack([["", "x", "kernel", "x · kernel"], *rows], screen)
    title = f"z{where}, the largest of its {len(one.terms)} terms first:"
    return f"{wrap(title, screen)}\n{table}"


def _bias(one: WeightedSum) -> str:
    if one.bias is None:
        return ""
    return f" {'-' if one.bias < 0 else '+'} {format_entry(abs(one.bias))}"


def _signed(value: float) -> str:
    text = format_entry(value)
    return f"({text})" if text.startswith("-") else text


def entry_names(
    feature_names: Sequence[str] | None,
    image_shape: Sequence[int] | None,
    views: Sequence[View] = (),
) -> Callable[[str, Any], str]:
    """Return what names an entry of what a layer reads: `petal_length`, `pixel[3, 4]`, `x[3]`.

    Of the windows of a series, `sales[2]` is what the third step has.

    `views` are parts of a row that layers read by name.
    """
    parts = {view.name: view for view in views if not view.ids}

    def name(source: str, place: Place) -> str:
        if source in parts and feature_names is not None:
            inside = 0
            for size, at in zip(parts[source].sample, place, strict=True):
                inside = inside * size + int(at)
            return printable(feature_names[parts[source].begin + inside])
        if source != "input":
            return f"x{format_place(place)}"
        if feature_names is not None and len(place) == 1:
            return printable(feature_names[place[0]])
        if feature_names is not None and len(place) == len(("step", "entry")):  # of a window
            return f"{printable(feature_names[place[1]])}[{place[0]}]"
        if image_shape is not None and len(place) == 1:
            # `place` counts through a flattened image of (height, width, channels)
            rest, channel = divmod(place[0], image_shape[2])
            where = divmod(rest, image_shape[1])
            return f"pixel{format_place(where if image_shape[2] == 1 else (*where, channel))}"
        return f"x{format_place(place)}"

    return name


def names_through(stages: Sequence[Stage], names: Names) -> Names:
    """Name what stands behind a `Concatenate` by where it comes from: `age`, `dense_1[3]`."""
    joined = {
        stage.node.name: [(source, (n,)) for source, x in stage.inputs for n in range(len(x))]
        for stage in stages
        if stage.node.layer.type == "Concatenate" and all(x.ndim == 1 for _, x in stage.inputs)
    }

    def name(source: str, place: Place) -> str:
        if source not in joined:
            return names(source, place)
        inner, at = joined[source][place[0]]
        found, where = name(inner, at), format_place(at)
        return f"{printable(inner)}{where}" if found == f"x{where}" else found

    return name
