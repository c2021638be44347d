"""`import dlrun`: the workflows of the command line, in somebody else's process."""

from __future__ import annotations

import csv
import json
import logging
import os
import random
import sys

import numpy as np
import pytest

import dlrun
from dlrun.backend import keras, tf
from dlrun.rundir.folder import open_run
from tests.conftest import CONFIGS
from tests.forked import HEAVY, run_program

IRIS = CONFIGS / "iris.yaml"
BRIEF = {"training.epochs": 3}
FLOWERS = {
    "petal_width_cm": [0.2, 1.9, 1.3],
    "sepal_length_cm": [5.1, 6.0, 5.5],
    "sepal_width_cm": [3.5, 3.0, 2.5],
    "petal_length_cm": [1.4, 5.1, 4.0],
}
MOONS = """\
dataset: {type: moons, samples: 60}
model: {layers: [{type: Dense, units: 4, activation: tanh}, {type: Dropout, rate: 0.3},
                 {type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: adam
training: {epochs: 2}
"""


@pytest.fixture(scope="module")
def iris(tmp_path_factory):
    """A run over a table, trained from Python."""
    return dlrun.train(IRIS, set=BRIEF, runs_dir=tmp_path_factory.mktemp("api"))


def bits_of(path):
    """What two equal runs share: the hashes of all weights, and the history to the last digit."""
    run = open_run(str(path), path.parent)
    hashes = {key: run.record[key] for key in ("data", "initial_weights", "final_weights")}
    return hashes, (path / "history.csv").read_bytes()


def test_import_costs_nothing(tmp_path):
    """Neither the import, nor a list of runs, nor the check of a config, loads what computes."""
    program = (
        "import sys, dlrun; dlrun.train, dlrun.Run; dlrun.runs(runs_dir='none'); "
        "dlrun.validate({'dataset': 'moons', 'model': {'layers': [{'type': 'Dense', 'units': 1}]}, "
        "'loss': 'mse', 'optimizer': 'sgd'}); "
        "print({'numpy', 'tensorflow', 'keras', 'pandas', 'IPython'} & {*sys.modules})"
    )
    done = run_program(program, cwd=tmp_path)
    assert done.stdout.strip() == "set()", done.stderr


def test_what_does_not_exist_is_an_attribute_error():
    """As of any module; and what exists is listed."""
    assert {*dlrun.__all__} <= {*dir(dlrun)}
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = dlrun.trian


def test_a_process_that_has_done_much_gives_the_bits_of_one_that_has_done_nothing(tmp_path):
    """Twice in a process with seeds, names and settings of its own, as `dlrun train` alone."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    program = "import sys; from dlrun.cli.main import main; sys.exit(main(sys.argv[1:]))"
    words = ("train", "moons.yaml", "--quiet", "--no-report", "--seed", "4", "--name", "experiment")
    alone = run_program(program, *words, cwd=tmp_path, imported=HEAVY)
    expected = bits_of(tmp_path / alone.stdout.strip())
    keras.layers.Dense(3)
    random.seed(1)
    for _ in range(2):
        run = dlrun.train(MOONS, seed=4, runs_dir=tmp_path / "mine")
        assert bits_of(run.path) == expected
        tf.random.uniform([5])


def test_the_settings_of_a_process_survive_a_training(tmp_path):
    """What it draws next is what it would have drawn; Keras is set as it was, inside and after."""

    def draws():
        return (
            random.random(),  # noqa: S311
            np.random.uniform(),  # noqa: NPY002
            tf.random.uniform([]).numpy().item(),
            keras.random.uniform([]).numpy().item(),
            keras.layers.Dense(1).name,
            keras.layers.Dense(1).dtype_policy.name,
            keras.config.floatx(),
        )

    def begin():
        keras.utils.clear_session()
        keras.utils.set_random_seed(3)
        keras.config.set_floatx("float64")
        keras.config.set_dtype_policy("mixed_bfloat16")

    try:
        begin()
        draws()
        expected = draws()
        begin()
        draws()
        run = dlrun.train(MOONS, runs_dir=tmp_path)
        assert draws() == expected
        assert run.model.dtype_policy.name == "float32"
        assert draws()[-1] == "float64"
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")


def test_a_config_may_be_a_path_a_text_or_a_mapping(tmp_path):
    """They say the same; NumPy's numbers and paths are values."""
    path = tmp_path / "experiment.yaml"
    path.write_text(MOONS)
    layers = [
        {"type": "Dense", "units": np.int64(4), "activation": "tanh"},
        {"type": "Dropout", "rate": np.float64(0.3)},
        {"type": "Dense", "units": 1, "activation": "sigmoid"},
    ]
    mapping = {
        "dataset": {"type": "moons", "samples": 60},
        "model": {"layers": layers},
        "loss": "binary_crossentropy",
        "optimizer": "adam",
        "training": {"epochs": 2},
    }
    expected = dlrun.validate(path)
    assert dlrun.validate(str(path)) == dlrun.validate(MOONS) == dlrun.validate(mapping) == expected
    assert dlrun.validate(MOONS, set={"training.epochs": 7})["training"]["epochs"] == 7


def test_all_problems_of_a_config_are_told(tmp_path):
    """With the dotted path, and the setting that is wrong; nothing is left behind."""
    wrong = MOONS.replace("Dropout", "Dropuot")
    with pytest.raises(dlrun.DlrunError) as told:
        dlrun.train(wrong, set={"training.epochs": "many"}, runs_dir=tmp_path)
    text = str(told.value)
    assert "config:2:" in text
    assert "Did you mean 'Dropout'?" in text
    assert "set['training.epochs']: training.epochs: Expected an integer" in text
    assert len(told.value.problems) == 2
    for value in (object(), float("nan"), {1, 2}):
        with pytest.raises(dlrun.DlrunError, match=r"set\['seed'\]: a config cannot hold"):
            dlrun.validate(MOONS, set={"seed": value})
    with pytest.raises(dlrun.DlrunError, match="a path, a text of YAML or a mapping, got int"):
        dlrun.validate(3)
    assert list(tmp_path.iterdir()) == []


def test_a_run_says_what_its_folder_holds(iris):
    """The same as its files."""
    stored = json.loads((iris.path / "metrics.json").read_text())
    assert iris.metrics["test"]["accuracy"] == stored["test"]["accuracy"]
    with (iris.path / "history.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert iris.history["loss"] == losses
    assert iris.history.rows == 3
    assert iris.status == "finished"
    assert iris.notes.labels == ()
    assert iris.config["training"]["epochs"] == 3
    assert iris.spec.class_names == ("setosa", "versicolor", "virginica")
    assert dlrun.open("latest", runs_dir=iris.path.parent) == iris


def test_rows_are_predicted_in_every_form(iris, tmp_path, dlrun):
    """A mapping of columns, mappings of rows, an array, a path: as `dlrun predict` has it."""
    names = list(FLOWERS)
    path = tmp_path / "flowers.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([names, *zip(*FLOWERS.values(), strict=True)])
    printed = dlrun("predict", iris.path, path, "-o", "-", "--quiet").out
    expected = [row["predicted"] for row in csv.DictReader(printed.splitlines())]
    shares = [float(row["probability_setosa"]) for row in csv.DictReader(printed.splitlines())]
    columns = ["sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"]
    array = np.array([FLOWERS[name] for name in columns]).T
    rows = [dict(zip(names, cells, strict=True)) for cells in zip(*FLOWERS.values(), strict=True)]
    for given in (FLOWERS, rows, array, path, str(path)):
        table = iris.predict(given)
        assert table["predicted"] == expected
        assert np.float32(table["probability_setosa"]).tolist() == np.float32(shares).tolist()
    kept = iris.predict({**FLOWERS, "id": ["a", None, "<b>"]}, keep=["id"])
    assert kept["id"] == ["a", None, "<b>"]
    assert "&lt;b&gt;" in kept._repr_html_()


def test_numbers_of_python_are_read_as_python_writes_them(tmp_path):
    """A run over a table with decimal commas takes 1.5 for one and a half all the same."""
    (tmp_path / "rows.csv").write_text(
        "x;y\n" + "".join(f"{n}.000,5;{'a' if n > 9 else 'b'}\n" for n in range(1, 20))
    )
    config = {
        "dataset": {"type": "table", "path": tmp_path / "rows.csv", "target": "y",
                    "decimal": ",", "thousands": ".", "scale": "standard"},
        "model": {"layers": [{"type": "Dense", "units": 2, "activation": "softmax"}]},
        "loss": "categorical_crossentropy",
        "optimizer": "adam",
        "training": {"epochs": 1},
    }  # fmt: skip
    run = dlrun.train(config, runs_dir=tmp_path / "runs")
    (tmp_path / "same.csv").write_text("x;z\n1,5;a\n2500;b\n")
    by_file = run.predict(tmp_path / "same.csv")
    assert run.predict({"x": [1.5, 2500]}) == by_file
    assert run.predict(np.array([[1.5], [2500]])) == by_file
    measured = run.evaluate({"x": [1.5, 12000.5], "y": ["b", "a"]})
    assert measured.stored is None
    assert measured.metrics["loss"] > 0


def test_rows_that_do_not_fit_are_told_by_what_they_are(iris):
    """No message names a file that nobody has written."""
    cases = {
        "missing columns 'sepal_length_cm'": {"a": [1]},
        "the columns have different lengths": {"a": [1, 2], "b": [1]},
        "there are no rows": {"a": []},
        "row 1 of the column 'a' is infinite": {"a": [1, float("inf")]},
        "row 0 of the column 'a' is of the type list": {"a": [[1]]},
        "received object": object(),
    }
    for words, rows in cases.items():
        with pytest.raises(dlrun.DlrunError, match=f"rows: .*{words}|rows: {words}") as told:
            iris.predict(rows)
        assert "dlrun-" not in str(told.value)
    with pytest.raises(dlrun.DlrunError, match="shape"):
        iris.predict(np.zeros((2, 3)))
    with pytest.raises(dlrun.DlrunError, match="only one of them"):
        iris.evaluate(FLOWERS, split="test")


def test_a_run_measures_and_explains(iris):
    """A split gives what training measured; a row the answer that is predicted for it."""
    found = iris.evaluate(split="test")
    assert found.metrics == iris.metrics["test"]
    assert found.stored == iris.path / "metrics.json"
    row = {name: cells[1] for name, cells in FLOWERS.items()}
    explained = iris.explain(row)
    table = iris.predict(FLOWERS)
    assert explained.predicted == table["predicted"][1]
    shares = [table[f"probability_{name}"][1] for name in iris.spec.class_names]
    np.testing.assert_allclose(explained.output, shares, atol=1e-6)
    assert "row 0 of rows" in str(explained)
    assert "TensorFlow agrees" in explained._repr_html_()
    assert explained.to_dict()["tensorflow"]["agrees"]
    assert iris.explain(2, split="train").predicted in iris.spec.class_names


def test_the_model_takes_what_the_data_hold(iris):
    """It is Keras's, and agrees with `predict`."""
    columns = ["sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"]
    array = np.array([FLOWERS[name] for name in columns]).T
    given = iris.model.predict(array, verbose=0)
    table = iris.predict(array)
    np.testing.assert_allclose(given[:, 0], table["probability_setosa"], atol=1e-6)


@pytest.mark.slow
def test_a_longer_run_is_read_anew(tmp_path):
    """`resume` goes on, and the same object tells of it: to the bits of a run of that length."""
    run = dlrun.train(MOONS, runs_dir=tmp_path)
    assert run.history.rows == 2
    assert run.resume(epochs=4) == run
    assert run.history.rows == 4
    whole = dlrun.train(MOONS, set={"training.epochs": 4}, runs_dir=tmp_path)
    assert bits_of(whole.path)[0] == bits_of(run.path)[0]
    rows = dlrun.runs(runs_dir=tmp_path, where="training.epochs=4", columns=["training.epochs"])
    assert [row["training.epochs"] for row in rows] == [4, 4]
    assert {row["run"] for row in rows} == {str(run.path), str(whole.path)}
    assert rows[0]["train.loss"] == whole.metrics["train"]["loss"]
    with pytest.raises(dlrun.DlrunError, match="Did you mean"):
        dlrun.runs(runs_dir=tmp_path, where="trainin.epochs=4")


def test_html_of_a_run_and_of_runs_is_theirs_alone(tmp_path, iris):
    """What a name or a note holds is text, never HTML."""
    from dlrun.rundir.notes import add_labels

    run = dlrun.train(MOONS, name="<script>", set={"training.epochs": 1}, runs_dir=tmp_path)
    add_labels(run.path, ["<b>bold</b>"])
    for shown in (run._repr_html_(), dlrun.runs(runs_dir=tmp_path)._repr_html_()):
        assert "<script>" not in shown
        assert "<b>" not in shown
        assert "&lt;b&gt;bold" in shown
    assert f"{iris.metrics['test']['loss']:.4f}" in iris._repr_html_()


def test_a_script_hears_by_logging_and_warnings(tmp_path, caplog):
    """A warning names the line that has called; what is told is logged."""
    rare = MOONS.replace("moons, samples: 60", "moons, samples: 60, noise: 0.1")
    rare = rare.replace("binary_crossentropy", "mean_squared_error")
    caplog.set_level(logging.INFO, "dlrun")
    with pytest.warns(dlrun.DlrunWarning, match="loss") as told:
        dlrun.train(rare, runs_dir=tmp_path)
    assert told[0].filename == __file__
    assert any(line.startswith("run folder: ") for line in caplog.messages)


def test_a_sweep_is_refused_before_a_process_is_started(tmp_path, monkeypatch):
    """Its problems are those of a `ConfigError`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moons.yaml").write_text(MOONS)
    with pytest.raises(dlrun.DlrunError, match=r"seeed") as told:
        dlrun.sweep({"base": "moons.yaml", "name": "s", "grid": {"seeed": [0, 1]}})
    assert told.value.problems


@pytest.mark.slow
def test_a_sweep_is_trained_in_processes_of_its_own(tmp_path, monkeypatch):
    """Its runs have the bits of those that are trained here."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moons.yaml").write_text(MOONS)
    asked = {"base": "moons.yaml", "name": "seeds", "grid": {"seed": [3, 4]}}
    found = dlrun.sweep(asked, workers=1)
    assert [row["status"] for row in found.results] == ["finished", "finished"]
    losses = [row["train.loss"] for row in found.results]
    assert losses == sorted(losses)
    assert found.best.metrics["train"]["loss"] == losses[0]
    assert str(found.best.path) == found.results[0]["run"]


def test_pandas_takes_and_gives_rows(iris):
    """Where it is installed: frames in, frames out."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(FLOWERS).assign(day=pandas.Timestamp("2026-01-02"), gap=pandas.NA)
    predicted = pandas.DataFrame(iris.predict(frame, keep=["day", "gap"]))
    assert list(predicted["predicted"]) == iris.predict(FLOWERS)["predicted"]
    assert predicted["day"][0].startswith("2026-01-02")
    assert predicted["gap"].isna().all()
    rows = pandas.DataFrame(dlrun.runs(runs_dir=iris.path.parent))
    assert rows["status"].tolist() == ["finished"]
    assert len(pandas.DataFrame(iris.history)) == 3


@pytest.mark.slow
def test_a_notebook_shows_progress_and_a_run(tmp_path):
    """Executed by nbclient: a line that changes, a table, and an error of one line."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    cells = [
        f"import dlrun\nrun = dlrun.train({MOONS!r}, set={{'training.epochs': 5}})",
        "run",
        "run.predict([[0.1, 0.2], [1.5, -0.4]])",
        "dlrun.runs()",
    ]
    v4 = nbformat.v4
    book = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    kernel = {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
              "display_name": "this", "language": "python"}  # fmt: skip
    place = tmp_path / "jupyter" / "kernels" / "this"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps(kernel))
    before = dict(os.environ)
    os.environ["JUPYTER_PATH"] = str(tmp_path / "jupyter")
    try:
        client = nbclient.NotebookClient(
            book, timeout=300, kernel_name="this", resources={"metadata": {"path": str(tmp_path)}}
        )
        client.execute()
    finally:
        os.environ.clear()
        os.environ.update(before)
    shown = [
        "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)
        for cell in book.cells
    ]
    assert "epoch 5/5" in shown[0]
    assert "loss" in shown[1]
    assert "<h3>experiment" in shown[1]
    assert "probability_0" in shown[2]
    assert "finished" in shown[3]
