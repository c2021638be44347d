"""`dlrun serve RUN`: answer over HTTP what a run says of rows; stdout gets the address."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from dlrun.cli import options
from dlrun.cli.options import option
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import Screen, flush_data, write_data, write_message

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
    from dlrun.serving.door import address_of, answer, check_installed, listening_at

    check_installed("to serve")
    show_activity(f"opening {run} ...", quiet=quiet)
    from dlrun.cli.explain import draw_explanation
    from dlrun.cli.terminal.progress import listening
    from dlrun.rundir.bundle import reading

    with listening_at(host, port) as door, reading(run, runs_dir) as opened:
        from dlrun.serving.app import Limits, build_app
        from dlrun.serving.service import Service

        draw = partial(draw_explanation, layer=None, screen=Screen(width=100))
        with listening(quiet=quiet) as listener:
            service = Service(opened, listener, max_rows=max_rows, draw=draw)
        app = build_app(service, host, Limits(seconds=timeout))
        write_data(address_of(host, door))
        flush_data()
        if not quiet:
            write_message(f"model {service.name}, until Ctrl-C")
        answer(app, door)
