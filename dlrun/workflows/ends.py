"""Holds both ends of a model against data that were loaded, before there is a model."""

from __future__ import annotations

from dlrun.arrays import Splits
from dlrun.catalog.metric_labels import handed, misfit
from dlrun.config import Experiment
from dlrun.config.rules.last_layer import last_activation, takes_logits
from dlrun.data.labels import fit_spec
from dlrun.data.targets import look_at
from dlrun.data.weighting import weigh_classes
from dlrun.errors import ConfigError, Problem
from dlrun.shapes import walk
from dlrun.shapes.weights import misfits
from dlrun.workflows.load import check_size


def check_ends(experiment: Experiment, splits: Splits) -> None:
    """Refuse what training would refuse of these rows, as far as it is known without TensorFlow.

    A layer cannot take the rows; the last one, the loss, a metric or the weights of classes do not
    fit the targets.
    """
    sample, train = splits.spec.input_shape, splits.train
    steps = walk([layer.as_dict() for layer in experiment.model.layers], sample)
    problems = [step.problem for step in steps if step.problem is not None]
    for index, (step, layer) in enumerate(zip(steps, experiment.model.layers, strict=True)):
        problems += misfits(step, layer.weights, f"model.layers[{index}]")
    if problems:
        raise ConfigError(*problems)
    check_size(experiment, sample)
    outputs, loss = steps[-1].shape, experiment.loss
    if outputs is None:
        return  # The verdict says so.
    spec, _ = fit_spec(
        splits.spec,
        targets=None if train.y is None else train.y.shape[1:] or (1,),
        loss=None if loss is None else loss.type,
        output_shape=outputs,
        from_logits=takes_logits(experiment),
        output_activation=last_activation(experiment),
    )
    has_classes = spec.class_names is not None
    got = handed(
        loss=None if loss is None else loss.type,
        from_logits=takes_logits(experiment),
        activation=last_activation(experiment),
        outputs=outputs,
        form=spec.label_form or "value",
        values=spec.class_values,
        targets=None if has_classes else look_at(splits.present().values()),
    )
    found = [misfit(metric.as_dict(), got) for metric in experiment.metrics]
    wrong = [Problem(f"metrics[{index}]", *one) for index, one in enumerate(found) if one]
    if wrong:
        raise ConfigError(*wrong)
    if train.y is not None and experiment.training.epochs > 0:
        numbers = train.y[:] if has_classes else train.y[:0]
        weigh_classes(train, numbers, spec.class_names, experiment.training.class_weight)
