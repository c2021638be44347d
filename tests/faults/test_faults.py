"""A run survives what can happen to it: a slice of every kind of fault; with -m slow all of it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.faults import rows
from tests.faults.__main__ import main
from tests.faults.server import Server
from tests.faults.stories import Workplace

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")


@pytest.fixture(scope="module")
def server():
    """A process that has imported TensorFlow."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def workplace(server, tmp_path):
    """An empty folder with the configs."""
    return Workplace(tmp_path, server)


def test_killed_runs_end_in_the_bits_of_the_uninterrupted_one(workplace):
    """SIGKILL at points of writing and at random times, in training and in resumption.

    Of other data than moons, and of finished runs, `test_all_of_it` says the same.
    """
    _, found = rows.killed(workplace, ["normalization"], points=[2], times=1)
    assert found["points"] + found["times"] >= 2


@pytest.mark.slow
def test_killed_runs_that_fine_tune_a_network_end_in_the_same_bits(workplace):
    """Begun with a file, frozen but for its end, with a Dropout within; and it comes out again."""
    _, found = rows.killed(workplace, ["network"], points=[2], times=1)
    assert found["points"] + found["times"] >= 2
    (run, *_) = (workplace.folder / "killed-network-0-0").iterdir()
    again, _ = workplace.run("reproduce", run, runs=run.parent)
    assert again.code == 0, again.err
    assert again.out.startswith("identical: data, initial weights, 3 epochs")


@pytest.mark.slow
def test_a_failing_disk_is_told_and_leaves_a_whole_checkpoint(workplace):
    """EIO and ENOSPC; once the disk is well the run goes on to the same bits."""
    _, found = rows.failed(workplace, "plateau", range(7, 81, 24), (40,))
    assert found["told"] >= 3


@pytest.mark.slow
def test_damage_is_found_and_named(workplace):
    """Or the checkpoint before is fallen back to."""
    rows.damaged(workplace, finished=6, stopped=3, resumed=2)


@pytest.mark.slow
def test_run_folders_made_at_once_do_not_collide(tmp_path):
    """A thousand of them, by fifty processes."""
    assert rows.crowded(tmp_path / "runs", 50, 20)[1] == 1000


@pytest.mark.slow
def test_hostile_run_folders_reach_nothing_outside(workplace):
    """Under an audit hook and under inotify."""
    assert rows.attacked(workplace, 8)[1]["folders"] == 8


def test_the_watch_sees_what_it_is_there_for(server, workplace):
    """A harness that finds nothing must be able to find something."""
    outside = workplace.folder / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    watch = {"places": [], "readable": [], "outside": str(outside)}
    ended = server.call("test_faults:_misbehave", cwd=workplace.folder, watch=watch)
    seen = " ".join(ended.value)
    assert f"open {outside / 'secret'}" in seen
    assert "touched 0x1 secret" in seen
    assert "exec" in seen
    assert "os.system" in seen
    assert "socket.connect" in seen


def _misbehave(watch):
    """Do in a child what a run folder must not bring about."""
    import contextlib
    import socket

    from tests.faults.audit import MARKER, Watch

    watcher = Watch(**watch)
    watcher.begin()
    Path(watch["outside"], "secret").read_text()
    exec(f"{MARKER} = 1")  # noqa: S102
    os.system("true")  # noqa: S605
    with socket.socket() as connection, contextlib.suppress(OSError):
        connection.connect(("127.0.0.1", 9))
    return 0, watcher.end()


def test_a_child_that_is_killed_is_known(workplace):
    """At a point that it was asked to die at."""
    fault = {"name": "rename run.json", "occurrence": 2, "phase": "before"}
    ended, points = workplace.train("dropout", runs=workplace.folder / "runs", fault=fault)
    assert ended.code == -signal.SIGKILL
    assert points[-1] == "rename run.json\tbefore"


@pytest.mark.slow
def test_all_of_it(capsys):
    """A sixth of the faults of each kind, and their table; `python -m tests.faults` tries all."""
    assert main(["--every", "6"]) == 0
    assert "| SIGKILL |" in capsys.readouterr().out
