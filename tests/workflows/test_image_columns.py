"""A run over a table of images and numbers: trained, resumed, measured, asked, handed on."""

from __future__ import annotations

import base64
import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

import dlrun as package
from dlrun.cli import main
from dlrun.config import load_config
from dlrun.data.spec_json import spec_from_json, spec_to_json
from dlrun.errors import DataError
from dlrun.execution.identity import Machine, identity_of
from dlrun.rundir.folder import open_run
from dlrun.serving.service import Service
from dlrun.training.listener import Listener
from tests.pictures import draw, draw_digits

SIDE = 10
CONFIG = """\
dataset:
  type: table
  path: rows.csv
  target: kind
  columns:
    photo: {type: image, size: 10, folder: photos}
    light: {type: number, scale: standard}
  test_split: 0.25
model:
  layers:
    - {type: RandomFlip, inputs: [photo]}
    - {type: RandomRotation, factor: 0.1}
    - {type: Conv2D, filters: 3, kernel_size: 3, activation: relu}
    - {type: GlobalAveragePooling2D, name: seen}
    - {type: Concatenate, inputs: [seen, input]}
    - {type: Dense, units: 2, activation: softmax}
loss: sparse_categorical_crossentropy
optimizer: {type: Adam, learning_rate: 0.01}
training: {epochs: 3, batch_size: 8}
exports: [predictions, saved_model]
"""


def draw_table(folder, count=40):
    """Red and blue squares on noise, beside a number that says nothing."""
    noise = np.random.default_rng(0)
    with (folder / "rows.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["photo", "light", "kind"])
        for number in range(count):
            image = noise.integers(0, 60, (SIDE, SIDE, 3), dtype=np.uint8)
            image[2:8, 2:8, 2 * (number % 2)] = 240
            draw(folder / "photos" / f"{number} é.png", image)
            table.writerow([f"{number} é.png", number % 7, ("red", "blue")[number % 2]])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The table, its images and the config."""
    folder = tmp_path_factory.mktemp("photos")
    draw_table(folder)
    (folder / "c.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def trained(home):
    """Trained once, with its report; only read."""
    words = ["train", home / "c.yaml", "--runs-dir", home / "runs", "--quiet"]
    assert main([str(word) for word in words]) == 0
    (run,) = (home / "runs").iterdir()
    return run


def predicted(text):
    return [float(row["probability_red"]) for row in csv.DictReader(io.StringIO(text))]


def test_the_spec_is_read_as_it_was_written(trained):
    """Columns, views and shapes; what does not fit is refused."""
    stored = json.loads((trained / "spec.json").read_text())
    assert stored["feature_names"] is None
    assert stored["columns"][0]["size"] == [SIDE, SIDE]
    assert stored["views"][1]["shape"] == [SIDE, SIDE, 3]
    assert spec_to_json(spec_from_json(stored)) == stored
    stored["views"][1]["shape"] = [SIDE, 3, SIDE]
    with pytest.raises(Exception, match="views should be images in their shape"):
        spec_from_json(stored)


def test_later_rows_are_predicted_as_the_test_rows_were(trained, home, dlrun):
    """Names are relative to the folder beside the later table, too."""
    with (trained / "predictions" / "test.csv").open() as file:
        rows = [*csv.DictReader(file)]
    answers = predicted(dlrun("predict", trained, home / "rows.csv", "-o", "-").out)
    assert len(answers) == 40
    assert {float(row["probability_red"]) for row in rows} <= {*answers}
    dlrun("evaluate", trained, "--data", home / "rows.csv")
    (home / "bad.csv").write_text("photo,light\n0 é.png,1\ngone.png,2\n")
    told = dlrun("predict", trained, home / "bad.csv", "-o", "-", code=3).err
    assert f"bad.csv:3: {home / 'photos' / 'gone.png'}: No such file or directory" in told


def test_rows_of_python_hold_paths_bytes_or_pixels(trained, home, monkeypatch):
    """All to the same answer."""
    monkeypatch.chdir(home / "photos")
    run = package.Run(trained)
    content = (home / "photos" / "3 é.png").read_bytes()
    pixels = np.asarray(Image.open(home / "photos" / "3 é.png"))
    photos = ["3 é.png", home / "photos" / "3 é.png", content, pixels]
    answers = run.predict({"photo": photos, "light": [3] * 4})
    assert len({*map(float, answers["probability_red"])}) == 1
    with pytest.raises(DataError, match="row 0 of the column 'photo' is no image"):
        run.predict({"photo": [pixels.astype(float)], "light": [3]})


def test_an_image_of_a_request_is_never_a_file_here(trained, home):
    """Only its bytes are taken, as TensorFlow Serving takes them or as a data URL."""
    service = Service(open_run(str(trained), trained.parent), Listener(), max_rows=4, draw=repr)
    content = base64.b64encode((home / "photos" / "3 é.png").read_bytes()).decode()
    forms = [{"b64": content}, content, f"data:image/png;base64,{content}"]
    answers = service.predict({"photo": forms, "light": [3, 3, 3]})
    assert len({*answers["probability_red"]}) == 1
    for given in (str(home / "photos" / "3 é.png"), {"path": "x"}, 7):
        with pytest.raises(DataError, match="row 1 of the column 'photo' is no image in base64"):
            service.predict({"photo": [given], "light": [3]})
    with pytest.raises(DataError, match="each column is a list of values"):
        service.predict({"light": [3], "photo": "/etc/passwd"})
    with pytest.raises(DataError, match="this is no image") as caught:
        service.predict({"photo": [base64.b64encode(b"no image").decode()], "light": [3]})
    assert "dlrun-" not in str(caught.value)
    assert service.fields()[0] == {"name": "photo", "kind": "file"}


def test_a_row_is_explained_by_its_pixels(trained, home, dlrun, monkeypatch):
    """As `--input` has it, or as a row of a file; pixels have names, and are drawn."""
    monkeypatch.chdir(home / "photos")
    told = dlrun("explain", trained, "--input", "3 é.png,3").out
    assert "photo[" in told
    assert "light" in told
    assert "where in the image" in told
    assert "TensorFlow agrees" in told


def test_the_saved_model_takes_the_bytes_of_files(trained, home, dlrun):
    """Within rounding what `dlrun predict` says; of another size none is taken."""
    tf = pytest.importorskip("tensorflow")
    loaded = tf.saved_model.load(str(trained / "saved_model"))
    with (home / "rows.csv").open(encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    files = [(home / "photos" / row["photo"]).read_bytes() for row in rows]
    light = tf.constant([float(row["light"]) for row in rows], tf.float64)
    answers = loaded.signatures["serving_default"](photo=tf.constant(files), light=light)
    red = answers["classes"][0].numpy().tolist().index(b"red")
    expected = predicted(dlrun("predict", trained, home / "rows.csv", "-o", "-").out)
    np.testing.assert_allclose(answers["probabilities"][:, red], expected, atol=1e-5)
    small = tf.io.encode_png(np.zeros((4, 4, 3), np.uint8)).numpy()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"expected shape \[10,10,3\]"):
        loaded.signatures["serving_default"](photo=tf.constant([small]), light=light[:1])


def test_the_report_shows_images_and_what_they_are_worth(trained):
    """The first kernels are those of the layer that reads the column; both columns are judged."""
    assert {path.stem for path in (trained / "plots").iterdir()} >= {
        "first_kernels", "permutation_importance"
    }  # fmt: skip
    told = json.loads((trained / "report.json").read_text())
    assert "photo" in json.dumps(told)


def test_a_run_is_another_one_where_an_image_is(tmp_path):
    """So that a sweep does not take one for the other; the table is the same."""
    draw_table(tmp_path, count=4)
    (tmp_path / "c.yaml").write_text(CONFIG)
    machine = Machine({}, "", {}, "cpu", 1)
    experiment = load_config(tmp_path / "c.yaml", [])
    before = identity_of(experiment, machine)
    assert identity_of(experiment, machine) == before
    draw(tmp_path / "photos" / "2 é.png", np.zeros((SIDE, SIDE, 3), np.uint8))
    assert identity_of(experiment, machine) != before


def test_a_config_is_written_for_a_table_of_images(home, dlrun):
    """A column whose values are files of images becomes one, and is seen by convolutions."""
    text = dlrun("init", "--data", home / "rows.csv", "-o", home / "drafted.yaml").err
    assert "'kind', is taken for the target" in text
    drafted = (home / "drafted.yaml").read_text()
    assert "photo: ignore" in drafted  # the names are relative to a folder that nobody has told
    rows = (home / "rows.csv").read_text().replace("\n", "\nphotos/").removesuffix("photos/")
    (home / "beside.csv").write_text(rows)
    dlrun("init", "--data", home / "beside.csv", "-o", home / "beside.yaml")
    drafted = (home / "beside.yaml").read_text()
    assert "photo: {type: image, size: [10, 10], resize: pad}  # 40 files" in drafted
    assert "Concatenate, inputs: [seen_1, input]" in drafted
    assert dlrun("validate", home / "beside.yaml").out.endswith("beside.yaml: valid\n")


def test_a_config_is_written_for_a_folder_of_images(dlrun, tmp_path):
    """It trains as it is; a folder has no target to choose."""
    draw_digits(tmp_path / "digits", most=120)
    dlrun("init", "--data", "digits", "-o", "digits.yaml")
    drafted = (tmp_path / "digits.yaml").read_text()
    assert "path: digits                                   # 120 files" in drafted
    assert "size: [8, 8]" in drafted
    dlrun("train", "digits.yaml", "--set", "training.epochs=1", "--quiet")
    told = dlrun("init", "--data", "digits", "--target", "x", code=2).err
    assert "folders name their classes" in told


def test_whoever_reads_a_run_of_others_is_told_of_its_images(
    trained, home, dlrun, tmp_path, monkeypatch
):
    """The folder beside the table, as the table itself."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))  # where another key is
    told = dlrun("evaluate", trained, code=4).err
    assert f"its config names {home / 'rows.csv'}, {home / 'photos'}" in told


@pytest.mark.slow
def test_resumed_and_streamed_runs_have_the_same_bits(trained, home, dlrun, monkeypatch):
    """Images that are flipped and turned by chance, in memory and on the disk."""
    few = ("--set", "exports=[]", "--set", "training.epochs=2")
    short = home / dlrun("train", home / "c.yaml", *few, "--runs-dir", home / "short").run
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", "0")
    dlrun("resume", short, "--epochs", "3")
    result = dlrun("train", home / "c.yaml", "--runs-dir", home / "streamed")
    whole = home / result.run
    hashes = [json.loads((run / "run.json").read_text())["final_weights"]
              for run in (trained, short, whole)]  # fmt: skip
    assert hashes[0] == hashes[1] == hashes[2]
    assert "streaming from the disk: rows.csv holds" in result.err
    dlrun("reproduce", trained)
