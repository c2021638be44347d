"""What training measured is never replaced, and what is written later is never lost."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import math
import os

import pytest

from tests.test_bad_input import TABLE, config

pytestmark = pytest.mark.usefixtures("eagerly")  # what is kept of a run, not how it is trained

CHANGED = TABLE.replace("small", "x").replace("big", "small").replace("x", "big")
"""The same rows, every one of the other class."""


@pytest.fixture
def run(dlrun, tmp_path):
    """A finished run over a table."""
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "good.yaml").write_text(config())
    return dlrun("train", "good.yaml", "--quiet").run


def files_of(run):
    """What stands in a run folder, but for the empty lock file."""
    paths = [path for path in run.rglob("*") if path.is_file() and path.name != ".lock"]
    return {str(path.relative_to(run)): path.read_bytes() for path in paths}


def accuracy_of(predictions, table):
    """The part of a table's rows whose class is predicted, worked out from the predictions."""
    predicted = [row["predicted"] for row in csv.DictReader(io.StringIO(predictions))]
    true = [row["kind"] for row in csv.DictReader(io.StringIO(table))]
    return sum(map(str.__eq__, predicted, true)) / len(true)


def test_evaluating_the_same_again_writes_nothing(run, dlrun):
    """What training measured is where it is looked for."""
    before = files_of(run)
    found = json.loads(dlrun("evaluate", run, "--json").out)
    assert found["stored"] == str(run / "metrics.json")
    assert files_of(run) == before


def test_what_training_measured_outlives_a_change_of_the_data(run, dlrun, tmp_path):
    """The later numbers stand beside it, with what they are of; in words, and checked by verify."""
    before = files_of(run)
    listed = dlrun("runs", "--json").out
    (tmp_path / "table.csv").write_text(CHANGED)
    told = dlrun("evaluate", run, "--json")
    found = json.loads(told.out)
    assert (
        "the train rows have changed since training: metrics.json keeps what training measured"
        in told.err
    )
    assert "table.csv is no longer what the run was trained on: it was " in told.err
    predictions = dlrun("predict", run, "table.csv", "-o", "-").out
    expected = accuracy_of(predictions, CHANGED)
    assert found["metrics"]["accuracy"] == pytest.approx(expected)
    after = files_of(run)
    (name,) = after.keys() - before.keys()
    assert {key: after[key] for key in before} == before
    stored = json.loads(after[name])
    assert found["stored"] == str(run / name)
    assert stored["metrics"] == found["metrics"]
    assert stored["classification"] == found["classification"]
    record = json.loads(before["run.json"])
    assert stored["split"] == "train"
    assert stored["data"]["x"] == record["data"]["train.x"]
    assert stored["data"]["y"] != record["data"]["train.y"]
    assert stored["weights"] == record["files"]["weights.safetensors"]
    assert dlrun("runs", "--json").out == listed
    dlrun("evaluate", run)
    assert files_of(run) == after
    verified = json.loads(dlrun("verify", run, "--json").out)[0]["files"]
    (run / name).write_bytes(after[name].replace(b"accuracy", b"precision"))
    damaged = dlrun("verify", run, code=4).out
    assert f"{name}: is not what `dlrun evaluate` wrote" in damaged
    (run / name).unlink()
    assert json.loads(dlrun("verify", run, "--json").out)[0]["files"] == verified - 1


def test_files_of_one_name_and_changed_files_have_evaluations_of_their_own(run, dlrun, tmp_path):
    """One for each path and content."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "other.csv").write_text(TABLE)
    (tmp_path / "folder" / "other.csv").write_text(CHANGED)
    paths = {}
    for _ in range(2):
        for name in ("other.csv", "folder/other.csv"):
            stored = json.loads(dlrun("evaluate", run, "--data", name, "--json").out)["stored"]
            assert paths.setdefault(name, stored) == stored
    (tmp_path / "other.csv").write_text(CHANGED)
    dlrun("evaluate", run, "--data", "other.csv")
    files = sorted((run / "evaluations").iterdir())
    assert len(files) == 3
    assert {json.loads(path.read_text())["file"] for path in files} == {
        str(tmp_path / "other.csv"),
        str(tmp_path / "folder" / "other.csv"),
    }
    dlrun("verify", run)


MOMENTS = {"evaluate": 1, "predict": 2}
"""How many files a command renames: with the last one the new state is there."""


@pytest.mark.parametrize("command", MOMENTS)
def test_a_kill_at_any_moment_leaves_a_sound_run(command, run, dlrun, tmp_path, monkeypatch):
    """There is one moment at which an evaluation, or a prediction, is there."""
    (tmp_path / "new.csv").write_text(TABLE)
    words = (
        ["evaluate", run, "--data", "new.csv"]
        if command == "evaluate"
        else [command, run, "new.csv"]
    )
    before = files_of(run)
    replace = type(run).replace

    for moment in (1, 2):
        calls = []

        def killed(self, target, calls=calls, moment=moment):
            calls.append(target)
            if len(calls) == moment:
                raise KeyboardInterrupt
            return replace(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(type(run), "replace", killed)
            dlrun(*words, code=130 if moment <= MOMENTS[command] else 0)
        if moment == 1:
            assert files_of(run) == before
        dlrun("verify", run)
    dlrun(*words)
    dlrun("verify", run)


def test_what_killed_processes_left_is_removed_and_what_living_ones_write_stays(run, dlrun):
    """By the next command that writes."""
    for words in (["evaluate", run, "--split", "train"], ["predict", run, "table.csv"]):
        (run / "predictions").mkdir(exist_ok=True)
        dead = [run / ".tmp-00000001.json", run / "predictions" / ".tmp-00000002.csv"]
        alive = run / "predictions" / ".tmp-00000003.csv"
        for path in (*dead, alive):
            path.write_text("half")
        if words[0] == "evaluate":
            (run / "metrics.json").write_text("{}")
        with alive.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            dlrun(*words)
            assert [path.exists() for path in dead] == [False, False]
            assert alive.read_text() == "half"


def read_only(monkeypatch, run):
    """Let nothing be made in a run folder, as where it belongs to somebody else."""
    real = os.open

    def refuse(path, flags, *arguments, **options):
        if flags & os.O_CREAT and str(path).startswith(str(run)):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)


@pytest.mark.slow
def test_a_run_that_may_only_be_read(run, dlrun, tmp_path, monkeypatch):
    """It is measured, with a warning; predictions need a place, which is said."""
    (tmp_path / "new.csv").write_text(TABLE)
    before = files_of(run)
    read_only(monkeypatch, run)
    for words in (["--data", "new.csv"], ["--split", "train"]):
        told = dlrun("evaluate", run, *words)
        assert "accuracy" in told.out
        if "--data" in words:
            assert "warning: the numbers could not be stored: " in told.err
            assert "cannot be written: permission denied." in told.err
    told = dlrun("predict", run, "new.csv", code=1).err
    assert "permission denied" in told
    assert "Name another place with -o FILE; -o - is stdout." in told
    assert len(dlrun("predict", run, "new.csv", "-o", "-").out.splitlines()) == len(
        TABLE.splitlines()
    )
    assert "Name another place for the page with -o FILE." in dlrun("report", run, code=1).err
    dlrun("report", run, "-o", "page.html")
    assert "data:image/png;base64," in (tmp_path / "page.html").read_text("utf-8")
    assert files_of(run) == before


def test_two_predictions_of_one_file_name_at_the_same_time(run, dlrun, tmp_path, monkeypatch):
    """Each has its own file, also where the second begins and ends while the first works."""
    from dlrun.cli import main
    from dlrun.workflows import predict

    for folder, rows in (("a", "1,2\n"), ("b", "3,4\n5,6\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "q.csv").write_text(f"a,b\n{rows}")
    write, codes = predict._write_file, []

    def write_while_another_does(*arguments):
        monkeypatch.setattr(predict, "_write_file", write)
        codes.append(main(["predict", str(run), "b/q.csv"]))
        write(*arguments)

    monkeypatch.setattr(predict, "_write_file", write_while_another_does)
    dlrun("predict", run, "a/q.csv")
    assert codes == [0]
    owners = json.loads((run / "predictions" / "inputs.json").read_text())
    lines = {
        source: len((run / "predictions" / name).read_text().splitlines())
        for name, source in owners.items()
    }
    assert lines == {str(tmp_path / "a" / "q.csv"): 2, str(tmp_path / "b" / "q.csv"): 3}


def test_predictions_of_an_input_can_be_replaced_after_the_run_was_extended(run, dlrun):
    """`verify` holds those of training only: the others may be asked for again."""
    dlrun("predict", run, "table.csv")
    dlrun("resume", run, "--epochs", 3, "--quiet")
    hashed = json.loads((run / "run.json").read_text())["files"]
    assert "predictions/train.csv" in hashed
    assert "predictions/table.csv" not in hashed
    dlrun("predict", run, "table.csv")
    dlrun("verify", run)


@pytest.mark.parametrize("rows", ["1,2\nx,3\n", "\n", "1\n"])
def test_nothing_is_printed_of_an_input_that_cannot_be_read(rows, run, dlrun, tmp_path):
    """Not even the header."""
    (tmp_path / "new.csv").write_text(f"a,b\n{rows}")
    assert dlrun("predict", run, "new.csv", "-o", "-", code=3).out == ""


@pytest.mark.slow
def test_runs_are_compared_on_a_page_whatever_has_become_of_their_data(run, dlrun, tmp_path):
    """It is made of the folders alone, as `compare` is: no file that a config names is read."""
    layers = [
        {"type": "Reshape", "target_shape": [2, 1]},
        {"type": "Flatten"},
        {"type": "Dense", "units": 2, "activation": "softmax"},
    ]
    (tmp_path / "shaped.yaml").write_text(config(layers=layers))
    other = dlrun("train", "shaped.yaml", "--quiet").run
    dlrun("report", run, other)
    page = (tmp_path / "runs" / "comparison.html").read_text()
    for text in (TABLE.replace("\n", ",1\n"), None):
        (tmp_path / "table.csv").unlink()
        if text is not None:
            (tmp_path / "table.csv").write_text(text)
        dlrun("report", run, other)
        dlrun("compare", run, other)
        assert (tmp_path / "runs" / "comparison.html").read_text() == page


def test_damaged_metrics_do_not_hide_what_is_measured(run, dlrun):
    """They are told; the numbers are printed and stored beside."""
    expected = json.loads(dlrun("evaluate", run, "--json").out)["metrics"]
    (run / "metrics.json").write_text('{"train": ')
    told = dlrun("evaluate", run, "--json")
    assert json.loads(told.out)["metrics"] == expected
    assert "metrics.json:1:" in told.err
    assert "is not valid JSON: damaged." in told.err
    assert (run / "metrics.json").read_text() == '{"train": '
    assert not math.isnan(expected["loss"])
