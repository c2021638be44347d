"""Columns of a table that name images: the same pixels as a folder of them."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from dlrun.data.division import Division
from dlrun.data.splitting import split_dataset
from dlrun.datasets import load_dataset
from dlrun.errors import ConfigError, DataError
from tests.pictures import CORNERS, draw, draw_digits, huge_png, two_hundred

LAYERS = [{"type": "Conv2D", "name": "conv", "inputs": ("photo",)}]


def grey(value, height=4, width=4):
    return np.full((height, width), value, np.uint8)


def write(path, rows, head=("photo", "light", "pet")):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def load(path, photo=None, **arguments):
    kinds = {"photo": {"type": "image", **(photo or {})}, "light": "number"}
    given = {"target": "pet", "columns": kinds, **arguments}
    return load_dataset("table", seed=0, path=path, **given)


def split(dataset, layers=LAYERS, **options):
    shares = {"seed": 0, "test_split": 0.0, "validation_split": 0.0, **options}
    return split_dataset(dataset, Division(**shares), scale="none", layers=layers)


@pytest.fixture
def table(tmp_path):
    """Three images in a folder beside the table, one of them named twice."""
    for name, value in (("a", 51), ("b é", 102), ("c", 255)):
        draw(tmp_path / "photos" / f"{name}.png", grey(value))
    rows = [("c", 1, "dog"), ("a", 2, "cat"), ("b é", 3, "dog"), ("a", 4, "cat")]
    rows = [(f"photos/{name}.png", *rest) for name, *rest in rows]
    return write(tmp_path / "pets.csv", rows)


def test_names_are_images_beside_numbers(table):
    """Rows stay in their order; what a layer names stands behind, in its shape."""
    splits = split(load(table, {"color": "gray"}))
    spec, x = splits.spec, splits.train.x
    assert x.dtype == np.float32
    assert x[:, 0].tolist() == [1, 2, 3, 4]
    assert x[:, 1:].max(axis=1).tolist() == np.float32([1, 0.2, 0.4, 0.2]).tolist()
    assert [(view.name, view.sample) for view in spec.views] == [
        ("input", (1,)),
        ("photo", (4, 4, 1)),
    ]
    assert (spec.feature_names, spec.image_shape) == (None, None)
    assert any("4 x 4, grey, 0 to 1" in note for note in splits.notes)


def test_the_only_column_is_all_of_the_input(table):
    """No layer has to name it."""
    kinds = {"photo": "image", "light": "ignore"}
    spec = split(load(table, columns=kinds), layers=[]).spec
    assert [(view.name, view.sample) for view in spec.views] == [("input", (4, 4, 3))]
    assert spec.image_shape == (4, 4, 3)


@pytest.mark.parametrize("limit", ["1000", "0"])
def test_the_shipped_digits_as_files_are_the_digits(limit, tmp_path, monkeypatch):
    """In memory and streamed: bit by bit what the dataset `images` gives, and what was drawn."""
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", limit)
    images, labels = draw_digits(tmp_path / "digits", most=200)
    order = np.argsort(labels, kind="stable")
    rows = [(f"digits/{labels[n]}/{n:04}.png", 0, f"d{labels[n]}") for n in order.tolist()]
    dataset = load(write(tmp_path / "d.csv", rows), {"color": "gray"}, target="pet")
    assert (dataset.streamed is None) == (limit == "1000")
    named = split(dataset).train
    folder = load_dataset("images", seed=0, path=tmp_path / "digits", color="gray").train
    assert np.array_equal(named.x[:][:, 1:].reshape(-1, 8, 8, 1), folder.x[:])
    assert np.array_equal(named.x[:][:, 1:], (images[order] / np.float32(255)).reshape(-1, 64))
    assert np.array_equal(named.y[:], folder.y[:])


def test_test_rows_in_another_folder_have_images_of_their_own(table, tmp_path):
    """The same name below another folder is another file; the same file is the same."""
    draw(tmp_path / "later" / "photos" / "a.png", grey(204))
    shared = str(tmp_path / "photos" / "c.png")
    test = write(tmp_path / "later" / "t.csv", [("photos/a.png", 5, "cat"), (shared, 6, "dog")])
    splits = split(load(table, {"color": "gray"}, test_path=test))
    assert splits.test.x[:, 1].tolist() == np.float32([0.8, 1]).tolist()
    assert splits.train.x[:, 1].tolist() == np.float32([1, 0.2, 0.4, 0.2]).tolist()


def test_names_are_relative_to_a_folder_beside_the_table(tmp_path):
    """As the config says, relative to the table; absolute names are what they are."""
    draw(tmp_path / "photos" / "c.png", grey(255))
    draw(tmp_path / "x.png", grey(204))
    rows = [("c.png", 1, "dog"), (str(tmp_path / "x.png"), 2, "cat")]
    path = write(tmp_path / "bare.csv", rows)
    x = split(load(path, {"color": "gray", "folder": "photos"})).train.x
    assert x[:, 1].tolist() == np.float32([1, 0.8]).tolist()


def test_tables_of_several_folders_ask_for_one(table, tmp_path):
    """A name would be relative to either."""
    other = write(tmp_path / "b" / "pets.csv", [("photos/a.png", 1, "cat")])
    with pytest.raises(DataError, match="lie in several folders"):
        load([table, other])
    folder = str(tmp_path)
    assert len(load([table, other], {"folder": folder}).train) == 5


def bad_table(tmp_path):
    draw(tmp_path / "good.png", CORNERS)
    draw(tmp_path / "small.png", CORNERS[:4])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "note.png").write_text("no image")
    (tmp_path / "bomb.png").write_bytes(huge_png(60_000, 60_000))
    names = ("good", "empty", "note", "bomb", "gone", "good", "empty")
    rows = [(f"{name}.png", n, "cat" if n % 2 else "dog") for n, name in enumerate(names)]
    return write(tmp_path / "rows.csv", rows)


def test_bad_files_are_all_named_with_their_rows(tmp_path):
    """And with the reason, and the way out."""
    with pytest.raises(DataError) as caught:
        load(bad_table(tmp_path))
    told = str(caught.value)
    assert "column 'photo': 4 files of 5 cannot be read as they are" in told
    for line, name, why in (
        (3, "empty", "the file is empty"),
        (4, "note", "this is no image"),
        (5, "bomb", "60,000 x 60,000 pixels"),
        (6, "gone", "No such file or directory"),
    ):
        assert f"rows.csv:{line}: {tmp_path / name}.png: " in told
        assert why in told
    assert "`dataset.columns.photo.bad_files: skip`" in caught.value.fix


@pytest.mark.parametrize("limit", ["1000", "0"])
def test_rows_of_bad_files_are_left_out_and_counted(limit, tmp_path, monkeypatch):
    """Targets stay with their rows, and rows know where they stand."""
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", limit)
    dataset = load(bad_table(tmp_path), {"bad_files": "skip"})
    assert dataset.train.x[:][:, 1].tolist() == [0, 5]
    assert dataset.class_names[dataset.train.y[1]] == "cat"
    assert dataset.place(1).endswith("rows.csv:7")
    assert "warning: column 'photo': 5 rows left out for files that cannot be read:" in (
        dataset.notes
    )
    assert sum("rows.csv:" in note for note in dataset.notes) == 4


@pytest.mark.slow
def test_two_hundred_odd_and_broken_files_are_read_right_or_named(tmp_path):
    """By the rows that name them; what is left is what the dataset `images` reads of them."""
    contents, shown, bad = two_hundred()
    for name, content in contents.items():
        (tmp_path / "all" / "cat").mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / "cat" / name).write_bytes(content)
    draw(tmp_path / "all" / "dog" / "good.png", CORNERS)
    names = [*sorted(contents), "../dog/good.png"]
    rows = [(name, n, "cat" if name in contents else "dog") for n, name in enumerate(names)]
    path = write(tmp_path / "all" / "cat.csv", rows)
    kept = load(path, {"folder": "cat", "size": 12, "bad_files": "skip"})
    places = kept.train.x[:][:, 1].astype(int).tolist()
    pixels = split(kept).train.x[:][:, 1:].reshape(-1, *CORNERS.shape)
    read = dict(zip([names[place] for place in places], pixels, strict=True))
    for name, tolerance in shown.items():
        assert np.abs(read[name] * 255 - CORNERS).max() <= tolerance + 0.01, name
    assert not read.keys() & bad.keys()
    folder = load_dataset("images", seed=0, path=tmp_path / "all", size=12, bad_files="skip")
    assert np.array_equal(pixels, folder.train.x[:])
    gone = len(names) - len(read)
    assert f"warning: column 'photo': {gone} rows left out for files that cannot be read:" in (
        kept.notes
    )
    for name, said in bad.items():  # each as it is told where it is the only one
        alone = write(tmp_path / "all" / "one.csv", [(name, 0, "cat"), rows[-1]])
        with pytest.raises(DataError) as caught:
            load(alone, {"folder": "cat", "size": 12})
        line = f"one.csv:2: {tmp_path / 'all' / 'cat' / name}: "
        assert line in str(caught.value), name
        assert said in str(caught.value).partition(line)[2], name


def test_a_class_of_bad_files_alone_is_an_error(tmp_path):
    """It would have a unit, and no row."""
    draw(tmp_path / "good.png", CORNERS)
    rows = [("good.png", 0, "cat"), ("good.png", 1, "dog"), ("gone.png", 2, "owl")]
    path = write(tmp_path / "rows.csv", rows)
    with pytest.raises(DataError, match="no image of the class 'owl' can be read"):
        load(path, {"bad_files": "skip"})
    train = write(tmp_path / "train.csv", rows[:2])
    test = write(tmp_path / "test.csv", [("good.png", 3, "cat"), ("gone.png", 4, "dog")])
    dataset = load(train, {"bad_files": "skip"}, test_path=test)
    assert (len(dataset.train), len(dataset.test)) == (2, 1)  # of test rows a class may lack


def test_images_of_several_sizes_ask_for_one(tmp_path):
    """They are brought to it then."""
    bad_table(tmp_path)
    rows = [("good.png", 0, "cat"), ("small.png", 1, "dog")]
    path = write(tmp_path / "sizes.csv", rows)
    with pytest.raises(DataError, match="1 of 2 images is of another size") as caught:
        load(path)
    assert "`dataset.columns.photo.size: [12, 12]`" in caught.value.fix
    for resize in ("stretch", "crop", "pad"):
        spec = split(load(path, {"size": 6, "resize": resize})).spec
        assert spec.views[1].shape == (6, 6, 3)
        assert spec.columns[0].reread["resize"] == resize


def test_missing_names_are_errors_or_black(table):
    """The error says where, and the option."""
    with table.open("a", encoding="utf-8") as file:
        file.write(",9,cat\n")
    with pytest.raises(DataError, match=r"pets.csv:6: 'photo'") as caught:
        split(load(table))
    assert "black" in caught.value.fix
    splits = split(load(table, {"missing": "black"}))
    assert splits.train.x[4, 1:].tolist() == [0] * 48
    assert any("1 missing image of the training rows is black" in one for one in splits.notes)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": [4]}, r"\[height, width\] of 1 to 16384 pixels, got"),
        ({"size": 0}, r"\[height, width\] of 1 to 16384 pixels, got"),
        ({"resize": "pad"}, "'pad' says nothing without the size"),
    ],
)
def test_options_that_cannot_be(options, said, table):
    """Before anything is read."""
    with pytest.raises(ConfigError, match=said):
        load(table, options)
