"""What a sweep shows while it works: a table that changes, plain lines, or events as JSON."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from dlrun.cli.output import printable, screen_of, write_data, write_message
from dlrun.cli.sweep_wording import counts_of, main_value
from dlrun.cli.wording import format_duration, format_logs, format_number
from dlrun.reports.point_words import settings_of
from dlrun.rundir.files import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from dlrun.sweeps.jobs import Job
    from dlrun.sweeps.listener import SweepListener

_SECONDS_BETWEEN_DRAWINGS = 0.2
_MOST_RUNNING = 16
"""How many runs at work are drawn."""


@contextlib.contextmanager
def listening_to_sweep(
    *, quiet: bool, as_json: bool, objective: str | None = None, maximize: bool | None = None
) -> Iterator[SweepListener]:
    """Choose how to tell what a sweep does, and leave the terminal as it was.

    Args:
        quiet: Whether to tell of failures only.
        as_json: Whether to write every event to stdout.
        objective: What is best, such as `test.accuracy`; None for the main metric.
        maximize: Whether the largest value of it is the best; None for what its name suggests.

    Yields:
        The listener.
    """
    tally = Tally(objective, maximize)
    if as_json:
        yield EventWriter(tally)
    elif not quiet and screen_of(sys.stderr).is_terminal:
        from rich.console import Console

        listener = LiveTable(Console(stderr=True), tally)
        try:
            yield listener
        finally:
            listener.finished()
    else:
        yield LinePrinter(tally, quiet=quiet)


class Tally:
    """Counts the runs of a sweep, finds the best one, and foretells the end.

    Args:
        objective: See `listening_to_sweep`.
        maximize: See `listening_to_sweep`.
        clock: Gives the time in seconds.
    """

    def __init__(
        self,
        objective: str | None = None,
        maximize: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.objective = objective
        self.maximize = maximize
        self.jobs: Sequence[Job] = []
        self.workers = 1
        self._clock = clock

    def began(self, jobs: Sequence[Job], workers: int) -> None:
        """Begin to count."""
        self.jobs, self.workers = jobs, workers
        self.start = self._clock()

    def number(self) -> int:
        """How many runs need no more work."""
        return sum(job.status in ("finished", "failed", "killed", "paused") for job in self.jobs)

    def best(self) -> tuple[str, float, Job] | None:
        """The metric, its value and the run that is best so far."""
        known = [(main_value(job, self.objective), job) for job in self.jobs]
        found = [(name, value, job) for (name, value), job in known if value is not None and name]
        if not found:
            return None
        return best_of(found, self.maximize)

    def time_left(self) -> float | None:
        """Foretell the seconds to the end, by the runs that have ended; None before the first."""
        done = [job for job in self.jobs if job.status == "finished" and job.seconds > 0]
        if not done:
            return None
        each = sum(job.seconds for job in done) / len(done)
        left = sum(
            1 - (job.epoch / job.epochs if job.epochs and job.status == "running" else 0)
            for job in self.jobs
            if job.status in ("waiting", "running")
        )
        return max(each * left / min(self.workers, max(len(self.jobs), 1)), 0.0)


def best_of(
    found: Sequence[tuple[str, float, Job]], maximize: bool | None
) -> tuple[str, float, Job]:
    """Choose the best of runs by one metric: that of the first.

    Args:
        found: Metric, value and run.
        maximize: Whether the largest is the best; None for what the name of the metric suggests.
    """
    from dlrun.rundir.metrics import is_larger_better

    name = found[0][0]
    larger = is_larger_better(name) if maximize is None else maximize
    same = [one for one in found if one[0] == name]
    return (max if larger else min)(same, key=lambda one: one[1])


class LinePrinter:
    """Prints a line to stderr whenever a run ends.

    Args:
        tally: Counts the runs.
        quiet: Whether to tell of failures only.
    """

    def __init__(self, tally: Tally, *, quiet: bool = False) -> None:
        self._tally = tally
        self._quiet = quiet

    def message(self, text: str) -> None:
        """Print a line."""
        if not self._quiet:
            write_message(text)

    def began(self, jobs: Sequence[Job], *, workers: int) -> None:
        """Say what there is to do."""
        self._tally.began(jobs, workers)
        if not self._quiet:
            write_message(_opening(jobs, workers))

    def started(self, job: Job) -> None:
        """See `SweepListener`."""

    progressed = started

    def ended(self, job: Job) -> None:
        """Print how it ended."""
        if not self._quiet or job.status in ("failed", "killed"):
            left = self._tally.time_left() if self._tally.number() < len(self._tally.jobs) else None
            remaining = "" if not left else f"  {format_duration(left)} left"
            write_message(f"{_place(self._tally)} {_ending(job, self._tally)}{remaining}")

    def ticked(self) -> None:
        """See `SweepListener`."""

    finished = ticked


class EventWriter:
    """Writes every event to stdout, one JSON object a line.

    Args:
        tally: Counts the runs.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def message(self, text: str) -> None:
        """Write a message."""
        self._write("message", text=text)

    def began(self, jobs: Sequence[Job], *, workers: int) -> None:
        """Write what there is to do."""
        self._tally.began(jobs, workers)
        found = sum(job.found for job in jobs)
        self._write("began", runs=len(jobs), found=found, workers=workers)

    def started(self, job: Job) -> None:
        """Write that a run works."""
        self._write("started", point=job.values, run=job.folder, epoch=job.epoch)

    def progressed(self, job: Job) -> None:
        """Write how far a run is."""
        self._write(
            "progressed",
            point=job.values,
            run=job.folder,
            epoch=job.epoch,
            epochs=job.epochs,
            logs=job.logs,
        )

    def ended(self, job: Job) -> None:
        """Write how a run ended."""
        self._write(
            "ended",
            point=job.values,
            run=job.folder,
            status=job.status,
            reason=job.reason,
            epoch=job.epoch,
            seconds=round(job.seconds, 3),
            metrics=job.metrics,
        )

    def ticked(self) -> None:
        """See `SweepListener`."""

    def finished(self) -> None:
        """Write how all runs stand."""
        self._write("finished", **counts_of(self._tally.jobs))

    def _write(self, event: str, **facts: Any) -> None:
        values = plain({"event": event, **facts})
        write_data(json.dumps(values, ensure_ascii=True, allow_nan=False))


class LiveTable:
    """Draws counts, the best run so far and the runs at work; prints failures above.

    Args:
        console: Where to draw.
        tally: Counts the runs.
        clock: Gives the time in seconds.
    """

    def __init__(
        self, console: Console, tally: Tally, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._tally = tally
        self._clock = clock
        self._live: Live | None = None
        self._drawn_at = -_SECONDS_BETWEEN_DRAWINGS

    def message(self, text: str) -> None:
        """Print a line above the table."""
        with contextlib.suppress(OSError):
            self._console.out(printable(text), highlight=False)

    def began(self, jobs: Sequence[Job], *, workers: int) -> None:
        """Say what there is to do, and draw."""
        from rich.live import Live

        self._tally.began(jobs, workers)
        self.message(_opening(jobs, workers))
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()
        self.ticked()

    def started(self, job: Job) -> None:
        """See `SweepListener`."""

    progressed = started

    def ended(self, job: Job) -> None:
        """Print a failure."""
        if job.status in ("failed", "killed"):
            self.message(f"{_place(self._tally)} {_ending(job, self._tally)}")

    def ticked(self) -> None:
        """Draw anew, at most five times a second."""
        now = self._clock()
        if self._live is None or now - self._drawn_at < _SECONDS_BETWEEN_DRAWINGS:
            return
        self._drawn_at = now
        with contextlib.suppress(OSError):
            self._live.update(self._draw(), refresh=True)

    def finished(self) -> None:
        """Clear the table."""
        live, self._live = self._live, None
        if live is not None:
            with contextlib.suppress(OSError):
                live.stop()

    def _draw(self) -> Text:
        from rich.text import Text

        left = self._tally.time_left()
        counts = counts_of(self._tally.jobs)
        parts = [f"{count} {status}" for status, count in counts.items() if count]
        if left is not None:
            parts.append(f"{format_duration(left)} left")
        lines = [Text("  ".join(parts), style="bold")]
        best = self._tally.best()
        if best is not None:
            name, value, job = best
            lines.append(Text(f"best  {name} {format_number(value)}  {settings_of(job.values)}"))
        running = [job for job in self._tally.jobs if job.status == "running"]
        for job in running[:_MOST_RUNNING]:
            logs = "  ".join(format_logs(dict(list(job.logs.items())[:2])))
            place = f"epoch {job.epoch}/{job.epochs}"
            lines.append(Text(printable(f"  {place}  {logs}  {settings_of(job.values)}")))
        if len(running) > _MOST_RUNNING:
            lines.append(Text(f"  and {len(running) - _MOST_RUNNING} more"))
        for line in lines:
            line.truncate(self._console.width - 1, overflow="ellipsis")
        return Text("\n").join(lines)


def _opening(jobs: Sequence[Job], workers: int) -> str:
    """What there is to do."""
    found = sum(job.found for job in jobs)
    waiting = sum(job.status == "waiting" for job in jobs)
    parts = [f"{len(jobs)} runs"]
    if found:
        parts.append(f"{found} there already")
    failed = sum(job.status == "failed" for job in jobs)
    if failed:
        parts.append(f"{failed} failed before (--retry-failed tries again)")
    if waiting:
        parts.append(f"{waiting} to train, {min(workers, waiting)} at a time")
    return ", ".join(parts)


def _place(tally: Tally) -> str:
    total = len(tally.jobs)
    return f"[{tally.number():{len(str(total))}}/{total}]"


def _ending(job: Job, tally: Tally) -> str:
    """How a run ended, in one line."""
    name, value = main_value(job, tally.objective)
    shown = f"{name} {format_number(value)}" if name and job.status == "finished" else ""
    reason = job.reason or "" if job.status != "finished" else ""
    where = str(job.folder) if job.folder is not None else ""
    parts = (job.status, settings_of(job.values), shown, reason, where)
    return printable("  ".join(part for part in parts if part))
