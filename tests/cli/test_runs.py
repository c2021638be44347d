"""`dlrun runs` lists what is there, damaged or not."""

import json
import os

import pytest

from dlrun.rundir.folder import create_run
from dlrun.rundir.record import recording


@pytest.fixture
def runs_dir(tmp_path):
    """A finished, a failed and a damaged run."""
    finished = create_run(tmp_path, "good")
    with recording(finished, {}):
        finished.write_json("metrics.json", {"test": {"loss": 0.1, "accuracy": 0.979}})
    with pytest.raises(ValueError, match="no"), recording(create_run(tmp_path, "bad"), {}):
        raise ValueError("no")
    (create_run(tmp_path, "torn").path / "run.json").write_text("{")
    return tmp_path


def test_table(dlrun, runs_dir):
    """Name, status, main metric and age on stdout, without a blank at a line's end."""
    exit_code, out, err = dlrun("runs", "--runs-dir", runs_dir)
    assert (exit_code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["name", "status", "main", "metric", "value", "age"]
    cells = {line.split()[0].split("_")[1]: line.split()[1:-2] for line in lines[1:]}
    assert cells == {
        "good": ["finished", "test", "accuracy", "0.9790"],
        "bad": ["failed", "-", "-"],
        "torn": ["damaged", "-", "-"],
    }
    assert all(line == line.rstrip() for line in lines)


def test_json(dlrun, runs_dir):
    """The same as data, with the reasons."""
    exit_code, out, _ = dlrun("runs", "--runs-dir", runs_dir, "--json")
    assert exit_code == 0
    rows = {row["name"].split("_")[1]: row for row in json.loads(out)}
    assert set(rows["good"]) == {
        "name", "run", "status", "started", "seconds", "metric", "value", "labels", "note",
        "reason",
    }  # fmt: skip
    assert (rows["good"]["metric"], rows["good"]["value"]) == ("test accuracy", 0.979)
    assert rows["good"]["run"] == f"{runs_dir}/{rows['good']['name']}"
    assert rows["bad"]["reason"] == "ValueError: no"
    assert rows["torn"]["reason"].endswith("run.json:1:2: is not valid JSON: damaged.")


def test_no_runs(dlrun, tmp_path):
    """An empty list is a message, not an error; as data it is an empty list."""
    assert dlrun("runs", "--runs-dir", tmp_path) == (0, "", f"There is no run in {tmp_path}.\n")
    assert dlrun("runs", "--runs-dir", tmp_path, "--json") == (0, "[]\n", "")


def test_runs_dir_is_a_file(dlrun, tmp_path):
    """What stands in the way is named."""
    (tmp_path / "runs").write_text("")
    expected = f"error: {tmp_path}/runs: cannot be listed: not a directory.\n"
    assert dlrun("runs", "--runs-dir", tmp_path / "runs") == (4, "", expected)


def test_hostile_names_cannot_steer_the_terminal(dlrun, tmp_path):
    """A folder whose name holds an escape sequence is listed with it spelled out."""
    path = tmp_path / "20261120-231455_\x1b[2J_aaaa"
    path.mkdir()
    os.mkfifo(path / "run.json")
    _, out, _ = dlrun("runs", "--runs-dir", tmp_path)
    assert "\x1b" not in out
    assert "20261120-231455_\\x1b[2J_aaaa  damaged" in out
