"""Exports `predictions/<split>.csv`: what the model says of each row, beside what is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.data.origins import keys_of
from dlrun.data.predictions import PredictionWriter
from dlrun.data.series_samples import said_of_windows
from dlrun.data.thresholds import decide, true_answers
from dlrun.rundir.files import check_inside, replace_with
from dlrun.rundir.names import PREDICTIONS
from dlrun.training.evaluation import PREDICT_BATCH

if TYPE_CHECKING:
    from pathlib import Path

    from dlrun.arrays import Splits
    from dlrun.rundir.folder import Run
    from dlrun.training.evaluation import Predictor


def export(
    *,
    model: Any,
    splits: Splits,
    predictor: Predictor,
    folder: Run,
    split: str | None = None,
) -> list[Path]:
    """Write one row per row of a split: the true value, the predicted one, the probabilities.

    A `key` of the table stands beside each row. Of series each window is a row, with its keys and
    the time of the first step that it foretells.

    Args:
        model: Not needed.
        splits: The rows, with fitted labels, and their spec.
        predictor: Predicts with the model.
        folder: Where to write.
        split: `train`, `validation` or `test`; by default test rows if there are any, else
            validation rows, else training rows.
    """
    del model
    present = splits.present()
    chosen = split or list(present)[-1]
    samples = present[chosen]
    spec = splits.spec

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = PredictionWriter(stream, spec, with_true=samples.y is not None)
            begin = 0
            for block in samples.blocks(PREDICT_BATCH):
                here = slice(begin, begin + len(block))
                begin += len(block)
                y_pred = predictor.predict(block.x)
                chooses = spec.class_names is not None or spec.labels
                classes = decide(y_pred, spec) if chooses else None
                y_true = None if block.y is None else block.y[:]
                if y_true is not None and classes is not None:
                    y_true = true_answers(y_true, spec)
                said = said_of_windows(block, spec) or keys_of(splits.origins.get(chosen), here)
                writer.write(y_pred, classes, y_true, kept=said)

    check_inside(folder.path, PREDICTIONS)
    path = folder.file(f"{PREDICTIONS}/{chosen}.csv")
    replace_with(path, write)
    return [path]
