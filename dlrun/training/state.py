"""Everything that the next batch depends on: variables of model, optimizer and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.backend import tf

if TYPE_CHECKING:
    from dlrun.training.steps import Steps


def build_optimizer(model: Any) -> None:
    """Make the variables of a model's optimizer, if they are not there yet."""
    optimizer = model.optimizer
    # Built again, a `LossScaleOptimizer` would make its own variables anew; and what the one in
    # it makes meanwhile, such as Nadam's product, would be missing among the variables.
    for one in (getattr(optimizer, "inner_optimizer", None), optimizer):
        if one is not None and not one.built:
            one.build(model.trainable_variables)


class TrainingState:
    """The variables that training changes; with the position, the whole state of a run.

    Args:
        steps: What trains; its model is built, and so is its optimizer.
    """

    def __init__(self, steps: Steps) -> None:
        model = steps.model
        candidates = [*model.variables, *model.optimizer.variables]
        for metric in steps.tracked:
            candidates += metric.variables
        self.variables = list({id(variable): variable for variable in candidates}.values())

    def snapshot(self) -> list[Any]:
        """Return the values, in the order of `variables`.

        Nothing is copied here: TensorFlow copies a buffer when it is written while it is read.
        """
        return [tf.convert_to_tensor(variable.value) for variable in self.variables]

    def restore(self, values: list[Any]) -> None:
        """Give every variable the value that it had at a snapshot."""
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(value)
