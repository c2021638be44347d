"""`dlrun archive`, `dlrun import`: what goes into an archive comes out as it was, or not at all."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
import zipfile

import pytest

from dlrun.errors import DlrunError
from dlrun.rundir import archive as archives
from dlrun.rundir.folder import create_run
from dlrun.rundir.integrity import signed
from dlrun.rundir.lock import holding_lock
from dlrun.rundir.record import recording
from tests.cli.stored import store


@pytest.fixture
def at(tmp_path):
    """Three runs, one with a checkpoint, and a sweep of two; the options that lead there."""
    folder = tmp_path / "my runs"
    for name in ("one", "two", "three"):
        store(folder, name)
    (one,) = folder.glob("*_one_*")
    (one / "checkpoint" / "00000001").mkdir(parents=True)
    (one / "checkpoint" / "00000001" / "state.json").write_text("{}")
    for name in ("first", "second"):
        store(folder / "rates", name)
    (folder / "rates" / "sweep.json").write_text("{}")
    (folder / "rates" / ".shares" / "1-of-2").mkdir(parents=True)
    (folder / "rates" / ".shares" / "1-of-2" / "identities.json").write_text("{}")
    return ("--runs-dir", folder)


@pytest.fixture
def old(tmp_path):
    """Where the archive is written: a name with a blank, and no ASCII."""
    return tmp_path / "old rüns.zip"


@pytest.fixture
def elsewhere(tmp_path):
    """The options that lead to another folder of runs."""
    return ("--runs-dir", tmp_path / "elsewhere")


@pytest.fixture
def written(dlrun, at, old, monkeypatch):
    """An archive of one run, to be read where little room is."""
    monkeypatch.setattr(archives, "FREE_BYTES", 2**20)
    dlrun("archive", "one", "-o", old, *at)
    return old


def content(folder):
    """Every file of a folder but locks, which are of the place."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def rewrite(path, change):
    """Write an archive again, after `change` has had its files by their names."""
    with zipfile.ZipFile(path) as source:
        files = {entry.filename: source.read(entry) for entry in source.infolist()}
    change(files)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(name, data)


def saying(**facts):
    """Change what an archive says of itself, and sign it."""

    def change(files):
        told = json.loads(files["archive.json"])
        files["archive.json"] = signed({**told, **facts}).encode()

    return change


def history_of(files):
    """The name of the first history."""
    return next(name for name in files if name.endswith("history.csv"))


def flip(files):
    """Change a bit of a history."""
    files[history_of(files)] = files[history_of(files)][:-2] + b"6\n"


def lead_out(files):
    """Add a file that would be written elsewhere."""
    files["../stray"] = b"x"


def hide(files):
    """Add a file that nobody would see."""
    files[history_of(files).replace("history.csv", ".ssh/key")] = b"x"


def swell(files):
    """Let a small archive hold a large file."""
    files[history_of(files)] = b"0" * 2**23


def test_what_is_packed_comes_back_as_it_was(dlrun, at, old, elsewhere):
    """Runs and sweeps, byte for byte, with checkpoints; the originals stay where they are."""
    code, out, err = dlrun("archive", "one", "two", "rates", "-o", old, *at)
    assert (code, out) == (0, f"{old}\n")
    assert err.startswith("3 folders, ")
    assert "every file was read again" in err
    before = content(at[1])
    code, out, err = dlrun("import", old, *elsewhere)
    assert (code, err) == (0, "")
    names = [line.rpartition("/")[2] for line in out.splitlines()]
    assert [name[16:-5] for name in names[:2]] == ["one", "two"]
    assert names[2] == "rates"
    found = content(elsewhere[1])
    homes = {name.partition("/")[0] for name in found}
    assert homes == set(names)
    assert found == {name: data for name, data in before.items() if name.partition("/")[0] in homes}
    assert "rates/.shares/1-of-2/identities.json" in found
    assert dlrun("verify", out.splitlines()[1], *elsewhere)[0] == 0
    assert sorted(path.name for path in elsewhere[1].iterdir()) == sorted(names)


def test_what_an_archive_holds_is_listed(dlrun, at, old):
    """Without unpacking it; for programs too."""
    dlrun("label", "one", "good", *at)
    told = json.loads(dlrun("archive", "one", "rates", "-o", old, "--json", *at)[1])
    assert (told["archive"], told["trash"]) == (str(old), [])
    listed = json.loads(dlrun("import", old, "--list", "--json")[1])
    assert listed == told["folders"]
    run, sweep = listed
    assert (run["status"], run["metric"], run["value"]) == ("finished", "test accuracy", 0.9)
    assert run["labels"] == ["good"]
    (one,) = at[1].glob("*_one_*")
    assert run["size"] == sum(map(len, content(one).values()))
    assert (sweep["name"], sweep["status"]) == ("rates", "2 finished")
    lines = dlrun("import", old, "--list")[1].splitlines()
    assert lines[0].split() == ["name", "kind", "status", "main", "metric", "value", "size"]
    assert "test accuracy" in lines[1]


def test_one_of_many_is_brought_back(dlrun, at, old, elsewhere):
    """By a part of its name; what is there already is not touched."""
    dlrun("archive", "--where", "status=finished", "-o", old, *at)
    (two,) = at[1].glob("*_two_*")
    assert dlrun("import", old, "two", *elsewhere)[1] == f"{elsewhere[1] / two.name}\n"
    before = content(elsewhere[1])
    code, _, err = dlrun("import", old, *elsewhere)
    assert code == 2
    assert f"{elsewhere[1] / two.name}: is there already." in err
    assert content(elsewhere[1]) == before
    for reference, told in (("nothing", "no folder in it has"), ("_", "3 folders have")):
        code, _, err = dlrun("import", old, reference, *elsewhere)
        assert (code, told in err, "--list" in err) == (2, True, True)


def test_the_originals_are_moved_into_the_trash(dlrun, at, old):
    """Once the archive is there; `restore` brings them back."""
    code, _, err = dlrun("archive", "one", "rates", "-o", old, "--remove", *at)
    assert code == 0
    assert "2 folders moved into the trash" in err
    assert sorted(path.name[16:-5] for path in at[1].glob("2*")) == ["three", "two"]
    assert dlrun("restore", "one", *at)[0] == 0
    shutil.rmtree(at[1] / ".trash")
    assert dlrun("import", old, "rates", *at)[1] == f"{at[1] / 'rates'}\n"


def test_checkpoints_are_left_out_where_nobody_wants_them(dlrun, at, old):
    """Of finished runs; of others they are all that there is."""
    (one,) = at[1].glob("*_one_*")
    run = create_run(at[1], "broken")
    run.write_text("checkpoint/00000001/state.json", "{}")
    with contextlib.suppress(DlrunError), recording(run, {"config": {}}):
        raise DlrunError("The disk is full.")
    dlrun("archive", "one", "broken", "-o", old, "--no-checkpoints", *at)
    with zipfile.ZipFile(old) as archive:
        kept = {name.partition("/")[0] for name in archive.namelist() if "/checkpoint/" in name}
    assert kept == {run.name}
    assert one.name != run.name


def test_a_killed_run_is_packed_as_interrupted(dlrun, at, old, elsewhere):
    """On another machine nobody could tell that its process is gone; here it stays as it is."""
    run = create_run(at[1], "killed")
    with recording(run, {"config": {"training.epochs": 3}}):
        text = (run.path / "run.json").read_text()
    (run.path / "run.json").write_text(text)
    dlrun("archive", "killed", "-o", old, *at)
    assert (run.path / "run.json").read_text() == text
    dlrun("import", old, *elsewhere)
    (told,) = json.loads(dlrun("runs", "--json", *elsewhere)[1])
    assert (told["status"], told["reason"]) == ("interrupted", "its process was killed")
    assert dlrun("runs", "--where", "status=killed", *at)[1].count("killed") >= 1


def test_what_is_at_work_is_not_packed(dlrun, at, old):
    """Neither is anything else of the same line; nothing is written."""
    (two,) = at[1].glob("*_two_*")
    (inside,) = (at[1] / "rates").glob("*_first_*")
    for folder, reference in ((two, "two"), (inside, "rates")):
        with holding_lock(folder):
            code, _, err = dlrun("archive", "one", reference, "-o", old, "--remove", *at)
        assert (code, f"{folder}: a process is at work here." in err) == (4, True)
        assert not old.exists()
    assert not (at[1] / ".trash").exists()


def test_what_is_damaged_is_not_packed(dlrun, at, old):
    """All of it is told at once; a link is nothing that an archive holds."""
    (one,) = at[1].glob("*_one_*")
    (two,) = at[1].glob("*_two_*")
    (three,) = at[1].glob("*_three_*")
    (one / "run.json").write_text("{")
    (two / "run.json").unlink()
    code, _, err = dlrun("archive", "one", "two", "three", "-o", old, *at)
    assert code == 4
    assert f"{one / 'run.json'}" in err
    assert f"{two / 'run.json'}" in err
    assert "`dlrun verify` tells more" in err
    (three / "config.yaml").write_text("changed: true\n")
    (three / "plots").symlink_to(at[1])
    code, _, err = dlrun("archive", "three", "-o", old, *at)
    assert (code, old.exists()) == (4, False)
    assert f"{three / 'config.yaml'}: is missing, damaged or changed." in err
    assert f"{three / 'plots'}: is no ordinary file" in err


def test_what_is_refused(dlrun, at, old, tmp_path):
    """No runs, no file, one that is there, another suffix, a folder that is packed."""
    assert "which runs?" in dlrun("archive", "-o", old, *at)[2]
    assert "into which file?" in dlrun("archive", "one", *at)[2]
    assert "there is no such run" in dlrun("archive", "--where", "name=x", "-o", old, *at)[2]
    assert "ends with .zip, not with '.tar'" in dlrun("archive", "one", "-o", "x.tar", *at)[2]
    (one,) = at[1].glob("*_one_*")
    assert "lies in a folder that is packed" in dlrun("archive", one, "-o", one / "x.zip", *at)[2]
    shutil.copytree(one, tmp_path / "copy" / one.name)
    code, _, err = dlrun("archive", one, tmp_path / "copy" / one.name, "-o", old, *at)
    assert (code, "two folders have the name" in err) == (2, True)
    shutil.copytree(one, tmp_path / "a copy")
    assert "is no name for a folder" in dlrun("archive", tmp_path / "a copy", "-o", old, *at)[2]
    assert not old.exists()
    old.write_text("mine")
    code, _, err = dlrun("archive", "one", "-o", old, *at)
    assert (code, f"{old}: is there already." in err, old.read_text()) == (2, True, "mine")
    bundle = tmp_path / "bundle.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("x/run.json", "{}")
    assert "the bundle of one run" in dlrun("import", bundle, "--list", *at)[2]


@pytest.mark.parametrize("calls", range(1, 36, 7))
def test_a_full_disk_harms_nothing(dlrun, at, old, monkeypatch, calls):
    """Wherever it is full: the folders are as they were, and there is no half archive."""
    before, opened = content(at[1]), []
    opening = zipfile.ZipFile.open

    def full(self, *arguments, **words):
        opened.append(self)
        if len(opened) == calls:
            raise OSError(errno.ENOSPC, "No space left on device")
        return opening(self, *arguments, **words)

    monkeypatch.setattr(zipfile.ZipFile, "open", full)
    code, _, err = dlrun("archive", "one", "rates", "-o", old, "--remove", *at)
    assert (code, "no space left" in err) == (1, True)
    assert content(at[1]) == before
    assert [path.name for path in old.parent.iterdir() if path.suffix == ".zip"] == []


def test_a_disk_that_keeps_something_else_is_found_out(dlrun, at, old, monkeypatch):
    """What was written is read again before anything is moved."""
    reading = archives.pieces
    monkeypatch.setattr(
        archives, "pieces", lambda *found: (piece[:-1] + b"?" for piece in reading(*found))
    )
    code, _, err = dlrun("archive", "one", "-o", old, "--remove", *at)
    assert (code, "is not what was written: the disk fails." in err) == (4, True)
    assert not old.exists()
    assert not (at[1] / ".trash").exists()


def test_what_changes_meanwhile_stays(dlrun, at, old, monkeypatch):
    """A run that somebody has gone on with is not moved away; the others stay with it."""
    reading = archives._read_again
    (one,) = at[1].glob("*_one_*")

    def change(*arguments):
        reading(*arguments)
        (one / "history.csv").write_text("epoch,loss\n1,9\n")

    monkeypatch.setattr(archives, "_read_again", change)
    code, _, err = dlrun("archive", "one", "two", "-o", old, "--remove", *at)
    assert (code, f"{one}: was changed while the others were packed" in err) == (4, True)
    assert old.exists()
    assert not (at[1] / ".trash").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (flip, "is damaged"),
        (lambda files: files.pop(history_of(files)), "does not hold the files"),
        (lambda files: files.update({"other/run.json": b"{}"}), "does not hold the files"),
        (lead_out, "leads out of the folder"),
        (hide, "hidden"),
        (swell, "would become"),
        (lambda files: files.update({"archive.json": b"{}"}), "is not what was written"),
        (lambda files: files.update({"archive.json": b"\xff"}), "is not valid JSON"),
        (saying(format=7), "this dlrun reads 1"),
        (saying(files={"a/b": ""}), "does not tell what"),
        (saying(folders=[{"name": "../elsewhere"}]), "does not tell what"),
        (saying(folders=7), "does not tell what"),
    ],
)
def test_strange_archives(dlrun, written, elsewhere, change, told):
    """Damaged ones, and what is made to write elsewhere, or to fill the disk: nothing comes."""
    rewrite(written, change)
    code, _, err = dlrun("import", written, *elsewhere)
    assert (code, told in err) == (4, True), err
    assert not elsewhere[1].exists() or not list(elsewhere[1].iterdir())


def test_names_that_were_changed_in_the_contents(dlrun, at, old, elsewhere):
    """What an archive calls its folders is where its files are, whatever hash it bears."""
    (told,) = json.loads(dlrun("archive", "one", "-o", old, "--json", *at)[1])["folders"]
    for lie in ({"name": "../elsewhere"}, {"value": "high"}, {"labels": [1]}, {"size": None}):
        rewrite(old, saying(folders=[{**told, **lie}]))
        for words in (("import", old, *elsewhere), ("import", old, "--list")):
            code, _, err = dlrun(*words)
            assert (code, "does not tell what the archive holds" in err) == (4, True)


def test_a_file_that_is_no_zip(dlrun, tmp_path, elsewhere):
    """Empty, cut off, or something else."""
    for data in (b"", b"PK\x03\x04", b"x" * 100):
        (tmp_path / "x.zip").write_bytes(data)
        code, _, err = dlrun("import", tmp_path / "x.zip", *elsewhere)
        assert (code, "not a whole zip file" in err) == (4, True)
    assert "there is no such file" in dlrun("import", tmp_path / "none.zip", *elsewhere)[2]


@pytest.mark.slow
def test_a_trained_run_goes_on_where_it_is_taken_back(dlrun, reported, tmp_path, old, elsewhere):
    """To the bits of the run that never was in an archive."""
    run = tmp_path / "runs" / reported("moons_mlp").name
    shutil.copytree(reported("moons_mlp"), run)
    assert dlrun("archive", run, "-o", old)[0] == 0
    (taken,) = dlrun("import", old, *elsewhere)[1].split()
    assert content(elsewhere[1] / run.name) == content(run)
    assert dlrun("verify", taken)[0] == 0
    for one in (run, taken):
        assert dlrun("resume", one, "--epochs", 12, "--no-report", "-q")[0] == 0
    weights = "weights.safetensors"
    assert (elsewhere[1] / run.name / weights).read_bytes() == (run / weights).read_bytes()
