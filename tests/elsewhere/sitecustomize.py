"""Makes a Python that lacks what only POSIX has; found by every process whose path leads here."""

import os
import signal
import sys

MODULES = ("fcntl", "pwd", "grp", "resource", "termios", "tty", "pty")
FUNCTIONS = (
    "fork", "forkpty", "getuid", "geteuid", "getgid", "getpgid", "killpg", "link", "pread",
    "pwrite", "sched_getaffinity", "setpgid", "setsid",
)  # fmt: skip
FLAGS = ("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK")
SIGNALS = ("SIGHUP", "SIGPIPE", "SIGUSR1", "SIGUSR2", "SIGXCPU", "pthread_sigmask")


class Hider:
    """Finds none of the modules."""

    def find_spec(self, name, path=None, target=None):
        """Say that there is no such module."""
        del path, target
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


if __name__ == "sitecustomize":  # not where a test reads the lists
    for _name in MODULES:
        sys.modules.pop(_name, None)
    sys.meta_path.insert(0, Hider())
    for _holder, _names in ((os, (*FUNCTIONS, *FLAGS)), (signal, SIGNALS)):
        for _name in _names:
            if hasattr(_holder, _name):
                delattr(_holder, _name)
