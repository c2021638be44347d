"""`dlrun explain`: the forward pass of a row, worked out and then held against TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.errors import RunFolderError
from dlrun.formulas import Node, Place, Story, derivative, follow, read_nodes
from dlrun.rundir.folder import Run
from dlrun.rundir.names import CONFIG, SPEC, WEIGHTS
from dlrun.training.listener import Listener
from dlrun.workflows.opening import OpenedRun, load_model, open_trained
from dlrun.workflows.rows import Choice, Row, choose_row
from dlrun.workflows.weights import check_layer, read_layer_weights

TOLERANCE: Final = 1e-5
"""How far a number may be from TensorFlow's: so much, or so much of it where it is above 1."""


@dataclass(frozen=True)
class Answer:
    """What the network says of the row, and what moves it."""

    output: NDArray[np.float64]  # what the last layer gives
    predicted: str | None  # the class that it stands for; None for a regression
    # The entry of the output that is explained: that of the predicted class where each has its
    # own, else the first.
    place: Place
    # The derivative of that entry by every entry of the input, in its shape; None where the input
    # is looked up.
    slopes: NDArray[np.float64] | None


@dataclass(frozen=True)
class Comparison:
    """How far the formulas are from TensorFlow."""

    differences: Mapping[str, float]  # the largest absolute difference of each layer's output
    agrees: bool  # whether every number is within `TOLERANCE`
    output: NDArray[np.float32] | None  # TensorFlow's; None where the story ends early


@dataclass(frozen=True)
class Explanation:
    """The forward pass of a row."""

    opened: OpenedRun
    row: Row
    story: Story  # what every layer computes
    answer: Answer | None  # None where the story ends early
    comparison: Comparison | None  # None where TensorFlow was not asked


def explain(
    run: Run, choice: Choice, *, layer: str | None, trust: bool, compare: bool, listener: Listener
) -> Explanation:
    """Work out the forward pass of one row; `layer` is the one that will be shown, or None."""
    opened = open_trained(run, listener, trust=trust)
    layers = [one.as_dict() for one in opened.experiment.model.layers]
    check_layer(layer, [one["name"] for one in layers])
    nodes = read_nodes(layers, _usable_weights(opened))
    row = choose_row(opened, choice)
    if opened.experiment.training.precision != "float32":
        listener.message(
            f"the run computes in {opened.experiment.training.precision}; what follows is the "
            "exact arithmetic of its weights"
        )
    story = follow(nodes, row.x)
    answer = None if story.ending else _answer(opened, nodes, story, row)
    comparison = _compare(opened, story, row) if compare else None
    return Explanation(opened, row, story, answer, comparison)


def _usable_weights(opened: OpenedRun) -> dict[str, dict[str, NDArray[Any]]]:
    """The weights of each layer; with NaN there is nothing to explain."""
    weights = read_layer_weights(opened)
    for layer, named in weights.items():
        for name, weight in named.items():
            wrong = int(weight.size - np.isfinite(weight.astype(np.float64)).sum())
            if wrong:
                raise RunFolderError(
                    f"'{layer}/{name}' has {wrong} of {weight.size} numbers that are NaN or "
                    "infinite: there is nothing to explain.",
                    where=str(opened.run.file(WEIGHTS)),
                    fix=f"`dlrun weights {opened.run.path}` shows which.",
                )
    return weights


def _answer(opened: OpenedRun, nodes: tuple[Node, ...], story: Story, row: Row) -> Answer:
    from dlrun.data.labels import decode

    output = np.asarray(story.stages[-1].working.output)
    place: Place = (0,) * output.ndim
    predicted, spec = None, opened.spec
    if spec.class_names is not None:
        units = len(spec.class_names) if spec.threshold is None else 1
        if output.shape != (units,):
            raise RunFolderError(
                f"does not fit the model of {CONFIG}: its classes need {units} outputs, "
                f"the last layer has the shape {output.shape}.",
                where=str(opened.run.file(SPEC)),
            )
        number = int(decode(output[None], spec)[0])
        predicted = spec.class_names[number]
        place = (number,) if spec.threshold is None else place
    return Answer(output, predicted, place, derivative(nodes, row.x, place))


def _compare(opened: OpenedRun, story: Story, row: Row) -> Comparison:
    """Ask TensorFlow, in float32 on the CPU: a GPU may round its products to 10 bits."""
    from dlrun.backend import keras, tf

    training = opened.experiment.training.model_copy(update={"precision": "float32"})
    experiment = opened.experiment.model_copy(update={"training": training})
    with tf.device("CPU:0"):
        model = load_model(replace(opened, experiment=experiment))
        names = [stage.node.name for stage in story.stages]
        outputs = [model.get_layer(name).output for name in names]
        given = tf.constant(row.x[None], tf.float32)
        values = keras.Model(model.input, outputs)(given, training=False) if outputs else []
    theirs = [np.asarray(value)[0] for value in (values if len(names) != 1 else _listed(values))]
    differences, agrees = {}, True
    for stage, their in zip(story.stages, theirs, strict=True):
        ours = np.asarray(stage.working.output)
        apart = np.abs(ours - their)
        differences[stage.node.name] = float(apart.max(initial=0.0))
        agrees &= bool((apart <= TOLERANCE * np.maximum(1.0, np.abs(their))).all())
    return Comparison(differences, agrees, None if story.ending else theirs[-1])


def _listed(values: Any) -> list[Any]:
    """One output is given as it is, or as a list of one."""
    return list(values) if isinstance(values, list | tuple) else [values]
