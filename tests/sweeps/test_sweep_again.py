"""Sweeps that are started again, changed, or disturbed: the same runs are found, and only they."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.folders import change
from tests.sweeping import MOONS, records, run, start, store_sweep


@pytest.fixture
def folder(tmp_path):
    """A folder with a config."""
    (tmp_path / "moons.yaml").write_text(MOONS.replace("epochs: 6", "epochs: 2"))
    return tmp_path


def record_of(folder, out):
    """The record of the run whose path was printed."""
    return json.loads((folder / out.strip() / "run.json").read_text())


@pytest.mark.slow
def test_a_run_that_began_with_the_weights_of_another_still_does_so(folder):
    """Killed before it had taken them, it goes on with them, not with those of its seed."""
    first, _ = run(folder, "train", "moons.yaml", "--seed", "9", "--no-report")
    words = ("train", "moons.yaml", "--set", "seed=5..5", "--from", "latest", "--threads", "1")
    out, _ = run(folder, *words)
    whole = record_of(folder, out)
    assert whole["from"] == str(folder / first.strip())
    killed = folder / out.strip()
    for name in ("initial.safetensors", "weights.safetensors", "history.csv", "metrics.json"):
        (killed / name).unlink()
    shutil.rmtree(killed / "checkpoint")
    change(killed / "run.json", status="running", pid=2**22 + 1, files=None, final_weights=None)
    again, err = run(folder, *words[:-4], "--from", first.strip(), "--threads", "1")
    assert again == out, err
    assert record_of(folder, out)["initial_weights"] == whole["initial_weights"]
    assert record_of(folder, out)["final_weights"] == whole["final_weights"]


@pytest.mark.slow
def test_from_latest_is_one_run_for_all(folder):
    """Not the run that has begun meanwhile."""
    first, _ = run(folder, "train", "moons.yaml", "--seed", "9", "--no-report")
    words = ("--set", "seed=0..3", "--from", "latest", "--jobs", "1")
    out, _ = run(folder, "train", "moons.yaml", *words)
    told = {record_of(folder, line)["from"] for line in out.splitlines()}
    assert told == {str(folder / first.strip())}


@pytest.mark.slow
def test_draws_that_learn_keep_their_threads(folder):
    """With other workers nothing is trained again."""
    (folder / "t.yaml").write_text(
        "base: moons.yaml\nrandom: {optimizer.learning_rate: {log_uniform: [0.001, 0.1]}}\n"
        "samples: 2\nsampler: tpe\nobjective: test.loss\n"
    )
    run(folder, "sweep", "t.yaml", "--jobs", "1")
    _, err = run(folder, "sweep", "t.yaml", "--jobs", "2")
    assert "2 runs, 2 there already\n" in err
    assert len(records(folder / "runs" / "t")) == 2


@pytest.mark.slow
def test_what_training_finds_is_shown(folder):
    """Seeds that are added, an axis with the value of the base, a default written down."""
    grid = "base: moons.yaml\ngrid: {optimizer.learning_rate: [0.1, 0.01]}\n"
    (folder / "s.yaml").write_text(grid)
    run(folder, "sweep", "s.yaml", "--threads", "1", "--jobs", "1")
    text = (folder / "moons.yaml").read_text()
    (folder / "moons.yaml").write_text(text.replace("batch_size", "shuffle: true, batch_size"))
    (folder / "s.yaml").write_text(f"{grid}seeds: 2\n")
    _, err = run(folder, "sweep", "s.yaml", "--threads", "1", "--jobs", "1")
    assert "4 runs, 2 there already, 2 to train" in err
    told = json.loads(run(folder, "sweep", "show", "s", "--json")[0])
    assert told["missing"] == 0
    assert [len(point["runs"]) for point in told["points"]] == [2, 2]
    assert "left out" not in run(folder, "sweep", "show", "s")[0]


@pytest.mark.slow
def test_two_equal_commands_at_once_train_everything_once(folder):
    """The second waits, and finds what the first has trained."""
    words = ("train", "moons.yaml", "--set", "seed=0..2", "--threads", "1")
    both = [start(folder, *words) for _ in range(2)]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert told[0][0] == told[1][0]
    assert (
        sum("waiting for another process that trains runs in runs" in err for _, err in told) == 1
    )
    assert len(list((folder / "runs").glob("2*"))) == 3


@pytest.mark.slow
def test_a_reader_that_goes_away_kills_nothing(folder):
    """The runs at work are closed in good order."""
    words = [
        "train",
        "moons.yaml",
        "--set",
        "training.epochs=99999",
        "--set",
        "seed=0..1",
        "--json",
    ]
    command = " ".join([sys.executable, "-m", "dlrun", *words])
    subprocess.run(
        ["bash", "-c", f"{command} | head -8"], cwd=folder, check=True, capture_output=True
    )
    found = records(folder / "runs").values()
    assert {one["status"] for one in found} == {"interrupted"}
    assert all(Path(one["folder"] / "checkpoint").is_dir() for one in found)


def test_names_instead_of_paths(dlrun, folder):
    """A sweep is found among the runs; a misspelt command is none."""
    told = dlrun("sweep", "shwo", "s", code=2).err
    assert told == (
        "error: dlrun sweep: there is no file 'shwo', and no such command.\n"
        "  Did you mean 'show'?\n"
    )
    (folder / "runs" / "rates").mkdir(parents=True)
    (folder / "runs" / "rates" / "sweep.json").write_text("{}")
    assert dlrun("runs").err == (
        "There is no run in runs.\nRuns of sweeps are in runs/rates: `--recursive` lists them.\n"
    )
    assert "runs/rates/sweep.json: is not what" in dlrun("sweep", "show", "rates", code=4).err


@pytest.mark.parametrize("key", ["format", "name", "base_hash", "axes", "objective", "points"])
@pytest.mark.parametrize("damage", ["gone", 10**400, [[]], {"a": None}])
def test_a_damaged_sweep_is_labelled(dlrun, tmp_path, key, damage):
    """Whatever stands in its `sweep.json`, and whatever does not."""
    path = next(iter(store_sweep(tmp_path, lambda *_: None).values())).parent / "sweep.json"
    told = json.loads(path.read_text())
    del told[key]
    path.write_text(json.dumps(told if damage == "gone" else {**told, key: damage}))
    for words in (["show"], ["show", "--json"], ["show", "--csv"], ["best"], ["report"]):
        err = dlrun("sweep", words[0], "runs/rates", *words[1:], code=4).err
        assert err == "error: runs/rates/sweep.json: is not what a sweep saved: damaged.\n"
