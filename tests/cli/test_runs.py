"""`dlrun runs` lists what is there, damaged or not."""

import json
import os

import pytest

from dlrun.config import stored as configs
from dlrun.rundir.folder import create_run
from dlrun.rundir.record import recording
from tests.cli.stored import store


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


NO_ORDER = "which is neither more nor less than the number"
METRICS = "'test.loss', 'test.accuracy', 'train.loss', 'train.accuracy'"
OTHERS = "facts such as 'status' and keys of the config such as 'optimizer.learning_rate'"


@pytest.fixture
def stored(tmp_path):
    """Three learning rates, the best in the middle, the newest last; and a damaged run."""
    runs_dir = tmp_path / "runs"
    for rate, accuracy in (("0.1", 0.8), ("0.01", 0.95), ("1e-3", 0.9)):
        override = f"optimizer.learning_rate={rate}"
        facts = {"accuracy": accuracy, "loss": float(rate), "config": None}
        store(runs_dir, f"rate{rate}", override, **facts)
    (create_run(runs_dir, "torn").path / "run.json").write_text("{")
    return runs_dir


def named(out):
    """The middle parts of the names in a CSV of names."""
    return [line.split("_")[1] for line in out.splitlines()[1:]]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--where", "optimizer.learning_rate>0.001 and status=finished"], ["rate0.01", "rate0.1"]),
        (["--where", "status=damaged"], ["torn"]),
        (["--sort", "test.accuracy"], ["rate0.01", "rate1e-3", "rate0.1", "torn"]),
        (["--sort", "test.loss"], ["rate1e-3", "rate0.01", "rate0.1", "torn"]),
        (["--sort", "test.loss", "--descending"], ["rate0.1", "rate0.01", "rate1e-3", "torn"]),
        (["--sort", "optimizer.learning_rate", "--best", "1"], ["rate1e-3"]),
        (["--best", "2"], ["rate0.01", "rate1e-3"]),
        (["--ascending", "--where", "seed=0"], ["rate0.1", "rate0.01", "rate1e-3"]),
        (["--sort", "started", "--where", "status=finished"], ["rate1e-3", "rate0.01", "rate0.1"]),
        (["--sort", "age", "--where", "not status=damaged"], ["rate1e-3", "rate0.01", "rate0.1"]),
        (["--where", "versions.keras=3.15.1 and name~0.1"], ["rate0.1"]),
    ],
)
def test_choice_and_order(dlrun, stored, words, names):
    """Metrics best first, times newest first, else smallest first; what is missing last."""
    exit_code, out, err = dlrun("runs", "--runs-dir", stored, "--columns", "name", "--csv", *words)
    assert exit_code == 0
    assert err.startswith("the best is chosen on the test rows") == (words == ["--best", "2"])
    assert named(out) == names


def test_a_run_has_the_name_of_its_config_and_that_of_its_folder(dlrun, tmp_path):
    """The folder takes no blank or slash; an order, and `~`, read names as they are sorted."""
    for name in ("loop", "a b/c", "loops"):
        store(tmp_path / "runs", name, f"name={name}")
    folder_of_runs = ("--runs-dir", tmp_path / "runs")

    def found(where):
        words = (*folder_of_runs, "--sort", "name", "--columns", "name", "--csv")
        return set(dlrun("runs", "--where", where, *words)[1].split()[1:])

    folders = {folder.name for folder in (tmp_path / "runs").glob("2*")}
    loop, odd = (next(one for one in folders if label in one) for label in ("_loop_", "_a_b_c_"))
    assert found("name=loop") == found(f"name={loop}") == {loop}
    assert found("name='a b/c'") == found(f"name={odd}") == {odd}
    assert found("name!=loop") == found(f"name!={loop}") == folders - {loop}
    assert found("not name=loop") == folders - {loop}
    assert found("name~loop") == folders - {odd}
    assert found("name>'2'") == folders
    assert found("name>'a'") == set()
    assert dlrun("compare", *folder_of_runs, "--where", "name=loop or name=loops", "--csv")[0] == 0


def test_columns(dlrun, stored):
    """Facts, metrics, keys of the config."""
    keys = "status,test.accuracy,train_loss,optimizer,optimizer.learning_rate,model.layers[0].units"
    words = ["--columns", keys, "--sort", "started"]
    _, out, _ = dlrun("runs", "--runs-dir", stored, *words, "--where", "status=finished")
    assert out == (
        "status    test.accuracy  train_loss  optimizer  optimizer.learning_rate"
        "  model.layers[0].units\n"
        "finished         0.9000    5.00e-04  Adam                         0.001"
        "                      1\n"
        "finished         0.9500      0.0050  Adam                          0.01"
        "                      1\n"
        "finished         0.8000      0.0500  Adam                           0.1"
        "                      1\n"
    )
    words = ["--columns", "optimizer.learning_rate,label", "--where", "status=damaged"]
    _, out, _ = dlrun("runs", "--runs-dir", stored, *words)
    assert out.splitlines()[1].split() == ["-"]
    _, out, _ = dlrun("runs", "--runs-dir", stored, "--columns", "+seed", "--where", "seed=0")
    assert out.splitlines()[0].split() == [
        "name",
        "status",
        "main",
        "metric",
        "value",
        "age",
        "seed",
    ]


def test_columns_as_data(dlrun, stored):
    """JSON and CSV hold numbers in full."""
    words = ["--columns", "test.accuracy,optimizer.learning_rate,label,age", "--best", "1"]
    _, out, _ = dlrun("runs", "--runs-dir", stored, *words, "--json")
    (row,) = json.loads(out)
    assert 0 <= row.pop("age") < 60
    assert row == {"test.accuracy": 0.95, "optimizer.learning_rate": 0.01, "label": []}
    _, out, _ = dlrun("runs", "--runs-dir", stored, "--csv", "--where", "status=damaged")
    heading, line = out.splitlines()
    assert heading == "name,run,status,started,seconds,metric,value,label,note,reason"
    assert line.count("damaged") == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--where", "statos=finished"],
         ("--where, column 1: no run has 'statos'.", "Did you mean 'status'?")),
        (["--where", "status=finished and lr>1"],
         ("--where, column 21: no run has 'lr'.", "Did you mean 'optimizer.learning_rate'?")),
        (["--where", "loss<0.1"],
         (f"--where, column 1: 'loss' is a text such as 'BinaryCrossentropy', {NO_ORDER} 0.1.",
          "Did you mean 'test.loss'?")),
        (["--sort", "blub"],
         ("--sort: no run has 'blub'.",
          f"The metrics of these runs are {METRICS}; other keys are {OTHERS}.")),
        (["--columns", "name,training"],
         ("--columns: no run has 'training'.", "Did you mean 'training.epochs'?")),
        (["--columns", "name,,status"],
         ("--columns: a key between two commas is empty.", "Such as name,test.loss")),
        (["--json", "--csv"],
         ("--json and --csv are two forms.", "Give only one of them.")),
    ],
)  # fmt: skip
def test_mistakes(dlrun, stored, words, message):
    """What is wrong, where, and what was probably meant."""
    what, fix = message
    assert dlrun("runs", "--runs-dir", stored, *words) == (2, "", f"error: {what}\n  {fix}\n")


def test_no_such_run(dlrun, stored):
    """Nothing found is a message and no error."""
    expected = f"There is no such run in {stored}.\n"
    assert dlrun("runs", "--runs-dir", stored, "--where", "seed>5") == (0, "", expected)


def test_main_metrics_that_differ(dlrun, stored):
    """An accuracy is not better than a loss."""
    run = create_run(stored, "regression")
    with recording(run, {}):
        run.write_json("metrics.json", {"test": {"loss": 0.5}})
    expected = (
        "error: the runs have different main metrics: 'test loss', 'test accuracy'.\n"
        "  Choose a key with --sort, such as --sort test.loss, or runs with --where.\n"
    )
    assert dlrun("runs", "--runs-dir", stored, "--best", "2") == (2, "", expected)


def test_configs_are_read_only_when_asked_for(dlrun, stored, monkeypatch):
    """And then only of the runs that the quicker conditions leave over, if records lack them."""
    read = []
    original = configs.read_text
    monkeypatch.setattr(configs, "read_text", lambda path: read.append(path) or original(path))
    dlrun("runs", "--runs-dir", stored, "--where", "status=finished", "--sort", "test.loss")
    assert read == []
    condition = "optimizer.learning_rate>0 and test.accuracy=0.9"
    dlrun("runs", "--runs-dir", stored, "--where", condition, "--columns", "name")
    assert 1 <= len(read) <= 2  # the damaged run may be asked for the key first
