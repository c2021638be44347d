"""What a stranger may put in the place of a run's files: refused before it is read or written."""

from __future__ import annotations

import os

import pytest

from dlrun.errors import RunFolderError
from dlrun.rundir.files import append_text, check_inside
from dlrun.rundir.integrity import damaged_files, hash_file, hash_files
from dlrun.rundir.lock import holding_lock


@pytest.fixture
def outside(tmp_path):
    """A file and a folder that nobody may touch, and an empty run folder."""
    (tmp_path / "run").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.csv").write_text("mine")
    return tmp_path / "elsewhere" / "mine.csv"


def test_a_lock_file_with_another_name_is_not_written(outside, tmp_path):
    """The room that is kept in it would take the place of what the other name holds."""
    os.link(outside, tmp_path / "run" / ".lock")
    with (
        pytest.raises(RunFolderError, match="another name elsewhere"),
        holding_lock(tmp_path / "run") as lock,
    ):
        lock.keep_room()
    assert outside.read_text() == "mine"


def test_a_log_with_another_name_is_not_written(outside, tmp_path):
    """It would be appended to."""
    os.link(outside, tmp_path / "run" / "log.txt")
    with pytest.raises(RunFolderError, match="another name elsewhere"):
        append_text(tmp_path / "run" / "log.txt", "line\n")
    assert outside.read_text() == "mine"


def test_a_file_of_holes_is_not_hashed(tmp_path):
    """A terabyte of nothing would take an hour."""
    path = tmp_path / "model.keras"
    path.touch()
    os.truncate(path, 2**40)
    with pytest.raises(RunFolderError, match="is larger than 65536 MiB: damaged"):
        hash_file(path)


def test_a_pipe_is_not_hashed(tmp_path):
    """It is no empty file."""
    os.mkfifo(tmp_path / "model.keras")
    with pytest.raises(RunFolderError, match="is not an ordinary file"):
        hash_file(tmp_path / "model.keras")


@pytest.mark.parametrize("name", ["{}", "../elsewhere/mine.csv", "link/mine.csv", "\0"])
def test_a_record_cannot_vouch_for_files_elsewhere(name, outside, tmp_path):
    """They are named, not read."""
    run = tmp_path / "run"
    (run / "link").symlink_to(outside.parent)
    problems = damaged_files(run, {"files": {name.format(outside): "0" * 64}})
    assert len(problems) == 1
    assert problems[0].endswith("which is not in the run folder.")


def test_a_linked_folder_is_neither_hashed_nor_written(outside, tmp_path):
    """What is in it belongs to another folder."""
    (tmp_path / "run" / "predictions").symlink_to(outside.parent)
    assert hash_files(tmp_path / "run", ["predictions/mine.csv", "\0", 3]) == {}
    with pytest.raises(RunFolderError, match=r"predictions: is a symbolic link"):
        check_inside(tmp_path / "run", "predictions")
    check_inside(tmp_path / "run", "plots/new.png")
