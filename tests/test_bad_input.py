"""Whatever is wrong, the user reads a sentence and gets an exit code; nothing is lost."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dlrun.cli import main
from dlrun.errors import DlrunError
from dlrun.rundir.folder import Run
from tests.forked import COMMAND, HEAVY, run_program
from tests.marking import first

TABLE = "a,b,kind\n" + "".join(f"{i},{i % 7},{'big' if i > 20 else 'small'}\n" for i in range(40))


def config(path="table.csv", layers=None, **changes):
    """A config over a table, as JSON, which is YAML."""
    values = {
        "dataset": {"type": "csv", "path": str(path)},
        "model": {"layers": layers or [{"type": "Dense", "units": 2, "activation": "softmax"}]},
        "loss": "sparse_categorical_crossentropy",
        "optimizer": "SGD",
        "metrics": ["accuracy"],
        "training": {"epochs": 2},
    }
    return json.dumps(values | changes)


@pytest.fixture
def table(tmp_path):
    """A good table and a good config over it."""
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "good.yaml").write_text(config())
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train the good config once."""
    folder = tmp_path_factory.mktemp("good")
    (folder / "table.csv").write_text(TABLE)
    (folder / "good.yaml").write_text(config())
    words = ("train", folder / "good.yaml", "--runs-dir", folder / "runs", "--no-report")
    assert main([str(word) for word in words]) == 0
    (run,) = (folder / "runs").iterdir()
    return run


@pytest.fixture
def finished(trained, table, dlrun):  # noqa: ARG001 - it enters the folder of the test
    """Give a copy of a finished run beside its table, to be changed."""
    return shutil.copytree(trained, Path("runs", trained.name))


TABLES = {
    "empty": ("", "table.csv: the file is empty."),
    "header only": ("a,b,kind\n", "the file has a header but no rows."),
    "ragged row": ("a,b,kind\n1,2,x\n1,2\n", "table.csv:3: "),
    "bad cell": ("a,b,kind\n1,2,x\n1,abc,y\n", "table.csv:3: column 'b': 'abc' is not a number"),
    "nan": ("a,b,kind\n1,2,x\nnan,3,y\n", "table.csv:3: column 'a': 'nan'"),
    "one class": ("a,b,kind\n1,2,x\n3,4,x\n", "all 2 training rows have the class 'x'"),
    "one row": ("a,b,kind\n1,2,x\n", "the only training row has the class 'x'"),
    "not utf-8": (b"a,b,kind\n1,2,\xff\n", "UTF-8"),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_bad_table_is_told_with_its_place(case, dlrun, tmp_path):
    """Exit code 3, and no TensorFlow needed to say so."""
    content, message = TABLES[case]
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "table.csv").write_bytes(data)
    (tmp_path / "config.yaml").write_text(config())
    assert message in dlrun("train", "config.yaml", code=3).err


def test_a_missing_file_a_directory_and_a_missing_config(dlrun, tmp_path):
    """Each is named, with what it is."""
    (tmp_path / "config.yaml").write_text(config())
    assert "table.csv" in dlrun("train", "config.yaml", code=3).err
    (tmp_path / "table.csv").mkdir()
    assert "is a directory" in dlrun("train", "config.yaml", code=3).err
    assert "nowhere.yaml" in dlrun("train", "nowhere.yaml", code=2).err
    assert "This is a folder." in dlrun("train", tmp_path, code=2).err


LEAVES_NOTHING = {
    "data": (config(), (), 3),
    "config": (
        config(
            dataset={"type": "moons"},
            layers=[
                {"type": "Conv2D", "filters": 2, "kernel_size": 3},
                {"type": "Dense", "units": 1},
            ],
        ),
        (),
        2,
    ),
    "last layer": (config(dataset={"type": "digits"}), (), 2),
    "device": (config(dataset={"type": "moons"}), ("--device", "gpu:7"), 2),
}


@pytest.mark.parametrize("case", LEAVES_NOTHING)
def test_what_was_never_trained_leaves_no_folder(case, dlrun, tmp_path):
    """Nor is a folder named that is not there."""
    text, words, code = LEAVES_NOTHING[case]
    (tmp_path / "config.yaml").write_text(text)
    told = dlrun("train", "config.yaml", *words, code=code).err
    assert list(tmp_path.glob("runs/*")) == []
    assert "run folder" not in told


def test_a_run_whose_disk_fails_says_so_in_its_folder(dlrun, tmp_path, monkeypatch):
    """`run.json` is closed whatever happens: the config was right, and the run can go on."""
    write_json = Run.write_json

    def failing(folder, name, value):
        if name == "spec.json":
            raise DlrunError("cannot be written: no space left on device.", where=name)
        write_json(folder, name, value)

    (tmp_path / "config.yaml").write_text(config(dataset={"type": "moons"}))
    with monkeypatch.context() as patch:
        patch.setattr(Run, "write_json", failing)
        told = dlrun("train", "config.yaml", code=1).err
    (run,) = (tmp_path / "runs").iterdir()
    assert f"run folder: runs/{run.name}" in told
    record = json.loads((run / "run.json").read_text())
    assert (record["status"], record["exit_code"]) == ("failed", 1)
    assert "spec.json: cannot be written" in record["reason"]
    dlrun("resume", run)


def test_layers_that_do_not_fit_are_named(dlrun, table):
    """With the line of the config, the layer, and the shape that came in."""
    layers = [
        {"type": "Dense", "units": 4},
        {"type": "Conv2D", "filters": 2, "kernel_size": 3},
        {"type": "Dense", "units": 2, "activation": "softmax"},
    ]
    (table / "bad.yaml").write_text(config(layers=layers))
    told = dlrun("train", "bad.yaml", code=2).err
    assert "bad.yaml:1:" in told
    assert "model.layers[1]" in told
    assert "Conv2D" in told


def test_dense_after_images_without_flatten_is_told(dlrun, tmp_path):
    """Legal in Keras, but the labels are one class a row."""
    layers = [{"type": "Dense", "units": 10, "activation": "softmax"}]
    (tmp_path / "bad.yaml").write_text(config(layers=layers, dataset={"type": "digits"}))
    told = dlrun("train", "bad.yaml", code=2).err
    assert "array of shape (8, 8, 10)" in told
    assert "Flatten" in told


def test_a_last_layer_of_the_wrong_size_is_told(dlrun, table):
    """Three units for two classes."""
    layers = [{"type": "Dense", "units": 3, "activation": "softmax"}]
    (table / "bad.yaml").write_text(config(layers=layers))
    told = dlrun("train", "bad.yaml", code=2).err
    assert "gives 3 numbers for each row, but the data has 2 classes (big, small)" in told


@pytest.mark.usefixtures("table")
def test_a_batch_larger_than_the_data_trains(dlrun):
    """As in Keras: the whole data is the batch."""
    dlrun("train", "good.yaml", "--set", "training.batch_size=1000")


def test_a_loss_that_goes_nan_stops_the_run(dlrun, table):
    """Exit code 5, the epoch named, finite weights kept."""
    import numpy as np
    from safetensors.numpy import load_file

    told = dlrun(
        "train",
        "good.yaml",
        *("--set", "optimizer={type: SGD, learning_rate: 1e38}"),
        *("--set", "training.epochs=50"),
        code=5,
    ).err
    assert "The loss became NaN or infinite in epoch " in told
    assert "Try a smaller learning rate" in told
    (run,) = (table / "runs").iterdir()
    assert f"run folder: runs/{run.name}" in told
    assert json.loads((run / "run.json").read_text())["status"] == "failed"
    weights = load_file(run / "weights.safetensors")
    assert all(np.isfinite(weight).all() for weight in weights.values())


def test_a_column_that_is_missing_at_predict_is_named(dlrun, table, finished):
    """And columns that are not needed are only mentioned."""
    run = finished
    (table / "new.csv").write_text("b,c\n1,2\n")
    told = dlrun("predict", run, "new.csv", code=3).err
    assert "missing column 'a'" in told
    (table / "new.csv").write_text("c,b,a\n1,2,3\n")
    assert "columns not used: c" in dlrun("predict", run, "new.csv").err
    (table / "new.csv").write_text("3,2\n4,5\n")
    assert len(dlrun("predict", run, "new.csv", "-o", "-").out.splitlines()) == 3


def test_a_class_never_seen_is_named_at_evaluate(dlrun, table, finished):
    """With its line."""
    (table / "new.csv").write_text("a,b,kind\n1,2,small\n3,4,huge\n")
    told = dlrun("evaluate", finished, "--data", "new.csv", code=3).err
    assert "new.csv:3" in told
    assert "'huge'" in told


def test_a_split_without_rows_is_told(dlrun, finished):
    """The run has only training rows."""
    assert "has no test rows" in dlrun("evaluate", finished, "--split", "test", code=3).err


@pytest.mark.usefixtures("table")
def test_an_unwritable_runs_folder_is_told(dlrun):
    """Here: a file in its place."""
    told = dlrun("train", "good.yaml", "--runs-dir", "table.csv", code=1).err
    assert "table.csv" in told


@pytest.mark.parametrize("name", ["config.yaml", "run.json", "spec.json", "weights.safetensors"])
def test_a_damaged_run_folder_is_exit_code_4(name, dlrun, finished):
    """Missing, cut short or garbage: the file is named."""
    run = finished
    whole = (run / name).read_bytes()
    for damage in (whole[: len(whole) // 3], b"\x00garbage"):
        (run / name).write_bytes(damage)
        assert name in dlrun("predict", run, "table.csv", code=4).err
    (run / name).unlink()
    assert name in dlrun("predict", run, "table.csv", code=4).err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), first(1, [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
)
def test_a_signal_saves_what_was_trained(number, code, table):
    """Status `interrupted`, weights and history on disk, the exit code of the signal."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "dlrun", "train", "good.yaml", "--no-report"),
            *("--set", "training.epochs=100000000"),
        ],
        cwd=table,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = iter(process.stderr.readline, "")
    assert any("epoch" in line for line in lines)
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, err
    assert out == ""
    (run,) = (table / "runs").iterdir()
    record = json.loads((run / "run.json").read_text())
    assert (record["status"], record["exit_code"]) == ("interrupted", code)
    assert (run / "weights.safetensors").is_file()
    assert len((run / "history.csv").read_text().splitlines()) > 10


@pytest.mark.slow
def test_two_runs_of_one_second_do_not_meet(dlrun, table):
    """Two processes started together; two folders, both finished."""
    start = functools.partial(run_program, COMMAND, cwd=table, imported=HEAVY)
    words = ("train", "good.yaml", "--quiet", "--no-report")
    with ThreadPoolExecutor() as pool:
        processes = [pool.submit(start, *words) for _ in range(2)]
    ended = [process.result() for process in processes]
    assert [one.returncode for one in ended] == [0, 0]
    assert len({one.stdout for one in ended}) == 2
    listed = json.loads(dlrun("runs", "--json").out)
    assert [row["status"] for row in listed] == ["finished", "finished"]


def test_nothing_to_train_and_nothing_to_measure_is_legal(dlrun, table):
    """`epochs: 0`, no loss, no metrics: the weights are saved, the rows predicted."""
    (table / "bare.yaml").write_text(
        config(loss=None, optimizer=None, metrics=[], training={"epochs": 0})
    )
    run = dlrun("train", "bare.yaml").run
    assert (run / "weights.safetensors").is_file()
    assert dlrun("evaluate", run).code == 0


def test_a_metric_of_many_values_has_many_columns(dlrun, table):
    """F1Score sizes itself by its first rows, in training and when a run is opened again."""
    (table / "f1.yaml").write_text(config(loss="categorical_crossentropy", metrics=["F1Score"]))
    run = dlrun("train", "f1.yaml").run
    assert (run / "history.csv").read_text().startswith("epoch,loss,f1_score_0,f1_score_1\n")
    metrics = json.loads((run / "metrics.json").read_text())["train"]
    evaluated = json.loads(dlrun("evaluate", run, "--json").out)["metrics"]
    told_otherwise = {"classification", "baseline"}
    assert evaluated == {key: metrics[key] for key in metrics.keys() - told_otherwise}


def test_a_column_of_words_lacks_no_values(tmp_path, dlrun):
    """Where most cells are odd, to take them for missing would leave nothing of the column."""
    rows = [f"{n},{'male' if n % 2 else 'female'},{n % 2}" for n in range(20)]
    (tmp_path / "t.csv").write_text("\n".join(["age,sex,y", *rows]) + "\n")
    (tmp_path / "c.yaml").write_text(
        "dataset: {type: table, path: t.csv, target: y, columns: {sex: number}}\n"
        "model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}\n"
        "loss: binary_crossentropy\noptimizer: adam\n"
    )
    told = dlrun("train", "c.yaml", code=3).err
    assert told.endswith(
        "  Mend the cells; or say that the column holds classes, `columns: {sex: category}`; or "
        "leave the column out, `columns: {sex: ignore}`.\n"
    )
    rows = [f"{n},{'male' if n == 3 else n % 3},{n % 2}" for n in range(20)]
    (tmp_path / "t.csv").write_text("\n".join(["age,sex,y", *rows]) + "\n")
    assert "`missing_values: ['male']`" in dlrun("train", "c.yaml", code=3).err


def test_numbers_with_decimal_commas(tmp_path, dlrun):
    """The way out is to say how they are written, and not that they are categories."""
    rows = [f"{n * 7 % 31},{n};{n},{n + 1};{'uv'[n % 2]}" for n in range(80)]
    (tmp_path / "t.csv").write_text("\n".join(["a;b;y", *rows]) + "\n")
    (tmp_path / "c.yaml").write_text(
        "dataset: {type: table, path: t.csv, target: y}\n"
        "model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}\n"
        "loss: binary_crossentropy\noptimizer: adam\ntraining: {epochs: 0}\n"
    )
    for command in ("validate", "train"):
        err = dlrun(command, "c.yaml", code=3).err
        assert err.rstrip().endswith('Say how its numbers are written: `decimal: ","`.')
    assert dlrun("train", "c.yaml", "-q", "--set", "dataset.decimal=,", "--no-report").code == 0


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_columns_that_another_mark_separates(mark, tmp_path, dlrun):
    rows = [f"{n}|{n % 3}|{'uv'[n % 2]}" for n in range(30)]
    (tmp_path / "t.csv").write_text("\n".join(["a|b|y", *rows]).replace("|", mark) + "\n")
    (tmp_path / "c.yaml").write_text(
        "dataset: {type: table, path: t.csv, target: y, delimiter: ','}\n"
        "model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}\n"
        "loss: binary_crossentropy\noptimizer: adam\n"
    )
    written = json.dumps(mark)
    for command in ("validate", "train"):
        assert f"Say what separates the columns: `delimiter: {written}`." in (
            dlrun(command, "c.yaml", code=2).err
        )


def test_a_path_from_the_folder_that_one_is_in(tmp_path, dlrun):
    """It is relative to the folder of its config, which is said where the file lies here."""
    (tmp_path / "data").mkdir()
    (tmp_path / "configs").mkdir()
    (tmp_path / "data" / "t.csv").write_text("a,y\n1,2\n2,3\n")
    (tmp_path / "configs" / "c.yaml").write_text(
        "dataset: {type: table, path: data/t.csv, target: y}\n"
        "model: {layers: [{type: Dense, units: 1}]}\nloss: mse\noptimizer: sgd\n"
    )
    for command in ("validate", "train"):
        err = " ".join(dlrun(command, "configs/c.yaml", code=3).err.split())
        assert (
            "configs/data/t.csv: there is no such file. A path in a config is relative to the "
            in err
        )
        assert (
            "folder of the config; 'data/t.csv' lies in the folder that you are in: write "
            "'../data/t.csv'."
        ) in err
