"""`dlrun predict`: what a run's model says of new rows."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from dlrun.data.samples import SampleFile, open_samples
from dlrun.errors import DlrunError, UsageError
from dlrun.execution.ids import check_new_ids
from dlrun.execution.opening import OpenedRun, load_model, open_trained
from dlrun.execution.thresholds import Thresholds, asked_of_predict
from dlrun.rundir.files import (
    check_inside,
    is_read_only,
    remove_abandoned,
    replacing,
    write_json,
    write_output,
)
from dlrun.rundir.folder import Run
from dlrun.rundir.integrity import read_inputs
from dlrun.rundir.lock import in_turn
from dlrun.rundir.names import INPUTS, PREDICTIONS, SPLITS
from dlrun.training.listener import Listener

if TYPE_CHECKING:
    from dlrun.training.evaluation import Predictor

STDOUT = Path("-")


def predict(
    run: Run,
    input_path: Path,
    *,
    output: Path | None,
    threshold: str | None = None,
    listener: Listener,
) -> Path | None:
    """Write a CSV with one row per input row; return its path, None for stdout.

    The input is a CSV with the features as columns, or an `.npz` or `.npy` array. The output is
    None for a file in the run folder, see `_naming`, and `-` for stdout; a device or a pipe is
    written into, and a symbolic link is followed.
    """
    if output is not None and _are_one_file(output, input_path):
        raise UsageError(
            "the output is the input: its rows would be lost.",
            where=f"--output {output}",
            fix="Name another file.",
        )
    opened = open_trained(run, listener)
    thresholds = asked_of_predict(threshold, opened)
    if thresholds is not None:
        listener.message(thresholds.in_words())
    with open_samples(input_path, opened.spec, with_target=False) as samples:
        for note in samples.notes:
            listener.message(note)
        model = load_model(opened)
        if output != STDOUT:
            listener.doing(f"predicting {input_path} ...")

        from dlrun.training.evaluation import Predictor  # imports TensorFlow

        predictor = Predictor(model, opened.spec.target_scaling)
        asked: dict[str, Any] = {"input_path": input_path, "thresholds": thresholds}
        if output == STDOUT:
            _write(sys.stdout, samples, predictor, opened, **asked)
            return None

        def write(path: Path) -> None:
            with path.open("w", encoding="utf-8", newline="") as stream:
                _write(stream, samples, predictor, opened, **asked)

        if output is None:
            return _write_own(run, input_path, write)
        write_output(output, write)
        return output


def _write_own(run: Run, input_path: Path, write: Callable[[Path], None]) -> Path:
    check_inside(run.path, PREDICTIONS)
    remove_abandoned(run.path)
    home, chosen = run.file(PREDICTIONS), []

    @contextmanager
    def naming() -> Iterator[Path]:
        with _naming(home, input_path) as path:
            chosen.append(path)
            yield path

    try:
        with replacing(home / f"{input_path.stem}.csv", naming) as temporary:
            write(temporary)
    except DlrunError as error:
        if not is_read_only(error):
            raise
        fix = "Name another place with -o FILE; -o - is stdout."
        raise DlrunError(error.what, where=error.where, fix=fix) from error
    return chosen[0]


@contextmanager
def _naming(home: Path, input_path: Path) -> Iterator[Path]:
    """Choose the file for the predictions of an input, while no other process chooses one.

    It is `predictions/<stem>.csv`. An input that is called like a split gets `<stem>_input.csv`:
    those names belong to training. What another input, or somebody else, has written stays; then
    it is `<stem>_2.csv`, and so on. `predictions/inputs.json` knows which file is whose, so that
    the same input replaces its own predictions.
    """
    source = str(input_path.resolve())
    stem = f"{input_path.stem}_input" if input_path.stem in SPLITS else input_path.stem
    names = (f"{stem}{suffix}.csv" for suffix in chain([""], map("_{}".format, count(2))))
    with in_turn(home):
        known = read_inputs(home.parent)
        name = next(name for name in names if _is_free(home / name, known.get(name), source))
        write_json(home / INPUTS, {**known, name: source})
        yield home / name


def _is_free(path: Path, owner: Any, source: str) -> bool:
    """Whether a file belongs to an input, or to nobody and is not there."""
    return owner == source if owner is not None else not os.path.lexists(path)


def _are_one_file(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return one.samefile(other)
    return False


def _write(
    stream: TextIO,
    samples: SampleFile,
    predictor: Predictor,
    opened: OpenedRun,
    *,
    input_path: Path,
    thresholds: Thresholds | None,
) -> None:
    """Predict chunk by chunk, so that memory stays bounded."""
    from dlrun.data.predictions import PredictionWriter
    from dlrun.data.thresholds import decide

    spec, chosen = opened.spec, None if thresholds is None else [*thresholds]
    chooses = spec.class_names is not None or spec.labels

    def predicted() -> Iterator[Any]:
        first_row = 0
        for chunk in samples.chunks:
            check_new_ids(chunk.x, opened, where=str(input_path), first_row=first_row)
            first_row += len(chunk)
            yield predictor.predict(chunk.x)  # (rows of the chunk, outputs)

    outputs = predicted()
    # Not before the first chunk is there does the header go out: `-o -` prints rows, or an error.
    first = next(outputs, None)
    writer = PredictionWriter(stream, spec, with_true=False)
    for y_pred in chain([] if first is None else [first], outputs):
        writer.write(y_pred, decide(y_pred, spec, chosen) if chooses else None)
