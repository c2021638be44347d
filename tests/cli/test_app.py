"""The list of commands: what it says without importing them, and what a command line imports."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import typer

from dlrun.cli.app import COMMANDS, GROUPS, app, command_line, summary
from tests.conftest import CONFIGS, ROOT

PROGRAM = """\
import json, sys
from dlrun.cli.main import main
code = main(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]))
"""


def modules_of(*words):
    """What a command line has imported in the end."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    code, names = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stderr
    return names


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_all_is_that_of_each(name):
    """What is read in a file as text is what its command says of itself."""
    command = typer.main.get_command(app).commands[name]
    told = inspect.cleandoc(command.help).partition("\n\n")[0]
    assert inspect.cleandoc(summary(name)) == told.partition("\f")[0].strip()
    assert command.name == name


def test_there_is_a_line_for_each(dlrun):
    """In the order of the list; what is no command is told with what is near."""
    _, out, _ = dlrun("--help")
    groups = out[out.index("Begin:") : out.index("Exit codes")].splitlines()
    headings = [line.removesuffix(":") for line in groups if line and not line.startswith(" ")]
    assert headings == list(GROUPS)
    lines = [line.split() for line in groups if re.match("  [^ ]", line)]
    assert [line[0] for line in lines] == list(COMMANDS)
    assert all(len(line) > 3 for line in lines)
    code, _, err = dlrun("trian")
    assert (code, "Did you mean 'train'?" in err) == (2, True)


@pytest.mark.parametrize("width", [40, 80])
def test_the_help_fits_a_narrow_terminal(dlrun, monkeypatch, width):
    """It is folded, and no sentence is cut; only examples, to be copied, may be longer."""
    monkeypatch.setenv("COLUMNS", str(width))
    for words in ([], ["predict"], ["sweep"]):
        _, out, _ = dlrun(*words, "--help")
        assert max(len(line) for line in out.splitlines() if "    dlrun " not in line) <= width
        assert "..." not in re.sub(r"\[[A-Z]+\]\.\.\.", "", out)
    told = " ".join(dlrun("--help")[1].split())
    assert "doctor Look at this machine: versions, devices, memory, disk, locks and speed;" in told


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("predict", "[OPTIONS] RUN [INPUT]..."),
        ("export", "[OPTIONS] RUN WORD..."),
        ("label", "[OPTIONS] RUN [LABEL]..."),
        ("init", "[OPTIONS] [TEMPLATE]"),
        ("data", "[OPTIONS] FILE|CONFIG|FOLDER"),
        ("sweep", "[OPTIONS] COMMAND [ARGS]..."),
    ],
)
def test_how_a_command_is_typed(dlrun, command, usage):
    """As manuals write it: brackets only around what may be left out."""
    assert dlrun(command, "--help")[1].startswith(f"Usage: dlrun {command} {usage}\n")


def test_only_the_command_that_is_called_is_imported():
    """The help of all imports the file of none."""
    homes = {f"dlrun.cli.{place.partition('.')[0]}" for place in COMMANDS.values()}
    assert homes & set(modules_of("--help")) == set()
    assert homes & set(modules_of("--version")) == set()
    assert homes & set(modules_of("list")) == {"dlrun.cli.list"}


@pytest.mark.parametrize(
    ("words", "most"),
    [
        (("--help",), 180),
        (("train", "--help"), 185),
        (("list", "layers", "Conv2D"), 190),
        (("runs", "--runs-dir", "tests/old_runs/runs"), 225),
        (("validate", str(CONFIGS / "iris.yaml")), 275),
        (("validate", str(CONFIGS / "moons_mlp.yaml")), 265),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_light_commands_import_little(words, most):
    """So many modules at most, whatever the machine; and none of what takes long."""
    names = modules_of(*words)
    assert len(names) <= most, len(names)
    assert not {"pydantic", "rich", "tempfile", "numpy", "duckdb"} & set(names)


def outcome(taker, value, parameter, context):
    """What a value becomes, and of which type, or what is said of it."""
    try:
        found = taker.coerce(value, param=parameter, ctx=context)
    except typer.BadParameter as error:
        return error.message
    return found, type(found)


def test_texts_are_taken_as_typer_takes_them():
    """Of every command: texts, paths, numbers and lists come out as pydantic makes them."""
    tried = 0
    for name in COMMANDS:
        command = command_line().commands[name]
        context = typer.Context(command)
        for parameter in command.get_params(context):
            ours = parameter.get_runtime_param()
            theirs = ours._others()
            is_list = parameter.multiple or parameter.nargs == -1
            numbers = ("7", "0", "-3", "007", "-0", "1e3", "1_0", " 7", "\u0667", "9" * 30)
            blank = () if Path in get_args(ours._annotation) else ("",)  # it is refused
            for value in (None, ("a/b", "c", *blank) if is_list else "a/b", "latest", *numbers):
                if is_list and isinstance(value, str):
                    continue  # which Typer refuses before
                expected = outcome(theirs, value, parameter, context)
                assert outcome(ours, value, parameter, context) == expected
                tried += 1
    assert tried > 100
