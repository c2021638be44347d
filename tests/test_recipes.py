"""The recipes of CONTRIBUTING.md, tried on a copy of the package: each adds what it says."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dlrun
from tests.conftest import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
CONFIG = """\
purpose: to try the recipes
dataset: {type: two_moons_3d, samples: 40, height: 2, test_samples: 8}
model: {layers: [{type: Dense, units: 4}, {type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: adam
training: {epochs: 4, callbacks: [{type: StopAtLoss, loss: 1.0e-9}]}
exports: [{type: csv_weights, digits: 6}]
trackers: [{type: json_lines, name: log.jsonl}]
"""
TABLE = """\
dataset: {type: table, path: wind.csv, target: y, columns: {wind: {type: angle, turn: 400}}}
model: {layers: [{type: Dense, units: 1}]}
loss: mse
optimizer: adam
training: {epochs: 1}
"""
WIND = "wind,y\n100,1.5\n200,2.5\n,3.5\n"
LINES = [
    ["list", "columns", "angle"],
    ["list", "datasets", "two_moons_3d"],
    ["list", "exporters", "csv_weights"],
    ["list", "callbacks", "StopAtLoss"],
    ["list", "trackers", "json_lines"],
    ["schema"],
    ["validate", "config.yaml"],
    ["validate", "config.yaml", "--set", "purpos=nothing"],
    ["validate", "config.yaml", "--set", "purpose=3"],
    ["train", "config.yaml", "--no-report"],
    ["verify", "latest"],
    ["size", "latest", "--json"],
    [
        "train",
        "config.yaml",
        "--no-report",
        "--set",
        "training.callbacks=[{type: StopAtLoss, loss: 9}]",
    ],
    ["validate", "table.yaml", "--set", "dataset.columns.wind.turns=3"],
    ["train", "table.yaml", "--no-report", "--set", "dataset.columns.wind.missing=median"],
]
PROGRAM = """\
import contextlib, io, json, sys
from dlrun.cli.main import main

ended = []
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    ended.append([code, out.getvalue(), err.getvalue()])
json.dump(ended, open("ended.json", "w"))
"""


def blocks(language):
    """The blocks of the recipes in a language."""
    recipes = PAGE[PAGE.index("## Recipes") :]
    return re.findall(rf"^```{language}\n(.*?)^```$", recipes, re.MULTILINE | re.DOTALL)


def written_files():
    """The files that recipes add, by their paths."""
    for block in blocks("python"):
        first, _, text = block.partition("\n")
        yield first.removeprefix("# "), text


def changes():
    """What recipes change in files: (path, text before, text after)."""
    for block in blocks("diff"):
        for part in re.split(r"^--- ", block, flags=re.MULTILINE)[1:]:
            path, _, lines = part.partition("\n")
            hunk = [(line[:1] or " ", line[1:]) for line in lines.splitlines()]
            before, after = (
                "\n".join(text for sign, text in hunk if sign in f" {kept}") for kept in "-+"
            )
            yield path, before, after


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """Follow all recipes on one copy, run every command line in one process: how each ended."""
    place = tmp_path_factory.mktemp("recipes")
    hidden = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(dlrun.__file__).parent, place / "package" / "dlrun", ignore=hidden)
    for name, text in written_files():
        folder = place / "package" if name.startswith("dlrun/") else place
        assert not (folder / name).exists(), f"{name} is there already"
        (folder / name).write_text(text, "utf-8")
    for name, before, after in changes():
        path = place / "package" / name
        text = path.read_text("utf-8")
        assert text.count(before) == 1, f"{name} has not once:\n{before}"
        path.write_text(text.replace(before, after), "utf-8")
    (place / "config.yaml").write_text(CONFIG)
    (place / "table.yaml").write_text(TABLE)
    (place / "wind.csv").write_text(WIND)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(LINES)],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place / "package"), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ended = json.loads((place / "ended.json").read_text())
    runs = sorted((place / "runs").iterdir(), key=lambda run: run.stat().st_mtime_ns)
    return {" ".join(words): end for words, end in zip(LINES, ended, strict=True)}, runs


def out_of(tried, beginning, number=0):
    """What a command line that begins so has printed on stdout; it has gone well."""
    (code, out, err) = [end for line, end in tried[0].items() if line.startswith(beginning)][number]
    assert code == 0, err
    return out


def test_a_dataset_is_a_word(tried):
    """It is listed with its arguments, in the schema, held against the layers, and trained on."""
    assert "height" in out_of(tried, "list datasets")
    assert "two_moons_3d" in out_of(tried, "schema")
    out_of(tried, "validate")
    spec = json.loads((tried[1][0] / "spec.json").read_text())
    assert (spec["input_shape"], spec["rows"]) == ([3], {"train": 40, "test": 8})


def test_a_kind_of_column_is_a_word(tried):
    """It is listed, in the schema, fitted to the training rows, stored, and tells itself."""
    assert "whole turn" in out_of(tried, "list columns angle")
    assert "columns.angle" in json.loads(out_of(tried, "schema"))["definitions"]
    misspelt = tried[0]["validate table.yaml --set dataset.columns.wind.turns=3"]
    assert (misspelt[0], "Did you mean 'turn'?" in misspelt[2]) == (2, True)
    (run,) = (run for run in tried[1] if "table" in run.name)
    (wind,) = json.loads((run / "spec.json").read_text())["columns"]
    assert (wind["kind"], wind["turn"], wind["filling"]["value"]) == ("angle", 400.0, 150.0)
    assert "1 missing value" in (run / "log.txt").read_text()


def test_the_files_of_an_exporter_are_vouched_for(tried):
    """The record names them, and they hold the weights."""
    assert "digits" in out_of(tried, "list exporters")
    run = tried[1][0]
    exports = json.loads((run / "run.json").read_text())["exports"]
    assert sorted(exports) == sorted(f"weights/{path.name}" for path in (run / "weights").iterdir())
    assert len(exports) == 4
    assert "as the run wrote them" in out_of(tried, "verify")


def test_a_callback_ends_the_training(tried):
    """Where its condition holds, and only there."""
    assert "loss" in out_of(tried, "list callbacks")
    epochs = [len((run / "history.csv").read_text().splitlines()) - 1 for run in tried[1][:2]]
    assert epochs == [4, 1]


def test_a_tracker_hears_every_epoch(tried):
    """What it wrote is `history.csv`."""
    assert "begins anew" in out_of(tried, "list trackers")
    run = tried[1][0]
    heard = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    with (run / "history.csv").open(newline="") as stream:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(stream)]
    assert [line["epoch"] for line in heard] == [1, 2, 3, 4]
    assert [line["loss"] for line in heard] == pytest.approx([row["loss"] for row in rows])


def test_a_config_key_is_known_everywhere(tried):
    """Schema, resolved config, suggestions and types."""
    assert "What the experiment is for" in out_of(tried, "schema")
    assert "purpose: to try the recipes" in (tried[1][0] / "config.yaml").read_text()
    misspelt = tried[0]["validate config.yaml --set purpos=nothing"]
    assert (misspelt[0], "Did you mean 'purpose'?" in misspelt[2]) == (2, True)
    code, _, err = tried[0]["validate config.yaml --set purpose=3"]
    assert (code, "purpose" in err) == (2, True)


def test_a_command_runs(tried):
    """It takes RUN as all do, and gives JSON."""
    sizes = json.loads(out_of(tried, "size"))
    assert sizes["config.yaml"] == (tried[1][0] / "config.yaml").stat().st_size
    assert list(sizes.values()) == sorted(sizes.values(), reverse=True)


def test_files_that_are_named_are_there():
    """The map and the way to find things lead somewhere."""
    package = Path(dlrun.__file__).parent
    table = PAGE[PAGE.index("## How to find things") : PAGE.index("## The laws")]
    named = {name for name in re.findall(r"`([\w/]+\.py)`", table) if not name.startswith("tests/")}
    assert len(named) >= 20
    assert sorted(name for name in named if not (package / name).is_file()) == []
    plan = PAGE[PAGE.index("## The map") : PAGE.index("**Floors.**")]
    rooms = set(re.findall(r"(?<![\w<])(\w+)/", plan)) - {"dlrun"}
    found = {path.parent.name for path in package.rglob("*.py")} | {"templates"}
    assert sorted(rooms - found) == []
    missing = {path.parent.name for path in package.glob("*/__init__.py")} - rooms
    assert sorted(missing) == []


@pytest.mark.parametrize("name", [name for name, _ in written_files() if "/" in name])
def test_they_are_written_as_the_shipped_files_are(name):
    """What lint and format ask of dlrun they ask of whoever follows a recipe."""
    text = dict(written_files())[name]
    for words in (["check"], ["format", "--diff"]):
        done = subprocess.run(
            ["ruff", *words, "--stdin-filename", name, "-"],
            cwd=ROOT,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
