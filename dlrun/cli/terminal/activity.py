"""The last line of a terminal while something takes long: what is done, until something is said.

Where stderr is no terminal, nothing is drawn: there a listener tells in lines of their own.
"""

from __future__ import annotations

import contextlib
import sys
import threading

ECHOED = 3
"""Cells at the end of a line of which nothing is drawn over and over: a terminal writes `^C` or
`^Z` there, which on the next line would keep the drawing from being taken away."""
_PATIENCE = 0.2
"""Seconds after which a command that is mostly quicker says what it does."""


class _Line:
    """What is drawn, and what waits to be; a thread may draw while another one speaks."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._is_drawn = False
        self._waiting: threading.Timer | None = None

    def draw(self, text: str) -> None:
        """Draw a text in the place of what is drawn."""
        from dlrun.cli.terminal.output import screen_of
        from dlrun.cli.terminal.tables import cut_cells
        from dlrun.wording import printable

        screen = screen_of(sys.stderr)
        if not screen.is_terminal or hasattr(sys.stderr, "rich_proxied_file"):
            return  # where a table is drawn, rich would print the codes of a line as its text
        with self._lock, contextlib.suppress(OSError, ValueError):
            self.forget()
            sys.stderr.write(f"\r{cut_cells(printable(text), screen.width - ECHOED)}\x1b[K")
            sys.stderr.flush()
            self._is_drawn = True

    def draw_later(self, text: str) -> None:
        """Draw a text unless something is said before; no thread is begun where nothing can be."""
        if sys.stderr.isatty():
            self.forget()
            self._waiting = threading.Timer(_PATIENCE, self._draw_waiting, [text])
            self._waiting.daemon = True
            self._waiting.start()

    def _draw_waiting(self, text: str) -> None:
        with self._lock:
            if self._waiting is threading.current_thread():
                self.draw(text)

    def forget(self) -> None:
        """Let nothing be drawn any more that waits to be."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()

    def clear(self) -> None:
        """Free the line: something else is to stand there."""
        with self._lock:
            self.forget()
            if self._is_drawn:
                self._is_drawn = False
                with contextlib.suppress(OSError, ValueError):
                    sys.stderr.write("\r\x1b[K")
                    sys.stderr.flush()


_line = _Line()
clear_activity = _line.clear


def show_activity(text: str, *, quiet: bool = False, soon: bool = False) -> None:
    """Draw what is done now; with `soon` only if that takes longer than a moment."""
    if not quiet:
        (_line.draw_later if soon else _line.draw)(text)
