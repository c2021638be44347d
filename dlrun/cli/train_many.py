"""`dlrun train` of several runs: stdout gets the path of each that is finished, in order."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from dlrun.cli.output import screen_of, write_data, write_drawing
from dlrun.cli.sweep_progress import listening_to_sweep
from dlrun.cli.sweep_tables import closing_table
from dlrun.config.sweeps.experiments import load_points
from dlrun.errors import ConfigError
from dlrun.workflows.many import SweepRunner, TrialRequest
from dlrun.workflows.sweep_results import results_so_far
from dlrun.workflows.turns import in_turn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dlrun.config.sweeps.flags import Grid
    from dlrun.errors import Problem
    from dlrun.workflows.many import SweepOptions


def train_many(
    requests: Sequence[tuple[Path, Grid]],
    settings: SweepOptions,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train several runs.

    Args:
        requests: The configs, and what the command line sets in each.
        settings: How they are trained.
        quiet: Whether to tell of failures only.
        as_json: Whether to write events to stdout in the place of paths.

    Raises:
        ConfigError: A config is wrong; with the problems of all.
        typer.Exit: Not all runs are finished.
    """
    wanted = _wanted(requests)
    with listening_to_sweep(quiet=quiet, as_json=as_json) as listener:
        for line in dict.fromkeys(_grid_in_words(grid) for _, grid in requests if grid.axes):
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
        write_drawing(closing_table(runner.trials, results, screen=screen_of(sys.stderr)))
    if not as_json:
        for job in asked_for:
            if job.status == "finished":
                write_data(str(job.folder))
    if any(job.status != "finished" for job in runner.trials):
        raise typer.Exit(1)


def _wanted(requests: Sequence[tuple[Path, Grid]]) -> list[TrialRequest]:
    """The runs that are asked for, in order."""
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


def _grid_in_words(grid: Grid) -> str:
    """Such as `grid: 2 x optimizer.learning_rate, 10 x seed`."""
    axes = ", ".join(f"{count} x {key}" for key, count in grid.axes.items())
    return f"grid: {axes}"
