"""Texts of one's own: a folder for each class, perhaps below folders for the splits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dlrun.datasets.samples import Sample
from dlrun.rundir.names import TEST, VALIDATION

if TYPE_CHECKING:
    from dlrun.arrays import Dataset


def sample(*, path: Any, **_: Any) -> Sample:
    """The classes; how many numbers a text becomes, the training rows tell."""
    from dlrun.data.class_folders import class_names, split_folders
    from dlrun.data.text_folder import COLUMN, TEXTS
    from dlrun.errors import DataError

    known = Sample((None,), has_validation=None, one_target=True, columns=(COLUMN,), format="texts")
    try:
        splits, classes = split_folders(Path(path)), class_names(Path(path), TEXTS)
    except DataError:  # what is wrong is told when the texts are read
        return known
    return known._replace(
        classes=classes, test_rows=int(TEST in splits), has_validation=VALIDATION in splits or None
    )


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    path: Path,
    columns: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    bad_files: Literal["error", "skip"] = "error",
) -> Dataset:
    """The texts of a folder, by class and by name, as a table with the column `text`.

    `path/CLASS/...`, or `path/train/CLASS/...` with `validation` and `test` beside `train`. The
    classes are numbered in the order of their sorted names. An `Embedding` gets the numbers of the
    words, other layers a bag of them.

    Args:
        seed: Not used.
        path: The folder.
        columns: How the texts are read: `{text: {type: text, length: 100}}`, see `dlrun list
            columns text`.
        encoding: The encoding of the files, such as `latin-1`; null: UTF-8, or what a byte-order
            mark says.
        bad_files: Files that cannot be read are an error, or are left out and counted (`skip`). An
            empty file is a missing text, of which `columns` says what it becomes.
    """
    from dlrun.data.text_samples import read_text_dataset

    return read_text_dataset(Path(path), columns, encoding, skip=bad_files == "skip")
