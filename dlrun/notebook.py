"""What a notebook shows: tables and progress; what is no notebook has Python's own logging."""

from __future__ import annotations

import html
import logging
import sys
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from dlrun.training.listener import WARNING, Listener
from dlrun.wording import format_logs, format_number, printable

LOGGER: Final = logging.getLogger("dlrun")
MOST_ROWS: Final = 20
_SECONDS_BETWEEN_DRAWINGS = 0.2


class DlrunWarning(UserWarning):
    """What a user of a run should know; the command line calls it a warning."""


def in_notebook() -> bool:
    """Say whether cells of a notebook show what this process displays."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def listening() -> Listener:
    """Choose who hears of a run: the cell of a notebook, else Python's logging."""
    return CellListener() if in_notebook() else LogListener()


class LogListener(Listener):
    """Issues warnings as Python's, and logs everything else, for `logging.getLogger("dlrun")`."""

    def message(self, text: str) -> None:
        """Warn, or log a line."""
        if text.startswith(WARNING):
            warnings.warn(text.removeprefix(WARNING), DlrunWarning, stacklevel=_to_the_user())
        else:
            LOGGER.info("%s", text)

    def doing(self, text: str) -> None:
        """Log a line."""
        LOGGER.debug("%s", text)

    def epoch_ended(self, *, epoch: int, logs: Mapping[str, float]) -> None:
        """Log an epoch."""
        LOGGER.debug("%s", "  ".join([f"epoch {epoch}", *format_logs(logs)]))


def _to_the_user() -> int:
    """How far up the first caller is that is not dlrun's own, as `warnings.warn` counts."""
    # 1 is who calls `warnings.warn`, which is who calls this; `contextlib` stands in between.
    level, frame = 1, sys._getframe(1)  # noqa: SLF001 - `warnings` has no other way in Python 3.11
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__")):
        level, frame = level + 1, frame.f_back
    return level


def _is_ours(name: object) -> bool:
    return isinstance(name, str) and name.partition(".")[0] in ("dlrun", "contextlib")


class CellListener(LogListener):
    """Shows in the cell of a notebook how far a training is, in one line that changes."""

    def __init__(self) -> None:
        display = sys.modules["IPython.display"]
        self._html, self._handle = display.HTML, display.DisplayHandle()
        self._shown = False
        self._drawn_at = 0.0
        self._epochs = 0

    def doing(self, text: str) -> None:
        """Show what takes a while."""
        self._show(html.escape(printable(text)), now=True)

    def started(self, *, epochs: int, steps: int, first_epoch: int = 0) -> None:
        """Note how much there is to do."""
        del steps
        self._epochs = epochs
        self.progressed(epoch=first_epoch, step=0, logs={})

    def progressed(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Draw how far it is, at most five times a second."""
        del step
        told = html.escape("  ".join(map(printable, format_logs(logs))))
        bar = f'<progress value="{epoch}" max="{max(self._epochs, 1)}"></progress>'
        self._show(f"epoch {epoch}/{self._epochs} {bar} {told}", now=epoch >= self._epochs)

    def _show(self, text: str, *, now: bool) -> None:
        if not now and time.monotonic() - self._drawn_at < _SECONDS_BETWEEN_DRAWINGS:
            return
        self._drawn_at = time.monotonic()
        drawing = self._html(f"<div>{text}</div>")
        if self._shown:
            self._handle.update(drawing)
        else:
            self._handle.display(drawing)
        self._shown = True


def table_html(headings: Sequence[str], rows: Iterable[Sequence[Any]], *, of: int) -> str:
    """Draw a table; of `of` rows, those that are given."""
    shown = list(rows)
    head = "".join(f"<th>{html.escape(str(one))}</th>" for one in headings)
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(cell_text(cell))}</td>' for cell in row)}</tr>"
        for row in shown
    )
    more = f"<p>{of - len(shown):,} more rows</p>" if of > len(shown) else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def cell_text(value: Any) -> str:
    """Write a value of a table for people."""
    if value is None:
        return ""
    if isinstance(value, float):
        return format_number(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def metrics_html(metrics: Mapping[str, Mapping[str, float | None]]) -> str:
    """Draw metrics, a column for each split."""
    names = list(dict.fromkeys(name for values in metrics.values() for name in values))
    rows = [[name, *(values.get(name) for values in metrics.values())] for name in names]
    return table_html(["", *metrics], rows, of=len(rows)) if rows else ""


class Table(dict[str, list[Any]]):
    """Columns by their names, as `pandas.DataFrame` and `polars.DataFrame` take them."""

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(next(iter(self.values()), []))

    def _repr_html_(self) -> str:
        shown = zip(*(column[:MOST_ROWS] for column in self.values()), strict=True)
        return table_html(list(self), shown, of=self.rows)


class Rows(list[dict[str, Any]]):
    """One mapping a row, as `pandas.DataFrame` takes them."""

    def _repr_html_(self) -> str:
        names = list(dict.fromkeys(name for row in self[:MOST_ROWS] for name in row))
        shown = ([row.get(name) for name in names] for row in self[:MOST_ROWS])
        return table_html(names, shown, of=len(self))
