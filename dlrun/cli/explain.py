"""`dlrun explain RUN`: the forward pass of one row, as one would work it out by hand."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, Quiet, Run, RunsDir, Split, Trust
from dlrun.cli.output import screen_of, write_data, write_json
from dlrun.errors import DlrunError, UsageError

RowNumber = Annotated[
    int | None,
    typer.Option("--row", metavar="N", min=0, help="The row, from 0.  [default: 0]",
                 show_default=False),
]  # fmt: skip
SplitName = Annotated[
    Split | None,
    typer.Option(
        help="Whose row.  [default: test, or else the last that has rows]", show_default=False
    ),
]
DataPath = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Take the row of a CSV, npz or npy.", show_default=False),
]
Values = Annotated[
    str | None,
    typer.Option(
        "--input",
        metavar="A,B,...",
        help="The features of a row, scaled as the run's data were.",
        show_default=False,
    ),
]
LayerName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Show one layer, with every number.", show_default=False),
]
NumpyOnly = Annotated[
    bool, typer.Option("--numpy-only", help="Do not compare with TensorFlow, which takes seconds.")
]


def explain(
    run: Run,
    *,
    row: RowNumber = None,
    split: SplitName = None,
    data: DataPath = None,
    values: Values = None,
    layer: LayerName = None,
    numpy_only: NumpyOnly = False,
    trust: Trust = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Work a forward pass out by hand.

    Shows formulas, numbers and the largest contributions. Ends with exit code 1 where
    TensorFlow gives another result, or a layer has no formula.
    """
    _check(row, split, data, values)
    from dlrun.cli.explanations import draw_explanation, explanation_json
    from dlrun.cli.progress import listening
    from dlrun.rundir.folder import open_run
    from dlrun.workflows import explain as workflow
    from dlrun.workflows.rows import Choice

    choice = Choice(row or 0, None if split is None else split.value, data, values)
    with contextlib.redirect_stdout(sys.stderr), listening(quiet=quiet) as listener:
        explained = workflow.explain(
            open_run(run, runs_dir),
            choice,
            trust=trust,
            layer=layer,
            compare=not numpy_only,
            listener=listener,
        )
    if as_json:
        write_json(explanation_json(explained))
    else:
        screen = screen_of(sys.stdout)
        write_data(draw_explanation(explained, layer=layer, screen=screen))
    if explained.story.ending is not None:
        raise explained.story.ending
    if explained.comparison is not None and not explained.comparison.agrees:
        raise DlrunError(
            "the formulas and TensorFlow give different numbers.",
            fix="Believe TensorFlow: it is what trains and predicts. The first layer that differs "
            "is named in --json.",
        )


def _check(row: int | None, split: Split | None, data: Path | None, values: str | None) -> None:
    """Refuse options that name several rows.

    Raises:
        UsageError: They do.
    """
    if values is not None and (row is not None or split is not None or data is not None):
        raise UsageError(
            "--input is a row by itself; --row, --split and --data name a row of data.",
            fix="Give only one of them.",
        )
    if split is not None and data is not None:
        raise UsageError(
            "--split names rows of the run's own data, --data a file with other rows.",
            fix="Give only one of them.",
        )
