"""Layers that name columns of a table, through the command line: from training to predictions."""

import csv
import json
import random

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.config import load_config
from dlrun.execution.assembly import GraphCache, assemble
from dlrun.execution.loading import load_splits
from dlrun.exporters.keras_model import with_units
from dlrun.exporters.network_inputs import as_given
from dlrun.rundir.tensors import load_tensors

pytestmark = pytest.mark.usefixtures("eagerly")  # what a layer reads, not how it is computed

CONFIG = """\
dataset:
  type: table
  path: people.csv
  target: survived
  validation_split: 0.2
  scale: standard
  columns:
    age: {type: number, missing: median}
    deck: {type: category, missing: own}
    rank: category
    ticket: ignore
model:
  layers:
    - {type: Embedding, inputs: [deck], output_dim: 2}
    - {type: Flatten, name: flat}
    - {type: Concatenate, name: deep, inputs: [flat, rank, input]}
    - {type: Dense, units: 4, activation: tanh}
    - {type: Concatenate, name: both, inputs: [dense, sex, deck]}
    - {type: Dense, units: 1, activation: sigmoid}
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.02}
training: {epochs: 2}
exports: [predictions]
"""
HEADER = ["survived", "rank", "sex", "age", "fare", "deck", "ticket"]


def people(rows, *, decks=("A", "B", "Ç", ""), seed=1):
    """Rows of a table with gaps, words, and an id."""
    generator = random.Random(seed)  # noqa: S311
    found = []
    for number in range(rows):
        sex, rank = generator.choice(["female", "male"]), generator.choice([1, 2, 3])
        age = generator.choice(["", f"{generator.uniform(1, 70):.1f}"])
        survived = int((sex == "female") != (generator.random() < 0.2))
        deck = decks[number % len(decks)]
        fare = f"{generator.uniform(5, 80):.2f}"
        found.append([survived, rank, sex, age, fare, deck, f"T{number}"])
    return found


def write(path, rows, header=HEADER):
    """Write a table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def config(tmp_path):
    """A config over a table of its own, beside which it lies."""
    write(tmp_path / "people.csv", people(60))
    (tmp_path / "wide.yaml").write_text(CONFIG)
    return "wide.yaml"


@pytest.mark.slow
def test_wide_and_deep_is_a_plain_config(config, dlrun, tmp_path):
    """Trained, explained, predicted, resumed: each finds the columns by name."""
    trained = dlrun("train", config, "--report")
    spec = json.loads((trained.run / "spec.json").read_text())
    assert [(one["name"], one["begin"], one["end"], one["ids"]) for one in spec["views"]] == [
        ("input", 0, 2, False),  # age and fare
        ("rank", 2, 5, False),
        ("sex", 5, 7, False),
        ("deck", 7, 11, False),
        ("deck", 11, 12, True),
    ]
    weights = load_tensors(trained.run / "weights.safetensors", None)
    assert weights["embedding/embeddings"].shape == (5, 2)  # A, B, Ç, missing, and what is new
    page = (trained.run / "report.html").read_text()
    assert "deck (category)" in page
    assert "5 columns, as 12 numbers" in page

    told = json.loads(dlrun("explain", trained.run, "--row", "1", "--json").out)
    assert told["tensorflow"]["agrees"]
    assert set(told["columns"]) == {"age", "fare", "rank", "sex", "deck"}
    assert told["feature_names"][2:7] == ["rank=1", "rank=2", "rank=3", "sex=female", "sex=male"]
    shown = dlrun("explain", trained.run, "--numpy-only", "--input", '2,"male",,7.5,Ç').out
    assert "sex male" in shown
    assert "deck Ç" in shown
    assert "looked up, not computed with: deck" in shown

    # The same rows in another order of columns, without the target and with one more.
    rows = people(60)
    order = [4, 6, 5, 2, 3, 1]
    write(
        tmp_path / "new.csv",
        [[*(row[place] for place in order), "x"] for row in rows],
        [*(HEADER[place] for place in order), "more"],
    )
    new = dlrun("predict", trained.run, "new.csv", "-o", "-").out
    old = dlrun("predict", trained.run, "people.csv", "-o", "-").out
    assert column(new, "probability_1") == column(old, "probability_1")
    assert all(column(new, "probability_1"))

    longer = dlrun("resume", trained.run, "--epochs", "3")
    write_config = CONFIG.replace("epochs: 2", "epochs: 3")
    (tmp_path / "longer.yaml").write_text(write_config)
    whole = dlrun("train", "longer.yaml", "--name", "wide")
    resumed, expected = (
        load_tensors(run / "weights.safetensors", None) for run in (trained.run, whole.run)
    )
    assert longer.code == 0
    assert all(np.array_equal(resumed[name], expected[name]) for name in expected)


def column(text, name):
    """The cells of a column of a CSV file."""
    return [row.get(name) for row in csv.DictReader(text.splitlines())]


def test_values_that_training_did_not_see_share_the_last_class(config, dlrun, tmp_path):
    """New decks are looked up alike, whatever they are called; and alike with no deck known."""
    run = dlrun("train", config).run
    rows = people(4, decks=("Q", "Z"))
    for row in rows:
        row[1:5] = rows[0][1:5]
    write(tmp_path / "new.csv", rows)
    told = column(dlrun("predict", run, "new.csv", "-o", "-").out, "probability_1")
    assert told[0]
    assert len(set(told)) == 1


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "model.layers[4].inputs=[dense, sxe]",
            "model.layers[4].inputs[1]: There is no layer and no column 'sxe'. Did you mean 'sex'?",
        ),
        (
            "model.layers[4].inputs=[dense, ticket]",
            "model.layers[4].inputs[1]: The column 'ticket' is not given to the network",
        ),
        (
            "model.layers[4].inputs=[dense, survived]",
            "The column 'survived' is not given to the network (it is the target).",
        ),
        (
            "model.layers[0].input_dim=3",
            "input_dim: 3 is too small for the column 'deck', which has 5 classes. Leave input_dim",
        ),
        (
            "model.layers[0].inputs=[fare]",
            "Embedding needs 'input_dim': the column 'fare' has no classes to count.",
        ),
        (
            "model.layers[0]={type: Embedding, input_dim: 99, output_dim: 2, inputs: [fare]}",
            "Scaling changes the ids that model.layers[0] (Embedding) looks up.",
        ),
        (
            "model.layers[2].inputs=[flat, rank, deck, age, fare, input]",
            "model.layers[2].inputs[5]: Nothing is left for 'input': layers name every column",
        ),
    ],
)
def test_what_is_no_column_is_told_with_its_place(config, dlrun, override, message):
    """By `validate`, and by `train` before a folder is there."""
    assert message in dlrun("validate", config, "--set", override, code=2).err
    assert message in dlrun("train", config, "--set", override, code=2).err


def test_a_misspelt_column_is_one_mistake(config, dlrun):
    """That it has no classes to count follows from it."""
    told = dlrun("validate", config, "--set", "model.layers[0].inputs=[dekc]", code=2).err
    assert "no column 'dekc'. Did you mean 'deck'?" in told
    assert "classes to count" not in told


def test_the_summary_knows_the_columns(config, dlrun):
    """Once the table is read, every shape is known."""
    told = dlrun("validate", config, "--summary").out
    lines = [line.split() for line in told.splitlines()]
    assert ["deck", "class", "number", "(None,", "1)"] in lines
    assert ["deck", "column", "(None,", "4)"] in lines
    assert ["embedding", "Embedding", "deck", "(None,", "1,", "2)", "10"] in lines
    assert "?" not in told


def test_columns_that_nothing_reads_are_told(config, dlrun):
    """They are neither dropped in silence nor an error."""
    told = dlrun("train", config, "--set", "model.layers[2].inputs=[flat, rank]").err
    assert "no layer reads 'input', so the network does not see 'age', 'fare'" in told


def test_a_model_is_handed_over_only_where_columns_have_as_many_classes(config, tmp_path):
    """Of runs that differ in their seed, other rows are trained on: other decks are rare."""
    rows = people(60)
    for number in range(0, 60, 7):
        rows[number][5] = f"R{number}"  # decks of a single row
    write(tmp_path / "people.csv", rows)
    graphs, seen = GraphCache(), []
    for seed in range(4):
        experiment = load_config(tmp_path / config, [f"seed={seed}"])
        splits = load_splits(experiment)
        shared, _, _ = graphs.assemble(experiment, splits)
        alone, _, _ = assemble(experiment, splits)
        for ours, theirs in zip(shared.model.get_weights(), alone.model.get_weights(), strict=True):
            assert np.array_equal(ours, theirs)
        x = splits.train.x
        assert np.array_equal(shared.model(x).numpy(), alone.model(x).numpy())
        seen.append(shared.spec.input_shape)
    assert len(set(seen)) > 1


def test_layers_may_be_called_like_operations_of_keras(config, tmp_path):
    """Cutting columns out, and taking their logarithms, is done by other names; so is a reload."""
    text = CONFIG.replace("name: flat", "name: get_item").replace("[flat,", "[get_item,")
    text = text.replace("name: deep", "name: log1p").replace("name: both", "name: multiply")
    text = text.replace("missing: median}", "missing: median, scale: log}")
    (tmp_path / config).write_text(text)
    experiment = load_config(tmp_path / config)
    splits = load_splits(experiment)
    assembly, _, _ = assemble(experiment, splits)
    x = np.asarray(splits.train.x)
    ours = assembly.model(x).numpy()
    whole = with_units(assembly.model, splits.spec)
    whole.save(tmp_path / "whole.keras")
    raw = as_given(x, splits.spec)
    theirs = keras.models.load_model(tmp_path / "whole.keras")(raw).numpy()
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-6)
