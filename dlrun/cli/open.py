"""`dlrun open RUN`: show the page of a run, or of a sweep, in the browser."""

from __future__ import annotations

import shlex

from dlrun.cli.options import DEFAULT_RUNS_DIR, Run, RunsDir
from dlrun.cli.terminal.output import write_data, write_message
from dlrun.errors import UsageError
from dlrun.rundir.names import REPORT, SWEEP_PAGE


def open_page(run: Run, *, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """Open the page of a run, or of a sweep, in the browser, and print its path."""
    import webbrowser

    from dlrun.rundir.trash import find_folders, is_sweep

    (folder,) = find_folders([run], runs_dir)
    page = folder / (SWEEP_PAGE if is_sweep(folder) else REPORT)
    if not page.is_file() or page.is_symlink():
        command = "sweep report" if is_sweep(folder) else "report"
        fix = f"`dlrun {command} {shlex.quote(str(folder))}` makes one."
        raise UsageError("there is no page of it.", where=str(folder), fix=fix)
    write_data(str(page))
    if not webbrowser.open(page.resolve().as_uri()):
        write_message("No browser was found; the variable BROWSER names one.")
