"""What dlrun writes it reads again, however many epochs and classes there are."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dlrun.errors import DlrunError
from dlrun.reports.scores import ClassificationReport, report_of
from dlrun.rundir import files
from dlrun.rundir.metrics import read_history, write_history
from tests.cli.stored import store


@pytest.fixture
def pair(tmp_path):
    """Two runs; gives the paths of their folders."""
    return [store(tmp_path / "runs", name).path for name in ("one", "two")]


def read_by_all(dlrun, pair):
    """Every command that reads runs, but for those that load a model."""
    one, two = pair
    for words in (["compare", one, two], ["diff", one, two], ["report", one, two]):
        code, _, err = dlrun(*words, "--runs-dir", one.parent)
        assert (code, err) == (0, "")
    _, out, _ = dlrun("runs", "--runs-dir", one.parent, "--json")
    return json.loads(out)


def test_a_history_of_17_mb(pair, dlrun):
    """As 200,000 epochs make it; here fewer epochs, whose numbers are long."""
    row = "{}" + f",0.{'3' * 1000}" * 4 + "\n"
    text = "epoch,loss,accuracy,val_loss,val_accuracy\n" + "".join(map(row.format, range(1, 4_401)))
    assert len(text) > 16 * 2**20
    write_history(pair[0], text)
    assert len(read_history(pair[0])["val_loss"]) == 4_400
    assert {row["status"] for row in read_by_all(dlrun, pair)} == {"finished"}


def test_metrics_that_an_earlier_version_wrote_of_1_000_classes(pair, dlrun):
    """A number on each line, and the whole once more for an evaluated file: 26 MB."""
    names = ", ".join(f'{{"name": "c{number}"}}' for number in range(1000))
    line = "[\n" + ",\n".join(["          0"] * 1000) + "\n        ]"
    matrix = "[\n        " + ",\n        ".join([line] * 1000) + "\n      ]"
    scores = f'{{"loss": 0.5, "classification": {{"classes": [{names}], "confusion": {matrix}}}}}'
    text = f'{{"test": {scores}, "files": {{"a.csv": {scores}}}}}'
    assert len(text) > 20 * 2**20
    (pair[0] / "metrics.json").write_text(text)
    assert {row["value"] for row in read_by_all(dlrun, pair)} == {0.5, 0.9}


@pytest.mark.parametrize(("classes", "most"), [(3, 1_000), (1_000, 4 * 2**20), (3_000, 2 * 2**20)])
def test_scores_of_many_classes_take_little_room_and_come_back(tmp_path, classes, most):
    """A row of the matrix is a line; of very many classes only what is not zero is written."""
    numbers = np.random.default_rng(0).integers(0, classes, (5_000, 2))
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, tuple(numbers.T), 1)
    report = report_of(confusion, [f"class {number}" for number in range(classes)])
    files.write_json(tmp_path / "metrics.json", report.to_json())
    assert (tmp_path / "metrics.json").stat().st_size < most
    assert ClassificationReport.from_json(files.read_json(tmp_path / "metrics.json")) == report


@pytest.mark.parametrize(
    "value",
    [
        {"classes": [{"name": "a"}], "confusion": [[1, 2]]},
        {"classes": [{"name": "a"}], "confusion": [[10**400]]},
        {"classes": [{"name": "a"}], "confusion": [[-1]]},
        {"classes": [{"name": {}}], "confusion": [[1]]},
        {"classes": [{"name": "a"}] * 20_000, "confusion": [[0, 0, 1]]},
        {"classes": [{"name": "a"}] * 2_000, "confusion": [[0, 2_000, 1]]},
    ],
)
def test_scores_that_make_no_sense_are_refused(value):
    """Before anything large is made of them."""
    with pytest.raises((ValueError, TypeError, OverflowError, IndexError)):
        ClassificationReport.from_json(value)


def test_one_limit_holds_for_writing_and_reading(tmp_path, monkeypatch):
    """What would not be read again is not written, which is told."""
    monkeypatch.setattr(files, "MAX_TEXT_BYTES", 2**20)
    monkeypatch.setattr("dlrun.rundir.metrics.MAX_BYTES", 2**20)
    told = "would be larger than 1 MiB, which is the most that is read again"
    with pytest.raises(DlrunError, match=told):
        files.write_json(tmp_path / "a.json", {"a": "x" * 2**20})
    with pytest.raises(DlrunError, match=told):
        write_history(tmp_path, "epoch\n" * 2**18)
    assert list(tmp_path.iterdir()) == []


def test_json_has_a_line_for_each_key_and_row():
    """So that people and `git diff` can read it."""
    value = {"a": {"b": [1, None]}, "c": [[1, 2], [3, 4]], "d": [{"e": "ü"}], "f": {}, "g": []}
    text = files.json_text(value)
    assert json.loads(text) == value
    assert text == (
        '{\n  "a": {\n    "b": [1, null]\n  },\n  "c": [\n    [1, 2],\n    [3, 4]\n  ],\n'
        '  "d": [\n    {\n      "e": "ü"\n    }\n  ],\n  "f": {},\n  "g": []\n}\n'
    )
