"""What is in a folder of images or of texts, as `dlrun data` says it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from dlrun.reports.profile import FEW, RARE
from dlrun.rundir.names import TRAIN
from dlrun.wording import list_some, printable, quote, tally

if TYPE_CHECKING:
    from dlrun.data.folder_look import FolderLook

MOST_TOLD: Final = 5  # files in a line
MODES: Final = {
    "L": "gray", "1": "black and white", "RGB": "RGB", "RGBA": "RGB with transparency",
    "LA": "gray with transparency", "P": "palette", "CMYK": "CMYK", "I;16": "gray of 16 bits",
}  # fmt: skip


def unread(look: FolderLook) -> list[str]:
    """Name the files that cannot be read, in a line; nothing where there are none."""
    if not look.bad:
        return []
    told = list_some([f"{printable(file)} ({why})" for file, why in look.bad.items()], MOST_TOLD)
    them = "it" if len(look.bad) == 1 else "them"
    what = f"{tally(len(look.bad), 'file')} cannot be read, and `bad_files: skip` leaves {them} out"
    return [f"{what}: {told}"]


@dataclass(frozen=True)
class FolderProfile:
    """A folder as a whole."""

    source: str
    look: FolderLook

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many files each class has, by split; those that cannot be read among them."""
        found = self.look.found
        counted = {split: Counter(labels) for split, labels in found.labels.items()}
        return {
            name: {split: counted[split][number] for split in counted}
            for number, name in enumerate(found.classes)
        }

    def facts(self) -> list[str]:
        """Say what the files are like, in lines."""
        look, told = self.look, []
        if look.sizes:
            heights, widths = zip(*look.sizes, strict=True)
            (height, width), *others = Counter(look.sizes)
            sizes = f"height {_range(heights)}, width {_range(widths)}, in pixels"
            told.append(f"size: {sizes if others else f'all have {height} x {width} pixels'}")
            modes = [f"{MODES.get(mode, mode)} {count:,}" for mode, count in look.modes]
            told.append(f"colors: {', '.join(modes)}")
        if look.words:
            told.append(f"words: {_range(look.words)}")
        if len(look.looked) < len(look.files):
            told.append(f"These are told by {len(look.looked):,} files, evenly spread.")
        if not look.is_whole:
            said = "Only their headers were read" if look.sizes else "They were not read"
            told.append(f"{said}: the files are large.")
        return told

    def warnings(self) -> list[str]:
        """Say what should be known before a network is trained on it."""
        look = self.look
        told = [one.removeprefix("warning: ") for one in look.found.notes] + unread(look)
        return [*told, *self._of_classes(), *self._of_copies()]

    def _of_classes(self) -> Iterator[str]:
        number = Counter(self.look.readable.labels[TRAIN])
        names = self.look.found.classes
        if len(names) == 1:
            yield f"there is a single class, {quote(names[0])}: nothing can be learned"
            return
        rare = [f"{quote(name)} with {tally(number[place], 'file')}"
                for place, name in enumerate(names)
                if number[place] < FEW or number[place] < RARE * number.total()]  # fmt: skip
        if rare:
            yield f"classes that are rare in training: {list_some(rare, MOST_TOLD)}"

    def _of_copies(self) -> Iterator[str]:
        if not self.look.copies:
            return
        of_file = {
            file: (split, self.look.found.labels[split][place])
            for split, files in self.look.found.files.items()
            for place, file in enumerate(files)
        }
        apart = [pair for pair in self.look.copies
                 if of_file[pair[0]][1] != of_file[pair[1]][1]]  # fmt: skip
        pairs = [f"{printable(file)} of {printable(other)}" for file, other in self.look.copies]
        are = "is an exact copy" if len(pairs) == 1 else "are exact copies"
        yield (
            f"{tally(len(pairs), 'file')} {are} of an earlier one: copies in training and test "
            f"rows make a score too good: {list_some(pairs, MOST_TOLD)}"
        )
        if apart:
            names = [f"{printable(file)} and {printable(other)}" for file, other in apart]
            yield f"the same file stands in two classes: {list_some(names, MOST_TOLD)}"


def _range(numbers: Sequence[int]) -> str:
    if min(numbers) == max(numbers):
        return f"{numbers[0]:,}"
    return f"{min(numbers):,} to {max(numbers):,} (median {median(numbers):,.6g})"


def as_json(profile: FolderProfile) -> dict[str, Any]:
    """Give a profile of a folder as JSON has it."""
    look = profile.look
    heights, widths = zip(*look.sizes, strict=True) if look.sizes else ((), ())
    ranges = {"height": heights, "width": widths, "words": look.words}
    return {
        "source": profile.source,
        "kind": f"{look.kind}s",
        "files": len(look.files),
        "looked_at": len(look.looked),
        "read_whole": look.is_whole,
        "classes": profile.counts,
        **{name: [min(some), median(some), max(some)] for name, some in ranges.items() if some},
        "modes": dict(look.modes),
        "unreadable": dict(look.bad),
        "copies": [list(pair) for pair in look.copies],
        "warnings": profile.warnings(),
    }
