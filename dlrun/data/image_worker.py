"""Decodes image files, in a process of its own: what a stranger's file does, it does to that one.

It reads one request a line from stdin, writes the pixels where `image_decoding` has said, and
answers with a line. It imports nothing of dlrun, so that it is ready in a twentieth of a second.
"""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from typing import Any, BinaryIO, Final

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "AVIF", "JPEG2000")
"""What is decoded; others, such as EPS, would run programs of their own."""
MOST_PIXELS: Final = 2**27
"""More are refused before any of them is decoded: a small file may claim to hold billions."""

READ_AT_ONCE: Final = 2**24
WRITTEN_AT_ONCE: Final = 2**20  # bytes

HIGH_BYTES: Final = {"I;16": 1, "I;16L": 1, "I;16B": 0, "I;16N": int(sys.byteorder == "little")}
"""In which place of the two bytes of a pixel of 16 bits the higher one stands, by Pillow's mode."""
UPRIGHT: Final = ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif")
"""Where a file may say which side is up, as Pillow calls it."""
UNIDENTIFIED: Final = (
    "this is no image, or one of a kind that is not read, or its beginning is damaged"
)


class UnreadableError(Exception):
    """A file is no image that can be read; the text says why."""


class OtherSizeError(Exception):
    """An image has another size than the others, and nobody said how to make them alike."""


def read(path: str, asked: dict[str, Any]) -> Image.Image:
    """Read an image upright, in 8 bits, `L` or `RGB`; of an animation the first picture.

    What can be seen through is laid on white.
    """
    try:
        with _opened(path) as file, Image.open(file, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                what = f"it says that it holds {width:,} x {height:,} pixels"
                raise UnreadableError(f"{what}; at most {MOST_PIXELS:,} are read")
            image.load()
            return _plain(_upright(image), asked["color"])
    except UnidentifiedImageError:
        raise UnreadableError(UNIDENTIFIED) from None
    except MemoryError:
        raise UnreadableError("there is not enough memory to decode it") from None
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None
    except (ValueError, SyntaxError, TypeError, IndexError, KeyError, OverflowError, EOFError,
            AttributeError, ZeroDivisionError, ArithmeticError) as error:  # fmt: skip
        # Whatever Pillow's decoders stumble over in a broken file.
        raise UnreadableError(f"it is damaged: {error}") from None


def _opened(path: str) -> BinaryIO:
    """Open a file, or read it where it is small, which is faster; never wait for a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise UnreadableError("this is no file")
        if not facts.st_size:
            raise UnreadableError("the file is empty")
        if facts.st_size > READ_AT_ONCE:
            return open(path, "rb")  # noqa: PTH123 - a `Path` takes longer than the rest
        return io.BytesIO(file.read())


def _upright(image: Image.Image) -> Image.Image:
    if image.format in ("JPEG", "MPO", "TIFF", "WEBP", "AVIF") or any(
        key in image.info for key in UPRIGHT
    ):
        return ImageOps.exif_transpose(image)
    return image


def _plain(image: Image.Image, color: str) -> Image.Image:
    mode = "L" if color == "gray" else "RGB"
    if image.mode in HIGH_BYTES:
        content = image.tobytes()[HIGH_BYTES[image.mode] :: 2]
        image = Image.frombytes("L", image.size, content)
    elif image.mode == "I" and image.format in ("PPM", "PNG"):  # these are of 16 bits, too
        image = image.point(lambda value: value / 256).convert("L")
    elif image.mode in ("I", "F"):
        raise UnreadableError(
            "its pixels are numbers of 32 bits, of which nobody knows what is white"
        )
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image if image.mode == mode else image.convert(mode)


def fit(image: Image.Image, asked: dict[str, Any]) -> Image.Image:
    """Bring an image to the size that is asked for; one that has it keeps its pixels."""
    height, width = asked["size"]
    if image.size == (width, height):
        return image
    how = asked["resize"]
    if how is None:
        raise OtherSizeError(f"it has {image.height} x {image.width} pixels")
    if how == "stretch":
        return image.resize((width, height), Image.Resampling.BILINEAR)
    if how == "crop":
        return ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
    scale = min(width / image.width, height / image.height)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    canvas = Image.new(image.mode, (width, height), 0)
    place = ((width - inner[0]) // 2, (height - inner[1]) // 2)
    canvas.paste(image.resize(inner, Image.Resampling.BILINEAR), place)
    return canvas


def work(asked: dict[str, Any], pixels: int) -> dict[str, Any]:
    """Decode some files into the rows from `row` on of the file of pixels.

    A request without a size asks for that of a single file.
    """
    bad: list[tuple[int, str, bool]] = []  # row, why, and whether it is only of another size
    begin, rows = asked["row"], bytearray()
    for row, path in enumerate(asked["files"], start=begin):
        try:
            image = read(path, asked)
            if asked["size"] is None:
                return {"bad": [], "size": [image.height, image.width]}
            rows += fit(image, asked).tobytes()
        except (UnreadableError, OtherSizeError) as error:
            bad.append((row, str(error), isinstance(error, OtherSizeError)))
            rows += bytes(asked["bytes"])
        if len(rows) >= WRITTEN_AT_ONCE or row == begin + len(asked["files"]) - 1:
            try:
                os.pwrite(pixels, rows, (row + 1) * asked["bytes"] - len(rows))
            except OSError as error:
                return {"full": error.strerror}
            rows.clear()
    return {"bad": bad}


def main() -> None:
    """Work until nobody asks any more."""
    Image.MAX_IMAGE_PIXELS = None  # `MOST_PIXELS` is looked at before anything is decoded
    pixels = int(sys.argv[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin.buffer:
        answer = json.dumps(work(json.loads(line), pixels))
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
