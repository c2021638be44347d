"""Rules about metrics: they can be taken of the labels and the outputs as the loss has them."""

from collections.abc import Iterator
from typing import Final

from dlrun.catalog.label_forms import (
    Handed,
    LabelForm,
    TargetLabels,
    Targets,
    caution,
    fitted_form,
    handed,
    label_form,
    misfit,
)
from dlrun.config.rules.last_layer import last_activation, least_output, loss_of, takes_logits
from dlrun.config.rules.training import no_weight_changes
from dlrun.config.schema import Experiment
from dlrun.datasets.samples import Sample, find_sample
from dlrun.errors import Problem
from dlrun.shapes import Shape, walk
from dlrun.shapes.last_layer import misgiving

Forms = tuple[tuple[LabelForm, TargetLabels | None], ...]
"""Forms that labels may have, each with what targets are that are no classes."""

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
    """Whether only the data, of which a sample is known, tell if a metric can be taken."""
    possible = _possible(experiment, sample)
    return any(
        len({misfit(metric.as_dict(), got) is None for got in possible}) != 1
        for metric in experiment.metrics
    )


def what_is_doubtful(experiment: Experiment) -> Iterator[Problem]:
    """What can be trained as it is written and is seldom meant."""
    sample, outputs = _ends(experiment)
    told = experiment.model.layers[-1].arguments.get("units")
    unsuited = misgiving(
        loss_of(experiment),
        units=outputs[-1] if outputs else told if isinstance(told, int) else None,
        activation=last_activation(experiment),
        classes=None if sample.classes is None else len(sample.classes),
        targets=_foreseen(experiment, sample),
    )
    if unsuited is not None:
        yield Problem("loss", *unsuited)
    yield from no_weight_changes(experiment)
    possible = _possible(experiment)
    for index, metric in enumerate(experiment.metrics):
        careful = caution(metric.as_dict(), possible[0]) if len(possible) == 1 else None
        if careful is not None:
            yield Problem(f"metrics[{index}]", careful)


def _foreseen(experiment: Experiment, sample: Sample) -> Targets | None:
    """What targets of numbers surely look like, without the data."""
    scale = experiment.dataset.target_scale
    if scale in ("standard", "log"):  # some lie on each side of their mean, which is 0
        return Targets("numbers", low=-1.0, high=1.0, scaled=scale)
    return Targets("numbers") if sample.is_regression else None


def _possible(experiment: Experiment, sample: Sample | None = None) -> tuple[Handed, ...]:
    """Say what the metrics may get, as far as known without the data; the likeliest first."""
    sample, outputs = _ends(experiment, sample)
    activation = last_activation(experiment)
    return tuple(
        handed(
            loss=loss_of(experiment),
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
) -> Forms:
    form = label_form(loss_of(experiment))
    fitted = fitted_form(loss_of(experiment), outputs or (None,), activation)
    known: Forms = ()
    if form in ("index", "sign"):
        known = ((form, None),)  # data without classes and several outputs are refused
    elif sample.is_regression:
        known = (("value", "numbers"),)
    elif outputs is None or (len(outputs) > 1 and sample.target is None):
        known = ()
    elif sample.classes is not None:
        known = ((fitted, None),)
    elif sample.target is not None:
        known = (*(("value", kind) for kind in SEVERAL), ("one_hot", None))
    elif sample.one_target and form != "value":
        fractions: Forms = (("value", "fractions"),)
        known = ((fitted, None), *(() if fitted == "one_hot" else fractions))
    return known


def _numbers(classes: tuple[str, ...] | None) -> tuple[float, ...] | None:
    """Read the names of classes as numbers; None where they are none."""
    try:
        return tuple(map(float, classes or ())) or None
    except ValueError:
        return None


def _ends(experiment: Experiment, sample: Sample | None = None) -> tuple[Sample, Shape | None]:
    """Find a sample of the dataset, and what the last layer makes of it, as far as known."""
    if sample is None:
        sample = find_sample(experiment.dataset.type, experiment.dataset.arguments)
    layers = experiment.model.mappings
    outputs = walk(layers, sample.shape, sample.views, sample.named)[-1].shape
    if outputs is None and sample.shape and len(sample.shape) == 1:
        outputs = least_output(experiment)
    return sample, outputs
