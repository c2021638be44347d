"""A network against what one would answer who sees no features; labels, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_1samp
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    multilabel_confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)

from dlrun.reports.baseline import baseline_of_classes, baseline_of_labels, baseline_of_values
from dlrun.reports.labels import labels_report
from dlrun.reports.statistics import holm, mcnemar
from tests.reports.scoring import classification_report


@pytest.mark.parametrize("pair", [(0, 0), (1, 0), (5, 5), (12, 3), (3, 12), (60, 40), (900, 700)])
def test_mcnemar_is_the_binomial_test_of_scipy(pair):
    """Exact, two-sided."""
    expected = binomtest(pair[0], sum(pair)).pvalue if sum(pair) else 1.0
    assert mcnemar(*pair) == pytest.approx(expected, rel=1e-9)


def test_holm_leaves_what_is_no_test():
    """0.01 * 3, then 0.02 * 2, then 0.5, never smaller than one before."""
    assert holm([0.5, None, 0.01, 0.02]) == pytest.approx([0.5, None, 0.03, 0.04])


def classes(confusion, prior=(0.6, 0.4)):
    (a, b), (c, d) = confusion
    true = np.repeat([0, 0, 1, 1], [a, b, c, d])
    predicted = np.repeat([0, 1, 0, 1], [a, b, c, d])
    report = classification_report(true, predicted, ["no", "yes"])
    return baseline_of_classes(report, prior, {"accuracy": 0.6})


def test_a_network_that_beats_the_most_frequent_class():
    """40 rows of 'yes' found for 4 of 'no' lost."""
    found = classes([[56, 4], [10, 30]])
    (trial,) = found.trials
    assert (trial.answer, trial.network, trial.baseline) == ("no", 0.86, 0.6)
    assert trial.p == pytest.approx(binomtest(30, 34).pvalue)
    assert found.in_words("test") == (
        "baseline: always 'no', the most frequent class of the training rows, is right in 60 of "
        "100 test rows. The network is right in 86: better by more than chance (exact McNemar "
        "test, p < 0.0001)."
    )


def test_a_network_that_does_not():
    """It may as well be chance; or it is worse."""
    assert (
        classes([[59, 1], [37, 3]])
        .in_words("test")
        .endswith(
            "is right in 62: better, but chance alone could explain the difference (exact McNemar "
            "test, p = 0.6250)."
        )
    )
    assert (
        classes([[57, 3], [39, 1]])
        .in_words("test")
        .endswith(
            "is right in 58: worse, but chance alone could explain the difference (exact McNemar "
            "test, p = 0.6250)."
        )
    )
    assert (
        classes([[60, 0], [40, 0]])
        .in_words("test")
        .endswith("is right in 60: no better (exact McNemar test, p = 1.0000).")
    )
    worse = classes([[40, 20], [38, 2]])
    assert worse.trials[0].beats == "worse"
    assert "WORSE by more than chance" in worse.in_words("test")


def test_the_class_is_that_of_the_training_rows():
    """Though another one is the most frequent here."""
    found = classes([[10, 0], [0, 30]])
    assert (found.trials[0].answer, found.trials[0].baseline) == ("no", 0.25)


@pytest.mark.parametrize("rows", [500, 5000])
def test_a_regression_is_held_against_the_mean(rows):
    """The roots of the mean squared errors; few rows are resampled, of many a t-test is taken."""
    generator = np.random.default_rng(0)
    y = generator.normal(100, 10, rows)
    ours, theirs = np.square(y - (y + generator.normal(0, 5, rows))), np.square(y - 100)
    found = baseline_of_values(ours[:, None], theirs[:, None], names=["price"], prior=[100.0],
                               metrics={})  # fmt: skip
    (trial,) = found.trials
    assert trial.network == pytest.approx(np.sqrt(ours.mean()))
    assert trial.baseline == pytest.approx(np.sqrt(theirs.mean()))
    assert trial.beats == "better"
    told = found.in_words("validation")
    if rows <= 2000:  # no resample has come so far, which is all that is known
        assert told.endswith(" (bootstrap over rows of squared errors, p <= 0.001).")
    else:
        assert told.endswith(" (paired t-test over rows of squared errors, p < 0.0001).")
        assert trial.p == pytest.approx(ttest_1samp(theirs - ours, 0).pvalue, abs=1e-12)
    assert "always 100" in told


def test_chance_is_no_better_than_the_mean():
    """In 200 drawings of nothing but noise some 5 % are called better or worse."""
    called = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        y = generator.normal(size=(60, 1))
        a, b = generator.normal(size=(2, 60, 1)) * 0.1
        found = baseline_of_values((y - a) ** 2, (y - b) ** 2, names=["y"], prior=[0.0], metrics={})
        called += found.trials[0].beats != "undecided"
    assert called <= 20


def test_what_is_not_finite_decides_nothing():
    """A network that has gone astray."""
    found = baseline_of_values(np.full((9, 1), np.inf), np.ones((9, 1)), names=["y"], prior=[0.0],
                               metrics={})  # fmt: skip
    assert found.trials[0].beats == "undecided"
    assert "whether that is chance the rows do not tell" in found.in_words("test")


@pytest.fixture
def told():
    """True and predicted labels and their scores, the last label never true."""
    generator = np.random.default_rng(5)
    true = generator.uniform(size=(120, 4)) < [0.5, 0.2, 0.9, 0.0]
    scores = np.clip(0.4 * true + generator.uniform(0, 0.6, (120, 4)), 0, 1)
    return true, scores > 0.5, scores


def test_labels_are_scored_as_in_scikit_learn(told):
    """Each, their means, and the share of rows that are right altogether."""
    true, predicted, scores = told
    report = labels_report(true, predicted, scores, ["a", "b", "c", "d"])
    each = precision_recall_fscore_support(true, predicted, zero_division=0)
    found = [[getattr(one, key) for one in report.labels]
             for key in ("precision", "recall", "f1", "support")]  # fmt: skip
    np.testing.assert_allclose(found, each)
    for mean in ("macro", "micro"):
        expected = precision_recall_fscore_support(true, predicted, average=mean, zero_division=0)[
            :3
        ]
        np.testing.assert_allclose([*vars(getattr(report, mean)).values()], expected)
    assert report.exact == accuracy_score(true, predicted)
    assert report.accuracy == pytest.approx((true == predicted).mean())
    expected = multilabel_confusion_matrix(true, predicted).tolist()
    assert [[list(row) for row in one.confusion] for one in report.labels] == expected
    assert report.labels[3].roc_area is None
    for number, one in enumerate(report.labels[:3]):
        arguments = true[:, number], scores[:, number]
        assert one.roc_area == pytest.approx(roc_auc_score(*arguments))
        assert one.average_precision == pytest.approx(average_precision_score(*arguments))


def test_labels_against_the_more_frequent_answer(told):
    """Label by label, and corrected for their number."""
    true, predicted, scores = told
    report = labels_report(true, predicted, scores, ["a", "b", "c", "d"])
    prior = [0.5, 0.2, 0.9, 0.0]
    found = baseline_of_labels(report, prior, {})
    p = []
    for number, (trial, share) in enumerate(zip(found.trials, prior, strict=True)):
        always = np.full(120, share > 0.5)
        right = predicted[:, number] == true[:, number]
        base = always == true[:, number]
        assert trial.answer == ("yes" if share > 0.5 else "no")
        assert (trial.network, trial.baseline) == pytest.approx((right.mean(), base.mean()))
        p.append(mcnemar(int((right & ~base).sum()), int((base & ~right).sum())))
    assert [trial.p for trial in found.trials] == pytest.approx(holm(p))
    assert "more right answers by more than chance for 'a'" in found.in_words("test")
