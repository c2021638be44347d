"""Drafts configs of images: how large they become, and the layers that see them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dlrun.column import ColumnFacts
from dlrun.data.class_folders import ClassFolders
from dlrun.data.image_folder import size_of_file
from dlrun.reports.config_lines import TEST_SHARE, VALIDATION_SHARE, commented, scalar, stopping
from dlrun.rundir.names import TEST, TRAIN, VALIDATION
from dlrun.shapes.images import SUFFIXES
from dlrun.wording import printable, tally

LARGEST: Final = 128
"""The longer side of an image, in pixels, that a first network sees."""
SMALLEST: Final = 12
"""Images are halved as long as their shorter side has so many pixels."""
FILTERS: Final = (16, 32, 64)


def size_in_column(facts: ColumnFacts, home: Path) -> tuple[int, int] | None:
    """Tell how large the images of a column become; None where it does not name any.

    All of its most frequent values are called like images, and the first one is one, in `home`.
    """
    names = [text for text, _ in facts.top]
    if not names or not all(name.lower().endswith(SUFFIXES) for name in names):
        return None
    found = size_of_file(home / names[0])
    return None if found is None else smaller(found)


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


_FOR: Final = {TRAIN: "train on", VALIDATION: "watch", TEST: "test on"}


def config(
    found: ClassFolders, one: tuple[int, int] | None, name: str, path: Path, output: Path | None
) -> Iterator[str]:
    """Write a config for the images of folders; `one` of them is so large."""
    classes = tally(len(found.classes), "class", "classes")
    images = tally(sum(map(len, found.files.values())), "image")
    height, width = smaller(one or (LARGEST, LARGEST))
    yield f"# {printable(path.name or name)}: {classes} of {images}."
    yield "#"
    yield "# Written by `dlrun init --data`; what stands after a # says why."
    yield f"# Train:     dlrun train {output or f'{name}.yaml'}"
    yield ""
    yield f"name: {scalar(name)}"
    yield commented("seed: 0", "same seed, same bits; try others with --seed 1")
    yield ""
    yield "dataset:"
    yield "  type: images"
    counts = ", ".join(f"{len(files):,} to {_FOR[split]}" for split, files in found.files.items())
    yield commented(f"  path: {scalar(str(path))}", counts)
    yield commented(f"  size: [{height}, {width}]", "height and width of all of them")
    yield commented("  resize: pad", "with black at two sides where they are narrower")
    if TEST not in found.files:
        yield commented(f"  test_split: {TEST_SHARE}", "looked at once, at the end")
    if VALIDATION not in found.files:
        yield commented(f"  validation_split: {VALIDATION_SHARE}", "watched during training")
    yield ""
    yield "model:"
    yield "  layers:"
    yield commented("    - {type: RandomFlip, mode: horizontal}", "seen in training alone")
    for line, about in layers((height, width), None, "seen"):
        yield commented(f"    - {line}", about)
    yield commented("    - {type: Dropout, rate: 0.2}", "only while training")
    last = f"    - {{type: Dense, units: {len(found.classes)}, activation: softmax}}"
    yield commented(last, "one probability per class")
    yield ""
    yield "loss: sparse_categorical_crossentropy"
    yield "optimizer: {type: Adam, learning_rate: 0.001}"
    yield "metrics: [accuracy]"
    yield ""
    yield "training:"
    yield commented("  epochs: 60", "at most")
    yield "  batch_size: 32"
    yield from stopping(8)
