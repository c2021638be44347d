"""Images of one's own: a folder for each class, perhaps below folders for the splits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dlrun.datasets.samples import Sample
from dlrun.rundir.names import TEST, VALIDATION

if TYPE_CHECKING:
    from dlrun.arrays import Dataset


def sample(*, path: Any, size: Any, color: str, **_: Any) -> Sample:
    """The classes, and the shape where the config says it."""
    from dlrun.data.class_folders import class_names, split_folders
    from dlrun.data.image_folder import IMAGES, sides_of, size_of_one
    from dlrun.errors import DataError
    from dlrun.shapes.images import CHANNELS_OF

    sides = sides_of(size)
    try:
        splits, classes = split_folders(Path(path)), class_names(Path(path), IMAGES)
        sides = sides or size_of_one(Path(path))
    except DataError:  # what is wrong is told when the images are read
        shape = None if sides is None else (*sides, CHANNELS_OF[color])
        return Sample(shape, has_validation=None, fractions=True, one_target=True, format="images")
    shape = None if sides is None else (*sides, CHANNELS_OF[color])
    return Sample(
        shape,
        classes,
        test_rows=int(TEST in splits),
        has_validation=VALIDATION in splits or None,
        fractions=True,
        one_target=True,
        format="images",
    )


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    path: Path,
    size: int | Sequence[int] | None = None,
    color: Literal["rgb", "gray"] = "rgb",
    resize: Literal["stretch", "crop", "pad"] = "stretch",
    bad_files: Literal["error", "skip"] = "error",
) -> Dataset:
    """The images of a folder, `(height, width, channels)`, from 0 to 1, by class and by name.

    `path/CLASS/...`, or `path/train/CLASS/...` with `validation` and `test` beside `train`. The
    classes are numbered in the order of their sorted names. PNG, JPEG, GIF, BMP, PPM, WebP, TIFF,
    AVIF and JPEG 2000 are read, upright as EXIF says; of an animation the first picture; what can
    be seen through is laid on white.

    Args:
        seed: Not used.
        path: The folder.
        size: `[height, width]`, or one number for both; null: all images have the same size.
        color: `rgb`, or `gray` for one channel.
        resize: What brings an image to the size: `stretch` changes its proportions, `crop` cuts
            what is too much at both sides, `pad` adds black there.
        bad_files: Files that cannot be read are an error, or are left out and counted (`skip`).
    """
    from dlrun.data.image_samples import read_image_dataset

    return read_image_dataset(Path(path), size, color, resize, skip=bad_files == "skip")
