"""`dlrun export` and `dlrun import`: a finished run in other forms, and back."""

from __future__ import annotations

import json
import os
import shutil
import stat
import zipfile

import pytest

import dlrun as package
from dlrun.errors import RunFolderError
from dlrun.rundir import bundle
from dlrun.rundir.folder import Run

ROWS = (
    "petal_width_cm,petal_length_cm,sepal_width_cm,sepal_length_cm\n0.2,1.4,3.5,5.1\n2,5.1,3,6.2\n"
)


@pytest.fixture
def iris(reported, tmp_path):
    """A run of one's own, which may be written into."""
    path = tmp_path / "runs" / reported("iris").name
    shutil.copytree(reported("iris"), path)
    return path


@pytest.fixture
def packed(iris, dlrun):
    """The bundle of a run."""
    return (iris, iris.parent.parent / dlrun("export", iris, "bundle", "--quiet").out.strip())


def contents(folder):
    """Every file of a folder with its bytes, but for the record."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("run.json", ".lock")
    }


def test_files_are_added_and_known_and_nothing_else_changes(iris, dlrun):
    """`verify` counts them, and finds what happens to them later."""
    before = contents(iris)
    record = json.loads((iris / "run.json").read_text())
    said = dlrun("verify", iris).out
    done = dlrun("export", iris, "card", "{type: predictions, split: train}", "--json")
    files = [os.path.relpath(one, iris) for one in json.loads(done.out)["files"]]
    assert files == ["card.md", "predictions/train.csv"]
    after = contents(iris)
    assert {name: one for name, one in after.items() if name not in files} == before
    count = int(said.split(": ")[1].split()[0])
    assert dlrun("verify", iris).out.split(": ")[1].startswith(f"{count + 2} files")
    now = json.loads((iris / "run.json").read_text())
    changed = {key for key in now if now[key] != record.get(key)}
    assert changed == {"exports", "files", "sha256", "text_sha256"}
    assert set(record["exports"]) | set(files) == set(now["exports"])
    (iris / "card.md").write_text("another")
    assert "card.md: is not what the run saved" in dlrun("verify", iris, code=4).out


def test_an_export_that_fails_leaves_the_run_as_it_was(iris, dlrun, monkeypatch):
    """What was written before the failure is known, too."""
    before = contents(iris)
    said = dlrun("verify", iris).out

    def fails(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dlrun.exporters.bundle.export", fails)
    dlrun("export", iris, "bundle", code=1)
    assert contents(iris) == before
    assert dlrun("verify", iris).out == said


def test_words_are_those_of_a_config(iris, dlrun):
    """Misspelt ones are told before TensorFlow is asked; a run that is not finished has nothing."""
    told = dlrun("export", iris, "bnudle", "{type: predictions, splt: train}", code=2).err
    assert "Did you mean 'bundle'?" in told
    assert "Did you mean 'split'?" in told
    assert "Traceback" not in dlrun("export", iris, "[a", code=2).err
    path = iris / "run.json"
    record = Run(iris).read_record()
    from dlrun.rundir.record import record_text

    path.write_text(record_text({**record, "status": "interrupted"}))
    assert (
        "was interrupted: only a finished run is exported"
        in dlrun("export", iris, "card", code=4).err
    )


def test_a_card_tells_what_the_run_says(iris, dlrun):
    """Its numbers are those of `metrics.json`; names mean nothing to Markdown."""
    dlrun("export", iris, "card", "--quiet")
    card = (iris / "card.md").read_text()
    stored = json.loads((iris / "metrics.json").read_text())
    assert f"| loss | {stored['train']['loss']:.4f} | {stored['test']['loss']:.4f} |" in card
    assert "| petal\\_length\\_cm | number | 1 |" in card
    assert "It tells 3 classes apart: setosa, versicolor, virginica." in card
    right = round(stored["test"]["accuracy"] * 30)
    assert f"Of 30 test rows it tells {100 * right / 30:.1f}".rstrip("0").rstrip(".") in card
    assert str(iris.parent) not in card


def test_the_interval_of_a_share_is_wilsons():
    """81 of 263: the example of Newcombe, Statistics in Medicine 1998, 0.2553 to 0.3662."""
    from dlrun.reports.statistics import share_interval

    low, high = share_interval(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert share_interval(0, 10)[0] == pytest.approx(0, abs=1e-12)


def test_a_bundle_is_read_as_the_run_is(packed, dlrun, tmp_path):
    """`predict`, `evaluate`, `explain`, `weights`, `verify`, and Python; nothing is left behind."""
    run, path = packed
    (tmp_path / "rows.csv").write_text(ROWS)
    before = path.read_bytes()
    for words in (
        ("predict", "rows.csv", "-o", "-", "--quiet"),
        ("evaluate", "--split", "test", "--quiet"),
        ("weights", "--quiet"),
    ):
        assert dlrun(words[0], path, *words[1:]).out == dlrun(words[0], run, *words[1:]).out
    shown = [dlrun("explain", one, "--row", "1", "--quiet").out for one in (path, run)]
    assert shown[0] == shown[1]
    assert f"{path}: " in dlrun("verify", path).out
    assert "nothing is written into a bundle" in dlrun("predict", path, "rows.csv", code=2).err
    assert "`dlrun import` makes a run folder" in dlrun("resume", path, code=2).err
    opened = package.open(path)
    assert opened.predict(tmp_path / "rows.csv")["predicted"] == ["setosa", "virginica"]
    assert opened.metrics == package.open(run).metrics
    with pytest.raises(package.DlrunError, match="is a bundle"):
        opened.resume(epochs=9)
    place = opened.path
    assert place.exists()
    del opened
    assert not place.exists()
    assert path.read_bytes() == before


def test_a_bundle_becomes_a_run_again(packed, dlrun, tmp_path):
    """With the files of the run but the checkpoint; a second time it is refused."""
    run, path = packed
    imported = tmp_path / dlrun("import", path, "--runs-dir", "others").out.strip()
    assert imported.name == run.name
    ours, theirs = contents(run), contents(imported)
    assert theirs == {
        name: one
        for name, one in ours.items()
        if not name.startswith("checkpoint/") and name != "bundle.zip"
    }
    dlrun("verify", imported)
    assert "there is a run of that name already" in (
        dlrun("import", path, "--runs-dir", "others", code=2).err
    )
    assert [one.name for one in (tmp_path / "others").iterdir()] == [run.name]
    (tmp_path / "rows.csv").write_text(ROWS)
    dlrun("predict", imported, "rows.csv", "--quiet")
    assert "there is no such file" in dlrun("import", "nowhere.zip", code=2).err


def test_a_bundle_holds_what_is_exported_with_it(iris, dlrun, tmp_path):
    """Wherever its word stands; what was found of the others is in its record, too."""
    done = dlrun("export", iris, "bundle", "card", "litert")
    (path,) = [line for line in done.out.splitlines() if line.endswith(".zip")]
    assert done.out.splitlines()[-1] == path
    with bundle.reading(str(iris / "bundle.zip"), tmp_path) as opened:
        assert {"card.md", "model.tflite"} <= set(opened.record["files"])
        assert "model.tflite" in opened.record["exports_checked"]
    dlrun("verify", iris / "bundle.zip")
    dlrun("verify", iris)


def test_a_bundle_of_the_config_holds_a_finished_run(dlrun, tmp_path):
    """Though the run still works when it is written."""
    (tmp_path / "points.yaml").write_text(
        "dataset: two_points\nmodel: {layers: [{type: Dense, units: 1, activation: sigmoid}]}\n"
        "loss: binary_crossentropy\noptimizer: sgd\ntraining: {epochs: 1}\n"
        "exports: [bundle, card]\n"
    )
    trained = dlrun("train", "points.yaml")
    run = trained.run
    assert (
        "bundle.zip has no page: a run is packed before its page is drawn; "
        f"`dlrun export {run.name} bundle` packs it again, with one"
    ) in trained.err
    with bundle.reading(str(run / "bundle.zip"), tmp_path) as opened:
        assert opened.status == "finished"
        assert "card.md" in opened.record["files"]
    dlrun("verify", run)


def test_what_a_longer_training_exports_has_the_name_of_the_run(dlrun, tmp_path):
    """Though it is written in a folder beside the finished run."""
    (tmp_path / "points.yaml").write_text(
        "dataset: two_points\nmodel: {layers: [{type: Dense, units: 1, activation: sigmoid}]}\n"
        "loss: binary_crossentropy\noptimizer: sgd\ntraining: {epochs: 1}\n"
        "exports: [card, bundle, script]\n"
    )
    run = dlrun("train", "points.yaml", "--quiet").run
    dlrun("resume", run, "--epochs", "2", "--quiet")
    with zipfile.ZipFile(run / "bundle.zip") as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {run.name}
    assert f"`{run.name}`" in (run / "card.md").read_text()
    assert run.name in (run / "script" / "train.py").read_text().splitlines()[0]
    dlrun("verify", run)


def rewritten(path, change):
    """Write a bundle anew; `change` gives what stands in the place of each entry."""
    target = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            for name, data in change(entry.filename, old.read(entry)):
                new.writestr(name, data)
    return target


def linked(name):
    """An entry that says it is a symbolic link."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def test_a_strangers_bundle_writes_nowhere_else(packed, tmp_path, dlrun):
    """Names that lead out, links, bombs, doubles, other things, damage: refused by name."""
    run, path = packed
    home = run.name

    def adding(*entries):
        added = iter([entries])
        return lambda name, data: [(name, data), *next(added, ())]

    cases = {
        "leads out of the folder": [
            adding(("../evil.txt", b"x")),
            adding((f"{home}/../../evil.txt", b"x")),
            adding(("/evil.txt", b"x")),
            adding((f"{home}/.lock", b"x")),
        ],
        "is a link": [adding((linked(f"{home}/plots"), b"/etc"))],
        "is no name of a file": [adding((f"{home}\\evil.txt", b"x")), adding(("C:evil", b"x"))],
        "would become": [adding((f"{home}/zeros", bytes(40 * 2**20)))],
        "twice": [adding((f"{home}/LOG.txt", b"x"))],
        "no single folder": [adding(("other/run.json", b"x"))],
        "holds a damaged run": [
            lambda name, data: [(name, data + b"x" * name.endswith("weights.safetensors"))],
            lambda name, data: [] if name.endswith("spec.json") else [(name, data)],
        ],
        "is not what the run saved": [
            lambda name, data: [(name, data.replace(b'"seed": 0', b'"seed": 1'))]
        ],
    }  # fmt: skip
    for words, changes in cases.items():
        for change in changes:
            target = rewritten(path, change)
            told = dlrun("import", target, "--runs-dir", "others", code=4).err
            assert words in told
            assert list((tmp_path / "others").iterdir()) == []
    assert not list(tmp_path.rglob("evil*"))
    for content in (b"", b"PK\x05\x06", path.read_bytes()[:-30], b"no zip"):
        (tmp_path / "broken.zip").write_bytes(content)
        told = dlrun("import", "broken.zip", code=4).err
        assert "is not a whole zip file" in told or "is not the bundle of a run" in told
        assert "Give the .zip file that `dlrun export RUN bundle` wrote" in told
    flipped = bytearray(path.read_bytes())
    flipped[len(flipped) // 3] ^= 255
    (tmp_path / "flipped.zip").write_bytes(flipped)
    dlrun("import", "flipped.zip", code=4)
    (tmp_path / "link.zip").symlink_to(path)
    with pytest.raises(RunFolderError):
        bundle.unpack(tmp_path / "link.zip", tmp_path)


def test_a_bundle_of_another_user_is_a_strangers_run(packed, dlrun, monkeypatch, tmp_path):
    """What its config names is not read unasked; its weights tell what they tell."""
    _, path = packed
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    imported = dlrun("import", path, "--runs-dir", "others").out.strip()
    told = (
        "Give --trust to let dlrun read it, if you trust where the run comes from. It was trained "
        "elsewhere, as an imported run was: it is sealed with another key than "
        f"{tmp_path}/elsewhere/dlrun/key. If you trained it yourself, in a container, the key is "
        "gone with that; set XDG_STATE_HOME to a folder that lasts."
    )
    assert f"\n  {told}\n" in dlrun("evaluate", imported, code=4).err
    (tmp_path / "rows.csv").write_text(ROWS)
    assert "setosa" in dlrun("predict", imported, "rows.csv", "-o", "-", "--quiet").out
