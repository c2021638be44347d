"""The tables of a sweep: the best runs at its end, and all points when it is shown."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from dlrun.cli.columns import Cell, align, draw, natural_width
from dlrun.cli.sweep_wording import counts_of, runs_in_words
from dlrun.reports.sweep_results import SEED
from dlrun.wording import (
    choice_in_words,
    format_number,
    printable,
    settings_of,
    short_names,
    value_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlrun.cli.output import Screen
    from dlrun.reports.seeds import Estimate
    from dlrun.reports.sweep_results import SweepResults
    from dlrun.sweeps.jobs import Job

_MOST = 5


def closing_table(jobs: Sequence[Job], results: SweepResults, *, screen: Screen) -> str:
    """Draw what stands at the end of many runs: the best points, and how many runs ended how.

    Args:
        jobs: The runs.
        results: What came out of them.
        screen: Where it is shown.

    Returns:
        One line a point: its values, the objective (its mean over the seeds with its margin), and
        the best run of the point.
    """
    counts = counts_of(jobs)
    found = sum(job.found for job in jobs)
    parts = [f"{count} {status}" for status, count in counts.items() if count]
    if found:
        parts[0] += f" ({found} there already)"
    lines = [f"{runs_in_words(len(jobs))}: {', '.join(parts)}"]
    best = [(point, point.best) for point in results.points() if point.best is not None]
    if not best:
        return printable(lines[0])
    lines += [line for line in [_spread(results), choice_in_words(results.split)] if line]
    closing = "\n".join(printable(line) for line in lines)
    rows: list[list[str | Cell]] = [
        [settings_of(point.values), _estimate(point.estimate), run.path.name]
        for point, run in best[:_MOST]
    ]
    heading: list[str | Cell] = [
        Cell("best", "bold"),
        Cell(results.objective, "bold"),
        Cell("run", "bold"),
    ]
    table = align([heading, *rows], left=(0, 2))
    if natural_width(table) > screen.width:
        return f"{_stacked([row[:2] for row in [heading, *rows]], screen)}\n\n{closing}"
    return f"{draw(table, color=screen.color)}\n\n{closing}"


def results_table(results: SweepResults, *, screen: Screen) -> str:
    """Draw the points of a sweep, the best first; seeds are put together.

    Args:
        results: What came out.
        screen: Where it is shown.

    Returns:
        One line a point: its values, the objective with its margin, how many runs are finished.
        Where that is too wide, the values stand in one column, or below the numbers.
    """
    points = results.points()
    axes = [axis for axis in results.axes if axis != SEED]
    names = short_names(axes)
    has_seeds = SEED in results.axes
    rows = []
    for point in points:
        done = sum(run.status == "finished" for run in point.runs)
        seen = [f"{done}/{len(point.runs)}"] if has_seeds else [point.runs[0].status]
        rows.append((point, [_estimate(point.estimate), *seen]))
    heading = [results.objective or "objective", "finished" if has_seeds else "status"]
    wide = [[*(_cell(point.values, axis) for axis in axes), *numbers] for point, numbers in rows]
    head = [Cell(text, "bold") for text in [*(names[axis] for axis in axes), *heading]]
    table = align([head, *wide], left=len(axes))
    drawn = draw(table, color=screen.color)
    if natural_width(table) > screen.width:
        head = [Cell(text, "bold") for text in ["point", *heading]]
        narrow = [[settings_of(point.values), *numbers] for point, numbers in rows]
        drawn = _stacked([head, *narrow], screen)
    closing = _closing(results)
    return f"{drawn}\n\n{closing}" if rows else closing


def _stacked(rows: Sequence[Sequence[str | Cell]], screen: Screen) -> str:
    """Draw rows whose first cells are long; below the other cells where that is too wide."""
    table = align(rows)
    if natural_width(table) <= screen.width:
        return draw(table, color=screen.color)
    numbers = draw(align([row[1:] for row in rows]), color=screen.color).splitlines()
    lines = numbers[:1]
    for row, line in zip(rows[1:], numbers[1:], strict=True):
        words = printable(row[0].text if isinstance(row[0], Cell) else row[0])
        lines += [line, textwrap.fill(words, screen.width, initial_indent="  ",
                                      subsequent_indent="  ")]  # fmt: skip
    return "\n".join(lines)


def _spread(results: SweepResults) -> str | None:
    """What stands behind the means, where there are several seeds."""
    margins = [point.estimate.margin for point in results.points() if point.estimate]
    if all(margin is None for margin in margins):
        return None
    return "± half of the 95 % confidence interval over the seeds (Student's t)"


def _estimate(found: Estimate | None) -> str:
    """A mean and its margin."""
    if found is None:
        return "-"
    margin = "" if found.margin is None else f" ± {format_number(found.margin)}"
    return format_number(found.mean) + margin


def _cell(values: Mapping[str, Any], axis: str) -> str:
    return value_text(values[axis]) if axis in values else "-"


def _closing(results: SweepResults) -> str:
    """How many runs ended how, what is missing, and which is the best."""
    counts: dict[str, int] = {}
    for run in results.runs:
        counts[run.status] = counts.get(run.status, 0) + 1
    parts = [f"{count} {status}" for status, count in counts.items()]
    if results.missing:
        parts.append(f"{results.missing} missing")
    lines = [
        f"{runs_in_words(len(results.runs))}: {', '.join(parts)}"
        if parts
        else "No run is there yet."
    ]
    spread = _spread(results)
    if spread:
        lines.append(spread)
    names = results.metric_names()
    if names and all(run.value is None for run in results.runs):
        lines.append(f"No run has the objective {results.objective}; they have {', '.join(names)}.")
    if results.left_out:
        lines.append(f"{results.left_out} runs of an earlier form of this sweep are left out")
    if results.repeated:
        lines.append(f"left out as the same as others: {runs_in_words(results.repeated)}")
    failed = [run for run in results.runs if run.reason and run.status in ("failed", "killed")]
    lines += [f"{run.status}: {run.path}: {run.reason}" for run in failed[:_MOST]]
    best = results.best()
    if best is not None:
        lines.append(f"best run: {best.path}")
        choice = choice_in_words(results.split)
        lines += [] if choice is None else [choice]
    return "\n".join(printable(line) for line in lines)


def points_table(jobs: Sequence[Job], *, screen: Screen) -> str:
    """Draw the runs that a sweep asks for.

    Args:
        jobs: The runs.
        screen: Where it is shown.

    Returns:
        One line a run: the values of its axes, and how it stands.
    """
    axes = list(dict.fromkeys(axis for job in jobs for axis in job.values))
    names = short_names(axes)
    head = [Cell(text, "bold") for text in [*(names[axis] for axis in axes), "status"]]
    rows = [[*(_cell(job.values, axis) for axis in axes), job.status] for job in jobs]
    table = align([head, *rows], left=len(axes) + 1)
    if natural_width(table) > screen.width:
        head = [Cell(text, "bold") for text in ["point", "status"]]
        narrow = [[settings_of(job.values), job.status] for job in jobs]
        table = align([head, *narrow], left=2, width=screen.width)
    return draw(table, color=screen.color)
