"""Sweeps that choose: halving, draws that learn, and what a dry run foretells."""

from __future__ import annotations

import json

import pytest

from tests.sweeping import MOONS, records, run

HALVING = """\
base: moons.yaml
set: {training.epochs: 18}
random: {optimizer.learning_rate: {log_uniform: [1e-4, 1e-1]}}
samples: 7
objective: validation.loss
halving: {eta: 3, min_epochs: 2}
"""
TPE = """\
base: moons.yaml
random:
  optimizer.learning_rate: {log_uniform: [1e-4, 1]}
  model.layers[0].units: {integer: [2, 9]}
  model.layers[0].activation: [relu, tanh]
samples: 3
sampler: tpe
seeds: 2
objective: validation.loss
"""


def events(folder, *words, code=0):
    """The events that a sweep tells."""
    out, _ = run(folder, *words, "--json", code=code)
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.slow
def test_halving_stops_bad_runs_early_and_the_others_have_their_bits(tmp_path):
    """One in three goes on from each rung; paused runs can go on later, to the same bits."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "half.yaml").write_text(HALVING)
    told = events(tmp_path, "sweep", "half.yaml", "--threads", "1")
    found = records(tmp_path / "runs" / "half")
    assert len(found) == 7
    finished = [one for one in found.values() if one["status"] == "finished"]
    paused = [one["reason"] for one in found.values() if one["status"] == "interrupted"]
    assert len(finished) <= 2
    assert set(paused) <= {"Paused after epoch 2.", "Paused after epoch 6."}
    assert paused.count("Paused after epoch 2.") >= 4
    ends = [(one["epoch"], one["status"]) for one in told if one["event"] == "ended"]
    assert {epoch for epoch, status in ends if status == "paused"} <= {2, 6}
    again = events(tmp_path, "sweep", "half.yaml", "--threads", "1")
    assert [one["event"] for one in again] == ["began", "finished", "results"]
    out, _ = run(tmp_path, "sweep", "show", "runs/half")
    assert out.count("stopped early") == len(paused) + 1

    (tmp_path / "half.yaml").write_text(HALVING.replace("halving:", "# halving:"))
    run(tmp_path, "sweep", "half.yaml", "--threads", "1", "--quiet")
    found = records(tmp_path / "runs" / "half")
    assert {one["status"] for one in found.values()} == {"finished"}
    resumed = next(one for one in found.values() if "resumed" in one)
    rate = resumed["sweep"]["point"]["optimizer.learning_rate"]
    out, _ = run(
        tmp_path, "train", "moons.yaml", "--set", f"optimizer.learning_rate={rate!r}",
        "--set", "training.epochs=18", "--threads", "1", "--no-report", "--quiet",
    )  # fmt: skip
    alone = json.loads((tmp_path / out.strip() / "run.json").read_text())
    assert alone["final_weights"] == resumed["final_weights"]


@pytest.mark.slow
def test_draws_that_learn_go_on_where_they_were(tmp_path):
    """Each point has its number and all of its seeds; more samples keep what is there."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "tpe.yaml").write_text(TPE)
    first = events(tmp_path, "sweep", "tpe.yaml")
    assert (first[0]["event"], first[0]["runs"]) == ("began", 6)
    before = records(tmp_path / "runs" / "tpe")
    assert sorted(one["sweep"]["sample"] for one in before.values()) == [0, 0, 1, 1, 2, 2]
    for one in before.values():
        point = one["sweep"]["point"]
        assert 1e-4 <= point["optimizer.learning_rate"] <= 1
        assert point["model.layers[0].units"] in range(2, 10)
        assert point["model.layers[0].activation"] in ("relu", "tanh")
    (tmp_path / "tpe.yaml").write_text(TPE.replace("samples: 3", "samples: 4"))
    second = events(tmp_path, "sweep", "tpe.yaml")
    assert sum(one["event"] == "started" for one in second) == 2
    after = records(tmp_path / "runs" / "tpe")
    assert before.keys() < after.keys()
    assert len(after) == 8


@pytest.mark.slow
def test_a_dry_run_lists_and_estimates_and_leaves_nothing(tmp_path):
    """Also as JSON; draws that learn cannot be listed."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "half.yaml").write_text(HALVING)
    out, err = run(tmp_path, "sweep", "half.yaml", "--dry-run", "--jobs", "2")
    lines = out.splitlines()
    assert lines[0].split() == ["learning_rate", "status"]
    assert [line.split()[1] for line in lines[1:8]] == ["waiting"] * 7
    assert lines[-3].startswith("7 runs, about ")
    assert lines[-3].endswith("2 at a time, measured on the first run)")
    assert " at most (" in lines[-3]
    assert err == "measuring one run ...\n"
    (tmp_path / "tpe.yaml").write_text(TPE)
    told = json.loads(run(tmp_path, "sweep", "tpe.yaml", "--dry-run", "--json", "--quiet")[0])
    assert (told["runs"], told["count"]) == (None, 6)
    assert told["seconds"] > 0
    assert not (tmp_path / "runs").exists()
