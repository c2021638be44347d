"""`dlrun sweep SWEEP.yaml`, `dlrun sweep show DIR`, `dlrun sweep best DIR`."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from dlrun.cli import options, placing
from dlrun.cli.completion import complete_config
from dlrun.cli.options import argument, option
from dlrun.cli.terminal import tables
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.documents import AsCsv, form_of
from dlrun.cli.terminal.output import (
    Screen,
    fill,
    screen_of,
    write_data,
    write_drawing,
    write_event,
    write_json,
    write_message,
)
from dlrun.cli.terminal.tables import bold
from dlrun.errors import UsageError
from dlrun.execution.options import RunOptions
from dlrun.rundir.names import REPORT, SWEEP_PAGE
from dlrun.wording import (
    choice_in_words,
    count,
    near_word,
    printable,
    settings_of,
    short_names,
)

if TYPE_CHECKING:
    from dlrun.reports.sweep_results import SweepResults, SweepRun
    from dlrun.sweeps.language.sweep import Halving
    from dlrun.sweeps.runner import SweepOptions
    from dlrun.sweeps.shares import Share
    from dlrun.sweeps.sweep import PlannedSweep
    from dlrun.sweeps.trials import Trial

_MOST = 5  # points at the end of a sweep, reasons of failures

SweepPath = Annotated[Path, argument("SWEEP", "The sweep: a YAML file.", complete_config)]
SweepFolder = Annotated[str, argument("DIR", "The folder of a sweep, or its name among the runs.")]
Name = Annotated[str | None, option("--name", "Set the sweep's name, that of its folder.")]
HalvingRule = Annotated[
    str | None,
    option(
        "--halving eta=N,min_epochs=N",
        "Stop bad runs early: of all that have come to a rung one in eta goes on.",
    ),
]
DryRun = Annotated[
    bool, option("--dry-run", "List the runs and estimate the time; train none to keep.")
]
Budget = Annotated[
    str | None,
    option("--budget TIME", "Train only the first runs that fit, such as 2h or 1h30m; say which."),
]
Shard = Annotated[
    str | None,
    option(
        "--shard I/N",
        "Train the I-th of N shares only, each in a process of its own, on any machine that has "
        "the folder.  [default: that of a Slurm job array, else 1/1]",
    ),
]
WithReports = Annotated[
    bool,
    option(
        "--report/--no-report",
        "Make plots and report.html at the end of each run.  [default: no-report]",
    ),
]
OutputPath = Annotated[
    Path | None, option("--output -o FILE", "Write the config of the best run there.")
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
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@sweep.callback()
def sweep_group() -> None:
    """Train all runs of a sweep: `dlrun sweep SWEEP.yaml`, which is short for `dlrun sweep run
    SWEEP.yaml`; `dlrun sweep run --help` tells its options. What is there already is not trained
    again.
    """  # noqa: D205 - the help of a group is one paragraph


@sweep.command()
def run(
    context: typer.Context,
    path: SweepPath,
    *,
    overrides: options.Overrides = None,
    name: Name = None,
    halving: HalvingRule = None,
    dry_run: DryRun = False,
    budget: Budget = None,
    shard: Shard = None,
    on: placing.Where = None,
    address: placing.Address = None,
    cpus_per_run: placing.CpusPerRun = None,
    gpus_per_run: placing.GpusPerRun = None,
    hosts_per_run: placing.HostsPerRun = None,
    data_root: placing.DataRoot = None,
    track: options.Track = None,
    workers: options.Workers = None,
    threads: options.Threads = None,
    device: options.Device = "auto",
    report: WithReports = False,
    retry_failed: options.RetryFailed = False,
    fail_fast: options.FailFast = False,
    trust: options.TrustRuns = False,
    runs_dir: options.RunsDir = options.DEFAULT_RUNS_DIR,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Train all runs of a sweep that are not there yet, and print the sweep's folder."""
    options.check_device(device)
    show_activity(f"reading {path} ...", quiet=quiet)
    from dlrun.sweeps.estimate import read_duration
    from dlrun.sweeps.runner import SweepOptions
    from dlrun.sweeps.sweep import plan_sweep

    places = (address, cpus_per_run, gpus_per_run, hosts_per_run, data_root)
    placed = placing.read_placing(on, places, device=device)
    if placed and shard is not None:
        what = "one command works on a cluster, and shares are for several."
        raise UsageError(what, where=f"--shard {shard}", fix="Leave --shard or --on out.")
    rule = _halving(halving) if halving is not None else None
    given = [*(overrides or ()), *options.as_overrides(trackers=track)]
    planned = plan_sweep(path, overrides=given, runs_dir=runs_dir, halving=rule, name=name)
    asked = RunOptions(runs_dir, context.obj, device, threads, report)
    settings = SweepOptions(
        asked,
        workers,
        retry_failed=retry_failed,
        fail_fast=fail_fast,
        trust=trust,
        budget=None if budget is None else read_duration(budget),
        **placed,
    )
    share = None if placed else _share(shard, quiet=quiet)
    if dry_run:
        _show_dry_run(planned, settings, share, quiet=quiet, as_json=as_json)
    else:
        _train(planned, settings, share, quiet=quiet, as_json=as_json)


def _train(
    planned: PlannedSweep,
    settings: SweepOptions,
    share: Share | None,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    from dlrun.cli.terminal.sweep_progress import listening_to_sweep
    from dlrun.sweeps import sweep as workflow
    from dlrun.sweeps.results import read_results

    objective = planned.sweep.objective
    key, maximize = (objective.key, objective.maximize) if objective else (None, None)
    with listening_to_sweep(
        quiet=quiet, as_json=as_json, objective=key, maximize=maximize
    ) as listener:
        trials = workflow.run_sweep(planned, settings, listener, share)
        workflow.add_results(planned.folder, listener)
    if not quiet and not as_json:
        results = read_results(planned.folder)
        write_drawing(draw_best(trials, results, screen=screen_of(sys.stderr)))
    if as_json:
        write_event("results", folder=planned.folder)
    else:
        write_data(str(planned.folder))
    if workflow.unfinished(trials):
        raise typer.Exit(1)


@sweep.command()
def show(
    folder: SweepFolder,
    *,
    runs_dir: options.RunsDir = options.DEFAULT_RUNS_DIR,
    as_json: options.AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show the points of a sweep, the best first."""
    form_of(as_json=as_json, as_csv=as_csv)
    from dlrun.reports.sweep_results import results_csv, results_json
    from dlrun.sweeps.results import find_sweep, read_results

    results = read_results(find_sweep(folder, runs_dir))
    if as_json:
        write_json(results_json(results))
    elif as_csv:
        write_data(results_csv(results).rstrip("\n"))
    else:
        write_data(draw_results(results, screen=screen_of(sys.stdout)))


@sweep.command()
def best(
    folder: SweepFolder,
    *,
    output: OutputPath = None,
    force: Annotated[bool, option("--force", "Replace a file that is there.")] = False,
    runs_dir: options.RunsDir = options.DEFAULT_RUNS_DIR,
) -> None:
    """Print the folder of the best run of a sweep; or write its config to a file."""
    from dlrun.sweeps.results import find_sweep, read_results, the_best, write_best

    results = read_results(find_sweep(folder, runs_dir))
    found = the_best(results).path if output is None else write_best(results, output, force=force)
    write_data(str(found))
    for line in (results.tie_in_words(), choice_in_words(results.split)):
        if line is not None:
            write_message(line)


@sweep.command()
def report(
    folder: SweepFolder,
    *,
    form: options.PlotForm = None,
    runs_dir: options.RunsDir = options.DEFAULT_RUNS_DIR,
) -> None:
    """Make the page and the table of a sweep anew, and print the page's path.

    With --format its plots are files, too, in the folder plots/ of the sweep.
    """
    show_activity("drawing the page ...")
    from dlrun.sweeps.results import find_sweep, write_page

    write_data(str(write_page(find_sweep(folder, runs_dir), form)))


def _share(text: str | None, *, quiet: bool) -> Share | None:
    """Tell the share that is asked for, or that a job array gives; None for the whole."""
    from dlrun.sweeps.shares import read_share, share_of_array

    if text is not None:
        share = read_share(text)
        return share if share.count > 1 else None
    found = share_of_array(os.environ)
    if found is not None and not quiet:
        write_message(f"share {found} of the runs, as the job array says; --shard 1/1 for all")
    return found


def _halving(text: str) -> Halving:
    """Read `eta=3,min_epochs=5`."""
    from dlrun.sweeps.language.sweep import Halving

    numbers = {"eta": 3, "min_epochs": 1}
    for part in text.split(","):
        found = re.fullmatch(r"\s*(eta|min_epochs)\s*=\s*(\d{1,9})\s*", part)
        if found is None:
            what = f"{part.strip()!r} says nothing."
            raise UsageError(what, where="--halving", fix="Such as eta=3,min_epochs=5")
        numbers[found[1]] = int(found[2])
    return Halving(numbers["eta"], numbers["min_epochs"])


def _show_dry_run(
    planned: PlannedSweep,
    settings: SweepOptions,
    share: Share | None,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    """List the runs of a sweep with their number and the time that they would take."""
    from dlrun.cli.terminal.plans import show_plan
    from dlrun.cli.terminal.sweep_progress import MessagePrinter
    from dlrun.sweeps.runner import TrialRequest
    from dlrun.sweeps.sweep import remarks

    definition, listener = planned.sweep, MessagePrinter(quiet=quiet)
    runner = planned.runner(settings, listener)
    runner.plan([] if planned.drawn else planned.requests())
    if share is not None:
        runner.trials[:] = share.of(runner.trials)
    for line in remarks(definition):
        listener.message(line)
    if planned.drawn:
        # Where points are drawn one by one, an end of the distributions stands for all of them.
        runner.plan([TrialRequest(planned.experiments[0], {})])
    is_most = planned.sweep.halving is not None
    show_plan(runner, as_json=as_json, drawn=planned.drawn, is_most=is_most)


def draw_best(trials: Sequence[Trial], results: SweepResults, *, screen: Screen) -> str:
    """Draw what stands at the end of many runs: the best points, and how many runs ended how."""
    from dlrun.cli.terminal.sweep_progress import counts_of

    found = sum(trial.found for trial in trials)
    parts = [f"{number} {status}" for status, number in counts_of(trials).items() if number]
    if found:
        parts[0] += f" ({found} there already)"
    lines = [f"{count(len(trials), 'run')}: {', '.join(parts)}"]
    best = [(point, point.best) for point in results.points() if point.best is not None]
    if not best:
        return printable(lines[0])
    said = [_spread(results), results.tie_in_words(), choice_in_words(results.split)]
    said += _pages(results, best[0][1])
    lines += [line for line in said if line]
    closing = "\n".join(fill(printable(line), screen.width, hang=2, whole=True) for line in lines)
    rows = [
        [settings_of(point.values), tables.format_estimate(point.estimate), run.path.name]
        for point, run in best[:_MOST]
    ]
    headings = ["best", results.objective, "run"]
    drawn = tables.draw_if_fitting([bold(headings), *rows], screen, left=(0, 2))
    if drawn is None:
        drawn = _stacked(headings[:2], [row[:2] for row in rows], screen)
    return f"{drawn}\n\n{closing}"


def _pages(results: SweepResults, best: SweepRun) -> list[str]:
    """Where the pages of the winner and of the sweep are, as far as they are there."""
    pages = {"its report": best.path / REPORT, "the sweep": results.folder / SWEEP_PAGE}
    return [f"{what}: {page}" for what, page in pages.items() if page.is_file()]


def draw_results(results: SweepResults, *, screen: Screen) -> str:
    """Draw the points of a sweep, the best first, their values side by side where they fit."""
    from dlrun.cli.terminal.plans import axis_values
    from dlrun.reports.repeats import REPEATED

    axes = [axis for axis in results.axes if axis not in REPEATED]
    names = short_names(axes)
    has_seeds = results.is_repeated
    rows = []
    for point in results.points():
        done = sum(run.status == "finished" for run in point.runs)
        status = f"{done}/{len(point.runs)}" if has_seeds else point.runs[0].status
        rows.append((point.values, [tables.format_estimate(point.estimate), status]))
    closing = _closing(results, screen)
    if not rows:
        return closing
    headings = [results.objective or "objective", "finished" if has_seeds else "status"]
    wide = [[*axis_values(values, axes), *numbers] for values, numbers in rows]
    heads = bold([*(names[axis] for axis in axes), *headings])
    drawn = tables.draw_if_fitting([heads, *wide], screen, left=len(axes))
    if drawn is None:
        narrow = [[settings_of(values), *numbers] for values, numbers in rows]
        drawn = _stacked(["point", *headings], narrow, screen)
    return f"{drawn}\n\n{closing}"


def _stacked(headings: Sequence[str], rows: Sequence[Sequence[str]], screen: Screen) -> str:
    """Draw rows whose first cells are long; below the other cells where that is too wide."""
    drawn = tables.draw_if_fitting([bold(headings), *rows], screen)
    if drawn is not None:
        return drawn
    others = tables.align([bold(headings[1:]), *(row[1:] for row in rows)])
    lines = tables.draw(others, screen).splitlines()
    stacked = lines[:1]
    for row, line in zip(rows, lines[1:], strict=True):
        words = fill(f"  {printable(row[0])}", screen.width, hang=2)
        stacked += [line, words]
    return "\n".join(stacked)


def _spread(results: SweepResults) -> str | None:
    """What stands behind the means, where there are several seeds or folds."""
    from dlrun.reports.statistics import margin_legend

    return margin_legend(point.estimate for point in results.points())


def _closing(results: SweepResults, screen: Screen) -> str:
    """How many runs ended how, what is missing, and which is the best."""
    statuses = Counter(run.status for run in results.runs)
    parts = [f"{number} {status}" for status, number in statuses.items()]
    if results.missing:
        parts.append(f"{results.missing} missing")
    ended = f"{count(len(results.runs), 'run')}: {', '.join(parts)}"
    lines = [ended if parts else "No run is there yet.", _spread(results)]
    names = results.metric_names()
    if names and all(run.value is None for run in results.runs):
        lines.append(f"No run has the objective {results.objective}; they have {', '.join(names)}.")
    if results.left_out:
        lines.append(f"left out, of an earlier form of the sweep: {count(results.left_out, 'run')}")
    if results.repeated:
        lines.append(f"left out as the same as others: {count(results.repeated, 'run')}")
    failed = [run for run in results.runs if run.reason and run.status in ("failed", "killed")]
    lines += [f"{run.status}: {run.path}: {run.reason}" for run in failed[:_MOST]]
    best = results.best()
    if best is not None:
        lines += [f"best run: {best.path}", results.tie_in_words()]
        lines.append(choice_in_words(results.split))
    said = [printable(line) for line in lines if line is not None]
    return "\n".join(fill(line, screen.width, hang=2, whole=True) for line in said)
