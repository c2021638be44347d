"""`dlrun evaluate RUN`: the metrics of a run on one of its splits or on another file."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, Quiet, Run, RunsDir, Split, Trust
from dlrun.cli.output import screen_of, write_data, write_json
from dlrun.errors import UsageError

if TYPE_CHECKING:
    from dlrun.workflows.evaluate import Evaluation

SplitName = Annotated[
    Split | None,
    typer.Option(
        help="The split.  [default: test, or else the last that has rows]", show_default=False
    ),
]
DataPath = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Other data with the same columns: CSV, npz or npy.",
        show_default=False,
    ),
]


def evaluate(
    run: Run,
    *,
    split: SplitName = None,
    data: DataPath = None,
    trust: Trust = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Print and store the metrics of a run, beside those that training measured.

    Where there are classes, their scores and the confusion matrix too.
    """
    if split is not None and data is not None:
        raise UsageError(
            "--split names rows of the run's own data, --data a file with other rows.",
            fix="Give only one of them.",
        )
    from dlrun.cli.progress import listening
    from dlrun.rundir.folder import open_run
    from dlrun.workflows import evaluate as workflow

    with contextlib.redirect_stdout(sys.stderr), listening(quiet=quiet) as listener:
        evaluation = workflow.evaluate(
            open_run(run, runs_dir),
            trust=trust,
            split=None if split is None else split.value,
            data=data,
            listener=listener,
        )
    _show(evaluation, as_json=as_json)
    if evaluation.failure is not None:
        raise evaluation.failure


def _show(evaluation: Evaluation, *, as_json: bool) -> None:
    """Print what was measured."""
    report = evaluation.classification
    if as_json:
        write_json(
            {
                "run": evaluation.run.path,
                "split": evaluation.split,
                "metrics": evaluation.metrics,
                "classification": None if report is None else report.to_json(),
                "stored": evaluation.stored,
            }
        )
        return
    from dlrun.cli.tables import evaluation_tables

    screen = screen_of(sys.stdout)
    write_data(evaluation_tables(evaluation.split, evaluation.metrics, report, screen=screen))
