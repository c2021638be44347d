"""`dlrun du`: what runs take on the disk."""

from __future__ import annotations

import sys

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, RunsDir, SomeRuns
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import screen_of, write_data, write_json, write_message
from dlrun.cli.terminal.tables import draw_or_stack, one_line


def du(
    runs: SomeRuns = None, *, runs_dir: RunsDir = DEFAULT_RUNS_DIR, as_json: AsJson = False
) -> None:
    """Show how much of the disk runs and sweeps take, the largest first."""
    show_activity(f"measuring the files of {runs_dir} ...", soon=True)
    from dlrun.memory import in_words
    from dlrun.rundir.usage import usage

    found = usage(runs or (), runs_dir)
    if as_json:
        names = ("run", "kind", "bytes", "checkpoints")
        values = ((one.path, one.kind, one.size, one.checkpoints) for one in found)
        write_json([dict(zip(names, one, strict=True)) for one in values])
        return
    if not found:
        write_message(f"There is no run in {runs_dir}.")
        return
    rows = [
        [one_line(one.path.name), one.kind, in_words(one.size), in_words(one.checkpoints)]
        for one in found
    ]
    size, checkpoints = sum(one.size for one in found), sum(one.checkpoints for one in found)
    total = ["in all", "", in_words(size), in_words(checkpoints)]
    headings = ["name", "kind", "size", "checkpoints"]
    rows += [total] if len(rows) > 1 else []
    write_data(draw_or_stack([headings, *rows], screen_of(sys.stdout), left=2, whole=True))
