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
from dlrun.data.bad_files import Bad, LeftOut, bad_files_error, together
from dlrun.data.class_folders import files_below, numbered_files
from dlrun.data.files import files_of
from dlrun.data.image_decoding import Decoder, decode_files
from dlrun.data.image_folder import find_images, sides_of
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.rundir.names import TEST, TRAIN, VALIDATION
from dlrun.shapes.images import SUFFIXES
from dlrun.shapes.layer import show
from dlrun.wording import list_some, quote

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
    left_out = LeftOut(len(files))
    left_out.add(files, bad)
    rows: dict[str, Samples] = {}
    kept: dict[str, list[str]] = {}
    begin = 0
    for split in splits:
        chosen = np.flatnonzero(good[begin : begin + len(found.files[split])]) + begin
        begin += len(found.files[split])
        x: Array = pixels.at(chosen) if isinstance(pixels, StreamedArray) else pixels[chosen]
        rows[split] = Samples(_fractions(x), numbers[chosen])
        kept[split] = [files[place] for place in chosen.tolist()]
    _check_classes(found.classes, rows[TRAIN], path)
    return Dataset(
        rows[TRAIN],
        rows.get(TEST),
        validation=rows.get(VALIDATION),
        class_names=found.classes,
        pixel_max=PIXEL_MAX,
        image_shape=decoded.shape,
        form=form,
        streamed=streamed,
        place=kept[TRAIN].__getitem__,
        own_places={split: names.__getitem__ for split, names in kept.items() if split != TRAIN},
        notes=(*found.notes, *left_out.lines()),
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
    paths: Sequence[Path], spec: Spec, *, with_target: bool, skip_bad: bool = False
) -> tuple[tuple[str, ...], Iterator[ImageRows], LeftOut]:
    """Read images for a trained model, some at a time, and what the user should know.

    Each path is an image, a glob, a text file with a name of one on each line, or a folder, all
    images below which are read; with targets it is one folder that has a folder for each class.
    Those that cannot be read are an error, or left out and noted, where one is left; those of
    another size than the run's are an error.
    """
    shape, where = spec.image_shape, together(paths)
    if not isinstance(spec.form, ImageForm) or shape is None:
        what = "the run was not trained on image files."
        fix = "Give rows in the form that it was trained on."
        raise DataError(what, where=where, fix=fix)
    labels: NDArray[np.int64] | None = None
    notes: list[str] = []
    if with_target:
        files, numbers = numbered_files(paths[0], spec.class_names or ())
        labels = np.array(numbers, np.int64)
    else:
        files = [file for path in paths for file in _named(path, notes)]
    if not files:
        raise DataError("there is no image.", where=where)
    left_out = LeftOut(len(files))
    rows = _decoded(where, files, labels, spec, left_out if skip_bad else None)
    return tuple(notes), rows, left_out


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
    where: str,
    files: Sequence[str],
    labels: NDArray[np.int64] | None,
    spec: Spec,
    left_out: LeftOut | None,
) -> Iterator[ImageRows]:
    form, shape = spec.form, spec.image_shape
    if not isinstance(form, ImageForm) or shape is None:
        return
    step = max(1, ROWS_BYTES // math.prod(shape))
    with Decoder(form, files=min(len(files), step), on_disk=False) as decoder:
        for begin in range(0, len(files), step):
            part = files[begin : begin + step]
            bad = decoder.decode(part, (shape[0], shape[1]))
            if bad and (left_out is None or bad.other_sizes):
                fix = "Take them away: all others are answered then."
                if bad.other_sizes:
                    fix = f"The run was trained on images of {show(shape)} alone."
                raise bad_files_error(part, bad, where=where, fix=fix)
            if left_out is not None:
                left_out.add(part, bad)
            good = [place for place in range(len(part)) if place not in bad]
            if not good:
                continue
            pixels = decoder.rows(len(part), shape)[:]
            pixels = pixels[good] if bad else pixels
            y = None if labels is None else labels[begin : begin + step][good]
            names: list[str | None] = [part[place] for place in good]
            yield ImageRows(_fractions(pixels), y, kept={"file": names})
    if left_out is not None and left_out.all:
        raise left_out.none_is_left(where)
