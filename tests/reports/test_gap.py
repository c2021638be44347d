"""A large generalisation gap is told in words, a small one or chance is not."""

import pytest

from dlrun.cli.terminal.output import Screen
from dlrun.cli.train import closing_table
from dlrun.reports.gap import generalisation_gap


def gap(train, test, rows=None, **more):
    return generalisation_gap({"train": train, "test": test, **more}, rows=rows)


def test_words():
    """Which number, and how large it is on which rows."""
    assert gap({"loss": 0.01, "accuracy": 1.0}, {"loss": 0.9, "accuracy": 0.8}, 1000) == (
        "large generalisation gap from train to test: loss rises from 0.0100 to 0.9000, "
        "accuracy falls from 1.0000 to 0.8000"
    )


@pytest.mark.parametrize(
    ("train", "test", "rows", "is_large"),
    [
        (0.99, 0.90, 10_000, True),
        (0.99, 0.95, 10_000, False),  # lower by less than 0.05
        (0.98, 0.90, 30, False),  # two rows of thirty are chance
        (1.00, 0.90, 30, False),
        (1.00, 0.70, 30, True),
        (0.99, 0.90, None, True),
        (0.90, 0.99, 10_000, False),
        (1.00, 0.00, 1, False),  # one row tells nothing
        (float("nan"), 0.5, 100, False),
    ],
)
def test_accuracy(train, test, rows, is_large):
    """Lower by more than 0.05 and by more than two standard errors."""
    assert (gap({"accuracy": train}, {"accuracy": test}, rows) is not None) == is_large


@pytest.mark.parametrize(
    ("train", "test", "rows", "is_large"),
    [
        (0.10, 0.30, 1000, True),
        (0.10, 0.19, 1000, False),  # less than twice
        (0.001, 0.05, 1000, False),  # fifty times as large, and still a good loss
        (0.001, 0.05, None, True),  # a regression: only the ratio has a meaning
        (0.0, 0.5, None, False),
        (-1.0, -0.5, None, False),
        (0.1, float("inf"), None, False),
    ],
)
def test_loss(train, test, rows, is_large):
    """More than twice as large; with classes by 0.1 at least."""
    assert (gap({"loss": train}, {"loss": test}, rows) is not None) == is_large


def test_other_splits():
    """The test rows, else the validation rows, else nothing."""
    train, other = {"accuracy": 1.0}, {"accuracy": 0.5}
    assert "from train to validation: accuracy falls from 1.0000 to 0.5000" in generalisation_gap(
        {"train": train, "validation": other}
    )
    assert gap(train, train, validation=other) is None
    assert generalisation_gap({"train": train}) is None
    assert generalisation_gap({}) is None


def test_below_the_closing_table():
    """On a line of its own, in yellow where there are colours."""
    metrics = {"train": {"accuracy": 1.0}, "test": {"accuracy": 0.5}}
    drawn = closing_table(metrics, end="1.0 s  a", screen=Screen(80), rows=1000)
    assert drawn == (
        "           train    test\n"
        "accuracy  1.0000  0.5000\n"
        "\n"
        "large generalisation gap from train to test: accuracy falls from 1.0000 to\n"
        "0.5000\n"
        "\n"
        "1.0 s  a"
    )
    colored = closing_table(metrics, end="1.0 s  a", screen=Screen(80, color=True))
    assert "\x1b[33mlarge generalisation gap" in colored
