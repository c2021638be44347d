"""`dlrun evaluate`: the metrics of a run, over one of its splits or over other rows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.config import locating
from dlrun.data.hashing import hash_samples
from dlrun.data.samples import read_samples
from dlrun.errors import DataError, DlrunError, RunFolderError
from dlrun.rundir.evaluations import keep_evaluation
from dlrun.rundir.files import is_read_only, plain
from dlrun.rundir.integrity import hash_file
from dlrun.rundir.names import EVALUATIONS, METRICS, WEIGHTS
from dlrun.workflows.ids import check_new_ids
from dlrun.workflows.opening import OpenedRun, load_model, load_rows, open_trained

if TYPE_CHECKING:
    from pathlib import Path

    from dlrun.arrays import Samples
    from dlrun.reports.classification import ClassificationReport
    from dlrun.rundir.folder import RunFolder
    from dlrun.training.listener import Listener
    from dlrun.workflows.measure import Measured

CLASSIFICATION = "classification"


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    Attributes:
        folder: The run folder.
        split: The split, or the name of the file.
        metrics: The loss, if there is one, and the metrics.
        classification: The confusion matrix and the numbers per class, where there are classes.
        stored: The file that holds it: `metrics.json` where training measured the same, else one
            of `evaluations/`; None where it could not be written.
        failure: Why it could not be written; None where it was, and where this user may only read.
    """

    folder: RunFolder
    split: str
    metrics: dict[str, float]
    classification: ClassificationReport | None
    stored: Path | None
    failure: DlrunError | None = None


def evaluate(
    reference: str,
    *,
    runs_dir: Path,
    trust: bool,
    split: str | None,
    data: Path | None,
    listener: Listener,
) -> Evaluation:
    """Measure a run's model again.

    What training measured is never replaced. Where it is not the same, the numbers are stored
    beside it, see `dlrun.rundir.evaluations`.

    Args:
        reference: A run folder, a part of its name, or `latest`.
        runs_dir: Where the runs are.
        trust: Whether the files that its config names may be read though it is a stranger's.
        split: `train`, `validation` or `test`; None for the last of these that has rows.
        data: Other rows with the same columns, in the place of a split.
        listener: Who is told of messages.

    Raises:
        RunFolderError: The run is damaged.
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
        check_new_ids(samples.x, opened, where=str(data))
        _check_targets(samples, opened, tuple(model.output_shape[1:]), str(data))

    with locating(opened.experiment):
        steps = compile_model(model, opened.experiment, opened.spec)
    assembly = Assembly(model, steps, opened.spec, Predictor(model))
    for line in judge(opened.experiment, assembly, [samples], refuse=False):
        if line.startswith("metrics"):
            listener.message(f"warning: {line}")
    measured = measure_samples(opened.experiment, assembly, samples, name)
    stored, failure = _store(opened, measured, samples, data, listener)
    return Evaluation(
        opened.folder, name, measured.metrics[name], measured.classification, stored, failure
    )


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


def _check_targets(
    samples: Samples, opened: OpenedRun, output: tuple[int | None, ...], where: str
) -> None:
    """Refuse numbers of another shape than the model's: a loss may stretch one to the other."""
    if opened.spec.class_names is not None or samples.y is None or None in output:
        return
    if samples.y.shape[1:] != output:
        raise DataError(
            f"each row has targets of shape {samples.y.shape[1:]}; the run gives {output}.",
            where=where,
        )


def _store(
    opened: OpenedRun, measured: Measured, samples: Samples, data: Path | None, listener: Listener
) -> tuple[Path | None, DlrunError | None]:
    """Keep the numbers: where they are, and why they could not be written."""
    folder, name, report = opened.folder, measured.split, measured.classification
    prefix = f"{name}."
    hashes = {
        key.removeprefix(prefix): value for key, value in hash_samples({name: samples}).items()
    }
    if data is None:
        recorded = opened.record.get("data")
        then = {
            key.removeprefix(prefix): value
            for key, value in (recorded.items() if isinstance(recorded, dict) else ())
            if key.startswith(prefix)
        }
        (numbers,) = measured.to_json().values()
        if hashes == then and _trained(folder, listener).get(name) == plain(numbers):
            return folder.file(METRICS), None
        if then and hashes != then:
            listener.message(
                f"the {name} rows have changed since training: {METRICS} keeps what training "
                f"measured, these numbers stand in {EVALUATIONS}/"
            )
    facts = {
        "split" if data is None else "file": name if data is None else data.resolve(),
        "data": hashes,
        "weights": hash_file(folder.file(WEIGHTS)),
        "metrics": measured.metrics[name],
        **({} if report is None else {CLASSIFICATION: report.to_json()}),
    }
    try:
        return keep_evaluation(folder.path, name=name, facts=facts), None
    except DlrunError as error:
        if not is_read_only(error):
            return None, error
        listener.message(f"warning: the numbers could not be stored: {error}")
        return None, None


def _trained(folder: RunFolder, listener: Listener) -> dict[str, Any]:
    """What training measured; nothing where it did not come so far."""
    if not os.path.lexists(folder.file(METRICS)):
        return {}
    try:
        return folder.read_json(METRICS)
    except RunFolderError as error:
        listener.message(f"warning: {error}")
        return {}
