"""Opens a run to use its model again: config and spec as data, then the model and its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.config import Experiment, load_config
from dlrun.data.spec_json import spec_from_json
from dlrun.errors import ConfigError, RunFolderError
from dlrun.rundir.folder import RunFolder, open_run
from dlrun.rundir.names import CONFIG, SPEC, WEIGHTS
from dlrun.rundir.tensors import load_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from dlrun.arrays import Spec


@dataclass(frozen=True)
class OpenedRun:
    """A run whose text files have been read and checked; TensorFlow is not needed yet.

    Attributes:
        folder: The run folder.
        record: What `run.json` says.
        experiment: The resolved config.
        spec: What the arrays look like.
    """

    folder: RunFolder
    record: dict[str, Any]
    experiment: Experiment
    spec: Spec


def open_trained(reference: str, runs_dir: Path) -> OpenedRun:
    """Open a run by its folder, a part of its name, or `latest`.

    Args:
        reference: Which run.
        runs_dir: Where the runs are.

    Raises:
        RunFolderError: There is no such run, or a file of it is missing or damaged.
    """
    folder = open_run(reference, runs_dir)
    record = folder.read_record()
    path = folder.file(CONFIG)
    folder.read_text(CONFIG)
    try:
        experiment = load_config(path)
    except ConfigError as error:
        raise RunFolderError(f"is damaged: {error.problems[0]}", where=str(path)) from error
    if not folder.file(SPEC).exists():
        raise RunFolderError(
            f"the run has no {SPEC}: it {_how_it_ended(record)}.", where=str(folder.path)
        )
    return OpenedRun(folder, record, experiment, spec_from_json(folder.read_json(SPEC)))


def load_weights(opened: OpenedRun, model: Any) -> None:
    """Fill a model, built from the run's config, with the weights of the run.

    Args:
        opened: The run.
        model: The model that `build` made of its config and spec.

    Raises:
        RunFolderError: The weights are missing, damaged, or those of another model.
    """
    from dlrun.models.weights import set_weights, weight_layout

    weights = load_tensors(opened.folder.file(WEIGHTS), weight_layout(model))
    set_weights(model, weights)


def _how_it_ended(record: dict[str, Any]) -> str:
    reason = record.get("reason")
    return f"{record['status']} before the model was built" + (f" ({reason})" if reason else "")
