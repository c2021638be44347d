"""Draws: within their bounds, and spread as they should be."""

import math
from random import Random

import pytest


@pytest.fixture
def draws(read):
    """Two thousand draws from a distribution."""

    def draw(written):
        (one,) = read(f"base: b.yaml\nrandom: {{a: {written}}}").space.values()
        source = Random(0)  # noqa: S311 - no secret
        return [one.draw(source).value for _ in range(2000)]

    return draw


def test_uniform(draws):
    """Each tenth of the range gets a tenth of the draws, within four standard deviations."""
    values = draws("{uniform: [2, 4]}")
    assert min(values) >= 2
    assert max(values) <= 4
    counts = [sum(2 + n / 5 <= value < 2.2 + n / 5 for value in values) for n in range(10)]
    assert all(abs(count - 200) < 4 * math.sqrt(2000 * 0.1 * 0.9) for count in counts)


def test_log_uniform(draws):
    """Each order of magnitude gets as many draws."""
    values = draws("{log_uniform: [1e-4, 1e-1]}")
    counts = [sum(10.0**n <= value < 10.0 ** (n + 1) for value in values) for n in (-4, -3, -2)]
    assert sum(counts) == 2000
    assert all(abs(count - 667) < 4 * math.sqrt(2000 / 3 * 2 / 3) for count in counts)


def test_integers(draws):
    """Whole numbers, both ends included, each as often."""
    values = draws("{integer: [3, 6]}")
    assert {type(value) for value in values} == {int}
    counts = [values.count(number) for number in (3, 4, 5, 6)]
    assert sum(counts) == 2000
    assert all(abs(count - 500) < 4 * math.sqrt(2000 * 0.25 * 0.75) for count in counts)


def test_log_integers(draws):
    """Whole numbers; the small half of the logarithm gets half of the draws."""
    values = draws("{log_integer: [1, 99]}")
    assert {min(values), max(values)} <= set(range(1, 100))
    small = sum(value < 10 for value in values)
    assert abs(small - 1000) < 4 * math.sqrt(2000 * 0.25)


def test_choices(draws):
    """Any values, each as often; a list alone means the same."""
    for written in ("[relu, 3, [1, 2]]", "{choice: [relu, 3, [1, 2]]}"):
        (first, *_), values = draws(written)[:1], draws(written)
        plain = [
            [node.value for node in value] if isinstance(value, list) else value for value in values
        ]
        counts = [plain.count(choice) for choice in ("relu", 3, [1, 2])]
        assert sum(counts) == 2000
        assert all(abs(count - 667) < 4 * math.sqrt(2000 / 3 * 2 / 3) for count in counts)
        assert first is not None
