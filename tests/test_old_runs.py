"""Folders that dlrun 0.1 wrote in November 2026 open, verify, predict and go on as they did then.

`old_runs/` holds them as they were written, with the key of their seals and the tables of two runs,
which lay at /data/iris.csv and /data/reviews.csv. They are never written anew: whatever changes in
dlrun, they read. That on reviews is of the last version in which texts were counts of words only.
"""

import json
import shutil
from pathlib import Path

import pytest

from tests.folders import change

OLD = Path(__file__).parent / "old_runs"
FINISHED = ["iris_sdu5", "sine_regression_lk5k", "threshold_hinge_ndjp", "digits_cnn_go3i"]
OF_TEXTS = "bag_of_words_bj5y"


@pytest.fixture
def old(tmp_path, monkeypatch):
    """The folders, copied; gives the path of one by the end of its name."""
    shutil.copytree(OLD, tmp_path / "old")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "old" / "state"))
    monkeypatch.chdir(tmp_path)
    return lambda name: next((tmp_path / "old" / "runs").rglob(f"*_{name}"))


@pytest.mark.parametrize("name", [*FINISHED, OF_TEXTS, "diverging_44zj", "moons_mlp_w5g4"])
def test_nothing_of_them_is_damaged(dlrun, old, name):
    dlrun("verify", old(name))


def test_the_list_has_them(dlrun, old):
    listed = json.loads(dlrun("runs", "--runs-dir", old("iris_sdu5").parent, "--json").out)
    assert {row["name"].split("_", 1)[1]: row["status"] for row in listed} == {
        **dict.fromkeys([*FINISHED, OF_TEXTS], "finished"),
        "diverging_44zj": "failed",
        "moons_mlp_w5g4": "interrupted",
    }


@pytest.mark.parametrize("name", FINISHED)
def test_what_training_measured_is_measured_again(dlrun, old, name):
    """Within rounding: another machine may compute otherwise in the last bits."""
    run = old(name)
    stored = json.loads((run / "metrics.json").read_text("utf-8"))
    words = ["--data", "old/iris.csv"] if name == "iris_sdu5" else []
    told = json.loads(dlrun("evaluate", run, *words, "--json").out)
    expected = (
        next(iter(stored["files"].values()))
        if words
        else stored.get("test") or stored["validation"]
    )
    assert told["metrics"]["loss"] == pytest.approx(expected["loss"], rel=1e-4)
    dlrun("verify", run)


def test_predictions_are_the_same(dlrun, old):
    run = old("iris_sdu5")
    then = (run / "predictions" / "iris.csv").read_text("utf-8").splitlines()
    now = dlrun("predict", run, "old/iris.csv", "-o", "-").out.splitlines()
    assert now[0] == then[0]
    for one, other in zip(now[1:], then[1:], strict=True):
        assert one.split(",")[:2] == other.split(",")[:2]


@pytest.mark.slow
def test_an_interrupted_one_goes_on(dlrun, old):
    run = old("moons_mlp_w5g4")
    before = (run / "history.csv").read_text("utf-8").splitlines()
    dlrun("resume", run, "--quiet")
    after = (run / "history.csv").read_text("utf-8").splitlines()
    assert after[: len(before)] == before
    assert len(after) == 4001
    dlrun("verify", run)


@pytest.mark.slow
def test_an_embedding_reads_the_counts_of_words_that_it_was_trained_on(dlrun, command_line, old):
    """As `spec.json` says: today the same config would give it the numbers of the words."""
    run = old(OF_TEXTS)
    config = run / "config.yaml"
    config.write_text(config.read_text("utf-8").replace("/data", str(run.parents[1])), "utf-8")
    change(run / "run.json", files={})
    stored = json.loads((run / "metrics.json").read_text("utf-8"))["test"]
    measured = json.loads(dlrun("evaluate", run, "--trust", "--json").out)["metrics"]
    assert measured["loss"] == pytest.approx(stored["loss"], rel=1e-4)
    _, out, told = command_line(["reproduce", str(run), "--trust"])
    assert "epoch" in out + told
    assert "data differ" not in out + told
    before = (run / "history.csv").read_text("utf-8").splitlines()
    dlrun("resume", run, "--epochs", "5", "--trust", "--quiet")
    after = (run / "history.csv").read_text("utf-8").splitlines()
    assert (after[: len(before)], len(after)) == (before, 6)
    (column,) = json.loads((run / "spec.json").read_text("utf-8"))["columns"]
    assert column["words"]
    assert column.get("numbers") is None


def test_the_sweep_is_shown(dlrun, old):
    shown = json.loads(dlrun("sweep", "show", old("iris_sdu5").parent / "rates", "--json").out)
    assert sum(len(point["runs"]) for point in shown["points"]) == 4
