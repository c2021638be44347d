"""Run folders never meet, whatever they are called, and are found again."""

import errno
import multiprocessing
import os
import re
from datetime import datetime
from pathlib import Path

import pytest

from dlrun.errors import DlrunError, RunFolderError, UsageError
from dlrun.rundir.folder import create_run, open_run, safe_name
from dlrun.rundir.record import recording


def record(run, **facts):
    with recording(run, facts):
        pass
    return run


def create_many(runs_dir, connection):
    connection.send([create_run(runs_dir, "same").name for _ in range(50)])


def test_name_is_time_name_and_four_letters(tmp_path):
    """The name sorts by time."""
    run = create_run(tmp_path / "deep" / "runs", "mnist_mlp")
    assert re.fullmatch(r"\d{8}-\d{6}_mnist_mlp_[a-z2-7]{4}", run.name)
    assert run.path.is_dir()
    assert run.path.parent == tmp_path / "deep" / "runs"


def test_runs_of_one_second_never_meet(tmp_path):
    """Four processes at once make 200 different folders."""
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(4)]
    processes = [context.Process(target=create_many, args=(tmp_path, pipe[1])) for pipe in pipes]
    for process in processes:
        process.start()
    names = [name for pipe in pipes for name in pipe[0].recv()]
    for process in processes:
        process.join()
    assert len(set(names)) == 200
    assert len(list(tmp_path.iterdir())) == 200


def test_a_taken_name_is_tried_again(tmp_path, monkeypatch):
    """A suffix that is taken is not used twice."""
    drawn = iter([b"aaaa", b"aaaa", b"bbbb"])
    monkeypatch.setattr(os, "urandom", lambda _: next(drawn))
    assert create_run(tmp_path, "a") != create_run(tmp_path, "a")


def test_no_free_name(tmp_path, monkeypatch):
    """A file system on which every name is taken ends in an error, not in a loop."""
    real = Path.mkdir

    def taken(self, *args, **kwargs):
        if self != tmp_path:
            raise FileExistsError
        real(self, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", taken)
    with pytest.raises(DlrunError, match="no free name for a run was found in 100 attempts"):
        create_run(tmp_path, "a")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mnist_mlp", "mnist_mlp"),
        ("../../etc/passwd", "etc_passwd"),
        ("/", "run"),
        ("", "run"),
        (" .. ", "run"),
        ("a b\tc\nd", "a_b_c_d"),
        ("learning rate = 0.1", "learning_rate_0.1"),
        (
            "caf\u00e9 \u65e5\u672c\u8a9e \u0939\u093f\u0928\u094d\u0926\u0940",
            "caf\u00e9_\u65e5\u672c\u8a9e_\u0939\u093f\u0928\u094d\u0926\u0940",
        ),
        ("e\u0301", "\u00e9"),
        ("a\x1b[31m\u202e\U0001f642b", "a_31m_b"),
        ("\udcff", "run"),
        ("x" * 500, "x" * 120),
        ("\u65e5" * 500, "\u65e5" * 40),
    ],
)
def test_any_text_becomes_a_safe_name(tmp_path, name, expected):
    """Separators, controls and emoji never reach the file system; letters of all scripts stay."""
    assert safe_name(name) == expected
    assert create_run(tmp_path, name).path.parent == tmp_path


def test_runs_dir_that_is_a_file(tmp_path):
    """The message says what stands in the way and how to go round it."""
    (tmp_path / "runs").write_text("")
    with pytest.raises(DlrunError) as caught:
        create_run(tmp_path / "runs", "a")
    assert str(caught.value) == (
        f"{tmp_path}/runs: is a file, expected a folder for the runs.\n"
        "  Choose another folder with --runs-dir."
    )
    with pytest.raises(DlrunError, match=r"cannot be made: not a directory\.\n"):
        create_run(tmp_path / "runs" / "deeper", "a")


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.EACCES, "permission denied"), (errno.ENOSPC, "no space left on device")],
)
def test_runs_dir_that_takes_no_folder(tmp_path, monkeypatch, number, reason):
    """An unwritable or full place is named, with the reason."""
    real = Path.mkdir

    def refuse(self, *args, **kwargs):
        if self.name.endswith("runs"):
            return real(self, *args, **kwargs)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DlrunError, match=rf"runs: no run folder can be made here: {reason}\."):
        create_run(tmp_path / "runs", "a")


def test_a_run_is_found_by_path_name_part_and_latest(tmp_path):
    """All four ways lead to the same run."""
    runs = tmp_path / "runs"
    record(create_run(runs, "mnist"))
    run = record(create_run(runs, "moons"))
    for reference in (str(run.path), f"{run.path}/", run.name, "moons", run.name[-4:], "latest"):
        assert open_run(reference, runs).path.samefile(run.path)


def test_latest_is_by_start_not_by_name(tmp_path):
    """Two runs of one second are told apart by their records."""
    first = record(create_run(tmp_path, "zzz"))
    second = record(create_run(tmp_path, "aaa"))
    assert open_run("latest", tmp_path) == second
    assert first != second


def test_a_link_to_a_run_is_a_way_to_open_it(tmp_path):
    """Users mark their best run with a link."""
    run = record(create_run(tmp_path, "a"))
    (tmp_path / "best").symlink_to(run.path)
    assert open_run("best", tmp_path).path.samefile(run.path)


def message(reference, runs, kind=UsageError):
    with pytest.raises(kind) as caught:
        open_run(reference, runs)
    assert caught.value.exit_code == {UsageError: 2, RunFolderError: 4}[kind]
    return str(caught.value)


def test_no_such_run(tmp_path):
    """The message says where was looked and how to see what is there."""
    fix = f"\n  `dlrun runs --runs-dir {tmp_path}` lists the runs; --runs-dir names another folder."
    assert message("latest", tmp_path) == f"there is no run in {tmp_path}.{fix}"
    assert message("abc", tmp_path) == f"no run in {tmp_path} has 'abc' in its name.{fix}"
    is_unset = "Is it a variable of the shell that is not set?"
    assert message("", tmp_path) == f"an empty text names no run.\n  {is_unset}"
    assert message("a/b", tmp_path) == "a/b: there is no such run folder."
    assert message("x" * 5000, tmp_path).startswith(f"no run in {tmp_path} has 'xxx")


def test_the_run_that_was_meant(tmp_path):
    """By a name spelt nearly so: the newest of that name; by its path; or `latest`."""
    record(create_run(tmp_path, "moons_mlp"))
    newest = max(record(create_run(tmp_path, "iris")).name for _ in range(3))
    meant = f"Did you mean {newest}?"
    fix = f"`dlrun runs --runs-dir {tmp_path}` lists the runs; --runs-dir names another folder."
    told = f"no run in {tmp_path} has 'irsi' in its name.\n  {meant} {fix}"
    assert message("irsi", tmp_path) == told
    swapped = newest[:-1] + "1"
    assert message(f"{tmp_path}/{swapped}", tmp_path) == (
        f"{tmp_path}/{swapped}: there is no such run folder.\n  {meant}"
    )
    assert "Did you mean latest?" in message("latset", tmp_path)
    assert "Did you mean" not in message("something", tmp_path)


def test_several_runs(tmp_path):
    """An ambiguous part lists the candidates, the newest first, ten at most."""
    names = [record(create_run(tmp_path, "mnist")).name for _ in range(12)]
    lines = message("mnist", tmp_path).splitlines()
    assert lines[0] == "12 runs have 'mnist' in their names:"
    assert [line.strip() for line in lines[1:11]] == sorted(names, reverse=True)[:10]
    assert lines[11:] == ["    ... and 2 more", "  Give a longer part of the name."]


def test_what_is_not_a_run_folder(tmp_path):
    """A folder without a record and a file are told apart."""
    (tmp_path / "data").mkdir()
    (tmp_path / "file").write_text("")
    assert message(f"{tmp_path}/data", tmp_path) == (
        f"{tmp_path}/data: is not a run folder: run.json is missing."
    )
    assert message(f"{tmp_path}/file", tmp_path) == (
        f"{tmp_path}/file: is a file, expected a run folder."
    )
    empty = create_run(tmp_path, "empty")
    assert message("empty", tmp_path, RunFolderError) == (
        f"{empty.path}: is not a run folder: run.json is missing."
    )


def test_files_of_a_run(tmp_path):
    """A run folder writes and reads its files by name."""
    run = create_run(tmp_path, "a")
    run.write_json("metrics.json", {"test": {"loss": 0.5}})
    run.write_text("config.yaml", "seed: 0\n")
    run.log("one")
    run.log("two")
    assert run.read_json("metrics.json") == {"test": {"loss": 0.5}}
    assert run.read_text("config.yaml") == "seed: 0\n"
    said = [line.partition("  ") for line in run.read_text("log.txt").splitlines()]
    assert [line for _, _, line in said] == ["one", "two"]
    assert all(datetime.fromisoformat(time).utcoffset() is not None for time, _, _ in said)
    assert run.file("predictions/test.csv") == run.path / "predictions" / "test.csv"
