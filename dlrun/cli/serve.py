"""`dlrun serve RUN`: answer over HTTP what a run says of rows; stdout gets the address."""

from __future__ import annotations

import ipaddress
import socket
from functools import partial
from importlib.util import find_spec
from typing import Annotated

from dlrun.cli import options
from dlrun.cli.options import option
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import Screen, flush_data, write_data, write_message
from dlrun.errors import DlrunError, UsageError
from dlrun.rundir.files import reason

Host = Annotated[
    str, option("--host HOST", "Where to listen; 0.0.0.0 for all who can reach this machine.")
]
Port = Annotated[int, option("--port N", "The port; 0 for a free one.  [8000]", min=0, max=65535)]
MaxRows = Annotated[int, option("--max-rows N", "Rows of one request.  [10000]", min=1)]
Timeout = Annotated[
    float, option("--timeout SECONDS", "What one request may take.  [30]", min=0.001)
]


def serve(
    run: options.Run,
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    max_rows: MaxRows = 10_000,
    timeout: Timeout = 30.0,
    runs_dir: options.RunsDir = options.DEFAULT_RUNS_DIR,
    quiet: options.Quiet = False,
) -> None:
    """Serve a run over HTTP until Ctrl-C: a page with a form, and two protocols for programs.

    TensorFlow Serving's (`/v1/models/NAME:predict`) and Open Inference's
    (`/v2/models/NAME/infer`).
    """
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        what = f"to serve needs {' and '.join(missing)}, not installed."
        raise UsageError(what, fix="Install it: pip install 'dlrun[serve]'")
    show_activity(f"opening {run} ...", quiet=quiet)
    from dlrun.cli.explain import draw_explanation
    from dlrun.cli.terminal.progress import listening
    from dlrun.rundir.bundle import reading

    with _listening_at(host, port) as door, reading(run, runs_dir) as opened:
        import uvicorn

        from dlrun.serving.app import Limits, build_app
        from dlrun.serving.service import Service

        draw = partial(draw_explanation, layer=None, screen=Screen(width=100))
        with listening(quiet=quiet) as listener:
            service = Service(opened, listener, max_rows=max_rows, draw=draw)
        app = build_app(service, host, Limits(seconds=timeout))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False))
        shown = f"[{host}]" if ":" in host else host
        write_data(f"http://{shown}:{door.getsockname()[1]}/")
        flush_data()
        if not quiet:
            write_message(f"model {service.name}, until Ctrl-C")
        server.run(sockets=[door])


def _listening_at(host: str, port: int) -> socket.socket:
    """Open the port, before the model is loaded: one that is taken is told at once."""
    try:
        is_six = ipaddress.ip_address(host).version == 6  # noqa: PLR2004
    except ValueError:
        is_six = False
    family = socket.AF_INET6 if is_six else socket.AF_INET
    # Of sockets that say TCP alone does asyncio switch off Nagle's wait: 40 ms for each answer.
    door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
        door.listen()  # who asks before the model is loaded waits, and is not refused
    except OSError as error:
        door.close()
        what = f"cannot listen there: {reason(error)}."
        fix = "Choose another one with --port; 0 takes a free one."
        raise DlrunError(what, where=f"{host}:{port}", fix=fix) from error
    return door
