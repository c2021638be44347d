"""The page and the table of a sweep are made of its folder, whatever is in it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys

import pytest

from dlrun.errors import UsageError
from dlrun.sweeps.results import read_results, write_page
from dlrun.sweeps.sweep import add_results
from tests.conftest import Silent
from tests.reports.page.test_pages import HOSTILE, Checked, text_of
from tests.reports.sweeps import RATE, WORD, grid, store_run, store_sweep

LOADED = (
    "import json, sys; from dlrun.cli.main import main; code = main(sys.argv[1:]); "
    "print(json.dumps([code, sorted({name.split('.')[0] for name in sys.modules})]))"
)


def accuracy(point):
    return 0.9 - abs(point[RATE] - 0.01) + point["seed"] / 100


@pytest.fixture
def sweep(tmp_path):
    """Two rates, two activations, three seeds."""
    points = grid(accuracy, **{RATE: [0.01, 0.1], WORD: ["relu", "tanh"], "seed": [0, 1, 2]})
    return store_sweep(tmp_path / "runs" / "rates", points)


def test_the_page_of_a_folder(sweep, dlrun):
    """`sweep report` prints its path; the page has every plot that the sweep asks for."""
    result = dlrun("sweep", "report", sweep)
    assert result.out == f"{sweep / 'sweep.html'}\n"
    page = (sweep / "sweep.html").read_text("utf-8")
    Checked(page)
    titles = ("learning_rate.", "activation.", "learning_rate and activation.",
              "Parallel coordinates.", "The best points, run by run.",
              "Learning curves of the best.")  # fmt: skip
    assert all(f"<strong>{title}</strong>" in page for title in titles)
    assert page.count("data:image/png") == len(titles)
    assert "12 runs of 4 points: 12 finished." in text_of(page)


def test_the_best_on_the_page_is_the_one_that_is_printed(sweep, dlrun):
    """By `sweep best`, and first in the table."""
    write_page(sweep)
    best = dlrun("sweep", "best", sweep).out.strip()
    page = text_of((sweep / "sweep.html").read_text("utf-8"))
    assert f"dlrun predict {best} INPUT.csv" in page
    with (sweep / "results.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert str(sweep / rows[2]["run"]) == best


def test_the_table_can_be_read_again(tmp_path):
    """One row a run, numbers in full, lists as JSON, texts with line ends as they are."""
    words = ["a,b", 'a"b', "a\nb", "é", "=1+1"]
    points = [({"a": word, "b": [1, {"c": None}], "c": None, "d": True}, 1 / 3) for word in words]
    folder = store_sweep(tmp_path / "s", [*points, ({"a": "failed"}, None)])
    write_page(folder)
    with (folder / "results.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert {row["a"] for row in rows} == {*words, "failed"}
    assert {row["status"] for row in rows} == {"finished", "failed"}
    row = rows[0]
    assert float(row["test.accuracy"]) == 1 / 3
    assert json.loads(row["b"]) == [1, {"c": None}]
    assert (row["c"], row["d"]) == ("null", "true")
    assert rows[-1]["reason"] == "The loss became NaN."


@pytest.mark.slow
def test_the_same_folder_gives_the_same_page(sweep):
    """To the byte."""
    first = write_page(sweep).read_bytes()
    table = (sweep / "results.csv").read_bytes()
    assert write_page(sweep).read_bytes() == first
    assert (sweep / "results.csv").read_bytes() == table


def test_runs_that_are_missing_or_damaged_or_of_another_sweep(sweep):
    """Each is counted; none stops the page."""
    runs = sorted(path for path in sweep.iterdir() if path.is_dir())
    (runs[0] / "run.json").write_text("{")
    (runs[1] / "history.csv").write_text("epoch,loss\n1,much\n")
    (runs[2] / "metrics.json").write_text('{"test": {"accuracy": null, "loss": 1e308}}')
    store_run(sweep / "20261120-231455_b_9999", {RATE: 3}, 0.5, sweep={"base": "x", "point": {}})
    page = text_of(write_page(sweep).read_text("utf-8"))
    assert "11 finished, 1 missing." in page
    assert "1 run in the folder belongs to an earlier form of this sweep" in page


def test_numbers_too_large_to_square(tmp_path):
    """Whoever measures such a loss has diverged."""
    folder = store_sweep(tmp_path / "s", [({"a": 1, "seed": s}, 1.7e308) for s in (0, 1)])
    assert read_results(folder).best() is None
    assert "there is nothing to draw" in write_page(folder).read_text("utf-8")


@pytest.mark.parametrize(
    "points",
    [
        [],
        [({"a": 1}, 0.5)],
        [({"a": 1}, None)],
        [({"a": 1}, 0.5), ({"a": 2}, None)],
        [({key: value}, 0.5) for key in HOSTILE for value in HOSTILE],
        [({"a": [[[n]]], "seed": "odd"}, 0.5) for n in range(3)],
    ],
    ids=["none", "one", "failed", "half", "hostile", "odd"],
)
def test_small_and_strange_sweeps(points, tmp_path):
    """Each has its page."""
    page = write_page(store_sweep(tmp_path / "s", points)).read_text("utf-8")
    assert "script" not in Checked(page).seen


def test_a_folder_that_is_no_sweep(tmp_path, dlrun):
    """Nothing is written into it."""
    with pytest.raises(UsageError, match=r"sweep\.json is missing"):
        write_page(tmp_path)
    assert "is not the folder of a sweep" in dlrun("sweep", "report", tmp_path, code=2).err
    assert not list(tmp_path.iterdir())


def test_a_failing_page_does_not_lose_the_sweep(sweep, monkeypatch):
    """A warning says how to try again; the table is there."""

    def fail(*_):
        raise ValueError("no ink")

    monkeypatch.setattr("dlrun.reports.page.sweep_page.sweep_page", fail)
    listener = Silent()
    add_results(sweep, listener)
    (told,) = listener.told
    assert told == (
        "warning: the runs are complete, but the page of the sweep failed: ValueError: no ink\n"
        f"  `dlrun sweep report {sweep}` tries again."
    )
    assert (sweep / "results.csv").exists()
    assert not (sweep / "sweep.html").exists()


@pytest.mark.slow
def test_a_page_needs_no_tensorflow(sweep):
    """Only what draws it."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, "sweep", "report", str(sweep)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    code, loaded = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stderr
    assert {"matplotlib", "jinja2"} <= set(loaded)
    assert not {"tensorflow", "keras"} & set(loaded)
