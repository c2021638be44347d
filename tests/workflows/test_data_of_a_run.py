"""What commands say of the data of a run: that they are gone, or known; and what they write."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile

import pytest

from tests.marking import first

CONFIG = """\
dataset: {type: table, path: rows.csv, target: y, test_split: 0.25}
model:
  layers:
    - {type: Dense, units: 2, activation: relu, kernel_initializer: zeros}
    - {type: Dense, units: 1, activation: sigmoid}
loss: binary_crossentropy
training: {epochs: 0}
"""


@pytest.fixture
def run(dlrun, tmp_path, monkeypatch):
    """A run over a table of numbers, whose network says the same of all rows."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{n},{n * 7 % 11},{n % 2}" for n in range(40)]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,y", *rows, ""]))
    (tmp_path / "c.yaml").write_text(CONFIG)
    return dlrun("train", "c.yaml", "--no-report", "--quiet").run


def test_data_that_are_gone(run, dlrun, tmp_path):
    """Which file, and the way out of each command."""
    (tmp_path / "rows.csv").rename(tmp_path / "rows2.csv")
    gone = (
        f"error: {tmp_path}/rows.csv: the run was trained on this, and it is not there any more.\n"
        "  Did you mean 'rows2.csv'?"
    )
    ways = {
        ("evaluate", run): " Or give --data FILE.",
        ("explain", run): " Or give --data FILE or --input.",
        ("report", run): " Or give --data FILE, where they lie now.",
        ("reproduce", run): " Or give --data FILE, where they lie now.",
    }
    for command, way in ways.items():
        assert dlrun(*command, code=3).err == f"{gone}{way}\n"
    (tmp_path / "rows2.csv").unlink()
    put_back = "any more.\n  Put it back there. Or give --data FILE, where they lie now.\n"
    assert dlrun("report", run, code=3).err.endswith(put_back)
    (tmp_path / "new.csv").write_text("b,a\n1,2\n")
    assert dlrun("predict", run, "new.csv").code == 0


@pytest.mark.parametrize(
    "given", first(1, ["elsewhere", "elsewhere/rows.csv"]), ids=["folder", "file"]
)
def test_data_that_lie_elsewhere(given, run, dlrun, tmp_path):
    """A colleague names them; whether they are the same, their hashes tell."""
    (tmp_path / "elsewhere").mkdir()
    moved = (tmp_path / "rows.csv").rename(tmp_path / "elsewhere" / "rows.csv")
    assert dlrun("reproduce", run, "--data", given).out.startswith("identical: data, initial")
    answer = dlrun("report", run, "--data", given)
    assert "no longer the one that this run was trained on" not in answer.err
    moved.write_text(moved.read_text().replace("3,", "4,"))
    assert dlrun("reproduce", run, "--data", given, code=6).out.startswith("different: the data ")
    told = "warning: the dataset is no longer the one that this run was trained on"
    assert told in dlrun("report", run, "--data", given).err
    assert dlrun("report", run, run, "--data", given, code=2).err == (
        "error: --data: runs are compared by what their folders say; no data are read.\n"
        "  Leave it out, or name one run.\n"
    )


def test_data_in_several_files_that_lie_elsewhere(run, dlrun, tmp_path):
    """The folder of all of them is named; of a run without files nothing is."""
    del run
    config = CONFIG.replace(", test_split: 0.25", ", test_path: later.csv")
    (tmp_path / "both.yaml").write_text(config)
    (tmp_path / "later.csv").write_bytes((tmp_path / "rows.csv").read_bytes())
    both = dlrun("train", "both.yaml", "--no-report", "--quiet").run
    (tmp_path / "elsewhere").mkdir()
    for name in ("rows.csv", "later.csv"):
        (tmp_path / name).rename(tmp_path / "elsewhere" / name)
    assert dlrun("reproduce", both, "--data", "elsewhere").out.startswith("identical: ")
    assert dlrun("reproduce", both, "--data", "elsewhere/rows.csv", code=2).err == (
        "error: --data: the run was trained on 2 files, rows.csv, later.csv.\n"
        "  Give the folder that holds them.\n"
    )
    (tmp_path / "drawn.yaml").write_text(config.replace(
        "{type: table, path: rows.csv, target: y, test_path: later.csv}", "xor"))  # fmt: skip
    drawn = dlrun("train", "drawn.yaml", "--no-report", "--quiet").run
    assert dlrun("reproduce", drawn, "--data", "elsewhere", code=2).err == (
        "error: --data: the run was trained on xor, and on no file.\n  Leave it out.\n"
    )


def test_rows_that_the_run_has_seen(run, dlrun, tmp_path):
    """Are no new ones: that is certain where the bytes are the same, under another name too."""
    told = "is what the run was trained on: what is measured on rows that it has seen says little"
    (tmp_path / "copy.csv").write_bytes((tmp_path / "rows.csv").read_bytes())
    assert f"warning: copy.csv {told}" in dlrun("evaluate", run, "--data", "copy.csv").err
    with (tmp_path / "copy.csv").open("a") as file:
        file.write("1,1,1\n")
    assert told not in dlrun("evaluate", run, "--data", "copy.csv").err
    assert told not in dlrun("evaluate", run).err


def test_predictions_replace_files_but_no_data(run, dlrun, tmp_path):
    """Folders are made; neither the input nor the rows of training are written over."""
    (tmp_path / "new.csv").write_text("a,b\n1,2\n")
    for _ in range(2):
        out = dlrun("predict", run, "new.csv", "-o", "deep/out.csv").out
        assert out == "deep/out.csv\n"
    before = (tmp_path / "rows.csv").read_bytes()
    for output, what in (("new.csv", "the input"), ("rows.csv", "the data of the run")):
        assert dlrun("predict", run, "new.csv", "-o", output, code=2).err == (
            f"error: --output {output}: the output is {what}: its rows would be lost.\n"
            "  Name another file.\n"
        )
    assert (tmp_path / "rows.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "fix"),
    [
        (b"a,b\n1,\n", "Fill them, or leave the rows out: the run was trained without gaps"),
        (b"a,b\n1,x\n", "Mend the file, an empty cell for what is missing: the run reads it as"),
        ("a,b,ö\n1,2,3\n".encode("latin-1"), "Mend the file, an empty cell for what is missing:"),
    ],
)
def test_new_rows_that_cannot_be_read(run, dlrun, tmp_path, content, fix):
    """Whoever has a run and no config is given no advice about keys of one."""
    (tmp_path / "new.csv").write_bytes(content)
    told = dlrun("predict", run, "new.csv", code=3).err
    assert fix in told
    assert "dataset." not in told


@pytest.mark.parametrize("command", ["predict", "explain"])
def test_a_row_that_is_typed_is_no_file(command, dlrun, tmp_path):
    """What can be done about it is said of the row."""
    (tmp_path / "rows.csv").write_text("a,b,c,y\n1,2,u,0\n2,,v,1\n3,4,u,0\n4,6,v,1\n")
    (tmp_path / "config.yaml").write_text(
        "dataset: {type: table, path: rows.csv, target: y, columns: "
        "{a: number, b: {type: number, missing: flag}, c: category}}\n"
        "model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}\n"
        "loss: binary_crossentropy\noptimizer: adam\ntraining: {epochs: 0}\n"
    )
    run = dlrun("train", "config.yaml", "--no-report", "--quiet").run
    assert dlrun(command, run, "1,x,u", code=2).err == (
        "error: INPUT 1,x,u: column 'b': 'x' is not a number.\n"
        "  Mend the row, an empty cell for what is missing: the run reads it as it did in "
        "training.\n"
    )
    told = dlrun(command, run, ",2,u", code=2).err
    assert told.endswith("\n  Give it a value: the run was trained without gaps in this column.\n")


def test_a_gap_that_training_had_not_is_told_before_the_model_is_loaded(
    run, dlrun, tmp_path, monkeypatch
):
    """Which takes seconds, those of TensorFlow's import."""

    def load(_):
        raise AssertionError

    monkeypatch.setattr("dlrun.workflows.predict.load_model", load)
    (tmp_path / "new.csv").write_text("a,b\n1,2\n3,\n")
    told = dlrun("predict", run, "new.csv", code=3).err
    assert told.startswith("error: 1 cell of the features is empty ('b' 1):\n  new.csv:3: 'b'\n")


def test_a_page_that_is_not_there(run, dlrun):
    """Is a matter of usage, with the command that makes it."""
    assert dlrun("open", run, code=2).err == (
        f"error: {run}: there is no page of it.\n  `dlrun report {run}` makes one.\n"
    )


def test_what_moves_nothing(run, dlrun):
    """A table of zeros says nothing; a sentence does."""
    told = " ".join(dlrun("explain", run, "--input", "1,2", "--numpy-only").out.split())
    assert "what moves y Nothing, to first order: dy/dx is 0 for every entry at this x" in told
    assert "x · dy/dx" not in told


def test_a_bundle_has_a_page(run, dlrun, tmp_path):
    """It is drawn before it is packed; where it cannot be, that is said, to the colleague too."""
    rows = tmp_path / "rows.csv"
    rows.rename(tmp_path / "gone.csv")
    told = dlrun("export", run, "bundle").err
    assert "warning: the run has no page, and none can be drawn: " in told
    assert f"{rows}: the run was trained on this, and it is not there any more." in told
    theirs = dlrun("import", run / "bundle.zip", "--runs-dir", "theirs").out.strip()
    assert dlrun("open", theirs, code=2).err == (
        f"error: {theirs}: there is no page of it.\n"
        f"  It is drawn of the data, and {rows} is not there. Whoever has the data makes a "
        "bundle that has a page: `dlrun export RUN bundle`.\n"
    )
    (tmp_path / "gone.csv").rename(rows)
    assert "none can be drawn" not in dlrun("export", run, "bundle").err
    with zipfile.ZipFile(run / "bundle.zip") as bundle:
        assert f"{run.name}/report.html" in bundle.namelist()
    told = dlrun("open", run / "bundle.zip", code=2).err
    assert f"`dlrun import {run / 'bundle.zip'}` makes a run folder" in told


def test_a_bundle_says_less_of_its_author(run, dlrun):
    """Neither the user nor the machine; the record of the run keeps them."""
    told = dlrun("export", run, "bundle").err
    assert "bundle.zip: config.yaml, " in told
    assert "run.json name paths of this machine; look at them before you hand it on" in told
    with zipfile.ZipFile(run / "bundle.zip") as bundle:
        packed = json.loads(bundle.read(f"{run.name}/run.json"))
    kept = json.loads((run / "run.json").read_text())
    assert {*kept} - {*packed} == {"user", "host", "pid", "boot", "folder"}
    assert dlrun("verify", run / "bundle.zip").code == 0


@pytest.mark.slow
def test_the_threads_of_a_run_are_taken_before_tensorflow_begins(run, tmp_path):
    """So that none is warned of who explains the run in a process of its own."""

    def typed(*words):
        line = [sys.executable, "-m", "dlrun", *words]
        return subprocess.run(line, capture_output=True, text=True, check=True, cwd=tmp_path)

    other = typed("train", "c.yaml", "--threads", "1", "--no-report", "--quiet").stdout.strip()
    assert other != str(run)
    done = typed("explain", other, "--input", "1,2")
    assert "last bits" not in done.stderr
    assert "TensorFlow agrees" in done.stdout
