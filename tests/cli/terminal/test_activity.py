"""What stands on a terminal while something takes long, and what a pipe gets instead."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time

import pytest

from dlrun.cli.terminal import activity
from dlrun.cli.terminal.activity import clear_activity, show_activity
from dlrun.cli.terminal.output import write_data, write_message
from dlrun.cli.terminal.progress import BarListener, LineListener, QuietListener
from dlrun.execution import loading
from tests.conftest import CONFIGS, ROOT

ERASED = "\r\x1b[K"


class Terminal(io.StringIO):
    """A terminal without a screen."""

    def isatty(self):
        """Say that it is one."""
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Put a terminal in the place of stderr, in the test itself: pytest takes stderr before it."""

    def begin():
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "22")
        monkeypatch.setattr(sys, "stderr", Terminal())
        return sys.stderr

    yield begin
    clear_activity()


def test_a_line_gives_way_to_the_next(terminal):
    """Each in the place of the one before, and then a message."""
    screen = terminal()
    show_activity("reading a.yaml ...")
    show_activity("importing ...")
    write_message("labels: as they are")
    write_message("done")
    said = "\rreading a.yaml ...\x1b[K\rimporting ...\x1b[K"
    assert screen.getvalue() == f"{said}{ERASED}labels: as they are\ndone\n"


def test_data_clear_it_too(terminal, capsys):
    """A terminal shows both streams."""
    screen = terminal()
    show_activity("reading ...")
    write_data("data")
    assert screen.getvalue() == f"\rreading ...\x1b[K{ERASED}"
    assert capsys.readouterr().out == "data\n"


def test_a_long_one_is_cut(terminal):
    """It leaves room for `^C`; what is in a name cannot steer the terminal."""
    screen = terminal()
    show_activity("reading \x1b[31m" + "x" * 50)
    assert screen.getvalue() == "\rreading \\x1b[31mxx…\x1b[K"


@pytest.mark.parametrize("how", ["pipe", "dumb", "quiet"])
def test_nothing_is_drawn(terminal, monkeypatch, how):
    """Where there is no terminal that can draw, or nothing is to be said."""
    screen = terminal()
    if how == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    if how == "pipe":
        monkeypatch.setattr(sys, "stderr", io.StringIO())
    show_activity("reading ...", quiet=how == "quiet")
    show_activity("reading ...", quiet=how == "quiet", soon=True)
    time.sleep(activity._PATIENCE * 1.5 if how == "pipe" else 0)
    clear_activity()
    assert screen.getvalue() == sys.stderr.getvalue() == ""


def test_what_is_quick_says_nothing(terminal):
    """Only where it takes longer than a moment, so that nothing flickers."""
    screen = terminal()
    show_activity("comparing ...", soon=True)
    write_message("the same")
    show_activity("checking ...", soon=True)
    time.sleep(activity._PATIENCE * 3)
    write_message("checked")
    assert screen.getvalue() == f"the same\n\rchecking ...\x1b[K{ERASED}checked\n"


def test_who_hears_it(terminal, monkeypatch):
    """A line that vanishes on a terminal, one that stays elsewhere, none for the quiet."""
    screen = terminal()
    BarListener(None).doing("drawing ...")
    assert screen.getvalue() == "\rdrawing ...\x1b[K"
    clear_activity()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    LineListener().doing("drawing ...")
    QuietListener().doing("drawing ...")
    assert sys.stderr.getvalue() == "drawing ...\n"


def test_the_import_is_told_where_there_is_one(monkeypatch):
    """Not where it was imported before."""
    told, imported = [], []
    monkeypatch.setitem(sys.modules, "dlrun.backend", object())
    loading.import_tensorflow(told.append)
    assert told == []
    monkeypatch.delitem(sys.modules, "dlrun.backend")
    monkeypatch.setattr(loading.importlib, "import_module", imported.append)
    loading.import_tensorflow(told.append)
    assert (told, imported) == (["importing TensorFlow ..."], ["dlrun.backend"])


PROGRAM = """\
import json, sys
from dlrun.cli import main
from dlrun.cli.terminal import activity
def draw(text):
    print(json.dumps([text, len(sys.modules), sorted(sys.modules)]))
    sys.exit(0)
activity._line.draw = draw
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["train", str(CONFIGS / "iris.yaml")], f"reading {CONFIGS / 'iris.yaml'} ..."),
        (["sweep", "rates.yaml"], "reading rates.yaml ..."),
        *[([command, "latest"], "opening latest ...") for command in
          ("resume", "reproduce", "evaluate", "explain", "report")],
        (["predict", "latest", "rows.csv"], "opening latest ..."),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)  # fmt: skip
def test_it_stands_there_before_anything_is_imported(words, expected):
    """The first second: what takes time comes after the first line, whatever the machine."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    text, count, names = json.loads(done.stdout)
    assert text == expected
    assert not {"numpy", "tensorflow", "pydantic", "yaml", "rich.console"} & set(names)
    assert count < 230  # a Python that does nothing has some 90
