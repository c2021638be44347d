"""The execution of an experiment in its run folder: begun by `train`, gone on with by `resume`."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlrun.config import locating
from dlrun.data.hashing import hash_array, hash_samples
from dlrun.data.spec_json import spec_to_json
from dlrun.errors import DataError
from dlrun.rundir.checkpoints import keep_newest, save_checkpoint
from dlrun.rundir.environment import differences
from dlrun.rundir.history import write_history
from dlrun.rundir.names import METRICS, MODEL_SUMMARY, SPEC, WEIGHTS
from dlrun.rundir.tensors import save_tensors
from dlrun.workflows.load import check_size, load_splits_while_importing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dlrun.arrays import Spec, Splits
    from dlrun.config import Experiment
    from dlrun.rundir.checkpoints import Checkpoint
    from dlrun.rundir.folder import RunFolder
    from dlrun.rundir.record import Record
    from dlrun.training.evaluation import Predictor
    from dlrun.training.listener import Listener
    from dlrun.workflows.assembly import Assembly, Workshop
    from dlrun.workflows.measure import Measured
    from dlrun.workflows.opening import OpenedRun


@dataclass(frozen=True)
class Trained:
    """What an execution leaves in memory.

    Attributes:
        assembly: The trained model, with its loss and metrics.
        splits: The rows, with fitted labels.
        measured: The final metrics.
        predictor: Predicts with the model.
    """

    assembly: Assembly
    splits: Splits
    measured: Measured
    predictor: Predictor


@dataclass(frozen=True)
class Prepared:
    """What an execution has in hand before it writes anything.

    Attributes:
        assembly: The model as the config and the seed make it, with its loss and metrics.
        splits: The rows, with fitted labels.
        data: The hashes of the rows.
        facts: What goes into the record: the device, what was done to the labels, `data`.
        lines: What was told of it, for the log.
    """

    assembly: Assembly
    splits: Splits
    data: Mapping[str, str]
    facts: Mapping[str, Any]
    lines: Sequence[str]


def prepare(
    experiment: Experiment,
    *,
    device: str,
    threads: int,
    listener: Listener,
    told: Spec | None = None,
    earlier: Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
    workshop: Workshop | None = None,
) -> Prepared:
    """Load the rows and build the model; whatever can be refused is refused here.

    Nothing is written: a run that goes on is as it was if this fails.

    Args:
        experiment: The config.
        device: `auto`, `cpu`, `gpu` or `gpu:1`.
        threads: How many threads of the CPU; 0 for as many as there are cores.
        listener: Who is told of messages.
        told: The spec of a run that has begun before: its file is read, and its rows are scaled, as
            then.
        earlier: The record of the execution that is gone on with.
        environment: What `environment_facts` says; needed to go on.
        workshop: What has assembled the runs of this process before; None for the first.

    Raises:
        DlrunError: See `dlrun.errors`.
    """
    lines: list[str] = []

    def tell(line: str) -> None:
        listener.message(line)
        lines.append(line)

    with locating(experiment):
        splits = load_splits_while_importing(experiment, told)
        check_size(experiment, splits.spec.input_shape)
        if splits.streamed is not None:
            tell(splits.streamed)
        for note in splits.notes:
            tell(note)
        # From here on TensorFlow is needed: wrong data have been told before its import.
        from dlrun.backend.device import select_device
        from dlrun.workflows.assembly import Workshop, judge

        computing = select_device(device, threads=threads)
        assembly, splits, labels = (workshop or Workshop()).assemble(experiment, splits)
        tell(labels)
        for line in judge(experiment, assembly, splits.present().values(), refuse=told is None):
            tell(f"warning: {line}")
        data = hash_samples(splits.present())
        if earlier is not None:
            for line in check_continuation(earlier, {**(environment or {}), **computing}, data):
                tell(line)
    return Prepared(assembly, splits, data, {**computing, "labels": labels, "data": data}, lines)


def carry_out(
    experiment: Experiment,
    folder: RunFolder,
    record: Record,
    prepared: Prepared,
    *,
    listener: Listener,
    source: OpenedRun | None = None,
    checkpoint: Checkpoint | None = None,
    pauses: Sequence[int] = (),
) -> Trained:
    """Do everything that a config asks for, in the order of its words.

    Args:
        experiment: The config.
        folder: The run folder.
        record: Its open record.
        prepared: What `prepare` made of the config.
        listener: Who is told of messages and progress.
        source: A run from whose weights to begin.
        checkpoint: Where the execution stood that is gone on with; None to begin.
        pauses: The epochs after which it waits for its sweep; it does so once, after the first of
            them that lies before it.

    Raises:
        DlrunError: See `dlrun.errors`.
    """
    from dlrun.models.summary import summary_text
    from dlrun.workflows.measure import measure_splits
    from dlrun.workflows.starting import set_starting_weights

    assembly, splits = prepared.assembly, prepared.splits
    with locating(experiment):
        for line in prepared.lines:
            folder.log(line)
        record.add(**prepared.facts)
        folder.write_json(SPEC, spec_to_json(splits.spec))
        layers = [layer.as_dict() for layer in experiment.model.layers]
        folder.write_text(MODEL_SUMMARY, summary_text(assembly.model, layers))
        for line in set_starting_weights(assembly.model, folder, source, listener):
            say(line, folder, listener)
        record.add(initial_weights=hash_weights(assembly.model))
        fit(
            experiment,
            assembly,
            splits,
            folder=folder,
            record=record,
            listener=listener,
            checkpoint=checkpoint,
            pauses=pauses,
        )
        predictor = assembly.predictor
        measured = measure_splits(experiment, assembly, splits, predictor)
        for line in measured.rounded:
            say(f"warning: {line}", folder, listener)
        folder.write_json(METRICS, measured.to_json())
        record.add(exports=export(experiment, assembly, splits, folder, predictor))
        keep_newest(folder.path, 1)
    return Trained(assembly, splits, measured, predictor)


def say(line: str, folder: RunFolder, listener: Listener) -> None:
    """Tell the user, and keep it in the run's log."""
    listener.message(line)
    folder.log(line)


def check_continuation(
    earlier: Mapping[str, Any], present: Mapping[str, Any], data: Mapping[str, str]
) -> list[str]:
    """Refuse other data than the run began with.

    Args:
        earlier: The record of the execution that is gone on with.
        present: What is known of the machine now.
        data: The hashes of the rows.

    Returns:
        What else could change its bits, in lines.

    Raises:
        DataError: The data have changed.
    """
    if earlier.get("data") not in (None, data):
        raise DataError(
            "the data are no longer those that this run began with.",
            fix="Bring them back, or train anew.",
        )
    found = differences(earlier, present)
    return [f"warning: the bits may differ: {difference}" for difference in found]


@contextmanager
def saving_weights(model: Any, folder: RunFolder, record: Record) -> Iterator[None]:
    """Save the weights at the end of the block, whether or not it failed."""
    from dlrun.models.weights import get_weights

    try:
        yield
    finally:
        save_tensors(folder.file(WEIGHTS), get_weights(model))
        record.add(final_weights=hash_weights(model))


def hash_weights(model: Any) -> dict[str, str]:
    """Return the hash of every weight by its path."""
    from dlrun.models.weights import get_weights

    return {path: hash_array(value) for path, value in get_weights(model).items()}


def fit(
    experiment: Experiment,
    assembly: Assembly,
    splits: Splits,
    *,
    folder: RunFolder,
    record: Record,
    listener: Listener,
    checkpoint: Checkpoint | None,
    pauses: Sequence[int],
) -> None:
    """Train the model; save history and weights whether or not it fails, and the state meanwhile.

    Before the state of a checkpoint is back, nothing that the run has saved is touched.
    """
    from dlrun.training.checkpoint import Keeper
    from dlrun.training.interrupt import stop_requests
    from dlrun.training.trainer import Trainer
    from dlrun.workflows.course import build_callbacks

    def keep(state: Checkpoint) -> None:
        write_history(folder.path, trainer.history.to_csv())
        save_checkpoint(folder.path, state)

    training, model = experiment.training, assembly.model
    if training.epochs == 0:
        with saving_weights(model, folder, record):
            return
    with stop_requests() as stop:
        trainer = Trainer(
            assembly.steps,
            weighted(splits, experiment),
            epochs=training.epochs,
            batch_size=training.batch_size,
            shuffle=training.shuffle,
            seed=experiment.seed,
            callbacks=build_callbacks(training.callbacks, folder),
            listener=listener,
            stop=stop,
            keeper=Keeper(keep, seconds=training.checkpoint_seconds),
            pauses=pauses,
        )
        trainer.begin(checkpoint)
        with saving_weights(model, folder, record):
            try:
                trainer.fit()
            except BaseException:
                # Where it ends well, the last commit has written the same.
                write_history(folder.path, trainer.history.to_csv())
                raise
        for line in trainer.endings():
            say(line, folder, listener)


def weighted(splits: Splits, experiment: Experiment) -> Splits:
    """Give the training rows the weights of their classes; only training counts them."""
    from dlrun.data.labels import class_numbers
    from dlrun.data.weighting import weigh_classes

    spec, class_weight = splits.spec, experiment.training.class_weight
    if class_weight is None or splits.train.y is None:
        return splits
    numbers = class_numbers(splits.train.y, spec)
    return replace(
        splits, train=weigh_classes(splits.train, numbers, spec.class_names, class_weight)
    )


def export(
    experiment: Experiment,
    assembly: Assembly,
    splits: Splits,
    folder: RunFolder,
    predictor: Predictor,
) -> list[str]:
    """Run the exporters of the config, and name the files that they wrote, inside of the folder."""
    from dlrun.exporters import run_exporter

    written = (
        run_exporter(
            component.type,
            component.arguments,
            model=assembly.model,
            splits=splits,
            predictor=predictor,
            folder=folder,
        )
        for component in experiment.exports
    )
    names = (path.relative_to(folder.path).as_posix() for paths in written for path in paths)
    return sorted({*names})
