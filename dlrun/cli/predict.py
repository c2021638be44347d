"""`dlrun predict RUN INPUT`: what a run says about new rows."""

from __future__ import annotations

import contextlib
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dlrun.cli.options import DEFAULT_RUNS_DIR, Quiet, Run, RunsDir, argument, option
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import (
    ClosedOutputError,
    Screen,
    fill,
    screen_of,
    write_data,
    write_drawing,
    write_message,
)
from dlrun.cli.terminal.tables import draw_cut
from dlrun.errors import DataError, UsageError
from dlrun.wording import percent, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.data.drift import Drift

STDOUT = Path("-")
WIDE: Final = 70  # cells

InputPaths = Annotated[
    list[Path] | None,
    argument(
        "INPUT",
        "Rows: tables, npz, npy, images, folders of images, .txt with their names; - for a table "
        "from stdin; or one row, such as 0.3,0.1. Of a series none: what follows its own table.",
    ),
]
OutputPath = Annotated[
    Path | None,
    option(
        "--output -o FILE",
        "Where to write, in the place of a file that is there; - for stdout.  "
        "[default: predictions/ in the run folder]",
    ),
]
Thresholds = Annotated[
    list[str] | None,
    option(
        "--threshold best-f1|[NAME=]NUMBER",
        "Say yes, or the second of two classes, above it; of several labels once for each; "
        "best-f1 is what `dlrun evaluate` chose.",
    ),
]


class Form(StrEnum):
    """The forms of predictions."""

    CSV = "csv"
    PARQUET = "parquet"


FormName = Annotated[
    Form | None, option("--format", "How to write.  [default: as FILE is called, else csv]")
]
Keep = Annotated[
    list[str] | None,
    option("--keep COL", "Carry a column of the input along; any number of times."),
]
WithDrift = Annotated[bool, option("--drift", "Show how far each column has moved since training.")]
DriftAbove = Annotated[
    float | None,
    option("--drift-above X", "End with exit code 3 where a column's index is above X.", min=0),
]


def predict(
    run: Run,
    inputs: InputPaths = None,
    *,
    output: OutputPath = None,
    form: FormName = None,
    keep: Keep = None,
    drift: WithDrift = False,
    drift_above: DriftAbove = None,
    threshold: Thresholds = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    quiet: Quiet = False,
) -> None:
    """Write predictions for new rows and print the file's path.

    Rows are given as in training, in any form and any order of columns, without the target.
    Of a series it is foretold what follows the end of a table: its own, or a newer one.
    Several inputs are answered in one file, whose column `file` names the one of each row.
    A row typed in the place of a file, such as 0.3,0.1, is answered on stdout.
    What training did not know is told: new classes, missing cells, values out of range.
    """
    show_activity(f"opening {run} ...", quiet=quiet)
    from dlrun.cli.terminal.progress import listening
    from dlrun.rundir.bundle import is_bundle, reading
    from dlrun.workflows import predict as workflow

    wishes = workflow.Wishes(
        form and form.value,
        tuple(keep or ()),
        drift or drift_above is not None,
        threshold=tuple(threshold or ()),
    )
    if output is None and [workflow.is_row(one) for one in inputs or ()] == [True]:
        output = STDOUT
    if output is None and is_bundle(run):
        raise _nothing_into(run)
    stream = sys.stdout if output == STDOUT else sys.stderr
    try:
        with (
            listening(quiet=quiet) as listener,
            contextlib.redirect_stdout(stream),
            reading(run, runs_dir) as opened,
        ):
            predicted = workflow.predict(
                opened, inputs or (), output=output, wishes=wishes, listener=listener
            )
    except BrokenPipeError as error:
        raise ClosedOutputError from error
    if predicted.drifts:
        write_drawing(_table(predicted.drifts, screen_of(sys.stderr)))
    if predicted.path is not None:
        write_data(str(predicted.path))
    far = [one for one in predicted.drifts if drift_above is not None and one.index > drift_above]
    if far:
        more = f", and {len(far) - 1} more" if len(far) > 1 else ""
        write_message(
            f"error: column {quote(far[0].column)} has drifted by {far[0].index:.3f}{more}; "
            f"--drift-above {drift_above:g}"
        )
        raise typer.Exit(DataError.exit_code)


def _nothing_into(bundle: str) -> UsageError:
    fix = "Say where to with -o FILE; -o - is stdout. Or `dlrun import` it."
    return UsageError("nothing is written into a bundle.", where=bundle, fix=fix)


def _table(drifts: Sequence[Drift], screen: Screen) -> str:
    """Draw the columns, the farthest first, with what has moved most in each."""
    rows = [
        [
            one.column, one.kind, f"{one.index:.3f}", f"{one.chance:.3f}",
            f"{one.moved}: {percent(one.before)} -> {percent(one.now)}",
        ]
        for one in drifts
    ]  # fmt: skip
    headings = ["column", "kind", "drift", "by chance", "moved most"]
    if screen.width < WIDE:
        rows, headings = [row[:1] + row[2:4] for row in rows], [headings[0], *headings[2:4]]
    note = "drift is the population stability index: 0.1 is little, 0.25 is much"
    return draw_cut(headings, rows, screen, left=1) + "\n" + fill(note, screen.width)
