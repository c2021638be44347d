"""`ABSENT` stands for a value that is not there, where None would be a value.

It has a module of its own because rooms of every floor need the same one.
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class Absent(Enum):
    """The type of `ABSENT`: it stays the same object when it is copied or sent to a process."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
