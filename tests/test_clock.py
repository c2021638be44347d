"""A clock that was never set, or is far ahead, stops no run."""

import json
import time
import zipfile

import pytest

from tests.workflows.test_resume import MOONS

CHECKPOINT = "{type: ModelCheckpoint, filepath: best.keras}"


@pytest.mark.parametrize(("year", "in_zip"), [(1970, 1980), (2150, 2107)])
def test_a_run_ends_well_whatever_year_it_is(year, in_zip, dlrun, tmp_path, monkeypatch):
    """A `.keras` file is a zip, whose years begin with 1980 and end with 2107."""
    (tmp_path / "moons.yaml").write_text(
        MOONS.replace("CALLBACK", CHECKPOINT) + "exports: [keras_model]\n"
    )
    there = time.struct_time((year, 2, 1, 0, 0, 0, 0, 32, 0))
    with monkeypatch.context() as patch:
        # What `zipfile` asks: the local time of now, and of the file that it takes in.
        patch.setattr(time, "localtime", lambda *_: there)
        run = dlrun("train", "moons.yaml", "--set", "training.epochs=1").run
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    for name in ("model.keras", "best.keras"):
        with zipfile.ZipFile(run / name) as archive:
            assert {member.date_time[0] for member in archive.infolist()} <= {1980, in_zip}
            assert in_zip in {member.date_time[0] for member in archive.infolist()}
