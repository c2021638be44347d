"""Everything that the next batch depends on: variables of model, optimizer and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.backend import keras, tf
from dlrun.training.epochs import Position
from dlrun.training.history import History
from dlrun.training.steps import Steps

if TYPE_CHECKING:
    from dlrun.training.callbacks import CallbackChain


def build_optimizer(model: Any) -> None:
    """Make the variables of a model's optimizer, if they are not there yet."""
    # To build a `LossScaleOptimizer` again would make all of its own variables anew.
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def variables_of(model: Any) -> list[Any]:
    """Return what a training changes of a compiled model and of its optimizer, which is built."""
    optimizer = model.optimizer
    found = [*model.variables, *optimizer.variables]
    # In a `LossScaleOptimizer` Keras loses sight of what is no slot of a weight: Nadam's product.
    inner = vars(getattr(optimizer, "inner_optimizer", optimizer)).values()
    found += [value for value in inner if isinstance(value, keras.Variable)]
    return list({id(variable): variable for variable in found}.values())


class TrainingState:
    """All that changes while a model, whose optimizer is built, trains."""

    def __init__(self, steps: Steps, chain: CallbackChain) -> None:
        metrics = [variable for metric in steps.tracked for variable in metric.variables]
        self.variables = [*variables_of(steps.model), *metrics]
        # By number, too: Keras numbers an optimizer by those made before it.
        self.names = [f"{index}/{variable.name}" for index, variable in enumerate(self.variables)]
        self.epoch_start: list[Any] = []  # their values at the start of the epoch that is open
        self.position = Position(0, 0)  # where the variables stand
        self.history = History()
        self.chain = chain

    def snapshot(self) -> list[Any]:
        """Return the values, in the order of `variables`."""
        # Nothing is copied: TensorFlow copies a buffer when it is written while it is read.
        return [tf.convert_to_tensor(variable.value) for variable in self.variables]

    def restore(self, values: list[Any]) -> None:
        """Give every variable the value that it had at a snapshot."""
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(value)
