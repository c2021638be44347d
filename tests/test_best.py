"""Which run is the best: one rule, whoever names it.

By the validation rows where there are any, else by the test rows, which is said, else by the
training rows; means over the seeds decide, then the best run of the best point.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

import dlrun as in_python
from dlrun.api.sweep_runs import Sweep
from dlrun.execution.options import RunOptions
from dlrun.sweeps.language.flags import read_grid
from dlrun.sweeps.language.loading import load_points
from dlrun.sweeps.pool import SweepListener
from dlrun.sweeps.results import results_so_far
from dlrun.sweeps.runner import SweepOptions, SweepRunner, TrialRequest
from dlrun.sweeps.sweep import plan_sweep
from tests.folders import change
from tests.marking import first
from tests.sweeping import MOONS, RATES, store_runs, store_sweep

STEADY, LUCKY = 0.01, 0.1
"""A lucky run of the worse point has the best single value; on the test rows all is reversed."""
ACCURACY = {(LUCKY, 0): 0.99, (LUCKY, 1): 0.51, (STEADY, 0): 0.90, (STEADY, 1): 0.92}
ON_TEST = "the best is chosen on the test rows, so its test metrics flatter it"
AXES = ("--set", "optimizer.learning_rate=[0.1,0.01]", "--set", "seed=[0,1]")


def metrics_on(splits):
    """What the runs have measured on some rows."""

    def metrics_of(rate, seed):
        accuracy = ACCURACY[rate, seed]
        values = {"validation": accuracy, "test": 1 - accuracy, "train": 0.5}
        return {split: {"loss": 0.1, "accuracy": values[split]} for split in splits}

    return metrics_of


def planned_grid(folder):
    """The runner of a grid on the command line, and its jobs."""
    base = folder / "moons.yaml"
    asked = read_grid(base, [AXES[1], AXES[3]])
    experiments = load_points(base, asked.fixed, asked.points)
    runner = SweepRunner(SweepOptions(RunOptions(folder / "runs", ["dlrun"])), SweepListener())
    pairs = zip(experiments, asked.points, strict=True)
    return runner, runner.plan([TrialRequest(one, point.values) for one, point in pairs])


@pytest.fixture
def grid(tmp_path):
    """Let the runs of a grid on the command line be finished; gives their folders by point."""

    def stored(splits):
        (tmp_path / "moons.yaml").write_text(MOONS)
        return store_runs(*planned_grid(tmp_path), metrics_on(splits))

    return stored


@pytest.fixture
def sweep(tmp_path):
    """Let the runs of a sweep be finished; gives their folders by point."""
    return lambda splits: store_sweep(tmp_path, metrics_on(splits))


def test_a_grid_is_judged_by_the_validation_rows(dlrun, grid):
    """And by means: the point of the single lucky run is second."""
    runs = grid(("train", "validation", "test"))
    found = dlrun("train", "moons.yaml", *AXES)
    lines = found.err.splitlines()
    assert "4 runs, 4 there already" in lines
    table = lines[lines.index("4 runs, 4 there already") + 1 :]
    assert table[0].split() == ["best", "validation", "accuracy", "run"]
    assert table[1].split() == ["learning_rate=0.01", "0.9100", "±", "0.1271", runs[STEADY, 1].name]
    assert table[2].split()[:2] == ["learning_rate=0.1", "0.7500"]
    assert ON_TEST not in found.err


def test_a_sweep_names_one_winner(dlrun, sweep):
    """Its last screen, `show`, `best`, its page and the list of its runs."""
    runs = sweep(("train", "validation", "test"))
    best = str(runs[STEADY, 1].relative_to(runs[STEADY, 1].parents[2]))
    screen = dlrun("sweep", "rates.yaml").err
    rows = [line.split() for line in screen.splitlines()]
    at = rows.index(["best", "validation", "accuracy", "run"])
    assert rows[at + 1][-1] == runs[STEADY, 1].name
    found = dlrun("sweep", "best", "runs/rates")
    assert (found.out, found.err) == (f"{best}\n", "")
    shown = dlrun("sweep", "show", "runs/rates").out
    assert shown.splitlines()[0].split() == ["learning_rate", "validation", "accuracy", "finished"]
    assert shown.splitlines()[-1] == f"best run: {best}"
    told = json.loads(dlrun("sweep", "show", "runs/rates", "--json").out)
    assert (told["objective"], told["best"]) == ("validation accuracy", best)
    dlrun("sweep", "report", "runs/rates")
    page = (runs[STEADY, 1].parent / "sweep.html").read_text()
    assert "validation accuracy, the better" in page
    assert "test metrics flatter it" not in page
    listed = dlrun("runs", "--runs-dir", "runs/rates", "--best", "1", "--columns", "run", "--csv")
    assert (listed.out, listed.err) == (f"run\n{best}\n", "")


def test_the_test_rows_are_taken_where_there_are_no_others(dlrun, sweep):
    """Which is said wherever a best run is named."""
    runs = sweep(("train", "test"))
    best = runs[LUCKY, 1]
    screen = dlrun("sweep", "rates.yaml").err
    assert ["best", "test", "accuracy", "run"] in [line.split() for line in screen.splitlines()]
    assert ON_TEST in screen
    found = dlrun("sweep", "best", "runs/rates")
    assert found.out.strip().endswith(best.name)
    assert ON_TEST in found.err
    assert ON_TEST in dlrun("sweep", "show", "runs/rates").out
    dlrun("sweep", "report", "runs/rates")
    assert "test metrics flatter it" in (best.parent / "sweep.html").read_text()
    listed = dlrun("runs", "--runs-dir", "runs/rates", "--best", "1", "--columns", "run", "--csv")
    assert listed.out.strip().endswith(best.name)
    assert ON_TEST in listed.err


def test_the_metric_is_one_that_all_runs_have(dlrun, sweep):
    """Of runs without validation rows among others the test rows decide: there all can be held."""
    runs = sweep(("train", "validation", "test"))
    path = runs[STEADY, 0] / "metrics.json"
    told = json.loads(path.read_text())
    del told["validation"]
    path.write_text(json.dumps(told))
    found = dlrun("sweep", "best", "runs/rates")
    assert found.out.strip().endswith(runs[LUCKY, 1].name)
    assert ON_TEST in found.err


def test_best_of_a_list_by_an_explicit_key(dlrun, grid):
    """`--sort` is taken at its word: run by run, by that key."""
    runs = grid(("train", "validation", "test"))
    words = ("--columns", "run", "--csv", "--best", "1", "--sort")
    for key in ("validation.accuracy", "value"):
        assert dlrun("runs", *words, key).out.strip().endswith(runs[LUCKY, 0].name)
    assert dlrun("runs", *words, "test.accuracy").out.strip().endswith(runs[LUCKY, 1].name)


def test_two_runs_are_compared_on_the_validation_rows(dlrun, grid):
    """The verdict over seeds is one on the rows that are there to choose by."""
    grid(("train", "validation", "test"))
    out = dlrun("compare", "--where", "status=finished").out
    assert "Against learning_rate=0.1, on the validation rows" in out


@pytest.mark.parametrize(
    ("base", "objective"),
    [(MOONS, "validation"), (MOONS.replace("validation_split: 0.2, ", ""), "test")],
)
def test_rows_of_an_objective_that_names_none(tmp_path, base, objective):
    """The same rule: the validation rows where there are any."""
    (tmp_path / "moons.yaml").write_text(base)
    (tmp_path / "rates.yaml").write_text(f"{RATES}objective: {{metric: accuracy}}\n")
    planned = plan_sweep(tmp_path / "rates.yaml", overrides=(), runs_dir=tmp_path)
    assert planned.sweep.objective.key == f"{objective}.accuracy"


def test_halving_needs_validation_rows(dlrun, tmp_path):
    """It judges runs while they train; where the objective names no rows, these are missing."""
    (tmp_path / "moons.yaml").write_text(MOONS.replace("validation_split: 0.2, ", ""))
    (tmp_path / "rates.yaml").write_text(
        f"{RATES}objective: {{metric: accuracy}}\nhalving: {{eta: 2}}\n"
    )
    err = dlrun("sweep", "rates.yaml", code=2).err
    assert "The runs have no validation rows. Set dataset.validation_split." in err


def test_best_of_a_list_whatever_the_folders_hold(dlrun, tmp_path):
    """Runs that diverged to enormous numbers do not count; a seed that is none is one of all."""
    values = {LUCKY: 1e308, STEADY: 0.5}
    runs = store_sweep(
        tmp_path, lambda rate, seed: {"validation": {"loss": values[rate] / (seed + 1)}}
    )
    for path in runs.values():
        change(path / "run.json", seed=[0])
    words = ("--runs-dir", "runs/rates", "--best", "4", "--columns", "run", "--csv")
    named = [Path(line).name for line in dlrun("runs", *words).out.splitlines()[1:]]
    assert named == [runs[STEADY, 1].name, runs[STEADY, 0].name]


def without_value(runs):
    """The lucky run is alone at its point: the other seed has failed."""
    change(runs[LUCKY, 1] / "run.json", status="failed", exit_code=1, reason="no space left")
    (runs[LUCKY, 1] / "metrics.json").unlink()
    return runs[STEADY, 1]


def with_metrics(runs):
    """A run that was measured and then failed is not finished, whatever stands in its folder."""
    change(runs[STEADY, 1] / "run.json", status="failed", exit_code=1, reason="no space left")
    return runs[LUCKY, 0]


def equal(runs):
    """All have the same value: the point that was begun first, and its first seed."""
    for path in runs.values():
        change(path / "metrics.json", validation={"loss": 0.1, "accuracy": 0.5})
    return runs[LUCKY, 0]


def equal_and_begun_late(runs):
    """When a point was begun counts, not where it stands in the list, nor the folders' names."""
    best = equal(runs) and runs[STEADY, 0]
    change(runs[STEADY, 1] / "run.json", started="2026-01-01T00:00:00.000001+00:00")
    return best


def equal_and_twice(runs):
    """A run was trained twice: the newer one stands for both, also for when it was begun."""
    best = equal(runs)
    newer = best.with_name("20990101-000000_moons_aaaa")
    shutil.copytree(best, newer)
    change(newer / "run.json", started="2099-01-01T00:00:00.000000+00:00")
    older = best.with_name("20000101-000000_moons_aaaa")
    shutil.copytree(runs[STEADY, 0], older)
    change(older / "run.json", started="2000-01-01T00:00:00.000000+00:00")
    return newer


def without_validation(runs):
    """One has no validation rows: all are judged by the test rows, where the order is reversed."""
    path = runs[STEADY, 0] / "metrics.json"
    change(path, validation=None)
    return runs[LUCKY, 1]


CASES = (
    without_value, with_metrics, equal, equal_and_begun_late, equal_and_twice, without_validation
)  # fmt: skip


@pytest.mark.parametrize("case", first(3, CASES), ids=lambda case: case.__name__)
def test_every_door_names_the_same_winner(case, dlrun, sweep):
    """The screens of a grid and of a sweep, `show`, `best`, the page, and a list of the runs."""
    best = case(sweep(("train", "validation", "test")))
    failed = int(case in (without_value, with_metrics))
    named = {}
    screens = {
        "grid": ("train", "moons.yaml", *AXES, "--runs-dir", "runs/rates"),
        "sweep": ("sweep", "rates.yaml"),
    }
    for door, words in screens.items():
        rows = [line.split() for line in dlrun(*words, code=failed).err.splitlines()]
        at = next(number for number, row in enumerate(rows) if row[:1] == ["best"])
        named[door] = rows[at + 1][-1]
    show = dlrun("sweep", "show", "runs/rates").out
    named["show"] = re.search(r"^best run: (.+)$", show, re.MULTILINE)[1]
    named["show --json"] = json.loads(dlrun("sweep", "show", "runs/rates", "--json").out)["best"]
    named["best"] = dlrun("sweep", "best", "runs/rates").out.strip()
    named["best -o"] = (
        dlrun("sweep", "best", "runs/rates", "-o", "best.yaml")
        and re.search(r"^# .+: (.+)$", Path("best.yaml").read_text(), re.MULTILINE)[1]
    )
    dlrun("sweep", "report", "runs/rates")
    page = (best.parent / "sweep.html").read_text()
    named["page"] = re.search(r"dlrun predict (\S+) INPUT.csv", page)[1]
    listed = ("runs", "--runs-dir", "runs/rates", "--best", "1")
    named["runs"] = dlrun(*listed, "--columns", "run", "--csv").out.splitlines()[1]
    named["Python"] = Sweep(best.parent).best.path
    named["Python, runs"] = in_python.runs(runs_dir="runs/rates", best=1)[0]["run"]
    named["facts of the page"] = re.search(r'best run</dt><dd><bdi class="code">(.+?)<', page)[1]
    assert {door: Path(name).name for door, name in named.items()} == dict.fromkeys(
        named, best.name
    )


def test_a_run_that_was_never_begun_does_not_count(dlrun, grid, tmp_path):
    """Such as after a first failure has ended a grid: no folder tells of it."""
    runs = grid(("train", "validation", "test"))
    shutil.rmtree(runs[LUCKY, 1])
    _, jobs = planned_grid(tmp_path)
    assert [job.status for job in jobs].count("waiting") == 1
    listed = dlrun("runs", "--best", "1", "--columns", "run", "--csv").out.splitlines()
    assert results_so_far(jobs).best().path.name == Path(listed[1]).name == runs[LUCKY, 0].name


def test_a_list_shows_the_metric_that_has_chosen(dlrun, sweep):
    """Not the main metric of each run, where one has no validation rows."""
    runs = sweep(("train", "validation", "test"))
    without_validation(runs)
    found = dlrun("runs", "--runs-dir", "runs/rates", "--best", "4", "--json")
    shown = [(Path(row["run"]), row["metric"], row["value"]) for row in json.loads(found.out)]
    order = [(LUCKY, 1), (LUCKY, 0), (STEADY, 0), (STEADY, 1)]
    assert [(path.name, metric, value) for path, metric, value in shown] == [
        (runs[point].name, "test accuracy", 1 - ACCURACY[point]) for point in order
    ]
    assert ON_TEST in found.err
