"""What is not there is told by identity, wherever it has been."""

import copy
import pickle

from dlrun.absent import ABSENT


def test_it_stays_the_same_object():
    """In a copy, and in another process."""
    assert copy.deepcopy({"a": ABSENT})["a"] is ABSENT
    assert pickle.loads(pickle.dumps(ABSENT)) is ABSENT  # noqa: S301 - our own bytes


def test_it_is_no_value_of_a_config():
    """Neither null nor false, nor any text."""
    assert ABSENT not in (None, False, "", 0, "absent")
