"""How much of a sweep's differences seeds alone would make."""

from __future__ import annotations

import math

import pytest

from dlrun.reports.sweep_data import seed_noise
from tests.reports.sweeps import results


def noise_of(*points, larger=True):
    """Of points, each with its values by seed."""
    told = [({"a": n, "seed": s}, v) for n, of in enumerate(points) for s, v in enumerate(of)]
    return seed_noise(results(told, larger=larger).points(), larger=larger)


def test_the_spreads_by_hand():
    """Within: (0.02 + 0.08) / (4 - 2); between the means 0.5 and 0.9: 0.08."""
    found = noise_of([0.4, 0.6], [0.7, 1.1])
    assert found.points == 2
    assert found.within == pytest.approx(math.sqrt((0.02 + 0.08) / 2))
    assert found.between == pytest.approx(math.sqrt(0.08))
    assert found.by_chance == pytest.approx(found.within * math.sqrt(1 / 2))


def test_points_that_may_be_as_good_as_the_best():
    """One is within the noise, one is surely worse, to the bit equal ones are not worse."""
    found = noise_of([0.90, 0.91, 0.92, 0.93], [0.91, 0.90, 0.93, 0.92], [0.5, 0.52, 0.51, 0.53])
    assert (found.tested, found.tied) == (2, 1)
    assert noise_of([0.5, 0.6], [0.5, 0.6]).tied == 1


def test_without_two_seeds_there_is_nothing_to_say():
    """And of one point only its own spread."""
    assert noise_of([0.5], [0.6]) is None
    assert noise_of() is None
    found = noise_of([0.5, 0.7], [0.6], [None])
    assert (found.points, found.between, found.tested) == (1, None, 0)
    assert found.within == pytest.approx(math.sqrt(0.02))
