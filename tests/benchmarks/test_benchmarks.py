"""The benchmarks run, in a tiny mode that proves nothing about time."""

from __future__ import annotations

import subprocess

import pytest

from tests.benchmarks import (
    checkpoints,
    commands,
    images,
    jax_scan,
    light,
    many_rows,
    predicting,
    serving,
    sweeps,
    training,
)
from tests.benchmarks.__main__ import main
from tests.benchmarks.rows import Row, alternating, line, table
from tests.conftest import ROOT

FAST = ("light_validate", "light_thousand", "read_table", "profile_table")
SLOW = (
    "report_digits",
    "two_points_sigmoid",
    "lstm",
    "sweep_two",
    "many_rows",
    "predict_rows",
    "warm_verify",
    "image_",
    "serve_",
)


@pytest.mark.parametrize(
    "word", [*FAST, *(pytest.param(word, marks=pytest.mark.slow) for word in SLOW)]
)
def test_a_train_phase_is_timed(word, capsys):
    """Each prints the table with its row, measured or skipped with a reason."""
    assert main(["--tiny", word]) == 0
    rows = capsys.readouterr().out.splitlines()[-1]
    assert any(unit in rows for unit in (" s |", " us |", " MiB |", "skipped:"))


def test_a_whole_command_is_timed(tmp_path):
    """The launcher returns the seconds and the peak of memory of another process."""
    script = tmp_path / "fill.py"
    script.write_text("data = bytearray(200 * 2**20)\n")
    found = commands.launch(commands.sys.executable, str(script))
    assert 200 < found["mebibytes"] < 400
    assert found["seconds"] > 0


def test_plain_keras_never_sees_dlrun():
    """Dlrun sets up TensorFlow's process; plain Keras must not gain or lose by it."""
    code = "import sys, tests.benchmarks.plain_fit; print(*sys.modules)"
    done = subprocess.run(
        [commands.sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert not [name for name in done.stdout.split() if name.split(".")[0] == "dlrun"]


def test_a_command_that_fails_is_no_measurement(tmp_path):
    """Its message is told."""
    script = tmp_path / "fail.py"
    script.write_text("raise SystemExit('no such thing')\n")
    with pytest.raises(RuntimeError, match="no such thing"):
        commands.launch(commands.sys.executable, str(script))


def test_medians_of_alternating_repetitions():
    """The two are measured in turn."""
    order = []

    def measure(name, values):
        order.append(name)
        return values.pop(0)

    ours, theirs = [3.0, 1.0, 2.0], [30.0, 10.0, 20.0]
    found = alternating(lambda: measure("a", ours), lambda: measure("b", theirs), 3)
    assert found == (2.0, 20.0)
    assert order == ["a", "b"] * 3


def test_the_table_says_which_goal_was_missed():
    """A speed-up should be at least its goal; a cost at most."""
    fast = Row("fast", "s", 1.0, 50.0, goal=100)
    cheap = Row("cheap", "MiB", 120.0, 100.0, goal=1.3, faster=False)
    assert line(fast) == "| fast | 1.000 s | 50.000 s | 50x (missed) | ≥ 100x |  |"
    assert line(cheap) == "| cheap | 120 MiB | 100 MiB | 1.2x | ≤ 1.3x |  |"
    assert "skipped: no data" in table([Row("none", skipped="no data")])
    assert table([]).splitlines()[0].count("cores") == 1


def test_every_benchmark_has_a_name_to_choose_it_by():
    """`python -m tests.benchmarks lstm` runs one."""
    groups = (
        light,
        commands,
        training,
        many_rows,
        predicting,
        jax_scan,
        checkpoints,
        serving,
        sweeps,
        images,
    )
    names = [one.__name__ for group in groups for one in group.BENCHMARKS]
    assert len(set(names)) == len(names)
