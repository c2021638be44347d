"""`dlrun import BUNDLE`: a bundle becomes a run folder; stdout gets its path."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, RunsDir, argument
from dlrun.cli.terminal.output import write_data, write_json

Bundle = Annotated[Path, argument("BUNDLE", "What `dlrun export RUN bundle` wrote: a .zip file.")]


def import_(
    bundle: Bundle, *, runs_dir: RunsDir = DEFAULT_RUNS_DIR, as_json: AsJson = False
) -> None:
    """Unpack the bundle of a run into a folder of its own, and check every file of it."""
    from dlrun.rundir.bundle import import_bundle

    run = import_bundle(bundle, runs_dir)
    if as_json:
        write_json({"run": run.path})
    else:
        write_data(str(run.path))
