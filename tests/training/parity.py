"""Trains one case by dlrun and by `keras.Model.fit` from the same weights, and compares.

A case is written in the words of a config, so what the tables show is what YAML can say. The model
of both sides comes from `build_model`; plain Keras gets its own loss, optimizer and metrics, all
through `compile` and `fit`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.arrays import Spec, Splits
from dlrun.backend.components import create
from dlrun.data.labels import weigh_classes
from dlrun.models.build import build_model
from dlrun.training.epochs import FitOptions
from dlrun.training.steps import Steps
from dlrun.training.trainer import Trainer
from tests.training.parity_rows import SHAPES, batched, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CLOSE = 1e-6
"""How near two runs of the same arithmetic must be: 8 units in the last place of a float32.

TensorFlow compiles the two graphs apart from each other and may fuse or order sums differently.
"""
NEAR = 1e-5
"""Where an operation amplifies such a difference; each use says which operation."""

TRAIN_ROWS, VALIDATION_ROWS, BATCH_SIZE, EPOCHS = 22, 10, 8, 3
"""Two full batches and one of 6 rows; validation has a smaller last batch too."""


@dataclass(frozen=True)
class Case:
    """One row of a table of parity.

    Attributes:
        layers: Components; `name` and `inputs` as in a config, each filled in where missing.
        loss: A component or a word.
        optimizer: A component or a word; or a function that makes what no config can say.
        metrics: Components or words.
        kind: The kind of features; see `parity_rows`.
        target: The form of the targets.
        weighted: Whether rows have weights.
        class_weight: The weight of each class, by its number.
        validation: Whether there are validation rows.
        built_first: Whether plain Keras's optimizer is built before `fit`, as dlrun's always is.
        tolerance: The largest relative error allowed.
        moves: Whether training changes any weight; a case that trains nothing proves little.
    """

    layers: tuple[Any, ...]
    loss: Any = "CategoricalCrossentropy"
    optimizer: Any = field(default_factory=lambda: {"type": "SGD", "learning_rate": 0.1})
    metrics: tuple[Any, ...] = ()
    kind: str = "table"
    target: str = "one_hot"
    weighted: bool = False
    class_weight: dict[int, float] | None = None
    validation: bool = True
    built_first: bool = False
    tolerance: float = CLOSE
    moves: bool = True

    def samples(self):
        """The training rows and the validation rows, or None."""
        train = rows(self.kind, self.target, TRAIN_ROWS, seed=3, weighted=self.weighted)
        if not self.validation:
            return train, None
        return train, rows(self.kind, self.target, VALIDATION_ROWS, seed=4, weighted=self.weighted)


@dataclass(frozen=True)
class Trained:
    """What one of the two sides ended with.

    Attributes:
        model: The trained model.
        initial: The weights before the first step.
        weights: The weights at the end.
        history: One array per column, `(epochs,)`.
        optimizer: The optimizer's own variables at the end.
    """

    model: Any
    initial: list[Any]
    weights: list[Any]
    history: dict[str, Any]
    optimizer: list[Any]


def component(word: Any) -> dict[str, Any]:
    """A bare word is a component without arguments."""
    return {"type": word} if isinstance(word, str) else dict(word)


def resolved(layers: Sequence[Any]) -> list[dict[str, Any]]:
    """Fill in names and inputs, as a config does."""
    above, filled = "input", []
    for number, layer in enumerate(layers):
        stated = component(layer)
        name = stated.get("name", f"layer_{number}")
        filled.append(
            {"inputs": (above,), "weights": None, "trainable": True, **stated, "name": name}
        )
        above = name
    return filled


def _model(case: Case) -> Any:
    layers = resolved(case.layers)
    return build_model(layers, input_shape=SHAPES[case.kind], seed=7, name="parity")


def _optimizer(case: Case) -> Any:
    if callable(case.optimizer):
        return case.optimizer()
    return create("optimizers", component(case.optimizer), path="optimizer")


def _loss(case: Case) -> Any:
    return create("losses", component(case.loss), path="loss")


def _metrics(case: Case) -> list[Any]:
    return [create("metrics", component(word), path="metrics") for word in case.metrics]


def train_by_dlrun(
    case: Case,
    *,
    epochs: int = EPOCHS,
    callbacks: Callable[[], list[Any]] = list,
    batch_size: int = BATCH_SIZE,
) -> Trained:
    """Train by `Trainer`; class weights become weights of rows, as the workflow does it."""
    train, validation = case.samples()
    if case.class_weight is not None:
        names = tuple(str(number) for number in range(3))
        weights = {str(number): weight for number, weight in case.class_weight.items()}
        train = weigh_classes(train, _numbers(train.y), names, weights)
    model = _model(case)
    initial = model.get_weights()
    model.compile(optimizer=_optimizer(case), loss=_loss(case), jit_compile=False)
    trainer = Trainer(
        Steps(model, _metrics(case)),
        Splits(train, validation, None, Spec(SHAPES[case.kind])),
        FitOptions(epochs, batch_size, shuffle=False, seed=0),
        callbacks=callbacks(),
    )
    history = trainer.fit()
    columns = {name: [row[name] for row in history.rows] for name in history.rows[0]}
    return _trained(model, initial, columns)


def train_by_fit(
    case: Case,
    *,
    epochs: int = EPOCHS,
    callbacks: Callable[[], list[Any]] = list,
    batch_size: int = BATCH_SIZE,
    run_eagerly: bool = False,
) -> Trained:
    """Train by plain Keras; a few steps are taken sooner than traced."""
    train, validation = case.samples()
    model = _model(case)
    initial = model.get_weights()
    model.compile(
        optimizer=_optimizer(case),
        loss=_loss(case),
        metrics=_metrics(case),
        jit_compile=False,
        run_eagerly=run_eagerly,
    )
    if case.built_first:
        model.optimizer.build(model.trainable_variables)
    history = model.fit(
        batched(train, batch_size),
        class_weight=case.class_weight,
        validation_data=None if validation is None else batched(validation, batch_size),
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=callbacks(),
    ).history
    return _trained(model, initial, _flat(history))


def _trained(model: Any, initial: list[Any], history: dict[str, Any]) -> Trained:
    values = {name: np.asarray(column, "float64") for name, column in history.items()}
    variables = [np.asarray(variable.numpy()) for variable in model.optimizer.variables]
    return Trained(model, initial, model.get_weights(), values, variables)


def _flat(history: dict[str, Any]) -> dict[str, Any]:
    """Number the values of a metric that has several, as dlrun's history does."""
    columns: dict[str, Any] = {}
    for name, values in history.items():
        table = np.asarray(values)
        if table.ndim == 1:
            columns[name] = table
        else:
            columns |= {f"{name}_{i}": table[:, i] for i in range(table.shape[1])}
    return columns


def _numbers(y: Any) -> Any:
    """The class numbers of targets of any form."""
    if y.ndim == 1:
        return y
    return y.argmax(axis=1) if y.shape[1] > 1 else y[:, 0].astype("int64")


def relative_error(received: Any, expected: Any) -> float:
    """Return the largest difference over the largest expected entry; NaN equals NaN."""
    received, expected = np.asarray(received, "float64"), np.asarray(expected, "float64")
    assert received.shape == expected.shape
    missing = np.isnan(expected)
    if not np.array_equal(np.isnan(received), missing):
        return float("inf")
    received, expected = received[~missing], expected[~missing]
    if not expected.size:
        return 0.0
    return float(np.abs(received - expected).max() / max(np.abs(expected).max(), 1e-30))


@dataclass(frozen=True)
class Difference:
    """The worst relative errors between two trainings.

    Attributes:
        weights: Over all weights, each against the largest entry of its tensor.
        history: Over all columns, each against the largest entry of its column.
    """

    weights: float
    history: float


def difference(ours: Trained, theirs: Trained) -> Difference:
    """Compare, after the two have been found to have begun alike."""
    for a, b in zip(ours.initial, theirs.initial, strict=True):
        assert np.array_equal(a, b), "the initial weights differ"
    assert set(ours.history) == set(theirs.history)
    return Difference(
        max(map(relative_error, ours.weights, theirs.weights), default=0.0),
        max(relative_error(values, theirs.history[name]) for name, values in ours.history.items()),
    )


def moved(trained: Trained) -> bool:
    """Whether training changed anything."""
    pairs = zip(trained.initial, trained.weights, strict=True)
    return any(not np.array_equal(a, b) for a, b in pairs)


def check(case: Case, *, batch_size: int = BATCH_SIZE) -> Difference:
    """Train both ways and hold the results to each other.

    Steps that are taken one operation after the other are sooner done than traced; where that
    rounds otherwise than a graph does, and a case enlarges it, `fit` is compiled as well.
    """
    ours = train_by_dlrun(case, batch_size=batch_size)
    theirs = train_by_fit(case, batch_size=batch_size, run_eagerly=True)
    found = difference(ours, theirs)
    if max(found.weights, found.history) > case.tolerance:
        theirs = train_by_fit(case, batch_size=batch_size)
        found = difference(ours, theirs)
    assert moved(ours) is case.moves
    assert all(np.isfinite(weight).all() for weight in theirs.weights)
    assert found.weights <= case.tolerance, found
    assert found.history <= case.tolerance, found
    return found
