"""Whatever stands in a run folder, a reader labels it; it is never an internal error."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.cli.stored import store
from tests.folders import change
from tests.reports.sweeps import store_sweep

HUGE = 10**400
READERS = {
    "runs": ["runs"],
    "runs --json": ["runs", "--json"],
    "runs --csv": ["runs", "--csv", "--sort", "started"],
    "best": ["runs", "--best", "1", "--where", "age<2h or seconds>1 or test.loss>0.1", "--json"],
    "compare": ["compare", "one", "two"],
    "compare --json": ["compare", "one", "two", "--json"],
    "diff": ["diff", "one", "two", "--json"],
    "report": ["report", "one", "two"],
    "verify": ["verify", "one"],
    "label": ["label", "one"],
}
CLASSES = {"classes": [{"name": "a"}, {"name": "b"}], "confusion": [[1, 2], [3, HUGE]]}
ODD_NAMES = {"classes": [{"name": {}}] * 2, "confusion": [[1, 0], [0, 1]]}
FIRST, LAST = "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"
OPENING = ("compare", "compare --json", "diff", "report", "verify")
"""Whatever opens the run, and so cannot do without its record."""


@dataclass(frozen=True)
class Damage:
    """What stands in a file, and what is said of it.

    Attributes:
        file: The file; of a record the content is what changes.
        content: What stands there.
        shown: Status, main metric and value of the run in a list.
        compared: Its accuracy on the test rows as `compare` has it; None where that is not known.
        refused: The readers that end with exit code 4, and say `words`.
        words: What is wrong with the file.
        best: What `runs --best` says where it cannot choose, with exit code 2.
    """

    file: str
    content: dict[str, Any]
    shown: tuple[str, str | None, float | None]
    compared: float | None = None
    refused: tuple[str, ...] = ()
    words: str = ""
    best: str = field(default="", kw_only=True)


SAVED = ("verify",), "is not what the run saved: damaged or changed."
CASES = {
    "a metric": Damage(
        "metrics.json", {"test": {"loss": HUGE, "accuracy": 0.5}},
        ("finished", "test accuracy", 0.5), 0.5, *SAVED,
    ),
    "all metrics": Damage(
        "metrics.json", {"train": HUGE, "test": {"loss": HUGE, "accuracy": -HUGE}},
        ("finished", "test accuracy", None), None, *SAVED,
    ),
    "classes": Damage(
        "metrics.json", {"test": {"loss": 1.0, "classification": CLASSES}},
        ("finished", "test loss", 1.0), None, *SAVED,
        best="the runs have different main metrics: 'test accuracy', 'test loss'.",
    ),
    "names": Damage(
        "metrics.json", {"test": {"classification": ODD_NAMES}},
        ("finished", None, None), None, *SAVED,
    ),
    "notes": Damage(
        "notes.json", {"labels": HUGE, "note": HUGE},
        ("finished", "test accuracy", 0.9), 0.9,
        ("label",), "its labels are no list of texts: damaged.",
    ),
    "seconds": Damage("run.json", {"seconds": HUGE}, ("finished", "test accuracy", 0.9), 0.9),
    "the first day": Damage(
        "run.json", {"started": FIRST}, ("damaged", None, None), None,
        OPENING, f"has the starting time '{FIRST}': not a time.",
    ),
    "the last day": Damage(
        "run.json", {"started": LAST}, ("damaged", None, None), None,
        OPENING, f"has the starting time '{LAST}': not a time.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_reader_stands_it(case, dlrun, tmp_path):
    """With a value, a dash, or the name of what is damaged; and the other run is shown."""
    damage = CASES[case]
    one, two = store(tmp_path / "runs", "one"), store(tmp_path / "runs", "two")
    if damage.file == "run.json":
        change(one.file(damage.file), **damage.content)
    else:
        one.file(damage.file).write_text(json.dumps(damage.content))
    told = f"{one.file(damage.file)}: {damage.words}\n"
    outs = {}
    for reader, words in READERS.items():
        code, outs[reader], err = dlrun(*words, "--runs-dir", tmp_path / "runs")
        if reader == "best" and damage.best:
            assert (code, outs[reader]) == (2, ""), (reader, err)
            assert err.startswith(f"error: {damage.best}\n"), reader
        elif reader not in damage.refused:
            assert code == 0, (reader, err)
            assert "error" not in err, reader
        elif reader == "verify" and damage.file != "run.json":
            assert (code, err) == (4, ""), reader
            assert outs[reader] == f"{one.path}: damaged\n  {told}"
        else:
            assert (code, outs[reader], err) == (4, "", f"error: {told}"), reader
    rows = {row["name"]: row for row in json.loads(outs["runs --json"])}
    row = rows[one.path.name]
    assert (row["status"], row["metric"], row["value"]) == damage.shown
    assert rows[two.path.name]["value"] == 0.9
    is_told = row["status"] == "damaged" or damage.file == "notes.json"
    assert row["reason"] == (told.strip() if is_told else None)
    (line,) = (line for line in outs["runs"].splitlines() if one.path.name in line)
    assert line.split()[1] == damage.shown[0]
    if not damage.best:
        assert [row["name"] for row in json.loads(outs["best"])] == [two.path.name]
    if "compare" not in damage.refused:
        compared = json.loads(outs["compare --json"])["metrics"]
        (values,) = (row["values"] for row in compared if row["name"] == "accuracy"
                     and row["split"] == "test")  # fmt: skip
        assert values == [damage.compared, 0.9]


def test_what_cannot_be_told_is_a_dash(dlrun, tmp_path):
    """The other numbers are those of the run."""
    one = store(tmp_path / "runs", "one")
    one.file("metrics.json").write_text(json.dumps({"test": {"loss": HUGE, "accuracy": 0.5}}))
    change(one.file("run.json"), seconds=HUGE)
    code, out, _ = dlrun("runs", "--json", "--runs-dir", tmp_path / "runs")
    (row,) = json.loads(out)
    assert (code, row["status"], row["value"], row["seconds"]) == (0, "finished", 0.5, None)


@pytest.mark.parametrize(
    ("changes", "is_damaged"),
    [
        ({"points": [{"seed": HUGE}, {"seed": [1, [2]]}]}, False),
        ({"points": None, "identities": HUGE}, False),
        ({"axes": [HUGE]}, True),
        ({"objective": {"metric": HUGE, "split": "test", "maximize": True}}, True),
        ({"points": [{"seed": 0}]}, True),
        ({"points": HUGE}, True),
        ({"name": HUGE}, True),
        ({"base_hash": None}, True),
        ({"format": HUGE}, True),
    ],
)
def test_a_damaged_sweep_is_told(changes, is_damaged, dlrun, tmp_path):
    """Or shown with its best run, where it can be read."""
    folder = store_sweep(tmp_path / "rates", [({"seed": 0}, 0.5), ({"seed": 1}, 0.6)])
    told = json.loads((folder / "sweep.json").read_text()) | changes
    (folder / "sweep.json").write_text(json.dumps(told))
    best = f"{folder / '20261120-231455_a_0001'}"
    shown = {
        ("show",): f"\nbest run: {best}\n",
        ("show", "--json"): f'"best": "{best}"',
        ("best",): f"{best}\n",
        ("report",): f"{folder / 'sweep.html'}\n",
    }
    for (word, *options), expected in shown.items():
        code, out, err = dlrun("sweep", word, folder, *options)
        if is_damaged:
            damage = f"error: {folder / 'sweep.json'}: is not what a sweep saved: damaged.\n"
            assert (code, out, err) == (4, "", damage), word
        else:
            assert code == 0, (word, err)
            assert expected in out, word
            assert "error" not in err, word
