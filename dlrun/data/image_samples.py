"""Makes rows of image files: to train on, and later ones for a trained model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, Dataset, ImageForm, Samples, Spec, StreamedArray
from dlrun.data.class_folders import files_below, numbered_files
from dlrun.data.files import files_of
from dlrun.data.image_decoding import (
    Bad,
    Decoder,
    bad_file_lines,
    bad_files_error,
    decode_files,
)
from dlrun.data.image_folder import find_images, sides_of
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.rundir.names import TEST, TRAIN, VALIDATION
from dlrun.shapes.images import SUFFIXES
from dlrun.shapes.layer import show
from dlrun.wording import list_some, quote, tally

PIXEL_MAX: Final = 255.0
ROWS_BYTES: Final = 2**24
"""About how many bytes of pixels are decoded at a time for a trained model."""


@dataclass(frozen=True)
class ImageRows(Samples):
    """Images as rows, with where each comes from."""

    kept: Mapping[str, list[str | None]] = field(default_factory=dict)  # columns to carry along


def read_image_dataset(
    path: Path,
    size: int | Sequence[int] | None,
    color: Literal["rgb", "gray"],
    resize: Literal["stretch", "crop", "pad"],
    *,
    skip: bool,
) -> Dataset:
    """Read the images of a folder to train on; see `dlrun.datasets.images`."""
    asked = sides_of(size)
    if asked is None and resize != "stretch":
        what = f"'{resize}' says nothing without the size that images are to have."
        raise ConfigError(Problem("dataset.resize", what, "Add 'size: [HEIGHT, WIDTH]'."))
    form = ImageForm(color, None if asked is None else resize)
    found = find_images(path)
    splits = [split for split in (TRAIN, VALIDATION, TEST) if split in found.files]
    files = [file for split in splits for file in found.files[split]]
    numbers = np.concatenate([found.labels[split] for split in splits]).astype(np.int64)
    decoded = decode_files(files, form, asked, where=path)
    bad, streamed = decoded.bad, decoded.streamed
    if bad and (not skip or bad.other_sizes or len(bad) == len(files)):
        raise _refused(files, bad, path, decoded.shape, skip=skip)
    pixels = decoded.rows[:] if streamed is None else StreamedArray(decoded.rows)
    good = np.ones(len(files), bool)
    good[[*bad]] = False
    notes = [*found.notes]
    if bad:
        notes.append(f"warning: {tally(len(bad), 'file')} of {len(files):,} left out:")
        notes += [f"  {line}" for line in bad_file_lines(files, bad)]
    rows: dict[str, Samples] = {}
    begin = 0
    for split in splits:
        chosen = np.flatnonzero(good[begin : begin + len(found.files[split])]) + begin
        begin += len(found.files[split])
        x: Array = pixels.at(chosen) if isinstance(pixels, StreamedArray) else pixels[chosen]
        rows[split] = Samples(_fractions(x), numbers[chosen])
    _check_classes(found.classes, rows[TRAIN], path)
    kept = [files[place] for place in np.flatnonzero(good[: len(found.files[TRAIN])]).tolist()]
    return Dataset(
        rows[TRAIN],
        rows.get(TEST),
        validation=rows.get(VALIDATION),
        class_names=found.classes,
        pixel_max=PIXEL_MAX,
        image_shape=decoded.shape,
        form=form,
        streamed=streamed,
        place=lambda row: kept[row],
        notes=tuple(notes),
    )


def _refused(
    files: Sequence[str], bad: Bad, path: Path, shape: tuple[int, ...], *, skip: bool
) -> DataError:
    if bad.other_sizes:
        fix = f"The first one has {shape[0]} x {shape[1]}: say which size all are to have, "
        fix += f"such as `dataset.size: [{shape[0]}, {shape[1]}]`."
        if not skip and len(bad.other_sizes) < len(bad):
            fix += " Take the others away."
    elif skip:
        fix = "None is left."
    elif len(bad) == len(files):
        fix = "Give a folder with a folder of images for each class: none of these is one."
    else:
        fix = "Mend them or take them away, or leave them out with `dataset.bad_files: skip`."
    return bad_files_error(files, bad, where=str(path), fix=fix)


def _fractions(pixels: Any) -> Any:
    """Make float32 from 0 to 1 of bytes; of streamed ones when they are taken."""
    if isinstance(pixels, StreamedArray):
        return pixels.changed(_fractions)
    fractions = pixels.astype(np.float32)
    fractions /= np.float32(PIXEL_MAX)
    return fractions


def _check_classes(names: Sequence[str], train: Samples, path: Path) -> None:
    """Refuse a class all of whose images were left out."""
    counts = np.bincount(train.y[:] if train.y is not None else [], minlength=len(names))
    gone = [names[number] for number in np.flatnonzero(counts == 0).tolist()]
    if gone:
        what = f"no image of the class {list_some(gone, 5, quote)} can be read."
        raise DataError(what, where=str(path))


def names_images(path: Path) -> bool:
    """Say whether a file of rows is an image, a folder, or a list of images."""
    return path.is_dir() or path.suffix.lower() in (*SUFFIXES, ".txt")


def read_images(
    path: Path, spec: Spec, *, with_target: bool
) -> tuple[tuple[str, ...], Iterator[ImageRows]]:
    """Read images for a trained model, some at a time, and what the user should know.

    `path` is an image, a glob, a text file with a name of one on each line, or a folder: with
    targets, a folder for each class is in it; without, all images below it are read.
    """
    shape = spec.image_shape
    if not isinstance(spec.form, ImageForm) or shape is None:
        what = "the run was not trained on image files."
        fix = "Give rows in the form that it was trained on."
        raise DataError(what, where=str(path), fix=fix)
    labels: NDArray[np.int64] | None = None
    notes: list[str] = []
    if with_target:
        files, numbers = numbered_files(path, spec.class_names or ())
        labels = np.array(numbers, np.int64)
    else:
        files = _named(path, notes)
    if not files:
        raise DataError("there is no image.", where=str(path))
    return tuple(notes), _decoded(path, files, labels, spec)


def _named(path: Path, notes: list[str]) -> list[str]:
    if path.is_dir():
        files = sorted(files_below(path, notes))
        images = [file for file in files if file.lower().endswith(SUFFIXES)]
        if len(images) < len(files):
            others = [file for file in files if not file.lower().endswith(SUFFIXES)]
            told = list_some([quote(Path(other).name) for other in others], 5)
            notes.append(f"not read, as it is not called like an image: {told}")
        return images
    if path.suffix.lower() == ".txt":
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"the list cannot be read: {error}.", where=str(path)) from error
        return [str(path.parent / line.strip()) for line in lines if line.strip()]
    return [str(file) for file in files_of(path)]


def _decoded(
    path: Path, files: Sequence[str], labels: NDArray[np.int64] | None, spec: Spec
) -> Iterator[ImageRows]:
    form, shape = spec.form, spec.image_shape
    if not isinstance(form, ImageForm) or shape is None:
        return
    step = max(1, ROWS_BYTES // math.prod(shape))
    with Decoder(form, files=min(len(files), step), on_disk=False) as decoder:
        for begin in range(0, len(files), step):
            part = files[begin : begin + step]
            bad = decoder.decode(part, (shape[0], shape[1]))
            if bad:
                fix = "Take them away: all others are answered then."
                if bad.other_sizes:
                    fix = f"The run was trained on images of {show(shape)} alone."
                raise bad_files_error(part, bad, where=str(path), fix=fix)
            pixels = decoder.rows(len(part), shape)[:]
            y = None if labels is None else labels[begin : begin + step]
            names: list[str | None] = [*part]
            yield ImageRows(_fractions(pixels), y, kept={"file": names})
