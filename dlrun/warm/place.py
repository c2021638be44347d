"""Where a resident process listens, and which commands it is for."""

from __future__ import annotations

import os
import sys
import zlib

import dlrun
from dlrun.state import open_private, state_folder

TYPE_CHECKING = False  # to import `typing` takes 2 ms
if TYPE_CHECKING:
    import _socket as socket

_PEER = "iII"  # process, user, group
_PATIENCE = 5.0
"""Seconds after which a resident process that does not answer is left alone."""


def is_supported() -> bool:
    """Say whether there are resident processes on this system: it forks after the imports."""
    # macOS forks too, but its own libraries do not survive it.
    return sys.platform == "linux" and hasattr(os, "fork")


def folder() -> str:
    """Return the folder of the sockets: in `$XDG_RUNTIME_DIR`, else where dlrun keeps its state."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime) and os.access(runtime, os.W_OK | os.X_OK):  # noqa: PTH117
        return os.path.join(runtime, "dlrun")  # noqa: PTH118
    return os.path.join(state_folder(), "warm")  # noqa: PTH118


def identity() -> list[bytes]:
    """Tell what a resident process shares with the commands that it runs, see `name`.

    That is the Python, how it was started, dlrun, and where everything else is imported from.
    """
    # Its first entry is the folder of the script, or the current one under `python -m`.
    begin = 0 if sys.flags.safe_path else 1
    told = (
        sys.executable, sys.prefix, sys.version, repr(sys.flags), repr(sys.warnoptions),
        repr(sorted(sys._xoptions.items())), repr(sys.path[begin:]),  # noqa: SLF001 - as documented
        os.path.realpath(dlrun.__file__), dlrun.__version__,
    )  # fmt: skip
    return [os.fsencode(text).replace(b"\0", b"") for text in told]


def name() -> str:
    """Return the name of the socket: one for each `identity`."""
    return f"{zlib.crc32(b'|'.join(identity())):08x}"


def open_folder(*, create: bool = False) -> int:
    """Open the folder of the sockets, see `open_private`.

    Raises:
        OSError: It is not there, or is not this user's alone, or there is no home.
    """
    try:
        return open_private(folder(), create=create)
    except RuntimeError as error:
        raise FileNotFoundError(str(error)) from error


def address(opened: int) -> str:
    """Return where to bind or connect: paths of sockets may have 107 bytes only, this is short."""
    return f"/proc/self/fd/{opened}/{name()}"


def connect() -> socket.socket | None:
    """Connect to the resident process of these commands; None if none of this user answers."""
    try:
        opened = open_folder()
    except OSError:
        return None
    import _socket as socket  # the part in C: the module around it takes 2 ms

    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(_PATIENCE)
        connection.connect(address(opened))
        if is_own(connection):
            return connection
    except OSError:
        pass
    finally:
        os.close(opened)
    connection.close()
    return None


def peer(connection: socket.socket) -> tuple[int, int]:
    """Tell which process of which user is at the other end, as the kernel knows."""
    import _socket as socket
    import struct

    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(_PEER))
    process, user, _ = struct.unpack(_PEER, told)
    return process, user


def is_own(connection: socket.socket) -> bool:
    """Say whether the other end belongs to this user."""
    return peer(connection)[1] == os.geteuid()
