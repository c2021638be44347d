"""`ABSENT` stands for a value that is not there, where None would be a value, on every floor."""

from enum import Enum
from typing import Final


class Absent(Enum):
    """The type of `ABSENT`: it stays the same object when it is copied or sent to a process."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
