"""A refusal of Keras is told by the one line that says why."""

from __future__ import annotations

import pytest

from dlrun.backend.components import worded
from dlrun.errors import ConfigError

IN_A_CALL = (
    "Exception encountered when calling Functional.call().\n\n"
    "\x1b[1mInput 0 does not fit.\x1b[0m\n\n"
    "Arguments received by Functional.call():\n  • inputs=1"
)
CASES = {
    "in a call": (ValueError(IN_A_CALL), "Input 0 does not fit."),
    "of several lines": (TypeError("Shapes differ.\nMore of it."), "Shapes differ."),
    "without a word": (ValueError(), "ValueError"),
}


@pytest.mark.parametrize(("error", "reason"), CASES.values(), ids=CASES)
def test_the_line_that_says_why(error, reason):
    """Without colors, without arguments, and never nothing."""
    with pytest.raises(ConfigError) as told, worded("train this"):
        raise error
    assert str(told.value.problems[0]) == f"Keras cannot train this: {reason}"
