"""Evaluations stand side by side, whoever writes them at the same time."""

import fcntl
import json
import multiprocessing

import pytest

from dlrun.errors import RunFolderError
from dlrun.rundir import files
from dlrun.rundir.evaluations import evaluation_problems, keep_evaluation


def facts(number):
    return {"file": f"/a/{number}.csv", "data": {"x": str(number)}, "metrics": {"loss": number}}


def keep_many(folder, start):
    for number in range(start, start + 20):
        keep_evaluation(folder, name="a.csv", facts=facts(number))


def test_six_at_once_lose_nothing(tmp_path):
    """Each has its file; and none takes what another one writes for something left behind."""
    context = multiprocessing.get_context("spawn")
    starts = range(0, 120, 20)
    processes = [context.Process(target=keep_many, args=(tmp_path, start)) for start in starts]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 6
    paths = list((tmp_path / "evaluations").iterdir())
    assert sorted(json.loads(path.read_text())["metrics"]["loss"] for path in paths) == list(
        range(120)
    )
    assert evaluation_problems(tmp_path) == (120, [])


def test_the_same_again_is_not_written(tmp_path):
    """Neither its time nor its file changes; a damaged one is written anew."""
    path = keep_evaluation(tmp_path, name="a.csv", facts=facts(1))
    before = path.read_bytes(), path.stat().st_ino
    assert keep_evaluation(tmp_path, name="a.csv", facts=facts(1)) == path
    assert (path.read_bytes(), path.stat().st_ino) == before
    path.write_bytes(before[0].replace(b"loss", b"gain"))
    assert evaluation_problems(tmp_path)[1] == [
        f"{path}: is not what `dlrun evaluate` wrote: damaged or changed."
    ]
    keep_evaluation(tmp_path, name="a.csv", facts=facts(1))
    assert evaluation_problems(tmp_path) == (1, [])


def test_a_link_is_not_followed(tmp_path):
    """A stranger's folder cannot make dlrun write elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "evaluations").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunFolderError, match="is a symbolic link"):
        keep_evaluation(tmp_path / "run", name="a", facts=facts(1))
    assert evaluation_problems(tmp_path / "run") == (
        0,
        [f"{tmp_path / 'run' / 'evaluations'}: is not a folder of this run."],
    )


def test_a_temporary_file_is_locked_while_it_is_written(tmp_path):
    """So that others know that somebody writes it."""
    with files.replacing(tmp_path / "a.txt") as temporary:
        with temporary.open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        files.remove_abandoned(tmp_path)
        temporary.write_text("whole")
    assert (tmp_path / "a.txt").read_text() == "whole"
    (tmp_path / ".tmp-0.txt").write_text("half")
    files.remove_abandoned(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
