"""`dlrun train CONFIG...`: train experiments; stdout gets the run folders' paths, nothing else."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dlrun.cli.completion import complete_run
from dlrun.cli.options import (
    DEFAULT_RUNS_DIR,
    AsJson,
    Axes,
    ConfigPaths,
    Device,
    FailFast,
    OverridesAndAxes,
    Quiet,
    RetryFailed,
    RunsDir,
    Threads,
    TrustRuns,
    Workers,
    as_override,
    check_device,
)
from dlrun.cli.output import screen_of, write_data, write_drawing, write_json
from dlrun.errors import UsageError

if TYPE_CHECKING:
    from dlrun.workflows.execution import TrainOutcome


def train(
    context: typer.Context,
    configs: ConfigPaths,
    *,
    overrides: OverridesAndAxes = None,
    grids: Axes = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Set the config's seed.", show_default=False),
    ] = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    name: Annotated[
        str | None,
        typer.Option(help="Set the config's name.", show_default=False),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RUN",
            help="Begin with the weights of another run, for layers of the same name.",
            autocompletion=complete_run,
            show_default=False,
        ),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    workers: Workers = None,
    report: Annotated[
        bool | None,
        typer.Option(
            "--report/--no-report",
            help="Make plots and report.html at the end.  [default: report for one run, "
            "no-report for several]",
            show_default=False,
        ),
    ] = None,
    retry_failed: RetryFailed = False,
    fail_fast: FailFast = False,
    trust: TrustRuns = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train an experiment and print the path of its run folder.

    Several configs, and a grid of values, are trained together; of these runs those that are
    there already are not trained again.
    """
    check_device(device)
    from dlrun.config.sweeps.flags import read_grid

    options = {"seed": seed, "name": name}
    given = [as_override(key, value) for key, value in options.items() if value is not None]
    given = [*(overrides or []), *given]
    requests = [(config, read_grid(config, given, grids or ())) for config in configs]
    if len(requests) > 1 or requests[0][1].axes:
        from dlrun.cli.train_many import train_many
        from dlrun.workflows.many import SweepOptions
        from dlrun.workflows.options import RunOptions

        settings = SweepOptions(
            RunOptions(runs_dir, context.obj, device, threads, bool(report), source),
            workers=workers,
            retry_failed=retry_failed,
            fail_fast=fail_fast,
            trust=trust,
        )
        train_many(requests, settings, quiet=quiet, as_json=as_json)
        return
    _refuse_for_one(jobs=workers, retry_failed=retry_failed, fail_fast=fail_fast, trust=trust)
    from dlrun.cli.progress import listening
    from dlrun.config import load_config
    from dlrun.workflows import train as workflow
    from dlrun.workflows.options import RunOptions

    experiment = load_config(configs[0], requests[0][1].fixed)
    # Whatever a library prints while it trains is a message, never data.
    with contextlib.redirect_stdout(sys.stderr), listening(quiet=quiet) as listener:
        asked = RunOptions(
            runs_dir,
            context.obj,
            device=device,
            threads=threads or 0,
            report=report is not False,
            source=source,
        )
        outcome = workflow.train(experiment, asked, listener)
    show_outcome(outcome, quiet=quiet, as_json=as_json)


def _refuse_for_one(**options: object) -> None:
    """Refuse what says nothing of a single run."""
    for name, value in options.items():
        if value:
            raise UsageError(
                "there is one run to train, for which this says nothing.",
                where=f"--{name.replace('_', '-')}",
                fix="Give several configs, or an axis such as --set seed=0..9.",
            )


def show_outcome(outcome: TrainOutcome, *, quiet: bool, as_json: bool) -> None:
    """Draw the closing table on stderr, and write the run folder's path to stdout.

    Args:
        outcome: What the run has to show.
        quiet: Whether to leave the table out.
        as_json: Whether to write the outcome as JSON in the place of the path.
    """
    if not quiet:
        _draw(outcome)
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


def _draw(outcome: TrainOutcome) -> None:
    """Draw the closing table on stderr."""
    from dlrun.cli.tables import closing_table

    report = outcome.classification
    write_drawing(
        closing_table(
            outcome.metrics,
            seconds=outcome.seconds,
            folder=str(outcome.folder.path),
            screen=screen_of(sys.stderr),
            rows=None if report is None else sum(report.support),
        )
    )
