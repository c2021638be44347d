"""`model.keras`, `onnx` and `litert`: what they are given, and what is said of them."""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import CONFIGS
from tests.exporters.outside import ask, predicted

TABLE = """\
name: decks
dataset:
  type: table
  path: table.csv
  target: fare
  target_scale: log
  scale: standard
  columns: {age: {type: number, missing: flag}, sex: category, deck no: category}
model:
  layers:
    - {type: Embedding, name: decks, inputs: [deck no], output_dim: 2}
    - {type: Flatten, name: flat}
    - {type: Concatenate, inputs: [input, flat]}
    - {type: Dense, units: 8, activation: gelu}
    - {type: Dense, units: 1}
loss: mse
optimizer: Adam
training: {epochs: 2, batch_size: 16}
exports: [keras_model, onnx, litert]
"""
ROWS = [
    (age, sex, deck, 5 + 3 * (sex == "male") + index % 4)
    for index, (age, sex, deck) in enumerate(
        (age, sex, deck)
        for age in (3, "", 30.5, 61)
        for sex in ("male", "female")
        for deck in ("C", "A", "B")
    )
]


@pytest.fixture
def run_of(reported, tmp_path):
    """A copy of a run that other tests have trained, which may be written into."""

    def copied(name):
        path = tmp_path / "runs" / reported(name).name
        shutil.copytree(reported(name), path)
        return path

    return copied


def checked(run):
    return json.loads((run / "run.json").read_text())["exports_checked"]


@pytest.mark.slow
def test_columns_that_layers_name_are_inputs_of_their_own(dlrun, tmp_path):
    """Entries by hand: age, whether it is missing, both sexes; and the numbers of the decks."""
    lines = ["age,sex,deck no,fare", *(",".join(map(str, row)) for row in ROWS)]
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "c.yaml").write_text(TABLE)
    done = dlrun("train", "c.yaml")
    run = done.run.resolve()
    assert "model.onnx: differs by" in done.err
    assert "model.onnx: differs by" in (run / "log.txt").read_text()
    (age,) = (one for one in json.loads((run / "spec.json").read_text())["columns"]
              if one["name"] == "age")  # fmt: skip
    plain = [[age["filling"]["value"] if row[0] == "" else row[0], row[0] == "",
              row[1] == "female", row[1] == "male"] for row in ROWS]  # fmt: skip
    arrays = {"input": np.array(plain, float),
              "deck_no": np.array([["ABC".index(row[2])] for row in ROWS], float)}  # fmt: skip
    files = {"keras": "model.keras", "onnx": "model.onnx", "litert": "model.tflite"}
    rows = tmp_path / "table.csv"
    jobs = [{"form": form, "model": run / file, "rows": rows} for form, file in files.items()]
    jobs[0] |= {"arrays": arrays, "rows": None}
    _, expected = predicted(dlrun, run, rows)
    for form, answer in zip(files, ask(jobs, tmp_path), strict=True):
        np.testing.assert_allclose(answer["predicted"], expected, rtol=1e-5, err_msg=form)
    encode = runpy.run_path(str(run / "encode.py"))
    given = encode["encode"](encode["read"](rows))
    assert {name: x.tolist() for name, x in given.items()} == {
        name: x.tolist() for name, x in arrays.items()
    }
    assert expected.std() > 0.01
    told = dlrun("export", run, "{type: litert, quantize: int8}", code=1).err
    assert "its layers name columns" in told


ODD = ("file", "self", "allow_pickle", "outputs", "Age", "age", "deck_number", "def", "a b", "a_b",
       "dense 1")  # fmt: skip
"""Arguments of NumPy, LiteRT and TensorFlow; names that are nearly alike, or like a layer."""
NAMED = f"""\
dataset: {{type: table, path: odd.csv, target: y, target_scale: standard, columns: {{{
    ", ".join(f"{name}: category" for name in (*ODD, "deck"))
}}}}}
model:
  layers:
    - {{type: Embedding, inputs: [deck], output_dim: 2}}
    - Flatten
    - {{type: Dense, units: 2}}
    - {{type: Concatenate, inputs: [dense, deck, {", ".join(ODD)}]}}
    - {{type: Dense, units: 1}}
loss: mse
optimizer: Adam
training: {{epochs: 1}}
exports: [keras_model, saved_model, onnx, litert]
"""


@pytest.mark.slow
def test_columns_of_any_name(dlrun, tmp_path):
    """No form and no tool mistakes an input for an argument, an output, a layer or another one."""
    lines = [",".join([*ODD, "deck", "y"])]
    lines += [",".join(["uvw"[(n + p * n // 3) % 3] for p in range(len(ODD) + 1)] + [str(n)])
              for n in range(40)]  # fmt: skip
    rows = tmp_path / "odd.csv"
    rows.write_text("\n".join(lines) + "\n")
    (tmp_path / "c.yaml").write_text(NAMED)
    done = dlrun("train", "c.yaml", "-q")
    assert "warning: model" not in done.err
    run = done.run.resolve()
    subprocess.run(
        [sys.executable, "-I", run / "encode.py", rows, "in.npz"], cwd=tmp_path, check=True
    )
    with np.load(tmp_path / "in.npz") as stored:
        arrays = dict(stored)
    assert len(arrays) == len(ODD) + 2  # the deck is entries for one layer, a number for another
    forms = {"saved_model": "saved_model", "onnx": "model.onnx", "litert": "model.tflite"}
    jobs = [{"form": form, "model": run / file, "rows": rows} for form, file in forms.items()]
    arrays["dense_1_2"] = arrays.pop("dense_1")  # in `model.keras` a layer has that name
    jobs.append({"form": "keras", "model": run / "model.keras", "arrays": arrays})
    _, expected = predicted(dlrun, run, rows)
    for job, answer in zip(jobs, ask(jobs, tmp_path), strict=True):
        np.testing.assert_allclose(answer["predicted"], expected, atol=1e-5, err_msg=job["form"])
    assert expected.std() > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iris", "digits_cnn"])
def test_quantised_on_training_rows(dlrun, run_of, name):
    """Numbers of several units, and pixels: nearly the same, in fewer bytes."""
    run = run_of(name)
    words = [f"{{type: litert, quantize: {how}}}" for how in ("int8", "float16", "dynamic")]
    dlrun("export", run, "litert", *words, "-q")
    found = checked(run)
    assert [*found] == ["model.tflite", *(f"model_{how}.tflite" for how in
                                          ("int8", "float16", "dynamic"))]  # fmt: skip
    assert found["model.tflite"]["largest_difference"] < 1e-5
    for facts in found.values():
        assert facts["largest_difference"] < 0.05
        assert facts["same_answers"] > 0.9 * facts["rows"]
    if name == "digits_cnn":
        sizes = {file: (run / file).stat().st_size for file in found}
        assert sizes["model_int8.tflite"] < sizes["model_float16.tflite"] < sizes["model.tflite"]
    dlrun("verify", run)


@pytest.mark.slow
def test_numbers_of_very_different_sizes_are_not_squeezed(dlrun):
    """Car weights of thousands beside shares of one: scaled exactly, and only then made int8."""
    words = ("--set", "training.epochs=5", "--set", "exports=[]", "-q")
    run = dlrun("train", CONFIGS / "mpg.yaml", *words).run
    dlrun("export", run, "{type: litert, quantize: int8}", "-q")
    facts = checked(run)["model_int8.tflite"]
    assert facts["largest_difference"] < 0.02 * facts["largest_output"]


@pytest.mark.slow
def test_steps_are_not_quantised_to_int8(dlrun, tmp_path):
    """TensorFlow's quantizer crashes there; what it takes is said."""
    (tmp_path / "c.yaml").write_text(
        "dataset: {type: sine, samples: 40}\n"
        "model: {layers: [{type: Reshape, target_shape: [1, 1]}, {type: GRU, units: 2},"
        " {type: Dense, units: 1}]}\nloss: mse\noptimizer: sgd\ntraining: {epochs: 1}\n"
    )
    run = dlrun("train", "c.yaml", "-q").run
    told = dlrun("export", run, "{type: litert, quantize: int8}", "-q", code=1).err
    assert "LSTM and GRU" in told
    assert not list(run.glob("*.tflite"))
    dlrun("export", run, "{type: litert, quantize: dynamic}", "-q")


@pytest.mark.slow
def test_what_was_found_of_an_older_file_is_forgotten(dlrun, run_of):
    """`check: false` writes it anew and looks at nothing; its metadata tell the classes."""
    run = run_of("iris")
    dlrun("export", run, "onnx", "-q")
    facts = checked(run)["model.onnx"]
    assert (facts["split"], facts["rows"], facts["same_answers"]) == ("test", 30, 30)
    dlrun("export", run, "{type: onnx, check: false}", "-q")
    assert "exports_checked" not in json.loads((run / "run.json").read_text())
    import onnx

    metadata = {one.key: one.value for one in onnx.load(run / "model.onnx").metadata_props}
    assert json.loads(metadata["class_names"]) == ["setosa", "versicolor", "virginica"]


@pytest.mark.slow
def test_a_missing_package_is_told_before_training(dlrun, run_of, monkeypatch):
    """By `validate`, by `train`, and by `export` before TensorFlow is asked."""
    run = run_of("two_points_softmax")
    monkeypatch.setattr(sys.modules["dlrun.catalog.words"], "find_spec", lambda _: None)
    wanted = "onnx needs the package tf2onnx, which is not installed. "
    for words in (("train",), ("validate",)):
        told = dlrun(*words, run / "config.yaml", "--set", "exports=[onnx]", code=2)
        assert f"exports[0]: {wanted}" in " ".join((told.out + told.err).split())
    told = dlrun("export", run, "onnx", code=2).err
    assert wanted in told
    assert "pip install 'dlrun[onnx]'" in told
