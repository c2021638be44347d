"""`dlrun restore`: what is in the trash; bring it back, or remove it for good."""

from __future__ import annotations

import sys
from typing import Annotated

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, RunsDir, argument, option
from dlrun.cli.terminal.output import screen_of, write_data, write_json, write_message
from dlrun.cli.terminal.tables import draw_or_stack, one_line
from dlrun.wording import count

Removed = Annotated[
    list[str] | None,
    argument("RUN", "Runs or sweeps in the trash; none to list what is there."),
]


def restore(
    runs: Removed = None,
    *,
    empty: Annotated[
        bool, option("--empty", "Remove these for good; without any, all that is in the trash.")
    ] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    as_json: AsJson = False,
) -> None:
    """Bring back what `dlrun rm` took away, or list it."""
    from dlrun.memory import in_words
    from dlrun.rundir.trash import bring_back, find_in_trash, in_trash, kind_of, remove_for_good
    from dlrun.rundir.usage import size_of

    if runs or empty:
        done = find_in_trash(runs, runs_dir) if runs else in_trash(runs_dir)
        if empty:
            for folder in done:
                remove_for_good(folder)
        else:
            done = [bring_back(folder) for folder in done]
        if as_json:
            write_json(done)
        elif empty:
            write_message(f"{count(len(done), 'folder')} removed for good")
        else:
            write_data("\n".join(map(str, done)))
        return
    found = [(path, kind_of(path), size_of(path)) for path in in_trash(runs_dir)]
    if as_json:
        write_json([{"run": path, "kind": kind, "bytes": size} for path, kind, size in found])
    elif found:
        rows = [[one_line(path.name), kind, in_words(size)] for path, kind, size in found]
        write_data(
            draw_or_stack(
                [["name", "kind", "size"], *rows], screen_of(sys.stdout), left=2, whole=True
            )
        )
    else:
        write_message(f"The trash of {runs_dir} is empty.")
