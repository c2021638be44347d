"""Rules about metrics: they can be taken of the labels and the outputs as the loss has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.catalog import canonical
from dlrun.catalog.losses import SQUASHED, label_form
from dlrun.catalog.metric_labels import misfit
from dlrun.errors import Problem
from dlrun.shapes import find_sample, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlrun.catalog.losses import LabelForm
    from dlrun.config.schema import Experiment

ACCURACY = "accuracy"


def metrics_fit_the_labels(experiment: Experiment) -> Iterator[Problem]:
    """A metric that would misread the labels is refused, as far as they are known."""
    dataset = experiment.dataset
    sample = find_sample(dataset.type, dataset.arguments)
    form = None
    if sample.target is None:
        form = _form(experiment, sample.shape, has_classes=sample.classes is not None)
    from_logits = experiment.loss is not None and experiment.loss.arguments.get("from_logits")
    for index, metric in enumerate(experiment.metrics):
        problem = None
        if metric.type == ACCURACY:
            if sample.target == (1,):  # Several may be the columns of one-hot classes.
                what = "accuracy needs classes, but the target is a number."
                problem = (what, "Use mean_absolute_error or r2_score.")
        elif form is not None:
            output = "logit" if from_logits is True and form != "index" else None
            problem = misfit(metric.as_dict(), label_form=form, output=output)
        if problem is not None:
            yield Problem(f"metrics[{index}]", *problem)


def _form(
    experiment: Experiment, shape: tuple[int | None, ...] | None, *, has_classes: bool
) -> LabelForm | None:
    """How the labels are handed over; None where that is known only with the data."""
    if experiment.loss is None:
        return None
    form = label_form(experiment.loss.type)
    if form == "index":
        return form
    outputs = walk([layer.as_dict() for layer in experiment.model.layers], shape)[-1].shape
    if form == "sign":
        return form  # with more than one output it would be refused
    if not has_classes or outputs is None:
        return None
    if form == "one_hot" or outputs != (1,):
        return "one_hot"
    given = experiment.model.layers[-1].arguments.get("activation")
    squashed = canonical("activations", str(given)) in SQUASHED
    return "binary" if form == "value" and squashed else form
