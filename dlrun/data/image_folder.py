"""Finds the images of a folder, and tells their size."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from dlrun.data.class_folders import (
    ClassFolders,
    Sort,
    any_file,
    find_files,
    folders_in,
    split_folders,
)
from dlrun.data.generators import argument_error
from dlrun.rundir.names import TRAIN
from dlrun.shapes import images as shapes
from dlrun.shapes.images import SUFFIXES

IMAGES: Final = Sort("image", SUFFIXES)
MOST_SIZES: Final = 100
ORIENTATION: Final = 0x0112
LYING: Final = (5, 6, 7, 8)
"""What EXIF's orientation is where rows and columns are to change places."""


def find_images(path: Path) -> ClassFolders:
    """List the images of `path/CLASS/` or `path/SPLIT/CLASS/`; none is opened."""
    return find_files(path, IMAGES)


def size_of_one(path: Path) -> tuple[int, int] | None:
    """Tell height and width of some image that is to be trained on, by its header alone.

    None where that is not told.
    """
    home = split_folders(path)[TRAIN]
    file = next(filter(None, (any_file(home / name) for name in folders_in(home))), None)
    return None if file is None else size_of_file(Path(file))


def sizes_of_files(files: Sequence[str]) -> list[tuple[int, int]]:
    """Tell height and width of images, a hundred at most, evenly spread; what is none is left out.

    By their headers alone, see `size_of_file`.
    """
    chosen = files[:: math.ceil(len(files) / MOST_SIZES)] if files else ()
    return [size for file in chosen if (size := size_of_file(Path(file))) is not None]


def size_of_file(file: Path) -> tuple[int, int] | None:
    """Tell height and width of an image, upright, by its header alone; None where it is none."""
    header = header_of_file(file)
    return None if header is None else header[:2]


def header_of_file(file: Path) -> tuple[int, int, str] | None:
    """Tell height, width and mode of an image, such as `RGB`, as `size_of_file` does."""
    from PIL import Image  # noqa: PLC0415  who says a size does not pay for it

    odd = (OSError, ValueError, SyntaxError, Image.DecompressionBombError, KeyError, TypeError)
    with suppress(*odd), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if file.is_file():
            with Image.open(file) as image:
                width, height = image.size
                if image.getexif().get(ORIENTATION, 1) in LYING:
                    height, width = width, height
                return height, width, image.mode
    return None


def sides_of(size: int | Sequence[int] | None) -> tuple[int, int] | None:
    """Read height and width, or one number for both; None where the images are to tell."""
    try:
        return shapes.sides_of(size)
    except ValueError as error:
        raise argument_error("size", size, str(error)) from error
