"""`dlrun explain RUN`: the forward pass of one row, as one would work it out by hand."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from dlrun.cli import options
from dlrun.cli.options import argument, option
from dlrun.cli.terminal import arrays
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.layers import draw_layer, entry_names, names_through, worked_places
from dlrun.cli.terminal.output import Screen, screen_of, write_data, write_json
from dlrun.cli.terminal.tables import draw_or_stack, paint, wrap
from dlrun.errors import DlrunError, UsageError
from dlrun.wording import cut, list_names, list_some, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.arrays import Spec
    from dlrun.formulas import Place, Stage
    from dlrun.workflows.explain import (
        Answer,
        Choice,
        Comparison,
        Explanation,
        Row,
        WordsLeftOut,
    )

MOST_CELLS: Final = 20
WIDEST: Final = 90  # cells of a line of prose
MOVERS: Final = 10  # entries of the input that are named as moving the output most

Given = Annotated[
    Path | None,
    argument("INPUT", "The row itself, as --input takes it; or a file with rows, see --data."),
]
RowNumber = Annotated[int | None, option("--row N", "The row, from 0.  [default: 0]", min=0)]
SplitName = Annotated[
    options.Split | None,
    option("--split", "Whose row.  [default: test, or else the last that has rows]"),
]
DataPath = Annotated[
    Path | None, option("--data FILE", "Take the row of a CSV, npz or npy, or an image.")
]
Values = Annotated[
    str | None,
    option("--input A,B,...", "The features of a row as the run's data have them, or an image."),
]
LayerName = Annotated[str | None, option("--layer NAME", "Show one layer, with every number.")]
NumpyOnly = Annotated[
    bool, option("--numpy-only", "Do not compare with TensorFlow, which takes seconds.")
]


def explain(
    run: options.Run,
    given: Given = None,
    *,
    row: RowNumber = None,
    split: SplitName = None,
    data: DataPath = None,
    values: Values = None,
    layer: LayerName = None,
    numpy_only: NumpyOnly = False,
    trust: options.Trust = False,
    runs_dir: options.RunsDir = options.DEFAULT_RUNS_DIR,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Work a forward pass out by hand.

    Shows formulas, numbers and the largest contributions; of a text, what each word does.
    Ends with exit code 1 where TensorFlow gives another result, or a layer has no formula
    and there are no words to show.
    """
    show_activity(f"opening {run} ...", quiet=quiet)
    from dlrun.cli.terminal.progress import listening
    from dlrun.rundir.bundle import reading
    from dlrun.workflows import explain as workflow
    from dlrun.workflows.explain import Choice

    choice = _given_as(given, Choice(row or 0, split and split.value, data, values))
    if choice.values is not None and (row, split, choice.data) != (None, None, None):
        raise UsageError(
            "a row that is typed is one by itself; --row, --split and --data name a row of data.",
            where=choice.where,
            fix="Give only one of them.",
        )
    options.check_rows(split, choice.data)
    with listening(quiet=quiet) as listener, reading(run, runs_dir) as opened:
        explained = workflow.explain(
            opened,
            choice,
            trust=trust,
            layer=layer,
            compare=not numpy_only,
            listener=listener,
        )
    if as_json:
        write_json(explanation_json(explained))
    else:
        write_data(draw_explanation(explained, layer=layer, screen=screen_of(sys.stdout)))
    if explained.forward_pass.ending is not None and (layer or explained.words is None):
        raise explained.forward_pass.ending
    if explained.comparison is not None and not explained.comparison.agrees:
        raise DlrunError(
            "the formulas and TensorFlow give different numbers.",
            fix="Believe TensorFlow: it is what trains and predicts. The first layer that differs "
            "is named in --json.",
        )


def _given_as(given: Path | None, choice: Choice) -> Choice:
    """Take INPUT for what it is: what --input takes, or --data."""
    from dlrun.workflows.predict import is_row

    if given is None:
        return choice
    if (choice.values, choice.data) != (None, None):
        what = "the row is given twice: by itself, and by --input or --data."
        raise UsageError(what, where=f"INPUT {given}", fix="Give only one of them.")
    if is_row(given):
        return replace(choice, values=str(given), where=f"INPUT {given}")
    return replace(choice, data=given)


def draw_explanation(explained: Explanation, *, layer: str | None, screen: Screen) -> str:
    """Write row, layers, answer, what moves it, what TensorFlow gives; or one `layer`, in full."""
    spec = explained.opened.spec
    stages = explained.forward_pass.stages
    names = entry_names(_features(spec), spec.image_shape, spec.views)
    names = names_through(stages, names)
    parts = [] if layer else [_row(explained, screen)]
    for stage in stages:
        if layer in (None, stage.node.name):
            place, full = _place(explained, stage), layer is not None
            parts.append(draw_layer(stage, names, place=place, screen=screen, full=full))
    if layer is None and explained.answer is not None:
        parts.append(_answer(explained, explained.answer, screen))
        parts.append(_movers(explained, explained.answer, screen))
        parts.append(_by_column(explained, explained.answer, screen))
    if layer is None and explained.words is not None:
        parts.append(_ending(explained, screen))
        parts.append(_words(explained.words, screen))
    if explained.comparison is not None and stages:
        parts.append(wrap(_comparison(explained.comparison, layer), screen))
    return "\n\n".join(part for part in parts if part)


def _features(spec: Spec) -> Sequence[str] | None:
    """Name the entries of a row; those of images, too, which have no names in `spec.json`."""
    if spec.columns is None or spec.feature_names is not None:
        return spec.feature_names
    from dlrun.columns.packing import every_entry

    return every_entry(spec.columns, spec.views)


def explanation_json(explained: Explanation) -> dict[str, Any]:
    """Give everything that was worked out, for `--json`."""
    comparison, answer, row = explained.comparison, explained.answer, explained.row
    slopes = None if answer is None else answer.slopes
    tensorflow = comparison and {
        "output": comparison.output,
        "difference": max(comparison.differences.values(), default=0.0),
        "agrees": comparison.agrees,
    }
    return {
        "run": explained.opened.run.path,
        "row": row.source,
        "x": row.x,
        "given": row.given,
        "feature_names": explained.opened.spec.feature_names,
        "columns": row.values,
        "true": row.true,
        "layers": [_layer_json(explained, stage) for stage in explained.forward_pass.stages],
        "ending": None
        if explained.forward_pass.ending is None
        else str(explained.forward_pass.ending),
        "output": answer and answer.output,
        "predicted": _predicted(explained),
        "place": answer and answer.place,
        "derivative": slopes,
        "words": [] if explained.words is None else [vars(one) for one in explained.words.words],
        "contributions": None if slopes is None else row.x * slopes,
        "contributions_by_column": explained.by_column,
        "tensorflow": tensorflow,
    }


def _predicted(explained: Explanation) -> str | None:
    """The class that the network answers, as the formulas have it, or else TensorFlow."""
    told = explained.answer or explained.words
    return None if told is None else told.predicted


def _layer_json(explained: Explanation, stage: Stage) -> dict[str, Any]:
    working, differences = stage.working, explained.comparison
    sums = []
    for place in worked_places(stage, _place(explained, stage)):
        one = None if working.sum_at is None else working.sum_at(place)
        if one is not None:
            terms = [{**term._asdict(), "product": term.product} for term in one.terms]
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
    is_last = stage is explained.forward_pass.stages[-1]
    return answer.place if answer is not None and is_last else None


def _row(explained: Explanation, screen: Screen) -> str:
    """The numbers that the network is given, and what they were before."""
    row, spec = explained.row, explained.opened.spec
    title = printable(f"{explained.opened.run.name}, {row.source}")
    if row.true is not None:
        title += f", which is {printable(row.true)}"
    lines = [paint(wrap(title, screen), "bold", screen)]
    if row.given is not None and spec.pixel_max is not None:
        said = f"pixels of 0 to {spec.pixel_max:g} are given to the network as 0 to 1"
        lines.append(wrap(said, screen))
    elif row.given is not None:
        lines.append(wrap("scaled as in training; given is in the units of the data", screen))
    if row.values is not None:
        cells = [f"{printable(name)} {printable(text)}" for name, text in row.values.items()]
        lines.append(wrap(list_some(cells, MOST_CELLS), screen))
    lines += _numbers(row, spec, screen)
    return "\n".join(lines)


def _numbers(row: Row, spec: Spec, screen: Screen) -> list[str]:
    """Draw what the network is given: few numbers all, of many their statistics."""
    lines: list[str] = []
    if spec.feature_names is not None and arrays.is_small(row.x):
        rows = [("x", arrays.format_entries(row.x))]
        if row.given is not None:
            rows.insert(0, ("given", arrays.format_entries(row.given)))
        lines.append(arrays.draw_grid(spec.feature_names, rows, screen=screen))
    elif spec.series is not None and arrays.is_small(row.x):
        for name, window in (("given", row.given), ("x", row.x)):
            if window is None:
                continue
            steps = [(f"[{step}]", arrays.format_entries(one)) for step, one in enumerate(window)]
            heads = _features(spec) or ()
            lines += ["", arrays.draw_grid(heads, steps, corner=name, screen=screen)]
    elif row.values is not None and _image_in(row.x, spec) is None:
        lines.append(_entries(row, spec, screen))
    else:
        x = _image_in(row.x, spec, whole=True)
        lines.append(arrays.draw_array("x", row.x if x is None else x, screen=screen))
        x = _image_in(row.x, spec)
        drawn = None if x is None or arrays.is_small(x) else arrays.draw_image(x, screen=screen)
        lines += [] if drawn is None else ["", drawn]
    return lines


def _entries(row: Row, spec: Spec, screen: Screen) -> str:
    """Describe the entries of columns; numbers of classes and words measure nothing."""
    from dlrun.columns.packing import parts

    laid = [part for part in parts(spec.columns or (), spec.views) if not part.ids]
    places = [place for part in laid for place in range(part.begin, part.end)]
    if not places:
        return arrays.draw_array("x", row.x, screen=screen)
    names = _features(spec) or ()
    return arrays.draw_summary(
        "x", row.x[places], screen, entries=[printable(names[place]) for place in places]
    )


def _image_in(values: Any, spec: Spec, *, whole: bool = False) -> Any:
    """Cut the image out of numbers of a row: `(height, width)`, or `(height, width, channels)`.

    None where there is none in it; or, as a `whole`, more than it.
    """
    from dlrun.reports.run_data import picture_of

    place = picture_of(spec)
    if place is None or (whole and place.end - place.begin < values.size):
        return None
    image = values.reshape(-1)[place.begin : place.end].reshape(place.shape)
    return image[..., 0] if image.shape[-1] == 1 else image


def _in_own_units(explained: Explanation, answer: Answer) -> list[tuple[str, list[str]]]:
    """A line of the grid with the output in the units of the targets, where these are scaled."""
    from dlrun.data.targets import in_own_units

    scaling = explained.opened.spec.target_scaling
    if scaling is None:
        return []
    return [("  in its units", arrays.format_entries(in_own_units(answer.output, scaling)))]


def _answer(explained: Explanation, answer: Answer, screen: Screen) -> str:
    spec, row = explained.opened.spec, explained.row
    title = paint("output", "bold", screen)
    if answer.predicted is None:
        drawn = arrays.draw_array("  y", answer.output, screen=screen)
        if answer.output.shape == (len(spec.target_names),):
            entries = [("  y", arrays.format_entries(answer.output))]
            entries += _in_own_units(explained, answer)
            drawn = arrays.draw_grid(spec.target_names, entries, screen=screen)
        return f"{title}\n{drawn}" + (f"\n  the row has {row.true}" if row.true else "")
    predicted = printable(answer.predicted)
    if spec.threshold is not None:
        value = float(answer.output.reshape(-1)[0])
        side = "above" if value > spec.threshold else "not above"
        drawn, said = (
            "",
            f"  y = {arrays.format_entry(value)} is {side} {spec.threshold:g}: {predicted}",
        )
    else:
        entries = [("  y", arrays.format_entries(answer.output))]
        if arrays.is_small(answer.output):
            drawn = arrays.draw_grid(spec.class_names or (), entries, screen=screen)
        else:
            drawn = arrays.draw_array("  y", answer.output, screen=screen)
        drawn, said = f"{drawn}\n", f"  the largest is that of {predicted}"
    if row.true is not None:
        true = printable(row.true)
        said += ", which is right" if row.true == answer.predicted else f", but it is {true}"
    return f"{title}\n{drawn}{wrap(said, screen, hang=4)}"


def _movers(explained: Explanation, answer: Answer, screen: Screen) -> str:
    from dlrun.formulas import largest_places

    row, spec = explained.row, explained.opened.spec
    y = f"y{arrays.format_place(answer.place)}" if answer.output.size > 1 else "y"
    whose = ""
    if answer.predicted is not None and spec.threshold is None:
        whose = f", the {spec.output or 'output'} of {printable(answer.predicted)}"
    title = paint(wrap(f"what moves {y}{whose}", screen), "bold", screen)
    if answer.slopes is None:
        said = f"  The input is looked up, not computed with: {y} has no derivative by it."
        return f"{title}\n{wrap(said, screen)}"
    if not answer.slopes.any():
        said = (
            f"  Nothing, to first order: d{y}/dx is 0 for every entry at this x, as where all "
            "units of a layer with relu give 0, or a softmax or sigmoid is at its end."
        )
        return f"{title}\n{wrap(said, screen)}"
    names = entry_names(_features(spec), spec.image_shape)
    given = None if spec.pixel_max is not None else row.given
    parts = row.x.astype("float64") * answer.slopes
    counted = [one for one in largest_places(parts, parts.size) if not answer.looked_up[one]]
    places = counted[:MOVERS]
    columns: dict[str, Any] = {} if given is None else {"given": given}
    columns |= {"x": row.x, f"d{y}/dx": answer.slopes, f"x · d{y}/dx": parts}
    rows = []
    for place in places:
        numbers = [arrays.format_entry(float(array[place])) for array in columns.values()]
        rows.append([f"  {names('input', place)}", *numbers])
    if len(counted) > len(rows):
        left = float(parts.sum()) - sum(float(parts[place]) for place in places)
        empty = [""] * (len(columns) - 1)
        rows.append([f"  {len(counted) - len(rows)} more", *empty, arrays.format_entry(left)])
    note = (
        f"  d{y}/dx is the exact derivative at this x; x · d{y}/dx is, to first order, what the "
        "entry adds to the output as against x = 0."
    )
    note = wrap(note, replace(screen, width=min(screen.width, WIDEST)))
    table = draw_or_stack([["  ", *columns], *rows], screen)
    looked_up = [names("input", place) for place in zip(*answer.looked_up.nonzero(), strict=True)]
    also = f"  looked up, not computed with: {list_names(looked_up)}" if looked_up else ""
    told = [title, note, table, *([wrap(also, screen, hang=4)] if also else [])]
    image = _image_in(parts, spec)
    if image is not None and not arrays.is_small(image):
        strength = abs(image.sum(axis=-1) if image.ndim > len("hw") else image)
        drawn = arrays.draw_image(strength, screen=screen)
        if drawn is not None:
            said = f"  where in the image: the denser, the more x · d{y}/dx, whatever its sign"
            told += ["", wrap(said, screen, hang=4), drawn]
    return "\n".join(told)


def _by_column(explained: Explanation, answer: Answer, screen: Screen) -> str:
    """Sum what moves the output by column: of a date its parts, of a text its words."""
    found, cells = explained.by_column, explained.row.values or {}
    if not found:
        return ""
    y = f"y{arrays.format_place(answer.place)}" if answer.output.size > 1 else "y"
    rows = [
        [f"  {printable(name)}", printable(cut(cells.get(name, ""))), arrays.format_entry(added)]
        for name, added in list(found.items())[:MOVERS]
    ]
    if len(found) > len(rows):
        left = sum(list(found.values())[MOVERS:])
        rows.append([f"  {len(found) - len(rows)} more", "", arrays.format_entry(left)])
    title = paint(wrap("the same, summed by column", screen), "bold", screen)
    return f"{title}\n{draw_or_stack([['  ', 'given', f'x · d{y}/dx'], *rows], screen, left=2)}"


def _ending(explained: Explanation, screen: Screen) -> str:
    """Say which layer has no formula, so that the layers end there; nothing where all have one."""
    ending = explained.forward_pass.ending
    if ending is None:
        return ""
    said = f"{ending.where}: {ending.what} The layers end here; the words were asked of TensorFlow."
    return wrap(printable(said), screen)


def _words(found: WordsLeftOut, screen: Screen) -> str:
    """What the network says of the row, and of it without each of its words."""
    title = paint("what words move it", "bold", screen)
    score = arrays.format_entry(found.score)
    said = f"  The answer is {score}."
    if found.predicted is not None:
        said = f"  The answer is {printable(found.predicted)}, with a score of {score}."
    note = f"{said} Below, its score without a word, and by how much the word raises it."
    shown = found.words[:MOVERS]
    if shown and not any(one.effect for one in shown):
        note += " The network is so sure that no word alone changes it."
    several = len({one.column for one in shown}) > 1
    rows = [
        [
            f"  {printable(f'{one.column}: ' * several + one.word)}",
            arrays.format_entry(one.score),
            arrays.format_entry(one.effect),
        ]
        for one in shown
    ]
    table = draw_or_stack([["  left out", "score", "raises it by"], *rows], screen)
    left = len(found.words) - len(shown)
    more = [f"  and {left} more"] if left else []
    return "\n".join([title, wrap(note, screen), table, *more])


def _comparison(comparison: Comparison, layer: str | None) -> str:
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
