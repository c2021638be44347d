"""Folders of images as datasets."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.arrays import ImageForm
from dlrun.datasets import load_dataset
from dlrun.datasets.samples import find_sample
from dlrun.errors import ConfigError, DataError
from tests.pictures import draw, draw_digits, huge_png


def grey(value, height=4, width=4):
    return np.full((height, width), value, np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Two cats and a dog; one cat lies deeper."""
    draw(tmp_path / "pets" / "cat" / "b.png", grey(51))
    draw(tmp_path / "pets" / "cat" / "a" / "z.png", grey(102))
    draw(tmp_path / "pets" / "dog" / "c.png", grey(255))
    return tmp_path / "pets"


def load(folder, **arguments):
    return load_dataset("images", seed=0, path=folder, **arguments)


def test_a_folder_is_a_class(folder):
    """Rows stand by class, then by path; bytes become fractions."""
    dataset = load(folder)
    assert dataset.class_names == ("cat", "dog")
    assert dataset.train.x.shape == (3, 4, 4, 3)
    assert dataset.train.x.dtype == np.float32
    assert dataset.train.x[:, 0, 0, 0].tolist() == np.float32([0.4, 0.2, 1]).tolist()
    assert dataset.train.y.tolist() == [0, 0, 1]
    assert dataset.place(0).endswith("pets/cat/a/z.png")
    assert (dataset.pixel_max, dataset.image_shape) == (255.0, (4, 4, 3))
    assert dataset.form == ImageForm("rgb", None)
    assert dataset.notes == ()


def test_the_shipped_digits_as_files_are_the_digits(tmp_path):
    """Pixel by pixel, by class and then in their order."""
    images, labels = draw_digits(tmp_path / "digits", most=200)
    dataset = load(tmp_path / "digits", color="gray")
    order = np.argsort(labels, kind="stable")
    assert (dataset.train.x[..., 0] == images[order] / np.float32(255)).all()
    assert (dataset.train.y == labels[order]).all()


def test_streamed_rows_are_those_in_memory(folder, monkeypatch):
    """To the bit, and the user is told why they are streamed."""
    held = load(folder)
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", "0")
    streamed = load(folder)
    assert streamed.streamed.startswith("streaming from the disk: pets holds 144 bytes")
    assert streamed.train.streamed
    assert (streamed.train.x[:] == held.train.x).all()
    assert streamed.train.x[:].dtype == np.float32


def test_splits_are_folders_above_the_classes(tmp_path):
    """Whatever people call them; a class that a split lacks is none of the split's."""
    for split, names in {"Train": "ab", "val": "a", "TEST": "b"}.items():
        for name in names:
            draw(tmp_path / split / name / "1.png", grey(len(split)))
    dataset = load(tmp_path)
    assert dataset.train.y.tolist() == [0, 1]
    assert dataset.validation.y.tolist() == [0]
    assert dataset.test.y.tolist() == [1]
    assert dataset.test.x[0, 0, 0, 0] == np.float32(4 / 255)
    assert find_sample("images", {"path": tmp_path, "size": None, "color": "gray"}) == find_sample(
        "images", {"path": str(tmp_path), "size": 4, "color": "gray"}
    )


def test_a_class_may_be_called_train(tmp_path):
    """Where there are no folders below it."""
    draw(tmp_path / "train" / "1.png", grey(1))
    draw(tmp_path / "test" / "1.png", grey(1))
    assert load(tmp_path).class_names == ("test", "train")


def test_odd_names_of_classes(tmp_path):
    """Blanks, letters of any script, a folder with one image."""
    for name in ("two words", "größe", "猫"):
        draw(tmp_path / name / "a file.png", grey(1))
    assert load(tmp_path).class_names == ("größe", "two words", "猫")


def test_what_is_not_read_is_told(folder):
    """A class without images, images beside the classes, a link to a folder; not hidden files."""
    (folder / "empty").mkdir()
    (folder / ".cache").mkdir()
    (folder / "cat" / ".DS_Store").write_bytes(b"x")
    (folder / "README.md").write_text("Pets.")
    draw(folder / "stray.png", grey(1))
    (folder / "dog" / "more").symlink_to(folder / "cat")
    dataset = load(folder)
    assert dataset.class_names == ("cat", "dog")
    assert len(dataset.train) == 3
    assert dataset.notes == (
        f"warning: {folder}/dog/more is a link to a folder: not read",
        f"warning: {folder}/empty holds no image: no class",
        f"warning: 1 image beside the folders of the classes in {folder} not read: 'stray.png'",
    )


def test_bad_files_are_all_named_or_left_out(folder):
    """With the reason of each."""
    (folder / "cat" / "notes.txt").write_text("no cat")
    (folder / "dog" / "bomb.png").write_bytes(huge_png(10**5, 10**5))
    with pytest.raises(DataError) as error:
        load(folder)
    told = str(error.value)
    assert told.startswith(f"{folder}: 2 files of 5 cannot be read as they are:\n")
    assert f"{folder}/cat/notes.txt: this is no image" in told
    assert f"{folder}/dog/bomb.png: it says that it holds 100,000 x 100,000 pixels" in told
    assert told.endswith("or leave them out with `dataset.bad_files: skip`.")
    dataset = load(folder, bad_files="skip")
    assert dataset.train.x[:, 0, 0, 0].tolist() == np.float32([0.4, 0.2, 1]).tolist()
    assert dataset.place(2).endswith("dog/c.png")
    assert dataset.notes[0] == "warning: 2 files of 5 left out:"
    assert "notes.txt" in dataset.notes[1]


def test_images_of_several_sizes_ask_for_one(folder):
    """Nobody else knows it."""
    draw(folder / "dog" / "d.png", grey(255, 6, 5))
    with pytest.raises(DataError) as error:
        load(folder, bad_files="skip")
    assert "1 of 4 images is of another size" in str(error.value)
    assert "d.png: it has 6 x 5 pixels" in str(error.value)
    assert "`dataset.size: [4, 4]`" in str(error.value)
    assert load(folder, size=[2, 3]).train.x.shape == (4, 2, 3, 3)
    assert load(folder, size=5, color="gray", resize="pad").form == ImageForm("gray", "pad")


def test_a_class_of_bad_files_alone_is_an_error(folder):
    """Its unit would never be right."""
    (folder / "dog" / "c.png").write_bytes(b"")
    with pytest.raises(DataError, match="no image of the class 'dog' can be read"):
        load(folder, bad_files="skip")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.mkdir(), "there is no image, and no folder of a class"),
        (lambda path: draw(path / "a.png", grey(1)), "images stand beside each other, and no"),
        (lambda path: [draw(path / "train" / name / "a.png", grey(1)) for name in "ab"]
         + [draw(path / "test" / "ab" / "a.png", grey(1))], "'ab' has no images to train on"),
        (lambda path: [draw(path / a / b / "a.png", grey(1)) for a in ("train", "test", "extra")
                       for b in "ab"], "beside the folders of splits there is 'extra'"),
        (lambda path: [draw(path / a / b / "a.png", grey(1)) for a in ("train", "val", "dev")
                       for b in "ab"], "'dev', 'val' are all called like the validation split"),
        (lambda path: [draw(path / name / "a.png", grey(1)) for name in ("a", "b\x1b")],
         "has characters in its name that cannot be shown"),
    ],
)  # fmt: skip
def test_folders_that_do_not_fit_are_errors(make, message, tmp_path):
    """Each says what was found."""
    make(tmp_path / "data")
    with pytest.raises(DataError, match=message):
        load(tmp_path / "data")


def test_a_folder_that_is_not_there_is_told_as_a_file_would_be(folder):
    """With what may be meant."""
    with pytest.raises(DataError, match=r"pet: there is no such folder\.\n  Did you mean 'pets'"):
        load(folder.with_name("pet"))
    with pytest.raises(DataError, match=r"there is no such folder\.\n  Correct the path"):
        load(folder.with_name("x") / "pets")
    with pytest.raises(DataError, match="is a file; a folder with a folder for each class"):
        load(folder / "cat" / "b.png")


@pytest.mark.parametrize("size", [[1], [0, 4], [2, 2, 3], [True, 2], 10**6])
def test_a_size_is_two_numbers(size, folder):
    """Height and width."""
    with pytest.raises(ConfigError, match=r"dataset.size: .* \[height, width\]"):
        load(folder, size=size)


def test_resize_says_nothing_without_a_size(folder):
    """A key without an effect is an error."""
    with pytest.raises(ConfigError, match=r"dataset.resize: 'crop' says nothing"):
        load(folder, resize="crop")
