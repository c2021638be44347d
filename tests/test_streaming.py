"""Rows on the disk train to the same bits as rows in memory, and memory stays bounded."""

from __future__ import annotations

import json
import os
from pathlib import Path

import duckdb
import numpy as np
import pytest

from dlrun.data.streaming import LIMIT_VARIABLE
from tests.forked import HEAVY, run_program

ROWS = 203
RNG = np.random.default_rng(7)
X = RNG.normal(size=(ROWS, 4)) * [1, 10, 1000, 1e-3] + [0, 5, 1e6, 0]
NAMES = np.array(["ant", "bee", "cow"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 5)]
IMAGES = RNG.random((ROWS, 6, 6, 1)).astype("float32")

DENSE = [{"type": "Dense", "units": 8, "activation": "relu"}, {"type": "Dropout", "rate": 0.3}]
THREE = [*DENSE, {"type": "Dense", "units": 3, "activation": "softmax"}]
TWO = [*DENSE, {"type": "Dense", "units": 2}]
CONV = [
    {"type": "Conv2D", "filters": 4, "kernel_size": 3},
    {"type": "BatchNormalization"},
    {"type": "Flatten"},
    {"type": "Dense", "units": 3, "activation": "softmax"},
]
ARRAYS = {"x": X, "y": NAMES}
SPLIT = {"validation_split": 0.2, "test_split": 0.1}
STOP = {"type": "EarlyStopping", "monitor": "val_loss", "patience": 1, "restore_best_weights": True}


def table(names, *columns):
    """The text of a CSV; numbers are written in full."""
    rows = zip(*[column.tolist() for column in columns], strict=True)
    return "\n".join([names, *(",".join(map(str, row)) for row in rows)]) + "\n"


TEXT_CLASSES = table("a,b,c,d,kind", *X.T, NAMES)
WEIGHTED = table("a,b,c,d,w,kind", *X.T, np.abs(X[:, 0]), NAMES)
TWO_TARGETS = table("a,b,y1,y2", *X.T[:2], X[:, 0] + X[:, 1], X[:, 0] * 2)

CASES = {
    "text classes, scaled, weighted by class": (
        TEXT_CLASSES,
        {"scale": "standard", **SPLIT},
        {"training": {"class_weight": "balanced", "batch_size": 24}},
    ),
    "a column of weights": (
        WEIGHTED,
        {"scale": "minmax", "sample_weight": "w", **SPLIT},
        {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
    ),
    "a regression of two targets": (
        TWO_TARGETS,
        {"target": ["y1", "y2"], "validation_split": 0.2, "scale": "standard"},
        {"model": {"layers": TWO}, "loss": "mse", "metrics": ["mae"]},
    ),
    "rows in their order": (TEXT_CLASSES, {"scale": "standard"}, {"training": {"shuffle": False}}),
    "one batch": (TEXT_CLASSES, {"scale": "standard"}, {"training": {"batch_size": 500}}),
    "batches of one size": (
        TEXT_CLASSES,
        {"scale": "standard"},
        {"training": {"batch_size": 29}},
    ),
    "compiled by XLA": (
        TEXT_CLASSES,
        {"scale": "standard"},
        {"training": {"batch_size": 50, "jit_compile": True}},
    ),
    "a callback that ends the training": (
        TEXT_CLASSES,
        {"scale": "standard", **SPLIT},
        {
            "optimizer": {"type": "SGD", "learning_rate": 1.0},
            "training": {"callbacks": [STOP], "epochs": 6},
        },
    ),
    "images": ({"x": IMAGES, "y": NAMES}, SPLIT, {"model": {"layers": CONV}}),
    "column-major numbers": (
        {"x": np.asfortranarray(X), "y": np.searchsorted(["ant", "bee", "cow"], NAMES)},
        {"scale": "standard", **SPLIT},
        {},
    ),
    "test rows of their own": (
        {**ARRAYS, "x2": X[:50], "y2": NAMES[:50]},
        {"x_test": "x2", "y_test": "y2", "scale": "minmax"},
        {},
    ),
    "signs for hinge": (
        {"x": X, "y": np.where(X[:, 0] > 0, 1, -1)},
        {"scale": "standard", **SPLIT},
        {
            "model": {"layers": [{"type": "Dense", "units": 1}]},
            "loss": "hinge",
        },
    ),
    "one-hot rows": (
        {"x": X, "y": np.eye(3)[np.searchsorted(["ant", "bee", "cow"], NAMES)]},
        {"scale": "standard", "validation_split": 0.2},
        {},
    ),
}  # fmt: skip


SLOW = {
    "a callback that ends the training",
    "text classes, scaled, weighted by class",
    "a column of weights",
    "a regression of two targets",
    "batches of one size",
    "compiled by XLA",
    "column-major numbers",
    "one batch",
    "one-hot rows",
    "rows in their order",
    "signs for hinge",
    "test rows of their own",
}


def write_experiment(folder, data, dataset, changes):
    """Write the data and a config of them; the config's path."""
    if isinstance(data, str):
        (folder / "data.csv").write_text(data)
        dataset = {"type": "csv", "path": "data.csv", **dataset}
    elif isinstance(data, Path):
        dataset = {"type": "table", "path": data.name, "target": "kind", **dataset}
    else:
        save = np.savez_compressed if "y2" in data else np.savez
        save(folder / "data.npz", **data)
        dataset = {"type": "npz", "path": "data.npz", **dataset}
    config = {
        "dataset": dataset,
        "model": {"layers": THREE},
        "loss": "categorical_crossentropy",
        "optimizer": "adam",
        "metrics": ["accuracy"],
        **changes,
        "training": {"epochs": 3, "batch_size": 32, **changes.get("training", {})},
    }
    path = folder / "experiment.yaml"
    path.write_text(json.dumps(config))
    return path


def traces(run):
    """Everything of a run that its rows decide."""
    record = json.loads((run / "run.json").read_text())
    files = [run / "spec.json", run / "history.csv", run / "metrics.json"]
    return {
        "data": record["data"],
        "weights": record["final_weights"],
        **{file.name: file.read_text() for file in [*files, *run.glob("predictions/*")]},
    }


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in CASES]
)
def test_streamed_rows_give_the_same_bits(dlrun, tmp_path, monkeypatch, name):
    """Hashes, weights, history, metrics and predictions do not tell where the rows were."""
    monkeypatch.setattr("dlrun.arrays.BLOCK_BYTES", 1500)
    monkeypatch.setattr("dlrun.data.streams.ENTRIES_PER_CHUNK", 200)
    path = write_experiment(tmp_path, *CASES[name])
    results = []
    for limit in ("1000", "0"):
        monkeypatch.setenv(LIMIT_VARIABLE, limit)
        done = dlrun("train", path)
        results.append(traces(done.run))
        assert ("streaming from the disk: data." in done.err) == (limit == "0")
    in_memory, streamed = results
    assert streamed == in_memory


@pytest.mark.slow
def test_a_streamed_run_is_evaluated_again(dlrun, tmp_path, monkeypatch):
    """`evaluate` streams too, finds the same rows, and measures the same numbers."""
    path = write_experiment(tmp_path, *CASES["text classes, scaled, weighted by class"])
    run = dlrun("train", path).run
    results = []
    for limit in ("1000", "0"):
        monkeypatch.setenv(LIMIT_VARIABLE, limit)
        done = dlrun("evaluate", run, "--split", "train", "--json")
        assert "warning" not in done.err
        results.append(json.loads(done.out))
    assert results[0] == results[1]


def test_a_limit_that_is_no_number_is_an_error(dlrun, tmp_path, monkeypatch):
    """The message names the variable."""
    monkeypatch.setenv(LIMIT_VARIABLE, "much")
    path = write_experiment(tmp_path, *CASES["rows in their order"])
    assert (
        "DLRUN_STREAM_ABOVE_MB: 'much' is not a size.\n"
        "  Give a number of megabytes, such as 4000; 0 streams every CSV and npz file."
    ) in dlrun("train", path, code=2).err


PEAK = (
    "import sys; from pathlib import Path; from dlrun.cli import main; code = main(sys.argv[1:]); "
    "print(code, Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
)
"""Not `ru_maxrss`, which begins with the memory of the process that started this one."""


def peak_megabytes(folder, rows, columns, kind, batch_size=256):
    """Train on so many rows in a process of its own; the most memory that it held."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    if kind == "npz":
        x = rng.random((rows, columns), dtype=np.float32)
        data = {"x": x, "y": rng.integers(0, 3, rows)}
    elif kind == "parquet":
        cells = ", ".join(f"random()::FLOAT AS x{number}" for number in range(columns))
        source = f"SELECT {cells}, ['ant', 'bee', 'cow'][1 + range % 3] AS kind FROM range({rows})"  # noqa: S608
        duckdb.sql(f"COPY ({source}) TO '{folder}/data.parquet'")
        data = folder / "data.parquet"
    else:
        cells = rng.random((1000, columns)).round(6)
        labels = np.array(["ant", "bee", "cow"])[rng.integers(0, 3, 1000)]
        header = ",".join([*(f"x{number}" for number in range(columns)), "kind"])
        some = table(header, *cells.T, labels).partition("\n")[2]
        data = f"{header}\n" + some * (rows // 1000)
    training = {"training": {"epochs": 1, "batch_size": batch_size}, "exports": []}
    path = write_experiment(folder, data, {"scale": "standard", **SPLIT}, training)
    words = ("train", path, "--runs-dir", folder / "runs")
    done = run_program(PEAK, *words, env={**os.environ, LIMIT_VARIABLE: "0"}, imported=HEAVY)
    assert done.returncode == 0, done.stderr
    code, kilobytes = done.stdout.split()[-2:]
    assert code == "0", done.stderr
    return int(kilobytes) / 1024


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "columns"),
    [("npz", 200), ("csv", 200), ("npz", 10), ("parquet", 10)],
)
def test_memory_is_bounded(tmp_path, kind, columns):
    """200 MB take less than 100 MB, and 40 bytes for each row, more than hardly any rows do."""
    rows = 200_000_000 // columns // (4 if kind == "npz" else 9)
    small = peak_megabytes(tmp_path / "small", 2000, columns, kind)
    large = peak_megabytes(tmp_path / "large", rows, columns, kind)
    assert large - small < 100 + 40 * rows / 2**20


@pytest.mark.slow
def test_a_row_of_a_streamed_table_costs_few_bytes(tmp_path):
    """Its number and its class, 4 bytes each; a column at a time, 8; an order that is sorted, 24.

    The columns of a row take 192.
    """
    few, many = 150_000, 1_500_000
    small = peak_megabytes(tmp_path / "few", few, 24, "parquet", batch_size=8192)
    large = peak_megabytes(tmp_path / "many", many, 24, "parquet", batch_size=8192)
    assert (large - small) * 2**20 < 60 * (many - few)
