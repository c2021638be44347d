"""Image files for tests: whole ones, odd ones, and broken ones."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zlib
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 12
CORNERS = np.zeros((SIDE, SIDE, 3), np.uint8)
CORNERS[: SIDE // 2, : SIDE // 2] = (250, 20, 30)  # red, where up and left is
CORNERS[: SIDE // 2, SIDE // 2 :] = (20, 240, 40)  # green, where up and right is
CORNERS[SIDE // 2 :, : SIDE // 2] = (30, 40, 250)  # blue, where down and left is
CORNERS[SIDE // 2 :, SIDE // 2 :] = (250, 240, 20)
"""An image of four colours that tells which side is up, (height, width, 3)."""
# What turns an upright image so that EXIF's orientation turns it back.
TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: np.rot90(a, -1),
}


def encoded(image, form, **options):
    """The bytes of a file."""
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def draw(path, array, **options):
    """Write an image, (height, width) or (height, width, channels), and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(array)).save(path, **options)


def draw_digits(folder, most=None, **options):
    """Write the shipped digits as PNGs, pixels of 0 to 16 as 0 to 240; gives array and labels."""
    packed = files("dlrun.datasets").joinpath("digits.csv.gz").read_bytes()
    lines = gzip.decompress(packed).decode("ascii").splitlines()[:most]
    table = np.loadtxt(lines, delimiter=",", dtype=np.uint8)
    images, labels = table[:, :-1].reshape(-1, 8, 8) * 15, table[:, -1]
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        draw(Path(folder, str(label), f"{number:04}.png"), image, **options)
    return images, labels


def turned(orientation, form):
    """A file whose rows are not what is up, and that says so in its EXIF."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.ascontiguousarray(TURNS[orientation](CORNERS)))
    options = {"quality": 95, "subsampling": 0} if form == "JPEG" else {}
    options |= {"lossless": True} if form == "WEBP" else {}
    return encoded(image, form, exif=exif, **options)


def huge_png(width, height, *, rows=0):
    """A PNG of a few bytes that says that it is large; of a bomb, the rows are there as well."""

    def chunk(name, content):
        crc = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = zlib.compress(bytes((width + 1) * rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", head), chunk(b"IDAT", content), chunk(b"IEND", b"")]
    )


def odd_modes():
    """Files of unusual kinds that show `CORNERS`, by name, and how far a pixel may be off."""
    image = Image.fromarray(CORNERS)
    clear = Image.fromarray(np.dstack([CORNERS, np.full((SIDE, SIDE), 255, np.uint8)]))
    other = image.transpose(Image.Transpose.ROTATE_90)
    fine = {"quality": 98, "subsampling": 0}
    return {
        "palette.png": (encoded(image.quantize(8), "PNG"), 0),
        "alpha.png": (encoded(clear, "PNG"), 0),
        "rgb.bmp": (encoded(image, "BMP"), 0),
        "rgb.ppm": (encoded(image, "PPM"), 0),
        "rgb.tiff": (encoded(image, "TIFF"), 0),
        "packed.tif": (encoded(image, "TIFF", compression="tiff_deflate"), 0),
        "lossless.webp": (encoded(image, "WEBP", lossless=True), 0),
        "photo.jpg": (encoded(image, "JPEG", **fine), 12),
        "progressive.jpeg": (encoded(image, "JPEG", progressive=True, **fine), 12),
        "printed.jpg": (encoded(image.convert("CMYK"), "JPEG", **fine), 12),
        "printed.tif": (encoded(image.convert("CMYK"), "TIFF"), 0),
        "animated.gif": (
            encoded(image, "GIF", save_all=True, append_images=[other], duration=50, loop=0), 0),
        "animated.png": (encoded(image, "PNG", save_all=True, append_images=[other]), 0),
        "animated.webp": (
            encoded(image, "WEBP", save_all=True, append_images=[other], lossless=True), 0),
        "is_a_png.jpg": (encoded(image, "PNG"), 0),
        "without_a_suffix": (encoded(image, "PNG"), 0),
    }  # fmt: skip


def grey_modes():
    """Files of grey pixels of other kinds, by name: their bytes, and what an 8-bit one shows."""
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    sixteen = ramp.astype(np.uint16) * 256 + 77
    half = np.dstack([ramp, np.full_like(ramp, 128)])  # on white: (grey + 255) / 2
    checks = (np.indices((16, 16)).sum(axis=0) % 2 * 255).astype(np.uint8)
    binary = Image.fromarray(checks).convert("1")
    glass = Image.fromarray(checks).convert("P")
    pgm = b"P5 16 16 65535\n" + sixteen.astype(">u2").tobytes()
    return {
        "sixteen.png": (encoded(Image.fromarray(sixteen), "PNG"), ramp),
        "sixteen.tif": (encoded(Image.fromarray(sixteen), "TIFF"), ramp),
        "sixteen.pgm": (pgm, ramp),
        "half.png": (encoded(Image.fromarray(half), "PNG"), (ramp.astype(int) + 256) // 2),
        "binary.png": (encoded(binary, "PNG"), checks),
        "binary.tif": (encoded(binary, "TIFF", compression="group4"), checks),
        "glass.gif": (encoded(glass, "GIF", transparency=0), np.full((16, 16), 255)),
    }


def broken():
    """Files that are no images, or not whole, by name, with a part of what is said of them."""
    png = encoded(Image.fromarray(CORNERS), "PNG")
    jpeg = encoded(Image.fromarray(CORNERS), "JPEG")
    return {
        "empty.png": (b"", "the file is empty"),
        "zeros.png": (bytes(500), "this is no image"),
        "notes.txt": (b"which cats are whose\n", "this is no image"),
        "page.jpg": (b"<!doctype html><p>not found", "this is no image"),
        "cut.png": (png[: len(png) // 2], "truncated"),
        "head.png": (png[:20], ""),
        "cut.jpg": (jpeg[:-40], "truncated"),
        "huge.png": (huge_png(10**5, 10**5), "100,000 x 100,000 pixels"),
        "bomb.png": (huge_png(40_000, 40_000, rows=50), "40,000 x 40,000 pixels"),
        "long.png": (huge_png(2**31 - 1, 1), "pixels"),
        "wide.bmp": (
            b"BM" + bytes(12) + struct.pack("<IiiHHIIiiII", 40, 10**6, 10**6, 1, 24, *[0] * 6),
            "1,000,000 x 1,000,000 pixels",
        ),
        "script.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "this is no image"),
        "floats.tif": (encoded(Image.new("F", (9, 9), 0.5), "TIFF"), "32 bits"),
    }


def two_hundred():
    """Two hundred odd and broken files.

    Returns:
        Their bytes by name; how far a pixel of those that show `CORNERS` may be off; and a part of
        what is said of those that are no images. Of the others a few bytes are damaged.
    """
    oriented = {
        f"{form}{side}": turned(side, form) for form in ("JPEG", "PNG", "TIFF", "WEBP")
        for side in TURNS
    }  # fmt: skip
    odd, bad = odd_modes(), broken()
    contents = {**oriented, **{name: content for name, (content, _) in {**odd, **bad}.items()}}
    shown = {name: 20 if name.startswith("JPEG") else 0 for name in oriented}
    shown |= {name: tolerance for name, (_, tolerance) in odd.items()}
    chance = random.Random(5)  # noqa: S311
    whole = [contents[name] for name in ("palette.png", "photo.jpg", "animated.gif", "rgb.tiff",
                                         "lossless.webp", "rgb.bmp")]  # fmt: skip
    while len(contents) < 200:
        content = bytearray(chance.choice(whole))
        for _ in range(chance.choice([1, 3, 20])):
            content[chance.randrange(len(content))] = chance.randrange(256)
        content = content[: chance.choice([len(content), chance.randrange(1, len(content))])]
        contents[f"damaged_{len(contents)}"] = bytes(content)
    return contents, shown, {name: said for name, (_, said) in bad.items()}
