"""`dlrun export RUN WORD...`: other forms of a finished run; stdout gets the files' paths."""

from __future__ import annotations

from typing import Annotated

from dlrun.cli.completion import complete_exporter
from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, Quiet, Run, RunsDir, Trust, argument
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import write_data, write_json

Words = Annotated[
    list[str],
    argument(
        "WORD",
        "What to write, as `exports` of a config has it: `dlrun list exporters` shows the words; "
        "'{type: predictions, split: train}' is one with an argument.",
        complete_exporter,
    ),
]


def export(
    run: Run,
    words: Words,
    *,
    trust: Trust = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Write a finished run in other forms, into its folder.

    `dlrun verify` knows the files then, and what the run has written itself stays as it is.
    """
    show_activity(f"opening {run} ...", quiet=quiet)
    from dlrun.cli.terminal.progress import listening
    from dlrun.rundir.folder import open_run
    from dlrun.workflows import export as workflow

    with listening(quiet=quiet) as listener:
        opened = open_run(run, runs_dir)
        written = workflow.export(opened, words, trust=trust, listener=listener)
    if as_json:
        write_json({"run": opened.path, "files": written})
        return
    for path in written:
        write_data(str(path))
