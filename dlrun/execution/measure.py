"""The final numbers of a model: metrics per split, and what they hide, class by class."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Samples, SeriesForm, Spec, Splits
from dlrun.backend import keras, tf
from dlrun.config import Experiment
from dlrun.data.targets import scaled
from dlrun.data.thresholds import decide, scores_of, true_answers
from dlrun.reports.baseline import (
    Baseline,
    Judged,
    baseline_of_classes,
    baseline_of_labels,
    baseline_of_values,
)
from dlrun.reports.labels import labels_report
from dlrun.reports.naive import baseline_of_forecasts, ranked
from dlrun.reports.scores import confusion_matrix, report_of
from dlrun.training.evaluation import PREDICT_BATCH, Evaluator, Predictor, to_rows
from dlrun.training.steps import AS_IN_EPOCHS

if TYPE_CHECKING:
    from dlrun.execution.assembly import Assembly

VISIBLE = 1e-4  # the last digit of a metric that is shown; of one above 1 a share of it


@dataclass(frozen=True)
class Measured:
    """What was measured."""

    metrics: dict[str, dict[str, float]]  # the loss and the metrics, by split
    split: str  # that `judged` speaks of
    judged: Judged
    # What float32, in which epochs are measured, makes visibly otherwise; one sentence each.
    rounded: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what `metrics.json` holds."""
        values: dict[str, Any] = {split: dict(metrics) for split, metrics in self.metrics.items()}
        values[self.split] |= self.judged.to_json()
        return values


def measure_splits(experiment: Experiment, assembly: Assembly, splits: Splits) -> Measured:
    """Measure every split; the last one that has rows also class by class."""
    evaluator = Evaluator(assembly.steps.final, batch_size=experiment.training.batch_size)
    present = splits.present()
    measured = {name: evaluator.evaluate(samples) for name, samples in present.items()}
    rounded: dict[str, str] = {}
    for name, values in measured.items():
        rounded |= _rounded(name, values)
    metrics = {name: _final(values) for name, values in measured.items()}
    last = list(present)[-1]
    judged = judge_answers(assembly, present[last])
    return Measured(metrics, last, judged, tuple(rounded.values()))


def measure_samples(
    experiment: Experiment,
    assembly: Assembly,
    samples: Samples,
    split: str,
    thresholds: Sequence[float] | None = None,
) -> Measured:
    """Measure some rows, with encoded labels, also class by class; `split` is what to call them.

    Metrics decide as the config has it, answers by `thresholds` where there are any.
    """
    evaluator = Evaluator(assembly.steps.final, batch_size=experiment.training.batch_size)
    metrics = {split: _final(evaluator.evaluate(samples))}
    return Measured(metrics, split, judge_answers(assembly, samples, thresholds))


def judge_answers(
    assembly: Assembly, samples: Samples, thresholds: Sequence[float] | None = None
) -> Judged:
    """Hold the predictions for some rows, with encoded labels, against what is true."""
    spec, predictor, y = assembly.spec, assembly.predictor, samples.y
    if y is None:
        return Judged()
    if spec.series is not None and samples.foretold is not None:
        return Judged(baseline=_naive_baseline(assembly, samples, spec.series))
    prior = spec.prior
    constant = {} if prior is None else measure_constant(assembly, samples)
    if spec.class_names is None and not spec.labels:
        squares = None if prior is None else _squares(predictor, samples, spec)
        if squares is None or prior is None:
            return Judged()
        names = spec.target_names
        return Judged(
            baseline=baseline_of_values(*squares, names=names, prior=prior, metrics=constant)
        )
    blocks = samples.blocks(PREDICT_BATCH)
    if spec.labels:
        outputs = np.concatenate([predictor.predict(block.x) for block in blocks])  # (rows, labels)
        true, answers = true_answers(y, spec), decide(outputs, spec, thresholds)
        labels = labels_report(true, answers, scores_of(outputs, spec), spec.target_names)
        return Judged(
            None, labels, None if prior is None else baseline_of_labels(labels, prior, constant)
        )
    names, confusion = spec.class_names or (), np.zeros((1, 1), np.int64)
    for block in blocks:
        answers = decide(predictor.predict(block.x), spec, thresholds)
        true = true_answers(np.asarray(block.y), spec)
        confusion = confusion + confusion_matrix(true, answers, len(names))
    report = report_of(confusion, names)
    return Judged(
        report, None, None if prior is None else baseline_of_classes(report, prior, constant)
    )


def _squares(
    predictor: Predictor, samples: Samples, spec: Spec
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the squared errors of the network and of the mean, `(rows, targets)` each.

    None where a row has not one number for each target.
    """
    ours, theirs, prior = [], [], np.array(spec.prior)
    for block in samples.blocks(PREDICT_BATCH):
        y_true, y_pred = np.asarray(block.y, np.float64), predictor.predict(block.x)
        if not y_true.shape == y_pred.shape == (len(block), len(spec.target_names)):
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            ours.append(np.square(y_true - y_pred))
        theirs.append(np.square(y_true - prior))
    return np.concatenate(ours), np.concatenate(theirs)


ONE_MEAN: Final = ("sum_over_batch_size", "mean")
"""Reductions of losses over whose batches a mean can be taken."""

CONSTANT_BATCH: Final = 2**12
"""Rows that are measured at a time: as many in memory as from the disk, for the same bits."""


def measure_constant(assembly: Assembly, samples: Samples) -> dict[str, float]:
    """Return the loss and the metrics of the answer that every row gets: the spec's `prior`."""
    answer = constant_output(assembly.spec)

    def same(block: Samples) -> NDArray[np.float32]:
        inner = () if block.y is None else block.y.shape[1:-1]
        return np.broadcast_to(answer, (len(block), *inner, len(answer)))

    return measure_answers(assembly, samples, same)


def measure_answers(
    assembly: Assembly, samples: Samples, answers: Callable[[Samples], NDArray[np.float32]]
) -> dict[str, float]:
    """Return the loss and the metrics of answers that no network gives, as the loss gets them.

    Penalties on weights are no part of it. What is not finite is left out.
    """
    loss, steps = getattr(assembly.model, "loss", None), assembly.steps.final
    has_mean = steps.has_loss and getattr(loss, "reduction", None) in ONE_MEAN
    first = to_rows(samples.take(slice(0, 1)))
    steps.prepare(first.x, first.y)
    # In no variable: one by one, to write them takes longer than to compute what they hold.
    with keras.StatelessScope():
        steps.reset()
        for begin in range(0, len(samples), CONSTANT_BATCH):
            block = samples.take(slice(begin, begin + CONSTANT_BATCH))
            rows = to_rows(block)
            y = rows.y if steps.scale is None else steps.scale.scaled(rows.y)
            taken = tf.constant(answers(block), tf.float32)
            value = None
            if loss is not None and has_mean:
                value = loss(y, taken, sample_weight=rows.weight)
            steps.update(value, rows.x, rows.y, taken)
        values = dict(zip(steps.names(), map(float, steps.results().numpy()), strict=True))
    return {
        name: value
        for name, value in _final(values).items()
        if math.isfinite(value) and (has_mean or name != "loss")
    }


def _naive_baseline(assembly: Assembly, samples: Samples, form: SeriesForm) -> Baseline | None:
    """Hold forecasts against naive ones, on the windows of which these say something."""
    told = samples.foretold
    baselines = [_against(assembly, samples, form, name) for name in (told.naive if told else ())]
    return ranked([one for one in baselines if one is not None])


def _against(assembly: Assembly, samples: Samples, form: SeriesForm, name: str) -> Baseline | None:
    """Hold forecasts against one naive forecast; None where it says nothing of any window."""
    spec, shape = assembly.spec, (-1, form.horizon, len(form.targets))

    def said(block: Samples) -> NDArray[np.float32]:
        told = block.foretold
        return np.asarray(told.naive[name] if told else np.empty(0), np.float32)  # (rows, outputs)

    whole = [np.isfinite(said(block)).all(axis=1) for block in samples.blocks(PREDICT_BATCH)]
    known = samples.at(np.flatnonzero(np.concatenate(whole)))
    if not len(known):
        return None
    ours, theirs, begins = [], [], []
    for block in known.blocks(PREDICT_BATCH):
        y, y_pred = np.asarray(block.y, np.float64), assembly.predictor.predict(block.x)
        if y_pred.shape != y.shape or block.foretold is None:
            return None  # the loss stretches one to the other
        with np.errstate(over="ignore", invalid="ignore"):
            ours.append(np.square(y - y_pred).reshape(shape))
            theirs.append(np.square(y - said(block)).reshape(shape))
        begins.append(np.asarray(block.foretold.times)[:, 0])
    return baseline_of_forecasts(
        name,
        (np.concatenate(ours), np.concatenate(theirs)),
        np.concatenate(begins),
        targets=form.targets,
        overlap=-(-form.horizon // form.stride),
        metrics=measure_answers(
            assembly, known, lambda block: scaled(said(block), spec.target_scaling)
        ),
    )


TINY: Final = 1e-7


def constant_output(spec: Spec) -> NDArray[np.float32]:
    """Return the outputs, `(outputs,)`, that say what the training rows are on average."""
    prior = np.array(spec.prior, np.float64)
    if spec.class_names is None and not spec.labels:
        return np.asarray(scaled(prior, spec.target_scaling), np.float32)
    safe = np.clip(prior, TINY, 1 - TINY)
    if spec.labels or spec.threshold is None:
        odds = np.log(safe / (1 - safe)) if spec.labels else np.log(safe)
        return np.asarray(odds if spec.output == "logit" else prior, np.float32)
    answer = prior[1:]
    if spec.output == "logit":
        answer = np.log(safe[1:] / safe[:1])
    elif spec.label_form == "sign":
        answer = np.where(answer > 1 / 2, 1.0, -1.0)
    elif spec.label_form == "value":
        values = np.array(spec.class_values or (0.0, 1.0))
        answer = values[:1] + (values[1:] - values[:1]) * answer
    return np.asarray(answer, np.float32)


def _final(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if not name.startswith(AS_IN_EPOCHS)}


def _rounded(split: str, values: Mapping[str, float]) -> dict[str, str]:
    """Tell by name which metrics are visibly otherwise in float32, by rounding alone."""
    told = {}
    for name, value in _final(values).items():
        in_epochs = values.get(f"{AS_IN_EPOCHS}{name}", value)
        # What float32 holds of a large number is no slip: it has seven digits, wherever they are.
        least = VISIBLE * max(1.0, abs(value))
        if not (abs(value - in_epochs) < least or math.isnan(value)):
            told[name] = (
                f"{name} of the {split} rows is {value:.4f}, but epochs, which compute in float32, "
                f"have {in_epochs:.4f} for it; give the metric 'dtype: float64'"
            )
    return told
