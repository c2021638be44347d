"""The command line in a real terminal: a bar that is drawn over, and a terminal left as it was."""

import fcntl
import os
import pty
import struct
import termios

import pytest

from tests.forked import run_program

PROGRAM = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from dlrun.cli.main import main
from dlrun.rundir.folder import Run
import dlrun.workflows.train as workflow

def train(experiment, options, listener):
    listener.message("labels: as they are")
    listener.started(epochs=2, steps=5)
    listener.progressed(epoch=1, step=0, logs={"loss": 0.5})
    if experiment.name == "fails":
        raise KeyboardInterrupt
    time.sleep(0.15)
    listener.progressed(epoch=2, step=0, logs={"loss": 0.25, "val_loss": 0.5})
    listener.finished()
    return SimpleNamespace(
        folder=Run(Path("runs/a")),
        metrics={"train": {"loss": 0.25}},
        judged=SimpleNamespace(classification=None),
        baseline=None,
        seconds=1.0,
    )

workflow.train = train
sys.exit(main(["train", "tiny.yaml", *sys.argv[1:]]))
"""


def in_terminal(*words, rows=24, program=PROGRAM, **environment):
    """Run a training in name only with stderr on a terminal: exit code, stdout, stderr."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "TERM", "LINES")
    }
    clean |= {"TERM": "xterm-256color", "COLUMNS": "40", **environment}
    done = run_program(program, *words, env=clean, stderr=follower)
    os.close(follower)
    drawn = b""
    try:
        while piece := os.read(leader, 65536):
            drawn += piece
    except OSError:  # Linux says so when the last writer has gone.
        pass
    os.close(leader)
    return done.returncode, done.stdout, drawn.decode().replace("\r\n", "\n")


@pytest.mark.usefixtures("config")
def test_bar_and_path():
    """The bar on the terminal, the path in the pipe: `RUN=$(dlrun train ...)`."""
    exit_code, out, drawn = in_terminal()
    assert (exit_code, out) == (0, "runs/a\n")
    first, said = drawn.split("\r\x1b[K", 1)
    assert first == "\rreading tiny.yaml ...\x1b[K"
    assert said.startswith("labels: as they are\n")
    assert "epoch 0/2" in drawn
    assert "\x1b[1m" in drawn
    assert "\x1b[?25l" in drawn
    assert drawn.rindex("\x1b[?25h") > drawn.rindex("\x1b[?25l")
    assert drawn.endswith("1.0 s  runs/a\n")


@pytest.mark.usefixtures("config")
def test_interrupted_bar():
    """Ctrl-C leaves no bar, and the cursor is shown again."""
    exit_code, out, drawn = in_terminal("--name", "fails")
    assert (exit_code, out) == (130, "")
    assert drawn.rindex("\x1b[?25h") > drawn.rindex("\x1b[?25l")
    assert drawn.endswith("Interrupted by SIGINT.\n")


@pytest.mark.usefixtures("config")
def test_no_color():
    """NO_COLOR: a bar, but no colour and no bold."""
    exit_code, _, drawn = in_terminal(NO_COLOR="1")
    assert exit_code == 0
    assert "\x1b[?25l" in drawn
    assert "\x1b[32m" not in drawn
    assert "\x1b[1m" not in drawn


@pytest.mark.usefixtures("config")
def test_dumb_terminal():
    """TERM=dumb: plain lines, not one control character."""
    exit_code, _, drawn = in_terminal(TERM="dumb")
    assert exit_code == 0
    assert drawn == (
        "labels: as they are\nepoch 2/2  loss 0.2500  val_loss 0.5000\n"
        "       train\nloss  0.2500\n\n1.0 s  runs/a\n"
    )


@pytest.mark.usefixtures("config")
def test_wide_terminal():
    """From 100 columns on the losses are drawn beside the numbers, and cleared at the end."""
    exit_code, out, drawn = in_terminal(COLUMNS="100")
    assert (exit_code, out) == (0, "runs/a\n")
    assert "\u2502" in drawn
    assert "0.5000" in drawn
    after = drawn[drawn.rindex("\u2502") :]
    assert after.count("\x1b[2K") >= 5
    assert drawn.endswith("1.0 s  runs/a\n")


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize(
    ("columns", "rows", "environment"),
    [("99", 24, {}), ("100", 9, {}), ("120", 24, {"TERM": "dumb"})],
)
def test_no_curve(columns, rows, environment):
    """Nothing changes on a narrow, a low or a dumb terminal."""
    exit_code, _, drawn = in_terminal(rows=rows, COLUMNS=columns, **environment)
    assert exit_code == 0
    assert "\u2502" not in drawn


TABLE = """
from rich.console import Console
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.progress import LiveDrawing

drawing = LiveDrawing(Console(stderr=True), pause=0)
show_activity("reading ...")
drawing.begin()
show_activity("importing TensorFlow ...")
drawing.message("said above")
drawing.finished()
"""


def test_what_is_done_while_a_table_is_drawn():
    """The codes that clear a line are no text of it."""
    exit_code, _, drawn = in_terminal(program=TABLE)
    assert exit_code == 0
    assert "\x1b\x1b" not in drawn
    assert "importing" not in drawn
    assert "said above\n" in drawn
