"""`dlrun weights RUN [LAYER]`: what each layer has learned."""

from __future__ import annotations

import csv
import io
import itertools
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli.columns import paint
from dlrun.cli.completion import complete_layer
from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, Quiet, Run, RunsDir
from dlrun.cli.output import Screen, screen_of, write_data, write_json
from dlrun.errors import UsageError
from dlrun.wording import printable

if TYPE_CHECKING:
    from dlrun.workflows.weights import LayerWeights, RunWeights

LayerName = Annotated[
    str | None,
    typer.Argument(
        metavar="[LAYER]",
        help="One layer, with every number.  [default: all]",
        autocompletion=complete_layer,
        show_default=False,
    ),
]
AsCsv = Annotated[
    bool, typer.Option("--csv", help="Print a CSV: layer, weight, its indices, value.")
]


def weights(
    run: Run,
    layer: LayerName = None,
    *,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    quiet: Quiet = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show each layer's weights with their statistics."""
    if as_json and as_csv:
        raise UsageError("--json and --csv are two forms.", fix="Give only one of them.")
    from dlrun.cli.progress import listening
    from dlrun.workflows.weights import show_weights

    with listening(quiet=quiet) as listener:
        found = show_weights(run, layer, runs_dir=runs_dir, listener=listener)
    if as_json:
        write_json(_json(found))
    elif as_csv:
        write_data(_csv(found))
    else:
        write_data(draw_weights(found, is_full=layer is not None, screen=screen_of(sys.stdout)))


def draw_weights(found: RunWeights, *, is_full: bool, screen: Screen) -> str:
    """Write the weights for a terminal.

    Args:
        found: The weights.
        is_full: Whether to show every number of large ones, too.
        screen: Where it is shown.
    """
    return "\n\n".join(_layer(one, is_full=is_full, screen=screen) for one in found.layers)


def _layer(one: LayerWeights, *, is_full: bool, screen: Screen) -> str:
    from dlrun.cli.matrices import describe, draw_array, is_small
    from dlrun.formulas import statistics

    title = f"{paint(printable(one.layer), 'bold', color=screen.color)}  {printable(one.type)}"
    if not one.weights:
        return f"{title}, has no weights"
    parts = []
    for name, array in one.weights.items():
        label = printable(name)
        numbers = statistics(array)
        norm = f"norm {numbers.norm:.4g}  {numbers.dtype}"
        lines = [f"  {label}  {describe(numbers)}  {norm}"]
        if is_full or is_small(array):
            narrow = replace(screen, width=screen.width - len("    "))
            drawn = draw_array(label, array, screen=narrow, full=is_full)
            lines += [f"    {line}".rstrip() for line in drawn.splitlines()]
        parts.append("\n".join(lines))
    return "\n".join([title, *parts])


def _json(found: RunWeights) -> dict[str, Any]:
    from dlrun.formulas import statistics

    return {
        "run": found.folder.path,
        "layers": [
            {
                "name": one.layer,
                "type": one.type,
                "weights": {
                    name: {**asdict(statistics(array)), "values": array}
                    for name, array in one.weights.items()
                },
            }
            for one in found.layers
        ],
    }


def _csv(found: RunWeights) -> str:
    """One line for each number; an axis that a weight does not have stays empty."""
    arrays = [
        (one.layer, name, array) for one in found.layers for name, array in one.weights.items()
    ]
    axes = max((array.ndim for _, _, array in arrays), default=0)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["layer", "weight", *(f"index_{axis}" for axis in range(axes)), "value"])
    for layer, name, array in arrays:
        values = array.astype("float32").reshape(-1).astype("U").tolist()
        places = itertools.product(*(range(size) for size in array.shape))
        empty = [""] * (axes - array.ndim)
        writer.writerows(
            [layer, name, *place, *empty, value]
            for place, value in zip(places, values, strict=True)
        )
    return text.getvalue().rstrip("\n")
