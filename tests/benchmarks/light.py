"""The commands that never load TensorFlow, against a Python that does nothing."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.commands import launch
from tests.benchmarks.rows import Row, alternating
from tests.cli.stored import store
from tests.conftest import CONFIGS, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GOAL = 7.0
"""How many times as long as a Python that does nothing."""
BLOCK = """\
    - type: Conv2D
      name: convolution_{n}
      filters: 8
      kernel_size: 3
      padding: same
      activation: relu
      kernel_regularizer: {{type: L2, l2: 0.001}}
    - type: BatchNormalization
      name: normal_{n}
      momentum: 0.9
    - type: Dropout
      name: dropout_{n}
      rate: 0.1
"""
HEAD = """\
dataset:
  type: digits
  validation_split: 0.1
model:
  layers:
"""
TAIL = """\
    - type: Flatten
    - type: Dense
      units: 10
      activation: softmax
loss: categorical_crossentropy
optimizer:
  type: Adam
  learning_rate: 1e-3
metrics: [accuracy]
training:
  epochs: 3
  callbacks:
    - {type: EarlyStopping, patience: 3}
"""
BLOCKS = 14
SMALL = """\
dataset: {type: digits, flatten: true, test_split: 0.2}
model:
  layers:
    - {type: Dense, units: 64, activation: relu}
    - {type: Dense, units: 10, activation: softmax}
loss: sparse_categorical_crossentropy
training: {epochs: 0}
"""


def long_config() -> str:
    """A valid config of 200 lines or so."""
    return HEAD + "".join(BLOCK.format(n=number) for number in range(BLOCKS)) + TAIL


def measured(
    name: str, tiny: bool, *words: str, content: str | None = None, goal: float = GOAL
) -> Row:
    """Time a command by its processor time, which other processes hardly disturb.

    Args:
        name: What to call it.
        tiny: Whether to measure it only once.
        words: The command line after `dlrun`; CONFIG stands for a file.
        content: What the file holds.
        goal: How many times as long as a Python that does nothing it should take at most.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(content or "")
        line = [word.replace("CONFIG", str(config)).replace("FOLDER", folder) for word in words]
        ours, theirs = alternating(
            lambda: launch(sys.executable, "-m", "dlrun", *line)["processor"],
            lambda: launch(sys.executable, "-c", "pass")["processor"],
            1 if tiny else 15,
        )
    note = "processor time, against python -c pass"
    return Row(name, "s", ours, theirs, goal=goal, faster=False, note=note)


def light_help(tiny: bool) -> Row:
    """The help of everything."""
    return measured("dlrun --help", tiny, "--help")


def light_help_of_one(tiny: bool) -> Row:
    """The help of the command with the most options."""
    return measured("dlrun train --help", tiny, "train", "--help")


def light_validate(tiny: bool) -> Row:
    """A config of 200 lines."""
    content = long_config()
    name = f"dlrun validate, {len(content.splitlines())} lines"
    return measured(name, tiny, "validate", "CONFIG", content=content)


def light_list(tiny: bool) -> Row:
    """One layer."""
    return measured("dlrun list layers Conv2D", tiny, "list", "layers", "Conv2D")


def light_runs(tiny: bool) -> Row:
    """An empty folder of runs."""
    return measured("dlrun runs", tiny, "runs", "--runs-dir", "FOLDER")


def light_thousand_runs(tiny: bool) -> Row:
    """A thousand runs, the newest first."""
    return measured_runs("dlrun runs, 1,000 of them", tiny)


def light_thousand_configs(tiny: bool) -> Row:
    """A thousand runs, of which a key of each config is looked up, sorted and shown."""
    condition = "optimizer.learning_rate>0 and status=finished"
    words = ("--where", condition, "--sort", "test.accuracy", "--columns", "+model.layers[0].units")
    return measured_runs("dlrun runs --where, 1,000 configs", tiny, *words)


def measured_runs(name: str, tiny: bool, *words: str) -> Row:
    """Time a list of a thousand runs, or of ten."""
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        first = store(runs, "first").path
        for number in range(9 if tiny else 999):
            shutil.copytree(first, runs / f"{first.name[:15]}_run{number}_aaaa")
        return measured(name, tiny, "runs", "--runs-dir", str(runs), *words, goal=15.0)


def light_init(tiny: bool) -> Row:
    """A template on the standard output."""
    return measured("dlrun init", tiny, "init", "classification")


def light_schema(tiny: bool) -> Row:
    """The schema of the whole language."""
    return measured("dlrun schema", tiny, "schema", goal=30.0)


def light_explain(tiny: bool) -> Row:
    """A forward pass without TensorFlow, of a small network that was trained before."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(SMALL)
        launch(sys.executable, "-m", "dlrun", "train", str(config), "--runs-dir", folder)
        words = ("explain", "latest", "--runs-dir", folder, "--numpy-only")
        return measured("dlrun explain --numpy-only", tiny, *words, goal=15.0)


def light_validate_table(tiny: bool) -> Row:
    """A table of 344 rows, every cell of which is looked at by DuckDB and NumPy."""
    name = "dlrun validate, penguins"
    return measured(name, tiny, "validate", str(CONFIGS / "penguins.yaml"), goal=30.0)


def first_words(*words: str) -> float:
    """Start a command in a terminal; the processor time until something stands there, in s.

    It has one thread until then: on a machine with nothing else to do the clock shows the same.
    """
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "dlrun", *words],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=follower,
    )
    os.close(follower)
    try:
        os.read(leader, 1)
        nanoseconds, *_ = Path(f"/proc/{process.pid}/schedstat").read_text().split()
        return int(nanoseconds) / 1e9
    finally:
        process.kill()
        process.wait()
        os.close(leader)


def light_first_words(tiny: bool) -> Row:
    """What a training says before anything is read, in seconds of the processor."""
    with tempfile.TemporaryDirectory() as folder:
        words = ("train", str(CONFIGS / "iris.yaml"), "--runs-dir", folder)
        seconds = sorted(first_words(*words) for _ in range(1 if tiny else 15))
    ours = seconds[len(seconds) // 2]
    note = "processor time until something stands on the terminal, against 0.3 s"
    return Row("dlrun train, first words", "s", ours, 0.3, goal=1.0, faster=False, note=note)


BENCHMARKS: Sequence[Callable[[bool], Row]] = (
    light_help,
    light_help_of_one,
    light_validate,
    light_list,
    light_runs,
    light_thousand_runs,
    light_thousand_configs,
    light_validate_table,
    light_first_words,
    light_init,
    light_schema,
    light_explain,
)
