"""`dlrun predict`: what a run's model says of new rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dlrun.config import locating
from dlrun.data.samples import SampleFile, open_samples
from dlrun.errors import UsageError
from dlrun.rundir.files import write_output
from dlrun.rundir.names import PREDICTIONS
from dlrun.workflows.opening import OpenedRun, load_weights, open_trained

if TYPE_CHECKING:
    from dlrun.training.evaluation import Predictor
    from dlrun.training.listener import Listener

STDOUT = Path("-")


def predict(
    reference: str, input_path: Path, *, runs_dir: Path, output: Path | None, listener: Listener
) -> Path | None:
    """Write a CSV with one row per input row.

    Args:
        reference: A run folder, a part of its name, or `latest`.
        input_path: A CSV with the features as columns, or an `.npz` or `.npy` array.
        runs_dir: Where the runs are.
        output: Where to write; None for `predictions/<stem>.csv` in the run folder, `-` for stdout.
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
            _write(sys.stdout, samples, predictor, opened)
            return None
        target = output or opened.folder.file(f"{PREDICTIONS}/{input_path.stem}.csv")
        if output is None:
            target.parent.mkdir(exist_ok=True)

        def write(path: Path) -> None:
            with path.open("w", encoding="utf-8", newline="") as stream:
                _write(stream, samples, predictor, opened)

        write_output(target, write)
    return target


def _are_one_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file that is there."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def _load_predictor(opened: OpenedRun, listener: Listener) -> Predictor:
    """Build the model and load its weights; TensorFlow is imported here."""
    from dlrun.training.evaluation import Predictor
    from dlrun.workflows.assembly import build

    with locating(opened.experiment):
        model = build(opened.experiment, opened.spec)
    load_weights(opened, model, listener)
    return Predictor(model)


def _write(stream: TextIO, samples: SampleFile, predictor: Predictor, opened: OpenedRun) -> None:
    """Predict piece by piece, so that memory stays bounded."""
    from dlrun.data.labels import decode
    from dlrun.reports.predictions import PredictionWriter

    spec = opened.spec
    writer = PredictionWriter(stream, spec, with_true=False)
    for piece in samples.pieces:
        y_pred = predictor.predict(piece.x)
        writer.write(y_pred, None if spec.class_names is None else decode(y_pred, spec))
