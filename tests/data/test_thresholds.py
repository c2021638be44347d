"""Outputs become answers at thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_curve

from dlrun.arrays import Samples, Spec
from dlrun.data.labels import weigh_labels
from dlrun.data.thresholds import decide, scores_of, thresholded, true_answers, usual_threshold
from dlrun.errors import ConfigError, UsageError
from dlrun.execution.thresholds import read_thresholds
from dlrun.reports.scores import best_f1

PAIR = Spec((1,), class_names=("no", "yes"))
SIGMOID = Spec((1,), class_names=("no", "yes"), label_form="binary", threshold=0.5,
               output="probability")  # fmt: skip
LOGIT = Spec((1,), class_names=("no", "yes"), label_form="binary", threshold=0.0, output="logit")
SOFTMAX = Spec((1,), class_names=("no", "yes"), label_form="one_hot", output="probability")
HINGE = Spec((1,), class_names=("no", "yes"), label_form="sign", threshold=0.0, output="score")
LABELS = Spec((1,), labels=True, target_names=("a", "b"), label_form="value", output="probability")
LABEL_LOGITS = Spec((1,), labels=True, target_names=("a", "b"), label_form="value", output="logit")


def column(*values):
    return np.array(values, np.float32).reshape(-1, 1)


def test_what_a_threshold_decides():
    """The second of two classes, or every label; nothing of three classes or of numbers."""
    assert thresholded(SIGMOID) == ("yes",)
    assert thresholded(LABELS) == ("a", "b")
    assert thresholded(Spec((1,), class_names=("a", "b", "c"))) == ()
    assert thresholded(Spec((1,))) == ()


def test_answers_at_a_threshold():
    """A probability of a sigmoid, of a logit, or of the second of two softmax outputs."""
    assert decide(column(0.2, 0.4, 0.6), SIGMOID, [0.3]).tolist() == [0, 1, 1]
    logits = np.log(column(0.2, 0.4, 0.6) / (1 - column(0.2, 0.4, 0.6)))
    assert decide(logits, LOGIT, [0.3]).tolist() == [0, 1, 1]
    both = np.concatenate([1 - column(0.2, 0.4, 0.6), column(0.2, 0.4, 0.6)], axis=1)
    assert decide(both, SOFTMAX, [0.3]).tolist() == [0, 1, 1]
    assert decide(column(-2, 0.5, 1), HINGE, [0.7]).tolist() == [0, 0, 1]


@pytest.mark.parametrize("spec", [SIGMOID, LOGIT, SOFTMAX, HINGE])
def test_the_usual_threshold_is_what_holds_without_one(spec):
    """Class by class."""
    outputs = np.random.default_rng(0).uniform(0, 1, (50, 1 if spec.threshold is not None else 2))
    outputs = outputs.astype(np.float32)
    if spec.output != "probability":
        outputs = 4 * outputs - 2
    elif spec is SOFTMAX:
        outputs /= outputs.sum(axis=1, keepdims=True)
    usual = decide(outputs, spec)
    assert usual.tolist() == decide(outputs, spec, [usual_threshold(spec)]).tolist()
    assert 0 < usual.sum() < 50


def test_labels_at_thresholds_of_their_own():
    """0.5 where none is given, of logits 0."""
    outputs = np.array([[0.2, 0.9], [0.7, 0.4]], np.float32)
    assert decide(outputs, LABELS).tolist() == [[0, 1], [1, 0]]
    assert decide(outputs, LABELS, [0.1, 0.95]).tolist() == [[1, 0], [1, 0]]
    assert decide(outputs - 0.5, LABEL_LOGITS).tolist() == [[0, 1], [1, 0]]
    logit = scores_of(np.zeros((1, 2), np.float32), LABEL_LOGITS)
    assert logit.tolist() == [[0.5, 0.5]]
    assert true_answers(np.array([[0.0, 1.0]], np.float32), LABELS).tolist() == [[0, 1]]


@pytest.mark.parametrize("seed", range(20))
def test_the_best_f1_is_that_of_scikit_learn(seed):
    """The largest of its curve; and the threshold gives it, by `>` as by any rounding."""
    generator = np.random.default_rng(seed)
    positive = generator.uniform(size=60) < 0.3
    positive[0] = True
    score = (0.3 * positive + generator.uniform(0, 0.7, 60)).round(2).astype(np.float32)
    found = best_f1(positive, score, 0.5)
    precision, recall, _ = precision_recall_curve(positive, score)
    largest = np.nanmax(2 * precision * recall / np.maximum(precision + recall, 1e-12))
    assert found.f1 == pytest.approx(largest)
    assert f1_score(positive, score > found.value) == pytest.approx(largest)
    assert 0 <= found.value < 1


def test_of_equal_thresholds_the_nearest_to_the_usual_one():
    """Where the usual one is as good as any it stays."""
    assert best_f1([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 0.5).value == 0.5
    assert best_f1([0, 0, 1, 1], [0.1, 0.6, 0.8, 0.9], 0.5).value == pytest.approx(0.7)
    assert best_f1([1, 1], [0.2, 0.2], 0.5).value == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("text", "spec", "what"),
    [
        ("1.5", SIGMOID, "probabilities, which lie between 0 and 1"),
        ("best", SIGMOID, "expected best-f1, alone, a number, or NAME=NUMBER"),
        ("nan", SIGMOID, "expected best-f1, alone, a number, or NAME=NUMBER"),
        ("0.3", Spec((1,), class_names=("a", "b", "c")), "this run tells 3 classes"),
        ("best-f1", Spec((1,)), "this run tells numbers"),
    ],
)
def test_thresholds_that_mean_nothing(text, spec, what):
    """They are told with what was typed."""
    with pytest.raises(UsageError, match=what) as error:
        read_thresholds([text], spec)
    assert error.value.where == f"--threshold {text}"


def test_thresholds_of_scores_may_be_any_number():
    """A hinge has no probabilities."""
    assert dict(read_thresholds(["-1.5"], HINGE).values) == {"yes": -1.5}
    assert read_thresholds(["best-f1"], HINGE) is None


@pytest.mark.parametrize(
    ("asked", "values"),
    [
        (["a=0.2"], {"a": 0.2, "b": 0.5}),
        (["b=0.7", "a=0.1"], {"a": 0.1, "b": 0.7}),
        (["0.4"], {"a": 0.4, "b": 0.4}),
        (["b=0.7", "0.4"], {"a": 0.4, "b": 0.7}),
    ],
)
@pytest.mark.parametrize("spec", [LABELS, LABEL_LOGITS])
def test_each_label_may_have_a_threshold(asked, values, spec):
    """By its name; a bare number is that of the others."""
    found = read_thresholds(asked, spec)
    assert dict(found.values) == values
    assert [*found] == [values["a"], values["b"]]


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        (["c=0.2"], "'c' has no threshold.  There are 'a', 'b'"),
        (["a=0.2", "a=0.3"], "'a' has a threshold already"),
        (["0.2", "0.3"], "all of them have a threshold already"),
        (["a=best-f1"], "expected best-f1, alone"),
        (["best-f1", "a=0.2"], "expected best-f1, alone"),
        (["a=2"], "between 0 and 1"),
    ],
)
def test_thresholds_of_labels_that_mean_nothing(asked, what):
    """None of them is passed over."""
    with pytest.raises(UsageError) as error:
        read_thresholds(asked, LABELS)
    assert what in str(error.value).replace("\n", "")
    assert error.value.where.startswith("--threshold ")


def test_weights_of_labels_are_those_of_scikit_learn():
    """One for each answer; their product over a row is its weight in scikit-learn."""
    from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

    y = (np.random.default_rng(1).uniform(size=(80, 3)) < [0.1, 0.4, 0.9]).astype(np.float32)
    rows = Samples(np.zeros((80, 1), np.float32), y)
    weights = weigh_labels(rows, ("a", "b", "c"), "balanced").sample_weight
    assert weights.shape == (80, 3)
    for number in range(3):
        pair = compute_class_weight("balanced", classes=np.array([0, 1]), y=y[:, number])
        np.testing.assert_allclose(weights[:, number], pair[y[:, number].astype(int)], rtol=1e-6)
    product = weights.astype(np.float64).prod(axis=1)
    np.testing.assert_allclose(product, compute_sample_weight("balanced", y), rtol=1e-5)


def test_the_yes_of_a_label_may_have_a_weight():
    """Every no counts 1, and so does the yes of a label that is not named."""
    y = np.array([[1, 0], [0, 1]], np.float32)
    rows = Samples(np.zeros((2, 1), np.float32), y, np.array([1, 10], np.float32))
    assert weigh_labels(rows, ("a", "b"), {"a": 3.0}).sample_weight.tolist() == [[3, 1], [10, 10]]
    with pytest.raises(ConfigError, match="'c' is not a label") as error:
        weigh_labels(rows, ("a", "b"), {"c": 3.0})
    assert "The labels are" in str(error.value.problems[0])
