"""Folders of texts as datasets."""

from __future__ import annotations

import os
from math import isnan

import pytest

from dlrun.arrays import TextForm
from dlrun.datasets import load_dataset
from dlrun.datasets.samples import find_sample
from dlrun.errors import ConfigError, DataError


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def folder(tmp_path):
    """Two bad texts, one of which lies deeper, and a good one."""
    write(tmp_path / "films" / "bad" / "b.txt", "dull")
    write(tmp_path / "films" / "bad" / "a" / "z z.txt", "\ufeff so awful \n")
    write(tmp_path / "films" / "größe" / "c", "größte")
    return tmp_path / "films"


def load(folder, **arguments):
    return load_dataset("texts", seed=0, path=folder, **arguments)


def read(dataset, samples=None):
    (column,) = dataset.raw_columns
    values = (samples or dataset.train).x[:, 0].tolist()
    return [None if isnan(value) else column.texts[int(value)] for value in values]


def test_a_folder_is_a_class(folder):
    """Rows stand by class, then by path; marks and blanks around a text are no part of it."""
    dataset = load(folder)
    assert dataset.class_names == ("bad", "größe")
    assert read(dataset) == ["so awful", "dull", "größte"]
    assert dataset.train.y.tolist() == [0, 0, 1]
    assert dataset.place(0).endswith("films/bad/a/z z.txt")
    assert dataset.form == TextForm(None)
    assert [(kind.name, kind.kind) for kind in dataset.kinds] == [("text", "text")]


def test_splits_are_folders_above_the_classes(tmp_path):
    """Whatever people call them."""
    for split, names in {"Train": "ab", "val": "a", "TEST": "b"}.items():
        for name in names:
            write(tmp_path / split / name / "1.txt", f"{split} {name}")
    dataset = load(tmp_path)
    assert read(dataset) == ["Train a", "Train b"]
    assert read(dataset, dataset.validation) == ["val a"]
    assert read(dataset, dataset.test) == ["TEST b"]
    told = find_sample("texts", {"path": tmp_path})
    assert (told.classes, told.test_rows, told.has_validation) == (("a", "b"), 1, True)


def test_encodings(folder):
    """What the config says, and what a mark says; no other bytes."""
    write(folder / "bad" / "b.txt", "häßlich".encode("latin-1"))
    write(folder / "größe" / "c", "schön".encode("utf-16"))
    with pytest.raises(DataError) as error:
        load(folder)
    told = str(error.value)
    assert "1 file of 3 cannot be read as it is:" in told
    assert "bad/b.txt: byte 0xe4 at 1 is no UTF-8 text." in told
    assert "say their `dataset.encoding`, or leave them out with `dataset.bad_files: skip`" in told
    write(folder / "größe" / "c", "schön".encode("latin-1"))
    write(folder / "bad" / "a" / "z z.txt", b"so")
    assert read(load(folder, encoding="latin-1")) == ["so", "häßlich", "schön"]
    for wrong in ("klingon", "base64"):
        with pytest.raises(ConfigError, match="a name that Python knows"):
            load(folder, encoding=wrong)


def test_bad_files_are_named_or_left_out(folder):
    """What is no text, what never ends, what is too large; an empty file is a missing text."""
    write(folder / "bad" / "binary.txt", b"a\x00b")
    os.mkfifo(folder / "bad" / "pipe.txt")
    with (folder / "bad" / "huge.txt").open("wb") as file:
        file.truncate(2**24 + 1)
    write(folder / "größe" / "empty.txt", " \n")
    with pytest.raises(DataError) as error:
        load(folder)
    told = str(error.value)
    assert "3 files of 7 cannot be read" in told
    assert "binary.txt: the file is binary: it has a zero byte." in told
    assert "pipe.txt: this is a pipe; a file was expected." in told
    assert "huge.txt: the file has more than 16 MiB: no text." in told
    dataset = load(folder, bad_files="skip")
    assert read(dataset) == ["so awful", "dull", "größte", None]
    assert dataset.notes[0] == "warning: 3 files of 7 left out:"
    assert dataset.place(3).endswith("größe/empty.txt")


def test_a_class_of_bad_files_alone_is_an_error(folder):
    """Its unit would never be right."""
    write(folder / "größe" / "c", b"\xff\xfe\xff")
    with pytest.raises(DataError, match="no text of the class 'größe' can be read"):
        load(folder, bad_files="skip")


def test_folders_without_classes(tmp_path):
    """Texts beside each other, none at all, no folder."""
    with pytest.raises(DataError, match="there is no text, and no folder of a class"):
        load(tmp_path)
    write(tmp_path / "a.txt", "a")
    with pytest.raises(DataError, match="texts stand beside each other") as error:
        load(tmp_path)
    assert "Make a folder for each class, and put its texts into it." in str(error.value)
    with pytest.raises(DataError, match="there is no such folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is a file; a folder with a folder for each class"):
        load(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"review": "text"}, "columns.review: The texts are the column 'text', and no other."),
        ({"text": "category"}, "columns.text: A folder of texts is read as `text`, not as `cat"),
        ({"text": {"type": "text", "length": 0}}, "columns.text.length: Expected 1 to 10,000"),
    ],
)
def test_what_the_column_can_be(folder, columns, message):
    """A text, with the options of one."""
    with pytest.raises(ConfigError) as error:
        load(folder, columns=columns)
    assert message in str(error.value)
