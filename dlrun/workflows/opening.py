"""Opens a run to use its model again: config and spec as data, then the model and its weights."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.config import Experiment, load_config
from dlrun.data.hashing import hash_array, hash_samples
from dlrun.data.spec_json import spec_from_json
from dlrun.datasets import recall_form
from dlrun.errors import ConfigError, DataError, DlrunError, RunFolderError, UsageError
from dlrun.rundir.environment import threads_of
from dlrun.rundir.folder import RunFolder, open_run
from dlrun.rundir.integrity import check_file
from dlrun.rundir.listing import is_alive
from dlrun.rundir.names import CONFIG, RECORD, SPEC, WEIGHTS
from dlrun.rundir.seal import is_own, unknown_because
from dlrun.rundir.tensors import load_tensors
from dlrun.shapes import count_parameters, walk
from dlrun.workflows.load import check_size, load_splits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dlrun.arrays import Samples, Spec, Splits
    from dlrun.training.listener import Listener

_LARGEST_NUMBER = 8
_SPARE_BYTES = 2**20
"""For what is no parameter, such as the states of random generators."""


@dataclass(frozen=True)
class OpenedRun:
    """A run whose text files have been read and checked; TensorFlow is not needed yet.

    Attributes:
        folder: The run folder.
        record: What `run.json` says.
        experiment: The resolved config.
        spec: What the arrays look like.
        trusted: Whether the files that its config names may be read.
    """

    folder: RunFolder
    record: dict[str, Any]
    experiment: Experiment
    spec: Spec
    trusted: bool = False


def open_trained(reference: str, runs_dir: Path, *, trust: bool = False) -> OpenedRun:
    """Open a run whose model has been built.

    Args:
        reference: A run folder, a part of its name, or `latest`.
        runs_dir: Where the runs are.
        trust: Whether the files that its config names may be read though the run is a stranger's.

    Raises:
        RunFolderError: There is no such run, or a file of it is missing or damaged.
        DlrunError: Its model does not fit into memory.
    """
    folder = open_run(reference, runs_dir)
    record = folder.read_record()
    experiment, trusted = read_experiment(folder, record, trust=trust)
    if not folder.file(SPEC).exists():
        raise _missing(folder, record, SPEC, "the model was built", "initial_weights")
    spec = read_spec(folder, experiment)
    check_file(folder.path, record, SPEC)
    try:
        check_size(experiment, spec.input_shape)
    except ConfigError as error:
        raise DlrunError(str(error.problems[0]), where=str(folder.file(CONFIG))) from error
    return OpenedRun(folder, record, experiment, spec, trusted)


def read_spec(folder: RunFolder, experiment: Experiment) -> Spec:
    """Read what the arrays of a run look like, and how its files are read.

    Args:
        folder: The run; it has its spec.
        experiment: Its config.

    Raises:
        RunFolderError: The spec is damaged.
    """
    content = folder.read_json(SPEC)
    try:
        spec = spec_from_json(content)
    except RunFolderError as error:
        path = str(folder.file(SPEC))
        raise RunFolderError(f"is damaged: {error.what}", where=path) from error
    return recall_form(experiment.dataset.type, experiment.dataset.arguments, spec)


def stored_spec(folder: RunFolder, experiment: Experiment) -> Spec | None:
    """Read the spec of a run, see `read_spec`; None where it was not built yet."""
    return read_spec(folder, experiment) if folder.file(SPEC).exists() else None


def read_experiment(
    folder: RunFolder, record: Mapping[str, Any], *, trust: bool, overrides: Sequence[str] = ()
) -> tuple[Experiment, bool]:
    """Read the config of a run.

    Args:
        folder: The run.
        record: What its `run.json` says.
        trust: See `open_trained`.
        overrides: See `dlrun.config.load_config`.

    Returns:
        The experiment; and whether the files that it names may be read.

    Raises:
        RunFolderError: The config is missing or damaged.
    """
    path, text = folder.file(CONFIG), folder.read_text(CONFIG)
    check_file(folder.path, record, CONFIG)
    try:
        experiment = load_config(path, overrides, data_known=False)
    except ConfigError as error:
        raise RunFolderError(f"is damaged: {error.problems[0]}", where=str(path)) from error
    return experiment, trust or is_own(text, record.get("seal"))


def check_trusted(
    folder: RunFolder, record: Mapping[str, Any], experiment: Experiment, *, trusted: bool
) -> None:
    """Refuse to read the files that a stranger's config names.

    Args:
        folder: The run.
        record: What its `run.json` says.
        experiment: Its config.
        trusted: What `read_experiment` says.

    Raises:
        RunFolderError: The dataset is a file, and the run is not the user's own.
    """
    arguments = experiment.dataset.arguments
    named = [str(value) for value in arguments.values() if isinstance(value, Path)]
    if named and not trusted:
        raise RunFolderError(
            f"this run is not one of yours, and its config names {', '.join(named)}.",
            where=str(folder.path),
            fix=f"Give --trust to let dlrun read it. {unknown_because(record.get('seal'))}",
        )


def load_rows(opened: OpenedRun) -> tuple[Splits, tuple[str, ...]]:
    """Load the dataset of a run again, split and encoded as in training.

    Args:
        opened: The run.

    Returns:
        The rows; and what a user should be told, such as that the data have changed since.

    Raises:
        DataError: The data are missing, or no longer of the kind that the model takes.
    """
    from dlrun.data.labels import encode

    def encoded(samples: Samples) -> Samples:
        y = samples.y
        return samples if y is None else replace(samples, y=encode(y, opened.spec))

    check_trusted(opened.folder, opened.record, opened.experiment, trusted=opened.trusted)
    splits = load_splits(opened.experiment, opened.spec)
    for key in ("input_shape", "class_names"):
        now, then = getattr(splits.spec, key), getattr(opened.spec, key)
        if now != then:
            raise DataError(
                "the dataset is no longer the one that this run was trained on: "
                f"its {key} was {then} and is {now}.",
                fix="Or give --data FILE.",
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
    if hash_samples(splits.present()) != opened.record.get("data"):
        notes.append("warning: the dataset is no longer the one that this run was trained on")
    return splits, tuple(notes)


def load_model(opened: OpenedRun, listener: Listener) -> Any:
    """Build the model of a run and fill it with the run's weights; TensorFlow is imported here.

    Args:
        opened: The run.
        listener: Who is told where the weights cannot be checked.

    Raises:
        RunFolderError: Config, spec and weights do not fit each other, or are damaged.
    """
    from dlrun.backend.device import limit_threads
    from dlrun.workflows.assembly import build, refit

    try:
        limit_threads(threads_of(opened.record))
    except UsageError as error:
        listener.message(f"warning: the last bits may differ from the run's: {error.what}")
    path = opened.folder.file(SPEC)
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
    load_weights(opened, model, listener)
    return model


def load_weights(opened: OpenedRun, model: Any, listener: Listener) -> None:
    """Fill a model, built from the run's config, with the weights of the run.

    Args:
        opened: The run.
        model: The model that `build` made of its config and spec.
        listener: Who is told where the weights cannot be checked.

    Raises:
        RunFolderError: The weights are missing, damaged, or not those that the run saved.
    """
    from dlrun.models.weights import set_weights, weight_layout

    set_weights(model, read_weights(opened, listener, weight_layout(model)))


def read_weights(
    opened: OpenedRun,
    listener: Listener,
    layout: Mapping[str, tuple[tuple[int, ...], str]] | None = None,
) -> dict[str, NDArray[Any]]:
    """Read the weights of a run; TensorFlow is not needed for it.

    Args:
        opened: The run.
        listener: Who is told where the weights cannot be checked.
        layout: See `load_tensors`.

    Returns:
        The weights by variable path.

    Raises:
        RunFolderError: The weights are missing, damaged, or not those that the run saved.
    """
    path = opened.folder.file(WEIGHTS)
    if not os.path.lexists(path):
        raise _missing(opened.folder, opened.record, WEIGHTS, "it saved them", "final_weights")
    weights = load_tensors(path, layout, most=_most_bytes(opened))
    _check_weights(opened, weights, listener)
    return weights


def _most_bytes(opened: OpenedRun) -> int | None:
    """How large the weights of a run can be, told without building its model; None if unknown."""
    layers = [layer.as_dict() for layer in opened.experiment.model.layers]
    steps = walk(layers, opened.spec.input_shape)
    if any(step.weights is None for step in steps):
        return None
    parameters = sum(count_parameters(step.weights or ()) for step in steps)
    return _SPARE_BYTES + _LARGEST_NUMBER * parameters


def _check_weights(
    opened: OpenedRun, weights: Mapping[str, NDArray[Any]], listener: Listener
) -> None:
    """Hold weights against the hashes that the run wrote down after it had saved them."""
    path, hashes = opened.folder.file(WEIGHTS), opened.record.get("final_weights")
    if hashes is None and opened.record["status"] != "finished":
        listener.message(
            f"warning: {path} cannot be checked: the run ended before it recorded their hashes"
        )
        return
    for name, weight in weights.items():
        recorded = hashes.get(name) if isinstance(hashes, dict) else None
        if recorded is None:
            raise RunFolderError(
                f"has no hash of the weight {name!r}: damaged.",
                where=str(opened.folder.file(RECORD)),
            )
        if hash_array(weight) != recorded:
            raise RunFolderError(
                f"the weight {name!r} is not the one that the run saved: damaged.",
                where=str(path),
            )


def _missing(
    folder: RunFolder, record: Mapping[str, Any], name: str, step: str, fact: str
) -> RunFolderError:
    """Say why a file is not there.

    Args:
        folder: The run.
        record: What its `run.json` says.
        name: The file.
        step: What the run does when it writes the file: `it saved them`.
        fact: What the record holds only after the file has been written.
    """
    status = record["status"]
    if status == "finished" or fact in record:
        return RunFolderError(
            "is missing: the run wrote it, so it has been removed.", where=str(folder.file(name))
        )
    how = f"was interrupted before {step}" if status == "interrupted" else f"{status} before {step}"
    fix: str | None = f"`dlrun resume {folder.path}` goes on with it."
    if status == "running":
        alive = is_alive(folder.path, record)
        how = "is still running" if alive else f"was killed before {step}"
        fix = None if alive else fix
    reason = f" ({record['reason']})" if record.get("reason") else ""
    what = f"the run has no {name}: it {how}{reason}."
    return RunFolderError(what, where=str(folder.path), fix=fix)
