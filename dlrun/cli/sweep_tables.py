"""The tables of a sweep: the best runs at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.cli.columns import Cell, align, draw, natural_width
from dlrun.cli.output import printable
from dlrun.cli.sweep_wording import counts_of, main_value, settings_of
from dlrun.cli.wording import format_number
from dlrun.rundir.metrics import is_larger_better

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.cli.output import Screen
    from dlrun.sweeps.jobs import Job

_MOST = 5


def closing_table(
    jobs: Sequence[Job],
    *,
    screen: Screen,
    objective: str | None = None,
    maximize: bool | None = None,
) -> str:
    """Draw what stands at the end of many runs: the best of them, and how many ended how.

    Args:
        jobs: The runs.
        screen: Where it is shown.
        objective: What is best, such as `test.accuracy`; None for the main metric.
        maximize: Whether the largest value is the best; None for what the metric suggests.
    """
    counts = counts_of(jobs)
    found = sum(job.found for job in jobs)
    parts = [f"{count} {status}" for status, count in counts.items() if count]
    if found:
        parts[0] += f" ({found} there already)"
    closing = f"{len(jobs)} runs: {', '.join(parts)}"
    known = [
        (name, value, job)
        for job in jobs
        for name, value in [main_value(job, objective)]
        if value is not None and job.status == "finished"
    ]
    names = {name for name, _, _ in known}
    if len(names) != 1:
        return closing
    name = names.pop()
    larger = is_larger_better(name) if maximize is None else maximize
    known.sort(key=lambda one: one[1], reverse=larger)
    rows: list[list[str | Cell]] = [
        [settings_of(job.values), format_number(value), job.folder.name if job.folder else ""]
        for _, value, job in known[:_MOST]
    ]
    heading: list[str | Cell] = [Cell("best", "bold"), Cell(name, "bold"), Cell("run", "bold")]
    table = align([heading, *rows], left=(0, 2))
    if natural_width(table) > screen.width:
        table = align([row[:2] for row in [heading, *rows]], width=screen.width)
    return f"{draw(table, color=screen.color)}\n\n{printable(closing)}"
