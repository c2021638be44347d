"""What a copy that was made in advance cannot become, and how it says so."""

from __future__ import annotations

_rehearsed: list[bool] = []


class NotThisProcessError(BaseException):
    """Another process must run the command line: this one has computed something before.

    It is no `Exception`, as no command can do anything about it; nothing has been said or written.
    """


def note_rehearsal() -> None:
    """Remember that this process has computed something, in all threads that there are cores."""
    _rehearsed.append(True)


def need_untouched_tensorflow() -> None:
    """Leave the command to another process, if TensorFlow has computed something in this one.

    Its threads cannot be told anew how many they are, and no copy of a process has them. To be
    called before anything is said or written.
    """
    if _rehearsed:
        raise NotThisProcessError
