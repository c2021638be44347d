"""What an option does not take as a number is told in the words of the house."""

import pytest

SAID = {
    "a word": (["train", "c.yaml", "--seed", "abc"], "--seed: expected a whole number, got 'abc'."),
    "too many": (
        ["serve", "latest", "--port=99999"],
        "--port: expected 65535 or less, got '99999'.",
    ),
    "too few": (["runs", "--best", "0"], "--best: expected 1 or more, got '0'."),
    "short": (["train", "c.yaml", "-j", "x"], "--jobs: expected a whole number, got 'x'."),
}


@pytest.mark.parametrize("name", SAID)
def test_numbers_that_an_option_does_not_take(name, dlrun):
    words, told = SAID[name]
    err = f"error: {told}\n  `dlrun {words[0]} --help` tells more.\n"
    assert dlrun(*words)[::2] == (2, err)
