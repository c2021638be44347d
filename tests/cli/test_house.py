"""`dlrun rm`, `restore`, `rename`, `du`, `open`: nothing is lost that was not to be lost."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from dlrun.cli.terminal.output import Screen
from dlrun.rundir import trash
from dlrun.rundir.folder import Run
from dlrun.rundir.lock import holding_lock
from tests.cli.stored import store
from tests.conftest import CONFIGS


@pytest.fixture
def at(tmp_path):
    """Three runs in a folder with a blank in its name; the options that lead there."""
    for name in ("one", "two", "three"):
        store(tmp_path / "my runs", name)
    return ("--runs-dir", tmp_path / "my runs")


def names(runs_dir):
    """What the folders of runs are called, without time and letters."""
    return sorted(path.name[16:-5] for path in runs_dir.glob("2*"))


def content(folder):
    """Every file of a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_is_removed_comes_back(dlrun, at):
    """As it was, from the trash beside the runs; no list shows it meanwhile."""
    runs_dir = at[1]
    (before,) = runs_dir.glob("*_one_*")
    files = content(before)
    code, out, err = dlrun("rm", "one", *at)
    assert (code, out) == (0, f"{runs_dir / '.trash' / before.name}\n")
    assert "`dlrun restore NAME` brings one back" in err
    assert names(runs_dir) == ["three", "two"]
    assert "one" not in dlrun("runs", *at)[1]
    assert before.name in dlrun("restore", *at)[1]
    (told,) = json.loads(dlrun("restore", "--json", *at)[1])
    assert told["kind"] == "run"
    assert told["bytes"] == sum(map(len, content(runs_dir / ".trash" / before.name).values()))
    assert dlrun("restore", "one", *at) == (0, f"{before}\n", "")
    assert content(before) == {**files, ".lock": b""}
    assert dlrun("restore", *at)[2] == f"The trash of {runs_dir} is empty.\n"


def test_runs_are_chosen_by_a_condition(dlrun, at):
    """As `dlrun runs` lists them; without name and condition nothing is done."""
    dlrun("label", "two", "bad", *at)
    assert dlrun("rm", "--where", "label=bad", *at)[0] == 0
    assert names(at[1]) == ["one", "three"]
    assert dlrun("rm", "--where", "label=bad", *at)[1:] == ("", "There is no such run.\n")
    assert "which runs?" in dlrun("rm", *at)[2]
    assert names(at[1]) == ["one", "three"]


def test_what_is_at_work_stays(dlrun, at):
    """Where one of several is, all stay; so does what belongs to a sweep at work."""
    (folder,) = at[1].glob("*_two_*")
    with holding_lock(folder):
        for words in (("rm", "one", "two"), ("rename", "two", "other")):
            code, out, err = dlrun(*words, *at)
            assert (code, out) == (4, "")
            assert f"{folder}: a process is at work here." in err
    assert names(at[1]) == ["one", "three", "two"]
    (at[1] / "sweep.json").write_text("{}")
    with holding_lock(at[1]):
        assert dlrun("rm", "one", *at)[0] == 4
    assert dlrun("rm", "one", *at)[0] == 0


def test_a_sweep_goes_and_comes_as_one(dlrun, at):
    """With its runs; a second one of its name does not hide the first."""
    sweep = at[1] / "rates"
    for number in range(2):
        store(sweep, f"run_{number}")
        (sweep / "sweep.json").write_text("{}")
        assert dlrun("rm", "rates", *at)[0] == 0
    assert [path.name for path in trash.in_trash(at[1])] == ["rates", "rates~2"]
    assert {one["kind"] for one in json.loads(dlrun("restore", "--json", *at)[1])} == {"sweep"}
    assert dlrun("restore", "rates~2", *at)[1] == f"{sweep}\n"
    assert names(sweep) == ["run_1"]
    code, _, err = dlrun("restore", "rates", *at)
    assert code == 2
    assert f"{sweep}: something of this name is there again." in err
    (run,) = sweep.glob("2*")
    with holding_lock(run):
        assert dlrun("rm", "rates", *at)[0] == 4


def test_the_trash_is_emptied(dlrun, at):
    """Of one run, or of all; what was removed in part can be removed again."""
    dlrun("rm", "one", "two", *at)
    assert dlrun("restore", "--empty", "one", *at)[2] == "1 folder removed for good\n"
    (left,) = trash.in_trash(at[1])
    (left / "run.json").unlink()
    shutil.copytree(left, left.with_name("half"))
    assert "rest" in dlrun("restore", *at)[1]
    assert dlrun("restore", "--empty", *at)[2] == "2 folders removed for good\n"
    assert trash.in_trash(at[1]) == []
    assert names(at[1]) == ["three"]


def test_damaged_runs_can_be_removed(dlrun, at):
    """Whatever is wrong with them; a link in the place of the trash is not followed."""
    (folder,) = at[1].glob("*_one_*")
    (folder / "run.json").write_text("{")
    assert dlrun("rm", "one", *at)[0] == 0
    shutil.rmtree(at[1] / ".trash")
    elsewhere = at[1].parent / "elsewhere"
    elsewhere.mkdir()
    (at[1] / ".trash").symlink_to(elsewhere)
    code, _, err = dlrun("rm", "two", *at)
    assert code == 4
    assert "symbolic link" in err
    assert not list(elsewhere.iterdir())


@pytest.mark.skipif(os.getuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_may_only_be_read(dlrun, at):
    """Nothing is moved, and it is said."""
    at[1].chmod(0o555)
    code, _, err = dlrun("rm", "one", *at)
    at[1].chmod(0o755)
    assert code == 1
    assert "cannot be written" in err


def test_another_name(dlrun, at):
    """Time and letters stay, so that it is found as before; nothing in it changes."""
    (before,) = at[1].glob("*_one_*")
    files = content(before)
    after = before.with_name(before.name.replace("_one_", "_a_better_name_"))
    assert dlrun("rename", "one", "a better/name", *at) == (
        0,
        f"{after}\n",
        "'a better/name' is written as a_better_name, so that every system takes the name\n",
    )
    assert content(after) == {**files, ".lock": b""}
    assert dlrun("verify", before.name[-4:], *at)[0] == 0
    assert dlrun("rename", "better", "a better name", *at) == (0, f"{after}\n", "")
    shutil.copytree(after, after.with_name("plain"))
    assert dlrun("rename", at[1] / "plain", "other", *at)[1] == f"{at[1] / 'other'}\n"
    assert "is there already" in dlrun("rename", at[1] / "other", after.name, *at)[2]


def test_what_the_disk_holds(dlrun, at):
    """The largest first; checkpoints are what only `resume` needs."""
    (folder,) = at[1].glob("*_two_*")
    (folder / "checkpoint" / "00000001").mkdir(parents=True)
    (folder / "checkpoint" / "00000001" / "state").write_bytes(b"x" * 5000)
    (folder / "link").symlink_to("/dev/zero")
    (found,) = json.loads(dlrun("du", "two", "--json", *at)[1])
    whole = sum(len(one) for name, one in content(folder).items() if name != "link")
    assert found == {
        "run": str(folder),
        "kind": "run",
        "bytes": whole + len("/dev/zero"),
        "checkpoints": 5000,
    }
    dlrun("rm", "one", *at)
    lines = dlrun("du", *at)[1].splitlines()
    assert lines[0].split() == ["name", "kind", "size", "checkpoints"]
    assert folder.name in lines[1]
    assert lines[-1].startswith("in all")
    assert any(line.startswith(".trash") for line in lines)
    assert dlrun("du", "--runs-dir", at[1] / "none")[2] == f"There is no run in {at[1]}/none.\n"


def test_the_page_is_opened(dlrun, at, monkeypatch):
    """In the browser, by an address that has no blanks; where there is none, its path is told."""
    opened = []
    monkeypatch.setattr(
        "webbrowser.open", lambda address: opened.append(address) or len(opened) == 1
    )
    code, _, err = dlrun("open", "one", *at)
    assert code == 2
    assert "`dlrun report" in err
    (folder,) = at[1].glob("*_one_*")
    Run(folder).write_text("report.html", "<p>")
    page = folder / "report.html"
    assert dlrun("open", "one", *at) == (0, f"{page}\n", "")
    assert opened == [page.as_uri()]
    assert " " not in opened[0]
    assert "BROWSER" in dlrun("open", "one", *at)[2]


VARIABLES = {
    "DLRUN_THREADS": ("many", "Invalid value for '--threads' (env var: 'DLRUN_THREADS')"),
    "DLRUN_JOBS": ("0", "Invalid value for '--jobs' / '-j' (env var: 'DLRUN_JOBS')"),
    "DLRUN_DEVICE": ("tpu", "--device: 'tpu' is not a device."),
}


@pytest.mark.parametrize("name", VARIABLES)
def test_variables_stand_for_options(dlrun, tmp_path, monkeypatch, name):
    """What is wrong in one is told as of the option, which goes first; help names it."""
    value, said = VARIABLES[name]
    monkeypatch.setenv(name, value)
    words = ("train", CONFIGS / "iris.yaml", "--runs-dir", tmp_path / "runs")
    assert said in dlrun(*words)[2]
    assert name in dlrun("train", "--help")[1]
    told = dlrun(*words, f"--{name.removeprefix('DLRUN_').lower()}", "none")[2]
    assert "none" in told or "integer" in told
    assert f"'{value}'" not in told
    assert not (tmp_path / "runs").exists()


def test_runs_of_sweeps_are_listed_and_found(dlrun, at, monkeypatch):
    """Where they are asked for; the variable stands for the folder, and the option goes first."""
    store(at[1] / "rates", "inside")
    (at[1] / "rates" / "sweep.json").write_text("{}")
    monkeypatch.setenv("DLRUN_RUNS_DIR", str(at[1]))
    assert "inside" not in dlrun("runs")[1]
    lines = dlrun("runs", "--recursive", "--columns", "name", "--sort", "name")[1].splitlines()
    assert sorted(line[16:-5] for line in lines[1:]) == ["inside", "one", "three", "two"]
    (folder,) = (at[1] / "rates").glob("2*")
    assert json.loads(dlrun("du", "inside", "--json")[1])[0]["run"] == str(folder)
    assert "There is no run" in dlrun("runs", "--runs-dir", at[1].parent / "none")[2]


def test_names_are_whole_on_a_narrow_terminal(dlrun, at, monkeypatch):
    """A run is found by its last letters: where there is no room its name has a line of its own."""
    for command in ("du", "restore"):
        monkeypatch.setattr(f"dlrun.cli.{command}.screen_of", lambda _: Screen(width=34))
    (run,) = [path.name for path in at[1].glob("2*_one_*")]
    assert f"{run}\n    kind run  size" in dlrun("du", *at)[1]
    dlrun("rm", "one", *at)
    assert dlrun("restore", *at)[1].startswith(f"{run}\n    kind run  size")


def test_keys_are_whole_on_a_narrow_terminal(dlrun, monkeypatch):
    """As are the names of runs, with what is said of them below."""
    monkeypatch.setattr("dlrun.cli.validate.screen_of", lambda _: Screen(width=40))
    _, out, _ = dlrun("validate", CONFIGS / "penguins.yaml", "--explain", "training")
    assert "\ntraining.callbacks[0].start_from_epoch\n    0  default\n" in out
