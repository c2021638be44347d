"""`dlrun label` and `dlrun note`: said once, found again in the list, harmless to the terminal."""

import json

import pytest

from dlrun.cli.runs import runs_table, usual_columns
from dlrun.cli.terminal.output import Screen
from dlrun.workflows.runs import choose_runs
from tests.cli.stored import store

RIGHT_TO_LEFT = "\u202e\u05d0\u05d1"


@pytest.fixture
def runs_dir(tmp_path):
    store(tmp_path / "runs", "tiny")
    return tmp_path / "runs"


def table(runs_dir, width):
    runs = choose_runs(runs_dir)
    return runs_table(runs, usual_columns(runs), screen=Screen(width)).splitlines()


def test_labels(dlrun, runs_dir):
    """They are printed, found, and taken away."""
    at = ("--runs-dir", runs_dir)
    assert dlrun("label", "tiny", *at) == (0, "", "")
    assert dlrun("label", "tiny", "good", "\U0001f389", *at) == (0, "good\n\U0001f389\n", "")
    _, out, _ = dlrun("runs", "--where", "label=good", "--columns", "label", *at)
    assert out == "label\ngood, \U0001f389\n"
    assert dlrun("label", "tiny", "good", "--remove", *at) == (0, "\U0001f389\n", "")
    assert dlrun("label", "tiny", "--remove", *at) == (0, "", "")
    _, out, _ = dlrun("label", "tiny", "--json", *at)
    assert json.loads(out)["labels"] == []


def test_notes(dlrun, runs_dir):
    """One a run; a new one takes the place of the old one."""
    at = ("--runs-dir", runs_dir)
    assert dlrun("note", "tiny", *at) == (0, "", "")
    assert dlrun("note", "tiny", "as expected", *at) == (0, "as expected\n", "")
    assert dlrun("note", "tiny", "better\nthan expected", *at)[1] == "better\nthan expected\n"
    _, out, _ = dlrun("note", "tiny", "--json", *at)
    assert json.loads(out)["note"] == "better\nthan expected"
    assert dlrun("note", "tiny", "--remove", *at) == (0, "", "")
    expected = "error: the note is empty.\n  --remove takes a note away.\n"
    assert dlrun("note", "tiny", "", *at) == (2, "", expected)
    assert dlrun("note", "tiny", "a", "--remove", *at)[0] == 2
    assert dlrun("note", "other", *at)[0] == 2


def test_a_list_with_labels_and_notes(dlrun, runs_dir):
    """Behind the usual columns where there is room, else below the run."""
    dlrun("label", "tiny", "good", "--runs-dir", runs_dir)
    dlrun("note", "tiny", "x" * 300, "--runs-dir", runs_dir)
    assert table(runs_dir, 140)[0].split()[-3:] == ["age", "label", "note"]
    assert table(runs_dir, 140)[1].endswith(f"good   {'x' * 39}\u2026")
    assert table(runs_dir, 80)[0].split()[-1] == "age"
    assert table(runs_dir, 80)[2] == f"  good  {'x' * 39}\u2026"
    assert table(runs_dir, 42)[1].endswith(" s good")
    assert table(runs_dir, 42)[2:] == [f"  {'x' * 39}\u2026"]


@pytest.mark.parametrize(
    "text", ["\x1b[2J\x1b]0;a\x07", "a\nb\r", RIGHT_TO_LEFT, "\U0001f389" * 300]
)
@pytest.mark.parametrize("width", [40, 80, 140])
def test_hostile_notes(dlrun, runs_dir, text, width):
    """A file of a stranger's run cannot steer the terminal, nor break its lines."""
    (run,) = runs_dir.iterdir()
    (run / "notes.json").write_text(json.dumps({"labels": [text], "note": text}))
    lines = table(runs_dir, width)
    assert all(line.isprintable() for line in lines)
    assert len(lines) <= 5
    for command in ("label", "note"):
        _, out, _ = dlrun(command, "tiny", "--runs-dir", runs_dir)
        assert out.replace("\n", "").isprintable()
