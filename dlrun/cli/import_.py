"""`dlrun import FILE`: runs of a bundle or an archive become folders; stdout gets their paths."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, RunsDir, argument, option
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import screen_of, write_data, write_json
from dlrun.errors import UsageError
from dlrun.wording import meant_file

FIX: Final = "Give the .zip file that `dlrun export RUN bundle` or `dlrun archive` wrote."

Source = Annotated[
    Path,
    argument("FILE", "What `dlrun export RUN bundle` or `dlrun archive` wrote: a .zip file."),
]
Wanted = Annotated[
    list[str] | None,
    argument("RUN", "Runs or sweeps of an archive, by parts of their names; none for all."),
]


def import_(
    source: Source,
    runs: Wanted = None,
    *,
    only_list: Annotated[bool, option("--list", "List what an archive holds.")] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    as_json: AsJson = False,
) -> None:
    """Unpack the run of a bundle, or those of an archive, and check every file of them."""
    from dlrun.rundir.archive import import_archive, is_archive
    from dlrun.rundir.bundle import import_bundle

    if not source.is_file():
        what = "is a folder" if source.is_dir() else "there is no such file"
        raise UsageError(f"{what}.", where=str(source), fix=meant_file(source) or FIX)
    if is_archive(source):
        if only_list:
            _list(source, as_json=as_json)
            return
        done = import_archive(source, runs or (), runs_dir, show_activity)
        if as_json:
            write_json({"runs": done})
        else:
            write_data("\n".join(map(str, done)))
        return
    if runs or only_list:
        what = "is no archive, but the bundle of one run."
        raise UsageError(what, where=str(source), fix=f"`dlrun verify {source}` tells of it.")
    run = import_bundle(source, runs_dir)
    if as_json:
        write_json({"run": run.path})
    else:
        write_data(str(run.path))


def _list(source: Path, *, as_json: bool) -> None:
    from dlrun.cli.terminal.tables import draw_cut, one_line
    from dlrun.memory import in_words
    from dlrun.rundir.archive import contents_of
    from dlrun.wording import format_number

    found = contents_of(source)
    if as_json:
        write_json(list(map(asdict, found)))
        return
    rows = [
        [one_line(one.name), one.kind, one_line(one.status), one_line(one.metric or "-"),
         format_number(one.value), in_words(one.size)]
        for one in found
    ]  # fmt: skip
    headings = ["name", "kind", "status", "main metric", "value", "size"]
    write_data(draw_cut(headings, rows, screen_of(sys.stdout), left=4))
