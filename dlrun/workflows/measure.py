"""The final numbers of a model: metrics per split, and what they hide, class by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.data.labels import class_numbers, decode
from dlrun.reports.classification import ClassificationReport, classification_report
from dlrun.training.evaluation import PREDICT_BATCH, Evaluator, Predictor

if TYPE_CHECKING:
    from dlrun.arrays import Samples, Spec, Splits
    from dlrun.config import Experiment
    from dlrun.workflows.assembly import Assembly

CLASSIFICATION = "classification"


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        metrics: The loss and the metrics, by split.
        split: The split that `classification` speaks of.
        classification: The confusion matrix and the numbers per class; None for a regression.
    """

    metrics: dict[str, dict[str, float]]
    split: str
    classification: ClassificationReport | None

    def to_json(self) -> dict[str, Any]:
        """Return what `metrics.json` holds."""
        values: dict[str, Any] = {split: dict(metrics) for split, metrics in self.metrics.items()}
        if self.classification is not None:
            values[self.split][CLASSIFICATION] = self.classification.to_json()
        return values


def measure_splits(
    experiment: Experiment, assembly: Assembly, splits: Splits, predictor: Predictor
) -> Measured:
    """Measure every split; the last one that has rows also class by class.

    Args:
        experiment: The config.
        assembly: The trained model.
        splits: Rows with fitted labels.
        predictor: Predicts with the model.
    """
    evaluator = Evaluator(assembly.steps, batch_size=experiment.training.batch_size)
    present = splits.present()
    metrics = {name: evaluator.evaluate(samples) for name, samples in present.items()}
    last = list(present)[-1]
    report = classify(predictor, present[last], assembly.spec)
    return Measured(metrics, last, report)


def measure_samples(
    experiment: Experiment, assembly: Assembly, samples: Samples, split: str
) -> Measured:
    """Measure some rows, also class by class.

    Args:
        experiment: The config.
        assembly: The trained model.
        samples: Rows with encoded labels.
        split: What to call them.
    """
    evaluator = Evaluator(assembly.steps, batch_size=experiment.training.batch_size)
    report = classify(assembly.predictor, samples, assembly.spec)
    return Measured({split: evaluator.evaluate(samples)}, split, report)


def classify(predictor: Predictor, samples: Samples, spec: Spec) -> ClassificationReport | None:
    """Hold the predicted classes against the true ones, where there are classes."""
    if spec.class_names is None or samples.y is None:
        return None
    y_pred = [decode(predictor.predict(block.x), spec) for block in samples.blocks(PREDICT_BATCH)]
    return classification_report(
        class_numbers(samples.y, spec), np.concatenate(y_pred), class_names=spec.class_names
    )
