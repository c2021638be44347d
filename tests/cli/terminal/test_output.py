"""Streams are looked at before they are written to."""

import io
import os

import pytest

from dlrun.cli.options import as_overrides
from dlrun.cli.terminal.output import Screen, fill, screen_of, write_json, write_message
from dlrun.wording import printable


class Terminal(io.StringIO):
    """A stream that says it is a terminal, without a descriptor."""

    def isatty(self):
        """It is."""
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("NO_COLOR", "COLUMNS", "TERM"):
        monkeypatch.delenv(name, raising=False)


def test_no_terminal_cuts_nothing():
    """A file or a pipe takes lines of any length, without colours."""
    assert screen_of(io.StringIO()) == Screen(10_000, color=False, is_terminal=False)


@pytest.mark.parametrize(
    ("environment", "screen"),
    [
        ({}, Screen(80, color=True, is_terminal=True)),
        ({"COLUMNS": "40"}, Screen(40, color=True, is_terminal=True)),
        ({"COLUMNS": "0"}, Screen(80, color=True, is_terminal=True)),
        ({"COLUMNS": "wide"}, Screen(80, color=True, is_terminal=True)),
        ({"NO_COLOR": "1"}, Screen(80, color=False, is_terminal=True)),
        ({"NO_COLOR": ""}, Screen(80, color=True, is_terminal=True)),
        ({"TERM": "dumb"}, Screen(80, color=False, is_terminal=False)),
    ],
)
def test_terminals(monkeypatch, environment, screen):
    """NO_COLOR, TERM=dumb and COLUMNS are respected."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert screen_of(Terminal()) == screen


def test_long_messages_are_folded(monkeypatch):
    """At blanks, further in; paths and what stands in backticks are whole, to be copied."""
    text = (
        "warning: one two three four five six\n"
        "  a fix: `dlrun init --data my.csv` writes it /a-b/c d"
    )
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("COLUMNS", "24")
    write_message(text)
    assert stream.getvalue() == (
        "warning: one two three\n"
        "  four five six\n"
        "  a fix:\n"
        "    `dlrun init --data my.csv`\n"
        "    writes it /a-b/c d\n"
    )
    monkeypatch.setattr("sys.stderr", plain := io.StringIO())
    write_message(text)
    assert plain.getvalue() == f"{text}\n"


def test_printable():
    """Everything that a terminal would obey is spelled out; letters of all scripts stay."""
    text = "caf\u00e9 \u65e5\u672c \U0001f642\nx\x1b[0m\r\x07\u202e\x9b"
    assert printable(text) == "caf\u00e9 \u65e5\u672c \U0001f642\nx\\x1b[0m\\r\\x07\\u202e\\x9b"


def test_json_of_odd_values(capsys):
    """A path that is not UTF-8 is still valid JSON."""
    write_json({"run": os.fsdecode(b"\xff"), "loss": float("nan")})
    assert capsys.readouterr().out == '{\n  "run": "\\udcff",\n  "loss": null\n}\n'


def test_overrides_are_yaml():
    """A number stays a number, a text a text; what is not given is none."""
    given = as_overrides(seed=0, name="no", trackers=["tensorboard"], epochs=None, set=[])
    assert given == ["seed=0", 'name="no"', 'trackers=["tensorboard"]']


def test_lines_are_folded_in_cells():
    """Some letters take two; a number and its sign, and what fits in backticks, stay together."""
    words = "企鹅企鹅企鹅 alone tells 75.3 % by `dlrun data`, p = 0.17 (/a/path/that/is/long)"
    assert fill(words, 20).splitlines() == [
        "企鹅企鹅企鹅 alone",
        "tells 75.3 % by",
        "`dlrun data`,",
        "p = 0.17",
        "(/a/path/that/is/lon",
        "g)",
    ]
    assert fill(words, 20, whole=True).splitlines()[-1] == "(/a/path/that/is/long)"
    divided = fill("  企鹅企鹅企鹅企鹅", 10, hang=4).splitlines()
    assert divided == ["  企鹅企鹅", "    企鹅企", "    鹅"]
