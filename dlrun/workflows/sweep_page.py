"""The table and the page of a sweep, made of the folders of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dlrun.reports.sweep_results import results_csv
from dlrun.rundir.files import write_text
from dlrun.rundir.names import SWEEP_PAGE, SWEEP_TABLE
from dlrun.workflows.sweep_results import read_results

if TYPE_CHECKING:
    from pathlib import Path


class Messages(Protocol):
    """Is told messages."""

    def message(self, text: str) -> None:
        """Be told one line that the user should read."""


def write_page(folder: Path, listener: Messages) -> Path:
    """Write `results.csv` and `sweep.html`.

    Args:
        folder: The sweep's folder.
        listener: Who is told where there is nothing to show.

    Returns:
        The page.

    Raises:
        RunFolderError: It is no sweep.
    """
    results = read_results(folder)
    write_text(folder / SWEEP_TABLE, results_csv(results))
    return folder / SWEEP_PAGE
