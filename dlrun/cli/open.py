"""`dlrun open RUN`: show the page of a run, or of a sweep, in the browser."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

from dlrun.cli.options import DEFAULT_RUNS_DIR, Run, RunsDir
from dlrun.cli.terminal.output import write_data, write_message
from dlrun.errors import UsageError
from dlrun.rundir.names import REPORT, SWEEP_PAGE
from dlrun.wording import printable


def open_page(run: Run, *, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """Open the page of a run, or of a sweep, in the browser, and print its path."""
    import webbrowser

    from dlrun.rundir.bundle import is_bundle
    from dlrun.rundir.record import read_record
    from dlrun.rundir.trash import find_folders, is_sweep

    if is_bundle(run):
        fix = f"`dlrun import {shlex.quote(run)}` makes a run folder, which has a page."
        raise UsageError("is a bundle, which is not opened in a browser.", where=run, fix=fix)
    (folder,) = find_folders([run], runs_dir)
    page = folder / (SWEEP_PAGE if is_sweep(folder) else REPORT)
    if not page.is_file() or page.is_symlink():
        fix = f"`dlrun sweep report {shlex.quote(str(folder))}` makes one."
        if not is_sweep(folder):
            fix = _fix_of_run(folder, read_record(folder).get("data_files"))
        raise UsageError("there is no page of it.", where=str(folder), fix=fix)
    write_data(str(page))
    if not webbrowser.open(page.resolve().as_uri()):
        write_message("No browser was found; the variable BROWSER names one.")


def _fix_of_run(path: Path, data_files: Any) -> str:
    """Say what makes a page; one who was given a run may not have the rows that it is drawn of."""
    told = data_files if isinstance(data_files, list) else []
    files = [one.get("path") for one in told if isinstance(one, dict)]
    gone = next((one for one in files if isinstance(one, str) and not os.path.lexists(one)), None)
    if gone is None:
        return f"`dlrun report {shlex.quote(str(path))}` makes one."
    return (
        f"It is drawn of the data, and {printable(gone)} is not there. Whoever has the data makes "
        "a bundle that has a page: `dlrun export RUN bundle`."
    )
