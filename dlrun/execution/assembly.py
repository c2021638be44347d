"""What every workflow with a model does first: build it, fit the labels to it, compile it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlrun.arrays import Samples, Spec, Splits
from dlrun.backend.components import create
from dlrun.backend.device import on_gpu
from dlrun.catalog.keras_names import FILE_ARGUMENTS
from dlrun.catalog.label_forms import CANCELLING, Handed, Targets, caution, handed, misfit
from dlrun.config import Component, Experiment
from dlrun.config.rules.files import package_problems
from dlrun.data.classes import look_at
from dlrun.data.labels import fit_labels, fit_spec
from dlrun.data.predictions import output_kind
from dlrun.data.targets import reaching
from dlrun.errors import ConfigError, Problem, RunFolderError
from dlrun.execution.layers import layers_of
from dlrun.models.build import build_model, output_activation
from dlrun.rundir.files import check_inside, leads_out
from dlrun.rundir.folder import Run
from dlrun.shapes.last_layer import misgiving
from dlrun.training.evaluation import Predictor
from dlrun.training.metrics import build_metrics
from dlrun.training.state import build_optimizer, variables_of
from dlrun.training.steps import FinalSteps, Steps


@dataclass(frozen=True)
class Assembly:
    """A model with its loss, optimizer and metrics."""

    model: Any  # a `keras.Model`, compiled where the config has a loss
    steps: Steps
    spec: Spec  # of the rows that it takes; complete
    predictor: Predictor


def assemble(experiment: Experiment, splits: Splits) -> tuple[Assembly, Splits, str]:
    """Build an experiment's model and make labels and model fit each other.

    Returns:
        The assembly; the rows with fitted labels; what was done to the labels, in one line.
    """
    model, splits, labels = _build_and_fit_labels(experiment, splits)
    steps = compile_model(model, experiment, splits.spec)
    predictor = Predictor(model, splits.spec.target_scaling)
    return Assembly(model, steps, splits.spec, predictor), splits, labels


def _build_and_fit_labels(
    experiment: Experiment, splits: Splits, *, keep_graphs: bool = False
) -> tuple[Any, Splits, str]:
    """Build a model, not compiled, and fit the labels to it; see `assemble` and `build_model`."""
    model = build(experiment, splits.spec, keep_graphs=keep_graphs)
    ending = _ending(model, experiment)
    splits, labels = fit_labels(splits, **ending)
    return model, replace(splits, spec=_with_output(splits.spec, ending)), labels


UNSHARED = {
    "ScheduleFreeAdamW": "its state begins with the weights, which --from sets after the hand-over",
    "RandomCrop": "it keeps the seed that it drew as a setting, which exports write down",
    **{
        f"EfficientNetB{number}": "it normalizes by numbers that stand in its graph as constants"
        for number in range(8)
    },
}
"""Words of Keras whose models are never handed over to another run, with the reason."""


class GraphCache:
    """Assembles one model after the other; where it can, it keeps the graphs of the one before.

    To trace them takes a small run longer than its training. What they read from variables and
    arguments may differ: the seed, the learning rate, the number of epochs. Then the values of all
    variables of the new model are given to the one before.
    """

    def __init__(self) -> None:
        self._kind: tuple[Any, ...] | None = None
        self._before: Assembly | None = None

    @property
    def is_filled(self) -> bool:
        """Whether there are graphs for the next model."""
        return self._before is not None

    def assemble(self, experiment: Experiment, splits: Splits) -> tuple[Assembly, Splits, str]:
        """Assemble an experiment; see `assemble`."""
        # What is fitted on the rows is applied to them before they come here.
        # The scale of the targets, whose numbers are variables, decides by its kind.
        scaled = splits.spec.target_scaling
        unfitted = replace(splits.spec, scaling=None, columns=None, target_scaling=None, prior=None)
        layers = repr(layers_of(experiment, splits.spec))  # with the sizes that the data tell
        kind = (_as_graphs_see_it(experiment), layers, unfitted, scaled and scaled.kind)
        before = self._before
        if before is None or kind != self._kind or not _is_shared(experiment):
            self._kind = self._before = None  # If it fails, there is no model before.
            assembled = assemble(experiment, splits)
            self._kind, self._before = kind, assembled[0]
            return assembled

        def rebuild() -> tuple[Any, Splits, str]:
            found = _build_and_fit_labels(experiment, splits, keep_graphs=True)
            _give_loss(found[0], experiment)  # it hands over its variables, and needs no metrics
            return found

        # In a thread of its own, where Keras knows no names yet: see `build_model`.
        with ThreadPoolExecutor(max_workers=1) as thread:
            model, splits, labels = thread.submit(rebuild).result()
        copy_variables(model, before)
        before.steps.rescale(splits.spec.target_scaling)
        predictor = before.predictor.rescaled(splits.spec.target_scaling)
        return replace(before, spec=splits.spec, predictor=predictor), splits, labels


_kept: list[GraphCache] = []


def keep_graphs() -> None:
    """Keep the graphs of whatever this process trains, see `GraphCache`."""
    if not _kept:
        _kept.append(GraphCache())


def kept_graphs() -> GraphCache | None:
    """Return the cache of this process, if it keeps graphs."""
    return _kept[0] if _kept else None


def _is_shared(experiment: Experiment) -> bool:
    """Return whether a model may be handed over. Without epochs nothing is worth keeping."""
    told = repr(experiment.as_dict())
    return experiment.training.epochs > 0 and not any(f"'{word}'" in told for word in UNSHARED)


def _as_graphs_see_it(experiment: Experiment) -> str:
    """Return a config without the numbers that graphs read from variables and arguments."""
    told = experiment.as_dict()
    del told["seed"], told["trackers"], told["plots"]
    optimizer = told.get("optimizer") or {}
    if isinstance(optimizer.get("learning_rate"), float):  # A schedule is part of the graph.
        told["optimizer"] = optimizer | {"learning_rate": None}
    told["training"] = {**told["training"], "epochs": None}
    return repr(told)  # To Python, 1 and 1.0 and True are equal.


def copy_variables(new: Any, old: Assembly) -> None:
    """Give the values of all variables of a new model to a trained one of the same kind."""
    for model in (new, old.model):
        build_optimizer(model)
    pairs = zip(variables_of(new), variables_of(old.model), strict=True)
    for begin, variable in pairs:
        variable.assign(begin)
    old.steps.reset()


def refit(spec: Spec, model: Any, experiment: Experiment) -> Spec:
    """Fit the labels of a stored spec to its model again: an equal spec, if it belongs to it."""
    ending = _ending(model, experiment)
    named = len(spec.target_names)
    fitted, _ = fit_spec(spec, targets=(named,) if named > 1 else None, **ending)
    return _with_output(fitted, ending)


def _ending(model: Any, experiment: Experiment) -> dict[str, Any]:
    """What the labels have to fit: the loss, and what the last layer gives to it."""
    loss = experiment.loss
    return {
        "loss": None if loss is None else loss.type,
        "output_shape": tuple(model.output_shape[1:]),
        "from_logits": loss is not None and bool(loss.arguments.get("from_logits", False)),
        "output_activation": output_activation(model, experiment.model.layers[-1].name),
    }


def _with_output(spec: Spec, ending: dict[str, Any]) -> Spec:
    output = output_kind(
        from_logits=ending["from_logits"],
        activation=ending["output_activation"],
        classes=spec.class_names is not None or spec.labels,
    )
    return replace(spec, output=output)


def build(experiment: Experiment, spec: Spec, *, keep_graphs: bool = False) -> Any:
    """Build the model of an experiment, not compiled; for `keep_graphs` see `build_model`."""
    return build_model(
        layers_of(experiment, spec),
        input_shape=spec.input_shape,
        views=spec.views,
        seed=experiment.seed,
        name=experiment.name,
        precision=experiment.training.precision,
        keep_graphs=keep_graphs,
    )


def compile_model(model: Any, experiment: Experiment, spec: Spec) -> Steps:
    """Give a built model the loss, the optimizer and the metrics of its config."""
    _give_loss(model, experiment)
    got = what_metrics_get(model, experiment, spec, Targets("one_hot"))
    several = spec.class_names is None and got.labels in ("flags", "binary")
    components = [metric.as_dict() for metric in experiment.metrics]
    metrics = build_metrics(components, spec, several_labels=several)
    pairs = zip(components, metrics, strict=True)
    named = [{**component, "name": metric.name} for component, metric in pairs]
    cancelling = [component for component in named if component["type"] in CANCELLING]
    final = FinalSteps(
        model,
        build_metrics(named, spec, several_labels=several, dtype="float64"),
        compared=build_metrics(cancelling, spec),
        scaling=spec.target_scaling,
    )
    jit_compile = experiment.training.jit_compile
    is_compiled = on_gpu() if jit_compile == "auto" else jit_compile
    return Steps(model, metrics, jit_compile=is_compiled, final=final, scaling=spec.target_scaling)


def _give_loss(model: Any, experiment: Experiment) -> None:
    """Compile a built model with the loss and the optimizer of its config, if it has a loss."""
    if experiment.loss is not None:
        loss = create("losses", experiment.loss.as_dict(), path="loss")
        optimizer = "sgd"
        if experiment.optimizer is not None:
            optimizer = create("optimizers", experiment.optimizer.as_dict(), path="optimizer")
        # Metrics stay out of it: dlrun updates them itself, and any Keras can load the file.
        model.compile(optimizer=optimizer, loss=loss, jit_compile=False)


def judge(
    experiment: Experiment, assembly: Assembly, splits: Iterable[Samples], *, refuse: bool
) -> list[str]:
    """Hold loss and metrics against the last layer and the fitted labels; return warnings.

    `refuse` makes an error of a metric that would mean nothing. In a run that was begun it is told,
    and the run goes on as it began.
    """
    spec, ending = assembly.spec, _ending(assembly.model, experiment)
    targets = None
    if spec.class_names is None:
        splits = list(splits)
        targets = reaching(look_at(splits), splits, spec.target_scaling)
    got = what_metrics_get(assembly.model, experiment, spec, targets)
    told, problems = [], []
    unsuited = misgiving(
        ending["loss"],
        units=got.units,
        activation=ending["output_activation"],
        classes=spec.num_classes,
        targets=targets,
    )
    if unsuited is not None:
        told.append(f"loss: {' '.join(unsuited)}")
    for index, metric in enumerate(experiment.metrics):
        path, component = f"metrics[{index}]", metric.as_dict()
        if (found := misfit(component, got)) is not None:
            problems.append(Problem(path, *found))
        elif (careful := caution(component, got)) is not None:
            told.append(f"{path}: {careful}")
    if problems and refuse:
        raise ConfigError(*problems)
    return [*(f"{problem.path}: {problem.what} {problem.fix}" for problem in problems), *told]


def what_metrics_get(
    model: Any, experiment: Experiment, spec: Spec, targets: Targets | None
) -> Handed:
    """What the metrics get; `targets` tells of rows without classes."""
    ending = _ending(model, experiment)
    return handed(
        loss=ending["loss"],
        from_logits=ending["from_logits"],
        activation=ending["output_activation"],
        outputs=ending["output_shape"],
        form=spec.label_form or "value",
        values=spec.class_values,
        targets=None if spec.class_names is not None else targets,
    )


def build_callbacks(components: Sequence[Component], folder: Run) -> list[Any]:
    """Build the Keras callbacks of a config, whose files belong into the run folder."""
    callbacks = []
    for index, component in enumerate(components):
        path = f"training.callbacks[{index}]"
        arguments = component.as_dict()
        # On the machine where a run goes on, a package may be missing.
        if missing := [*package_problems("callbacks", arguments, path)]:
            raise ConfigError(*missing)
        for name in FILE_ARGUMENTS:
            if arguments.get(name) is not None:
                arguments[name] = _place(folder, arguments[name])
        callback = create("callbacks", arguments, path=path)
        if hasattr(callback, "_get_file_path"):
            _hold_inside(callback, folder)
        callbacks.append(callback)
    return callbacks


def _place(folder: Run, value: str) -> str:
    """Return where in the run folder a callback's file goes; a config rule holds it there.

    Where it is a folder that is there already, what a callback writes below it stays inside, too.
    """
    check_inside(folder.path, value)
    target = folder.file(value)
    for place, folders, files in os.walk(target):
        for name in (*folders, *files):
            check_inside(folder.path, os.path.relpath(Path(place, name), folder.path))
    target.parent.mkdir(parents=True, exist_ok=True)
    return str(target)


def _hold_inside(callback: Any, folder: Run) -> None:
    """Check each path of a ModelCheckpoint once the numbers of the epoch are written into it."""
    written = callback._get_file_path  # noqa: SLF001  Keras has no other place to look at it

    def checked(*arguments: Any, **named: Any) -> str:
        path: str = written(*arguments, **named)
        if leads_out(folder.path, os.path.relpath(path, folder.path)):
            raise RunFolderError("leads out of the run folder.", where=path)
        return path

    callback._get_file_path = checked  # noqa: SLF001
