"""Texts whose feeling is in a few words, for tests that need some."""

from __future__ import annotations

import csv
import random

GOOD = ("great", "wonderful", "loved", "superb", "brilliant")
BAD = ("awful", "terrible", "hated", "boring", "waste")
OTHERS = ("the", "a", "film", "movie", "plot", "actor", "scene", "of", "and", "it's")


def reviews(rows, *, seed=1):
    """Pairs of a text and whether it praises: `neg` and `pos`, in turns."""
    generator = random.Random(seed)  # noqa: S311
    found = []
    for row in range(rows):
        words = generator.choices(OTHERS, k=generator.randint(2, 8))
        words.insert(generator.randint(0, len(words)), generator.choice((BAD, GOOD)[row % 2]))
        found.append((f"{' '.join(words).capitalize()}!", ("neg", "pos")[row % 2]))
    return found


def write_table(path, rows):
    """Write reviews as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("review", "label"), *rows])


def write_folders(path, rows):
    """Write reviews as files, in a folder for each class."""
    for number, (text, label) in enumerate(rows):
        (path / label).mkdir(parents=True, exist_ok=True)
        (path / label / f"{number:03}.txt").write_text(text, "utf-8")
