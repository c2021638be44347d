"""Whether a process has computed something, and which command lines it cannot run any more."""

from __future__ import annotations

_threads: list[int] = []  # of TensorFlow, once it has computed something; 0: one for each core


class NotThisProcessError(BaseException):
    """Another process must run the command line: this one has computed something before.

    It is no `Exception`, as no command can do anything about it. It is raised before anything is
    said, read from stdin or written.
    """


def note_computed(threads: int) -> None:
    """Remember that TensorFlow has computed something in this process, in so many threads."""
    _threads[:] = [threads]


def need_threads(threads: int) -> None:
    """Leave the command to another process, if TensorFlow computes in other threads in this one.

    Once they are there, it cannot be told anew how many they are.
    """
    if _threads and _threads != [threads]:
        raise NotThisProcessError


def need_untouched_tensorflow() -> None:
    """Leave the command to another process, if TensorFlow has computed something in this one.

    No copy of a process has its threads; and the names of functions, which some files hold, are
    counted on.
    """
    if _threads:
        raise NotThisProcessError
