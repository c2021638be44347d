"""Reads files of new rows for a trained model, in the form that its spec describes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np

from dlrun.arrays import Array, ImageForm, Samples, SeriesForm, Spec, StreamedArray, TextForm
from dlrun.data.array_samples import read_array_samples
from dlrun.data.image_samples import ImageRows, names_images, read_images
from dlrun.data.labels import encode
from dlrun.data.scaling import apply_scaling, to_float32
from dlrun.data.series_samples import last_windows, open_steps, read_windows
from dlrun.data.streams import chunks
from dlrun.data.table_samples import TableRows, open_rows
from dlrun.data.text_folder import names_texts
from dlrun.data.text_samples import open_texts
from dlrun.data.units import from_units
from dlrun.errors import DataError

ARRAYS: Final = (".npz", ".npy")


def _nothing() -> None:
    """No row is left out."""


@dataclass(frozen=True)
class SampleFile:
    """A file of rows, opened for one pass."""

    notes: tuple[str, ...]  # such as which columns are not used
    # In order, scaled, targets encoded, a bounded number at a time: `x`, (rows, *input_shape),
    # float32, and `y` as `encode` gives it, or None. Of a table they are `TableRows`.
    chunks: Iterator[Samples]
    # Says, when they have been read, which were left out: they lack a target, or cannot be read.
    left_out: Callable[[], str | None] = _nothing

    def begun(self) -> SampleFile:
        """Read the first rows: what is wrong with them is told before the model is loaded."""
        first = next(self.chunks, None)
        return replace(self, chunks=chain(() if first is None else (first,), self.chunks))


@contextmanager
def open_samples(
    path: Path,
    spec: Spec,
    *,
    with_target: bool,
    keep: Sequence[str] = (),
    skip_bad: bool = False,
) -> Iterator[SampleFile]:
    """Open a table, or an `.npz` or `.npy` file of rows; a table is whatever is no other one.

    What the run's config says of its own file (header, delimiter, names of arrays) holds here too.
    A table may have its columns in any order and others besides; without a header its columns
    must be those of the training data in their order, with or without the target. Weights of rows
    are read together with the targets, and without `with_target` neither is. An `.npz` file holds
    the arrays that the config names, else `x` (and `y`), or a single array; an `.npy` file holds
    `x`. Of a table of series `with_target` gives the windows that have one, else the last window of
    each series, from which what follows is foretold. Some faults are told only when their chunk is
    reached. `keep` are columns of a table whose texts are carried along. Of a folder or a list of
    images or texts, `skip_bad` leaves out files that cannot be read: each row names its file.
    """
    if path.suffix in ARRAYS:
        notes, raw = read_array_samples(path, spec, with_target=with_target)
        yield SampleFile(notes, _ready(raw, spec, path))
        return
    if names_files(path, spec):
        yield open_files([path], spec, with_target=with_target, skip_bad=skip_bad)
        return
    if spec.series is not None:
        yield _of_series(path, spec, spec.series, with_target=with_target)
        return
    with open_rows(path, spec, with_target=with_target, keep=keep) as (notes, rows):
        yield SampleFile(notes, iter(rows), rows.lacking_targets)


def names_files(path: Path, spec: Spec) -> bool:
    """Say whether an input names the files of images or texts that a run takes."""
    if isinstance(spec.form, ImageForm):
        return names_images(path)
    return isinstance(spec.form, TextForm) and names_texts(path)


def open_files(
    paths: Sequence[Path], spec: Spec, *, with_target: bool, skip_bad: bool = False
) -> SampleFile:
    """Open images or texts, whichever the run takes; see `open_samples`."""
    if isinstance(spec.form, ImageForm):
        notes, images, bad = read_images(paths, spec, with_target=with_target, skip_bad=skip_bad)
        return SampleFile(notes, _ready_images(images, spec), bad.note)
    notes, texts, bad = open_texts(paths, spec, with_target=with_target, skip_bad=skip_bad)
    return SampleFile(notes, _ready_texts(texts, spec), bad.note)


def _of_series(path: Path, spec: Spec, form: SeriesForm, *, with_target: bool) -> SampleFile:
    """Open a table of series: the windows that have targets, or the last one of each."""
    if with_target:
        windows, notes = read_windows(path, spec, form)
        return SampleFile(notes, windows.blocks())
    with open_steps(path, spec, form, with_target=False) as dataset:
        last, notes = last_windows(dataset, spec, where=str(path))
    return SampleFile(notes, iter([last]))


def read_samples(
    path: Path, spec: Spec, *, with_target: bool, skip_bad: bool = False
) -> tuple[Samples, tuple[str, ...]]:
    """Read a whole file of rows; see `open_samples`. Its notes come with it."""
    if spec.series is not None and with_target and path.suffix not in ARRAYS:
        return read_windows(path, spec, spec.series)
    with open_samples(path, spec, with_target=with_target, skip_bad=skip_bad) as file:
        chunks = [(chunk.x, chunk.y, chunk.sample_weight) for chunk in file.chunks]
        whole: list[Any] = [None if parts[0] is None else np.concatenate(parts)
                            for parts in zip(*chunks, strict=True)]  # fmt: skip
        notes = (*file.notes, *filter(None, [file.left_out()]))
        if not len(whole[0]):
            raise DataError("none of the rows has a target.", where=str(path))
        return Samples(*whole), notes


def _ready(chunks: Iterator[Samples], spec: Spec, path: Path) -> Iterator[Samples]:
    for chunk in chunks:
        if spec.columns is None:
            x = apply_scaling(chunk.x, spec.scaling, where=str(path))
        else:  # the entries of a table, in its units
            entries = from_units(np.asarray(chunk.x, np.float64), spec)
            x = to_float32(entries, "features", where=str(path))
        y = None if chunk.y is None else encode(chunk.y, spec)
        yield Samples(x, y, chunk.sample_weight)


def _ready_images(chunks: Iterator[ImageRows], spec: Spec) -> Iterator[Samples]:
    for chunk in chunks:
        x = apply_scaling(chunk.x, spec.scaling, where=str(chunk.kept["file"][0]))
        y = None if chunk.y is None else encode(np.asarray(chunk.y), spec)
        yield ImageRows(x, y, kept=chunk.kept)


def _ready_texts(chunks: Iterator[TableRows], spec: Spec) -> Iterator[Samples]:
    for chunk in chunks:
        y = None if chunk.y is None else encode(np.asarray(chunk.y), spec)
        yield replace(chunk, y=y)


def hash_samples(splits: Mapping[str, Samples]) -> dict[str, str]:
    """The SHA-256 of every array of every split, by `<split>.<array>`, such as `train.x`."""
    hashes = {}
    for split, samples in splits.items():
        for name in ("x", "y", "sample_weight"):
            array = getattr(samples, name)
            if array is not None:
                hashes[f"{split}.{name}"] = hash_array(array)
    return hashes


def hash_array(array: Array) -> str:
    """The SHA-256 of an array, in hex digits: its dtype and shape, then its bytes.

    The bytes are little-endian in C order, so equal arrays hash alike on every machine.
    """
    dtype = array.dtype.newbyteorder("<")
    digest = hashlib.sha256(f"{dtype.str} {array.shape}\n".encode())
    for chunk in chunks(array) if isinstance(array, StreamedArray) else [array]:
        contiguous = np.ascontiguousarray(chunk, dtype=dtype)
        digest.update(contiguous.data.cast("B") if contiguous.size else b"")
    return digest.hexdigest()
