"""Progress: a line every few seconds, or one line that is drawn over on a terminal."""

import io
import itertools
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.text import Text

from dlrun.cli.terminal.progress import (
    FOLDING,
    BarListener,
    LineListener,
    Pace,
    listening,
    progress_line,
)
from dlrun.cli.terminal.sweep_progress import LiveTable, Tally, listening_to_sweep

LOGS = ["loss 0.1234", "accuracy 0.9812", "val_loss 0.2345", "val_accuracy 0.9712"]


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        """The time in seconds."""
        return self.now


@pytest.fixture
def clock():
    return Clock()


def run_epochs(listener, clock, *, seconds, epochs, until=None, steps=4):
    """Report every epoch of a training whose epochs take some seconds each."""
    listener.started(epochs=epochs, steps=steps)
    for epoch in range(1, (until or epochs) + 1):
        clock.now += seconds
        listener.progressed(epoch=epoch, step=0, logs={"loss": 1 / epoch})
    listener.finished()


def test_lines_are_seconds_apart(capsys, clock):
    """Fifty epochs a second each give a line every five seconds, and the last epoch."""
    run_epochs(LineListener(clock), clock, seconds=1, epochs=12)
    assert capsys.readouterr().err == (
        "epoch 5/12  loss 0.2000  7.0 s left\n"
        "epoch 10/12  loss 0.1000  2.0 s left\n"
        "epoch 12/12  loss 0.0833\n"
    )


def test_quick_training_is_one_line(capsys, clock):
    """What is over at once is told once."""
    run_epochs(LineListener(clock), clock, seconds=0.001, epochs=3000)
    assert capsys.readouterr().err == "epoch 3000/3000  loss 3.33e-04\n"


def test_training_that_ends_early_has_its_last_line(capsys, clock):
    """Early stopping: the last epoch that was trained is told, and no time is left."""
    run_epochs(LineListener(clock), clock, seconds=1, epochs=100, until=6)
    assert capsys.readouterr().err.splitlines()[-1] == "epoch 6/100  loss 0.1667"


def test_long_epochs_show_batches(capsys, clock):
    """Within an epoch the batches are counted."""
    listener = LineListener(clock)
    listener.started(epochs=2, steps=100, first_epoch=1)
    for step in (10, 20):
        clock.now += 6
        listener.progressed(epoch=1, step=step, logs={})
    assert capsys.readouterr().err == (
        "epoch 1/2 + 10/100 batches\nepoch 1/2 + 20/100 batches  48 s left\n"
    )


def test_messages(capsys, clock):
    """Messages come at once, with control characters spelled out."""
    LineListener(clock).message("labels: \x1b[2J")
    assert capsys.readouterr().err == "labels: \\x1b[2J\n"


def test_a_dead_stderr_does_not_end_a_training(monkeypatch, clock):
    """`dlrun train 2>&1 | head -1` loses messages, never the run."""

    class Dead(io.StringIO):
        def write(self, _):
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Dead())
    run_epochs(LineListener(clock), clock, seconds=9, epochs=3)


def test_pace_leaves_out_the_time_of_compiling():
    """The first report carries the tracing of the graph; later ones tell the speed."""
    pace = Pace(total=100, done=0, now=0.0)
    assert pace.time_left(0, 10.0) is None
    assert pace.time_left(10, 20.0) is None
    assert pace.time_left(20, 21.0) == 8.0
    assert pace.time_left(60, 25.0) == 4.0
    assert pace.time_left(100, 29.0) == 0.0


def test_quiet_tells_of_warnings_only(capsys, clock):
    """--quiet: no progress and no notices; a warning is no noise."""
    with listening(quiet=True) as listener:
        listener.message("a")
        listener.message("warning: b")
        run_epochs(listener, clock, seconds=9, epochs=3)
    assert capsys.readouterr().err == "warning: b\n"


def test_a_quiet_sweep_tells_of_warnings_only(capsys):
    """As a quiet run does."""
    with listening_to_sweep(quiet=True, as_json=False) as listener:
        listener.message("a")
        listener.message("warning: b")
    assert capsys.readouterr().err == "warning: b\n"


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (12, "epoch 137/3000"),
        (28, "epoch 137/3000  loss 0.1234"),
        (40, "epoch 137/3000  ===--------  loss 0.1234"),
        (60, "epoch 137/3000  ======--------------  loss 0.1234  48 s left"),
        (
            80,
            "epoch 137/3000  ======-------------  loss 0.1234  val_accuracy 0.9712  48 s left",
        ),
    ],
)
def test_line_on_narrow_terminals(width, line):
    """What matters most finds room: the loss, a bar, the time left, what is watched, the rest."""
    drawn = progress_line(
        "epoch 137/3000",
        fraction=0.3,
        logs=LOGS,
        time_left="48 s left",
        width=width,
        ascii_only=True,
    )
    assert drawn.plain == line


@pytest.mark.parametrize("width", range(14, 160))
def test_line_never_wraps(width):
    """It fits whatever the width."""
    drawn = progress_line(
        "epoch 137/3000", fraction=1.5, logs=LOGS, time_left="48 s left", width=width
    )
    assert drawn.cell_len <= width


def test_bar_is_made_of_line_characters_where_there_are_some():
    """Half of the bar is full."""
    line = progress_line("epoch 1/2", fraction=0.5, logs=[], time_left="", width=21)
    assert line.plain == "epoch 1/2  \u2501\u2501\u2501\u2501\u2501\u254c\u254c\u254c\u254c\u254c"


def terminal(width=60, **options):
    return Console(file=io.StringIO(), force_terminal=True, width=width, _environ={}, **options)


def test_bar_is_drawn_over_and_cleared(clock):
    """The cursor is hidden while the bar is there and shown at the end; the line is erased."""
    console = terminal(color_system=None)
    run_epochs(BarListener(console, clock), clock, seconds=1, epochs=2)
    drawn = console.file.getvalue()
    assert "epoch 0/2" in drawn
    assert "epoch 1/2" in drawn
    assert "loss 0.5000" in drawn
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 1
    assert drawn.endswith("\x1b[2K")


@pytest.mark.parametrize(("folds", "rows"), [(True, 2), (False, 0)])
def test_a_narrower_window_leaves_nothing_of_the_bar(monkeypatch, clock, folds, rows):
    """60 cells stand on three rows of 25, where the terminal folds them; else they are cut."""
    for name in FOLDING:
        monkeypatch.delenv(name, raising=False)
    if folds:
        monkeypatch.setenv("TMUX", "a socket")
    console = terminal(color_system=None)
    listener = BarListener(console, clock)
    listener.begin()
    listener.draw(0, lambda: Text("x" * 60))
    console.width = 25
    before = len(console.file.getvalue())
    clock.now += 1
    listener.draw(1, lambda: Text("y"))
    assert console.file.getvalue()[before:].count("\x1b[1A") == rows
    listener.finished()


def test_bar_is_drawn_ten_times_a_second_at_most(clock):
    """A thousand reports a second cost next to nothing."""
    console = terminal(color_system=None)
    run_epochs(BarListener(console, clock), clock, seconds=0.001, epochs=1000)
    assert 5 <= console.file.getvalue().count("epoch") <= 15


def test_bar_prints_messages_as_they_are(clock):
    """No markup, no escape sequence, folded at blanks alone; also before the bar."""
    console = terminal(color_system=None)
    listener = BarListener(console, clock)
    listener.message("[red]a[/red] \x1b[2J " + "x" * 80)
    assert console.file.getvalue() == "[red]a[/red] \\x1b[2J\n  " + "x" * 80 + "\n"


def test_bar_cannot_be_steered_by_the_name_of_a_metric(clock):
    """A metric is named by the config, which may be a stranger's."""
    console = terminal(color_system=None)
    listener = BarListener(console, clock)
    listener.started(epochs=2, steps=1)
    clock.now += 1
    listener.progressed(epoch=1, step=0, logs={"loss\x1b[2J": 1.0})
    listener.finished()
    assert "loss\\x1b[2J 1.0000" in console.file.getvalue()


def test_the_curve_goes_on_where_a_run_does(clock):
    """Its first point is the first epoch, whenever that was."""
    console = terminal(width=120, height=24, color_system=None)
    listener = BarListener(console, clock)
    listener.started(epochs=9, steps=1, first_epoch=3)
    for epoch, loss in enumerate((0.8, 0.6, 0.4), start=1):
        listener.recalled(epoch=epoch, logs={"loss": loss})
    clock.now += 1
    listener.progressed(epoch=3, step=0, logs={})
    listener.finished()
    assert "0.8000" in console.file.getvalue()
    assert "0.4000" in console.file.getvalue()


def test_bar_without_a_training(clock):
    """A run that fails before its first epoch has no bar to clear."""
    console = terminal()
    listener = BarListener(console, clock)
    listener.finished()
    assert console.file.getvalue() == ""


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_an_echoed_interrupt_does_not_wrap(width):
    """A terminal writes `^C` behind the drawing, which then is still taken away as a whole."""
    console = terminal(width=width, height=30)
    listener = BarListener(console, clock=itertools.count().__next__)
    listener.started(epochs=100, steps=4)
    for epoch in range(1, 20):
        listener.progressed(epoch=epoch, step=0, logs={"loss": 1 / epoch, "val_loss": 2 / epoch})
        drawn = listener._draw(f"epoch {epoch}/100", 0.5, {"loss": 1 / epoch}, "48 s left")
        assert all(line.cell_len + len("^C") < width for line in drawn.split("\n"))
    listener.finished()


def test_what_is_done_stands_in_the_table_of_a_sweep(clock):
    """A line of its own would be torn by the table, and would stay above it."""
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, width=60, _environ={})
    table = LiveTable(console, Tally(), clock)
    trial = SimpleNamespace(
        status="waiting",
        found=False,
        hopeless=False,
        seconds=0,
        epoch=0,
        epochs=5,
        logs={},
        values={},
    )
    table.began([trial], total=1, workers=1)
    table.doing("importing TensorFlow ...")
    shown = drawn.getvalue()
    assert "1 waiting" in shown
    assert "  importing TensorFlow ..." in shown
    drawn.truncate(0)
    trial.status, clock.now = "running", clock.now + 1
    table.ticked()
    table.finished()
    assert "epoch 0/5" in drawn.getvalue()
    assert "importing" not in drawn.getvalue()
