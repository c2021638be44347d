"""An image, named by a file: its pixels, one entry each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from inspect import signature
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import ImageForm
from dlrun.column import Holds, RawColumn
from dlrun.columns.filling import missing_error
from dlrun.columns.fitted import Fitted, option_problem
from dlrun.columns.graphs import Lookups, refuse
from dlrun.columns.plain_numpy import PlainNumpy
from dlrun.columns.values import TrainingValues
from dlrun.errors import Problem
from dlrun.shapes.images import CHANNELS_OF, LONGEST_SIDE, sides_of
from dlrun.wording import tally

READS = ("image",)
BYTE: Final = 255
"""The byte that becomes 1.0."""
ENCODE: Final = '''\
def encode_image(column, cells):
    """Pixels of 0 to 1, of arrays of bytes (height, width, channels), which Pillow makes of files.

    So a file becomes one: np.asarray(Image.open(path).convert("RGB").resize((width, height)))
    """
    entries = np.zeros((len(cells), *column["shape"]))
    for row, cell in enumerate(cells):
        if column["black"] and (cell is None or (isinstance(cell, str) and not cell)):
            continue
        pixels = np.asarray(cell)
        if pixels.dtype != np.uint8 or pixels.size != entries[row].size:
            told = f"expected bytes of the shape {column['shape']}"
            raise ValueError(f"{column['name']} of row {row}: {told}, got {cell!r:.80}")
        entries[row] = pixels.reshape(column["shape"]) / np.float32(255)
    return entries'''


@dataclass(frozen=True, kw_only=True)
class Image(Fitted):
    """An image, fitted: how large it is, and how its files are read."""

    kind: Literal["image"] = "image"
    holds: Holds = "image"
    size: tuple[int, int]  # height and width
    color: Literal["rgb", "gray"]
    # What brings images to the size; None where they all have it, and later ones have to.
    resize: Literal["stretch", "crop", "pad"] | None
    folder: str | None = None  # which names are relative to, itself relative to that of the table
    bad_files: Literal["error", "skip"] = "error"  # of the rows that are trained on
    missing: Literal["error", "black"] = "error"
    lacking: int = 0  # how many training rows name no file

    @property
    def sample(self) -> tuple[int, ...]:
        """Height, width, and channels."""
        return (*self.size, CHANNELS_OF[self.color])

    @property
    def entries(self) -> tuple[str, ...]:
        """One for each row, column and channel: `photo[3, 4, 0]`."""
        return _entries(self.name, self.sample)

    @property
    def reread(self) -> Mapping[str, Any]:
        """How files are found, and brought to their size."""
        return {
            "size": self.size, "color": self.color, "resize": self.resize,
            "folder": self.folder, "bad_files": self.bad_files,
        }  # fmt: skip

    def apply(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.float32]:
        """Refuse missing images, or give black ones; others come as pixels, see `shown`."""
        del texts
        return self.shown(values, None)

    def shown(self, values: NDArray[np.float64], pixels: Any) -> NDArray[np.float32]:
        """Give pixels from 0 to 1: `(rows, height * width * channels)`."""
        lacking = np.isnan(values)
        if self.missing == "error" and lacking.any():
            raise missing_error(self.name, int(np.argmax(lacking)), "black")
        width = math.prod(self.sample)
        entries = np.zeros((len(values), width), np.float32)
        there = np.flatnonzero(~lacking)
        if len(there):
            taken = pixels[values[there].astype(np.int64)]  # (rows, height, width, channels)
            entries[there] = taken.reshape(len(there), width)
            entries /= np.float32(BYTE)
        return entries

    def apply_tf(self, values: Any, lookups: Lookups) -> Any:
        """Decode the bytes of PNG, JPEG, BMP or GIF files that have the size already.

        Images of other sizes are refused: TensorFlow does not resize to the bits that Pillow gives.
        """
        from dlrun.backend import tf

        del lookups
        if self.missing == "error":
            refuse(values == "", self.name, "a value is missing")

        def decode(data: Any) -> Any:
            image = tf.io.decode_image(data, self.sample[-1], expand_animations=False)
            return tf.ensure_shape(image, self.sample)

        def black() -> Any:
            return tf.zeros(self.sample, tf.uint8)

        images = tf.map_fn(
            lambda data: tf.cond(data == "", black, lambda: decode(data)),
            values,
            fn_output_signature=tf.uint8,
        )
        flat = tf.reshape(tf.cast(images, tf.float32), [-1, math.prod(self.sample)])
        return flat / BYTE

    def plain_numpy(self) -> PlainNumpy:
        """Scale the pixels of arrays of bytes: what decodes files is no part of NumPy."""
        return PlainNumpy(ENCODE, {"shape": self.sample, "black": self.missing == "black"})

    def undo(self, entries: NDArray[Any]) -> list[str]:
        """Write how large an image is, and how light."""
        height, width = self.size
        return [f"{height} x {width}, on average {row.mean():.3f}" for row in entries]

    def notes(self) -> list[str]:
        """Say what is read, and what was missing."""
        height, width, channels = self.sample
        said = f"{height} x {width}, {'grey' if channels == 1 else 'red, green and blue'}, 0 to 1"
        if self.resize is not None:
            said += f", {_RESIZED[self.resize]}"
        if not self.lacking:
            return [said]
        verb = "is" if self.lacking == 1 else "are"
        return [said, f"{tally(self.lacking, 'missing image')} of the training rows {verb} black"]

    def unknown(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> dict[str, int]:
        """Count missing images."""
        del texts
        lacking = int(np.count_nonzero(np.isnan(values)))
        return {"missing": lacking} if lacking else {}

    def misfit(self) -> str | None:
        """Say what does not fit."""
        if not all(1 <= side <= LONGEST_SIDE for side in self.size):
            return f"size should be two numbers of 1 to {LONGEST_SIDE}"
        return super().misfit()


_RESIZED: Final = {
    "stretch": "stretched to it",
    "crop": "cut to it at the sides",
    "pad": "with black at the sides where they are narrower",
}


@lru_cache(maxsize=8)
def _entries(name: str, sample: tuple[int, int, int]) -> tuple[str, ...]:
    height, width, channels = (range(size) for size in sample)
    return tuple(
        f"{name}[{row}, {column}, {channel}]"
        for row in height for column in width for channel in channels
    )  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """How a config wants the images of a column to be read."""

    form: ImageForm
    size: tuple[int, int] | None  # None: all have the same, which the first one tells
    folder: str | None
    skip: bool  # whether rows of files that cannot be read are left out


def asked(options: Mapping[str, Any]) -> Asked:
    """Read the options of a column, those that are not given by their defaults."""
    defaults = {name: one.default for name, one in signature(fit).parameters.items()}
    told = {**defaults, **options}
    size = sides_of(told["size"])
    resize = None if size is None else told["resize"]
    return Asked(
        ImageForm(told["color"], resize), size, told["folder"], told["bad_files"] == "skip"
    )


def check(column: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what cannot be asked of one, whatever its files are."""
    size = options.get("size")
    try:
        sides_of(size)
    except ValueError as error:
        yield option_problem(column, "size", size, str(error))
    if size is None and options.get("resize", "stretch") not in (None, "stretch"):
        path = f"dataset.columns.{column}.resize"
        what = f"'{options['resize']}' says nothing without the size that images are to have."
        yield Problem(path, what, "Add 'size: [HEIGHT, WIDTH]'.")


def fit(
    *,
    column: RawColumn,
    values: TrainingValues,
    size: int | Sequence[int] | None = None,
    color: Literal["rgb", "gray"] = "rgb",
    resize: Literal["stretch", "crop", "pad"] = "stretch",
    folder: str | None = None,
    missing: Literal["error", "black"] = "error",
    bad_files: Literal["error", "skip"] = "error",
) -> Image:
    """An image, by the name of its file: `(height, width, channels)`, from 0 to 1.

    A layer that names the column gets it in this shape; so does `input`, where there is no other
    column. The files are read as those of the dataset `images`.

    Args:
        column: How it was read.
        values: Its values in the training rows.
        size: `[height, width]`, or one number for both; null: all images have the same size.
        color: `rgb`, or `gray` for one channel.
        resize: What brings an image to the size: `stretch` changes its proportions, `crop` cuts
            what is too much at both sides, `pad` adds black there.
        folder: What the names are relative to, itself relative to the folder of the table: of the
            one that is trained on, and of later ones; null: that folder.
        missing: What an empty name becomes: a black image (`black`), or an error.
        bad_files: Files that cannot be read are an error, or their rows are left out and counted
            (`skip`); in later tables they are an error.
    """
    height, width = column.pixels.shape[1:3]
    return Image(
        name=column.name,
        size=(int(height), int(width)),
        color=color,
        resize=None if size is None else resize,
        folder=folder,
        bad_files=bad_files,
        missing=missing,
        lacking=values.missing,
    )
