"""What takes long says what it does before it begins with it, and only to a terminal."""

from __future__ import annotations

import json
import re

import pytest

from tests.conftest import CONFIGS, ROOT
from tests.forked import run_program

COMMANDS = {
    "train": ["train", "{config}"],
    "several": ["train", "{config}", "--set", "seed=0..1"],
    "sweep": ["sweep", "{config}"],
    "resume": ["resume", "{run}"],
    "reproduce": ["reproduce", "{run}"],
    "evaluate": ["evaluate", "{run}"],
    "predict": ["predict", "{run}", "{config}"],
    "report": ["report", "{run}"],
    "explain": ["explain", "{run}"],
    "data": ["data", "{config}"],
    "validate": ["validate", "{config}"],
    "runs": ["runs"],
    "verify": ["verify", "{run}"],
    "weights": ["weights", "{run}"],
    "compare": ["compare", "{run}", "{run}"],
    "diff": ["diff", "{run}", "{run}"],
}
PROGRAM = """
import json, sys
from dlrun.cli import main
from dlrun.cli.terminal import activity

class Shown(BaseException):
    pass

def show(text):
    heavy = {"numpy", "tensorflow", "yaml", "duckdb", "rich"} & set(sys.modules)
    raise Shown(text, sorted(heavy))

activity._line.draw = activity._line.draw_later = show
for words in json.loads(sys.argv[1]):
    try:
        print(json.dumps([main(words), None]))
    except Shown as shown:
        print(json.dumps(shown.args))
"""


def test_what_is_done_is_said_first():
    """By every command that may take longer, before it has read a file or loaded a library."""
    places = {"config": CONFIGS / "iris.yaml", "run": ROOT / "tests/old_runs/runs/none"}
    lines = [[word.format(**places) for word in words] for words in COMMANDS.values()]
    done = run_program(PROGRAM, json.dumps(lines))
    told = dict(zip(COMMANDS, map(json.loads, done.stdout.splitlines()), strict=True))
    assert {name: heavy for name, (_, heavy) in told.items()} == {name: [] for name in COMMANDS}
    for name, (text, _) in told.items():
        assert re.fullmatch(r"(reading|opening|checking|comparing) .+ \.\.\.", text), name


@pytest.mark.parametrize("more", [["--quiet"], ["--json"], []])
def test_nothing_is_drawn_without_a_terminal(more):
    """Whatever is asked for: a log has no line that is drawn over."""
    done = run_program(
        "import sys; from dlrun.cli import main; sys.exit(main(sys.argv[1:]))",
        *("train", CONFIGS / "none.yaml", *more),
    )
    assert done.returncode == 2
    assert "\r" not in done.stderr
    assert "\x1b" not in done.stderr
    assert "reading" not in done.stderr


def test_quiet_draws_nothing(monkeypatch):
    """On a terminal either."""
    from dlrun.cli.terminal import activity

    drawn = []
    monkeypatch.setattr(activity._line, "draw", drawn.append)
    activity.show_activity("a", quiet=True)
    assert drawn == []
    activity.show_activity("b")
    assert drawn == ["b"]
