"""Opens a run to use its model again: config and spec as data, then the model and its weights."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from numpy.typing import NDArray

from dlrun.arrays import Dataset, Samples, Spec, Splits
from dlrun.config import Experiment, load_config, locating
from dlrun.config.nodes import Node, Place
from dlrun.config.overrides import Override
from dlrun.config.schema import DatasetConfig
from dlrun.data.files import files_of
from dlrun.data.samples import hash_array, hash_samples
from dlrun.data.spec_json import spec_from_json
from dlrun.datasets import recall_form
from dlrun.errors import ConfigError, DataError, DlrunError, RunFolderError, UsageError
from dlrun.execution.layers import steps_of
from dlrun.execution.loading import check_size, import_tensorflow, load_again, load_splits
from dlrun.rundir.environment import threads_of
from dlrun.rundir.folder import Run
from dlrun.rundir.integrity import check_file, is_own, trusting
from dlrun.rundir.names import CONFIG, RECORD, SPEC, WEIGHTS
from dlrun.rundir.tensors import load_tensors
from dlrun.shapes import count_parameters
from dlrun.training.listener import WARNING, Listener
from dlrun.warm.standby import need_threads
from dlrun.wording import count, list_names, meant_file

if TYPE_CHECKING:
    from dlrun.execution.assembly import Assembly

MOVED: Final = "--data FILE, where they lie now"
"""What is given in the place of data that lie elsewhere."""
_LARGEST_NUMBER = 8
_SPARE_BYTES = 2**20  # for what is no parameter, such as the states of random generators


@dataclass(frozen=True)
class OpenedRun:
    """A run whose text files have been read and checked; TensorFlow is not needed yet."""

    run: Run
    experiment: Experiment
    spec: Spec
    trusted: bool = False  # whether the files that its config names may be read
    listener: Listener = field(default_factory=Listener)  # who hears what is found out later

    @property
    def skips_bad_files(self) -> bool:
        """Whether its config leaves out images or texts that cannot be read."""
        return self.experiment.dataset.arguments.get("bad_files") == "skip"


def open_trained(
    run: Run,
    listener: Listener | None = None,
    *,
    trust: bool = False,
    answers: bool = False,
    data: Path | None = None,
) -> OpenedRun:
    """Open a run whose model has been built; `trust` reads what a stranger's config names.

    That its training did not come to its end is a warning. One that `answers`, to tell others what
    it says of new rows, must have been trained at all, where its config asks for it. `data` is
    where its data lie now, see `read_experiment`.
    """
    need_threads(threads_of(run.record))  # see `take_threads`
    experiment, trusted = read_experiment(run, run.record, trust=trust, data=data)
    if not run.file(SPEC).exists():
        raise _missing(run, SPEC, "the model was built", "initial_weights")
    spec = read_spec(run, experiment)
    check_file(run.path, run.record, SPEC)
    try:
        check_size(experiment, spec)
    except ConfigError as error:
        raise DlrunError(str(error.problems[0]), where=str(run.file(CONFIG))) from error
    opened = OpenedRun(run, experiment, spec, trusted, listener or Listener())
    untrained = is_untrained(run, experiment)
    if untrained and answers:
        raise RunFolderError(
            "nothing was trained, so that the run has nothing to say of new rows: it "
            f"{run.ended_early(experiment.training.epochs)}",
            where=str(run.path),
            fix=run.next_step,
        )
    also = ", and its weights are the untrained ones" if untrained else ""
    early = run.ended_early(experiment.training.epochs, also)
    if early is not None and os.path.lexists(run.file(WEIGHTS)):
        opened.listener.message(f"{WARNING}{run.lasting_name} {early}")
    return opened


def is_untrained(run: Run, experiment: Experiment) -> bool:
    """Say whether a run that was to be trained ended with the weights with which it began."""
    weights = run.record.get("final_weights")
    is_unchanged = weights is not None and weights == run.record.get("initial_weights")
    return is_unchanged and experiment.training.epochs > 0 and run.status != "finished"


def read_spec(run: Run, experiment: Experiment) -> Spec:
    """Read what the arrays of a run look like, and how its files are read."""
    content = run.read_json(SPEC)
    try:
        spec = spec_from_json(content)
    except RunFolderError as error:
        raise RunFolderError(f"is damaged: {error.what}", where=str(run.file(SPEC))) from error
    return recall_form(experiment.dataset.type, experiment.dataset.arguments, spec)


def stored_spec(run: Run, experiment: Experiment) -> Spec | None:
    """Read the spec of a run; None where it was not built yet."""
    return read_spec(run, experiment) if run.file(SPEC).exists() else None


def read_experiment(
    run: Run, record: Mapping[str, Any], *, trust: bool, data: Path | None = None
) -> tuple[Experiment, bool]:
    """Read the config of a run, and whether the files that it names may be read.

    `data` is where its data lie now: its file or folder, or a folder with all the files that it
    names. Whether they are the same, their hashes tell.
    """
    path, text = run.file(CONFIG), run.read_text(CONFIG)
    check_file(run.path, record, CONFIG)
    try:
        experiment = load_config(path, data_known=False)
        if data is not None:
            overrides = [*_moved(experiment.dataset, data)]
            experiment = load_config(path, overrides, data_known=False)
    except ConfigError as error:
        raise RunFolderError(f"is damaged: {error.problems[0]}", where=str(path)) from error
    return experiment, trust or is_own(text, record.get("seal"))


def _moved(dataset: DatasetConfig, data: Path) -> Iterator[Override]:
    """Name the files of a dataset where they lie now."""
    place, named = Place("--data"), dataset.paths
    if not named:
        what = f"the run was trained on {dataset.type}, and on no file."
        raise UsageError(what, where="--data", fix="Leave it out.")
    if len(named) > 1 and not data.is_dir():
        names = list_names([path.name for path in named])
        what = f"the run was trained on {count(len(named), 'file')}, {names}."
        raise UsageError(what, where="--data", fix="Give the folder that holds them.")

    def now(path: Path) -> Node:
        inside = data / path.name
        return Node(str(inside if len(named) > 1 or inside.is_file() else data), place)

    for key, value in dataset.arguments.items():
        if isinstance(value, Path):
            yield Override(f"dataset.{key}", now(value), place)
        elif isinstance(value, list | tuple) and any(isinstance(one, Path) for one in value):
            yield Override(f"dataset.{key}", Node([now(one) for one in value], place), place)


def _check_trusted(opened: OpenedRun) -> None:
    dataset = opened.experiment.dataset
    named = list(map(str, (*dataset.paths, *dataset.image_folders)))
    if named and not opened.trusted:
        raise RunFolderError(
            f"this run is not one of yours, and its config names {', '.join(named)}.",
            where=str(opened.run.path),
            fix=trusting("let dlrun read it", opened.run.record.get("seal")),
        )


def check_there(experiment: Experiment, instead: str | None) -> None:
    """Say which file that a run was trained on is gone, and what may be given in its place."""
    for path in experiment.dataset.paths:
        with suppress(DataError):
            if all(map(os.path.lexists, files_of(path))):
                continue
        fix = meant_file(path) or "Put it back there."
        raise DataError(
            "the run was trained on this, and it is not there any more.",
            where=str(path),
            fix=f"{fix} Or give {instead}." if instead else fix,
        )


def load_rows(opened: OpenedRun, *, instead: str | None = None) -> tuple[Splits, tuple[str, ...]]:
    """Load the dataset of a run again, split and encoded as in training.

    `instead` is what a command takes in its place. Returns the rows, and what was said of them,
    such as that they have changed since.
    """
    from dlrun.data.labels import encode

    def encoded(samples: Samples) -> Samples:
        y = samples.y
        return samples if y is None else replace(samples, y=encode(y, opened.spec))

    _check_trusted(opened)
    check_there(opened.experiment, instead)
    splits = load_splits(opened.experiment, opened.spec)
    for key in ("input_shape", "class_names"):
        now, then = getattr(splits.spec, key), getattr(opened.spec, key)
        if now != then:
            raise DataError(
                "the dataset is no longer the one that this run was trained on: "
                f"its {key} was {then} and is {now}.",
                fix=f"Give {instead}." if instead else "Put back the one that it was trained on.",
            )
    notes = [] if splits.streamed is None else [splits.streamed]
    ready = {name: encoded(samples) for name, samples in splits.present().items()}
    splits = replace(
        splits,
        train=ready["train"],
        validation=ready.get("validation"),
        test=ready.get("test"),
        spec=opened.spec,
    )
    if hash_samples(splits.present()) != opened.run.record.get("data"):
        notes.append("warning: the dataset is no longer the one that this run was trained on")
    for note in notes:
        opened.listener.message(note)
    return splits, tuple(notes)


def load_own_steps(opened: OpenedRun) -> Dataset:
    """Read the table of a run of series again, for what follows its last step."""
    _check_trusted(opened)
    check_there(opened.experiment, "INPUT, a table of newer steps")
    return load_again(opened.experiment, opened.spec)


def load_split(
    opened: OpenedRun, split: str | None, *, instead: str = "--data FILE"
) -> tuple[str, Samples]:
    """Load one split of a run by its name; None for test, or else the last that has rows."""
    present = load_rows(opened, instead=instead)[0].present()
    name = split or list(present)[-1]
    if name not in present:
        raise DataError(
            f"the run has no {name} rows.", fix=f"It has: {', '.join(present)}. Or give {instead}."
        )
    return name, present[name]


def take_threads(opened: OpenedRun) -> None:
    """Compute in as many threads as the run did; before the first operation of TensorFlow only."""
    from dlrun.backend.device import limit_threads

    try:
        limit_threads(threads_of(opened.run.record))
    except UsageError as error:
        opened.listener.message(f"warning: the last bits may differ from the run's: {error.what}")


def load_model(opened: OpenedRun) -> Any:
    """Build the model of a run and fill it with the run's weights; TensorFlow is imported here."""
    import_tensorflow(opened.listener.doing)

    from dlrun.execution.assembly import build, refit
    from dlrun.models.weights import set_weights, weight_layout

    take_threads(opened)
    path = opened.run.file(SPEC)
    try:
        model = build(opened.experiment, opened.spec)
        fitted = refit(opened.spec, model, opened.experiment)
    except ConfigError as error:
        what = f"does not fit the model of {CONFIG}: {error.problems[0]}"
        raise RunFolderError(what, where=str(path)) from error
    for key in ("label_form", "threshold", "output"):
        stored, expected = getattr(opened.spec, key), getattr(fitted, key)
        if stored != expected:
            what = f"does not fit the model of {CONFIG}: {key} is {stored}, not {expected}."
            raise RunFolderError(what, where=str(path))
    set_weights(model, read_weights(opened, weight_layout(model)))
    return model


def load_assembly(opened: OpenedRun) -> Assembly:
    """Load the model of a run with its loss and its metrics."""
    model = load_model(opened)

    from dlrun.execution.assembly import Assembly, compile_model
    from dlrun.training.evaluation import Predictor

    with locating(opened.experiment):
        steps = compile_model(model, opened.experiment, opened.spec)
    predictor = Predictor(model, opened.spec.target_scaling)
    return Assembly(model, steps, opened.spec, predictor)


def read_weights(
    opened: OpenedRun,
    layout: Mapping[str, tuple[tuple[int, ...], str]] | None = None,
) -> dict[str, NDArray[Any]]:
    """Read the weights of a run by variable path; TensorFlow is not needed for it.

    Where a layout is given, by path such as `((2, 10), "float32")`, they have to be of it.
    """
    path = opened.run.file(WEIGHTS)
    if not os.path.lexists(path):
        raise _missing(opened.run, WEIGHTS, "it saved them", "final_weights")
    weights = load_tensors(path, layout, most=_most_bytes(opened))
    _check_weights(opened, weights)
    return weights


def _most_bytes(opened: OpenedRun) -> int | None:
    """How large the weights of a run can be, told without building its model; None if unknown."""
    steps = steps_of(opened.experiment, opened.spec)
    if any(step.weights is None for step in steps):
        return None
    parameters = sum(count_parameters(step.weights or ()) for step in steps)
    return _SPARE_BYTES + _LARGEST_NUMBER * parameters


def _check_weights(opened: OpenedRun, weights: Mapping[str, NDArray[Any]]) -> None:
    run = opened.run
    path, hashes = run.file(WEIGHTS), run.record.get("final_weights")
    if hashes is None and run.record["status"] != "finished":
        opened.listener.message(
            f"warning: {path} cannot be checked: the run ended before it recorded their hashes"
        )
        return
    for name, weight in weights.items():
        recorded = hashes.get(name) if isinstance(hashes, dict) else None
        if recorded is None:
            what = f"has no hash of the weight {name!r}: damaged."
            raise RunFolderError(what, where=str(run.file(RECORD)))
        if hash_array(weight) != recorded:
            what = f"the weight {name!r} is not the one that the run saved: damaged."
            raise RunFolderError(what, where=str(path))


def _missing(run: Run, name: str, step: str, fact: str) -> RunFolderError:
    """Say why a file is not there.

    `step` is what the run does when it writes the file, such as `it saved them`; `fact` is what
    its record holds only after that.
    """
    record, status = run.record, run.status
    if status == "finished" or fact in record:
        return RunFolderError(
            "is missing: the run wrote it, so it has been removed.", where=str(run.file(name))
        )
    how = run.standing if status == "running" else f"{run.standing} before {step}"
    reason = f" ({record['reason']})" if record.get("reason") else ""
    what = f"the run has no {name}: it {how}{reason}."
    return RunFolderError(what, where=str(run.path), fix=run.next_step)
