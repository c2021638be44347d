"""Means over seeds, intervals and verdicts, against SciPy's tests."""

import math

import numpy as np
import pytest
from scipy import stats

from dlrun.reports.repeats import Repeat, Repeats, without_repeat
from dlrun.reports.statistics import Verdict, corrected, estimate, judge

RANDOM = np.random.default_rng(0)
A = dict(enumerate(RANDOM.normal(0.9, 0.02, 6).tolist()))
B = {seed: value + 0.03 + 0.01 * math.sin(seed) for seed, value in A.items()}
C = {seed + 2: value for seed, value in enumerate(RANDOM.normal(0.95, 0.05, 8).tolist())}


def test_interval_of_a_mean():
    """Student's, at 95 %."""
    found = estimate(list(A.values()))
    low, high = stats.t.interval(0.95, 5, np.mean(list(A.values())), stats.sem(list(A.values())))
    assert found.mean - found.margin == pytest.approx(low)
    assert found.mean + found.margin == pytest.approx(high)
    assert estimate([0.5]).margin is None


def test_paired_where_the_seeds_match():
    """What a seed does to both cancels out."""
    found = judge(B, A, larger=True)
    expected = stats.ttest_rel(list(B.values()), list(A.values()))
    assert (found.word, found.test) == ("better", "paired t-test over 6 seeds")
    assert found.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval()
    assert found.difference - found.margin == pytest.approx(interval.low)
    assert found.difference + found.margin == pytest.approx(interval.high)
    assert judge(B, A, larger=False).word == judge(A, B, larger=True).word == "worse"


def test_the_order_of_the_seeds_does_not_matter():
    """Pairs are made by seed."""
    assert judge(dict(reversed(B.items())), A, larger=True) == judge(B, A, larger=True)


def test_welch_where_they_do_not():
    """Neither the numbers of runs nor their spread need to be equal."""
    found = judge(C, A, larger=True)
    expected = stats.ttest_ind(list(C.values()), list(A.values()), equal_var=False)
    assert found.test == "Welch's t-test over 8 and 6 seeds"
    assert found.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval()
    assert found.difference - found.margin == pytest.approx(interval.low)
    assert found.difference + found.margin == pytest.approx(interval.high)


def test_noise():
    """A difference that the seeds explain is none."""
    noise = {seed: A[(seed + 1) % 6] for seed in A}
    assert judge(noise, A, larger=True).word == "within seed noise"


@pytest.mark.parametrize(
    ("this", "other", "word"),
    [
        ({0: 0.9}, {0: 0.8}, "undecided"),
        ({0: 0.9, 1: 0.8}, {0: 0.7}, "undecided"),
        ({0: 1.0, 1: 1.0}, {0: 1.0, 1: 1.0}, "equal"),
        ({0: 1.0, 1: 1.0}, {0: 0.5, 1: 0.5}, "undecided"),
        ({0: 1.0, 1: 1.0}, {2: 0.5, 3: 0.5}, "undecided"),
    ],
)
def test_without_a_spread_there_is_no_test(this, other, word):
    """One seed, or values that never vary, tell nothing of chance."""
    found = judge(this, other, larger=True)
    assert (found.word, found.p) == (word, None)


def test_many_groups_are_corrected():
    """Holm: the smallest p times their number, and none below the one before."""
    given = [Verdict("better", 1.0, 0.5, p, "t") for p in (0.04, 0.01, None, 0.03)]
    found = corrected(given, larger=True)
    assert [one.p for one in found] == [0.06, 0.03, None, 0.06]
    assert [one.word for one in found][:2] == ["within seed noise", "better"]


def test_folds_are_corrected_for_the_rows_that_they_share():
    """As scikit-learn's guide compares models: s² (1 / n + rows judged / rows trained on)."""
    over = Repeats.of([Repeat(0, fold) for fold in range(1, 7)], 6)
    folds = {Repeat(0, seed + 1): value for seed, value in A.items()}
    others = {Repeat(0, seed + 1): value for seed, value in B.items()}
    gaps = np.array(list(B.values())) - np.array(list(A.values()))
    error = math.sqrt(gaps.var(ddof=1) * (1 / 6 + 1 / 5))
    found = judge(others, folds, larger=True, over=over)
    assert found.test == "paired t-test over 6 folds"
    assert found.p == pytest.approx(2 * stats.t.sf(abs(gaps.mean() / error), 5))
    estimated = estimate(list(A.values()), over)
    spread = np.std(list(A.values()), ddof=1)
    assert estimated.margin == pytest.approx(
        stats.t.ppf(0.975, 5) * spread * math.sqrt(1 / 6 + 1 / 5)
    )
    assert (estimated.count, estimated.unit) == (6, "fold")


def test_what_a_mean_is_taken_over():
    """Seeds, the folds of one seed, or the folds of several seeds."""
    assert Repeats.of([Repeat(1), Repeat(2)], None).unit == "seed"
    assert Repeats.of([Repeat(1, 1), Repeat(1, 2)], 2) == Repeats("fold", 2)
    assert Repeats.of([Repeat(1, 1), Repeat(2, 1)], 2).unit == "run"
    assert Repeat.of({"seed": 3, "dataset.fold": None}) == Repeat(3, 0)
    point = {"seed": 3, "dataset.fold": 1, "dataset.folds": 5, "loss": "mse"}
    assert without_repeat(point) == {"dataset.folds": 5, "loss": "mse"}
