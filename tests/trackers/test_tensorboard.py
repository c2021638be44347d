"""TensorBoard's own reader finds every epoch of a run once, whatever came between."""

from __future__ import annotations

import csv
import json
import shutil
import struct

import numpy as np
import pytest

from dlrun.cli import main
from dlrun.rundir.names import EVENTS
from dlrun.trackers.tensorboard import EventFile, EventWriter, _scalars
from tests.forked import HEAVY, run_program
from tests.sweeping import run
from tests.workflows.test_resume import MOONS, interrupted

KILLED = """
import os, signal, sys
from dlrun.cli import main
from dlrun.cli.terminal.progress import LineListener

def progressed(self, *, epoch, **_):
    if epoch >= 8:
        os.kill(os.getpid(), signal.SIGKILL)

import dlrun.training.trainer
dlrun.training.trainer._GROWTH = 1
LineListener.progressed = progressed
main(["resume", sys.argv[1], "--no-report"])
"""


@pytest.fixture
def moons(tmp_path):
    """A config that is tracked, and commits its state only where it is stopped."""
    path = tmp_path / "moons.yaml"
    text = MOONS.replace("CALLBACK", "").replace("checkpoint_seconds: 0", "checkpoint_seconds: 999")
    path.write_text(f"{text}trackers: [tensorboard]\n")
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run folder of that config, tracked, trained in one go and with its report."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "moons.yaml").write_text(MOONS.replace("CALLBACK", ""))
    words = ["train", folder / "moons.yaml", "--runs-dir", folder / "runs"]
    assert main([*map(str, words), "--track", "tensorboard"]) == 0
    (run,) = (folder / "runs").iterdir()
    return run


def read(run, part=""):
    """What TensorBoard reads of a run."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(
        str(run / EVENTS / part), {"scalars": 0, "tensors": 0, "images": 0}
    )
    return accumulator.Reload()


def curves(run):
    """Every number that was written, by the column of `history.csv` that it should be."""
    found = {}
    for part, prefix in (("train", ""), ("validation", "val_")):
        events = read(run, part)
        for tag in events.Tags()["scalars"]:
            name = tag.replace("epoch_", prefix, 1)
            found[name] = [(one.step, one.value) for one in events.Scalars(tag)]
    return found


def history(run):
    """The columns of `history.csv` as float32, numbered as Keras's callback numbers epochs."""
    rows = list(csv.DictReader((run / "history.csv").read_text().splitlines()))
    return {
        name: [(number, float(np.float32(row[name]))) for number, row in enumerate(rows)]
        for name in rows[0]
        if name != "epoch"
    }


def hparams(run, tag):
    """The last message of the plugin under a tag."""
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    proto = read(run).summary_metadata[f"_hparams_/{tag}"]
    return HParamsPluginData.FromString(proto.plugin_data.content)


def test_every_epoch_is_there(whole):
    """Each number of the history, in the order of the epochs, and nothing else."""
    assert curves(whole) == history(whole)
    assert len(history(whole)["val_loss"]) == 12


def test_the_rest_of_a_run(whole):
    """Hyperparameters, final metrics, plots, and the config."""
    events = read(whole)
    metrics = json.loads((whole / "metrics.json").read_text())
    for split in ("train", "validation", "test"):
        (one,) = events.Scalars(f"{split}/accuracy")
        assert (one.step, one.value) == (12, pytest.approx(metrics[split]["accuracy"], 1e-6))
    assert {one.removeprefix("plots/") for one in events.Tags()["images"]} == {
        path.stem for path in (whole / "plots").iterdir()
    }
    (image,) = events.Images("plots/learning_curves")
    png = (whole / "plots/learning_curves.png").read_bytes()
    assert image.encoded_image_string == png
    assert (image.width, image.height) == struct.unpack(">II", png[16:24])
    (text,) = events.Tensors("run")
    assert b"    - type: Dense\n" in text.tensor_proto.string_val[0]
    start = hparams(whole, "session_start_info").session_start_info
    told = {name: getattr(one, one.WhichOneof("kind")) for name, one in start.hparams.items()}
    assert told["optimizer.learning_rate"] == 0.01
    assert told["training.epochs"] == 12
    assert told["optimizer.type"] == "Adam"
    assert told["model.layers[0].units"] == 8
    assert "training.shuffle" not in told, "a default is no hyperparameter that was chosen"
    assert hparams(whole, "session_end_info").session_end_info.status == 1


@pytest.mark.slow
def test_a_killed_run_goes_on_without_holes_or_doubles(moons, dlrun, whole):
    """It was stopped after epoch 4 and killed after epoch 8, with no checkpoint between."""
    with interrupted(4):
        dlrun("train", moons, code=130)
    (run,) = (moons.parent / "runs").iterdir()
    assert hparams(run, "session_end_info").session_end_info.status == 2
    done = run_program(KILLED, run.name, cwd=moons.parent, imported=HEAVY)
    assert done.returncode == -9, done.stderr
    assert len(curves(run)["loss"]) > 5, "written beyond the checkpoint"
    before = {path: path.read_bytes() for path in (run / EVENTS).glob("*/*")}
    dlrun("resume", "latest")
    assert curves(run) == history(run) == history(whole)
    assert hparams(run, "session_end_info").session_end_info.status == 1
    for path, content in before.items():
        # What a watcher has read already stays where it was.
        assert path.read_bytes().startswith(content)


def test_what_was_undone_is_taken_back(moons, dlrun, whole):
    """Epochs that the resumed run does not repeat, and half a record, are cut off."""
    with interrupted(4):
        dlrun("train", moons, code=130)
    (run,) = (moons.parent / "runs").iterdir()
    for part in ("train", "validation"):
        path = next((run / EVENTS / part).iterdir())
        last = curves(run)["loss"][-1][0]
        file = EventFile(path, append=True)
        for step in range(last + 1, last + 9):
            file.write(_scalars({"epoch_loss": 0.5}, step=step))
        file.close()
        with path.open("ab") as raw:
            raw.write(b"\x18\0\0\0\0\0\0\0torn")
    dlrun("resume", "latest")
    assert curves(run) == history(run) == history(whole)


def test_an_extension_has_all_epochs(dlrun, whole, tmp_path):
    """Those of the finished run are not told twice when its folder becomes the longer one."""
    run = shutil.copytree(whole, tmp_path / "runs" / whole.name)
    dlrun("resume", "latest", "--epochs", 15)
    assert len(history(run)["loss"]) == 15
    assert curves(run) == history(run)
    assert len(list((run / EVENTS).rglob("*.tfevents.*"))) == 3
    (one,) = read(run).Scalars("test/loss")
    assert one.step == 15


def test_tracking_changes_no_bit_and_no_identity(whole, dlrun, tmp_path):
    """A tracked run is the run: a grid finds it, and all files but the config are the same."""
    text = MOONS.replace("CALLBACK", "")
    (tmp_path / "moons.yaml").write_text(text)
    run = dlrun("train", "moons.yaml").run
    for name in ("history.csv", "weights.safetensors", "metrics.json"):
        assert (run / name).read_bytes() == (whole / name).read_bytes()
    one, other = (json.loads((path / "run.json").read_text()) for path in (run, whole))
    assert one["identity"] == other["identity"]


@pytest.mark.parametrize("where", ["begun", "epoch_ended", "completed"])
def test_a_tracker_that_fails_costs_nothing(where, moons, dlrun, whole, monkeypatch):
    """It is a warning, once, and the run is what it is without."""

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    name = {"begun": "__init__"}.get(where, where)
    monkeypatch.setattr(EventWriter, name, fail)
    done = dlrun("train", moons)
    assert done.err.count("No space left on device") == 1
    assert "warning: the run goes on without trackers[0] (tensorboard)" in done.err
    assert_same_run(done.run, whole)
    assert "goes on without" in (done.run / "log.txt").read_text()


def assert_same_run(run, other):
    """The same history and weights."""
    for name in ("history.csv", "weights.safetensors"):
        assert (run / name).read_bytes() == (other / name).read_bytes()


@pytest.mark.slow
def test_a_grid_is_tracked(tmp_path):
    """Each run in its folder, with what is varied."""
    (tmp_path / "moons.yaml").write_text(MOONS.replace("CALLBACK", "").replace("12", "2"))
    words = ("train", "moons.yaml", "--set", "seed=0..1", "--jobs", 1, "--threads", 1)
    out, _ = run(tmp_path, *words, "--track", "tensorboard")
    folders = [tmp_path / line for line in out.splitlines()]
    for folder in folders:
        assert curves(folder) == history(folder)
    starts = [hparams(one, "session_start_info").session_start_info for one in folders]
    assert len({one.group_name for one in starts}) == 1, "seeds repeat each other"
    assert [one.hparams["seed"].number_value for one in starts] == [0, 1]
    assert run(tmp_path, *words)[0] == out, "the same runs without a tracker are there already"


def test_another_tracker_for_a_resumption(dlrun, tmp_path):
    """`--track` tells it all epochs, those of before included, and the config keeps it."""
    (tmp_path / "moons.yaml").write_text(MOONS.replace("CALLBACK", "").replace("12", "2"))
    dlrun("train", "moons.yaml")
    done = dlrun("resume", "latest", "--epochs", 3, "--track", "tensorboard")
    assert curves(done.run) == history(done.run)
    assert "- type: tensorboard" in (done.run / "config.yaml").read_text()
    dlrun("verify", "latest")


def test_what_is_no_tracker(dlrun, tmp_path):
    """A word that is not there is told with the one that was meant."""
    (tmp_path / "moons.yaml").write_text(MOONS.replace("CALLBACK", ""))
    done = dlrun("train", "moons.yaml", "--track", "tensorbord", code=2)
    assert "There is no tracker 'tensorbord'." in done.err
    assert "Did you mean 'tensorboard'?" in done.err


def test_starting_tensorboard(dlrun, whole, monkeypatch):
    """`dlrun tensorboard` becomes TensorBoard on the folder; without tracked runs it says how."""
    done = dlrun("tensorboard", code=2)
    assert "--track tensorboard" in done.err
    started = []
    monkeypatch.setattr("os.execv", lambda *given: started.append(given))
    dlrun("tensorboard", whole, "--port", 6007)
    dlrun("tensorboard", whole.name, "--runs-dir", whole.parent)
    for _, words in started:
        assert words[1:5] == ["-m", "tensorboard.main", "--logdir", str(whole)]
    monkeypatch.setattr("dlrun.workflows.tensorboard.find_spec", lambda _: None)
    assert "pip install tensorboard" in dlrun("tensorboard", whole, code=2).err
