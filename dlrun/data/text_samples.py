"""Makes rows of files of texts: to train on, and later ones for a trained model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from dlrun.arrays import Dataset, Samples, Spec, TextForm
from dlrun.column import CellError, ColumnKind, RawColumn
from dlrun.columns import check_options
from dlrun.columns.inference import TEXT, told
from dlrun.columns.packing import pack
from dlrun.data.bad_files import LeftOut, bad_files_error, together
from dlrun.data.class_folders import numbered_files
from dlrun.data.table_samples import TableRows
from dlrun.data.text_folder import (
    COLUMN,
    check_encoding,
    find_texts,
    named_texts,
    read_texts,
)
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.rundir.names import TEST, TRAIN, VALIDATION
from dlrun.wording import list_some, quote

CHUNK: Final = 1024  # texts that are read at a time for a trained model


def read_text_dataset(
    path: Path, columns: Mapping[str, Any] | None, encoding: str | None, *, skip: bool
) -> Dataset:
    """Read the texts of a folder to train on; see `dlrun.datasets.texts`."""
    check_encoding(encoding)
    kind = kind_of_text(columns)
    found = find_texts(path)
    splits = [split for split in (TRAIN, VALIDATION, TEST) if split in found.files]
    files = [file for split in splits for file in found.files[split]]
    texts, bad = read_texts(files, encoding)
    if bad and (not skip or not texts):
        fix = "None is left."
        if not skip:
            fix = "Mend them or take them away, say their `dataset.encoding`, or leave them out "
            fix += "with `dataset.bad_files: skip`."
        raise bad_files_error(files, bad, where=str(path), fix=fix)
    distinct = tuple(sorted({text for text in texts.values() if text}))
    codes = {text: code for code, text in enumerate(distinct)}
    left_out = LeftOut(len(files))
    left_out.add(files, bad)
    rows: dict[str, Samples] = {}
    kept: dict[str, list[str]] = {}
    begin = 0
    for split in splits:
        end = begin + len(found.files[split])
        good = [place for place in range(begin, end) if place in texts]
        kept[split] = [files[place] for place in good]
        labels = [found.labels[split][place - begin] for place in good]
        # An empty file is a missing text: what becomes of it, the column says.
        values = [float(codes[texts[place]]) if texts[place] else np.nan for place in good]
        rows[split] = Samples(np.array(values).reshape(-1, 1), np.array(labels, np.int64))
        begin = end
    _check_classes(found.classes, rows[TRAIN], path)
    return Dataset(
        rows[TRAIN],
        rows.get(TEST),
        validation=rows.get(VALIDATION),
        class_names=found.classes,
        feature_names=(COLUMN,),
        target_names=("class",),
        form=TextForm(encoding),
        raw_columns=(RawColumn(COLUMN, "text", distinct),),
        kinds=(kind,),
        place=kept[TRAIN].__getitem__,
        own_places={split: names.__getitem__ for split, names in kept.items() if split != TRAIN},
        notes=(*found.notes, *left_out.lines()),
    )


def kind_of_text(columns: Mapping[str, Any] | None) -> ColumnKind:
    """Tell how the texts are read, by what `dataset.columns` says of the only column.

    Raises:
        ConfigError: It says something of another column, or that this one is no text.
    """
    written = dict(columns or {})
    problems = [
        Problem(f"dataset.columns.{name}", f"The texts are the column '{COLUMN}', and no other.")
        for name in written
        if name != COLUMN
    ]
    kind = told(COLUMN, written[COLUMN]) if COLUMN in written else ColumnKind(COLUMN, TEXT)
    if kind.kind != TEXT:
        what = f"A folder of texts is read as `{TEXT}`, not as `{kind.kind}`."
        problems.append(Problem(f"dataset.columns.{COLUMN}", what))
    if problems:
        raise ConfigError(*problems)
    check_options(written)
    return replace(kind, reason="each file is one")


def _check_classes(names: Sequence[str], train: Samples, path: Path) -> None:
    """Refuse a class all of whose texts were left out."""
    counts = np.bincount(train.y[:] if train.y is not None else [], minlength=len(names))
    gone = [names[number] for number in np.flatnonzero(counts == 0).tolist()]
    if gone:
        what = f"no text of the class {list_some(gone, 5, quote)} can be read."
        raise DataError(what, where=str(path))


def open_texts(
    paths: Sequence[Path], spec: Spec, *, with_target: bool, skip_bad: bool = False
) -> tuple[tuple[str, ...], Iterator[TableRows], LeftOut]:
    """Read texts for a trained model, some at a time, and what the user should know.

    Each path is a text, a glob, or a folder, all texts below which are read; with targets it is one
    folder that has a folder for each class. Those that cannot be read are an error, or left out
    and noted, where one is left.
    """
    where = together(paths)
    notes: list[str] = []
    labels: list[int] | None = None
    if with_target:
        files, labels = numbered_files(paths[0], spec.class_names or ())
    else:
        files = [file for path in paths for file in named_texts(path, notes)]
    if not files:
        raise DataError("there is no text.", where=where)
    left_out = LeftOut(len(files))
    rows = _rows(where, files, labels, spec, left_out if skip_bad else None)
    return tuple(notes), rows, left_out


def _rows(
    where: str,
    files: Sequence[str],
    labels: Sequence[int] | None,
    spec: Spec,
    left_out: LeftOut | None,
) -> Iterator[TableRows]:
    if not isinstance(spec.form, TextForm):
        return
    for begin in range(0, len(files), CHUNK):
        part = files[begin : begin + CHUNK]
        read, bad = read_texts(part, spec.form.encoding)
        if bad and left_out is None:
            fix = "Mend them or take them away: all others are answered then."
            raise bad_files_error(part, bad, where=where, fix=fix)
        if left_out is not None:
            left_out.add(part, bad)
        if not read:
            continue
        some, texts = [part[place] for place in read], [*read.values()]
        distinct = tuple(sorted({text for text in texts if text}))
        codes = {text: float(code) for code, text in enumerate(distinct)}
        raw = np.array([[codes.get(text, np.nan)] for text in texts])  # (rows, 1)
        columns = (RawColumn(COLUMN, "text", distinct),)
        try:
            x = pack(spec.columns or (), spec.views, columns, raw)
        except CellError as error:
            raise DataError(error.what, where=some[error.row]) from error
        y = None if labels is None else np.array([labels[begin + at] for at in read], np.int64)
        names: list[str | None] = [*some]
        yield TableRows(x, y, None, raw, columns, {"file": names})
    if left_out is not None and left_out.all:
        raise left_out.none_is_left(where)
