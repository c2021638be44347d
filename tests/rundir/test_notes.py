"""Labels and notes: kept in the run's folder, checked when given, mistrusted when read."""

import json
import multiprocessing

import pytest

from dlrun.errors import RunFolderError, UsageError
from dlrun.rundir.folder import create_run, list_runs
from dlrun.rundir.notes import Notes, add_labels, read_notes, remove_labels, set_note
from dlrun.rundir.record import recording


@pytest.fixture
def run(tmp_path):
    with recording(create_run(tmp_path, "a"), {}):
        pass
    return next(tmp_path.iterdir())


def label_often(run, prefix):
    for number in range(10):
        add_labels(run, [f"{prefix}{number}"])


def test_labels_and_note(run):
    """They come back as they were given, each label once."""
    assert read_notes(run) == Notes()
    add_labels(run, ["good", " spaced out "])
    assert add_labels(run, ["good", "\U0001f389"]).labels == ("good", "spaced out", "\U0001f389")
    set_note(run, " two\nlines\n")
    assert read_notes(run) == Notes(("good", "spaced out", "\U0001f389"), "two\nlines")
    assert remove_labels(run, ["good"]).note == "two\nlines"
    set_note(run, None)
    assert read_notes(run) == Notes(("spaced out", "\U0001f389"), None)


def test_a_run_that_goes_on_can_be_labelled(tmp_path):
    """Its lock is not in the way."""
    folder = create_run(tmp_path, "a")
    with recording(folder, {}):
        add_labels(folder.path, ["watched"])
    assert list_runs(tmp_path)[0].notes.labels == ("watched",)


def test_two_processes_lose_no_label(run):
    """They change the file one after the other."""
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=label_often, args=(run, prefix)) for prefix in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert len(read_notes(run).labels) == 20


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("", r"a label cannot be empty\."),
        (" \t", r"a label cannot be empty\."),
        ("a,b", r"a label cannot hold a comma, as 'a,b' does\."),
        ("a\nb", r"cannot hold the control character U\+000A\."),
        ("\x1b[2J", r"cannot hold the control character U\+001B\."),
        ("x" * 300, r"at most 60 characters, 'x{20}\.\.\.' has 300\."),
    ],
)
def test_labels_that_are_none(run, label, message):
    """The message says why."""
    with pytest.raises(UsageError, match=message):
        add_labels(run, [label])
    assert read_notes(run) == Notes()


def test_a_label_that_the_run_does_not_have(run):
    """Those that it has are named."""
    add_labels(run, ["good"])
    with pytest.raises(UsageError, match=r"has no label 'bad'; its labels: 'good'\."):
        remove_labels(run, ["bad"])


def test_a_note_that_is_too_long(run):
    """A note is no book."""
    with pytest.raises(UsageError, match=r"has 10,001 characters, at most 10,000 fit\."):
        set_note(run, "x" * 10_001)


@pytest.mark.parametrize(
    "content", ["{", "[]", json.dumps({"labels": "good"}), json.dumps({"note": 3}), " " * 300_000]
)
def test_a_damaged_file_is_told_and_does_not_stop_the_list(run, content):
    """The run itself is still what it is."""
    (run / "notes.json").write_text(content)
    with pytest.raises(RunFolderError, match=r"notes\.json.*damaged"):
        read_notes(run)
    (row,) = list_runs(run.parent)
    assert row.status == "finished"
    assert "notes.json" in row.reason
