"""`notes.json`: labels and a note that a user gives to a run after it was started."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dlrun.absent import ABSENT, Absent
from dlrun.errors import RunFolderError, UsageError
from dlrun.rundir.files import read_json, write_json
from dlrun.rundir.lock import in_turn
from dlrun.rundir.names import NOTES

MAX_LABEL = 60  # characters
MAX_NOTE = 10_000  # characters
_MAX_LABELS = 100
_MAX_BYTES = 2**18


@dataclass(frozen=True)
class Notes:
    """What a user says of a run: words to find it by, in their order, and a text."""

    labels: tuple[str, ...] = ()
    note: str | None = None


NOTHING = Notes()


def read_notes(folder: Path) -> Notes:
    """Read what was said of a run."""
    path = folder / NOTES
    if not os.path.lexists(path):
        return NOTHING
    content = read_json(path, _MAX_BYTES)
    labels, note = content.get("labels", []), content.get("note")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise RunFolderError("its labels are no list of texts: damaged.", where=str(path))
    if note is not None and not isinstance(note, str):
        raise RunFolderError("its note is no text: damaged.", where=str(path))
    return Notes(tuple(dict.fromkeys(labels)), note or None)


def add_labels(folder: Path, labels: Sequence[str]) -> Notes:
    """Give labels to a run, which keeps those that it has; return what is now said of it.

    A label has 1 to 60 characters without blanks around it, none of them a comma or a control
    character.
    """
    added = [_checked(label) for label in labels]
    with in_turn(folder):
        notes = read_notes(folder)
        together = tuple(dict.fromkeys([*notes.labels, *added]))
        if len(together) > _MAX_LABELS:
            raise UsageError(f"a run can have {_MAX_LABELS} labels, this would be the next one.")
        return _write(folder, replace(notes, labels=together))


def remove_labels(folder: Path, labels: Sequence[str]) -> Notes:
    """Take labels from a run, which must have them; return what is now said of it."""
    with in_turn(folder):
        notes = read_notes(folder)
        gone = {label if label in notes.labels else label.strip() for label in labels}
        for label in gone:
            if label not in notes.labels:
                has = ", ".join(f"'{one}'" for one in notes.labels) or "none"
                what = f"the run has no label '{label}'; its labels: {has}."
                raise UsageError(what, where=str(folder))
        kept = tuple(label for label in notes.labels if label not in gone)
        return _write(folder, replace(notes, labels=kept))


def set_note(folder: Path, note: str | None, *, instead_of: str | Absent | None = ABSENT) -> Notes:
    """Write down a note of up to 10,000 characters in the place of another; None for none.

    With `instead_of` it takes the place of that note alone: what somebody else has written
    meanwhile stays.
    """
    text = (note or "").strip()
    if len(text) > MAX_NOTE:
        raise UsageError(f"the note has {len(text):,} characters, at most {MAX_NOTE:,} fit.")
    with in_turn(folder):
        notes = read_notes(folder)
        if instead_of is not ABSENT and (notes.note or "") != (instead_of or ""):
            what = "the note was changed meanwhile."
            raise UsageError(what, where=str(folder), fix="Read it again, then write yours.")
        return _write(folder, replace(notes, note=text or None))


def _checked(label: str) -> str:
    text = unicodedata.normalize("NFC", label).strip()
    fix = "Use `dlrun note` for longer texts."
    if not text:
        raise UsageError("a label cannot be empty.")
    if len(text) > MAX_LABEL:
        what = f"a label has at most {MAX_LABEL} characters, '{text[:20]}...' has {len(text)}."
        raise UsageError(what, fix=fix)
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            what = f"a label cannot hold the control character U+{ord(character):04X}."
            raise UsageError(what, fix=fix)
        if character == ",":
            what = f"a label cannot hold a comma, as '{text}' does."
            raise UsageError(what, fix="Give several labels as several words.")
    return text


def _write(folder: Path, notes: Notes) -> Notes:
    write_json(folder / NOTES, {"labels": notes.labels, "note": notes.note})
    return notes
