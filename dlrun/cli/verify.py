"""`dlrun verify RUN...`: find the files of a run that are no longer what the run wrote."""

from __future__ import annotations

import typer

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, Runs, RunsDir
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import write_data, write_json
from dlrun.errors import RunFolderError
from dlrun.rundir.extension import EXTENSION_WAITS
from dlrun.wording import count, printable


def verify(runs: Runs, *, runs_dir: RunsDir = DEFAULT_RUNS_DIR, as_json: AsJson = False) -> None:
    """Check every file of runs against the hash that they recorded."""
    show_activity(f"checking the files of {runs[0]} ...", soon=True)
    from dlrun.rundir.bundle import is_bundle, reading
    from dlrun.workflows import verify as workflow

    found = []
    for run in runs:
        with reading(run, runs_dir) as opened:
            found.append(workflow.verify(opened))
    if as_json:
        write_json(
            [
                {
                    "run": one.run.path,
                    "files": one.files,
                    "problems": one.problems,
                    "complete": one.complete,
                    "extension": one.extension,
                }
                for one in found
            ]
        )
    for reference, one in [] if as_json else zip(runs, found, strict=True):
        sound = f"{count(one.files, 'file is', 'files are')} as the run wrote them"
        verdict = "damaged" if one.problems else sound
        ending = "" if one.complete else "; it has not ended, so the others have no hashes yet"
        if one.extension:
            ending += f"; {EXTENSION_WAITS}"
        place = reference if is_bundle(reference) else one.run.path
        write_data(f"{place}: {verdict}{ending}")
        for problem in one.problems:
            write_data(f"  {printable(problem)}")
    if any(one.problems for one in found):
        raise typer.Exit(RunFolderError.exit_code)
