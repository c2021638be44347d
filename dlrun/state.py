"""Where dlrun keeps what belongs to a user and to no run: a key, a socket."""

from __future__ import annotations

import contextlib
import os
import stat

PRIVATE = 0o700


def state_folder() -> str:
    """Return `$XDG_STATE_HOME/dlrun`, else `~/.local/state/dlrun`, which need not exist.

    Raises:
        RuntimeError: There is no home folder.
    """
    state = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):  # noqa: PTH117
        state = os.path.expanduser("~/.local/state")  # noqa: PTH111 - `pathlib` takes 8 ms
        if state.startswith("~"):
            raise RuntimeError("there is no home folder")
    return os.path.join(state, "dlrun")  # noqa: PTH118


def open_private(folder: str, *, create: bool) -> int:
    """Open a folder that belongs to this user alone; what is in it is found by what is returned.

    Raises:
        OSError: It is not there, or others may look into it.
    """
    if create:
        os.makedirs(os.path.dirname(folder), PRIVATE, exist_ok=True)  # noqa: PTH103, PTH120
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, PRIVATE)  # noqa: PTH102
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    facts = os.fstat(descriptor)
    if facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & ~PRIVATE:
        os.close(descriptor)
        raise PermissionError(f"{folder}: others than its user may look into it")
    return descriptor
