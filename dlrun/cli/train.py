"""`dlrun train CONFIG`: train an experiment; stdout gets the run folder's path and nothing else."""

from __future__ import annotations

import contextlib
import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dlrun.cli.options import (
    DEFAULT_RUNS_DIR,
    AsJson,
    ConfigPath,
    Overrides,
    Quiet,
    RunsDir,
    as_override,
)
from dlrun.cli.output import screen_of, write_data, write_drawing, write_json
from dlrun.errors import UsageError

if TYPE_CHECKING:
    from dlrun.workflows.train import TrainOutcome


def train(
    context: typer.Context,
    config: ConfigPath,
    *,
    overrides: Overrides = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Set the config's seed.", show_default=False),
    ] = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    name: Annotated[
        str | None,
        typer.Option(help="Set the config's name.", show_default=False),
    ] = None,
    device: Annotated[
        str,
        typer.Option(metavar="DEVICE", help="Where to compute: auto, cpu, gpu or gpu:1."),
    ] = "auto",
    report: Annotated[
        bool,
        typer.Option(
            "--report/--no-report",
            help="Make plots and report.html at the end.  [default: report]",
            show_default=False,
        ),
    ] = True,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train an experiment and print the path of its run folder."""
    if not re.fullmatch(r"auto|cpu|gpu(:\d+)?", device):
        raise UsageError(
            f"{device!r} is not a device.", where="--device", fix="Use auto, cpu, gpu or gpu:1."
        )
    from dlrun.cli.progress import listening
    from dlrun.config import load_config
    from dlrun.workflows import train as workflow

    options = {"seed": seed, "name": name}
    given = [as_override(key, value) for key, value in options.items() if value is not None]
    experiment = load_config(config, [*(overrides or []), *given])
    # Whatever a library prints while it trains is a message, never data.
    with contextlib.redirect_stdout(sys.stderr), listening(quiet=quiet) as listener:
        outcome = workflow.train(
            experiment,
            runs_dir=runs_dir,
            command=context.obj,
            listener=listener,
            device=device,
            report=report,
        )
    if not quiet:
        _show(outcome)
    if as_json:
        write_json(
            {
                "run": outcome.folder.path,
                "status": "finished",
                "seconds": outcome.seconds,
                "metrics": outcome.metrics,
            }
        )
    else:
        write_data(str(outcome.folder.path))


def _show(outcome: TrainOutcome) -> None:
    """Draw the closing table on stderr."""
    from dlrun.cli.tables import closing_table

    write_drawing(
        closing_table(
            outcome.metrics,
            seconds=outcome.seconds,
            folder=str(outcome.folder.path),
            screen=screen_of(sys.stderr),
        )
    )
