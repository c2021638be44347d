"""What a run shows while it trains: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from dlrun.cli.terminal import curves
from dlrun.cli.terminal.activity import ECHOED, clear_activity, show_activity
from dlrun.cli.terminal.output import folded, screen_of, write_message
from dlrun.cli.terminal.tables import cell_len
from dlrun.training.listener import WARNING, Listener
from dlrun.wording import format_duration, format_logs, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

_SECONDS_BETWEEN_LINES = 5.0
_SECONDS_BETWEEN_DRAWINGS = 0.1
_BAR = "........"  # keeps the room for the shortest bar
_LONGEST_BAR = 32
_GAP = "  "
_WIDTH_WITH_CURVE = 100  # from this size of the terminal on the losses are drawn
_HEIGHT_WITH_CURVE = 2 * curves.HEIGHT


@contextlib.contextmanager
def listening(*, quiet: bool) -> Iterator[Listener]:
    """Choose how to show what a run does, and leave the terminal as it was."""
    # Whatever a library prints meanwhile is a message, never data.
    with contextlib.redirect_stdout(sys.stderr):
        if quiet:
            yield QuietListener()
        elif screen_of(sys.stderr).is_terminal:
            from rich.console import Console

            listener = BarListener(Console(stderr=True))
            try:
                yield listener
            finally:
                listener.finished()
        else:
            yield LineListener()


class QuietListener(Listener):
    """Prints warnings, and nothing else."""

    def message(self, text: str) -> None:
        """Print a line that no quiet may hide."""
        if text.startswith(WARNING):
            write_message(text)


class Pace:
    """How fast training goes, in batches and seconds, and so how long it will take."""

    def __init__(self, total: int, done: int, now: float) -> None:
        self._total = total
        self._start = (done, now)
        self._first_report: tuple[int, float] | None = None

    def time_left(self, done: int, now: float) -> float | None:
        """Estimate the seconds left from the speed so far; None where nothing is known yet."""
        # The time before the first report, in which the graph is compiled, tells nothing.
        if self._first_report is None and done > self._start[0]:
            self._first_report = (done, now)
        before, then = self._first_report or self._start
        if done <= before:
            return None
        return (self._total - done) * (now - then) / (done - before)

    def words(self, done: int, now: float) -> str:
        """Write the time left: `12 s left`, or nothing."""
        seconds = self.time_left(done, now)
        return "" if seconds is None else f"{format_duration(seconds)} left"


FOLDING = frozenset(
    {
        "ALACRITTY_WINDOW_ID", "ITERM_SESSION_ID", "KITTY_WINDOW_ID", "KONSOLE_VERSION",
        "TMUX", "VTE_VERSION", "WEZTERM_PANE", "WT_SESSION",
    }
)  # fmt: skip
"""Variables of terminals that fold lines anew when their window becomes narrower."""


class LiveDrawing:
    """A drawing at the end of a terminal that changes; messages are printed above it."""

    def __init__(
        self, console: Console, clock: Callable[[], float] = time.monotonic, *, pause: float
    ) -> None:
        self._console = console
        self._clock = clock
        self._pause = pause  # seconds between two drawings
        self._drawn_at = -pause
        self._live: Live | None = None
        self._cells: list[int] = []  # of each line of the last drawing

    def message(self, text: str) -> None:
        """Print a line above the drawing."""
        clear_activity()
        with contextlib.suppress(OSError):
            self._console.out(folded(text, self._console.width), highlight=False)

    def doing(self, text: str) -> None:
        """Draw a line that the drawing, or the next message, takes the place of."""
        if self._live is None:
            show_activity(text)

    def begin(self) -> None:
        """Take the end of the terminal."""
        from rich.live import Live

        clear_activity()
        self._drawn_at = -self._pause
        self._cells = []
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()

    def draw(self, now: float, drawing: Callable[[], Text]) -> None:
        """Draw anew, where the last drawing is old enough."""
        if self._live is None or now - self._drawn_at < self._pause:
            return
        self._drawn_at = now
        text = drawing()
        with contextlib.suppress(OSError):
            self._clear_folded()
            self._live.update(text, refresh=True)
        self._cells = [cell_len(line.rstrip()) for line in text.plain.splitlines()]

    def finished(self) -> None:
        """Clear the drawing."""
        live, self._live = self._live, None
        if live is not None:
            with contextlib.suppress(OSError):
                self._clear_folded()
                live.stop()

    def _clear_folded(self) -> None:
        """Clear what a narrower window has made of the last drawing: more rows than it had lines.

        Where a terminal cuts lines in place of folding them, rows above would be lost.
        """
        rows = sum(max(1, math.ceil(cells / self._console.width)) for cells in self._cells)
        more = rows - len(self._cells)
        if more <= 0 or FOLDING.isdisjoint(os.environ):
            return
        from rich.control import Control
        from rich.segment import ControlType

        clear = (ControlType.ERASE_IN_LINE, 2)
        up = [(ControlType.CURSOR_UP, 1), clear] * more
        self._console.control(Control(ControlType.CARRIAGE_RETURN, clear, *up))


class LineListener(Listener):
    """Prints plain lines to stderr, at most one every few seconds, and always the last epoch."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pending: str | None = None

    def message(self, text: str) -> None:
        """Print a line."""
        write_message(text)

    def doing(self, text: str) -> None:
        """Print a line."""
        write_message(text)

    def started(self, *, epochs: int, steps: int, first_epoch: int = 0) -> None:
        """Note how much there is to do."""
        self._epochs, self._steps = epochs, steps
        self._printed_at = self._clock()
        self._pace = Pace(epochs * steps, first_epoch * steps, self._printed_at)

    def progressed(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Print where training is, if the last line is old enough or this is the end."""
        now = self._clock()
        remaining = self._pace.words(epoch * self._steps + step, now)
        place = f"epoch {epoch}/{self._epochs}"
        place += f" + {step}/{self._steps} batches" if step else ""
        self._pending = "  ".join((place, *format_logs(logs)))
        if epoch >= self._epochs:
            self._print(now)
        elif now - self._printed_at >= _SECONDS_BETWEEN_LINES:
            self._print(now, remaining)

    def finished(self) -> None:
        """Print the last epoch, where training ended early: then no time is left."""
        self._print(self._clock())

    def _print(self, now: float, remaining: str = "") -> None:
        if self._pending is not None:
            write_message(f"{self._pending}  {remaining}" if remaining else self._pending)
        self._pending, self._printed_at = None, now


class BarListener(LiveDrawing, Listener):
    """Draws a line with bar and numbers, beside it on a wide terminal the losses of all epochs."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(console, clock, pause=_SECONDS_BETWEEN_DRAWINGS)
        self._curve = curves.LossCurve()

    def started(self, *, epochs: int, steps: int, first_epoch: int = 0) -> None:
        """Draw the bar."""
        self._epochs, self._steps = epochs, steps
        self._pace = Pace(epochs * steps, first_epoch * steps, self._clock())
        self.begin()
        self.progressed(epoch=first_epoch, step=0, logs={})

    def recalled(self, *, epoch: int, logs: Mapping[str, float]) -> None:
        """Note a point of the curve from before the run went on."""
        self._curve.add(epoch, logs)

    def progressed(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Draw the bar anew, at most ten times a second."""
        now = self._clock()
        done = epoch * self._steps + step
        time_left = self._pace.words(done, now)
        self._curve.add(epoch, logs)
        place = f"epoch {epoch:{len(str(self._epochs))}}/{self._epochs}"
        fraction = done / max(self._epochs * self._steps, 1)
        self.draw(now, lambda: self._draw(place, fraction, logs, time_left))

    def _draw(self, epoch: str, fraction: float, logs: Mapping[str, float], time_left: str) -> Text:
        """The line; on a large terminal the curve of the losses, too."""
        width, ascii_only = self._console.width - ECHOED, self._console.options.ascii_only
        is_wide = self._console.width >= _WIDTH_WITH_CURVE
        is_large = is_wide and self._console.height >= _HEIGHT_WITH_CURVE
        # Curves in braille are told apart by colours; the console of Linux has no braille.
        has_colors = self._console.color_system is not None and not self._console.no_color
        is_braille = not ascii_only and has_colors and os.environ.get("TERM") != "linux"
        curve = self._curve.draw(is_braille=is_braille, ascii_only=ascii_only) if is_large else []
        left = width - curves.WIDTH - len(_GAP) if curve else width
        line = progress_line(
            epoch,
            fraction=fraction,
            logs=[] if curve else [printable(part) for part in format_logs(logs)],
            time_left=time_left,
            width=left,
            ascii_only=ascii_only,
        )
        if not curve:
            return line
        numbers = curves.legend(logs, is_braille=is_braille, width=left)
        return curves.beside([line, *numbers], curve, left + len(_GAP))


def progress_line(
    epoch: str,
    *,
    fraction: float,
    logs: list[str],
    time_left: str,
    width: int,
    ascii_only: bool = False,
) -> Text:
    """Write where training is: `epoch 3/10  ━━━╌╌╌╌╌╌╌  loss 0.1234  12 s left`."""
    from rich.text import Text

    room = width - len(epoch)
    shown = []
    # What matters most finds room first; of validation rows that is the first metric, or the loss.
    watched = [part for part in logs if part.startswith("val_")]
    watched = watched[1:2] or watched[:1]
    others = [part for part in logs[1:] if part not in watched]
    for part in filter(None, (*logs[:1], _BAR, time_left, *watched, *others)):
        needed = cell_len(_GAP + part)
        if needed > room:
            break
        shown.append(part)
        room -= needed
    line = Text(epoch, no_wrap=True, overflow="ellipsis")
    if _BAR in shown:
        bar_width = min(len(_BAR) + room, _LONGEST_BAR)
        filled = round(bar_width * min(fraction, 1.0))
        full, empty = "=-" if ascii_only else "━╌"
        line.append(_GAP).append(full * filled, "green")
        line.append(empty * (bar_width - filled), "dim")
    for part in (*logs, time_left):
        if part in shown:
            line.append(_GAP + part)
    return line
