"""A run is trained again from its folder alone, its files checked, its weights passed on."""

from __future__ import annotations

import json
import shutil
import stat

import pytest
import yaml

from dlrun.rundir.integrity import hash_file, is_own, key_path, seal, signed
from tests.test_bad_input import TABLE, config
from tests.workflows.test_resume import MOONS


@pytest.fixture
def moons(tmp_path):
    """A config of two hidden layers' worth of work."""
    path = tmp_path / "moons.yaml"
    path.write_text(MOONS.replace("CALLBACK", ""))
    return path


@pytest.fixture
def run(dlrun, moons):
    """A finished run."""
    return dlrun("train", moons).run


def rewrite(run, name, content=None, **facts):
    """Change a run as somebody would who can make its hashes anew."""
    record = json.loads((run / "run.json").read_text())
    if content is not None:
        (run / name).write_text(content)
        record["files"][name] = hash_file(run / name)
    (run / "run.json").write_text(signed(record | facts))


def test_a_run_comes_out_identical(run, dlrun):
    """The config is not needed any more, and nothing is left behind."""
    (run.parent.parent / "moons.yaml").unlink()
    assert dlrun("reproduce", run).out == (
        "identical: data, initial weights, 12 epochs, final weights\n"
    )
    found = json.loads(dlrun("reproduce", run, "--json").out)
    assert (found["identical"], found["epochs"], found["reasons"]) == (True, 12, [])
    assert len(list(run.parent.iterdir())) == 1


def test_the_first_epoch_that_differs_is_named(run, dlrun):
    """With the recorded difference that may explain it, and exit code 6."""
    lines = (run / "history.csv").read_text().splitlines(keepends=True)
    lines[3] = lines[3].replace(lines[3].split(",")[1], "0.25")
    rewrite(run, "history.csv", "".join(lines))
    told = dlrun("reproduce", run, code=6).out
    assert told.startswith("different: epoch 3 is the first that differs: loss was 0.25 and is 0.")
    assert told.endswith("\n  nothing that is recorded explains it\n")
    versions = json.loads((run / "run.json").read_text())["versions"] | {"tensorflow": "2.20.0"}
    rewrite(run, "history.csv", versions=versions)
    assert "\n  versions.tensorflow was 2.20.0 and is 2." in dlrun("reproduce", run, code=6).out


def test_only_finished_runs_are_compared(run, dlrun):
    """A run that was stopped is first brought to its end."""
    rewrite(run, "history.csv", status="interrupted")
    told = dlrun("reproduce", run, code=4).err
    assert "was interrupted: only a finished run can be compared." in told
    assert f"`dlrun resume {run}` goes on with it." in told


def test_verify_names_every_damaged_file(run, dlrun):
    """Changed, cut, removed: each on a line of its own, exit code 4."""
    assert dlrun("verify", run).out == f"{run}: 11 files are as the run wrote them\n"
    (run / "model.txt").write_text("another one")
    (run / "model.keras").unlink()
    with (run / "metrics.json").open("r+") as file:
        file.truncate(10)
    told = dlrun("verify", run, code=4).out
    assert told == (
        f"{run}: damaged\n"
        f"  {run}/metrics.json: is not what the run saved: damaged or changed.\n"
        f"  {run}/model.txt: is not what the run saved: damaged or changed.\n"
        f"  {run}/model.keras: is missing.\n"
    )
    (found,) = json.loads(dlrun("verify", run, "--json", code=4).out)
    assert (found["files"], len(found["problems"]), found["complete"]) == (11, 3, True)


def test_evaluate_keeps_the_hash_of_the_metrics(run, dlrun):
    """What dlrun itself adds later is no damage."""
    dlrun("evaluate", run, "--split", "train")
    dlrun("verify", run)


def test_a_record_that_was_changed_is_damaged(run, dlrun):
    """`run.json` holds its own hash."""
    path = run / "run.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))
    for command in ("evaluate", "resume", "verify", "reproduce"):
        assert "run.json: is not what the run saved" in dlrun(command, run, code=4).err


@pytest.mark.slow
def test_training_from_another_run(run, moons, dlrun):
    """Layers are matched by name and shape; what was taken and what was not is listed."""
    moons.write_text(MOONS.replace("CALLBACK", "").replace("units: 1,", "name: head, units: 1,"))
    tuned = dlrun("train", moons, "--from", run)
    assert f"layers with the weights of {run.name}: dense\n" in tuned.err
    assert "layers drawn anew: head (8, 1) (1,)\n" in tuned.err
    assert f"not taken from {run.name}: dense_1 (1,) (8, 1)\n" in tuned.err
    record = json.loads((tuned.run / "run.json").read_text())
    source = json.loads((run / "run.json").read_text())
    assert record["from"] == str(run.resolve())
    assert record["initial_weights"]["dense/kernel"] == source["final_weights"]["dense/kernel"]
    # It keeps what it began with: the other run may go.
    shutil.rmtree(run)
    assert "identical" in dlrun("reproduce", tuned.run).out
    extended = dlrun("resume", tuned.run, "--epochs", 14)
    assert "finished: going on after epoch 12" in extended.err


def test_nothing_to_take(run, moons, dlrun):
    """None of the layers fits: a mistake, told before the training."""
    told = dlrun("train", moons, "--from", run, "--set", "model.layers[0].units=5", code=2).err
    assert f"--from {run.name}: none of its layers fits this model: it has dense (8,)" in told
    assert "The model has dense (2, 5) (5,), dense_1 (5, 1) (1,). Layers are matched" in told


@pytest.fixture
def stranger(dlrun, tmp_path, monkeypatch):
    """A run over a table, made by somebody with another key."""
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "table.yaml").write_text(config())
    run = dlrun("train", "table.yaml").run
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another home"))
    return run


@pytest.mark.slow
def test_files_that_a_stranger_names_are_not_read(stranger, dlrun, tmp_path):
    """Unless the user allows it; the user's own file is no matter of trust."""
    for words in (["evaluate", stranger], ["explain", stranger], ["report", stranger]):
        told = dlrun(*words, code=4).err
        assert "this run is not one of yours, and its config names " in told
        assert f"{tmp_path}/table.csv." in told
        assert "Give --trust to let dlrun read it, if you trust where the run comes from." in told
        dlrun(*words, "--trust")
    dlrun("evaluate", stranger, "--data", tmp_path / "table.csv")
    dlrun("predict", stranger, tmp_path / "table.csv")
    for words in (["resume", stranger, "--epochs", 3], ["reproduce", stranger]):
        assert "this run is not one of yours" in dlrun(*words, code=4).err
    assert "identical" in dlrun("reproduce", stranger, "--trust").out


@pytest.mark.parametrize("path", ["tables/*.csv", "[tables/1.csv, tables/2.csv]"])
def test_lists_and_globs_of_a_stranger_are_not_read(dlrun, tmp_path, monkeypatch, path):
    """All of the files, as they are named."""
    (tmp_path / "tables").mkdir()
    header, *lines = TABLE.splitlines()
    for number in (1, 2):
        half = lines[number - 1 :: 2]
        (tmp_path / "tables" / f"{number}.csv").write_text("\n".join([header, *half, ""]))
    (tmp_path / "table.yaml").write_text(config())
    words = ("--set", f"dataset.path={path}", "--set", "training.epochs=1", "--no-report")
    run = dlrun("train", "table.yaml", *words).run
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another home"))
    told = dlrun("evaluate", run, code=4).err
    assert "this run is not one of yours, and its config names " in told
    for name in ("*.csv",) if "*" in path else ("1.csv", "2.csv"):
        assert f"{tmp_path}/tables/{name}" in told


def test_a_layer_reads_no_file(dlrun, tmp_path):
    """A stranger's `vocabulary: FILE` is refused; that of a list is part of the config."""
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "secret.txt").write_text("4711\n")
    layers = [
        {"type": "IntegerLookup", "vocabulary": [1, 2, 3], "output_mode": "multi_hot"},
        {"type": "Dense", "units": 2, "activation": "softmax"},
    ]
    (tmp_path / "table.yaml").write_text(config(layers=layers, metrics=[]))
    run = dlrun("train", "table.yaml").run
    dlrun("predict", run, "table.csv")
    changed = yaml.safe_load((run / "config.yaml").read_text())
    changed["model"]["layers"][0]["vocabulary"] = "secret.txt"
    rewrite(run, "config.yaml", yaml.safe_dump(changed))
    for words in (["predict", run, "table.csv"], ["evaluate", run, "--trust"], ["explain", run]):
        told = dlrun(*words, code=4).err
        assert "model.layers[0].vocabulary: Expected a list or null, got 'secret.txt'." in told
        assert "4711" not in told


def test_a_config_that_was_changed_is_no_longer_ones_own(run, dlrun):
    """The seal is over the config: who changes what it names cannot seal it."""
    text = (run / "config.yaml").read_text()
    rewrite(run, "config.yaml", text.replace("seed: 0", "seed: 1", 1))
    assert "this run is not one of yours" in dlrun("reproduce", run, code=4).err


def test_the_key_is_the_users_alone(tmp_path, monkeypatch):
    """It is made once, and nobody else may read it; without a home there is none."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    sealed = seal("a: 1\n")
    assert stat.S_IMODE(key_path().stat().st_mode) == 0o600
    assert seal("a: 1\n") == sealed
    assert is_own("a: 1\n", sealed)
    for text, mark in (("a: 2\n", sealed), ("a: 1\n", None), ("a: 1\n", "é"), ("a: 1\n", "00")):
        assert not is_own(text, mark)
    (tmp_path / "state" / "dlrun" / "key").write_bytes(b"short")
    assert seal("a: 1\n") is None
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    assert seal("a: 1\n") is None
    assert not is_own("a: 1\n", sealed)


def test_other_data_are_told_before_any_training(dlrun, tmp_path):
    """By the file that has changed, which is the explanation; no epoch would come out the same."""
    table = tmp_path / "table.csv"
    table.write_text(TABLE)
    (tmp_path / "table.yaml").write_text(config())
    run = dlrun("train", "table.yaml").run
    table.write_text(TABLE.replace("0,0,small", "0,0,big"))
    told = dlrun("reproduce", run, code=6)
    line = f"{table} is no longer what the run was trained on: it was "
    assert f"warning: {line}" in told.err
    assert "epoch" not in told.err
    first, reason = told.out.splitlines()[:2]
    assert first.startswith("different: the data differ: train.")
    assert reason.startswith(f"  {line}{len(TABLE)} bytes (SHA-256 ")
    found = json.loads(dlrun("reproduce", run, "--json", code=6).out)
    assert (found["epochs"], found["reasons"][0]) == (0, reason.strip())
    table.write_text(TABLE)
    assert dlrun("reproduce", run).out.startswith("identical: ")
