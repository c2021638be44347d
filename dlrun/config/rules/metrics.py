"""Rules about metrics: they can be taken of the labels and the outputs as the loss has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlrun.catalog.losses import SQUASHED, Targets, label_form, misgiving
from dlrun.catalog.metric_labels import caution, handed, misfit
from dlrun.config.rules.last_layer import last_activation, takes_logits
from dlrun.errors import Problem
from dlrun.shapes import walk
from dlrun.shapes.samples import find_sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlrun.catalog.losses import LabelForm, TargetLabels
    from dlrun.catalog.metric_labels import Handed
    from dlrun.config.schema import Experiment
    from dlrun.shapes import Shape
    from dlrun.shapes.samples import Sample

SEVERAL: Final[tuple[TargetLabels, ...]] = ("flags", "one_hot", "shares", "fractions", "numbers")
"""What several columns of targets may be."""


def metrics_fit_the_labels(experiment: Experiment) -> Iterator[Problem]:
    """A metric that would misread the labels, whatever the data hold, is refused."""
    possible = _possible(experiment)
    for index, metric in enumerate(experiment.metrics):
        found = [misfit(metric.as_dict(), got) for got in possible]
        if found and found[0] is not None and None not in found:
            yield Problem(f"metrics[{index}]", *found[0])


def depends_on_the_rows(experiment: Experiment, sample: Sample) -> bool:
    """Whether only the data tell if a metric can be taken.

    Args:
        experiment: The config.
        sample: What is known of them.
    """
    possible = _possible(experiment, sample)
    fitting = ({misfit(metric.as_dict(), got) is None for got in possible}
               for metric in experiment.metrics)  # fmt: skip
    return any(len(answers) != 1 for answers in fitting)


def what_is_doubtful(experiment: Experiment) -> Iterator[Problem]:
    """What can be trained as it is written and is seldom meant."""
    sample, outputs = _ends(experiment)
    unsuited = misgiving(
        None if experiment.loss is None else experiment.loss.type,
        units=outputs[-1] if outputs else None,
        activation=last_activation(experiment),
        classes=None if sample.classes is None else len(sample.classes),
        targets=Targets("numbers") if sample.is_regression else None,
    )
    if unsuited is not None:
        yield Problem("loss", *unsuited)
    possible = _possible(experiment)
    for index, metric in enumerate(experiment.metrics):
        careful = caution(metric.as_dict(), possible[0]) if len(possible) == 1 else None
        if careful is not None:
            yield Problem(f"metrics[{index}]", careful)


def _possible(experiment: Experiment, sample: Sample | None = None) -> tuple[Handed, ...]:
    """What the metrics may get, as far as that is known without the data; the likeliest first."""
    sample, outputs = _ends(experiment, sample)
    activation = last_activation(experiment)
    return tuple(
        handed(
            loss=None if experiment.loss is None else experiment.loss.type,
            from_logits=takes_logits(experiment),
            activation=activation,
            outputs=outputs or (None,),
            form=form,
            values=_numbers(sample.classes) if form == "value" else None,
            targets=None if targets is None else Targets(targets),
        )
        for form, targets in _forms(experiment, sample, outputs, activation)
    )


def _forms(
    experiment: Experiment, sample: Sample, outputs: Shape | None, activation: str | None
) -> tuple[tuple[LabelForm, TargetLabels | None], ...]:
    """The forms that labels may have, each with what targets are that are no classes."""
    form = label_form(None if experiment.loss is None else experiment.loss.type)
    one_of_several = form == "one_hot" or outputs != (1,)
    known: tuple[tuple[LabelForm, TargetLabels | None], ...] = ()
    if form in ("index", "sign"):
        known = ((form, None),)  # Data without classes and several outputs are refused.
    elif sample.is_regression:
        known = (("value", "numbers"),)
    elif outputs is None or (len(outputs) > 1 and sample.target is None):
        known = ()
    elif sample.classes is not None:
        fitted = "binary" if form == "value" and activation in SQUASHED else form
        known = (("one_hot" if one_of_several else fitted, None),)
    elif sample.target is not None:
        known = (*(("value", kind) for kind in SEVERAL), ("one_hot", None))
    elif sample.one_target and form != "value":
        known = (("one_hot", None),) if one_of_several else ((form, None), ("value", "fractions"))
    return known


def _numbers(classes: tuple[str, ...] | None) -> tuple[float, ...] | None:
    """The numbers of classes, which are named by them; None where they are no numbers."""
    try:
        return tuple(map(float, classes or ())) or None
    except ValueError:
        return None


def _ends(experiment: Experiment, sample: Sample | None = None) -> tuple[Sample, Shape | None]:
    """A sample of the dataset, and what the last layer makes of it, as far as they are known."""
    if sample is None:
        sample = find_sample(experiment.dataset.type, experiment.dataset.arguments)
    layers = [layer.as_dict() for layer in experiment.model.layers]
    last = experiment.model.layers[-1]
    outputs = walk(layers, sample.shape)[-1].shape
    if outputs is None and last.type == "Dense" and sample.shape and len(sample.shape) == 1:
        units = last.arguments.get("units")
        outputs = (units,) if isinstance(units, int) else None
    return sample, outputs
