"""`dlrun train`: from a config to a complete run folder."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlrun.config import locating
from dlrun.data.hashing import hash_array, hash_samples
from dlrun.data.spec_json import spec_to_json
from dlrun.rundir.environment import environment_facts
from dlrun.rundir.folder import RunFolder, create_run
from dlrun.rundir.names import CONFIG, HISTORY, METRICS, MODEL_SUMMARY, SPEC, WEIGHTS
from dlrun.rundir.record import Record, recording
from dlrun.rundir.tensors import save_tensors
from dlrun.workflows.load import load_splits_while_importing
from dlrun.workflows.report import add_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dlrun.arrays import Splits
    from dlrun.config import Experiment
    from dlrun.reports.classification import ClassificationReport
    from dlrun.training.evaluation import Predictor
    from dlrun.training.listener import Listener
    from dlrun.workflows.assembly import Assembly


@dataclass(frozen=True)
class TrainOutcome:
    """What a finished run has to show.

    Attributes:
        folder: The run folder.
        metrics: The final metrics by split.
        classification: Of the last split that has rows, where there are classes.
        seconds: The time of the whole run.
    """

    folder: RunFolder
    metrics: dict[str, dict[str, float]]
    classification: ClassificationReport | None
    seconds: float


def train(
    experiment: Experiment,
    *,
    runs_dir: Path,
    command: Sequence[str],
    listener: Listener,
    device: str = "auto",
    report: bool = True,
) -> TrainOutcome:
    """Train an experiment and leave a complete run folder behind.

    Args:
        experiment: The config.
        runs_dir: Where the run folder is made.
        command: The command line, for the record.
        listener: Who is told of messages and progress.
        device: `auto`, `cpu`, `gpu` or `gpu:1`.
        report: Whether plots and a page are made at the end.

    Raises:
        DlrunError: The run ended otherwise; the folder says how, and holds what was trained.
    """
    began = time.perf_counter()
    folder = create_run(runs_dir, experiment.name)
    facts = {"command": list(command), "seed": experiment.seed, **environment_facts()}
    with (
        telling_where(folder, listener),
        recording(folder, facts) as record,
        locating(experiment),
    ):
        folder.write_text(CONFIG, experiment.to_yaml())
        splits = load_splits_while_importing(experiment)
        if splits.streamed is not None:
            say(splits.streamed, folder, listener)
        # From here on TensorFlow is needed: wrong data have been told before its import.
        from dlrun.backend.device import select_device
        from dlrun.models.summary import summary_text
        from dlrun.training.evaluation import Predictor
        from dlrun.workflows.assembly import assemble
        from dlrun.workflows.measure import measure_splits

        record.add(**select_device(device))
        assembly, splits, labels = assemble(experiment, splits)
        say(labels, folder, listener)
        record.add(labels=labels, data=hash_samples(splits.present()))
        folder.write_json(SPEC, spec_to_json(splits.spec))
        layers = [layer.as_dict() for layer in experiment.model.layers]
        folder.write_text(MODEL_SUMMARY, summary_text(assembly.model, layers))
        with saving_weights(assembly.model, folder, record):
            if experiment.training.epochs > 0:
                fit(experiment, assembly, splits, folder, listener)
        measured = measure_splits(experiment, assembly, splits)
        folder.write_json(METRICS, measured.to_json())
        predictor = Predictor(assembly.model)
        export(experiment, assembly, splits, folder, predictor)
    if report:
        add_report(
            experiment,
            assembly.model,
            splits,
            measured,
            predictor=predictor,
            folder=folder,
            listener=listener,
        )
    return TrainOutcome(
        folder, measured.metrics, measured.classification, time.perf_counter() - began
    )


def say(line: str, folder: RunFolder, listener: Listener) -> None:
    """Tell the user, and keep it in the run's log."""
    listener.message(line)
    folder.log(line)


@contextmanager
def telling_where(folder: RunFolder, listener: Listener) -> Iterator[None]:
    """Name the run folder where the block fails: stdout will not."""
    try:
        yield
    except BaseException:
        listener.message(f"run folder: {folder.path}")
        raise


@contextmanager
def saving_weights(model: Any, folder: RunFolder, record: Record) -> Iterator[None]:
    """Save the weights at the end of the block, whether or not it failed."""
    from dlrun.models.weights import get_weights

    initial = get_weights(model)
    record.add(initial_weights={path: hash_array(value) for path, value in initial.items()})
    try:
        yield
    finally:
        final = get_weights(model)
        save_tensors(folder.file(WEIGHTS), final)
        record.add(final_weights={path: hash_array(value) for path, value in final.items()})


def fit(
    experiment: Experiment,
    assembly: Assembly,
    splits: Splits,
    folder: RunFolder,
    listener: Listener,
) -> None:
    """Train the model, and save the history whether or not it failed."""
    from dlrun.training.interrupt import stop_requests
    from dlrun.training.trainer import Trainer
    from dlrun.workflows.course import build_callbacks

    training = experiment.training
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
        )
        try:
            trainer.fit()
        finally:
            folder.write_text(HISTORY, trainer.history.to_csv())


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
) -> None:
    """Run the exporters of the config."""
    from dlrun.exporters import run_exporter

    for component in experiment.exports:
        run_exporter(
            component.type,
            component.arguments,
            model=assembly.model,
            splits=splits,
            predictor=predictor,
            folder=folder,
        )
