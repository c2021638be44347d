"""`dlrun sweep --dry-run`: which runs there would be, and how long they would take."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dlrun.cli.output import screen_of, write_data, write_json, write_message
from dlrun.cli.sweep_tables import points_table
from dlrun.cli.sweep_wording import runs_in_words
from dlrun.errors import DlrunError
from dlrun.sweeps.listener import Deaf
from dlrun.wording import format_duration
from dlrun.workflows.estimate import estimate
from dlrun.workflows.many import Crew, Wanted
from dlrun.workflows.sweep import remarks

if TYPE_CHECKING:
    from dlrun.workflows.estimate import Estimate
    from dlrun.workflows.many import Settings
    from dlrun.workflows.sweep import PlannedSweep


def show_dry_run(planned: PlannedSweep, settings: Settings, *, quiet: bool, as_json: bool) -> None:
    """List the runs of a sweep with their number and the time that they will take.

    Args:
        planned: The sweep.
        settings: How its runs would be trained.
        quiet: Whether to tell nothing but the list.
        as_json: Whether to write it as JSON.
    """
    sweep, listener = planned.sweep, _Messages(quiet=quiet)
    crew = Crew(planned.folder, settings, listener, halving=sweep.halving is not None)
    drawn = sweep.samples * max(len(sweep.seeds), 1) if sweep.sampler.type == "tpe" else 0
    # Where points are drawn one by one, an end of the distributions stands for all of them.
    crew.plan([Wanted(planned.experiments[0], {})] if drawn else planned.wanted())
    for line in remarks(sweep):
        listener.message(line)
    found = None
    try:
        if any(job.status == "waiting" for job in crew.jobs):
            listener.message("measuring one run ...")
        found = estimate(crew.jobs, crew, settings)
    except DlrunError as error:
        write_message(f"warning: no estimate: {error}")
    if found is not None and drawn:
        found = found.times(drawn)
    if as_json:
        _write(crew, drawn, found)
        return
    if not drawn:
        write_data(points_table(crew.jobs, screen=screen_of(sys.stdout)) + "\n")
    write_data(_closing(planned, crew, drawn, found))


def _write(crew: Crew, drawn: int, found: Estimate | None) -> None:
    """Write what there would be as JSON."""
    runs: list[dict[str, Any]] = [
        {"point": job.values, "status": job.status, "run": job.folder} for job in crew.jobs
    ]
    write_json(
        {
            "runs": None if drawn else runs,
            "count": drawn or len(runs),
            "workers": crew.workers,
            "seconds": found and found.seconds,
        }
    )


def _closing(planned: PlannedSweep, crew: Crew, drawn: int, found: Estimate | None) -> str:
    """How many runs there would be, and how long they would take."""
    there = sum(job.found for job in crew.jobs)
    parts = [runs_in_words(drawn or len(crew.jobs))]
    if there:
        parts.append(f"{there} there already")
    if drawn:
        parts.append("their points drawn one by one (tpe)")
    if found is not None:
        each = f"{format_duration(found.each)} each, {crew.workers} at a time, {found.basis}"
        about = f"about {format_duration(found.seconds)}"
        is_less = planned.sweep.halving is not None
        parts.append(f"{about}{' at most' if is_less else ''} ({each})")
    return ", ".join(parts)


class _Messages(Deaf):
    """A listener that tells what is to be read, and nothing else."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def message(self, text: str) -> None:
        """Print a line."""
        if not self._quiet:
            write_message(text)
