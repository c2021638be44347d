"""Numbers that come to weights as large as a table has them are told, once, with a way out."""

from __future__ import annotations

import json

import pytest

LAST = {"type": "Dense", "units": 2, "activation": "softmax"}
TOLD = (
    "dataset.scale: {}olumn 'large' (3 to 213) comes as large as in the table; layers begin with "
    "weights for inputs of about 1, and with larger ones training is slow, or fails. Use "
    "'dataset.scale: standard', or say 'none' where it is meant."
)


def write(home, *layers, epochs=1, **dataset):
    """A table of a large column, of one that has an outlier, of small numbers and of a name."""
    rows = [f"{3 + 14 * row / 10:g},{900 if row == 7 else row % 10},{row % 3 / 2},{'ab'[row % 2]}"
            for row in range(151)]  # fmt: skip
    lines = ["large,outlier,small,name", *rows]
    (home / "rows.csv").write_text("\n".join(lines))
    asked = {"type": "table", "path": "rows.csv", "target": "name", "columns": {}} | dataset
    config = {
        "dataset": asked,
        "model": {"layers": [*layers, LAST]},
        "loss": "sparse_categorical_crossentropy",
        "optimizer": "adam",
        "training": {"epochs": epochs, "batch_size": 151},
    }
    (home / "rows.yaml").write_text(json.dumps(config))


@pytest.mark.usefixtures("eagerly")
def test_train_names_what_is_large_and_how_to_mend_it(dlrun, tmp_path):
    """A tenth of a column is beyond 10; one outlier makes none large."""
    write(tmp_path)
    result = dlrun("train", "rows.yaml")
    assert f"warning: {TOLD.format('c')}\n" in result.err
    assert TOLD.format("c") in (result.run / "log.txt").read_text()
    assert "as large as" not in dlrun("train", "rows.yaml", "--set", "dataset.scale=standard").err


def test_a_summary_tells_it_before_training(dlrun, tmp_path):
    """By all rows of the table, without NumPy; as data, too."""
    write(tmp_path)
    told = dlrun("validate", "rows.yaml", "--summary").err
    assert told == f"warning: rows.yaml:1:13: {TOLD.format('C')}\n"
    (data,) = json.loads(dlrun("validate", "rows.yaml", "--summary", "--json").out)
    assert [one["what"] for one in data["warnings"]] == [
        TOLD.format("C").removeprefix("dataset.scale: ")
    ]
    assert not dlrun("validate", "rows.yaml").err


@pytest.mark.parametrize(
    ("layers", "dataset"),
    [
        ([], {"scale": "standard"}),
        ([], {"scale": "none"}),
        ([], {"columns": {"large": {"type": "number", "scale": "none"}}}),
        ([], {"columns": {"large": {"type": "number", "scale": "minmax"}}}),
        ([], {"columns": {"large": {"type": "number", "clip": [0, 9]}}}),
        ([], {"columns": {"large": "ignore"}}),
        (["BatchNormalization"], {}),
        ([{"type": "Rescaling", "scale": 0.01}], {}),
        (["Flatten", "LayerNormalization"], {}),
    ],
)
def test_what_is_scaled_or_meant_is_not_told(layers, dataset, dlrun, tmp_path):
    """Wherever it is scaled: in the dataset, by its column, by the first layer."""
    write(tmp_path, *({"type": one} if isinstance(one, str) else one for one in layers), **dataset)
    assert "as large as" not in dlrun("validate", "rows.yaml", "--summary").err


def test_what_no_layer_weighs_is_not_told(dlrun, tmp_path):
    """A column that is looked up has class numbers; of one that no layer reads other things are."""
    looked_up = {"type": "CategoryEncoding", "num_tokens": 214, "inputs": ["large"], "name": "seen"}
    both = {"type": "Concatenate", "inputs": ["seen", "input"]}
    write(tmp_path, looked_up, both, columns={"large": "category"})
    assert "as large as" not in dlrun("validate", "rows.yaml", "--summary").err
    write(tmp_path, {"type": "Dense", "units": 3, "inputs": ["small"]})
    assert "as large as" not in dlrun("validate", "rows.yaml", "--summary").err
    write(tmp_path, epochs=0)
    assert "as large as" not in dlrun("validate", "rows.yaml", "--summary").err


@pytest.mark.usefixtures("eagerly")
def test_steps_of_a_series_and_years_are_told(dlrun, tmp_path):
    """What a window sees of the past, and what of a date goes straight on."""
    lines = [f"{2000 + month // 12}-{month % 12 + 1:02}-01,{month**2 % 59}" for month in range(60)]
    (tmp_path / "months.csv").write_text("\n".join(["month,sold", *lines]))
    dataset = {"type": "series", "path": "months.csv", "time": "month", "target": "sold",
               "window": 3, "columns": {"month": "date"}}  # fmt: skip
    config = {
        "dataset": dataset,
        "model": {"layers": [{"type": "Flatten"}, {"type": "Dense", "units": 1}]},
        "loss": "mean_squared_error",
        "optimizer": "adam",
        "training": {"epochs": 1},
    }
    (tmp_path / "months.yaml").write_text(json.dumps(config))
    told = dlrun("train", "months.yaml").err
    assert "columns 'month' (2000-01-01 to 2004-12-01), 'sold' (0 to 57) come as large as" in told
    words = ("validate", "months.yaml", "--summary")
    assert "2004-12-01), 'sold' (0 to 57) come as large" in dlrun(*words).err
    sold = dlrun(*words, "--set", "dataset.columns=null").err
    assert "Column 'sold' (0 to 57) comes as large" in sold
