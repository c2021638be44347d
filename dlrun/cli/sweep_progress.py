"""What a sweep shows while it works: a table that changes, plain lines, or events as JSON."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from dlrun.cli.output import screen_of, write_event, write_message
from dlrun.cli.sweep_tally import Tally, ending, opening, place
from dlrun.cli.sweep_wording import counts_of
from dlrun.sweeps.listener import Deaf
from dlrun.training.listener import WARNING
from dlrun.wording import format_duration, format_logs, format_number, printable, settings_of

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
        quiet: Whether to tell of warnings and failures only.
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


class LinePrinter(Deaf):
    """Prints a line to stderr whenever a run ends.

    Args:
        tally: Counts the runs.
        quiet: Whether to tell of warnings and failures only.
    """

    def __init__(self, tally: Tally, *, quiet: bool = False) -> None:
        self._tally = tally
        self._quiet = quiet

    def message(self, text: str) -> None:
        """Print a line."""
        if not self._quiet or text.startswith(WARNING):
            write_message(text)

    def began(self, jobs: Sequence[Job], *, total: int, workers: int) -> None:
        """Say what there is to do."""
        self._tally.began(jobs, total, workers)
        if not self._quiet:
            write_message(opening(self._tally))

    def ended(self, job: Job) -> None:
        """Print how it ended."""
        if not self._quiet or job.status in ("failed", "killed"):
            left = self._tally.time_left() if self._tally.number() < self._tally.total else None
            remaining = "" if not left else f"  {format_duration(left)} left"
            write_message(f"{place(self._tally)} {ending(job, self._tally)}{remaining}")


class EventWriter(Deaf):
    """Writes every event to stdout, one JSON object a line.

    Args:
        tally: Counts the runs.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def message(self, text: str) -> None:
        """Write a message."""
        write_event("message", text=text)

    def began(self, jobs: Sequence[Job], *, total: int, workers: int) -> None:
        """Write what there is to do."""
        self._tally.began(jobs, total, workers)
        found = sum(job.found for job in jobs)
        write_event("began", runs=total, found=found, workers=workers)

    def started(self, job: Job) -> None:
        """Write that a run works."""
        write_event("started", point=job.values, run=job.folder, epoch=job.epoch)

    def progressed(self, job: Job) -> None:
        """Write how far a run is."""
        write_event(
            "progressed",
            point=job.values,
            run=job.folder,
            epoch=job.epoch,
            epochs=job.epochs,
            logs=job.logs,
        )

    def ended(self, job: Job) -> None:
        """Write how a run ended."""
        write_event(
            "ended",
            point=job.values,
            run=job.folder,
            status=job.status,
            reason=job.reason,
            epoch=job.epoch,
            seconds=round(job.seconds, 3),
            metrics=job.metrics,
        )

    def finished(self) -> None:
        """Write how all runs stand."""
        write_event("finished", **counts_of(self._tally.jobs))


class LiveTable(Deaf):
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

    def began(self, jobs: Sequence[Job], *, total: int, workers: int) -> None:
        """Say what there is to do, and draw."""
        from rich.live import Live

        self._tally.began(jobs, total, workers)
        self.message(opening(self._tally))
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()
        self.ticked()

    def ended(self, job: Job) -> None:
        """Print a failure."""
        if job.status in ("failed", "killed"):
            self.message(f"{place(self._tally)} {ending(job, self._tally)}")

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
            name, mean, point = best
            lines.append(Text(f"best  {name} {format_number(mean)}  {settings_of(point.values)}"))
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
