"""Files of a run folder are whole or not there, and are read with care."""

import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from dlrun.errors import DlrunError, RunFolderError
from dlrun.rundir import checkpoints, files


def no_space(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_written_text_is_read_again(tmp_path):
    """Newlines and letters of every script come back as they were."""
    text = "a\r\nb\n\u00e9 \u65e5 \U0001f642"
    files.write_text(tmp_path / "a.txt", text)
    assert files.read_text(tmp_path / "a.txt") == text


def test_writing_makes_the_folder_and_leaves_only_the_file(tmp_path):
    """A missing folder is made; no temporary file stays."""
    files.write_bytes(tmp_path / "predictions" / "test.csv", b"a\n")
    assert [path.name for path in (tmp_path / "predictions").iterdir()] == ["test.csv"]


def test_temporary_path_has_the_suffix_of_the_file(tmp_path):
    """Keras chooses the format of a model by the suffix of its path."""
    seen = []
    files.replace_with(tmp_path / "model.keras", lambda path: (seen.append(path), path.touch()))
    assert seen[0].suffix == ".keras"
    assert seen[0].parent == tmp_path
    assert not seen[0].exists()


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_failed_writing_leaves_the_file_before(tmp_path, failure):
    """Whatever ends the block, the old file is whole and the temporary one gone."""
    path = tmp_path / "metrics.json"
    files.write_text(path, "before")

    def write_half(temporary):
        temporary.write_text("half")
        raise failure

    with pytest.raises(failure):
        files.replace_with(path, write_half)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_full_disk_is_named_and_loses_nothing(tmp_path, monkeypatch, step):
    """A full disk at any step is a typed error with the path; the old file stays."""
    path = tmp_path / "metrics.json"
    files.write_text(path, "before")
    with monkeypatch.context() as patch:
        patch.setattr(Path if step == "replace" else os, step, no_space)
        with pytest.raises(DlrunError) as caught:
            files.write_text(path, "after")
    assert str(caught.value) == f"{path}: cannot be written: no space left on device."
    assert caught.value.exit_code == 1
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_are_synced_together(tmp_path, monkeypatch):
    """Each file at once, its folder when that is asked for; a folder that is gone needs none."""
    synced = []
    monkeypatch.setattr(files, "sync", synced.append)
    with files.syncing_folders_together() as settle:
        files.write_text(tmp_path / "b.txt", "")
        files.write_text(tmp_path / "a" / "b.txt", "")
        assert not any(path.is_dir() for path in synced)
        settle(but=tmp_path)
        assert synced[-1] == tmp_path / "a"
        settle()
        assert synced[-1] == tmp_path
        settle()
        assert len(synced) == 4
        monkeypatch.undo()
        files.write_text(tmp_path / "c" / "b.txt", "")
        shutil.rmtree(tmp_path / "c")
        settle()


def test_the_first_checkpoint_outlives_a_loss_of_power(tmp_path, monkeypatch):
    """With the folder of the run, whose list else waits for the record."""
    synced = []
    monkeypatch.setattr(checkpoints, "sync", synced.append)
    for _ in range(2):
        checkpoints.save_checkpoint(tmp_path, checkpoints.Checkpoint({}, {"a": np.zeros(1)}))
    home = tmp_path / "checkpoint"
    assert [path for path in synced if path in (home, tmp_path)] == [home, tmp_path, home]


def test_file_in_place_of_the_folder_is_named(tmp_path):
    """A path through a file cannot be written."""
    (tmp_path / "plots").write_text("")
    with pytest.raises(DlrunError, match=r"plots/a.txt: cannot be written: "):
        files.write_text(tmp_path / "plots" / "a.txt", "")


def test_a_name_too_long_is_named(tmp_path):
    """The operating system's limit is an error of the user, not of dlrun."""
    with pytest.raises(DlrunError, match=r"cannot be written: file name too long\.$"):
        files.write_text(tmp_path / ("a" * 300), "")


def test_appending(tmp_path):
    """Lines are added to what is there."""
    files.append_text(tmp_path / "log.txt", "a\n")
    files.append_text(tmp_path / "log.txt", "b\n")
    assert (tmp_path / "log.txt").read_text() == "a\nb\n"


def test_appending_does_not_follow_links(tmp_path):
    """A link in place of the log cannot make dlrun write elsewhere."""
    (tmp_path / "log.txt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DlrunError, match=r"log.txt: cannot be written: "):
        files.append_text(tmp_path / "log.txt", "a\n")
    assert not (tmp_path / "elsewhere").exists()


def test_json_knows_numpy_paths_and_no_nan(tmp_path):
    """NumPy's numbers are numbers; what strict JSON lacks is null."""
    value = {
        "a": np.float32(0.5),
        "b": float("nan"),
        "c": np.float64("inf"),
        "d": np.arange(2),
        "e": (1, None, True),
        "f": Path("x"),
        3: np.bool_(True),
    }
    files.write_json(tmp_path / "a.json", value)
    plain = {"a": 0.5, "b": None, "c": None, "d": [0, 1], "e": [1, None, True], "f": "x", "3": True}
    assert json.loads((tmp_path / "a.json").read_text()) == plain


def test_json_refuses_what_it_cannot_express():
    """A value without a JSON form is a mistake of the program."""
    with pytest.raises(TypeError, match="JSON cannot express set"):
        files.plain({"a": {1}})


def test_json_keeps_undecodable_arguments(tmp_path):
    """A command line with bytes that are not UTF-8 can be recorded and read again."""
    files.write_json(tmp_path / "a.json", {"command": ["\udcff"]})
    assert files.read_json(tmp_path / "a.json") == {"command": ["\udcff"]}


def test_missing_file():
    """The message names the file."""
    with pytest.raises(RunFolderError, match=r"^nowhere/run.json: is missing\.$"):
        files.read_bytes(Path("nowhere/run.json"))


def test_link_folder_and_pipe_are_refused(tmp_path):
    """Nothing but an ordinary file is read, and a pipe does not hang."""
    (tmp_path / "target").write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RunFolderError, match="link: is a symbolic link"):
        files.read_bytes(tmp_path / "link")
    with pytest.raises(RunFolderError, match=r"folder: (cannot be read: is a directory|is not an)"):
        files.read_bytes(tmp_path / "folder")
    with pytest.raises(RunFolderError, match="pipe: is not an ordinary file"):
        files.read_bytes(tmp_path / "pipe")


def test_huge_file_is_refused_unread(tmp_path):
    """A sparse terabyte is refused by its size."""
    with (tmp_path / "run.json").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(RunFolderError, match=r"run.json: is larger than 64 MiB: damaged\.$"):
        files.read_json(tmp_path / "run.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"run.json:1:1: is not valid JSON: damaged\.$"),
        (b'{"a": 1,\n', r"run.json:2:1: is not valid JSON: damaged\.$"),
        (b"[" * 100_000, r"run.json: is not valid JSON: damaged\.$"),
        (b"1" * 5000, r"run.json: is not valid JSON: damaged\.$"),
        (b"[]", r"run.json: does not hold a JSON object: damaged\.$"),
        (b"\xff\xfe", r"run.json: is not UTF-8 text: damaged\.$"),
    ],
)
def test_damaged_json_is_named(tmp_path, content, message):
    """Each kind of damage has its message."""
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(RunFolderError, match=message) as caught:
        files.read_json(tmp_path / "run.json")
    assert caught.value.exit_code == 4


def test_a_full_device_is_told_and_left_in_place(tmp_path):
    """Here: a pipe, whose writer says what a full device says."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def write(path):
        assert path == pipe
        no_space()

    with pytest.raises(DlrunError, match=r"pipe: cannot be written: no space left on device\."):
        files.write_output(pipe, write)
    assert pipe.is_fifo()


def test_a_file_with_a_second_name_is_refused(tmp_path):
    """What it holds could be somebody's else, or change without a trace."""
    (tmp_path / "secret").write_text("{}")
    (tmp_path / "run.json").hardlink_to(tmp_path / "secret")
    with pytest.raises(RunFolderError, match=r"run.json: has another name"):
        files.read_json(tmp_path / "run.json")
