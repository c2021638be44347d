"""`dlrun doctor`: is this machine fit for training?"""

from __future__ import annotations

import sys
import textwrap

import typer

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, RunsDir
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import fill, screen_of, write_data, write_json
from dlrun.cli.terminal.tables import paint
from dlrun.wording import printable

_NAME = 14  # cells of a mark and a name


def doctor(*, runs_dir: RunsDir = DEFAULT_RUNS_DIR, as_json: AsJson = False) -> None:
    """Look at this machine: versions, devices, memory, disk, locks and speed; 1 where one fails."""
    show_activity("looking ...")
    from dlrun.workflows.doctor import doctor as workflow

    screen, found = screen_of(sys.stdout), []
    for one in workflow(runs_dir, say=show_activity):
        found.append(one)
        if not as_json:
            mark = paint("ok", "green", screen) if one.fix is None else paint("!!", "red", screen)
            texts = [printable(text) for text in (one.told, one.fix) if text]
            room = screen.width - _NAME
            told = "\n".join(fill(text, room, whole=True) for text in texts)
            write_data(f"{mark} {one.name:<10} {textwrap.indent(told, ' ' * _NAME).lstrip()}")
    if as_json:
        write_json([vars(one) for one in found])
    if any(one.fix is not None for one in found):
        raise typer.Exit(1)
