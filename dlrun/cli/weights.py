"""`dlrun weights RUN [LAYER]`: what each layer has learned."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

from dlrun.cli import options
from dlrun.cli.completion import complete_layer
from dlrun.cli.options import argument, option
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.documents import form_of
from dlrun.cli.terminal.output import Screen, screen_of, write_csv, write_data, write_json
from dlrun.cli.terminal.tables import fold, paint
from dlrun.wording import printable

if TYPE_CHECKING:
    from dlrun.workflows.weights import LayerWeights, RunWeights

LayerName = Annotated[
    str | None, argument("LAYER", "One layer, with every number.  [default: all]", complete_layer)
]
AsCsv = Annotated[bool, option("--csv", "Print a CSV: layer, weight, its indices, value.")]


def weights(
    run: options.Run,
    layer: LayerName = None,
    *,
    runs_dir: options.RunsDir = options.DEFAULT_RUNS_DIR,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show each layer's weights with their statistics."""
    form_of(as_json=as_json, as_csv=as_csv)
    show_activity(f"opening {run} ...", soon=True)
    from dlrun.cli.terminal.progress import listening
    from dlrun.rundir.bundle import reading
    from dlrun.workflows.weights import show_weights

    with listening(quiet=quiet) as listener, reading(run, runs_dir) as opened:
        found = show_weights(opened, layer, listener=listener)
    if as_json:
        write_json(_json(found))
    elif as_csv:
        write_csv(_rows(found))
    else:
        screen, is_full = screen_of(sys.stdout), layer is not None
        write_data("\n\n".join(_drawn(one, is_full=is_full, screen=screen) for one in found.layers))


def _drawn(one: LayerWeights, *, is_full: bool, screen: Screen) -> str:
    from dlrun.cli.terminal.arrays import describe, draw_array, is_small
    from dlrun.formulas import statistics

    title = f"{paint(printable(one.layer), 'bold', screen)}  {printable(one.type)}"
    if not one.weights:
        return f"{title}, has no weights"
    parts = []
    for name, array in one.weights.items():
        label = printable(name)
        numbers = statistics(array)
        told = [*describe(numbers), f"norm {numbers.norm:.4g}", numbers.dtype]
        lines = [fold(told, screen, begin=f"  {label}  ", indent=" " * 6)]
        if is_full or is_small(array):
            narrow = replace(screen, width=screen.width - len("    "))
            drawn = draw_array(label, array, screen=narrow, full=is_full)
            lines += [f"    {line}".rstrip() for line in drawn.splitlines()]
        parts.append("\n".join(lines))
    return "\n".join([title, *parts])


def _json(found: RunWeights) -> dict[str, Any]:
    from dlrun.formulas import statistics

    return {
        "run": found.run.path,
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


def _rows(found: RunWeights) -> Iterator[list[Any]]:
    """One line for each number; an axis that a weight does not have stays empty."""
    arrays = [
        (one.layer, name, array) for one in found.layers for name, array in one.weights.items()
    ]
    axes = max((array.ndim for _, _, array in arrays), default=0)
    yield ["layer", "weight", *(f"index_{axis}" for axis in range(axes)), "value"]
    for layer, name, array in arrays:
        values = array.astype("float32").reshape(-1).astype("U").tolist()
        places = itertools.product(*(range(size) for size in array.shape))
        empty = [""] * (axes - array.ndim)
        for place, value in zip(places, values, strict=True):
            yield [layer, name, *place, *empty, value]
