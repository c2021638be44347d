"""What a run keeps of where it comes from: its config as written, data files, packages, changes."""

from __future__ import annotations

import getpass
import hashlib
import json
import subprocess
from datetime import datetime
from importlib import metadata

import pytest

from dlrun.config import load_config
from dlrun.execution.origin import MOST_LISTED, recorded_origin
from tests.workflows.test_resume import interrupted

BASE = "# Größe\ndataset: {type: table, path: 'a table.csv', target: y}\n"
CONFIG = """\
extends: base.yaml   # with its comments
model: {layers: [{type: Dense, units: 1}]}
loss: mse
optimizer: sgd
training: {epochs: 1}
exports: []
"""
TABLE = "a,y\n1,2\n2,3\n3,4\n"


def git(folder, *words):
    """Run git as a user of its own, whatever this machine's settings are."""
    settings = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *settings, *words], cwd=folder, check=True)


@pytest.fixture
def checkout(tmp_path):
    """A repository with a config, what it extends, and its data."""
    files = {"base.yaml": BASE, "c.yaml": CONFIG, "a table.csv": TABLE, "model.py": "first = 1\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "begin")
    return tmp_path


def test_what_a_run_keeps(dlrun, checkout, monkeypatch):
    """All of it, to the byte; verified like every other file; nothing of it is a surprise later."""
    (checkout / "model.py").write_text("first = 2\n")
    run = dlrun("train", "c.yaml", "-q").run
    record = json.loads((run / "run.json").read_text())
    table = checkout / "a table.csv"
    assert (record["user"], record["folder"]) == (getpass.getuser(), str(checkout))
    assert record["data_files"] == [
        {
            "path": str(table),
            "bytes": len(TABLE),
            "sha256": hashlib.sha256(TABLE.encode()).hexdigest(),
        }
    ]
    origin = json.loads((run / "origin.json").read_text("utf-8"))
    assert origin["config"] == {
        str(checkout / "base.yaml"): BASE,
        str(checkout / "c.yaml"): CONFIG,
    }
    assert "-first = 1\n+first = 2" in origin["changes"]
    for name in ("numpy", "duckdb", "safetensors"):
        assert origin["packages"][name] == metadata.version(name)
    (run / "origin.json").write_text("{}")
    assert "origin.json: is not what the run saved" in dlrun("verify", run, code=4).out
    monkeypatch.setattr("dlrun.rundir.environment._MOST_CHANGES", 60)
    run = dlrun("train", "c.yaml", "-q").run
    changes = json.loads((run / "origin.json").read_text())["changes"]
    assert changes.startswith("diff --git a/model.py b/model.py\n")
    assert changes.endswith(" more characters are left out]")
    git(checkout, "commit", "-qam", "end")
    run = dlrun("train", "c.yaml", "-q").run
    assert json.loads((run / "origin.json").read_text())["changes"] is None


def test_the_log_says_when(dlrun, checkout):
    """What was asked for, what was said, and how it ended, with the time of each."""
    run = dlrun("train", "c.yaml", "-q").run
    said = [line.split("  ", 1) for line in (run / "log.txt").read_text("utf-8").splitlines()]
    times = [datetime.fromisoformat(time) for time, _ in said]
    assert times == sorted(times)
    lines = [line for _, line in said]
    assert lines[0] == "$ dlrun train c.yaml -q --no-report"
    assert "column 'a': number, all 3 values are numbers" in lines
    assert lines[-1].startswith("finished, after ")
    with interrupted(1):
        dlrun("train", "c.yaml", "--set", "training.epochs=9", "--runs-dir", "r", code=130)
    (run,) = (checkout / "r").iterdir()
    dlrun("resume", run, "-q")
    lines = [line.split("  ", 1)[1] for line in (run / "log.txt").read_text("utf-8").splitlines()]
    (begun, stopped, again) = (
        next(place for place, line in enumerate(lines) if line.startswith(word))
        for word in ("$ dlrun train", "interrupted: ", "$ dlrun resume")
    )
    assert begun < stopped < again
    assert lines[-1].startswith("finished, after ")


def test_many_files_are_told_together(checkout):
    """One by one as long as they can be read; then their number, their bytes and one hash."""
    for number in range(MOST_LISTED + 1):
        (checkout / f"part_{number}.csv").write_text(TABLE)
    text = BASE.replace("'a table.csv'", "'part_*.csv'")
    (checkout / "base.yaml").write_text(text, encoding="utf-8")
    (told,) = recorded_origin(load_config(checkout / "c.yaml"))["data_files"]
    count = MOST_LISTED + 1
    assert (told["path"], told["files"], told["bytes"]) == (
        str(checkout),
        count,
        count * len(TABLE),
    )
    (checkout / "part_7.csv").write_text(TABLE.replace("3,4", "3,5"))
    (other,) = recorded_origin(load_config(checkout / "c.yaml"))["data_files"]
    assert other["sha256"] != told["sha256"]
    (checkout / "part_7.csv").unlink()
    assert len(recorded_origin(load_config(checkout / "c.yaml"))["data_files"]) == MOST_LISTED
