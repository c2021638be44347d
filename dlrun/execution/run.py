"""The execution of an experiment in its run folder: begun by `train`, gone on with by `resume`."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from dlrun.arrays import Spec, Splits
from dlrun.config import Experiment, locating
from dlrun.data.samples import hash_array, hash_samples
from dlrun.data.spec_json import spec_to_json
from dlrun.errors import DataError, InterruptedRunError, RunFolderError, UsageError
from dlrun.execution.cluster import check_shared
from dlrun.execution.layers import layers_of
from dlrun.execution.loading import (
    check_size,
    import_tensorflow,
    load_splits_while_importing,
    misgivings_of_size,
)
from dlrun.execution.opening import OpenedRun, read_weights
from dlrun.execution.options import RunOptions
from dlrun.execution.origin import changed_files
from dlrun.execution.pretrained import read_weight_files
from dlrun.execution.reporting import add_report
from dlrun.rundir.checkpoints import Checkpoint, keep_newest, save_checkpoint
from dlrun.rundir.environment import differences
from dlrun.rundir.folder import Run
from dlrun.rundir.integrity import keyless
from dlrun.rundir.metrics import write_history
from dlrun.rundir.names import (
    CHECKPOINT,
    HISTORY,
    INITIAL_WEIGHTS,
    METRICS,
    MODEL_SUMMARY,
    NOTES,
    SPEC,
    WEIGHTS,
)
from dlrun.rundir.record import Record
from dlrun.rundir.tensors import load_tensors, save_tensors
from dlrun.training.listener import WARNING, Listener

if TYPE_CHECKING:
    from dlrun.execution.assembly import Assembly, GraphCache
    from dlrun.execution.measure import Measured
    from dlrun.reports.baseline import Baseline, Judged
    from dlrun.training.epochs import FitOptions


@dataclass(frozen=True)
class ActiveRun:
    """A run at work: its folder, its open record, and who hears of it."""

    run: Run
    record: Record
    listener: Listener

    def say(self, *lines: str) -> None:
        """Tell the user, and keep it in the run's log."""
        for line in lines:
            self.listener.message(line)
            self.run.log(line)

    def warn_of_no_key(self) -> None:
        """Warn that the run cannot be sealed: later nothing could be done about it."""
        why = keyless()
        if why is not None:
            self.say(f"{WARNING}{why}")


@dataclass(frozen=True)
class Prepared:
    """What an execution has in hand before it writes anything."""

    assembly: Assembly  # the model as the config and the seed make it
    splits: Splits  # with fitted labels
    facts: Mapping[str, Any]  # for the record: the device, what was done to the labels, `data`
    lines: Sequence[str]  # what was told of it, for the log


@dataclass(frozen=True)
class Trained:
    """What an execution leaves in memory."""

    experiment: Experiment
    assembly: Assembly
    splits: Splits  # with fitted labels
    measured: Measured


@dataclass(frozen=True)
class TrainOutcome:
    """What a finished run has to show."""

    folder: Run
    metrics: dict[str, dict[str, float]]  # the final ones, by split
    split: str  # the last, of which `judged` speaks
    judged: Judged
    seconds: float  # of this execution, its report included

    @property
    def baseline(self) -> tuple[str, Baseline] | None:
        """The baseline, with the split whose rows it speaks of."""
        found = self.judged.baseline
        return None if found is None else (self.split, found)


def prepare(
    experiment: Experiment,
    options: RunOptions,
    listener: Listener,
    *,
    told: Spec | None = None,
    begins: bool = False,
    graph_cache: GraphCache | None = None,
) -> Prepared:
    """Load the rows and build the model; whatever can be refused is refused here.

    Nothing is written: a run that goes on is as it was if this fails. `told` is the spec of a run
    that has begun before: its file is read, and its rows are scaled, as then. `begins` reads the
    files with which networks begin: a run that has begun keeps what they held. `graph_cache` has
    assembled the runs of this process before.
    """
    lines: list[str] = []

    def tell(line: str) -> None:
        listener.message(line)
        lines.append(line)

    with locating(experiment):
        splits = load_splits_while_importing(experiment, told, say=listener.doing)
        check_size(experiment, splits.spec)
        for note in filter(None, (splits.streamed, *splits.notes)):
            tell(note)
        # From here on TensorFlow is needed: wrong data have been told before its import.
        import_tensorflow(listener.doing)
        from dlrun.execution.assembly import GraphCache, judge, kept_graphs
        from dlrun.execution.replication import choose_devices

        devices = choose_devices(experiment, options, splits, listener.doing)
        # A run that goes on has a state of its own, which no other one begins with; copies on
        # further devices belong to one run.
        is_alike = told is None and devices.strategy is None
        cache = graph_cache or (kept_graphs() if is_alike else None) or GraphCache()
        assembly, splits, labels = cache.assemble(experiment, splits)
        tell(labels)
        pretrained = read_weight_files(experiment, assembly.model, tell) if begins else {}
        assembly = devices.replicated(experiment, assembly, tell)
        for line in judge(experiment, assembly, splits.present().values(), refuse=told is None):
            tell(f"{WARNING}{line}")
        for line in misgivings_of_size(experiment, splits):
            tell(f"{WARNING}{line}")
        data = hash_samples(splits.present())
    facts = {**devices.facts, "labels": labels, "data": data}
    if told is None:
        facts["data_notes"] = list(splits.notes)
    if pretrained:
        facts["pretrained"] = pretrained
    return Prepared(assembly, splits, facts, lines)


def check_continuation(
    experiment: Experiment,
    earlier: Mapping[str, Any],
    environment: Mapping[str, Any],
    prepared: Prepared,
) -> list[str]:
    """Refuse other data than the run of a record began with; say what else may change its bits."""
    if earlier.get("data") not in (None, prepared.facts["data"]):
        changed = "; ".join(changed_files(experiment, earlier))
        raise DataError(
            "the data are no longer those that this run began with"
            + (f": {changed}." if changed else "."),
            fix="Bring them back, or train anew.",
        )
    begun, now = earlier.get("pretrained"), prepared.facts.get("pretrained")
    if None not in (begun, now) and begun != now:
        raise DataError(
            "the weights are no longer those that this run began with.",
            fix="Bring their files back, or train anew.",
        )
    found = differences(earlier, {**environment, **prepared.facts})
    return [f"{WARNING}the bits may differ: {difference}" for difference in found]


def execute_run(
    experiment: Experiment,
    prepared: Prepared,
    active: ActiveRun,
    *,
    source: OpenedRun | None = None,
    checkpoint: Checkpoint | None = None,
    pauses: Sequence[int] = (),
) -> Trained:
    """Do everything that a config asks for, in the order of its words.

    The run begins with the weights of `source`, or goes on from `checkpoint`.
    """
    from dlrun.execution.measure import measure_splits
    from dlrun.models.build import summary_text
    from dlrun.models.weights import get_weights

    assembly, splits, run = prepared.assembly, prepared.splits, active.run
    with locating(experiment):
        for line in prepared.lines:
            run.log(line)
        active.record.note(**prepared.facts)
        run.write_json(SPEC, spec_to_json(splits.spec))
        layers = layers_of(experiment, splits.spec)
        run.write_text(MODEL_SUMMARY, summary_text(assembly.model, layers))
        set_starting_weights(assembly.model, active, source, keep="pretrained" in prepared.facts)
        active.record.add(initial_weights=hash_weights(get_weights(assembly.model)))
        active.listener.begun(run=run, facts=active.record.facts)
        fit(experiment, prepared, active, checkpoint, pauses)
        measured = measure_splits(experiment, assembly, splits)
        active.say(*(f"{WARNING}{line}" for line in measured.rounded))
        run.write_json(METRICS, measured.to_json())
        if measured.judged.baseline is not None:
            run.log(measured.judged.baseline.in_words(measured.split))
        export(experiment, prepared, active)
        keep_newest(run.path, 1)
    return Trained(experiment, assembly, splits, measured)


def fit(
    experiment: Experiment,
    prepared: Prepared,
    active: ActiveRun,
    checkpoint: Checkpoint | None,
    pauses: Sequence[int],
) -> None:
    """Train the model; save history and weights whether or not it fails, and the state meanwhile.

    Before the state of a checkpoint is back, nothing that the run has saved is touched.
    """
    from dlrun.execution.assembly import build_callbacks
    from dlrun.signals import stop_requests
    from dlrun.training.following import dismissing
    from dlrun.training.state import Checkpointer
    from dlrun.training.trainer import Trainer

    training, path = experiment.training, active.run.path
    model = prepared.assembly.model
    if training.epochs == 0:
        with saving_weights(model, active):
            return

    def keep(state: Checkpoint) -> None:
        write_history(path, trainer.history.to_csv())
        save_checkpoint(path, state)

    options = fit_options(experiment, pauses)
    steps = prepared.assembly.steps
    with stop_requests() as stop, dismissing(steps):
        trainer = Trainer(
            steps,
            trained_on(prepared.splits, experiment, active.say),
            options,
            callbacks=build_callbacks(training.callbacks, active.run),
            listener=active.listener,
            keeper=Checkpointer(
                keep,
                seconds=training.checkpoint_seconds,
                note=lambda: write_history(path, trainer.history.to_csv()),
            ),
        )
        trainer.begin(checkpoint)
        with saving_weights(model, active):
            try:
                trainer.fit(stop)
            except BaseException:
                # Where it ends well, the last commit has written the same.
                write_history(path, trainer.history.to_csv())
                raise
        active.say(*trainer.endings())


def fit_options(experiment: Experiment, pauses: Sequence[int] = ()) -> FitOptions:
    """Say how long and in what order an experiment trains."""
    from dlrun.training.epochs import FitOptions

    training = experiment.training
    return FitOptions(
        training.epochs, training.batch_size, training.shuffle, experiment.seed, pauses
    )


def follow(
    experiment: Experiment, options: RunOptions, listener: Listener, *, told: Spec | None = None
) -> None:
    """Compute a share of each batch for the first host, which alone has the run; see `prepare`.

    Raises:
        DlrunError: Training has ended otherwise than well, wherever it was.
    """
    check_shared(experiment, options.cluster, options.device)
    prepared = prepare(experiment, options, listener, told=told)
    with locating(experiment):
        from dlrun.signals import stop_requests
        from dlrun.training import following

        splits = trained_on(prepared.splits, experiment, listener.message)
        listener.message(f"computing a share of each batch for {options.cluster.hosts[0]}")
        with stop_requests() as stop:
            following.follow(
                prepared.assembly.steps,  # type: ignore[arg-type]
                splits.train,
                splits.validation,
                fit_options(experiment),
                stop,
            )
    listener.message(f"trained; the run folder is on {options.cluster.hosts[0]}")


@contextmanager
def saving_weights(model: Any, active: ActiveRun) -> Iterator[None]:
    """Save the weights at the end of the block, whether or not it failed."""
    from dlrun.models.weights import get_weights

    try:
        yield
    finally:
        weights = get_weights(model)
        save_tensors(active.run.file(WEIGHTS), weights)
        active.record.add(final_weights=hash_weights(weights))


def hash_weights(weights: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """Return the hash of every weight by its path."""
    return {path: hash_array(value) for path, value in weights.items()}


def trained_on(splits: Splits, experiment: Experiment, say: Callable[[str], None]) -> Splits:
    """Sample the training rows by class, and give them the weights of their classes.

    Only training sees it: the final metrics are those of the rows as they are.
    """
    from dlrun.data.sampling import training_rows

    training = experiment.training
    weighted, said = training_rows(
        splits,
        class_weight=training.class_weight,
        sampling=training.sampling,
        seed=experiment.seed,
    )
    if said is not None:
        say(said)
    return weighted


def export(experiment: Experiment, prepared: Prepared, active: ActiveRun) -> None:
    """Run the exporters of the config, and note the files that they wrote, inside of the folder.

    What was found of some of them, when they were checked, is told and recorded too.
    """
    from dlrun.exporters import packing_last, run_exporter

    run, names = active.run, set[str]()
    checked: dict[str, Any] = {}
    for part in packing_last(experiment.exports):
        for component in part:
            written = run_exporter(
                component.type,
                component.arguments,
                model=prepared.assembly.model,
                splits=prepared.splits,
                predictor=prepared.assembly.predictor,
                folder=run,
            )
            names |= {path.relative_to(run.path).as_posix() for path in written.paths}
            checked |= written.checked
            active.say(*written.lines)
        found = {"exports_checked": checked} if checked else {}
        active.record.note(exports=sorted(names), **found)


@contextmanager
def leaving_nothing(run: Run) -> Iterator[None]:
    """Remove a new run folder where config, data or device are wrong and nothing was trained."""
    # A disk that fails, a signal, and whatever goes wrong later leave the folder, which says so.
    try:
        yield
    except (UsageError, DataError, RunFolderError):
        worth = (WEIGHTS, HISTORY, CHECKPOINT, NOTES)
        if not any(os.path.lexists(run.file(name)) for name in worth):
            shutil.rmtree(run.path, ignore_errors=True)
        raise


@contextmanager
def telling_where(run: Run, listener: Listener) -> Iterator[None]:
    """Name the run folder where the block fails and leaves one: stdout will not."""
    try:
        yield
    except BaseException as error:
        if run.path.exists():
            saved = error.saved if isinstance(error, InterruptedRunError) else ""
            again = f"saved: {saved}; `dlrun resume {shlex.quote(str(run.path))}` goes on"
            listener.message(again if saved else place_of(run))
        raise


def place_of(run: Run) -> str:
    """Say where a run is; its stdout will say it in the end."""
    return f"run folder: {run.path}"


def finish(
    trained: Trained, run: Run, listener: Listener, *, report: bool, began: float
) -> TrainOutcome:
    """Add what is made of a finished run, and say what it has to show; see `time.perf_counter`."""
    measured = trained.measured
    if report:
        listener.doing("drawing plots and the report ...")
        add_report(
            trained.experiment,
            trained.assembly,
            trained.splits,
            measured,
            run=run,
            listener=listener,
        )
    listener.completed(run=run)
    seconds = time.perf_counter() - began
    return TrainOutcome(run, measured.metrics, measured.split, measured.judged, seconds)


def set_starting_weights(
    model: Any, active: ActiveRun, source: OpenedRun | None, *, keep: bool = False
) -> None:
    """Fill a new model with the weights of another run, or with those that were taken from it.

    The run folder keeps what the model begins with, since the other run may go, and so it does
    where the model was filled from files (`keep`). Says what was taken and what was not; that
    nothing fits is an error.
    """
    from dlrun.models.weights import get_weights, set_weights, weight_layout

    kept = active.run.file(INITIAL_WEIGHTS)
    if source is None:
        if kept.exists():
            set_weights(model, load_tensors(kept, weight_layout(model)))
        elif keep:
            save_tensors(kept, get_weights(model))
        return
    own = _by_layer(get_weights(model))
    # A safetensors file gives its arrays in any order.
    source = replace(source, listener=active.listener)
    early = source.run.ended_early(source.experiment.training.epochs)
    if early is not None:
        active.say(f"{WARNING}{source.run.name} {early}")
    weights = read_weights(source)
    offered = _by_layer(dict(sorted(weights.items())))
    taken = [layer for layer in own if _shapes(own[layer]) == _shapes(offered.get(layer, {}))]
    name = source.run.name
    if not taken:
        raise UsageError(
            f"none of its layers fits this model: it has {_listed(offered)}.",
            where=f"--from {name}",
            fix=f"The model has {_listed(own)}. Layers are matched by name.",
        )
    chosen = {layer: (offered if layer in taken else own)[layer] for layer in own}
    set_weights(model, {path: value for part in chosen.values() for path, value in part.items()})
    save_tensors(kept, get_weights(model))
    active.say(f"layers with the weights of {name}: {', '.join(taken)}")
    if new := {layer: part for layer, part in own.items() if layer not in taken}:
        active.say(f"layers drawn anew: {_listed(new)}")
    if left := {layer: part for layer, part in offered.items() if layer not in taken}:
        active.say(f"not taken from {name}: {_listed(left)}")


def _by_layer(weights: Mapping[str, NDArray[Any]]) -> dict[str, dict[str, NDArray[Any]]]:
    """Group weights by the layer of the config, the first part of their paths."""
    layers: dict[str, dict[str, NDArray[Any]]] = {}
    for path, value in weights.items():
        layers.setdefault(path.partition("/")[0], {})[path] = value
    return layers


def _shapes(weights: Mapping[str, NDArray[Any]]) -> dict[str, tuple[int, ...]]:
    return {path: value.shape for path, value in weights.items()}


def _listed(layers: Mapping[str, Mapping[str, NDArray[Any]]]) -> str:
    """Name layers and the shapes of their weights: `dense (2, 10) (10,), head (10, 1) (1,)`."""
    return ", ".join(
        " ".join([layer, *(str(shape) for shape in _shapes(weights).values())])
        for layer, weights in layers.items()
    )
