"""`dlrun evaluate`: the metrics of a run, over one of its splits or over other rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.arrays import Samples, Spec
from dlrun.data.samples import hash_samples, read_samples
from dlrun.errors import DataError, DlrunError, RunFolderError
from dlrun.execution.ids import check_new_ids
from dlrun.execution.opening import OpenedRun, load_assembly, load_split, open_trained
from dlrun.execution.origin import changed_files, trained_on
from dlrun.execution.thresholds import (
    Thresholds,
    chosen_thresholds,
    kept_thresholds,
    read_thresholds,
)
from dlrun.rundir.evaluations import THRESHOLDS, keep_evaluation
from dlrun.rundir.files import is_read_only, plain
from dlrun.rundir.folder import Run
from dlrun.rundir.integrity import hash_file
from dlrun.rundir.names import EVALUATIONS, METRICS, WEIGHTS
from dlrun.training.listener import Listener

if TYPE_CHECKING:
    from dlrun.execution.measure import Measured
    from dlrun.reports.baseline import Judged


@dataclass(frozen=True)
class Evaluation:
    """What was measured, and where it is kept."""

    run: Run
    split: str  # or the name of the file with the rows
    metrics: dict[str, float]
    judged: Judged
    thresholds: Thresholds | None  # where some were asked for
    # `metrics.json` where training measured the same, else one of `evaluations/`; None where it
    # could not be written, or the rows pass. There is no failure where this user may only read.
    stored: Path | None
    failure: DlrunError | None = None


def evaluate(
    run: Run,
    *,
    split: str | None,
    data: Path | None,
    threshold: Sequence[str] = (),
    trust: bool,
    listener: Listener,
    passing: Spec | None = None,
) -> Evaluation:
    """Measure a run's model again: on a split, None for the last with rows; or on a file.

    What training measured is never replaced. Where it is not the same, the numbers are stored
    beside it, see `dlrun.rundir.evaluations`. A threshold is a number, for one label
    `NAME=NUMBER`, or `best-f1`. A `passing` file is read by a spec of its own and gone soon: of it
    nothing is stored.
    """
    opened = open_trained(run, listener, trust=trust)
    thresholds = read_thresholds(threshold, opened.spec) if threshold else None
    assembly = load_assembly(opened)

    from dlrun.execution.assembly import judge
    from dlrun.execution.measure import measure_samples

    if data is None:
        name, samples = load_split(opened, split)
    else:
        name, spec, skip_bad = data.name, passing or opened.spec, opened.skips_bad_files
        samples, notes = read_samples(data, spec, with_target=True, skip_bad=skip_bad)
        for note in notes:
            listener.message(note)
        if trained_on(opened.experiment, run.record, data):
            listener.message(
                f"warning: {data} is what the run was trained on: what is measured on rows that it "
                "has seen says little of new ones"
            )
        check_new_ids(samples.x, opened, where=str(data))
        _check_targets(samples, opened, tuple(assembly.model.output_shape[1:]), str(data))
    for line in judge(opened.experiment, assembly, [samples], refuse=False):
        if line.startswith("metrics"):
            listener.message(f"warning: {line}")
    listener.doing(f"evaluating {name} ...")
    if threshold and thresholds is None:  # the best ones
        # Of other rows the run's own may not be at hand any more.
        kept = None if data is None else kept_thresholds(opened)
        thresholds = kept or chosen_thresholds(opened, assembly.predictor)
    if thresholds is not None:
        listener.message(thresholds.in_words())
    measured = measure_samples(
        opened.experiment, assembly, samples, name, None if thresholds is None else [*thresholds]
    )
    stored, failure = None, None
    if passing is None:
        stored, failure = _store(opened, measured, samples, data, thresholds)
    return Evaluation(
        run, name, measured.metrics[name], measured.judged, thresholds, stored, failure
    )


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
    opened: OpenedRun,
    measured: Measured,
    samples: Samples,
    data: Path | None,
    thresholds: Thresholds | None,
) -> tuple[Path | None, DlrunError | None]:
    run, listener = opened.run, opened.listener
    name = measured.split
    hashes = _of_split(name, hash_samples({name: samples}))
    if data is None:
        then = _of_split(name, run.record.get("data"))
        (numbers,) = measured.to_json().values()
        is_usual = thresholds is None and hashes == then
        if is_usual and _trained(opened).get(name) == plain(numbers):
            return run.file(METRICS), None
        if then and hashes != then:
            for line in changed_files(opened.experiment, run.record):
                listener.message(line)
            listener.message(
                f"the {name} rows have changed since training: {METRICS} keeps what training "
                f"measured, these numbers stand in {EVALUATIONS}/"
            )
    facts = {
        "split" if data is None else "file": name if data is None else data.resolve(),
        "data": hashes,
        "weights": hash_file(run.file(WEIGHTS)),
        "metrics": measured.metrics[name],
        **measured.judged.to_json(),
        **({} if thresholds is None else {THRESHOLDS: thresholds.to_json()}),
    }
    try:
        return keep_evaluation(run.path, name=name, facts=facts), None
    except DlrunError as error:
        if not is_read_only(error):
            return None, error
        listener.message(f"warning: the numbers could not be stored: {error}")
        return None, None


def _of_split(name: str, hashes: Any) -> dict[str, Any]:
    """The hashes of the arrays of one split, such as `test.x`, by what follows the dot."""
    known = hashes.items() if isinstance(hashes, dict) else ()
    prefix = f"{name}."
    return {key.removeprefix(prefix): one for key, one in known if key.startswith(prefix)}


def _trained(opened: OpenedRun) -> dict[str, Any]:
    """What training measured; nothing where it did not come so far."""
    try:
        return opened.run.measured
    except RunFolderError as error:
        opened.listener.message(f"warning: {error}")
        return {}
