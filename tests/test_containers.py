"""Runs in containers: the key by which one's own runs are known may not last, or not be there."""

from __future__ import annotations

import json

import pytest

from dlrun.rundir.integrity import key_path
from tests.folders import change
from tests.sweeping import MOONS, run, store_sweep
from tests.workflows.test_resume import interrupted

MEASURED = {"test": {"loss": 0.1, "accuracy": 0.9}}


@pytest.fixture(params=["another", "none"])
def container(request, tmp_path, monkeypatch):
    """Start anew with another home, or with one in which nothing can be kept."""
    homes = {"another": str(tmp_path / "another"), "none": "/proc/nowhere"}
    reasons = {
        "another": f"with another key than {homes['another']}/dlrun/key",
        "none": "none can be kept at /proc/nowhere/dlrun/key (no such file or directory)",
    }

    def leave():
        monkeypatch.setenv("XDG_STATE_HOME", homes[request.param])
        return reasons[request.param]

    return leave


def test_a_finished_run_is_known_by_what_it_is(container, dlrun, tmp_path):
    """Not by its seal: nothing is trained again, and one line says what is missing."""
    runs = store_sweep(tmp_path, lambda _rate, _seed: MEASURED)
    reason = container()
    err = dlrun("sweep", "rates.yaml").err
    assert "4 finished runs are not known as yours, but whole, and not trained again. " in err
    assert reason in err
    assert "set XDG_STATE_HOME to a folder that lasts." in err
    assert "4 runs, 4 there already\n" in err
    assert len(list((tmp_path / "runs" / "rates").glob("2*"))) == 4
    assert dlrun("sweep", "best", "runs/rates").out.strip().endswith(runs[0.1, 0].name)
    assert "earlier form" not in dlrun("sweep", "show", "runs/rates").out


def test_runs_that_were_trained_twice_are_told_apart(dlrun, tmp_path):
    """They are the same as others, and of no earlier form of the sweep."""
    runs = store_sweep(tmp_path, lambda _rate, _seed: MEASURED)
    first = runs[0.1, 0]
    twin = first.with_name(first.name[:-4] + "twin")
    twin.mkdir()
    for path in first.iterdir():
        (twin / path.name).write_bytes(path.read_bytes())
    shown = dlrun("sweep", "show", "runs/rates").out
    assert "left out as the same as others: 1 run\n" in shown
    assert "earlier form" not in shown


@pytest.mark.slow
def test_an_unfinished_run_goes_on_with_trust(tmp_path, monkeypatch):
    """To go on is to do what its folder says; without trust it is trained anew, which is said."""
    store_sweep(tmp_path, lambda _rate, seed: MEASURED if seed else None)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
    before = {path.name for path in (tmp_path / "runs" / "rates").glob("2*")}
    words = ("sweep", "rates.yaml")
    _, err = run(tmp_path, *words, "--trust")
    assert "unless you give --trust" not in err
    assert "2 finished runs are not known as yours, but whole" in err
    paths = list((tmp_path / "runs" / "rates").glob("2*"))
    assert {path.name for path in paths} == before
    assert {json.loads((path / "run.json").read_text())["status"] for path in paths} == {"finished"}
    change(paths[0] / "run.json", status="interrupted", seal="0" * 64)
    _, err = run(tmp_path, *words)
    assert "1 unfinished run is not known as yours, and trained anew unless you give --trust" in err
    assert len(list((tmp_path / "runs" / "rates").glob("2*"))) == 5


def test_an_interrupted_run_of_another_container(container, dlrun, tmp_path):
    """What is missing is said, and trust goes on with it."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    with interrupted(2):
        dlrun("train", "moons.yaml", code=130)
    reason = container()
    err = dlrun("resume", "latest", code=4).err
    assert "this run is not one of yours" in err
    assert "Give --trust to go on with it, if you trust where the run comes from." in err
    assert reason in err
    dlrun("resume", "latest", "--trust")


def test_where_no_key_can_be_kept(dlrun, tmp_path, monkeypatch):
    """It is said at once, quiet or not, when something can be done; later it is known why."""
    home = tmp_path / "home"
    home.write_text("")  # no folder
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    (tmp_path / "moons.yaml").write_text(MOONS)
    trained = dlrun("train", "moons.yaml", "--quiet")
    warning = (
        f"warning: no key can be kept at {home}/dlrun/key (not a directory), so dlrun will not "
        "know what is trained now as yours: to go on with it will take --trust; set XDG_STATE_HOME "
        "to a folder that lasts"
    )
    assert warning in trained.err.splitlines()
    assert warning in (trained.run / "log.txt").read_text()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    err = dlrun("resume", trained.run, "--epochs", "7", code=4).err
    assert "It bears no seal: no key could be kept when it was made" in err
    dlrun("resume", trained.run, "--epochs", "7", "--trust")
    dlrun("resume", trained.run, "--epochs", "8")  # by then it is one's own
    assert key_path().is_file()


def test_trust_says_nothing_of_one_run(dlrun, tmp_path):
    """There is nothing there to go on with."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    assert dlrun("train", "moons.yaml", "--trust", code=2).err.startswith("error: --trust: ")
