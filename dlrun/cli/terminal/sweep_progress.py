"""What a sweep shows while it works: a table that changes, plain lines, or events as JSON."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from dlrun.cli.terminal.activity import ECHOED
from dlrun.cli.terminal.output import screen_of, write_event, write_message
from dlrun.cli.terminal.progress import LiveDrawing
from dlrun.rundir.metrics import main_metric
from dlrun.sweeps.pool import SweepListener
from dlrun.sweeps.results import results_so_far
from dlrun.training.listener import WARNING
from dlrun.wording import count, format_duration, format_logs, format_number, printable, settings_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from dlrun.reports.sweep_results import SweepPoint
    from dlrun.sweeps.trials import Trial

_SECONDS_BETWEEN_DRAWINGS = 0.2
_MOST_RUNNING = 16  # runs at work that are drawn
_BAD = ("killed", "failed")
_STATUSES = ("finished", "running", "waiting", "elsewhere", "stopped early", "interrupted", *_BAD)


@contextlib.contextmanager
def listening_to_sweep(
    *, quiet: bool, as_json: bool, objective: str | None = None, maximize: bool | None = None
) -> Iterator[SweepListener]:
    """Choose how to show what a sweep does, and leave the terminal as it was.

    Runs are ranked by `objective` (`test.accuracy`; None: the main metric); where `maximize` is
    None, its name says which end is good.
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
    """Counts the runs of a sweep while it works, finds the best one, and foretells the end."""

    def __init__(self, objective: str | None = None, maximize: bool | None = None) -> None:
        self.objective = objective
        self.maximize = maximize
        self.trials: Sequence[Trial] = []
        self.total = 0
        self.workers = 1
        self._judged = 0
        self._best: tuple[str, float, SweepPoint] | None = None

    def began(self, trials: Sequence[Trial], total: int, workers: int) -> None:
        """Begin to count."""
        self.trials, self.total, self.workers = trials, total, workers

    def number(self) -> int:
        """Count the runs that need no more work."""
        return sum(trial.status in ("finished", "paused", *_BAD) for trial in self.trials)

    def best(self) -> tuple[str, float, SweepPoint] | None:
        """The metric, the mean over the seeds, and the point that is best by it so far."""
        finished = sum(trial.status == "finished" for trial in self.trials)
        if finished != self._judged:
            results = results_so_far(self.trials, objective=self.objective, maximize=self.maximize)
            point = next(iter(results.points()), None)
            self._judged = finished
            if point is not None and point.estimate is not None:
                self._best = results.objective, point.estimate.mean, point
        return self._best

    def time_left(self) -> float | None:
        """Foretell the seconds to the end, by the runs that have ended; None before the first."""
        done = [trial for trial in self.trials if trial.status == "finished" and trial.seconds > 0]
        if not done:
            return None
        each = sum(trial.seconds for trial in done) / len(done)
        left = sum(
            1 - (trial.epoch / trial.epochs if trial.epochs and trial.status == "running" else 0)
            for trial in self.trials
            if trial.status in ("waiting", "running")
        )
        left += self.total - len(self.trials)
        return max(each * left / min(self.workers, max(left, 1)), 0.0)

    def opening(self) -> str:
        """Say what there is to do."""
        found = sum(trial.found for trial in self.trials)
        diverged = sum(trial.hopeless for trial in self.trials)
        failed = sum(trial.status == "failed" for trial in self.trials) - diverged
        waiting = (
            sum(trial.status == "waiting" for trial in self.trials) + self.total - len(self.trials)
        )
        parts = [count(self.total, "run")]
        if found:
            parts.append(f"{found} there already")
        if failed:
            parts.append(f"{failed} failed before (--retry-failed tries again)")
        if diverged:
            parts.append(f"{diverged} diverged before, and would again")
        if waiting:
            parts.append(f"{waiting} to train, {min(self.workers, waiting)} at a time")
        return ", ".join(parts)

    def ending(self, trial: Trial) -> str:
        """Say how many runs need no more work, and how this one ended: `[ 3/20] finished ...`."""
        shown = trial.reason or ""
        if trial.status == "finished":
            name, value = self._value(trial)
            shown = f"{name} {format_number(value)}" if name else ""
        elif trial.status == "paused":
            shown = "  ".join([f"after epoch {trial.epoch}", *format_logs(trial.logs)])
        where = "" if trial.folder is None else str(trial.folder)
        parts = (trial.status, settings_of(trial.values), shown, where)
        place = f"[{self.number():{len(str(self.total))}}/{self.total}]"
        return f"{place} {printable('  '.join(part for part in parts if part))}"

    def _value(self, trial: Trial) -> tuple[str, float | None]:
        """The metric that a run is judged by, as `test accuracy`, and its value; "" for none."""
        if self.objective is not None:
            return self.objective.replace(".", " ", 1), trial.measured(self.objective)
        main = main_metric({split: dict(values) for split, values in trial.metrics.items()})
        return ("", None) if main is None else (" ".join(main), trial.metrics[main[0]].get(main[1]))


class MessagePrinter(SweepListener):
    """Prints messages to stderr, and nothing else."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def message(self, text: str) -> None:
        """Print a line."""
        if not self._quiet or text.startswith(WARNING):
            write_message(text)

    def doing(self, text: str) -> None:
        """Print a line."""
        self.message(text)


class LinePrinter(MessagePrinter):
    """Prints a line to stderr whenever a run ends; a quiet one only where it failed."""

    def __init__(self, tally: Tally, *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)
        self._tally = tally

    def began(self, trials: Sequence[Trial], *, total: int, workers: int) -> None:
        """Say what there is to do."""
        self._tally.began(trials, total, workers)
        self.message(self._tally.opening())

    def ended(self, trial: Trial) -> None:
        """Print how it ended."""
        if not self._quiet or trial.status in _BAD:
            left = self._tally.time_left() if self._tally.number() < self._tally.total else None
            remaining = "" if not left else f"  {format_duration(left)} left"
            write_message(f"{self._tally.ending(trial)}{remaining}")


class EventWriter(SweepListener):
    """Writes every event to stdout, one JSON object a line."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def message(self, text: str) -> None:
        """Write a message."""
        write_event("message", text=text)

    def began(self, trials: Sequence[Trial], *, total: int, workers: int) -> None:
        """Write what there is to do."""
        self._tally.began(trials, total, workers)
        found = sum(trial.found for trial in trials)
        write_event("began", runs=total, found=found, workers=workers)

    def started(self, trial: Trial) -> None:
        """Write that a run works."""
        self._write("started", trial, "epoch")

    def progressed(self, trial: Trial) -> None:
        """Write how far a run is."""
        self._write("progressed", trial, "epoch", "epochs", "logs")

    def ended(self, trial: Trial) -> None:
        """Write how a run ended."""
        self._write("ended", trial, "status", "reason", "epoch", "seconds", "metrics")

    def finished(self) -> None:
        """Write how all runs stand."""
        write_event("finished", **counts_of(self._tally.trials))

    def _write(self, event: str, trial: Trial, *names: str) -> None:
        facts = {name: getattr(trial, name) for name in names}
        if "seconds" in facts:
            facts["seconds"] = round(trial.seconds, 3)
        write_event(event, point=trial.values, run=trial.folder, **facts)


class LiveTable(LiveDrawing, SweepListener):
    """Draws counts, the best run so far and the runs at work; prints failures above."""

    def __init__(
        self, console: Console, tally: Tally, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(console, clock, pause=_SECONDS_BETWEEN_DRAWINGS)
        self._tally = tally
        self._doing = ""

    def doing(self, text: str) -> None:
        """Draw it below the counts until a run is at work; without a table as a line of its own."""
        super().doing(text)
        self._doing, self._drawn_at = text, -self._pause
        self.ticked()

    def began(self, trials: Sequence[Trial], *, total: int, workers: int) -> None:
        """Say what there is to do, and draw."""
        self._tally.began(trials, total, workers)
        self.message(self._tally.opening())
        self.begin()
        self.ticked()

    def ended(self, trial: Trial) -> None:
        """Print a failure."""
        if trial.status in _BAD:
            self.message(self._tally.ending(trial))

    def ticked(self) -> None:
        """Draw anew, at most five times a second."""
        self.draw(self._clock(), self._draw)

    def _draw(self) -> Text:
        from rich.text import Text

        left = self._tally.time_left()
        counts = counts_of(self._tally.trials)
        parts = [f"{number} {status}" for status, number in counts.items() if number]
        if left is not None:
            parts.append(f"{format_duration(left)} left")
        lines = [Text("  ".join(parts), style="bold")]
        best = self._tally.best()
        if best is not None:
            name, mean, point = best
            lines.append(Text(f"best  {name} {format_number(mean)}  {settings_of(point.values)}"))
        running = [trial for trial in self._tally.trials if trial.status == "running"]
        if self._doing and not running and not counts["finished"]:
            lines.append(Text(f"  {printable(self._doing)}"))
        for trial in running[:_MOST_RUNNING]:
            logs = "  ".join(format_logs(dict(list(trial.logs.items())[:2])))
            place = f"epoch {trial.epoch}/{trial.epochs}"
            lines.append(Text(printable(f"  {place}  {logs}  {settings_of(trial.values)}")))
        if len(running) > _MOST_RUNNING:
            lines.append(Text(f"  and {len(running) - _MOST_RUNNING} more"))
        for line in lines:
            line.truncate(self._console.width - ECHOED, overflow="ellipsis")
        return Text("\n").join(lines)


def counts_of(trials: Sequence[Trial]) -> dict[str, int]:
    """Count the runs by how they stand."""
    statuses = ["stopped early" if trial.status == "paused" else trial.status for trial in trials]
    return {status: statuses.count(status) for status in _STATUSES}
