"""`dlrun sweep SWEEP.yaml`, `dlrun sweep show DIR`, `dlrun sweep best DIR`."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from dlrun.cli.completion import complete_config
from dlrun.cli.options import (
    DEFAULT_RUNS_DIR,
    AsJson,
    Device,
    FailFast,
    Overrides,
    Quiet,
    RetryFailed,
    RunsDir,
    Threads,
    TrustRuns,
    Workers,
    check_device,
)
from dlrun.cli.output import (
    screen_of,
    write_data,
    write_drawing,
    write_event,
    write_json,
    write_message,
)
from dlrun.errors import UsageError
from dlrun.wording import near_word

if TYPE_CHECKING:
    from dlrun.config.sweeps.sweep import Halving

SweepFolder = Annotated[
    str,
    typer.Argument(
        metavar="DIR", help="The folder of a sweep, or its name among the runs.", show_default=False
    ),
]


class _Group(TyperGroup):
    """Takes a file in the place of a command: `dlrun sweep rates.yaml` is `dlrun sweep run ...`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; what is none is the file of a sweep."""
        if args and args[0] not in self.commands:
            near = near_word(args[0], self.commands)
            if near and not os.path.lexists(args[0]):
                what = f"there is no file {args[0]!r}, and no such command."
                raise UsageError(what, where="dlrun sweep", fix=f"Did you mean '{near}'?")
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let the options of `run` stand before the file."""
        is_command = args and (not args[0].startswith("-") or args[0] in ("-h", "--help"))
        return super().parse_args(ctx, args if is_command else ["run", *args])


sweep = typer.Typer(
    cls=_Group,
    help="Train all runs of a sweep: `dlrun sweep SWEEP.yaml`, which is short for `dlrun sweep run "
    "SWEEP.yaml`; `dlrun sweep run --help` tells its options. What is there already is not trained "
    "again.",
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@sweep.command()
def run(
    context: typer.Context,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="SWEEP",
            help="The sweep: a YAML file.",
            autocompletion=complete_config,
            show_default=False,
        ),
    ],
    *,
    overrides: Overrides = None,
    name: Annotated[
        str | None,
        typer.Option(help="Set the sweep's name, that of its folder.", show_default=False),
    ] = None,
    halving: Annotated[
        str | None,
        typer.Option(
            metavar="eta=N,min_epochs=N",
            help="Stop bad runs early: of all that have come to a rung one in eta goes on.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="List the runs and estimate the time; train none to keep."),
    ] = False,
    workers: Workers = None,
    threads: Threads = None,
    device: Device = "auto",
    report: Annotated[
        bool,
        typer.Option(
            "--report/--no-report",
            help="Make plots and report.html at the end of each run.  [default: no-report]",
            show_default=False,
        ),
    ] = False,
    retry_failed: RetryFailed = False,
    fail_fast: FailFast = False,
    trust: TrustRuns = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train all runs of a sweep that are not there yet, and print the sweep's folder."""
    check_device(device)
    from dlrun.cli.sweep_progress import listening_to_sweep
    from dlrun.cli.sweep_tables import closing_table
    from dlrun.workflows import sweep as workflow
    from dlrun.workflows.many import Settings
    from dlrun.workflows.sweep_results import read_results

    planned = workflow.plan_sweep(
        path,
        overrides=overrides or (),
        runs_dir=runs_dir,
        halving=None if halving is None else _halving(halving),
        name=name,
    )
    settings = Settings(
        context.obj,
        workers=workers,
        threads=threads,
        device=device,
        report=report,
        retry_failed=retry_failed,
        fail_fast=fail_fast,
        trust=trust,
    )
    if dry_run:
        from dlrun.cli.dry_run import show_dry_run

        show_dry_run(planned, settings, quiet=quiet, as_json=as_json)
        return
    objective = planned.sweep.objective
    chosen: dict[str, Any] = {
        "objective": objective and objective.key,
        "maximize": objective and objective.maximize,
    }
    with listening_to_sweep(quiet=quiet, as_json=as_json, **chosen) as listener:
        crew = workflow.run_sweep(planned, settings, listener)
        workflow.add_results(planned.folder, listener)
    if not quiet and not as_json:
        results = read_results(planned.folder)
        write_drawing(closing_table(crew.jobs, results, screen=screen_of(sys.stderr)))
    if as_json:
        write_event("results", folder=planned.folder)
    else:
        write_data(str(planned.folder))
    if workflow.unfinished(crew.jobs):
        raise typer.Exit(1)


@sweep.command()
def show(
    folder: SweepFolder,
    *,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a CSV, one line a run.")] = False,
) -> None:
    """Show the points of a sweep, the best first."""
    if as_json and as_csv:
        raise UsageError("--json and --csv are two forms.", fix="Give only one of them.")
    from dlrun.cli.sweep_tables import results_table
    from dlrun.reports.sweep_results import results_csv, results_json
    from dlrun.workflows.sweep_results import find_sweep, read_results

    results = read_results(find_sweep(folder, runs_dir))
    if as_json:
        write_json(results_json(results))
    elif as_csv:
        write_data(results_csv(results).rstrip("\n"))
    else:
        write_data(results_table(results, screen=screen_of(sys.stdout)))


@sweep.command()
def best(
    folder: SweepFolder,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the config of the best run there.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Print the folder of the best run of a sweep; or write its config to a file."""
    from dlrun.wording import choice_in_words
    from dlrun.workflows.sweep_results import find_sweep, read_results, the_best, write_best

    results = read_results(find_sweep(folder, runs_dir))
    if output is None:
        write_data(str(the_best(results).path))
    else:
        write_data(str(write_best(results, output, force=force)))
    choice = choice_in_words(results.split)
    if choice is not None:
        write_message(choice)


@sweep.command()
def report(folder: SweepFolder, *, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """Make the page and the table of a sweep anew, and print the page's path."""
    from dlrun.workflows.sweep_page import write_page
    from dlrun.workflows.sweep_results import find_sweep

    write_data(str(write_page(find_sweep(folder, runs_dir))))


def _halving(text: str) -> Halving:
    """Read `eta=3,min_epochs=5`."""
    from dlrun.config.sweeps.sweep import Halving

    numbers = {"eta": 3, "min_epochs": 1}
    for part in text.split(","):
        found = re.fullmatch(r"\s*(eta|min_epochs)\s*=\s*(\d{1,9})\s*", part)
        if found is None:
            raise UsageError(
                f"{part.strip()!r} says nothing.",
                where="--halving",
                fix="Such as eta=3,min_epochs=5",
            )
        numbers[found[1]] = int(found[2])
    return Halving(numbers["eta"], numbers["min_epochs"])
