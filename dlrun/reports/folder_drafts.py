"""Drafts a config for folders of files, one for each class, whatever they hold; and of texts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dlrun.columns.word_numbers import LONGEST
from dlrun.data.class_folders import ClassFolders
from dlrun.reports.config_lines import (
    LEAST,
    TEST_SHARE,
    VALIDATION_SHARE,
    commented,
    scalar,
    stopping,
)
from dlrun.rundir.names import TEST, TRAIN, VALIDATION
from dlrun.wording import list_some, printable, quote, tally

if TYPE_CHECKING:
    from dlrun.data.folder_look import FolderLook

BATCH: Final = 32
EPOCHS: Final = 60
STEPS: Final = 1000
"""So many steps at least are allowed for: a network of images has learned little before."""
MOST_PATIENCE: Final = 60
"""Epochs: where each is a step, val_loss has turned for good after so many."""
MOST_NAMED: Final = 3  # files in a comment
_FOR: Final = {TRAIN: "train on", VALIDATION: "watch", TEST: "test on"}


@dataclass(frozen=True)
class FolderDraft:
    """What a config says of files of one sort; lines stand beside why they are there."""

    type: str  # of the dataset
    one: str  # what a file is called
    dataset: tuple[tuple[str, str], ...]  # lines of the dataset
    layers: tuple[tuple[str, str], ...]  # that see a file, and give an array of one axis
    learning_rate: float
    patience: int  # epochs without an improvement

    def config(self, look: FolderLook, name: str, path: Path, output: Path | None) -> Iterator[str]:
        """Write the whole config, for `dlrun train` as it is."""
        found = look.readable
        classes = tally(len(found.classes), "class", "classes")
        files = tally(sum(map(len, found.files.values())), self.one)
        yield f"# {printable(path.name or name)}: {classes} of {files}."
        yield "#"
        yield "# Written by `dlrun init --data`; what stands after a # says why."
        yield f"# Train:     dlrun train {output or f'{name}.yaml'}"
        yield ""
        yield f"name: {scalar(name)}"
        yield commented("seed: 0", "same seed, same bits; try others with --seed 1")
        yield ""
        yield from self._dataset(look, path)
        yield ""
        yield "model:"
        yield "  layers:"
        for line, about in self.layers:
            yield commented(f"    - {line}", about)
        yield commented("    - {type: Dropout, rate: 0.2}", "only while training")
        last = f"    - {{type: Dense, units: {len(found.classes)}, activation: softmax}}"
        yield commented(last, "one probability per class")
        yield ""
        yield "loss: sparse_categorical_crossentropy"
        yield f"optimizer: {{type: Adam, learning_rate: {self.learning_rate}}}"
        yield "metrics: [accuracy]"
        yield ""
        yield from self._training(found)

    def _training(self, found: ClassFolders) -> Iterator[str]:
        """Write how long it is trained: of few files an epoch is a step or two."""
        rows = len(found.files[TRAIN])
        for split, share in ((TEST, TEST_SHARE), (VALIDATION, VALIDATION_SHARE)):
            rows = rows if split in found.files else round(rows * (1 - share))
        steps = max(1, math.ceil(rows / BATCH))
        epochs, patience = EPOCHS, self.patience
        about = "at most"
        if steps * epochs < STEPS:
            epochs = math.ceil(STEPS / steps)
            patience = min(MOST_PATIENCE, math.ceil(patience * epochs / EPOCHS))
            about = f"at most; {tally(steps, 'step')} each, for {tally(rows, 'file')} to train on"
        yield "training:"
        yield commented(f"  epochs: {epochs}", about)
        yield f"  batch_size: {BATCH}"
        yield from stopping(patience, LEAST)

    def _dataset(self, look: FolderLook, path: Path) -> Iterator[str]:
        found = look.readable
        counts = [f"{len(files):,} to {_FOR[split]}" for split, files in found.files.items()]
        if found.files.keys() == {TRAIN}:  # of which splits take their shares
            counts = [tally(len(found.files[TRAIN]), "file")]
        yield "dataset:"
        yield f"  type: {self.type}"
        yield commented(f"  path: {scalar(str(path))}", ", ".join(counts))
        for line, about in self.dataset:
            yield commented(line, about)
        if look.bad:
            names = list_some([Path(file).name for file in look.bad], MOST_NAMED, quote)
            yield commented("  bad_files: skip", f"cannot be read, and left out: {names}")
        if TEST not in found.files:
            yield commented(f"  test_split: {TEST_SHARE}", "looked at once, at the end")
        if VALIDATION not in found.files:
            about = "watched during training"
            about = f"of the rest; {about}" if TEST not in found.files else about
            yield commented(f"  validation_split: {VALIDATION_SHARE}", about)


_TEXTS: Final = (
    ("  columns:", f"of a text {LONGEST} words are read, if it has so many"),
    ("    text: {type: text, missing: empty}", "an empty file has no words"),
)
MANY: Final = 20_000
"""Of so many texts on a network can learn more of each word."""


def _reading(texts: int) -> Iterator[tuple[str, str]]:
    """Write the layers that read the words of so many texts, and why."""
    numbers = 16 if texts < MANY else 64
    about = f"{numbers} numbers a word, none for padding"
    yield f"{{type: Embedding, output_dim: {numbers}, mask_zero: true}}", about
    yield "GlobalAveragePooling1D", "their mean, whatever the order of the words"


def of_texts(look: FolderLook, name: str, path: Path, output: Path | None) -> Iterator[str]:
    """Write a config for the texts of folders: a mean of embeddings, which is hard to beat."""
    layers = tuple(_reading(len(look.readable.files[TRAIN])))
    draft = FolderDraft("texts", "text", _TEXTS, layers, learning_rate=0.01, patience=3)
    yield from draft.config(look, name, path, output)
