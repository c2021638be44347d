"""`dlrun tensorboard [RUNS]`: show tracked runs in TensorBoard."""

from __future__ import annotations

from typing import Annotated

from dlrun.cli import options
from dlrun.cli.completion import complete_run
from dlrun.cli.options import argument, option
from dlrun.workflows.tensorboard import find_events, start_tensorboard

Runs = Annotated[
    str | None,
    argument("RUNS", "A folder of runs, of a sweep, or a run.  [default: all runs]", complete_run),
]
Host = Annotated[str, option("--host HOST", "Where to listen.  [default: 127.0.0.1]")]
Port = Annotated[int, option("--port N", "The port.  [default: 6006]", min=0, max=65535)]


def tensorboard(
    runs: Runs = None,
    *,
    host: Host = "127.0.0.1",
    port: Port = 6006,
    runs_dir: options.RunsDir = options.DEFAULT_RUNS_DIR,
) -> None:
    """Show runs that were trained with `--track tensorboard` in TensorBoard, until Ctrl-C."""
    start_tensorboard(find_events(runs, runs_dir), host=host, port=port)
