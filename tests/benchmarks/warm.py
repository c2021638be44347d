"""Commands that a resident process runs, against the same in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.commands import launch
from tests.benchmarks.rows import Row
from tests.benchmarks.sweeps import seconds_a_script
from tests.conftest import CONFIGS

COMMAND = [sys.executable, "-m", "dlrun"]

_CHANGED = ("XDG_RUNTIME_DIR", "DLRUN_WARM", "PYTHONDONTWRITEBYTECODE")


@contextmanager
def resident() -> Iterator[Path]:
    """Start a resident process that only the commands of the block find; gives a folder."""
    before = {name: os.environ.get(name) for name in _CHANGED}
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as `launch` does
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        subprocess.run([*COMMAND, "warm", "--quiet"], check=True)
        try:
            yield Path(folder)
        finally:
            os.environ.pop("DLRUN_WARM", None)
            subprocess.run([*COMMAND, "warm", "stop", "--quiet"], check=True)
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def timed(words: Sequence[object], *, warm: bool) -> float:
    """Time a command line, with the resident process or without."""
    os.environ["DLRUN_WARM"] = "" if warm else "0"
    return launch(*COMMAND, *map(str, words))["seconds"]


def both(words: Sequence[object], times: int) -> tuple[float, float]:
    """Time a command line with the resident process and without, in turn; medians."""
    pairs = [(timed(words, warm=True), timed(words, warm=False)) for _ in range(times)]
    warm, cold = zip(*pairs, strict=True)
    return median(warm), median(cold)


def of_a_run(name: str, goal: float, *words: object) -> Callable[[bool], Row]:
    """Make the benchmark of a command that takes a trained run."""

    def benchmark(tiny: bool) -> Row:
        with resident() as folder:
            train = ["train", CONFIGS / "iris.yaml", "--runs-dir", folder / "runs", "-q"]
            timed([*train, "--set", "training.epochs=3", "--no-report"], warm=True)
            told = [folder / "runs" if word == "RUNS" else word for word in words]
            seconds = both([name, *told], 1 if tiny else 5)
        return Row(f"dlrun {name}, warm", "s", *seconds, goal=goal, note="against the same, cold")

    benchmark.__name__ = f"warm_{name}"
    return benchmark


ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
ROWS = CONFIGS / "data" / "iris.csv"
IN_RUNS = ("latest", "--runs-dir", "RUNS")


def warm_train(tiny: bool) -> Row:
    """A training of iris, as the README begins, without its report."""
    with resident() as folder:
        words = ["train", CONFIGS / "iris.yaml", "--runs-dir", folder, "--no-report", "-q"]
        seconds = both(words, 1 if tiny else 5)
    return Row("dlrun train iris, warm", "s", *seconds, note="against the same, cold")


def a_loop(folder: Path, runs: int, epochs: int, *, warm: bool) -> float:
    """Time a shell loop over seeds of two_points, and share it out."""
    line = (
        f'for seed in $(seq {runs}); do "$@" --seed $seed --no-report -q '
        f"--set training.epochs={epochs} --runs-dir {folder}/runs; done"
    )
    words: list[Any] = [*COMMAND, "train", str(CONFIGS / "two_points_softmax.yaml")]
    os.environ["DLRUN_WARM"] = "" if warm else "0"
    return launch("bash", "-ec", line, "bash", *words)["seconds"] / runs


def warm_loop(tiny: bool, *, kernels: str = "") -> Row:
    """A run of a shell loop of 32 seeds of two_points, warm and cold."""
    runs, epochs = (2, 3) if tiny else (32, 3000)
    pairs = []
    for _ in range(1 if tiny else 3):
        with resident() as folder:
            warm = a_loop(folder, runs, epochs, warm=True)
            pairs.append((warm, a_loop(folder, 1 if tiny else 3, epochs, warm=False)))
    warm, cold = map(median, zip(*pairs, strict=True))
    note = "against the same loop, cold; at most 0.25 s wanted"
    what = f"shell loop of {runs} seeds of two_points, a run{kernels}"
    return Row(what, "s", warm, cold, goal=8, note=note)


def warm_loop_eigen(tiny: bool) -> Row:
    """That loop on Eigen's kernels alone, which start sooner than those of oneDNN."""
    os.environ[ONEDNN] = "0"
    try:
        return warm_loop(tiny, kernels=f", {ONEDNN}=0")
    finally:
        del os.environ[ONEDNN]


def warm_loop_keras(tiny: bool) -> Row:
    """A run of that loop, against a plain Keras script for each."""
    runs, epochs = (2, 3) if tiny else (32, 3000)
    with resident() as folder:
        warm = a_loop(folder, runs, epochs, warm=True)
    keras = seconds_a_script(epochs, 3 if tiny else 150)
    note = "against a plain Keras script for each, scaled to its epochs"
    return Row(f"shell loop of {runs} seeds of two_points, a run", "s", warm, keras, note=note)


BENCHMARKS: Sequence[Callable[[bool], Row]] = (
    of_a_run("predict", 6, "latest", ROWS, "-o", "-", "--runs-dir", "RUNS"),
    of_a_run("evaluate", 6, *IN_RUNS),
    of_a_run("explain", 6, *IN_RUNS),
    of_a_run("verify", 1, *IN_RUNS),
    of_a_run("validate", 1, CONFIGS / "iris.yaml"),
    of_a_run("runs", 1, "--runs-dir", "RUNS"),
    warm_train,
    warm_loop,
    warm_loop_eigen,
    warm_loop_keras,
)
