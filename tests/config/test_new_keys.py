"""A key of a config is one field: written once, it is in everything that lists or checks keys."""

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
QUESTIONS = """
import json
from dlrun import catalog
from dlrun.cli.glossary import word_page
from dlrun.cli.output import Screen
from dlrun.config import given, load_config
from dlrun.config.json_schema import json_schema
from dlrun.config.resolved import value_at
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
    "written": value_at(experiment.to_yaml(), "training.foo"),
    "given": sorted(given.given_paths(experiment) & {"training.foo", "dataset.bar"}),
    "default": given.flat_defaults(experiment)["training.foo"],
    "schema": schema["properties"]["training"]["anyOf"][0]["properties"]["foo"],
    "dataset": schema["definitions"]["datasets.moons"]["properties"]["bar"],
    "page": word_page(catalog.find("datasets", "moons"), screen=Screen()),
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
    command = [sys.executable, "-c", QUESTIONS]
    done = subprocess.run(
        command, cwd=home, env={"PYTHONPATH": str(home)}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


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
