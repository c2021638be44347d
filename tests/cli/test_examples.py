"""The examples of each help are command lines that can be typed, and its page is there."""

import shlex

import pytest
import typer

from dlrun.cli.app import COMMANDS, command_line
from dlrun.cli.examples import EXAMPLES, WHERE_TO_READ_ON, ending
from tests.conftest import ROOT


def parse(words):
    """Take a command line as far as the function that it calls, which is not called."""
    command = command_line()
    context = typer.Context(command, info_name="dlrun")
    name, *rest = words
    command = command.get_command(context, name)
    context = command.make_context(name, rest, parent=context)
    words = [*context._protected_args, *context.args]
    if words and hasattr(command, "commands"):
        name, inner, rest = command.resolve_command(context, words)
        inner.make_context(name, rest, parent=context)


@pytest.mark.parametrize("line", sorted({line for lines in EXAMPLES.values() for line in lines}))
def test_an_example_is_understood(line):
    """Its options and arguments; what the shell takes for itself is left out."""
    words = shlex.split(line.partition(" > ")[0])
    assert words[0] == "dlrun"
    assert words[1] in COMMANDS
    parse(words[1:])


def test_a_line_that_is_not_understood_is_an_error():
    """So that the test above can fail."""
    with pytest.raises(Exception, match="No such option: --epoch"):
        parse(["train", "config.yaml", "--epoch", "3"])


def test_every_command_has_examples():
    """Subcommands too; and nothing else has."""
    every = set(COMMANDS)
    for name in COMMANDS:
        command = command_line().get_command(typer.Context(command_line()), name)
        every |= {f"{name} {inner}" for inner in getattr(command, "commands", ())}
    assert set(EXAMPLES) == every


def test_the_page_that_tells_more_is_there():
    """And only commands lead on."""
    assert set(WHERE_TO_READ_ON) <= set(COMMANDS)
    for page in WHERE_TO_READ_ON.values():
        assert (ROOT / page).is_file(), page


def test_the_help_ends_with_them(dlrun):
    """One line each, not wrapped."""
    _, out, _ = dlrun("runs", "--help")
    assert "Examples:\n    dlrun runs --where 'status=finished and test.accuracy>0.9'" in out
    assert out.rstrip().endswith("More: docs/how-to/many-runs.md")
    assert ending("nothing") is None
