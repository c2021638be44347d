"""What runs would take, before they are trained: a list of them, their time, memory and disk."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlrun.cli.terminal import tables
from dlrun.cli.terminal.output import Screen, fill, screen_of, write_data, write_json, write_message
from dlrun.cli.terminal.tables import bold
from dlrun.errors import DlrunError
from dlrun.sweeps.estimate import Estimate, cut, estimate, left_out_in_words
from dlrun.sweeps.trials import Trial
from dlrun.wording import count, format_duration, settings_of, short_names, value_text

if TYPE_CHECKING:
    from dlrun.sweeps.runner import SweepRunner


def show_plan(
    runner: SweepRunner,
    *,
    as_json: bool,
    drawn: int = 0,
    is_most: bool = False,
) -> None:
    """List runs with their number, and what they would take: time, memory and disk.

    Where so many points are `drawn` one by one, the one trial of the runner stands for all of them.
    Where halving ends some early, the time `is_most`.
    """
    found = _estimated(runner)
    if found is not None and drawn:
        found = found.times(drawn)
    budget, left = runner.options.budget, list[Trial]()
    if found is not None and budget is not None:
        fits = found.fitting(budget)
        told = left_out_in_words(budget, fits, len(found.costs) - fits)
        left = [] if drawn else cut(runner, fits)
        drawn, found = (fits if drawn else 0), found.first(fits)
        runner.listener.message(
            told if not left else f"{told}, from {settings_of(left[0].values)} on"
        )
    if as_json:
        write_json(_as_json(runner, found, drawn=drawn, left=left))
        return
    if not drawn and any(trial.values for trial in runner.trials):
        write_data(draw_points(runner.trials, screen=screen_of(sys.stdout)) + "\n")
    lines = [_in_words(runner, drawn, found, is_most=is_most)]
    lines += found.needs.lines() if found is not None and found.needs is not None else []
    for line in lines:
        write_data(fill(line, screen_of(sys.stdout).width, hang=2))


def draw_points(trials: Sequence[Trial], *, screen: Screen) -> str:
    """Draw the runs that a sweep asks for: the values of their axes, and how they stand."""
    axes = list(dict.fromkeys(axis for trial in trials for axis in trial.values))
    names = short_names(axes)
    head = bold([*(names[axis] for axis in axes), "status"])
    rows = [[*axis_values(trial.values, axes), trial.status] for trial in trials]
    drawn = tables.draw_if_fitting([head, *rows], screen, left=len(axes) + 1)
    if drawn is None:
        narrow = [[settings_of(trial.values), trial.status] for trial in trials]
        drawn = tables.draw_cut(["point", "status"], narrow, screen, left=2)
    return drawn


def axis_values(values: Mapping[str, Any], axes: Sequence[str]) -> list[str]:
    """Write the value of each axis; `-` where a run has none."""
    return [value_text(values[axis]) if axis in values else "-" for axis in axes]


def _estimated(runner: SweepRunner) -> Estimate | None:
    """Estimate what the missing runs take; None, with a warning, where that failed."""
    try:
        if any(trial.status == "waiting" for trial in runner.trials):
            runner.listener.message("measuring one run ...")
        return estimate(runner)
    except DlrunError as error:
        write_message(f"warning: no estimate: {error}")
        return None


def _as_json(
    runner: SweepRunner, found: Estimate | None, *, drawn: int, left: Sequence[Trial]
) -> dict[str, Any]:
    runs = [
        {"point": trial.values, "status": trial.status, "run": trial.folder}
        for trial in runner.trials
    ]
    return {
        "runs": None if drawn else runs,
        "count": drawn or len(runs),
        "workers": runner.workers,
        "seconds": None if found is None else found.seconds,
        "bytes": None if found is None or found.needs is None else found.needs.to_json(),
        "left_out": [trial.values for trial in left],
    }


def _in_words(runner: SweepRunner, drawn: int, found: Estimate | None, *, is_most: bool) -> str:
    there = sum(trial.found for trial in runner.trials)
    parts = [count(drawn or len(runner.trials), "run")]
    if there:
        parts.append(f"{there} there already")
    if drawn:
        parts.append("their points drawn one by one (tpe)")
    if found is not None and found.costs:
        each = f"{format_duration(found.each)} each, {runner.workers} at a time, {found.basis}"
        about = f"about {format_duration(found.seconds)}"
        parts.append(f"{about}{' at most' if is_most else ''} ({each})")
    return ", ".join(parts)
