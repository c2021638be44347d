"""Which command lines may be run by a process that has just run another one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence

from dlrun.warm import wire

_FREE = ("seed", "training.epochs", "optimizer.learning_rate")
"""Keys of a config whose numbers graphs read from variables, see `GraphCache`."""


def kind_of(request: Mapping[str, Sequence[bytes]], folder: int) -> str | None:
    """Tell of what kind a command line and all around it is; None where nothing is worth keeping.

    Trainings of one kind differ in numbers that no graph depends on. `folder` is the current one.
    """
    words = [os.fsdecode(word) for word in request["argv"][1:]]
    if words[:1] != ["train"]:
        return None
    place = os.fstat(folder)
    around = {key: list(values) for key, values in request.items() if key not in _OF_THE_LINE}
    told = (_without_numbers(words), place.st_dev, place.st_ino, sorted(around.items()))
    return hashlib.sha256(repr(told).encode()).hexdigest()


_OF_THE_LINE = ("ask", "argv", "orig_argv", wire.UNTOUCHED)


def _without_numbers(words: Sequence[str]) -> list[str]:
    """Leave out the numbers of `--seed 3` and `--set seed=3`, if they are numbers."""
    told: list[str] = []
    for word in words:
        option = told[-1] if told else ""
        head, is_assigned, value = word.rpartition("=")
        if option == "--seed":
            head, is_assigned, value = "", "=", word
        elif head.removeprefix("--set=") not in _FREE and head != "--seed":
            is_assigned = ""
        told.append(f"{head}=" if is_assigned and _is_number(value) else word)
    return told


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
