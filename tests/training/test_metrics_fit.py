"""Every metric of Keras over every kind of last layer and of labels: right, or refused.

Each kind of ending is trained by nobody: its layer hands the data through its activation, so that
the outputs are known. What is right says scikit-learn, or NumPy by the metric's formula. A metric
that an ending does not list is refused there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn import metrics as sk

from dlrun import catalog
from dlrun.arrays import Samples, Spec, Splits
from dlrun.catalog.label_forms import misfit
from dlrun.config import load_config
from dlrun.data.classes import look_at
from dlrun.execution.assembly import assemble, what_metrics_get
from dlrun.training.evaluation import Evaluator
from tests.marking import first

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS, CLASSES = 60, 3
FINE = {"num_thresholds": 5000}


def variants(units):
    """Every metric, with the arguments that could make it right, by what a table calls it."""
    known = {"num_classes": units}
    ids = {**known, "target_class_ids": [0, max(0, units - 1)]}
    dense = {"sparse_y_true": False, "sparse_y_pred": False}
    named = {
        "AUC": FINE,
        "PrecisionAtRecall": {"recall": 0.5, **FINE},
        "RecallAtPrecision": {"precision": 0.5, **FINE},
        "SensitivityAtSpecificity": {"specificity": 0.5, **FINE},
        "SpecificityAtSensitivity": {"sensitivity": 0.5, **FINE},
        "FBetaScore": {"beta": 2.0},
        "TopKCategoricalAccuracy": {"k": 2},
        "SparseTopKCategoricalAccuracy": {"k": 2},
        "IoU": ids,
        "MeanIoU": known,
        "OneHotIoU": ids,
        "OneHotMeanIoU": known,
    }
    more = {
        "BinaryAccuracy at 0": {"threshold": 0.0},
        "BinaryIoU at 0": {"threshold": 0.0},
        "Precision at 0": {"thresholds": 0.0},
        "Recall at 0": {"thresholds": 0.0},
        "Precision of 1": {"class_id": 1},
        "Recall of the best": {"top_k": 1},
        "AUC of logits": {"from_logits": True, **FINE},
        "AUC a label": {"multi_label": True, **FINE},
        "AUC a label of logits": {"multi_label": True, "from_logits": True, **FINE},
        "F1Score at 0.5": {"threshold": 0.5},
        "F1Score macro": {"average": "macro"},
        "BinaryCrossentropy of logits": {"from_logits": True},
        "CategoricalCrossentropy of logits": {"from_logits": True},
        "SparseCategoricalCrossentropy of logits": {"from_logits": True},
        "MeanIoU of scores": {**known, "sparse_y_pred": False},
        "MeanIoU of rows": {**known, **dense},
        "IoU of scores": {**ids, "sparse_y_pred": False},
        "IoU of rows": {**ids, **dense},
    }
    found = {word: named.get(word, {}) for word in catalog.words("metrics")} | more
    return {
        label: {"type": label.split()[0], "name": re.sub(r"\W", "_", label), **arguments}
        for label, arguments in found.items()
    }


@dataclass
class Ending:
    """A loss, a last activation, and targets; what is right of them.

    `z` goes into the last activation, `(rows, ..., units)`; `raw` are the targets of the data.
    """

    loss: object
    activation: str
    z: np.ndarray
    raw: np.ndarray
    right: dict[str, Callable[[], float]]
    values: tuple[float, ...] | None = None


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    powers = np.exp(z)
    return powers / powers.sum(axis=-1, keepdims=True)


def iou(true, predicted, classes):
    """The mean over the classes that occur."""
    return sk.jaccard_score(np.ravel(true), np.ravel(predicted), labels=classes, average="macro")


def best_where(score, condition):
    return float(np.max(score[condition]))


def distances(y, p):
    """What measures how far off numbers are."""
    y, p = np.asarray(y, "float64"), np.asarray(p, "float64")
    flat = y.reshape(len(y), -1), p.reshape(len(p), -1)
    found = {
        "MeanAbsoluteError": lambda: sk.mean_absolute_error(*flat),
        "MeanSquaredError": lambda: sk.mean_squared_error(*flat),
        "RootMeanSquaredError": lambda: np.sqrt(np.square(y - p).mean()),
        "LogCoshError": lambda: np.log(np.cosh(p - y)).mean(),
    }
    if y.ndim == 2:
        found["R2Score"] = lambda: sk.r2_score(*flat)
    return found


def percentage(y, p):
    return {"MeanAbsolutePercentageError": (100 * np.abs((y - p) / y)).mean}


def cosine(y, p):
    """A row without a 1 is no direction: scikit-learn gives it 0."""
    rows = y.reshape(-1, y.shape[-1]), p.reshape(-1, p.shape[-1])
    return {"CosineSimilarity": lambda: np.diag(sk.pairwise.cosine_similarity(*rows)).mean()}


def thresholded(y, p, threshold, tail=""):
    """What counts rows on both sides of a threshold; `y` and `p` of any shape."""
    true, said = np.ravel(y).astype(int), np.ravel(p > threshold).astype(int)
    return {
        f"BinaryAccuracy{tail}": lambda: sk.accuracy_score(true, said),
        f"BinaryIoU{tail}": lambda: iou(true, said, [0, 1]),
        f"Precision{tail}": lambda: sk.precision_score(true, said),
        f"Recall{tail}": lambda: sk.recall_score(true, said),
    }


def counted(y, p):
    """The four cells of the confusion matrix at 0.5."""
    table = sk.confusion_matrix(np.ravel(y), np.ravel(p > 0.5)).ravel()
    words = ("TrueNegatives", "FalsePositives", "FalseNegatives", "TruePositives")
    return {word: lambda count=count: count for word, count in zip(words, table, strict=True)}


def curves(y, p):
    """What tries every threshold."""
    y, p = np.ravel(y), np.ravel(p)
    precision, recall, _ = sk.precision_recall_curve(y, p)
    false, true, _ = sk.roc_curve(y, p, drop_intermediate=False)
    return {
        "AUC": lambda: sk.roc_auc_score(y, p),
        "PrecisionAtRecall": lambda: best_where(precision, recall >= 0.5),
        "RecallAtPrecision": lambda: best_where(recall, precision >= 0.5),
        "SensitivityAtSpecificity": lambda: best_where(true, 1 - false >= 0.5),
        "SpecificityAtSensitivity": lambda: best_where(1 - false, true >= 0.5),
    }


def f_scores(y, said):
    """F-scores of 0 and 1 by column."""
    scores = {
        "F1Score": lambda: sk.f1_score(y, said, average=None, zero_division=0),
        "FBetaScore": lambda: sk.fbeta_score(y, said, beta=2, average=None, zero_division=0),
        "F1Score macro": lambda: sk.f1_score(y, said, average="macro", zero_division=0),
    }
    if y.shape[1] > 1:
        return scores
    return {
        **dict.fromkeys(("F1Score", "F1Score macro"), lambda: sk.f1_score(y, said)),
        "FBetaScore": lambda: sk.fbeta_score(y, said, beta=2),
    }


def hinges(signs, p):
    return {
        "Hinge": lambda: np.maximum(0, 1 - signs * p).mean(),
        "SquaredHinge": lambda: np.square(np.maximum(0, 1 - signs * p)).mean(),
    }


def categorical_hinge(y, p):
    hinge = np.maximum(0, ((1 - y) * p).max(axis=-1) - (y * p).sum(axis=-1) + 1)
    return {"CategoricalHinge": hinge.mean}


def choices(y, p):
    """What compares the largest entries of rows, `(..., classes)`."""
    true, said = y.argmax(axis=-1).ravel(), p.argmax(axis=-1).ravel()
    every = list(range(y.shape[-1]))
    rows = p.reshape(-1, p.shape[-1])
    ends = [every[0], every[-1]]
    return {
        "CategoricalAccuracy": lambda: sk.accuracy_score(true, said),
        "TopKCategoricalAccuracy": lambda: sk.top_k_accuracy_score(true, rows, k=2, labels=every),
        "OneHotIoU": lambda: iou(true, said, ends),
        "OneHotMeanIoU": lambda: iou(true, said, every),
        "IoU of rows": lambda: iou(true, said, ends),
        "MeanIoU of rows": lambda: iou(true, said, every),
        **categorical_hinge(y, p),
    }


def pooled(y, p):
    """What counts the entries of one-hot rows like labels of their own."""
    cells = thresholded(y, p, 0.5)
    best = np.eye(y.shape[-1])[p.argmax(axis=-1)]
    found = {word: cells[word] for word in ("Precision", "Recall")}
    found |= {
        **counted(y, p),
        **curves(y, p),
        "Precision of 1": lambda: sk.precision_score(y[..., 1].ravel(), p[..., 1].ravel() > 0.5),
        "Recall of the best": lambda: sk.recall_score(y.ravel(), best.ravel()),
    }
    if y.ndim == 2:
        found["AUC a label"] = lambda: sk.roc_auc_score(y, p)
        found["F1Score at 0.5"] = lambda: sk.f1_score(y, p > 0.5, average=None)
    return found


def accuracy(true, said):
    return dict.fromkeys(("accuracy", "Accuracy"), lambda: sk.accuracy_score(true, said))


def nameless(right):
    """Without the words that need classes by name."""
    return {label: value for label, value in right.items() if label.lower() != "accuracy"}


def log_loss(y, p):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


def cross_entropy(y, p):
    return -(y * np.log(p)).sum(axis=-1).mean()


def divergence(y, p):
    share = np.clip(y, 1e-7, 1)
    return (share * np.log(share / np.clip(p, 1e-7, 1))).sum(axis=-1).mean()


def endings():
    """All kinds, by name."""
    draw = np.random.default_rng(12)
    z = draw.normal(0, 1.5, (ROWS, 1))
    y = (draw.random((ROWS, 1)) < sigmoid(z)).astype(float)
    zs = draw.normal(0, 1.5, (ROWS, CLASSES))
    numbers = (zs + draw.normal(0, 1, zs.shape)).argmax(axis=1)
    one_hot = np.eye(CLASSES)[numbers]
    flags = (draw.random(zs.shape) < sigmoid(zs)).astype(float)
    soft = softmax(zs + draw.normal(0, 1, zs.shape))
    steps = draw.normal(0, 1.5, (ROWS, 4, CLASSES))
    tags = np.eye(CLASSES)[(steps + draw.normal(0, 1, steps.shape)).argmax(axis=-1)]
    pixels = draw.normal(0, 1.5, (ROWS, 4, 4, 1))
    mask = (draw.random(pixels.shape) < sigmoid(pixels)).astype(float)
    p, ps, q, qs = sigmoid(z), softmax(zs), sigmoid(zs), softmax(steps)
    classes, signs = y.ravel().astype(int), 2 * y - 1
    probable = {
        **accuracy(y, p > 0.5), **thresholded(y, p, 0.5), **counted(y, p), **curves(y, p),
        **f_scores(y, p > 0.5), "F1Score at 0.5": lambda: sk.f1_score(y, p > 0.5),
        "AUC a label": lambda: sk.roc_auc_score(y, p),
        "BinaryCrossentropy": lambda: sk.log_loss(y, p), **distances(y, p),
    }  # fmt: skip
    ordered = {
        "AUC of logits": lambda: sk.roc_auc_score(y, z),
        "AUC a label of logits": lambda: sk.roc_auc_score(y, z),
    }
    chosen = {
        **accuracy(numbers, ps.argmax(axis=1)), **choices(one_hot, ps), **pooled(one_hot, ps),
        **f_scores(one_hot, np.eye(CLASSES)[ps.argmax(axis=1)]), **distances(one_hot, ps),
        **cosine(one_hot, ps),
        "CategoricalCrossentropy": lambda: sk.log_loss(numbers, ps),
        "KLDivergence": lambda: divergence(one_hot, ps),
    }  # fmt: skip
    unscaled = {
        **accuracy(numbers, zs.argmax(axis=1)), **choices(one_hot, zs),
        **f_scores(one_hot, np.eye(CLASSES)[zs.argmax(axis=1)]),
        "Recall of the best": chosen["Recall of the best"],
    }  # fmt: skip
    numbered = {
        **accuracy(numbers, ps.argmax(axis=1)),
        "SparseCategoricalAccuracy": lambda: sk.accuracy_score(numbers, ps.argmax(axis=1)),
        "SparseTopKCategoricalAccuracy": lambda: sk.top_k_accuracy_score(numbers, ps, k=2),
        "MeanIoU of scores": lambda: iou(numbers, ps.argmax(axis=1), [0, 1, 2]),
        "IoU of scores": lambda: iou(numbers, ps.argmax(axis=1), [0, 2]),
    }
    each = {
        **thresholded(flags, q, 0.5), **counted(flags, q), **curves(flags, q),
        **f_scores(flags, q > 0.5), **distances(flags, q), **cosine(flags, q),
        "F1Score at 0.5": lambda: sk.f1_score(flags, q > 0.5, average=None),
        "AUC a label": lambda: sk.roc_auc_score(flags, q),
        "BinaryCrossentropy": lambda: log_loss(flags, q),
        "Precision of 1": lambda: sk.precision_score(flags[:, 1], q[:, 1] > 0.5),
        "Recall of the best": lambda: sk.recall_score(
            flags.ravel(), np.eye(CLASSES)[q.argmax(axis=1)].ravel()
        ),
    }  # fmt: skip
    return {
        "one sigmoid": Ending("binary_crossentropy", "sigmoid", z, classes, probable, (2.0, 4.0)),
        "one sigmoid, mse": Ending("mse", "sigmoid", z, classes, probable, (0.0, 1.0)),
        "one sigmoid, a column": Ending("mse", "sigmoid", z, y, nameless(probable)),
        "softmax, columns": Ending("mse", "softmax", zs, one_hot, nameless(chosen)),
        "one logit": Ending(
            {"type": "BinaryCrossentropy", "from_logits": True}, "linear", z, classes,
            {
                **accuracy(y, z > 0), **thresholded(y, z, 0, " at 0"), **ordered,
                **hinges(signs, z), "BinaryCrossentropy of logits": lambda: sk.log_loss(y, p),
            },
        ),
        "one tanh, hinge": Ending(
            "hinge", "tanh", z, classes,
            {**accuracy(y, z > 0), **hinges(signs, np.tanh(z)), **distances(signs, np.tanh(z))},
        ),
        "one number, squared hinge": Ending(
            "squared_hinge", "linear", z, classes,
            {**accuracy(y, z > 0), **hinges(signs, z), **distances(signs, z)},
        ),
        "one number, mse, 0 and 1": Ending(
            "mse", "linear", z, classes,
            {
                **accuracy(y, z > 0.5), **thresholded(y, z, 0.5), **thresholded(y, z, 0, " at 0"),
                **counted(y, z), **f_scores(y, z > 0.5), **ordered, **distances(y, z),
                "F1Score at 0.5": lambda: sk.f1_score(y, z > 0.5),
            },
            (0.0, 1.0),
        ),
        "one tanh, mse, -1 and 1": Ending(
            "mse", "tanh", z, classes,
            {**accuracy(y, z > 0), **hinges(signs, np.tanh(z)), **distances(signs, np.tanh(z))},
            (-1.0, 1.0),
        ),
        "one number, mse, 2 and 4": Ending(
            "mse", "linear", z, classes,
            {**accuracy(y, z > 3), **distances(2 + 2 * y, z)},
            (2.0, 4.0),
        ),
        "softmax": Ending("categorical_crossentropy", "softmax", zs, numbers, chosen),
        "softmax, mse": Ending("mse", "softmax", zs, numbers, chosen),
        "softmax, binary loss": Ending("binary_crossentropy", "softmax", zs, numbers, chosen),
        "sigmoids of classes": Ending(
            "binary_crossentropy", "sigmoid", zs, numbers,
            {
                **accuracy(numbers, q.argmax(axis=1)), **choices(one_hot, q), **pooled(one_hot, q),
                **f_scores(one_hot, np.eye(CLASSES)[q.argmax(axis=1)]), **distances(one_hot, q),
                **thresholded(one_hot, q, 0.5), **cosine(one_hot, q),
                "BinaryCrossentropy": lambda: log_loss(one_hot, q),
            },
        ),
        "logits of a softmax": Ending(
            {"type": "CategoricalCrossentropy", "from_logits": True}, "linear", zs, numbers,
            {**unscaled, "CategoricalCrossentropy of logits": chosen["CategoricalCrossentropy"]},
        ),
        "class numbers": Ending(
            "sparse_categorical_crossentropy", "softmax", zs, numbers,
            {**numbered, "SparseCategoricalCrossentropy": chosen["CategoricalCrossentropy"]},
        ),
        "class numbers, logits": Ending(
            {"type": "SparseCategoricalCrossentropy", "from_logits": True}, "linear", zs, numbers,
            {
                **numbered,
                "SparseCategoricalCrossentropy of logits": chosen["CategoricalCrossentropy"],
            },
        ),
        "several scores, hinge": Ending(
            "categorical_hinge", "linear", zs, numbers,
            {**unscaled, **distances(one_hot, zs), **cosine(one_hot, zs)},
        ),
        "several labels": Ending("binary_crossentropy", "sigmoid", zs, flags, each),
        "several labels, mse": Ending("mse", "sigmoid", zs, flags, each),
        "logits of several labels": Ending(
            {"type": "BinaryCrossentropy", "from_logits": True}, "linear", zs, flags,
            {
                **thresholded(flags, zs, 0, " at 0"),
                "AUC of logits": lambda: sk.roc_auc_score(flags.ravel(), zs.ravel()),
                "AUC a label of logits": lambda: sk.roc_auc_score(flags, zs),
                "Recall of the best": each["Recall of the best"],
                "BinaryCrossentropy of logits": lambda: log_loss(flags, q),
                **hinges(2 * flags - 1, zs),
            },
        ),
        "shares": Ending(
            "categorical_crossentropy", "softmax", zs, soft,
            {
                **choices(soft, ps), **distances(soft, ps), **cosine(soft, ps),
                "CategoricalCrossentropy": lambda: cross_entropy(soft, ps),
                "KLDivergence": lambda: divergence(soft, ps),
            },
        ),
        "positions of a softmax": Ending(
            "categorical_crossentropy", "softmax", steps, tags,
            {
                **choices(tags, qs), **pooled(tags, qs), **distances(tags, qs), **cosine(tags, qs),
                "CategoricalCrossentropy": lambda: cross_entropy(tags, qs),
                "KLDivergence": lambda: divergence(tags, qs),
            },
        ),
        "a mask": Ending(
            "binary_crossentropy", "sigmoid", pixels, mask,
            {
                **thresholded(mask, sigmoid(pixels), 0.5), **counted(mask, sigmoid(pixels)),
                **curves(mask, sigmoid(pixels)), **distances(mask, sigmoid(pixels)),
                "BinaryCrossentropy": lambda: log_loss(mask, sigmoid(pixels)),
            },
        ),
        "fractions": Ending(
            "binary_crossentropy", "sigmoid", z, sigmoid(z + 0.3),
            {
                **distances(sigmoid(z + 0.3), p),
                "BinaryCrossentropy": lambda: log_loss(sigmoid(z + 0.3), p),
                **percentage(sigmoid(z + 0.3), p),
                "MeanSquaredLogarithmicError": lambda: sk.mean_squared_log_error(
                    sigmoid(z + 0.3), p
                ),
                "Poisson": (p - sigmoid(z + 0.3) * np.log(p)).mean,
            },
        ),
        "a number": Ending(
            "mse", "linear", z, z - 0.5,
            {**distances(z - 0.5, z), **percentage(z - 0.5, z)},
        ),
        "several numbers": Ending(
            "mse", "exponential", zs, np.exp(zs + 0.3),
            {
                **distances(np.exp(zs + 0.3), np.exp(zs)), **cosine(np.exp(zs + 0.3), np.exp(zs)),
                **percentage(np.exp(zs + 0.3), np.exp(zs)),
                "MeanSquaredLogarithmicError": lambda: sk.mean_squared_log_error(
                    np.exp(zs + 0.3), np.exp(zs)
                ),
                "Poisson": (np.exp(zs) - np.exp(zs + 0.3) * zs).mean,
                **correlations(np.exp(zs + 0.3), np.exp(zs)),
            },
        ),
        "numbers at positions": Ending(
            "mse", "linear", steps, steps - 0.5,
            {
                **percentage(steps - 0.5, steps),
                **distances(steps - 0.5, steps), **cosine(steps - 0.5, steps),
                **correlations(steps - 0.5, steps),
            },
        ),
    }  # fmt: skip


def correlations(y, p):
    """Of each row, over its numbers."""
    pairs = list(zip(y.reshape(-1, y.shape[-1]), p.reshape(-1, p.shape[-1]), strict=True))

    def concordance(a, b):
        return 2 * np.cov(a, b, bias=True)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)

    return {
        "PearsonCorrelation": lambda: np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairs]),
        "ConcordanceCorrelation": lambda: np.mean([concordance(a, b) for a, b in pairs]),
    }


ENDINGS = endings()


def config_of(ending, metrics, folder):
    """A config whose last layer hands the data to its activation as they are."""
    units = ending.z.shape[-1]
    kernel = np.eye(units).tolist()
    layer = {"type": "Dense", "units": units, "activation": ending.activation}
    config = {
        "dataset": {"type": "csv", "path": "none.csv"},
        "model": {"layers": [{**layer, "weights": [kernel, [0.0] * units]}]},
        "loss": ending.loss,
        "optimizer": "sgd",
        "metrics": metrics,
        "training": {"batch_size": 32},
    }
    path = folder / "ending.yaml"
    path.write_text(json.dumps(config))
    return load_config(path, data_known=False)


def rows_of(ending):
    """The rows, labels not fitted yet."""
    shape = ending.z.shape[1:]
    is_classes = ending.raw.ndim == 1
    count = int(ending.raw.max()) + 1 if is_classes else 0
    spec = Spec(
        shape,
        class_names=tuple("abc"[:count]) if is_classes else None,
        class_values=ending.values,
        target_names=("target",) if is_classes else tuple("xyz"[: shape[-1]]),
    )
    y = ending.raw if is_classes else ending.raw.astype("float32")
    return Splits(Samples(ending.z.astype("float32"), y), None, None, spec)


@pytest.mark.usefixtures("eagerly")  # that graphs do the same, parity with `fit` shows
@pytest.mark.parametrize("name", first(4, ENDINGS))
def test_every_metric_is_right_or_refused(tmp_path, name):
    """What fits has the value that scikit-learn has; nothing else fits."""
    ending = ENDINGS[name]
    offered = variants(ending.z.shape[-1])
    assembly, splits, _ = assemble(config_of(ending, [], tmp_path), rows_of(ending))
    targets = look_at([splits.train]) if splits.spec.class_names is None else None
    experiment = config_of(ending, [], tmp_path)
    got = what_metrics_get(assembly.model, experiment, splits.spec, targets)
    refused = {label for label, one in offered.items() if misfit(one, got) is not None}
    assert set(offered) - refused == set(ending.right)

    taken = [offered[label] for label in ending.right]
    assembly, splits, _ = assemble(config_of(ending, taken, tmp_path), rows_of(ending))
    found = Evaluator(assembly.steps.final, batch_size=32).evaluate(splits.train)
    expected = {}
    for label, right in ending.right.items():
        value, column = np.ravel(right()), offered[label]["name"]
        columns = [column] if len(value) == 1 else [f"{column}_{n}" for n in range(len(value))]
        expected |= dict(zip(columns, value.tolist(), strict=True))
    found = {column: found[column] for column in expected}
    curved = {column for column in expected if re.match("AUC|.*At", column)}
    assert (
        found == pytest.approx(expected, abs=1e-5)
        or {
            column: (found[column], value)
            for column, value in expected.items()
            if found[column]
            != pytest.approx(value, rel=1e-6, abs=2e-3 if column in curved else 1e-5)
        }
        == {}
    )


def test_final_metrics_keep_digits_that_float32_loses(tmp_path):
    """Of errors of 1e-3 log(cosh) is half their square; float32 has some percent of it wrong."""
    z = np.linspace(1, 2, ROWS).reshape(-1, 1)
    near = Ending("mse", "linear", z, z - 1e-3, {})
    assembly, splits, _ = assemble(config_of(near, ["LogCoshError"], tmp_path), rows_of(near))
    found = Evaluator(assembly.steps.final, batch_size=32).evaluate(splits.train)
    assert found["logcosh"] == pytest.approx(5e-7, rel=1e-2)
    assert found["as in epochs: logcosh"] != pytest.approx(5e-7, rel=2e-2)
