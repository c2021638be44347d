"""What lists of runs look like, to the character, on wide and on narrow terminals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dlrun.cli.runs import runs_table, usual_columns
from dlrun.cli.terminal.output import Screen
from dlrun.rundir.folder import RunRow
from dlrun.rundir.notes import Notes
from dlrun.workflows.runs import RunFacts

FOLDER = "runs/20261120-231455_mnist_mlp_7k2q"
WIDE, NARROW = Screen(80), Screen(40)
NOW = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
ROWS = [
    RunRow(Path(FOLDER), "finished", NOW - timedelta(minutes=3), 3.2, "test accuracy", 0.979),
    RunRow(Path("runs/20261117-231455_moons_2abc"), "damaged", NOW - timedelta(days=3)),
    RunRow(Path("runs/odd"), "damaged"),
]


def drawn(rows, screen, *columns):
    runs = [RunFacts(row, NOW) for row in rows]
    return runs_table(runs, columns or usual_columns(runs), screen=screen)


def test_runs():
    """One line a run."""
    assert drawn(ROWS, WIDE) == (
        "name                            status    main metric     value    age\n"
        "20261120-231455_mnist_mlp_7k2q  finished  test accuracy  0.9790  3 min\n"
        "20261117-231455_moons_2abc      damaged   -                   -    3 d\n"
        "odd                             damaged   -                   -      -"
    )


def test_runs_in_fewer_columns():
    """A table still, of names without their times, which find the runs as well."""
    long = replace(ROWS[0], path=Path("runs/20261120-231456_mnist_mlp_with_a_long_name_9xyz"))
    assert drawn([ROWS[0], long, ROWS[2]], WIDE) == (
        "name                             status    main metric     value    age\n"
        "mnist_mlp_7k2q                   finished  test accuracy  0.9790  3 min\n"
        "mnist_mlp_with_a_long_name_9xyz  finished  test accuracy  0.9790  3 min\n"
        "odd                              damaged   -                   -      -"
    )
    assert [line.split()[0] for line in drawn([ROWS[0], long], Screen(60)).splitlines()] == [
        "name",
        "mnist_mlp_7k2q",
        "mnist_mlp_…name_9xyz",
    ]
    same = replace(ROWS[0], path=Path("runs/20261121-231455_mnist_mlp_7k2q"))
    names = [line.split()[0] for line in drawn([ROWS[0], same], Screen(66)).splitlines()[1:]]
    assert len({*names}) == 2


def test_labels_and_notes_beside_a_long_metric():
    """A table still: names without their times, the metric cut, what was noted below."""
    long = "validation sparse_categorical_accuracy"
    noted = replace(ROWS[0], metric=long, notes=Notes(("good",), "with the cleaned table"))
    other = replace(ROWS[0], metric=long, path=Path("runs/20261117-231455_titanic_wide_2abc"))
    assert drawn([noted, other], WIDE) == (
        "name               status    main metric                value    age\n"
        "mnist_mlp_7k2q     finished  validation s…al_accuracy  0.9790  3 min\n"
        "  good  with the cleaned table\n"
        "titanic_wide_2abc  finished  validation s…al_accuracy  0.9790  3 min"
    )


def test_a_run_that_is_trained_longer():
    """In the place of its status."""
    row = replace(ROWS[0], is_extending=True)
    assert "  extending  test accuracy  0.9790  3 min" in drawn([row], WIDE)


def test_runs_in_forty_columns():
    """Two lines a run."""
    assert drawn(ROWS, NARROW) == (
        "20261120-231455_mnist_mlp_7k2q\n"
        "  finished test accuracy 0.9790 3 min\n"
        "20261117-231455_moons_2abc\n"
        "  damaged 3 d\n"
        "odd\n"
        "  damaged -"
    )


def test_colours_of_a_terminal():
    """Headings are bold, a status has its colour."""
    text = drawn(ROWS[:1], Screen(80, color=True))
    assert "\x1b[32mfinished\x1b[0m" in text
    assert text.startswith("\x1b[1mname ")
