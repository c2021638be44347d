"""Ids that no layer can look up are told before training: layer, file, row, column and value."""

import numpy as np
import pytest

from dlrun.arrays import Spec
from dlrun.catalog import words
from dlrun.config import load_config
from dlrun.data import streams
from dlrun.errors import ConfigError
from dlrun.execution.ids import lookups_of
from dlrun.shapes.input_readers import LOOKUPS

CONFIG = """\
dataset: {{type: csv, path: ratings.csv, target: rating}}
model:
  layers:
{layers}
    - {{type: Flatten, name: flat}}
    - {{type: Dense, units: 1}}
loss: mse
optimizer: sgd
training: {{epochs: 1}}
exports: []
"""
TAKES = "which takes whole numbers from 0 to"
EMBEDDING = "{type: Embedding, input_dim: 5, output_dim: 2, name: table}"


@pytest.fixture
def write(tmp_path):
    """Write ratings of two columns, and a config of some layers over them."""

    def written(*layers, rows=("0,1", "2,4")):
        lines = [f"{row},{number % 2}.5" for number, row in enumerate(rows)]
        (tmp_path / "ratings.csv").write_text("\n".join(["user,movie,rating", *lines, ""]))
        listed = "\n".join(f"    - {layer}" for layer in layers)
        (tmp_path / "ratings.yaml").write_text(CONFIG.format(layers=listed))

    return written


@pytest.mark.parametrize(
    ("rows", "wrong", "fix"),
    [
        (("0,1", "2,5", "0,7"), "row 1 (the first is 0), column 'movie': 5", "input_dim: 8"),
        (("0,1", "-1,2"), "row 1 (the first is 0), column 'user': -1", "from 0, in the file"),
        (("2.7,1", "1,1"), "row 0 (the first is 0), column 'user': 2.7", "from 0, in the file"),
    ],
)
def test_what_is_no_id_is_told_before_training(dlrun, write, rows, wrong, fix):
    """TensorFlow stops in the middle of it, or looks another one up."""
    write(EMBEDDING, rows=rows)
    told = dlrun("train", "ratings.yaml", code=3).err
    assert (
        f"ratings.csv: {wrong} is no id for model.layers[0] (Embedding 'table'), "
        f"{TAKES} 4 (input_dim: 5).\n"
    ) in told
    assert fix in told


@pytest.mark.parametrize(
    "layers",
    [
        ["{type: Reshape, target_shape: [2, 1]}", EMBEDDING],
        ["{type: Identity}", EMBEDDING],
        ["{type: Reshape, target_shape: [2, 1]}", "{type: Permute, dims: [2, 1]}", EMBEDDING],
        ["{type: RepeatVector, n: 2}", EMBEDDING],
        ["{type: Reshape, target_shape: [2, 1]}", "{type: ZeroPadding1D, padding: 1}", EMBEDDING],
        [
            "{type: Reshape, target_shape: [2, 1]}",
            f"{{type: TimeDistributed, name: table, layer: {EMBEDDING}}}",
        ],
        ["{type: ReversibleEmbedding, input_dim: 5, output_dim: 2, name: table}"],
        ["{type: CategoryEncoding, num_tokens: 5, output_mode: one_hot, name: table}"],
        [
            "{type: Identity, name: same, inputs: [input]}",
            "{type: Concatenate, name: both, inputs: [same, input]}",
            EMBEDDING,
        ],
    ],
)
def test_ids_are_followed_to_every_layer_that_looks_them_up(dlrun, write, layers):
    """Through whatever only moves them."""
    write(*layers, rows=("0,1", "2,5"))
    told = dlrun("train", "ratings.yaml", code=3).err
    assert "row 1 (the first is 0), column 'movie': 5 is no id for" in told
    assert f"'table'), {TAKES} 4 (" in told


def test_each_table_has_its_own_columns(dlrun, write):
    """A layer is held against what reaches it alone: 9 is a user, and no movie."""
    cut = "{type: Cropping1D, name: only_%s, inputs: [steps], cropping: %s}"
    table = "{type: Embedding, name: %ss, inputs: [only_%s], input_dim: %d, output_dim: 2}"
    layers = [
        "{type: Reshape, name: steps, inputs: [input], target_shape: [2, 1]}",
        cut % ("user", "[0, 1]"),
        cut % ("movie", "[1, 0]"),
        table % ("user", "user", 10),
        table % ("movie", "movie", 5),
        "{type: Concatenate, inputs: [users, movies]}",
    ]
    write(*layers, rows=("9,1", "2,4"))
    dlrun("train", "ratings.yaml")
    write(*layers, rows=("9,1", "2,9"))
    told = dlrun("train", "ratings.yaml", code=3).err
    assert (
        "row 1 (the first is 0), column 'movie': 9 is no id for model.layers[4] (Embedding" in told
    )


@pytest.mark.parametrize("layer", ["Hashing, num_bins: 3", "IntegerLookup, vocabulary: [1, 2]"])
@pytest.mark.parametrize("value", ["2.7", "16777216"])
def test_lookups_of_any_number_take_whole_ones_that_float32_holds(dlrun, write, layer, value):
    """16777217 would be looked up as 16777216, and 2.7 as 2."""
    write(f"{{type: {layer}, name: table}}", rows=("0,1", f"2,{value}"))
    told = dlrun("train", "ratings.yaml", code=3).err
    assert f"column 'movie': {value} is no id for model.layers[0]" in told
    assert f"{TAKES} 16777215: a larger one may be rounded to another." in told


@pytest.mark.parametrize(("precision", "most"), [("mixed_float16", 2047), ("mixed_bfloat16", 255)])
def test_half_precision_before_a_table_rounds_ids(dlrun, write, precision, most):
    """Keras casts the input of a Reshape to 16 bits, that of an Embedding not."""
    words = ("--set", f"training.precision={precision}")
    table = "{type: Embedding, input_dim: 5000, output_dim: 1}"
    write(table, rows=("0,1", "2049,4"))
    dlrun("train", "ratings.yaml", *words)
    steps = "{type: Reshape, target_shape: [2, 1], dtype: float32}"
    write(steps, table, rows=("0,1", "2049,4"))
    dlrun("train", "ratings.yaml", *words)
    write(steps, f"{{type: TimeDistributed, layer: {table}}}", rows=("0,1", "2049,4"))
    assert f"{TAKES} {most}: a larger" in dlrun("train", "ratings.yaml", *words, code=3).err
    write("{type: Reshape, target_shape: [2]}", table, rows=("0,1", "2049,4"))
    told = dlrun("train", "ratings.yaml", *words, code=3).err
    assert "column 'user': 2049 is no id for model.layers[1]" in told
    assert f"{TAKES} {most}: a larger one may be rounded to another." in told


def test_new_rows_are_held_against_the_table_too(dlrun, write, tmp_path):
    """By every command that takes some."""
    write(EMBEDDING)
    run = dlrun("train", "ratings.yaml").run
    (tmp_path / "new.csv").write_text("movie,user,rating\n1,2,0.5\n1,5,0.5\n")
    message = "column 'user': 5 is no id for model.layers[0] (Embedding 'table')"
    numbered = f"new.csv: row 1 (the first is 0), {message}"
    assert numbered in dlrun("predict", run, "new.csv", code=3).err
    assert numbered in dlrun("evaluate", run, "--data", "new.csv", code=3).err
    assert numbered in dlrun("explain", run, "--data", "new.csv", "--row", "1", code=3).err
    assert f"--input: {message}" in dlrun("explain", run, "--input", "5,1", code=3).err
    dlrun("explain", run, "--data", "new.csv", "--row", "0", "--numpy-only")


def test_rows_of_arrays_are_named_by_their_entry(dlrun, write, tmp_path):
    """An array has no columns with names."""
    write(EMBEDDING)
    x = np.zeros((6, 4), np.int64)
    x[4, 3] = 5
    np.savez(tmp_path / "rows.npz", x=x, y=np.arange(6.0))
    words = ("--set", "dataset={type: npz, path: rows.npz}")
    told = dlrun("train", "ratings.yaml", *words, code=3).err
    assert "rows.npz: row 4 (the first is 0), entry [3]: 5 is no id for model.layers[0]" in told


def test_streamed_rows_are_held_against_the_table(dlrun, write, monkeypatch):
    """Row numbers go on from chunk to chunk."""
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", "0")
    monkeypatch.setattr(streams, "ENTRIES_PER_CHUNK", 4)
    write(EMBEDDING, rows=("0,1", "2,3", "1,1", "0,6"))
    told = dlrun("train", "ratings.yaml", code=3).err
    assert "row 3 (the first is 0), column 'movie': 6 is no id" in told
    assert "Set 'input_dim: 7'" in told


@pytest.mark.parametrize("scale", ["standard", "minmax"])
def test_ids_are_not_scaled(dlrun, write, scale):
    """It is told from the config alone."""
    write("{type: Reshape, target_shape: [2, 1]}", EMBEDDING)
    told = dlrun("validate", "ratings.yaml", "--set", f"dataset.scale={scale}", code=2).err
    assert (
        f"dataset.scale: '{scale}' would change the ids that model.layers[1] (Embedding) looks "
        "up. Leave 'scale' out, and scale other columns in the file."
    ) in told


def test_what_a_layer_computes_is_no_id_of_the_data(write, tmp_path):
    """Behind a Dense layer nothing is known of what an Embedding gets."""
    write("{type: Dense, units: 2, activation: relu}", EMBEDDING)
    assert lookups_of(load_config(tmp_path / "ratings.yaml"), Spec((2,))) == ()


def test_every_layer_that_looks_up_is_known():
    """A Keras with other layers of this kind is looked at again."""
    named = ("Embedding", "Lookup", "Hash", "Category")
    found = {word for word in words("layers") if any(part in word for part in named)}
    assert found <= set(LOOKUPS)


def test_a_run_that_scaled_ids_goes_on_to_open(write, tmp_path):
    """The config of a run folder is not held to what newer versions refuse."""
    write(EMBEDDING)
    path, words = tmp_path / "ratings.yaml", ["dataset.scale=standard"]
    assert load_config(path, words, data_known=False).dataset.scale == "standard"
    with pytest.raises(ConfigError, match="'standard' would change the ids"):
        load_config(path, words)
