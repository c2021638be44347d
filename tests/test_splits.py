"""Splits, folds and sampling by the command line, from tables."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dlrun.config import load_config
from dlrun.data.sampling import sampled_rows
from dlrun.errors import ConfigError, DataError
from dlrun.execution.loading import load_splits
from tests.marking import first
from tests.sweeping import run

CONFIG = """\
dataset: {type: csv, path: rows.csv, target: sick}
model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.1}
metrics: [accuracy]
training: {epochs: 2, batch_size: 8}
exports: []
"""
ROWS = 48


def write_rows(folder, rows=None):
    """A table of 12 patients with four visits each, of a year; one in four is sick."""
    random = np.random.default_rng(0)
    lines = [
        f"{random.normal():.3f},{random.normal():.3f},{row // 4},{2000 + row % 7},"
        f"{'yes' if row // 4 % 4 == 0 else 'no'}"
        for row in range(ROWS)
    ]
    chosen = lines if rows is None else [lines[row] for row in rows]
    (folder / "rows.csv").write_text("\n".join(["a,b,patient,year,sick", *chosen, ""]))
    (folder / "config.yaml").write_text(CONFIG)
    return lines


def read(run_folder, name):
    return json.loads((run_folder / name).read_text())


def test_no_patient_is_in_two_splits(dlrun, tmp_path):
    """And the network does not get the number of the patient."""
    write_rows(tmp_path)
    result = dlrun(
        "train", "config.yaml", "--set", "dataset.split_by={group: patient}",
        "--set", "dataset.test_split=0.25", "--set", "dataset.validation_split=0.25",
    )  # fmt: skip
    told = "split by group 'patient': train 28 rows of 7 groups, validation 8 rows of 2 groups"
    assert f"{told}, test 12 rows of 3 groups\n" in result.err
    assert "column 'patient': ignore, rows are split by it\n" in result.err
    spec = read(result.run, "spec.json")
    assert spec["feature_names"] == ["a", "b", "year"]
    assert spec["rows"] == {"train": 28, "validation": 8, "test": 12}


def test_the_last_years_are_for_testing(dlrun, tmp_path):
    """Whole years, as near to the share as can be."""
    write_rows(tmp_path)
    result = dlrun(
        "train", "config.yaml", "--set", "dataset.split_by={time: year}",
        "--set", "dataset.test_split=0.15", "--set", "dataset.validation_split=0.15",
    )  # fmt: skip
    assert (
        "split by time 'year': train 35 rows from 2000 to 2004, validation 7 rows from 2005 to "
        "2005, test 6 rows from 2006 to 2006\n"
    ) in result.err


@pytest.mark.parametrize("sampling", first(1, ["over", "under"]))
def test_sampling_trains_as_on_a_table_that_was_sampled_by_hand(dlrun, tmp_path, sampling):
    """To the bit; what is measured are the rows as they are."""
    lines = write_rows(tmp_path)
    sampled = dlrun("train", "config.yaml", "--set", f"training.sampling={sampling}")
    counts = {"over": "72 rows an epoch (yes 12 -> 36)", "under": "24 rows an epoch (no 36 -> 12)"}
    assert f"sampling: {sampling}, {counts[sampling]}\n" in sampled.err
    assert read(sampled.run, "spec.json")["rows"] == {"train": ROWS}
    classes = np.array([int(line.endswith("yes")) for line in lines])
    write_rows(tmp_path, sampled_rows(classes, sampling, seed=0))
    by_hand = dlrun("train", "config.yaml")
    weights = [read(one.run, "run.json")["final_weights"] for one in (sampled, by_hand)]
    assert weights[0] == weights[1]


@pytest.mark.slow
def test_a_cross_validation_is_one_run_a_fold(tmp_path):
    """Means over its folds stand in the closing table and in a comparison."""
    write_rows(tmp_path)
    words = ("--set", "dataset.test_split=0.25", "--set", "optimizer.learning_rate=[0.1,0.01]")
    (tmp_path / "base.yaml").write_text(CONFIG.replace("sick}", "sick, validation_split: 0.1}"))
    (tmp_path / "config.yaml").write_text("extends: base.yaml\n")
    out, err = run(tmp_path, "train", "config.yaml", "--folds", 3, *words)
    folders = [tmp_path / line for line in out.split()]
    assert len(folders) == 6
    assert (
        "folds: their rows are the validation rows; dataset.validation_split of config.yaml" in err
    )
    rows = [read(folder, "spec.json")["rows"] for folder in folders]
    assert rows == [{"train": 24, "validation": 12, "test": 12}] * 6
    assert "over the folds (Student's t, corrected for the rows that they share)" in err
    out, _ = run(tmp_path, "compare", "--where", "status=finished", "--json")
    found = json.loads(out)
    assert [(group["seeds"], group["folds"]) for group in found["groups"]] == [([0], [1, 2, 3])] * 2
    row = next(one for one in found["group_metrics"] if one["name"] == "loss")
    values = [read(folder, "metrics.json")["validation"]["loss"] for folder in folders]
    assert row["split"] == "validation"
    means = sorted(one["mean"] for one in row["estimates"])
    assert means == pytest.approx(sorted([np.mean(values[:3]), np.mean(values[3:])]))
    out, _ = run(tmp_path, "train", "config.yaml", "--folds", 3, *words)
    assert [tmp_path / line for line in out.split()] == folders  # trained once


@pytest.mark.slow
def test_a_sweep_over_folds_ranks_points_by_their_means(tmp_path):
    """Seeds and folds are axes of it."""
    write_rows(tmp_path)
    (tmp_path / "sweep.yaml").write_text(
        "base: config.yaml\ngrid: {optimizer.learning_rate: [0.1, 0.01]}\nseeds: 2\nfolds: 2\n"
        "objective: validation.loss\nset: {dataset.split_by: {group: patient}}\n"
    )
    run(tmp_path, "sweep", "sweep.yaml", page=True)
    out, _ = run(tmp_path, "sweep", "show", "sweep", "--json")
    found = json.loads(out)
    assert found["axes"] == ["optimizer.learning_rate", "seed", "dataset.fold"]
    assert [len(point["runs"]) for point in found["points"]] == [4, 4]
    for point in found["points"]:
        values = [one["value"] for one in point["runs"]]
        repeats = [(one["seed"], one["fold"]) for one in point["runs"]]
        assert repeats == [(0, 1), (0, 2), (1, 1), (1, 2)]
        assert point["mean"] == pytest.approx(np.mean(values))
    out, _ = run(tmp_path, "sweep", "show", "sweep")
    assert "4/4" in out
    assert "over the folds of all seeds" in out
    page = (tmp_path / "runs" / "sweep" / "sweep.html").read_text()
    assert "over the folds of all seeds" in page


def test_folds_are_told_apart_from_other_validation_rows(dlrun, tmp_path):
    """On one command line they contradict each other; there are two at least."""
    write_rows(tmp_path)
    both = dlrun(
        "train", "config.yaml", "--folds", 3, "--set", "dataset.validation_split=0.2", code=2
    )
    assert "dataset.validation_split: The validation rows are those of the fold." in both.err
    assert "--folds" in dlrun("train", "config.yaml", "--folds", 1, code=2).err
    by_time = dlrun(
        "train", "config.yaml", "--folds", 3, "--set", "dataset.split_by={time: year}", code=2
    )
    assert "error: --folds: dataset.fold: Folds would train on rows that are later" in by_time.err


TYPED = """\
size,color,family,day,part,well
1.5,red,Ünal,2020-01-03,Train,yes
2.5,blue,Ünal,2020-01-04,train,no
3.5,red,O'Neil,2020-01-05,VAL,yes
4.5,blue,O'Neil,2020-01-06,valid,no
5.5,blue,,2020-01-07,Test,yes
6.5,red,Zoë,2020-01-08,holdout,no
7.5,red,Zoë,2020-01-02,train,yes
8.5,blue,x,2020-01-01,train,no
"""


@pytest.fixture
def splits(tmp_path):
    """Load the rows of a table of numbers, texts and dates as training does."""
    (tmp_path / "typed.csv").write_text(TYPED)
    (tmp_path / "config.yaml").write_text(
        CONFIG.replace("rows.csv, target: sick", "typed.csv, target: well")
    )

    def load(*overrides):
        return load_splits(load_config(tmp_path / "config.yaml", overrides))

    return load


def test_groups_are_texts_too(splits):
    """A row without one is a group of its own; the network does not get the column."""
    found = splits("dataset.split_by={group: family}", "dataset.test_split=0.3")
    assert found.notes[:2] == (
        "split by group 'family': train 6 rows of 4 groups, test 2 rows of 1 group",
        "1 row without a 'family', each taken for a group of its own",
    )
    assert "family" not in " ".join(found.spec.feature_names)
    assert [column.kind for column in found.spec.columns if column.name == "family"] == ["ignore"]


def test_dates_put_rows_in_order(splits):
    """Whatever their order in the file."""
    found = splits(
        "dataset.split_by={time: day}", "dataset.test_split=0.25", "dataset.validation_split=0.17"
    )
    assert found.notes[0] == (
        "split by time 'day': train 5 rows from 2020-01-01 to 2020-01-05, validation 1 row from "
        "2020-01-06 to 2020-01-06, test 2 rows from 2020-01-07 to 2020-01-08"
    )


def test_a_column_of_words_names_the_splits(splits):
    """In any spelling; other words are told."""
    found = splits("dataset.split_by={column: part}")
    assert {name: len(part) for name, part in found.present().items()} == {
        "train": 4, "validation": 2, "test": 2,
    }  # fmt: skip
    with pytest.raises(DataError, match="column 'color' says 'blue' \\(4 rows\\), 'red'"):
        splits("dataset.split_by={column: color}")


def test_the_column_may_be_one_of_the_network_too(splits):
    """Where `columns` says what it is; or it is said to be ignored, which it is anyway."""
    group = "dataset.split_by={group: color}"
    found = splits(group, "dataset.test_split=0.5", "dataset.columns={color: category}")
    assert "color=red" in found.spec.feature_names or "color=blue" in found.spec.feature_names
    found = splits(group, "dataset.test_split=0.5", "dataset.columns={color: ignore}")
    assert "color" not in " ".join(found.spec.feature_names)
    found = splits(group, "dataset.test_split=0.5", "dataset.features=[size]")
    assert found.spec.feature_names == ("size",)


def test_callbacks_watch_validation_rows_that_the_table_names(splits, tmp_path):
    """Where it names none, they have nothing to watch."""
    watching = "training.callbacks=[{type: EarlyStopping, monitor: val_loss}]"
    splits("dataset.split_by={column: part}", watching)
    (tmp_path / "typed.csv").write_text(TYPED.replace("VAL", "test").replace("valid", "test"))
    with pytest.raises(ConfigError) as error:
        splits("dataset.split_by={column: part}", watching)
    assert str(error.value) == (
        "training.callbacks[0].monitor: There is no 'val_loss', because the data name no "
        "validation rows. Set 'dataset.validation_split', or 'monitor: loss'."
    )


def test_test_rows_may_have_a_file_of_their_own(splits, tmp_path):
    """In any order of columns, with texts that no other row has; not with other classes."""
    (tmp_path / "test.csv").write_text(
        "well,part,day,family,color,size\nno,,2020-02-01,Ünal,green,1\nyes,,2020-02-02,new,red,2\n"
    )
    path = f"dataset.test_path={tmp_path / 'test.csv'}"
    found = splits(path, "dataset.split_by={group: family}", "dataset.validation_split=0.3",
                   "dataset.columns={part: ignore}")  # fmt: skip
    assert found.spec.rows["test"] == 2
    warning = "warning: 1 group of 'family' in the test file and in the other rows too: 'Ünal'"
    assert warning in found.notes
    with pytest.raises(ConfigError, match="The test rows are those of 'test_path'"):
        splits(path, "dataset.test_split=0.2")
    text = (tmp_path / "test.csv").read_text()
    (tmp_path / "test.csv").write_text(text.replace("yes", "maybe"))
    with pytest.raises(DataError) as error:
        splits(path, "dataset.columns={part: ignore}")
    assert str(error.value) == (
        f"{tmp_path / 'test.csv'}:3: the class 'maybe' stands in no row that is trained on; there "
        "are no, yes.\n  Mend the cell."
    )


def test_dates_that_may_be_read_in_two_ways_put_nothing_in_order(splits, tmp_path):
    """Day and month could be taken for one another."""
    (tmp_path / "typed.csv").write_text(TYPED.replace("2020-01-0", "01/02/200"))
    with pytest.raises(DataError, match="may begin with the day or with the month"):
        splits("dataset.split_by={time: day}", "dataset.test_split=0.25")
