"""`dlrun predict`: what a run's model says of new rows."""

from __future__ import annotations

import os
import sys
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dlrun.data.samples import SampleFile, open_samples
from dlrun.errors import UsageError
from dlrun.rundir.files import replace_with, write_output
from dlrun.rundir.names import PREDICTIONS
from dlrun.rundir.ordinary import check_inside
from dlrun.workflows.ids import check_new_ids
from dlrun.workflows.opening import OpenedRun, load_model, open_trained

if TYPE_CHECKING:
    from dlrun.rundir.folder import RunFolder
    from dlrun.training.evaluation import Predictor
    from dlrun.training.listener import Listener

STDOUT = Path("-")
SPLITS = ("train", "validation", "test")


def predict(
    reference: str, input_path: Path, *, runs_dir: Path, output: Path | None, listener: Listener
) -> Path | None:
    """Write a CSV with one row per input row.

    Args:
        reference: A run folder, a part of its name, or `latest`.
        input_path: A CSV with the features as columns, or an `.npz` or `.npy` array.
        runs_dir: Where the runs are.
        output: Where to write; None for a file in the run folder, see `_own_file`; `-` for stdout.
            A device or a pipe is written into, and a symbolic link is followed.
        listener: Who is told of messages.

    Returns:
        The file written, or None for stdout.

    Raises:
        UsageError: The output is the input.
        RunFolderError: The run is missing or damaged.
        DataError: The input is missing, malformed or does not fit.
    """
    if output is not None and _are_one_file(output, input_path):
        raise UsageError(
            "the output is the input: its rows would be lost.",
            where=f"--output {output}",
            fix="Name another file.",
        )
    opened = open_trained(reference, runs_dir)
    with open_samples(input_path, opened.spec, with_target=False) as samples:
        for note in samples.notes:
            listener.message(note)
        predictor = _load_predictor(opened, listener)
        if output == STDOUT:
            _write(sys.stdout, samples, predictor, opened, input_path)
            return None

        def write(path: Path) -> None:
            with path.open("w", encoding="utf-8", newline="") as stream:
                _write(stream, samples, predictor, opened, input_path)

        if output is not None:
            write_output(output, write)
            return output
        target = _own_file(opened.folder, input_path)
        replace_with(target, write)
        return target


def _own_file(folder: RunFolder, input_path: Path) -> Path:
    """Choose the file in the run folder for the predictions of an input.

    It is `predictions/<stem>.csv`. An input that is called like a split gets `<stem>_input.csv`:
    those names belong to training. What another input, or somebody else, has written stays; then
    it is `<stem>_2.csv`, and so on. `predictions/inputs.json` knows which file is whose, so that
    the same input replaces its own predictions.
    """
    check_inside(folder.path, PREDICTIONS)
    source, inputs = str(input_path.resolve()), f"{PREDICTIONS}/inputs.json"
    known = folder.read_json(inputs) if os.path.lexists(folder.file(inputs)) else {}
    stem = f"{input_path.stem}_input" if input_path.stem in SPLITS else input_path.stem
    names = (f"{stem}{suffix}.csv" for suffix in chain([""], map("_{}".format, count(2))))
    name = next(
        name
        for name in names
        if known.get(name) == source or not os.path.lexists(folder.file(f"{PREDICTIONS}/{name}"))
    )
    folder.write_json(inputs, {**known, name: source})
    return folder.file(f"{PREDICTIONS}/{name}")


def _are_one_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file that is there."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def _load_predictor(opened: OpenedRun, listener: Listener) -> Predictor:
    """Load the model; TensorFlow is imported here."""
    from dlrun.training.evaluation import Predictor

    return Predictor(load_model(opened, listener))


def _write(
    stream: TextIO,
    samples: SampleFile,
    predictor: Predictor,
    opened: OpenedRun,
    input_path: Path,
) -> None:
    """Predict piece by piece, so that memory stays bounded."""
    from dlrun.data.labels import decode
    from dlrun.reports.predictions import PredictionWriter

    spec = opened.spec
    writer = PredictionWriter(stream, spec, with_true=False)
    first_row = 0
    for piece in samples.pieces:
        check_new_ids(piece.x, opened, where=str(input_path), first_row=first_row)
        first_row += len(piece)
        y_pred = predictor.predict(piece.x)
        writer.write(y_pred, None if spec.class_names is None else decode(y_pred, spec))
