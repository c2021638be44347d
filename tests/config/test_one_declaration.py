"""A key of a config is one field, a kind of word one row: whatever lists or checks reads them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dlrun

HOUSE = Path(dlrun.__file__).parent
CONFIG = """\
dataset: {type: moons, bar: 2.5}
model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: adam
training: {foo: 4}
"""
END_OF_KINDS = "}\n\n\n@lru_cache\ndef nested_kind"
KIND = """\
    "watchers": Kind(
        "watcher", "Who sees.", "watchers: [{}]", entry="track", filled_in=frozenset({"run"})
    ),
"""
WATCHER = """\
def track(*, run, every: int = 1):
    \'\'\'Write every epoch to the console.\'\'\'
"""
QUESTIONS = """
import json
from dlrun.config import given, load_config
from dlrun.config.json_schema import json_schema
from dlrun.config.resolved import flat, value_at
from dlrun.errors import ConfigError
experiment = load_config("config.yaml", ["training.foo=5"])
problems = []
for wrong in ("training.foo=false", "training.foo=-1", "training.fooo=1"):
    try:
        load_config("config.yaml", [wrong])
    except ConfigError as error:
        problems.append(str(error))
schema = json_schema()
print(json.dumps({
    "value": experiment.training.foo,
    "written": value_at(flat(experiment.to_yaml()), "training.foo"),
    "given": sorted(given.given_paths(experiment) & {"training.foo", "dataset.bar"}),
    "default": given.flat_defaults(experiment)["training.foo"],
    "schema": schema["else"]["properties"]["training"]["anyOf"][0]["properties"]["foo"],
    "dataset": schema["definitions"]["datasets.moons"]["properties"]["bar"],
    "problems": problems,
}))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What a copy of dlrun with two keys more says."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(HOUSE, home / "dlrun", ignore=shutil.ignore_patterns("__pycache__"))
    schema = home / "dlrun" / "config" / "schema.py"
    text = schema.read_text("utf-8")
    for before, key in (
        (
            "    callbacks: tuple",
            '    foo: int = Field(default=3, ge=0)\n    """What foo is."""\n\n',
        ),
        ("    scale: Literal", '    bar: float | None = None\n    """What bar is."""\n\n'),
    ):
        assert text.count(before) == 1
        text = text.replace(before, key + before)
    schema.write_text(text, "utf-8")
    (home / "config.yaml").write_text(CONFIG, "utf-8")
    return json.loads(said(home, "-c", QUESTIONS)) | {
        "page": said(home, "-m", "dlrun", "list", "datasets", "moons")
    }


def said(home, *words):
    """What Python prints that finds the copy."""
    command = [sys.executable, *words]
    done = subprocess.run(
        command, cwd=home, env={"PYTHONPATH": str(home)}, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_new_key_has_a_value_and_is_written_down(answers):
    """By `--set` over the file, and in the resolved config."""
    assert answers["value"] == answers["written"] == 5


def test_what_is_no_default_is_told_apart(answers):
    """As on the page of a run."""
    assert answers["given"] == ["dataset.bar", "training.foo"]
    assert answers["default"] == 3


def test_editors_and_lists_know_it(answers):
    """With its type, its limit, its default and what it is."""
    told = {"description": "What foo is.", "default": 3, "type": "integer", "minimum": 0}
    assert answers["schema"] == told
    assert answers["dataset"]["description"] == "What bar is."
    assert "bar  (default null)\n        What bar is." in answers["page"]


def test_mistakes_are_told(answers):
    """A wrong type, a wrong value, and a name that is nearly it."""
    wrong, small, unknown = answers["problems"]
    assert wrong.endswith("training.foo: Expected an integer, got false.")
    assert small.endswith("training.foo: Expected 0 or more, got -1.")
    assert "training.fooo: Unknown key 'fooo'. Did you mean 'foo'?" in unknown


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A copy of dlrun with one row more among the kinds of words, and a shelf for it."""
    home = tmp_path_factory.mktemp("shelf")
    shutil.copytree(HOUSE, home / "dlrun", ignore=shutil.ignore_patterns("__pycache__"))
    kinds = home / "dlrun" / "catalog" / "kinds.py"
    text = kinds.read_text("utf-8")
    assert text.count(END_OF_KINDS) == 1
    kinds.write_text(text.replace(END_OF_KINDS, KIND + END_OF_KINDS), "utf-8")
    (home / "dlrun" / "watchers").mkdir()
    (home / "dlrun" / "watchers" / "__init__.py").touch()
    (home / "dlrun" / "watchers" / "console.py").write_text(WATCHER, "utf-8")
    return home


def test_a_new_kind_of_word_is_listed(shelf):
    """With its meaning, its words, how one is written, and what it takes."""
    assert "watchers        1" in said(shelf, "-m", "dlrun", "list")
    page = said(shelf, "-m", "dlrun", "list", "watchers", "console")
    assert page.startswith("console, a watcher of dlrun\n\nWrite every epoch to the console.")
    assert "watchers: [console]" in page
    assert "every  (default 1)" in page
    assert "run  (" not in page


def test_editors_know_a_new_kind_of_word(shelf):
    """By its definition."""
    defined = json.loads(said(shelf, "-m", "dlrun", "schema"))["definitions"]["watchers.console"]
    assert defined["properties"]["every"]["type"] == "integer"
