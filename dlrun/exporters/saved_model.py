"""Exports `saved_model/`: from raw rows to classes and probabilities, for TensorFlow alone."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlrun.backend import tf
from dlrun.exporters.end_to_end import EndToEnd
from dlrun.rundir.files import replace_with, write_json

if TYPE_CHECKING:
    from dlrun.arrays import Splits
    from dlrun.rundir.folder import Run
    from dlrun.training.evaluation import Predictor

FOLDER: Final = "saved_model"
COLUMNS: Final = "assets.extra/columns.json"
"""Where TensorFlow lets others keep files of their own: which column each input is."""
NAMES_FUNCTIONS = True


def export(*, model: Any, splits: Splits, predictor: Predictor, folder: Run) -> list[Path]:
    """Write a model that is given cells as the table has them, or images, and answers in words.

    TensorFlow, TensorFlow Serving and all that reads a SavedModel take it, for any number of rows.
    Columns become its inputs by their names (what is no letter or digit of ASCII is `_`; the file
    in `assets.extra` tells which is which), `(rows,)`: numbers as float64, NaN where one is
    missing; texts and times as strings, empty where one is missing. Of series each column has the
    steps of windows, `(rows, window)`. Images are arrays, or, by the
    signature `image_bytes`, files. It answers `predicted`, and `probabilities` or `scores` in the
    order of `classes`. Kinds of columns that TensorFlow has no operations for are refused by name.
    """
    del predictor
    module = EndToEnd(model, splits.spec)
    with tempfile.TemporaryDirectory() as temporary:
        tf.saved_model.save(module, temporary, signatures=module.endpoints)
        if module.columns:
            extra = Path(temporary, *COLUMNS.split("/"))
            extra.parent.mkdir()
            write_json(extra, {name: column for column, name in module.columns.items()})
        found = [one for one in Path(temporary).rglob("*") if one.is_file()]
        # The file that makes a folder a model comes last.
        found.sort(key=lambda one: (one.name == "saved_model.pb", one))
        written = []
        for one in found:
            path = folder.file(f"{FOLDER}/{one.relative_to(temporary).as_posix()}")
            replace_with(path, partial(shutil.copyfile, one))
            written.append(path)
    return written
