"""Trials on other machines: what travels, what is committed, and what happens when it does not."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from dlrun.config import load_config
from dlrun.errors import DataError, RunFolderError, UsageError
from dlrun.execution.options import RunOptions
from dlrun.rundir import lock
from dlrun.rundir.checkpoints import Checkpoint, checkpoint_names, save_checkpoint
from dlrun.rundir.folder import Run, read_row
from dlrun.rundir.integrity import damaged_files, is_own
from dlrun.rundir.lock import holding_lock, lock_state
from dlrun.rundir.record import recording
from dlrun.sweeps.launchers import Order, Placing, named
from dlrun.sweeps.launchers import ray as ray_word
from dlrun.sweeps.processes import Ended
from dlrun.sweeps.remote.luggage import Luggage, Unpacking, hashes_of, prune_cache
from dlrun.sweeps.remote.parcels import Arrivals, Home, Parcels, luggage_of, settle
from dlrun.sweeps.trials import Trial
from tests.sweeping import MOONS, run

MACHINE = {"versions": {}, "processor": "one", "environment": {}, "device": "cpu", "threads": 1}
STATE = {"epoch": 1, "step": 0, "finished": False, "stop_training": False, "callbacks": [],
         "history_columns": ["loss"]}  # fmt: skip


def config_with(**arguments):
    """What of a config names files."""
    return SimpleNamespace(dataset=SimpleNamespace(arguments=arguments))


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Two files and a folder, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    home = tmp_path / "home"
    (home / "photos" / "cats").mkdir(parents=True)
    for name in ("a b.csv", "b.csv", "photos/one.png", "photos/cats/two.png"):
        (home / name).write_text(name * 3)
    return home


def fetching(luggage, fetched):
    """Fetch files in pieces of one byte, and note which."""

    def fetch(sha256):
        fetched.append(sha256)
        return (bytes([one]) for one in luggage.paths[sha256].read_bytes())

    return fetch


def test_data_files_travel_once(files):
    """Files, lists, globs and folders; what a text says of them is said of those at home."""
    luggage, fetched = Luggage(files), []
    told = luggage.of(
        config_with(
            path=files / "a b.csv",
            several=[files / "b.csv", files / "a b.csv"],
            every=files / "*.csv",
            folder=files / "photos",
            target="y",
            rate=0.5,
        )
    )
    assert told.keys() == {"path", "several", "every", "folder"}
    here = Unpacking(fetching(luggage, fetched), None)
    given = here.arguments(json.loads(json.dumps(told)))
    assert Path(given["path"]).read_text() == "a b.csv" * 3
    assert Path(given["path"]).name == "a b.csv"
    assert [Path(one).name for one in given["several"]] == ["b.csv", "a b.csv"]
    assert given["every"] == [given["path"], given["several"][0]]
    assert (Path(given["folder"]) / "cats" / "two.png").read_text() == "photos/cats/two.png" * 3
    assert sorted(fetched) == sorted(set(hashes_of(told)))
    assert here.at_home(f"{given['path']}:3: wrong") == f"{files / 'a b.csv'}:3: wrong"
    assert Unpacking(fetching(luggage, fetched), None).arguments(told) == given
    assert len(fetched) == 4


def test_data_files_that_nobody_asks_for_leave(files):
    """After a month without a run that needs them; the others stay."""
    luggage, fetched = Luggage(files), []
    told = luggage.of(config_with(path=files / "a b.csv", other=files / "b.csv"))
    given = Unpacking(fetching(luggage, fetched), None).arguments(told)
    os.utime(Path(given["path"]).parent, (0, 0))
    prune_cache()
    assert not Path(given["path"]).exists()
    assert Path(given["other"]).exists()
    os.utime(Path(given["other"]).parent, (0, 0))
    assert Unpacking(fetching(luggage, fetched), None).arguments(told) == given
    prune_cache()
    assert Path(given["other"]).exists()
    assert len(fetched) == 3


def test_data_files_are_found_below_a_root(files, tmp_path):
    """By their path below the base of the sweep; what holds something else is refused."""
    luggage = Luggage(files)
    told = luggage.of(config_with(folder=files / "photos"))
    root = tmp_path / "mounted"
    (files / "photos").rename(root)
    here = Unpacking(fetching(luggage, []), str(tmp_path))
    with pytest.raises(DataError, match="is missing on this node"):
        here.arguments(told)
    root.rename(tmp_path / "photos")
    assert here.arguments(told) == {"folder": str(tmp_path / "photos")}
    (tmp_path / "photos" / "one.png").write_text("another")
    with pytest.raises(DataError, match="is not the file that the sweep was planned with"):
        here.arguments(told)


def test_a_file_that_changed_under_way_is_not_kept(files):
    """Its name is its hash."""
    luggage = Luggage(files)
    told = luggage.of(config_with(path=files / "b.csv"))
    (files / "b.csv").write_text("later")
    here = Unpacking(fetching(luggage, []), None)
    with pytest.raises(DataError, match="changed while the sweep worked"):
        here.arguments(told)
    assert not list((files.parent / "cache").rglob("*.csv"))


@pytest.fixture
def experiment(tmp_path):
    """A config."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    return load_config(tmp_path / "moons.yaml")


def work_there(folder, epochs=1):
    """Do as a run does on a node; it is at work until the generator ends."""
    folder.mkdir(parents=True, exist_ok=True)
    there = Run(folder)
    with recording(there, {"identity": "that of the node", "seal": "x"}):
        there.write_text("config.yaml", "paths: those of the node\n")
        there.log("read /node/cache/rows.csv")
        for epoch in range(1, epochs + 1):
            there.write_text("history.csv", "epoch,loss\n" + "1,0.5\n" * epoch)
            save_checkpoint(folder, Checkpoint({**STATE, "epoch": epoch}, {}))
            yield
        there.write_text("weights.safetensors", "weights")
    yield


def send(parcels, arrivals, *, is_last=False):
    """Bring home what changed; gives the names of the files."""
    node = {
        "machine": MACHINE,
        "node": {"host": "far"},
        "moved": {"/node/cache/rows.csv": "/home/me/rows.csv"},
    }
    names = []
    for message in parcels.messages(is_last=is_last):
        if "file" in message:
            names.append(message["file"])
            arrivals.take(message)
        else:
            arrivals.commit(message["commit"], node)
    return names


def test_a_run_comes_home(tmp_path, experiment):
    """Its folder appears whole, is locked meanwhile, and says what is true at home."""
    there, home = tmp_path / "node" / "20261129-000000_moons_abcd", tmp_path / "runs"
    home.mkdir()
    parcels = Parcels(there)
    arrivals = Arrivals(home, None, Home(experiment, ("dlrun", "sweep"), None))
    at_work = work_there(there, epochs=3)
    next(at_work)
    assert parcels.has_checkpoint()
    send(parcels, arrivals)
    assert not parcels.has_checkpoint()
    folder = home / there.name
    assert [one for one in home.iterdir() if not one.name.startswith(".")] == [folder]
    assert read_row(folder).status == "running"
    assert lock_state(folder) == "held"
    assert (folder / "config.yaml").read_text() == experiment.to_yaml()
    assert (folder / "log.txt").read_text().endswith("  read /home/me/rows.csv\n")
    next(at_work)
    assert send(parcels, arrivals)[:1] == ["checkpoint/00000002/state.json"]
    next(at_work)
    next(at_work)
    names = send(parcels, arrivals, is_last=True)
    assert "weights.safetensors" in names
    assert "config.yaml" not in names
    arrivals.close()
    row = read_row(folder)
    assert row.status == "finished"
    assert row.record["identity"] == arrivals.identity != "that of the node"
    assert row.record["machine"] == MACHINE
    assert row.record["node"] == {"host": "far"}
    assert is_own(experiment.to_yaml(), row.record["seal"])
    assert damaged_files(folder, row.record) == []
    assert checkpoint_names(folder) == ["00000003", "00000002"]
    assert lock_state(folder) == "free"
    assert list(home.glob(".tmp-*")) == []


def test_a_lost_run_is_at_home_as_it_was_committed(tmp_path, experiment):
    """What came after the last commit is forgotten; elsewhere it goes on from there."""
    there, home = tmp_path / "node" / "20261129-000000_moons_abcd", tmp_path / "runs"
    home.mkdir()
    arrivals = Arrivals(home, None, Home(experiment, ("dlrun",), None))
    at_work = work_there(there, epochs=2)
    next(at_work)
    parcels = Parcels(there)
    send(parcels, arrivals)
    next(at_work)
    for message in list(parcels.messages(is_last=False))[:-1]:
        arrivals.take(message)
    arrivals.close()
    folder = home / there.name
    assert read_row(folder).status == "killed"
    assert checkpoint_names(folder) == ["00000001"]
    elsewhere = tmp_path / "elsewhere" / folder.name
    settle(elsewhere, luggage_of(folder), "paths: those of another node\n")
    assert read_row(elsewhere).status == "interrupted"
    assert (elsewhere / "config.yaml").read_text() == "paths: those of another node\n"
    assert checkpoint_names(elsewhere) == ["00000001"]


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", ""])
def test_no_file_leads_out_of_its_run(tmp_path, experiment, name):
    """Whatever a node says."""
    arrivals = Arrivals(tmp_path, None, Home(experiment, (), None))
    with pytest.raises(RunFolderError, match="is no file of a run"):
        arrivals.take({"file": name, "at": 0, "data": b"x"})


class FakeRay:
    """Ray, as far as a launcher asks for it; every place says what `answers` has for it."""

    __version__ = "0"

    class exceptions:  # noqa: N801 - as Ray has it
        """What a call may raise."""

        class RayError(Exception):
            """A place is lost."""

        class RayTaskError(RayError):
            """What was called has failed."""

    def __init__(self, answers):
        self.answers = answers
        self.places = 0
        self.killed = 0

    def remote(self, **_options):
        """Make actors."""

        def make(*_arguments):
            self.places += 1
            called = SimpleNamespace(remote=lambda *_: object())
            return SimpleNamespace(begin=called, next=called, signal=called, close=called)

        return lambda _kind: SimpleNamespace(remote=make)

    def wait(self, references, **_options):
        """Nothing lets anybody wait."""
        return references, []

    def get(self, _reference, **_options):
        """Give the next answer."""
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def kill(self, _handle):
        """End a place."""
        self.killed += 1

    def put(self, piece):
        """Keep nothing."""
        return piece

    def shutdown(self):
        """Nothing was begun."""


def launcher_with(ray, tmp_path):
    """A launcher on such a Ray."""
    options = RunOptions(tmp_path, ["dlrun"], "cpu", 1)
    order = Order(options, None, trust=False, experiments=[], held=[])
    facts = {"environment": {}, "git": None}
    return ray_word.RayLauncher(ray, order, Placing(), facts, lambda: 2)


def events_of(launcher, trial):
    """What a trial says until it ends."""
    launcher.submit(trial)
    told = []
    while not told or not isinstance(told[-1], Ended):
        told += [event for _, event in launcher.wait(0)]
    return told


def test_a_lost_place_is_replaced(tmp_path, experiment):
    """Its trial goes on in another one."""
    ray = FakeRay(None)
    ray.answers = [
        [],
        ray.exceptions.RayError("The node died."),
        [],
        [{"epoch": 1, "part": 0.0, "logs": {}}, {"code": 0, "words": ""}],
    ]
    launcher = launcher_with(ray, tmp_path)
    told = events_of(launcher, Trial(experiment, {}, "one"))
    assert told[0] == {
        "message": "a worker was lost (The node died.); its run goes on elsewhere, anew"
    }
    assert told[-1] == Ended(0, "")
    assert ray.places == 2


def test_a_run_that_loses_every_place_is_given_up(tmp_path, experiment):
    """It may be what kills them."""
    ray = FakeRay(None)
    ray.answers = [ray.exceptions.RayError("Out of memory.") for _ in range(3)]
    told = events_of(launcher_with(ray, tmp_path), Trial(experiment, {}, "one"))
    assert told[-1] == Ended(-9, "its worker was lost: Out of memory.")
    assert ray.places == ray.killed == 3


def test_a_run_that_another_process_has_is_left_to_it(tmp_path, experiment, monkeypatch):
    """Others are not ended for that."""
    monkeypatch.setattr(lock, "_PATIENCE", 0.0)
    there = tmp_path / "20261129-000000_moons_abcd"
    next(work_there(there))
    with holding_lock(there):
        trial = Trial(experiment, {}, "one", folder=there)
        told = events_of(launcher_with(FakeRay([]), tmp_path), trial)
    assert "works in this run folder" in told[0]["error"]
    assert told[-1] == Ended(4, "")


def test_what_fails_on_a_place_is_no_lost_place(tmp_path, experiment):
    """It would fail elsewhere too."""
    ray = FakeRay(None)
    ray.answers = [ray.exceptions.RayTaskError("OSError: No space left on device")]
    told = events_of(launcher_with(ray, tmp_path), Trial(experiment, {}, "one"))
    assert told[-1] == Ended(1, "OSError: No space left on device")


def test_ray_is_an_extra(monkeypatch):
    """That is told with the command that installs it."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'dlrun\[ray\]'"):
        ray_word.site(SimpleNamespace(placing=Placing()), None)


@pytest.mark.slow
def test_words_that_are_no_place(tmp_path):
    """Near ones are suggested; what says nothing of this machine is refused."""
    with pytest.raises(UsageError, match="Did you mean 'local'"):
        named("locl")
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "rates.yaml").write_text("base: moons.yaml\nseeds: 2\n")
    for words, what in {
        "--gpus-per-run 1": "--gpus-per-run: the runs work on this machine",
        "--address auto": "--address: the runs work on this machine",
        "--on ray --device gpu": "--device gpu: on a cluster --gpus-per-run says",
        "--on ray --shard 1/2": "--shard 1/2: one command works on a cluster",
        "--on ray --gpus-per-run 1.5": "--gpus-per-run: 1.5 is no part of one",
        "--on ray --cpus-per-run inf": "--cpus-per-run: inf is no part of one",
        "--on ray --data-root data": "--data-root: data begins in no known folder",
    }.items():
        _, told = run(tmp_path, "sweep", "rates.yaml", *words.split(), code=2)
        assert what in told


def test_images_that_a_table_names_do_not_travel(tmp_path):
    """They are looked for where the other machine has the table; else it is refused."""
    (tmp_path / "a.csv").write_text("photo,t\n")
    table = config_with(path=tmp_path / "a.csv", columns={"photo": {"type": "image"}})
    with pytest.raises(UsageError, match="the images of 'photo' do not travel") as caught:
        Luggage(tmp_path).of(table)
    assert "--data-root" in caught.value.fix
    assert Luggage(tmp_path).of(table, travels=False).keys() == {"path"}
