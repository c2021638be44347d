"""`dlrun train CONFIG...`: train experiments; stdout gets the run folders' paths, nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli import options, placing
from dlrun.cli.completion import complete_run
from dlrun.cli.options import option
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import (
    Screen,
    fill,
    screen_of,
    write_data,
    write_drawing,
    write_json,
    write_message,
)
from dlrun.cli.terminal.tables import baseline_lines, draw_cut, paint
from dlrun.errors import ConfigError, Problem, UsageError
from dlrun.execution.cluster import Cluster, read_cluster
from dlrun.execution.options import RunOptions
from dlrun.rundir.names import REPORT
from dlrun.training.listener import WARNING
from dlrun.warm.standby import need_threads, need_untouched_tensorflow
from dlrun.wording import format_duration, format_number, printable

if TYPE_CHECKING:
    from dlrun.config import Experiment
    from dlrun.execution.run import TrainOutcome
    from dlrun.reports.baseline import Baseline
    from dlrun.sweeps.language.flags import Grid
    from dlrun.sweeps.runner import SweepOptions, TrialRequest

Seed = Annotated[int | None, option("--seed", "Set the config's seed.", min=0)]
Name = Annotated[str | None, option("--name", "Set the config's name.")]
Source = Annotated[
    str | None,
    option(
        "--from RUN",
        "Begin with the weights of another run, for layers of the same name.",
        autocompletion=complete_run,
    ),
]
Folds = Annotated[
    int | None,
    option("--folds K", "Cross-validate: one run for each of K folds of the rows.", min=2),
]
WithReport = Annotated[
    bool | None,
    option(
        "--report/--no-report",
        "Make plots and report.html at the end.  [default: report for one run, "
        "no-report for several]",
    ),
]


DryRun = Annotated[
    bool, option("--dry-run", "Tell time, memory and disk from one measured run; keep none.")
]


def train(
    context: typer.Context,
    configs: options.ConfigPaths,
    *,
    overrides: options.OverridesAndAxes = None,
    grids: options.Axes = None,
    folds: Folds = None,
    seed: Seed = None,
    runs_dir: options.RunsDir = options.DEFAULT_RUNS_DIR,
    name: Name = None,
    source: Source = None,
    track: options.Track = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    devices: options.Devices = None,
    hosts: options.Hosts = None,
    host: options.Host = None,
    on: placing.Where = None,
    address: placing.Address = None,
    cpus_per_run: placing.CpusPerRun = None,
    gpus_per_run: placing.GpusPerRun = None,
    hosts_per_run: placing.HostsPerRun = None,
    data_root: placing.DataRoot = None,
    workers: options.Workers = None,
    report: WithReport = None,
    dry_run: DryRun = False,
    retry_failed: options.RetryFailed = False,
    fail_fast: options.FailFast = False,
    trust: options.TrustRuns = False,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Train an experiment and print the path of its run folder.

    Several configs, a grid of values, and folds, are trained together; of these runs those that are
    there already are not trained again. With --on ray that is so for one run, too.
    """
    options.check_device(device)
    cluster = read_cluster(devices, hosts, host, os.environ)
    show_activity(f"reading {configs[0]} ...", quiet=quiet)
    given = [*(overrides or []), *options.as_overrides(seed=seed, name=name, trackers=track)]
    requests = _requests(configs, given, grids or (), folds)
    places = (address, cpus_per_run, gpus_per_run, hosts_per_run, data_root)
    placed = placing.read_placing(on, places, device=device, base=configs[0].parent)
    is_one = len(requests) == 1 and not requests[0][1].axes
    is_here = is_one and not placed
    if dry_run or not is_here or cluster.num_replicas > 1:
        need_untouched_tensorflow()
    need_threads(threads or 0)
    threads = threads or 0 if is_here else threads
    report = is_one if report is None else report
    asked = RunOptions(runs_dir, context.obj, device, threads, report, source, cluster=cluster)
    of_many = {"retry_failed": retry_failed, "fail_fast": fail_fast, "trust": trust}
    if is_here:
        _refuse_for_one(jobs=workers, **of_many)
        train_one(*requests[0], asked, dry_run=dry_run, quiet=quiet, as_json=as_json)
        return
    settings = _settings_of_many(asked, workers, {**of_many, **placed})
    many = partial(_plan, _wanted(requests)) if dry_run else partial(train_many, requests)
    many(settings, quiet=quiet, as_json=as_json)


def _requests(
    configs: Sequence[Path], given: Sequence[str], grids: Sequence[str], folds: int | None
) -> list[tuple[Path, Grid]]:
    """Read what is to be swept over, for each config."""
    from dlrun.sweeps.language.flags import read_grid

    return [(config, read_grid(config, given, grids, folds=folds)) for config in configs]


def _settings_of_many(
    asked: RunOptions, workers: int | None, more: Mapping[str, Any]
) -> SweepOptions:
    """Say how runs are trained together, here or on a cluster."""
    from dlrun.sweeps.runner import SweepOptions

    settings = SweepOptions(asked, workers, **more)
    _refuse_for_many(asked.cluster, asked.source if "on" in more else None)
    return settings


def train_one(
    config: Path,
    grid: Grid,
    asked: RunOptions,
    *,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train one run, or tell what it would take; stdout gets its folder, where this host has it."""
    from dlrun.cli.terminal.progress import listening
    from dlrun.config import load_config
    from dlrun.execution.run import follow
    from dlrun.exporters import names_functions
    from dlrun.workflows import train as workflow

    experiment = load_config(config, grid.fixed)
    if names_functions(experiment.exports):
        need_untouched_tensorflow()
    if dry_run:
        if asked.cluster.num_replicas > 1:
            what = "a plan is measured on one device."
            raise UsageError(what, where="--dry-run", fix="Leave --devices and --hosts out.")
        _plan(experiment, asked, quiet=quiet, as_json=as_json)
        return
    with listening(quiet=quiet) as listener:
        if not asked.cluster.is_chief:
            follow(experiment, asked, listener)
            return
        outcome = workflow.train(experiment, asked, listener)
    show_outcome(outcome, quiet=quiet, as_json=as_json)


def _plan(
    wanted: Experiment | Sequence[TrialRequest],
    settings: RunOptions | SweepOptions,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    """Tell what one run, which is always trained, or several, as far as they are missing, take."""
    from dlrun.cli.terminal.plans import show_plan
    from dlrun.cli.terminal.sweep_progress import MessagePrinter
    from dlrun.sweeps.runner import SweepOptions, SweepRunner
    from dlrun.sweeps.trials import Trial

    if isinstance(settings, RunOptions):
        settings = SweepOptions(settings, workers=1)
    runner = SweepRunner(settings, MessagePrinter(quiet=quiet))
    if isinstance(wanted, Sequence):
        runner.plan(wanted)
    else:
        runner.trials.append(Trial(wanted, {}, ""))
    show_plan(runner, as_json=as_json)


def _refuse_for_one(**given: object) -> None:
    """Refuse what says nothing of a single run."""
    for name, value in given.items():
        if value:
            raise UsageError(
                "there is one run to train, for which this says nothing.",
                where=f"--{name.replace('_', '-')}",
                fix="Give several configs, or an axis such as --set seed=0..9.",
            )


def _refuse_for_many(cluster: Cluster, source: str | None) -> None:
    """Refuse several devices of this machine for several runs; first weights for other machines."""
    if cluster.num_replicas > 1:
        raise UsageError(
            "each of several runs computes on one device; several devices share one run.",
            where="--hosts" if cluster.hosts else "--devices",
            fix="Train them one by one, or leave it out: `dlrun train` uses all GPUs for them; "
            "with --on ray, --gpus-per-run and --hosts-per-run say it.",
        )
    if source is not None:
        what = "the weights of another run do not travel to the nodes of a cluster."
        raise UsageError(what, where="--from", fix="Leave --from or --on out.")


def show_outcome(outcome: TrainOutcome, *, quiet: bool, as_json: bool) -> None:
    """Draw the closing table on stderr, and write the run folder's path, or JSON, to stdout.

    With `quiet` the table is left out, but not that the network is worse than its baseline.
    """
    folder, metrics = outcome.folder.path, outcome.metrics
    if not quiet:
        report, screen = outcome.judged.classification, screen_of(sys.stderr)
        write_drawing(
            closing_table(
                metrics,
                end=_end_of(outcome, is_next=not as_json and screen_of(sys.stdout).is_terminal),
                screen=screen,
                rows=None if report is None else sum(report.support),
                baseline=outcome.baseline,
            )
        )
    elif outcome.baseline is not None and outcome.baseline[1].beats == "worse":
        split, baseline = outcome.baseline
        write_message(f"{WARNING}{printable(baseline.in_words(split))}")
    if as_json:
        finished = {"run": folder, "status": "finished"}
        write_json({**finished, "seconds": outcome.seconds, "metrics": metrics})
    else:
        write_data(str(folder))


def _end_of(outcome: TrainOutcome, *, is_next: bool) -> str:
    """The time, and where the report is, or the run; that the next line may say."""
    time = format_duration(outcome.seconds)
    report = outcome.folder.file(REPORT)
    has_report = report.exists()
    if is_next and screen_of(sys.stderr).is_terminal:
        return f"{time}, with {REPORT} in" if has_report else time
    return f"{time}  {printable(str(report if has_report else outcome.folder.path))}"


def closing_table(
    metrics: Mapping[str, Mapping[str, float]],
    *,
    end: str,
    screen: Screen,
    rows: int | None = None,
    baseline: tuple[str, Baseline] | None = None,
) -> str:
    """Draw metrics by split, what is to be thought of them, and the end: the time and the place.

    That is a large generalisation gap (over `rows`), and the baseline of the split that it names.
    """
    from dlrun.reports.gap import generalisation_gap

    names = list(dict.fromkeys(name for values in metrics.values() for name in values))
    if not names:
        return end
    columns: dict[str, Mapping[str, float]] = dict(metrics)
    if baseline is not None:
        columns |= baseline[1].columns
    cells = [
        [name, *(format_number(one[name]) if name in one else "" for one in columns.values())]
        for name in names
    ]
    gap = printable(generalisation_gap(metrics, rows=rows) or "")
    said = [paint(line, "yellow", screen) for line in fill(gap, screen.width).splitlines()]
    if baseline is not None:
        said += baseline_lines(*baseline, screen)
    parts = [draw_cut(["", *columns], cells, screen), "\n".join(said), end]
    return "\n\n".join(part for part in parts if part)


def train_many(
    requests: Sequence[tuple[Path, Grid]],
    settings: SweepOptions,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train several runs; stdout gets the path of each that is finished, in order, or events."""
    from dlrun.cli.sweep import draw_best
    from dlrun.cli.terminal.sweep_progress import listening_to_sweep
    from dlrun.reports.repeats import FOLD
    from dlrun.sweeps.language.folds import replaced
    from dlrun.sweeps.results import results_so_far
    from dlrun.sweeps.runner import SweepRunner, in_turn

    wanted = _wanted(requests)
    with listening_to_sweep(quiet=quiet, as_json=as_json) as listener:
        axes = [
            ", ".join(f"{count} x {key}" for key, count in grid.axes.items())
            for _, grid in requests
        ]
        for line in dict.fromkeys(filter(None, axes)):
            listener.message(f"grid: {line}")
        aside = [replaced(config) for config, grid in requests if FOLD in grid.axes]
        for line in filter(None, aside):
            listener.message(line)
        with in_turn(settings.run.runs_dir, listener) as held:
            runner = SweepRunner(settings, listener)
            asked_for = runner.plan(wanted)
            if len(runner.trials) < len(wanted):
                same = len(wanted) - len(runner.trials)
                listener.message(f"runs that would be the same as others: {same}")
            runner.work(held=held)
    if not quiet and not as_json:
        results = results_so_far(runner.trials)
        write_drawing(draw_best(runner.trials, results, screen=screen_of(sys.stderr)))
    if not as_json:
        for trial in asked_for:
            if trial.status == "finished":
                write_data(str(trial.folder))
    if any(trial.status != "finished" for trial in runner.trials):
        raise typer.Exit(1)


def _wanted(requests: Sequence[tuple[Path, Grid]]) -> list[TrialRequest]:
    """The runs that are asked for, in order; where configs are wrong, the problems of all."""
    from dlrun.sweeps.language.loading import load_points
    from dlrun.sweeps.runner import TrialRequest

    wanted: list[TrialRequest] = []
    problems: list[Problem] = []
    for config, grid in requests:
        try:
            experiments = load_points(config, grid.fixed, grid.points)
        except ConfigError as error:
            problems += error.problems
            continue
        called: dict[str, Any] = {"config": str(config)} if len(requests) > 1 else {}
        wanted += [
            TrialRequest(experiment, {**called, **point.values})
            for experiment, point in zip(experiments, grid.points, strict=True)
        ]
    if problems:
        raise ConfigError(*dict.fromkeys(problems))
    return wanted
