"""What is too large is told before it is read, drawn or built, with its size and what is free."""

from __future__ import annotations

import json

import pytest

from tests.folders import change
from tests.sparse import write_sparse

LARGE = {"type": "Dense", "units": 400_000_000}
LAST = {"type": "Dense", "units": 1, "activation": "sigmoid"}
LARGE_MODEL = (
    "model.layers[0]: The model has 1,600,000,001 parameters, which take at least 6.4 GB"
    " of memory, and 1.0 GB are free. Make Dense smaller: it has kernel (2, 400000000),"
    " bias (400000000,)."
)


@pytest.fixture
def gigabyte(monkeypatch):
    """One gigabyte is free, whatever this machine has."""
    monkeypatch.setattr("dlrun.memory.free_memory", lambda: 10**9)


def config(dataset, *layers, epochs=0):
    """A config as JSON, which is YAML."""
    return json.dumps(
        {
            "dataset": dataset,
            "model": {"layers": list(layers)},
            "loss": "binary_crossentropy",
            "optimizer": "SGD",
            "training": {"epochs": epochs},
        }
    )


@pytest.mark.usefixtures("gigabyte")
def test_a_model_that_does_not_fit_is_told_by_validate_and_by_train(dlrun, tmp_path):
    """In a blink, with the layer and its weights; nothing is left behind."""
    (tmp_path / "large.yaml").write_text(config({"type": "moons"}, LARGE, LAST))
    for command in ("validate", "train"):
        told = dlrun(command, "large.yaml", code=2).err
        assert LARGE_MODEL in told
        assert told.startswith("error: large.yaml:1:")
    assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("gigabyte")
def test_a_row_that_a_layer_makes_too_large_is_told(dlrun, tmp_path):
    """No weight is large here."""
    layers = [
        {"type": "RepeatVector", "n": 10**9},
        {"type": "GlobalAveragePooling1D"},
        LAST,
    ]
    (tmp_path / "large.yaml").write_text(config({"type": "moons"}, *layers))
    told = dlrun("validate", "large.yaml", code=2).err
    assert (
        "model.layers[0]: RepeatVector makes (1000000000, 2) of a row, which takes at least "
        "8.0 GB of memory, and 1.0 GB are free." in told
    )


@pytest.mark.usefixtures("gigabyte")
def test_where_the_data_tell_the_shape_a_large_model_is_told_after_them(dlrun, tmp_path):
    """Here a file whose header does not tell its columns before it is read."""
    (tmp_path / "table.csv").write_text('a,"b\n",y\n1,2,0\n3,4,1\n')
    (tmp_path / "large.yaml").write_text(config({"type": "csv", "path": "table.csv"}, LARGE, LAST))
    assert LARGE_MODEL in dlrun("validate", "large.yaml", code=2).err
    assert LARGE_MODEL in dlrun("train", "large.yaml", code=2).err


@pytest.mark.usefixtures("gigabyte")
@pytest.mark.parametrize(
    ("dataset", "told"),
    [
        (
            {"type": "moons", "samples": 10**11},
            "100,000,000,000 rows take at least 2.4 TB",
        ),
        (
            {"type": "blobs", "centers": 2, "samples": 10**3, "test_samples": 10**8},
            "100,001,000 rows take at least 2.4 GB",
        ),
        ({"type": "threshold_sum", "columns": 2 * 10**6}, "250 rows take at least 2.0 GB"),
    ],
)
def test_rows_that_do_not_fit_are_an_error_of_the_data(dataset, told, dlrun, tmp_path):
    """Exit code 3, in the record too; no internal error. `validate` tells it, and draws nothing."""
    (tmp_path / "large.yaml").write_text(config(dataset, LAST))
    assert told in dlrun("validate", "large.yaml", code=3).err
    told = f"dataset.samples: {told} of memory, and 1.0 GB are free.\n  Ask for fewer rows.\n"
    assert dlrun("train", "large.yaml", code=3).err.endswith(told)


def test_arrays_that_the_system_refuses_are_an_error_of_the_data(dlrun, tmp_path, monkeypatch):
    """With the words of NumPy, which knows how large the array was."""

    def refuse(*_arguments, **_options):
        raise MemoryError("Unable to allocate 7.28 TiB for an array with shape (10,)")

    (tmp_path / "good.yaml").write_text(config({"type": "moons"}, LAST))
    monkeypatch.setattr("dlrun.execution.loading.split_dataset", refuse)
    assert (
        "error: dataset (moons): there is not enough memory: Unable to allocate 7.28 TiB for an "
        "array with shape (10,) (" in dlrun("train", "good.yaml", code=3).err
    )


def test_memory_that_the_system_refuses_is_an_error_and_no_bug(dlrun, tmp_path, monkeypatch):
    """Wherever it happens."""

    def refuse(*_arguments, **_options):
        raise MemoryError("Unable to allocate 7.28 TiB for an array with shape (10,)")

    (tmp_path / "good.yaml").write_text(config({"type": "moons"}, LAST))
    monkeypatch.setattr("dlrun.execution.run.hash_samples", refuse)
    result = dlrun("train", "good.yaml", code=1)
    assert (
        "error: there is not enough memory: Unable to allocate 7.28 TiB for an array with shape "
        "(10,) (" in result.err
    )
    (run,) = (tmp_path / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["reason"].startswith("there is not enough m")


@pytest.fixture
def run(dlrun, tmp_path):
    """A small run."""
    (tmp_path / "good.yaml").write_text(config({"type": "moons"}, LAST))
    (tmp_path / "rows.csv").write_text("x1,x2\n1,2\n")
    return dlrun("train", "good.yaml", "--quiet").run


def commands(run):
    """All that open a run with its model."""
    return [
        ("predict", run, "rows.csv"),
        ("evaluate", run),
        ("explain", run, "--numpy-only"),
        ("weights", run),
        ("train", "good.yaml", "--from", run),
    ]


@pytest.mark.parametrize("number", range(5))
def test_weights_of_many_gigabytes_are_refused_unread(number, run, dlrun):
    """A sparse file whose header is right in itself, in a folder with the right hashes."""
    size = 30 * 10**9
    write_sparse(
        run / "weights.safetensors",
        {"dense/kernel": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}},
    )
    told = dlrun(*commands(run)[number], code=4).err
    assert (
        "does not fit the model: 'dense/bias' is missing" in told
        or "holds 30.0 GB; the model has 1.0 MB at most: damaged." in told
    )


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("what", ["units", "input_shape"])
def test_a_folder_with_an_enormous_model_is_refused_unbuilt(what, number, run, dlrun):
    """Its config or its spec says what no machine has."""
    if what == "units":
        text = (run / "config.yaml").read_text()
        text = text.replace("units: 1\n", "units: 400000000000\n")
        (run / "config.yaml").write_text(text)
        change(run / "run.json", files=None)
    else:
        spec = json.loads((run / "spec.json").read_text())
        spec |= {"input_shape": [10**12], "feature_names": None}
        (run / "spec.json").write_text(json.dumps(spec))
        change(run / "run.json", files=None)
    told = dlrun(*commands(run)[number], code=1).err
    assert "config.yaml: " in told
    assert "of memory, and " in told
