"""What runs would take, before they are trained: held against calculations by hand."""

from __future__ import annotations

import json

import pytest

from dlrun.config import load_config
from dlrun.errors import UsageError
from dlrun.execution.loading import load_splits
from dlrun.execution.needs import activations_of, needs_of
from dlrun.sweeps.estimate import Estimate, read_duration
from tests.sweeping import MOONS, RATES, run

FLOAT = 4  # bytes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2h", 7200), ("90m", 5400), ("1h30m", 5400), ("1.5h", 5400), ("2d", 172800)],
)  # fmt: skip
def test_times(text, seconds):
    """As people write them."""
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["2", "h", "2 hours", "2h!", ""])
def test_what_is_no_time_is_told(text):
    """With what would be one."""
    with pytest.raises(UsageError, match="is no time"):
        read_duration(text)


@pytest.mark.parametrize(
    ("seconds", "fits"), [(3, 0), (12.9, 0), (13, 2), (22.9, 2), (23, 4), (99, 4)]
)
def test_what_fits_into_a_budget(seconds, fits):
    """Two workers, ten seconds a run, three until the first begins."""
    assert Estimate((10.0,) * 4, 2, "").fitting(seconds) == min(fits, 4)


@pytest.mark.parametrize(
    ("costs", "workers", "seconds"),
    [((10.0,) * 4, 2, 23), ((10.0,) * 3, 2, 23), ((10.0,), 4, 13), ((1.0, 9.0, 1.0), 2, 12)],
)
def test_the_time_to_the_end(costs, workers, seconds):
    """No run is divided among workers: three of 10 s on two of them take 20 s, and 3 s before."""
    assert Estimate(costs, workers, "").seconds == seconds


def test_activations_of_a_batch(tmp_path):
    """What each layer gives, for every row of a batch; a small data set has a smaller one."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    experiment = load_config(tmp_path / "moons.yaml")
    splits = load_splits(experiment)
    assert activations_of(experiment, splits) == (16 * (4 + 1) * FLOAT, False)
    large = load_config(tmp_path / "moons.yaml", ["training.batch_size=1000"])
    assert activations_of(large, splits)[0] == len(splits.train) * (4 + 1) * FLOAT
    half = load_config(tmp_path / "moons.yaml", ["training.precision=mixed_bfloat16"])
    assert activations_of(half, splits)[0] == 16 * (4 + 1) * FLOAT // 2


@pytest.mark.slow
def test_a_finished_run_tells_what_such_runs_need(tmp_path):
    """Adam keeps two numbers for each weight, its step and its rate; two metrics two each."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    out, _ = run(tmp_path, "train", "moons.yaml", "--quiet")
    folder = tmp_path / out.strip()
    needs = needs_of(load_config(tmp_path / "moons.yaml"), folder)
    numbers = 2 * 4 + 4 + 4 * 1 + 1
    assert needs.weights == needs.gradients == numbers * FLOAT
    step, rate, metrics = 8, FLOAT, 2 * 2 * FLOAT
    assert needs.optimizer == 2 * numbers * FLOAT + step + rate + metrics
    assert needs.data == 60 * (2 * FLOAT + 8)  # a class number is an int64
    assert needs.finished == sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
    assert needs.training > needs.finished


@pytest.mark.slow
def test_a_plan_trains_nothing_to_keep(tmp_path):
    """Of one run, of several, and of a sweep; and what a budget leaves out is said."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "rates.yaml").write_text(RATES)
    out, told = run(tmp_path, "train", "moons.yaml", "--dry-run")
    first, memory, disk = out.splitlines()
    assert first.startswith("1 run, about ")
    assert memory.startswith("memory: ")
    assert "weights 68 bytes, gradients 68 bytes" in memory
    assert disk.startswith("disk: ")
    assert "measuring one run" in told
    words = ("sweep", "rates.yaml", "--jobs", "1", "--threads", "1", "--dry-run")
    out, told = run(tmp_path, *words, "--budget", "1s", "--json")
    plan = json.loads(out)
    assert plan["runs"] == []
    assert len(plan["left_out"]) == 4
    assert plan["bytes"]["weights"] == 68
    assert "budget of 1.0 s: 0 runs fit, 4 left out, from learning_rate=0.1 seed=0 on" in told
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_a_budget_trains_the_first_runs(tmp_path):
    """Which are there again the next time; what they took is the measure then."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "rates.yaml").write_text(RATES)
    words = ("sweep", "rates.yaml", "--jobs", "1", "--threads", "1")
    run(tmp_path, *words, "--shard", "1/4")
    folder = tmp_path / "runs" / "rates"
    record = next(folder.glob("2*/run.json"))
    taken = json.loads(record.read_text())["seconds"]
    _, told = run(tmp_path, *words, "--budget", f"{3 + 2.5 * taken:.3f}s")
    assert "2 runs fit, 1 left out, from learning_rate=0.01 seed=1 on" in told
    assert len(list(folder.glob("2*"))) == 3
