"""A run over a folder of images: trained, resumed, measured, asked about other images."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlrun.api import Run
from dlrun.cli import main
from dlrun.data.spec_json import spec_from_json, spec_to_json
from tests import sweeping
from tests.conftest import CONFIGS, Silent
from tests.pictures import draw_digits

SHAPES = CONFIGS / "data" / "shapes"
FEW = ("--set", "training.epochs=2", "--no-report")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The shipped config, for two epochs; only read."""
    folder = tmp_path_factory.mktemp("shapes")
    words = ["train", CONFIGS / "shapes_cnn.yaml", *FEW, "--runs-dir", folder, "--quiet"]
    assert main([str(word) for word in words]) == 0
    (run,) = folder.iterdir()
    return run


def rows_of(text):
    return [*csv.DictReader(io.StringIO(text))]


def answers(rows):
    return [[row[name] for name in row if name.startswith("prob")] for row in rows]


def test_the_spec_knows_the_images(trained):
    """Stored and read again."""
    stored = json.loads((trained / "spec.json").read_text())
    assert stored["form"] == {"color": "rgb", "resize": None}
    assert stored["image_shape"] == [24, 24, 3]
    assert stored["class_names"] == ["circle", "square", "triangle"]
    assert stored["rows"] == {"train": 150, "test": 75}
    assert spec_to_json(spec_from_json(stored)) == stored


def test_images_are_predicted_as_the_test_rows_were(trained, dlrun, tmp_path):
    """A folder, a list, a glob and a single image; each row names its file."""
    with (trained / "predictions" / "test.csv").open() as file:
        expected = answers(csv.DictReader(file))
    rows = rows_of(dlrun("predict", trained, SHAPES / "test", "-o", "-").out)
    assert answers(rows) == expected
    assert rows[0]["file"] == str(SHAPES / "test" / "circle" / "01.png")
    names = [str(SHAPES / "test" / "square" / f"0{number}.png") for number in (1, 2)]
    (tmp_path / "list.txt").write_text("\n".join(names) + "\n")
    listed = rows_of(dlrun("predict", trained, "list.txt", "-o", "-").out)
    assert answers(listed) == expected[25:27]
    globbed = rows_of(dlrun("predict", trained, SHAPES / "test/square/0[12].png", "-o", "-").out)
    assert globbed == listed
    assert rows_of(dlrun("predict", trained, *names, "-o", "-").out) == listed
    assert rows_of(dlrun("predict", trained, names[0], "-o", "-").out) == listed[:1]


def test_other_images_are_told(trained, dlrun, tmp_path):
    """Of another size, broken, none at all."""
    Image.new("RGB", (5, 4)).save(tmp_path / "small.png")
    told = dlrun("predict", trained, "small.png", "-o", "-", code=3)
    assert "small.png: it has 4 x 5 pixels" in told.err
    assert "trained on images of (24, 24, 3) alone" in told.err
    (tmp_path / "empty").mkdir()
    assert "there is no image" in dlrun("predict", trained, "empty", "-o", "-", code=3).err
    shutil.copytree(SHAPES / "test" / "square", tmp_path / "mixed")
    (tmp_path / "mixed" / "notes.txt").write_text("what they are")
    (tmp_path / "mixed" / "00.png").write_bytes(b"")
    told = dlrun("predict", trained, "mixed", "-o", "-", code=3)
    assert "mixed/00.png: the file is empty" in told.err
    (tmp_path / "mixed" / "00.png").unlink()
    told = dlrun("predict", trained, "mixed", "-o", "-")
    assert len(rows_of(told.out)) == 25
    assert "not read, as it is not called like an image: 'notes.txt'" in told.err


@pytest.mark.slow
def test_bad_images_are_left_out_where_the_run_leaves_them_out(dlrun, tmp_path):
    """By its config: each row names its file, in `predict`, in Python, `evaluate` and `explain`."""
    shutil.copytree(SHAPES / "test", tmp_path / "test")
    (tmp_path / "test" / "circle" / "00.png").write_bytes(b"")
    words = (CONFIGS / "shapes_cnn.yaml", "--set", "training.epochs=1")
    run = dlrun("train", *words, "--set", "dataset.bad_files=skip").run
    warned = "warning: 1 file of 76 left out:\n  {}: the file is empty"
    expected = dlrun("predict", run, SHAPES / "test", "-o", "-").out.replace(str(SHAPES), ".")
    told = dlrun("predict", run, "test", "-o", "-")
    assert told.out == expected.replace("./test", "test")
    assert warned.format("test/circle/00.png") in told.err
    heard = Silent()
    rows = Run(tmp_path / run).predict(tmp_path / "test", listener=heard)
    assert [Path(name).name for name in rows["file"][:2]] == ["01.png", "02.png"]
    assert warned.format(tmp_path / "test/circle/00.png") in heard.told
    told = dlrun("evaluate", run, "--data", "test")
    assert warned.format("test/circle/00.png") in told.err
    told = dlrun("explain", run, "--data", "test", "--json")
    assert json.loads(told.out)["row"] == "row 0 of test"
    assert warned.format("test/circle/00.png") in told.err
    told = dlrun("predict", run, "test/circle/00.png", "-o", "-", code=3).err
    assert "test/circle/00.png: the file is empty" in told
    assert "None is left." in told
    Image.new("RGB", (5, 4)).save(tmp_path / "test" / "small.png")
    told = dlrun("predict", run, "test", "-o", "-", code=3).err
    assert "The run was trained on images of (24, 24, 3) alone" in told


def test_images_have_no_columns(trained, dlrun):
    """There is nothing to keep of them but their names."""
    told = dlrun("predict", trained, SHAPES / "test", "--keep", "x", "-o", "-", code=2)
    assert "--keep x: images have no columns to keep." in told.err


def test_folders_of_classes_are_evaluated(trained, dlrun, tmp_path):
    """As the test rows were; a class that nobody knows is an error."""
    shutil.copytree(trained, tmp_path / "runs" / trained.name)
    measured = json.loads((trained / "metrics.json").read_text())["test"]
    told = json.loads(dlrun("evaluate", trained.name, "--data", SHAPES / "test", "--json").out)
    assert told["metrics"]["accuracy"] == measured["accuracy"]
    shutil.copytree(SHAPES / "test" / "square", tmp_path / "other" / "oval")
    told = dlrun("evaluate", trained.name, "--data", "other", code=3)
    assert "the class 'oval' is not one of the run" in told.err


def test_an_image_is_explained(trained, dlrun):
    """NumPy follows the colours to what TensorFlow says."""
    told = dlrun("explain", trained, "--data", SHAPES / "test" / "circle" / "01.png").out
    assert "TensorFlow agrees" in told


def test_an_image_is_typed(trained, dlrun):
    """As `--input`, which takes what is called like an image."""
    file = SHAPES / "test" / "circle" / "01.png"
    typed = json.loads(dlrun("explain", trained, "--input", file, "--json").out)
    read = json.loads(dlrun("explain", trained, "--data", file, "--json").out)
    assert (typed["row"], typed["x"]) == ("01.png", read["x"])
    for name in ("0.1,0.2", str(SHAPES)):
        told = dlrun("explain", trained, "--input", name, code=2).err
        assert "is not called like an image, which the run takes" in told


@pytest.mark.slow
def test_reading_again_gives_the_same_run(trained, dlrun, tmp_path):
    """To the bit, augmentation and all, and from the disk too."""
    copy = tmp_path / "runs" / trained.name
    shutil.copytree(trained, copy)
    assert "identical" in dlrun("reproduce", copy).out


@pytest.mark.slow
def test_a_run_that_finds_its_images_decoded_has_the_same_bits(trained, tmp_path):
    """As those do that a process of a sweep trains after others."""
    words = ("train", CONFIGS / "shapes_cnn.yaml", *FEW, "--runs-dir", tmp_path, "--jobs", "1")
    sweeping.run(tmp_path, *words, "--set", "seed=[1,0]")
    second = sweeping.records(tmp_path)['{"seed": 0}']["folder"]
    for name in ("weights.safetensors", "history.csv", "predictions/test.csv"):
        assert (second / name).read_bytes() == (trained / name).read_bytes(), name


def test_an_extended_run_goes_on_to_the_same_bits(trained, dlrun, tmp_path):
    """What the augmentation draws next stands in the checkpoint."""
    run = dlrun("train", CONFIGS / "shapes_cnn.yaml", "--set", "training.epochs=1").run
    dlrun("resume", run, "--epochs", "2")
    for name in ("history.csv", "weights.safetensors", "predictions/test.csv"):
        assert (tmp_path / run / name).read_bytes() == (trained / name).read_bytes(), name


@pytest.mark.slow
def test_streamed_images_train_to_the_same_bits(trained, dlrun, tmp_path, monkeypatch):
    """Where they do not fit into memory."""
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", "0")
    run = dlrun("train", CONFIGS / "shapes_cnn.yaml", *FEW[:2]).run
    for name in ("history.csv", "weights.safetensors", "predictions/test.csv"):
        assert (tmp_path / run / name).read_bytes() == (trained / name).read_bytes(), name


DIGITS = """\
seed: 0
dataset: {DATASET, test_split: 0.2}
model:
  layers:
    - {type: Conv2D, filters: 8, kernel_size: 3, activation: relu}
    - {type: Flatten}
    - {type: Dense, units: 10, activation: softmax}
loss: categorical_crossentropy
optimizer: {type: Adam, learning_rate: 0.01}
metrics: [accuracy]
training: {epochs: 3, batch_size: 64}
exports: []
"""


@pytest.mark.slow
def test_digits_from_files_train_as_from_an_array(dlrun, tmp_path):
    """The shipped digits as PNGs, and as an array in the order of the files: the same bits."""
    images, labels = draw_digits(tmp_path / "digits")
    order = np.argsort(labels, kind="stable")
    x = (images[order] / np.float32(255))[..., None]
    np.savez(tmp_path / "digits.npz", x=x, y=labels[order].astype(str))
    found = {}
    for name, words in {
        "files": "type: images, path: digits, color: gray",
        "array": "type: npz, path: digits.npz",
    }.items():
        (tmp_path / f"{name}.yaml").write_text(DIGITS.replace("DATASET", words))
        found[name] = dlrun("train", f"{name}.yaml", "--quiet").run
    one, other = (tmp_path / run for run in found.values())
    assert (one / "weights.safetensors").read_bytes() == (
        other / "weights.safetensors"
    ).read_bytes()
    measured = [json.loads((run / "metrics.json").read_text())["test"] for run in (one, other)]
    assert measured[0] == measured[1]
    assert measured[0]["accuracy"] > 0.9
