"""The list of the board is that of `dlrun runs`, in its language, and follows what is written."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from dlrun.rundir.folder import create_run
from dlrun.rundir.lock import holding_lock
from dlrun.rundir.names import HISTORY
from dlrun.rundir.record import recording
from dlrun.serving.board import index as indexing
from dlrun.serving.board.index import RunIndex
from tests.cli.stored import store


def labels(told):
    """What the listed runs are called, without letters."""
    return [one["label"][:-5] for one in told["runs"]]


def test_all_runs_are_listed_with_those_of_sweeps(board):
    """The newest first, with what the user said of them; sweeps with what they have come to."""
    told = board("runs")
    assert labels(told)[:2] == ["inside", "inside"]
    assert sorted(labels(told)) == ["good", "inside", "inside", "middling", "poor"]
    (good,) = [one for one in told["runs"] if one["label"].startswith("good")]
    assert (good["labels"], good["note"]) == (["chosen"], "<b>as expected</b>")
    assert (good["status"], good["metric"], good["value"]) == ("finished", "test accuracy", 0.95)
    assert told["statuses"] == {"finished": 5}
    (sweep,) = told["sweeps"]
    assert sweep == {
        "name": "rates", "at_work": False, "trials": 3, "statuses": {"finished": 2}, "page": None
    }  # fmt: skip


def test_the_language_is_that_of_the_command(board, dlrun, runs_dir):
    """Conditions, sorting and columns give what `dlrun runs` gives."""
    for where, sort in (
        ("optimizer.learning_rate>0.2", "optimizer.learning_rate"),
        ("label=chosen or not test.accuracy>0.7", "test.accuracy"),
        ("name~poor and status=finished", "name"),
    ):
        told = board("runs", {"where": where, "sort": sort, "columns": ["test.accuracy"]})
        words = ("--where", where, "--sort", sort, "--recursive", "--columns", "run,test.accuracy")
        rows = dlrun("runs", *words, "--csv", "--runs-dir", runs_dir).out.splitlines()[1:]
        wanted = [f"{runs_dir / one['run']},{one['columns'][0]}" for one in told["runs"]]
        assert rows
        assert rows == wanted
    upward = board("runs", {"sort": "test.accuracy", "descending": False, "sweep": ""})
    assert labels(upward) == ["poor", "middling", "good"]
    assert labels(board("runs", {"sweep": "rates"})) == ["inside", "inside"]
    assert board("runs", {"sweep": "none"})["runs"] == []


def test_mistakes_are_told_in_its_words(board):
    """On the page, where the list was; what no page asks is refused."""
    assert "--where, column 1" in board("runs", {"where": "optimizer.learning_rat>0"})["problem"]
    assert "Did you mean" in board("runs", {"where": "optimizer.learning_rat>0"})["problem"]
    assert "no run has 'nothing'" in board("runs", {"sort": "nothing"})["problem"]
    assert board.refusal("runs", {"where": 3}) == "where: expected a text."
    assert board.refusal("runs", {"columns": "name"}) == "columns: expected a list of keys."
    assert board.refusal("runs", {"descending": "yes"}).startswith("descending: expected true")
    for offset in (-1, 1.5, True, 10**10):
        assert board.refusal("runs", {"offset": offset}).startswith("offset: expected a whole")
    assert "at most 20" in board.refusal("runs", {"columns": ["name"] * 21})


def test_pages(board):
    """A page of the list, and how many there are."""
    told = board("runs", {"sort": "name", "offset": 1, "limit": 2})
    every = board("runs", {"sort": "name"})
    assert told["runs"] == every["runs"][1:3]
    assert (told["chosen"], told["every"]) == (5, 5)


def test_what_changes_is_read_again_and_nothing_else(board, runs_dir, monkeypatch):
    """A new run, a note, a removed folder, a killed process; the rest is looked at, not read."""
    monkeypatch.setattr(indexing, "_TICK", 0.0)
    read = []
    reading = indexing.read_row
    monkeypatch.setattr(indexing, "read_row", lambda path: read.append(path.name) or reading(path))
    board("runs")
    assert len(read) == 5
    read.clear()
    first = board.post("runs")
    assert read == []
    assert board.post("runs", **{"if-none-match": first.headers["etag"]}).status == 304
    (poor,) = runs_dir.glob("*_poor_*")
    board("notes", {"run": poor.name, "add": "bad"})
    (told,) = board("runs", {"where": "label=bad"})["runs"]
    assert (told["run"], set(read)) == (poor.name, {poor.name})
    store(runs_dir, "fresh")
    assert "fresh" in labels(board("runs"))
    shutil.rmtree(poor)
    assert "poor" not in labels(board("runs"))
    assert board.refusal("run", {"run": poor.name}) == f"there is no run '{poor.name}' any more."


def test_two_changes_within_a_tick_are_both_seen(board, runs_dir):
    """A folder that was changed just now is read again though its time is the same."""
    board("runs")
    (poor,) = runs_dir.glob("*_poor_*")
    before = poor.stat()
    (poor / "notes.json").write_text('{"labels": ["late"], "note": null}')
    now = time.time_ns()
    os.utime(poor, ns=(before.st_atime_ns, now))
    board("runs")
    (poor / "notes.json").write_text('{"labels": ["later"], "note": null}')
    os.utime(poor, ns=(before.st_atime_ns, now))
    (told,) = board("runs", {"where": "name~poor"})["runs"]
    assert told["labels"] == ["later"]


def test_a_run_at_work(board, runs_dir):
    """Its epochs are told as they are written; when its process is gone, that it was killed."""
    run = create_run(runs_dir, "long")

    def told():
        (one,) = board("runs", {"where": "name~long"})["runs"]
        return one["status"], one["epochs"], one["of_epochs"]

    with recording(run, {"config": {"training.epochs": 30}}):
        assert told() == ("running", None, 30)
        for text, epochs in (("epoch,loss\n", 0), ("epoch,loss\n1,3\n2,2\n", 2)):
            run.write_text(HISTORY, text)
            assert told() == ("running", epochs, 30)
        (run.path / HISTORY).write_text("epoch,loss\n1,3\n2,2\n3")  # a line that is not whole
        assert told() == ("running", 2, 30)
        record = (run.path / "run.json").read_text()
    run.write_text("run.json", record)
    assert told()[0] == "killed"
    with holding_lock(runs_dir / "rates"):
        assert board("runs")["sweeps"][0]["at_work"]


def test_thousands_are_read_a_few_at_a_time(runs_dir, monkeypatch):
    """The newest first, so that a page is there at once; each is read before one is read again."""
    monkeypatch.setattr(indexing, "LEAST", 1)
    index = RunIndex(runs_dir)
    seen = []
    for left in (4, 3, 2, 1, 0):
        index.refresh(0)
        assert index.unread == left
        (new,) = {one.path.name for one in index.runs()} - set(seen)
        seen.append(new)
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("damage", ["{", "", "[]", '{"format": 99}'])
def test_damaged_and_odd_folders_are_shown(board, runs_dir, damage):
    """They are labelled as in every list, and harm nothing."""
    (poor,) = runs_dir.glob("*_poor_*")
    (poor / "run.json").write_text(damage)
    (runs_dir / "rates" / "sweep.json").write_text(damage)
    (runs_dir / "link").symlink_to(poor)
    (runs_dir / "a file").write_text("")
    (runs_dir / "an empty folder").mkdir()
    told = board("runs")
    assert told["statuses"] == {"finished": 4, "damaged": 1}
    assert told["sweeps"][0]["trials"] is None
    assert board("run", {"run": poor.name})["status"] == "damaged"


def test_names_that_are_no_text(board, runs_dir):
    """A folder whose name is not UTF-8 is listed, shown, and its files are sent."""
    odd = os.fsdecode(b"20260101-000000_\xff\xfe_abcd")
    next(runs_dir.glob("*_poor_*")).rename(runs_dir / odd)
    told = board("runs", {"sweep": "", "sort": "test.accuracy", "descending": False})
    run = board("run", {"run": told["runs"][0]["run"]})
    (config,) = [one for one in run["files"] if one["name"] == "config.yaml"]
    assert "%FF%FE" in config["address"]
    assert board.get(config["address"]).status == 200
