"""Whatever stands in a run folder, a reader labels it; it is never an internal error."""

from __future__ import annotations

import json

import pytest

from tests.cli.stored import store
from tests.folders import change
from tests.reports.sweeps import store_sweep

HUGE = 10**400
READERS = [
    ["runs"],
    ["runs", "--json"],
    ["runs", "--csv", "--sort", "started"],
    ["runs", "--best", "1", "--where", "age<2h or seconds>1 or test.loss>0.1"],
    ["compare", "one", "two"],
    ["compare", "one", "two", "--json"],
    ["diff", "one", "two", "--json"],
    ["report", "one", "two"],
    ["verify", "one"],
    ["label", "one"],
]
CLASSES = {"classes": [{"name": "a"}, {"name": "b"}], "confusion": [[1, 2], [3, HUGE]]}
FILES = {
    "a metric": ("metrics.json", {"test": {"loss": HUGE, "accuracy": 0.5}}),
    "all metrics": ("metrics.json", {"train": HUGE, "test": {"loss": HUGE, "accuracy": -HUGE}}),
    "classes": ("metrics.json", {"test": {"loss": 1.0, "classification": CLASSES}}),
    "names": ("metrics.json", {"test": {"classification": {"classes": [{"name": {}}] * 2,
                                                           "confusion": [[1, 0], [0, 1]]}}}),
    "notes": ("notes.json", {"labels": HUGE, "note": HUGE}),
    "seconds": ("run.json", {"seconds": HUGE}),
    "the first day": ("run.json", {"started": "0001-01-01T00:00:00+23:59"}),
    "the last day": ("run.json", {"started": "9999-12-31T23:59:59-23:59"}),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_every_reader_stands_it(case, dlrun, tmp_path):
    """With a value, a dash, or the name of what is damaged."""
    name, content = FILES[case]
    one, _ = store(tmp_path / "runs", "one"), store(tmp_path / "runs", "two")
    if name == "run.json":
        change(one.file(name), **content)
    else:
        one.file(name).write_text(json.dumps(content))
    for words in READERS:
        code, _, err = dlrun(*words, "--runs-dir", tmp_path / "runs")
        assert code in (0, 2, 4), (words, err)
        assert "internal error" not in err, (words, err)


def test_what_cannot_be_told_is_a_dash(dlrun, tmp_path):
    """The other numbers are those of the run."""
    one = store(tmp_path / "runs", "one")
    one.file("metrics.json").write_text(json.dumps({"test": {"loss": HUGE, "accuracy": 0.5}}))
    change(one.file("run.json"), seconds=HUGE)
    code, out, _ = dlrun("runs", "--json", "--runs-dir", tmp_path / "runs")
    (row,) = json.loads(out)
    assert (code, row["status"], row["value"], row["seconds"]) == (0, "finished", 0.5, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"points": [{"seed": HUGE}, {"seed": [1, [2]]}]},
        {"axes": [HUGE]},
        {"objective": {"metric": HUGE, "split": "test", "maximize": True}},
        {"points": None, "identities": HUGE},
    ],
)
def test_a_damaged_sweep_is_told(changes, dlrun, tmp_path):
    """Or shown, where it can be read."""
    folder = store_sweep(tmp_path / "rates", [({"seed": 0}, 0.5), ({"seed": 1}, 0.6)])
    told = json.loads((folder / "sweep.json").read_text()) | changes
    (folder / "sweep.json").write_text(json.dumps(told))
    for words in (["show", folder], ["show", folder, "--json"], ["best", folder]):
        code, _, err = dlrun("sweep", *words)
        assert code in (0, 2, 4), err
        assert "internal error" not in err
