"""Gathers what the plots and the page of a run are made of, from its model and its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.backend.components import create
from dlrun.data.labels import class_numbers, decode
from dlrun.models.weights import get_weights
from dlrun.reports.story import MAX_OTHER_ROWS, MAX_ROWS, Layer, ReportData, Rows
from dlrun.reports.training_course import LEARNING_RATE
from dlrun.rundir.history import read_history

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dlrun.arrays import Samples, Spec, Splits
    from dlrun.config import Experiment
    from dlrun.rundir.folder import RunFolder
    from dlrun.training.evaluation import Predictor
    from dlrun.workflows.measure import Measured

_RATES = 200
"""How many points of a schedule of the learning rate are worked out."""


def collect_report_data(
    experiment: Experiment,
    model: Any,
    splits: Splits,
    measured: Measured,
    *,
    predictor: Predictor,
    folder: RunFolder,
    notes: tuple[str, ...] = (),
) -> ReportData:
    """Collect what the plots and the page of a run are made of.

    Args:
        experiment: Its config.
        model: Its trained model.
        splits: Its rows, with fitted labels and a complete spec.
        measured: Its metrics.
        predictor: Predicts with the model.
        folder: The run folder; its record is closed.
        notes: What a reader has to know.

    Returns:
        The data; the work and the memory that it takes are bounded, however many rows there are.
    """
    spec = splits.spec
    present = {name: rows for name, rows in splits.present().items() if rows.y is not None}
    limits = dict.fromkeys(present, MAX_OTHER_ROWS) | {list(present)[-1]: MAX_ROWS}
    history = {name: np.array(values) for name, values in read_history(folder.path).items()}
    if LEARNING_RATE not in history and history:
        rates = _scheduled_rates(experiment, len(splits.train), history)
        history |= {} if rates is None else {LEARNING_RATE: rates}
    return ReportData(
        run=folder.name,
        experiment=experiment,
        record=folder.read_record(),
        spec=spec,
        layers=_layers(experiment, model),
        history=history,
        weights=get_weights(model),
        metrics=measured.metrics,
        classification=measured.classification,
        class_counts=_class_counts(present, spec),
        rows={
            name: _rows(name, samples, limits[name], spec, predictor)
            for name, samples in present.items()
        },
        answer=predictor.predict,
        decide=lambda outputs: decode(outputs, spec),
        notes=notes,
    )


def _rows(split: str, samples: Samples, most: int, spec: Spec, predictor: Predictor) -> Rows:
    """Take rows, evenly spaced where there are too many, and predict them."""
    total = len(samples)
    numbers = np.arange(total)
    if total > most:
        numbers = np.linspace(0, total - 1, most).round().astype(np.int64)
    taken = samples.take(numbers)
    outputs = predictor.predict(taken.x)
    y_true: NDArray[Any] = np.asarray(taken.y)
    y_pred: NDArray[Any] = outputs
    if spec.class_names is not None:
        y_true, y_pred = class_numbers(y_true, spec), decode(outputs, spec)
    return Rows(split, total, numbers, np.asarray(taken.x), y_true, y_pred, outputs)


def _class_counts(present: dict[str, Samples], spec: Spec) -> dict[str, tuple[int, ...]]:
    """Count the rows of each class, split by split."""
    if spec.class_names is None:
        return {}
    classes = len(spec.class_names)
    return {
        name: tuple(np.bincount(class_numbers(samples.y, spec), minlength=classes).tolist())
        for name, samples in present.items()
        if samples.y is not None
    }


def _layers(experiment: Experiment, model: Any) -> tuple[Layer, ...]:
    """Describe the layers as they were built."""
    described = []
    for layer in experiment.model.layers:
        built = model.get_layer(layer.name)
        activation = layer.arguments.get("activation")
        if isinstance(activation, dict):
            activation = activation.get("type")
        described.append(
            Layer(
                layer.name,
                layer.type,
                tuple(layer.inputs or ()),
                tuple(built.output.shape[1:]),
                int(built.count_params()),
                None if activation in (None, "linear") else str(activation),
                layer.trainable,
            )
        )
    return tuple(described)


def _scheduled_rates(
    experiment: Experiment, rows: int, history: dict[str, NDArray[np.float64]]
) -> NDArray[np.float64] | None:
    """Work out what a schedule over steps made of the learning rate, at the end of each epoch."""
    optimizer = experiment.optimizer
    rate = None if optimizer is None else optimizer.arguments.get("learning_rate")
    if not isinstance(rate, dict):
        return None
    schedule = create("schedules", rate, path="optimizer.learning_rate")
    epochs, steps = max(map(len, history.values())), -(-rows // experiment.training.batch_size)
    chosen = np.unique(np.linspace(1, epochs, min(epochs, _RATES)).round().astype(int))
    rates = [float(schedule(int(epoch) * steps - 1)) for epoch in chosen]
    return np.interp(np.arange(1, epochs + 1), chosen, rates)
