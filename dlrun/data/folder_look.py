"""Looks at the files of a folder, one for each class: sizes, modes, copies, what cannot be read."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from dlrun.arrays import ImageForm
from dlrun.data.class_folders import ClassFolders, folders_in
from dlrun.data.files import open_error
from dlrun.data.image_decoding import Decoder
from dlrun.data.image_folder import MOST_SIZES, find_images, header_of_file
from dlrun.data.text_folder import find_texts, holds_texts, read_texts
from dlrun.errors import DataError
from dlrun.rundir.names import SPLITS, TRAIN
from dlrun.wording import list_some, tally

MOST_FILES: Final = 5_000
"""Of more files so many are looked at, evenly spread."""
MOST_BYTES: Final = 2**26
"""Files of more bytes, 64 MB together, are not read whole: of a hundred images headers are."""


@dataclass(frozen=True)
class FolderLook:
    """What is in a folder."""

    kind: Literal["image", "text"]
    found: ClassFolders
    looked: tuple[str, ...]  # the files that were looked at
    bad: Mapping[str, str]  # files that cannot be read, with the reason
    sizes: tuple[tuple[int, int], ...] = ()  # of images: heights and widths
    modes: tuple[tuple[str, int], ...] = ()  # of images, as Pillow calls them, most frequent first
    words: tuple[int, ...] = ()  # of texts
    copies: tuple[tuple[str, str], ...] = ()  # files with the bytes of an earlier one, and that one
    is_whole: bool = True  # whether files were read whole, and copies looked for

    @property
    def files(self) -> tuple[str, ...]:
        """All files, by split and class."""
        return files_of(self.found)

    @property
    def readable(self) -> ClassFolders:
        """The files without those that cannot be read."""
        kept = {
            split: [place for place, file in enumerate(files) if file not in self.bad]
            for split, files in self.found.files.items()
        }
        files, labels = self.found.files, self.found.labels
        return replace(
            self.found,
            files={split: tuple(files[split][one] for one in kept[split]) for split in files},
            labels={split: tuple(labels[split][one] for one in kept[split]) for split in labels},
        )


def files_of(found: ClassFolders) -> tuple[str, ...]:
    """List the files of all splits."""
    return tuple(file for split in SPLITS for file in found.files.get(split, ()))


def look_at_folder(home: Path) -> FolderLook:
    """Look at a folder of images or of texts, a folder for each class.

    Raises:
        DataError: It is no such folder, or none of its files is an image or a text.
    """
    error = open_error(home, IsADirectoryError())
    if error.fix and not folders_in(home):
        raise error  # it says how the tables there are named
    if holds_texts(home):
        return _look_at_texts(find_texts(home))
    look = _look_at_images(find_images(home))
    if look.sizes:
        return look
    files = look.found.files[TRAIN]
    endings = Counter(Path(file).suffix.lower() for file in files)
    shown = [f"{number} {ending or 'without ending'}" for ending, number in endings.most_common()]
    raise DataError(
        f"no image and no text (.txt) was found among its {tally(len(files), 'file')}: "
        f"{list_some(shown, 5)}.",
        where=str(home),
        fix="Give a folder with a folder of images, or of texts, for each class; or one table.",
    )


def _spread(files: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """Choose the files to look at, and say whether they are to be read whole."""
    chosen = _some_of(files, MOST_FILES)
    if sum(map(_bytes_of, chosen)) <= MOST_BYTES:
        return chosen, True
    return _some_of(files, MOST_SIZES), False


def _some_of(files: Sequence[str], most: int) -> tuple[str, ...]:
    return tuple(files[:: math.ceil(len(files) / most) or 1])


def _bytes_of(file: str) -> int:
    with suppress(OSError):
        return os.stat(file).st_size  # noqa: PTH116 - a `Path` takes longer than the rest
    return 0


def _look_at_images(found: ClassFolders) -> FolderLook:
    looked, is_whole = _spread(files_of(found))
    headers = {file: header_of_file(Path(file)) for file in looked}
    known = [header for header in headers.values() if header is not None]
    modes = Counter(mode for *_, mode in known)
    if is_whole and known:
        with Decoder(ImageForm("gray", "stretch"), files=len(looked), on_disk=False) as decoder:
            bad = {looked[place]: why for place, why in decoder.decode(looked, (1, 1)).items()}
    else:
        bad = {file: "this is no image" for file, header in headers.items() if header is None}
    return FolderLook(
        "image", found, looked, bad,
        sizes=tuple((height, width) for height, width, _ in known),
        modes=tuple(modes.most_common()),
        copies=_copies(looked) if is_whole else (),
        is_whole=is_whole,
    )  # fmt: skip


def _look_at_texts(found: ClassFolders) -> FolderLook:
    looked, is_whole = _spread(files_of(found))
    if not is_whole:
        return FolderLook("text", found, looked, {}, is_whole=False)
    texts, bad = read_texts([*looked], None)
    return FolderLook(
        "text", found, looked, {looked[place]: why.rstrip(".") for place, why in bad.items()},
        words=tuple(len(text.split()) for text in texts.values()),
        copies=_copies(looked),
    )  # fmt: skip


def _copies(files: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Find the files that have the bytes of an earlier one; only those of one size are read."""
    by_size: dict[int, list[str]] = {}
    for file in files:
        by_size.setdefault(_bytes_of(file), []).append(file)
    first: dict[bytes, str] = {}
    found = {}
    for size, alike in by_size.items():
        for file in alike if size and len(alike) > 1 else ():
            with suppress(OSError):
                earlier = first.setdefault(sha256(Path(file).read_bytes()).digest(), file)
                if earlier != file:
                    found[file] = earlier
    return tuple((file, found[file]) for file in files if file in found)
