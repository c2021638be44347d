"""`dlrun board`: all runs of a folder on a page of this machine; stdout gets the address."""

from __future__ import annotations

from typing import Annotated

from dlrun.cli.options import DEFAULT_RUNS_DIR, Quiet, RunsDir, option
from dlrun.cli.terminal.output import flush_data, write_data, write_message

Port = Annotated[int, option("--port N", "The port; 0 for a free one.  [8001]", min=0, max=65535)]
Open = Annotated[bool, option("--open/--no-open", "Open the page in the browser.  [default: open]")]

HOST = "127.0.0.1"


def board(
    *,
    port: Port = 8001,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    open_page: Open = True,
    quiet: Quiet = False,
) -> None:
    """Show all runs live on a page in the browser, until Ctrl-C.

    It listens on this machine alone, and answers who knows its address, which ends with a key.
    """
    from dlrun.errors import RunFolderError
    from dlrun.serving.door import address_of, answer, check_installed, listening_at

    check_installed("the board")
    if not runs_dir.is_dir():
        what = "there is no such folder."
        fix = "--runs-dir names the folder of the runs; `dlrun train` makes it."
        raise RunFolderError(what, where=str(runs_dir), fix=fix)
    with listening_at(HOST, port) as door:
        from dlrun.serving.board.app import Keys, build_board
        from dlrun.serving.board.index import RunIndex

        keys = Keys()
        app = build_board(RunIndex(runs_dir), keys)
        address = address_of(HOST, door)
        write_data(f"{address}#{keys.lasting}")
        flush_data()
        if not quiet:
            write_message(f"the runs of {runs_dir}, until Ctrl-C")
        if open_page:
            _open(f"{address}#{keys.once()}", quiet=quiet)
        answer(app, door)


def _open(address: str, *, quiet: bool) -> None:
    """Open a page beside the server: a browser may take as long as it likes to start."""
    import threading
    import webbrowser

    def start() -> None:
        if not webbrowser.open(address) and not quiet:
            write_message("No browser was found; the variable BROWSER names one.")

    threading.Thread(target=start, daemon=True).start()
