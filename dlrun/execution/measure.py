"""The final numbers of a model: metrics per split, and what they hide, class by class."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.arrays import Samples, Spec, Splits
from dlrun.config import Experiment
from dlrun.data.labels import class_numbers, decode
from dlrun.reports.scores import ClassificationReport, classification_report
from dlrun.training.evaluation import PREDICT_BATCH, Evaluator, Predictor
from dlrun.training.steps import AS_IN_EPOCHS

if TYPE_CHECKING:
    from dlrun.execution.assembly import Assembly

CLASSIFICATION = "classification"
VISIBLE = 1e-4  # the last digit of a metric that is shown


@dataclass(frozen=True)
class Measured:
    """What was measured."""

    metrics: dict[str, dict[str, float]]  # the loss and the metrics, by split
    split: str  # that `classification` speaks of
    classification: ClassificationReport | None  # None for a regression
    # What float32, in which epochs are measured, makes visibly otherwise; one sentence each.
    rounded: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what `metrics.json` holds."""
        values: dict[str, Any] = {split: dict(metrics) for split, metrics in self.metrics.items()}
        if self.classification is not None:
            values[self.split][CLASSIFICATION] = self.classification.to_json()
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
    report = classify(assembly.predictor, present[last], assembly.spec)
    return Measured(metrics, last, report, tuple(rounded.values()))


def measure_samples(
    experiment: Experiment, assembly: Assembly, samples: Samples, split: str
) -> Measured:
    """Measure some rows, with encoded labels, also class by class; `split` is what to call them."""
    evaluator = Evaluator(assembly.steps.final, batch_size=experiment.training.batch_size)
    report = classify(assembly.predictor, samples, assembly.spec)
    return Measured({split: _final(evaluator.evaluate(samples))}, split, report)


def classify(predictor: Predictor, samples: Samples, spec: Spec) -> ClassificationReport | None:
    """Hold the predicted classes against the true ones, where there are classes."""
    if spec.class_names is None or samples.y is None:
        return None
    y_pred = [decode(predictor.predict(block.x), spec) for block in samples.blocks(PREDICT_BATCH)]
    return classification_report(
        class_numbers(samples.y, spec), np.concatenate(y_pred), class_names=spec.class_names
    )


def _final(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if not name.startswith(AS_IN_EPOCHS)}


def _rounded(split: str, values: Mapping[str, float]) -> dict[str, str]:
    """Tell by name which metrics are visibly otherwise in float32, by rounding alone."""
    told = {}
    for name, value in _final(values).items():
        in_epochs = values.get(f"{AS_IN_EPOCHS}{name}", value)
        if not (abs(value - in_epochs) < VISIBLE or math.isnan(value)):
            told[name] = (
                f"{name} of the {split} rows is {value:.4f}, but epochs, which compute in float32, "
                f"have {in_epochs:.4f} for it; give the metric 'dtype: float64'"
            )
    return told
