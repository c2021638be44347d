"""`dlrun evaluate`: the metrics of a run, over one of its splits or over other rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.config import locating
from dlrun.data.samples import read_samples
from dlrun.errors import DataError
from dlrun.rundir.integrity import hash_file
from dlrun.rundir.names import METRICS
from dlrun.rundir.record import update_record
from dlrun.workflows.opening import OpenedRun, load_model, load_rows, open_trained

if TYPE_CHECKING:
    from pathlib import Path

    from dlrun.arrays import Samples
    from dlrun.reports.classification import ClassificationReport
    from dlrun.rundir.folder import RunFolder
    from dlrun.training.listener import Listener

FILES = "files"
"""The key of `metrics.json` under which the numbers of other files stand, by absolute path."""


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    Attributes:
        folder: The run folder.
        split: The split, or the name of the file.
        metrics: The loss, if there is one, and the metrics.
        classification: The confusion matrix and the numbers per class, where there are classes.
    """

    folder: RunFolder
    split: str
    metrics: dict[str, float]
    classification: ClassificationReport | None


def evaluate(
    reference: str,
    *,
    runs_dir: Path,
    trust: bool,
    split: str | None,
    data: Path | None,
    listener: Listener,
) -> Evaluation:
    """Measure a run's model again and store the numbers in `metrics.json`.

    Args:
        reference: A run folder, a part of its name, or `latest`.
        runs_dir: Where the runs are.
        trust: Whether the files that its config names may be read though it is a stranger's.
        split: `train`, `validation` or `test`; None for the last of these that has rows.
        data: Other rows with the same columns, in the place of a split.
        listener: Who is told of messages.

    Raises:
        RunFolderError: The run is missing or damaged.
        DataError: The split has no rows, or the file does not fit.
    """
    opened = open_trained(reference, runs_dir, trust=trust)
    model = load_model(opened, listener)

    from dlrun.training.evaluation import Predictor
    from dlrun.workflows.assembly import Assembly, compile_model, judge
    from dlrun.workflows.measure import measure_samples

    if data is None:
        name, samples = _rows_of_split(opened, split, listener)
    else:
        name, (samples, notes) = data.name, read_samples(data, opened.spec, with_target=True)
        for note in notes:
            listener.message(note)

    with locating(opened.experiment):
        steps = compile_model(model, opened.experiment, opened.spec)
    assembly = Assembly(model, steps, opened.spec, Predictor(model))
    for line in judge(opened.experiment, assembly, [samples], refuse=False):
        if line.startswith("metrics"):
            listener.message(f"warning: {line}")
    measured = measure_samples(opened.experiment, assembly, samples, name)
    _store(opened.folder, measured.to_json(), data)
    return Evaluation(opened.folder, name, measured.metrics[name], measured.classification)


def _rows_of_split(opened: OpenedRun, split: str | None, listener: Listener) -> tuple[str, Samples]:
    """Load the run's dataset again and take one split of it."""
    splits, notes = load_rows(opened)
    for note in notes:
        listener.message(note)
    present = splits.present()
    name = split or list(present)[-1]
    if name not in present:
        raise DataError(
            f"the run has no {name} rows.",
            fix=f"It has: {', '.join(present)}. Or give --data FILE.",
        )
    return name, present[name]


def _store(folder: RunFolder, measured: dict[str, Any], data: Path | None) -> None:
    """Add to the numbers that are there, or replace those of the same rows.

    Files have a key of their own: one that is called `test` is not the run's test split.
    """
    stored = folder.read_json(METRICS) if folder.file(METRICS).exists() else {}
    if data is not None:
        (numbers,) = measured.values()
        before = stored.get(FILES)
        files = before if isinstance(before, dict) else {}
        measured = {FILES: {**files, str(data.resolve()): numbers}}
    folder.write_json(METRICS, {**stored, **measured})
    if "files" in folder.read_record():
        update_record(folder.path, files={METRICS: hash_file(folder.file(METRICS))})
