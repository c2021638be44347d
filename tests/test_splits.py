"""Splits, folds and sampling by the command line, from tables."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dlrun.data.sampling import sampled_rows
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
    assert "column 'patient': key, rows are split by it\n" in result.err
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


@pytest.mark.parametrize("sampling", ["over", "under"])
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


def test_a_cross_validation_is_one_run_a_fold(tmp_path):
    """Means over its folds stand in the closing table and in a comparison."""
    write_rows(tmp_path)
    words = ("--set", "dataset.test_split=0.25", "--set", "optimizer.learning_rate=[0.1,0.01]")
    (tmp_path / "config.yaml").write_text(CONFIG.replace("sick}", "sick, validation_split: 0.1}"))
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
