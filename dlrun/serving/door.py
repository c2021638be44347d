"""Where a server listens: its port, opened before anything slow, and until when it answers."""

from __future__ import annotations

import ipaddress
import socket
from importlib.util import find_spec
from typing import Any

from dlrun.errors import DlrunError, UsageError
from dlrun.rundir.files import reason


def check_installed(what: str) -> None:
    """Refuse to serve without the packages of the extra; `what` is what is to be done."""
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        told = f"{what} needs {' and '.join(missing)}, not installed."
        raise UsageError(told, fix="Install it: pip install 'dlrun[serve]'")


def listening_at(host: str, port: int) -> socket.socket:
    """Open the port, before anything is loaded: one that is taken is told at once."""
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


def address_of(host: str, door: socket.socket) -> str:
    """Write the address of an open port as browsers take it."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{door.getsockname()[1]}/"


def answer(app: Any, door: socket.socket) -> None:
    """Let an application answer until a signal ends the process; no request is logged."""
    import uvicorn  # noqa: PLC0415 - of an extra

    # Without a configuration of its own: to make one closes the handlers of all other libraries,
    # and absl's closes the stream that it writes to. Warnings go to stderr all the same.
    config = uvicorn.Config(
        app, log_config=None, log_level="warning", access_log=False, server_header=False
    )
    uvicorn.Server(config).run(sockets=[door])
