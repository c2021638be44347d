"""Drafts configs of images: how large they become, and the layers that see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from dlrun.column import ColumnFacts
from dlrun.data.image_folder import sizes_of_files
from dlrun.reports.folder_drafts import FolderDraft
from dlrun.shapes.images import SUFFIXES

if TYPE_CHECKING:
    from dlrun.data.folder_look import FolderLook

LARGEST: Final = 128
"""The longer side of an image, in pixels, that a first network sees."""
SMALLEST: Final = 12
"""Images are halved as long as their shorter side has so many pixels."""
FILTERS: Final = (16, 32, 64)


def size_in_column(facts: ColumnFacts, home: Path) -> tuple[int, int] | None:
    """Tell how large the images of a column become; None where it does not name any.

    All of its most frequent values are called like images, and some of them are, in `home`.
    """
    names = [text for text, _ in facts.top]
    if not names or not all(name.lower().endswith(SUFFIXES) for name in names):
        return None
    found = sizes_of_files([str(home / name) for name in names])
    return _usual(found)[0] if found else None


def _usual(sizes: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], str]:
    """Choose a size for images of some sizes, and say why: that of most, else the median."""
    (commonest, times), *others = Counter(sizes).most_common()
    heights, widths = zip(*sizes, strict=True)
    if not others:
        size, about = commonest, "that of all images"
    elif 2 * times > len(sizes):
        size, about = commonest, f"that of {times} of {len(sizes)} images looked at"
    else:
        size = (round(median(heights)), round(median(widths)))
        spread = f"{min(heights)} to {max(heights)} high, {min(widths)} to {max(widths)} wide"
        about = f"the median; {len(sizes)} images looked at are {spread}"
    small = smaller(size)
    if small != size:
        about += f"; of {size[0]} x {size[1]} pixels, the longer side {LARGEST}"
    return small, about


def smaller(size: tuple[int, int]) -> tuple[int, int]:
    """Bring height and width to what a first network sees, in their proportion."""
    share = min(1.0, LARGEST / max(size))
    height, width = (max(1, round(share * side)) for side in size)
    return height, width


def layers(size: tuple[int, int], source: str | None, name: str) -> Iterator[tuple[str, str]]:
    """Write the layers that see an image, and why; the last of them is called `name`.

    `source` is what the first one reads; None for what stands above it.
    """
    reads = "" if source is None else f", inputs: [{source}]"
    short = min(size)
    for number, filters in enumerate(FILTERS):
        if number and short < SMALLEST:
            break
        about = "3 x 3 pixels at a time" if not number else ""
        options = f"filters: {filters}, kernel_size: 3, padding: same, activation: relu{reads}"
        yield f"{{type: Conv2D, {options}}}", about
        if short >= SMALLEST:
            yield "{type: MaxPooling2D}", "half as high and wide"
        reads, short = "", short // 2
    yield f"{{type: GlobalAveragePooling2D, name: {name}}}", "one number a filter, wherever it is"


def config(look: FolderLook, name: str, path: Path, output: Path | None) -> Iterator[str]:
    """Write a config for the images of folders."""
    (height, width), about = _usual(look.sizes)
    dataset = (
        (f"  size: [{height}, {width}]", f"height and width: {about}"),
        ("  resize: pad", "with black at two sides where they are narrower"),
    )
    seeing = (
        ("{type: RandomFlip, mode: horizontal}", "seen in training alone"),
        *layers((height, width), None, "seen"),
    )
    draft = FolderDraft("images", "image", dataset, seeing, learning_rate=0.001, patience=8)
    yield from draft.config(look, name, path, output)
