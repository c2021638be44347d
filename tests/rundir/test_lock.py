"""The kernel's lock tells who works in a run folder, and forgets those who die."""

import fcntl
import multiprocessing
import os
import signal

import pytest

from dlrun.errors import RunFolderError
from dlrun.rundir import lock
from dlrun.rundir.environment import host_facts
from dlrun.rundir.lock import holding_lock, in_turn, lock_state, lockless
from dlrun.rundir.names import LOCK


def hold_for_ever(folder, connection):
    with holding_lock(folder):
        connection.send("held")
        signal.pause()


def test_states(tmp_path):
    """Without a lock file nothing is known; then the lock is held, then free."""
    assert lock_state(tmp_path) == "unknown"
    with holding_lock(tmp_path):
        assert lock_state(tmp_path) == "held"
    assert lock_state(tmp_path) == "free"


def test_killed_process_leaves_the_lock_free(tmp_path):
    """SIGKILL leaves no time to clean up, and none is needed."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=hold_for_ever, args=(tmp_path, theirs))
    process.start()
    assert ours.recv() == "held"
    assert lock_state(tmp_path) == "held"
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert lock_state(tmp_path) == "free"


def test_second_process_is_refused(tmp_path, monkeypatch):
    """Two processes never work in one folder."""
    monkeypatch.setattr(lock, "_PATIENCE", 0.0)
    told = rf"process {os.getpid()} on .+ works in this run folder"
    with holding_lock(tmp_path), pytest.raises(RunFolderError, match=told), holding_lock(tmp_path):
        pass


def test_reader_does_not_disturb_a_start(tmp_path):
    """Somebody who looks at the lock at the wrong moment is waited for."""
    (tmp_path / LOCK).touch()
    reader = os.open(tmp_path / LOCK, os.O_RDONLY)
    fcntl.flock(reader, fcntl.LOCK_SH)
    signal.signal(signal.SIGALRM, lambda *_: os.close(reader))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    with holding_lock(tmp_path):
        assert lock_state(tmp_path) == "held"


def refuse_locks(monkeypatch):
    """Be on a file system that locks no files."""

    def refuse(*_args):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(lock, "_PATIENCE", 0.0)


def test_file_systems_without_locks_name_the_owner(tmp_path, monkeypatch):
    """Where the kernel refuses to lock, a file names who works; it says so, and how to go on."""
    assert lockless(tmp_path) is None
    refuse_locks(monkeypatch)
    with holding_lock(tmp_path):
        assert lock_state(tmp_path) == "held"
        with (
            pytest.raises(RunFolderError, match=f"remove {tmp_path / '.owner'}"),
            holding_lock(tmp_path),
        ):
            pass
    assert lock_state(tmp_path) == "free"
    assert not (tmp_path / ".owner").exists()
    assert "cannot be locked" in lockless(tmp_path)


def test_on_such_file_systems_the_dead_of_this_machine_are_known(tmp_path, monkeypatch):
    """Their place is taken; of another machine nobody here can tell."""
    refuse_locks(monkeypatch)
    facts = host_facts()
    (tmp_path / LOCK).touch()
    owner = tmp_path / ".owner"
    owner.write_text(f"{2**22 + 1} {facts['host']} {facts['boot']}\n")
    assert lock_state(tmp_path) == "free"
    owner.write_text("7 elsewhere none\n")
    assert lock_state(tmp_path) == "held"
    with pytest.raises(RunFolderError, match="remove"), holding_lock(tmp_path):
        pass


def test_small_files_change_in_turn_without_locks(tmp_path, monkeypatch):
    """The turn is a file then, and is given back."""
    refuse_locks(monkeypatch)
    with in_turn(tmp_path):
        assert (tmp_path / ".turn").exists()
    assert not (tmp_path / ".turn").exists()


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path):
    """A stranger's folder cannot make dlrun create a file elsewhere."""
    (tmp_path / LOCK).symlink_to(tmp_path / "elsewhere")
    with holding_lock(tmp_path):
        assert not (tmp_path / "elsewhere").exists()


def test_room_is_kept_and_given_back(tmp_path):
    """The lock file takes space while a run goes on, and none before and after."""
    with holding_lock(tmp_path) as held:
        assert (tmp_path / LOCK).stat().st_size < 100
        held.keep_room()
        assert (tmp_path / LOCK).stat().st_size == 2**18
        held.give_room()
        assert (tmp_path / LOCK).stat().st_size == 0
    assert (tmp_path / LOCK).stat().st_size == 0


def test_the_holder_is_named_and_not_whoever_the_record_names(tmp_path, monkeypatch):
    """Another command may hold a folder than the one that wrote its record; or nothing tells."""
    monkeypatch.setattr(lock, "_PATIENCE", 0.0)
    (tmp_path / "run.json").write_text('{"pid": 1, "host": "elsewhere"}')
    (tmp_path / LOCK).write_text("77 of a killed process\n")
    told = rf"process {os.getpid()} on .+ works in this run folder"
    with holding_lock(tmp_path), pytest.raises(RunFolderError, match=told), holding_lock(tmp_path):
        pass
    with holding_lock(tmp_path) as held:
        held.give_room()
        with (
            pytest.raises(RunFolderError, match="another process works in this run folder"),
            holding_lock(tmp_path),
        ):
            pass
