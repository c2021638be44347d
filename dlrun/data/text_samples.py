"""Makes rows of files of texts: to train on, and later ones for a trained model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from dlrun.arrays import Dataset, Samples, Spec, TextForm
from dlrun.column import CellError, ColumnKind, RawColumn
from dlrun.columns import check_options
from dlrun.columns.inference import TEXT, told
from dlrun.columns.packing import pack
from dlrun.data.class_folders import numbered_files
from dlrun.data.table_samples import TableRows
from dlrun.data.text_folder import (
    COLUMN,
    bad_lines,
    bad_texts,
    check_encoding,
    find_texts,
    named_texts,
    read_text,
    read_texts,
)
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.rundir.names import TEST, TRAIN, VALIDATION
from dlrun.wording import list_some, quote, tally

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
        raise bad_texts(files, bad, str(path), fix)
    distinct = tuple(sorted({text for text in texts.values() if text}))
    codes = {text: code for code, text in enumerate(distinct)}
    notes = [*found.notes]
    if bad:
        notes.append(f"warning: {tally(len(bad), 'file')} of {len(files):,} left out:")
        notes += [f"  {line}" for line in bad_lines(files, bad)]
    rows: dict[str, Samples] = {}
    begin, kept = 0, []
    for split in splits:
        end = begin + len(found.files[split])
        good = [place for place in range(begin, end) if place in texts]
        kept += good if split == TRAIN else []
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
        place=lambda row: files[kept[row]],
        notes=tuple(notes),
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
    path: Path, spec: Spec, *, with_target: bool
) -> tuple[tuple[str, ...], Iterator[TableRows]]:
    """Read texts for a trained model, some at a time, and what the user should know.

    `path` is a text, a glob, or a folder: with targets, a folder for each class is in it; without,
    all texts below it are read.
    """
    notes: list[str] = []
    labels: list[int] | None = None
    if with_target:
        files, labels = numbered_files(path, spec.class_names or ())
    else:
        files = named_texts(path, notes)
    if not files:
        raise DataError("there is no text.", where=str(path))
    return tuple(notes), _rows(files, labels, spec)


def _rows(files: Sequence[str], labels: Sequence[int] | None, spec: Spec) -> Iterator[TableRows]:
    if not isinstance(spec.form, TextForm):
        return
    encoding, waiting, begin = spec.form.encoding, iter(files), 0
    while some := [*islice(waiting, CHUNK)]:
        texts = [read_text(file, encoding) for file in some]
        distinct = tuple(sorted({text for text in texts if text}))
        codes = {text: float(code) for code, text in enumerate(distinct)}
        raw = np.array([[codes.get(text, np.nan)] for text in texts])  # (rows, 1)
        columns = (RawColumn(COLUMN, "text", distinct),)
        try:
            x = pack(spec.columns or (), spec.views, columns, raw)
        except CellError as error:
            raise DataError(error.what, where=some[error.row]) from error
        y = None if labels is None else np.array(labels[begin : begin + len(some)], np.int64)
        names: list[str | None] = [*some]
        yield TableRows(x, y, None, raw, columns, {"file": names})
        begin += len(some)
