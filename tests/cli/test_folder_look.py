"""`dlrun data FOLDER` and `dlrun init --data FOLDER`: what lies there, and what cannot be read."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dlrun.config import load_config
from tests.pictures import draw

NO_IMAGE = "this is no image, or one of a kind that is not read, or its beginning is damaged"


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Twelve images of each of two classes, one a copy, and one that is cut off, and a text."""
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    for number in range(24):
        shape = (20 + number, 30, 3) if number < 23 else (20, 30)
        image = generator.integers(0, 256, shape, np.uint8)
        draw(tmp_path / "photos" / ("cat", "dog")[number % 2] / f"{number:02}.png", image)
    home = tmp_path / "photos"
    (home / "dog" / "copy.png").write_bytes((home / "cat" / "00.png").read_bytes())
    (home / "cat" / "02.png").write_bytes((home / "cat" / "02.png").read_bytes()[:900])
    (home / "dog" / "read me.txt").write_text("what is here")
    return home


def test_a_folder_of_images(photos, dlrun):
    """Classes, sizes, modes; what cannot be read by name; copies, and those in two classes."""
    code, out, err = dlrun("data", "photos")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "photos: 26 files, 2 classes"
    assert [line.split() for line in lines[2:5]] == [
        ["class", "images", "share"],
        ["cat", "12", "46.2", "%"],
        ["dog", "14", "53.8", "%"],
    ]
    assert lines[6] == "size: height 20 to 42 (median 30.5), width 30, in pixels"
    assert lines[7] == "colors: RGB 23, gray 1"
    told = " ".join(out.split())
    assert (
        "2 files cannot be read, and `bad_files: skip` leaves them out: photos/cat/02.png" in told
    )
    assert f"photos/dog/read me.txt ({NO_IMAGE})" in told
    assert "1 file is an exact copy of an earlier one: copies in training and test rows" in told
    assert "stands in two classes: photos/dog/copy.png and photos/cat/00.png" in told
    data = json.loads(dlrun("data", photos, "--json")[1])
    assert data["classes"] == {"cat": {"train": 12}, "dog": {"train": 14}}
    assert (data["kind"], data["height"], data["modes"]) == (
        "images", [20, 30.5, 42], {"RGB": 23, "L": 1}
    )  # fmt: skip
    assert {*data["unreadable"]} == {f"{photos}/cat/02.png", f"{photos}/dog/read me.txt"}


def test_a_draft_leaves_out_what_cannot_be_read_and_names_it(photos, dlrun):
    """In the config and beside it; the config is valid as it is."""
    code, _, err = dlrun("init", "--data", "photos", "-o", "photos.yaml")
    assert code == 0
    assert "2 files cannot be read, and `bad_files: skip` leaves them out: photos/cat/02.png" in err
    text = (photos.parent / "photos.yaml").read_text()
    assert "# photos: 2 classes of 24 images." in text
    assert "# cannot be read, and left out: '02.png', 'read me.txt'" in text
    assert load_config(photos.parent / "photos.yaml").dataset.arguments["bad_files"] == "skip"
    for file in ("cat/02.png", "dog/read me.txt"):
        (photos / file).unlink()
    assert "bad_files" not in dlrun("init", "--data", "photos")[1]


def test_a_folder_of_splits_and_of_texts(tmp_path, dlrun):
    """Counts stand by split; of texts the words are counted."""
    for split, files in (("train", 12), ("test", 2)):
        for name in ("good", "bad"):
            home = tmp_path / "reviews" / split / name
            home.mkdir(parents=True)
            for number in range(files):
                (home / f"{number}.txt").write_text(f"{split} {name} " + "word " * number)
    (tmp_path / "reviews" / "train" / "bad" / "12.txt").write_bytes(b"\xff\xfe\xff")
    out = dlrun("data", tmp_path / "reviews")[1]
    assert [line.split() for line in out.split("\n\n")[1].splitlines()[:3]] == [
        ["class", "train", "test", "share"],
        ["bad", "13", "2", "51.7", "%"],
        ["good", "12", "2", "48.3", "%"],
    ]
    assert "words: 2 to 13 (median 6.5)" in out
    assert "1 file cannot be read, and `bad_files: skip` leaves it out:" in out
    assert "(byte 0xff at 2 is no utf-16 text)" in " ".join(out.split())
    assert "  bad_files: skip" in dlrun("init", "--data", tmp_path / "reviews")[1]


@pytest.mark.parametrize("words", [("-t", "y"), ("--set", "decimal=,"), ("-o", "page.html")])
def test_what_a_table_alone_has(photos, dlrun, words):
    """A target, a way to read cells, a page."""
    code, _, err = dlrun("data", photos, *words)
    assert code == 2
    option = {"-t": "--target", "-o": "--output"}.get(words[0], words[0])
    assert err == f"error: {option}: it tells of a table; folders name their classes.\n"


def test_one_class_and_rare_ones(tmp_path, dlrun):
    """Of one class nothing is learned; few files of a class are told."""
    for name, files in (("cat", 30), ("dog", 3)):
        for number in range(files):
            image = np.full((9, 9), 10 * number % 251, np.uint8)
            draw(tmp_path / "photos" / name / f"{number}.png", image)
    told = "warning: classes that are rare in training: 'dog' with 3 files"
    assert told in dlrun("data", tmp_path / "photos")[1]
    one = tmp_path / "one"
    draw(one / "cat" / "0.png", np.zeros((9, 9), np.uint8))
    assert "there is a single class, 'cat': nothing can be learned" in dlrun("data", one)[1]
    code, _, err = dlrun("init", "--data", one)
    assert code == 3
    assert err == (
        f"error: {one}: there is a single class, 'cat': nothing can be learned.\n"
        "  Make a folder for each class.\n"
    )
