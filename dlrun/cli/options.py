"""The arguments and options that several commands share, each with its one help text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from dlrun.cli.completion import complete_config, complete_run, complete_tracker
from dlrun.errors import UsageError
from dlrun.rundir.names import PLOT_FORMATS, SPLITS


def argument(metavar: str, text: str, completion: Callable[..., Any] | None = None) -> Any:
    """Declare an argument; where it has a default, its help text says so."""
    return typer.Argument(metavar=metavar, help=text, autocompletion=completion, show_default=False)


def option(form: str, text: str, **more: Any) -> Any:
    """Declare an option of such a form as `--jobs -j N`; its help text tells the default."""
    names = [word for word in form.split() if word.startswith("-")]
    metavar = next((word for word in form.split() if word not in names), None)
    return typer.Option(*names, metavar=metavar, help=text, show_default=False, **more)


_PARTS = "a part of its name that no other run has, or `latest`."
_RUNS = "Run folders, parts of their names that no other run has, or `latest`."
_SET = (
    "Set a key of the config by its dotted path, such as optimizer.learning_rate=0.01. "
    "Can be given several times."
)

ConfigPaths = Annotated[
    list[Path], argument("CONFIG", "The experiments: YAML files.", complete_config)
]
Run = Annotated[str, argument("RUN", f"A run folder, {_PARTS}", complete_run)]
FirstRun = Annotated[str, argument("A", f"A run folder, {_PARTS}", complete_run)]
SecondRun = Annotated[str, argument("B", "Another one.", complete_run)]
Runs = Annotated[list[str], argument("RUN", _RUNS, complete_run)]
SomeRuns = Annotated[list[str] | None, argument("RUN", _RUNS, complete_run)]
RunsDir = Annotated[
    Path,
    typer.Option(
        "--runs-dir", metavar="DIR", help="The folder that holds the runs.", envvar="DLRUN_RUNS_DIR"
    ),
]
Where = Annotated[
    str | None,
    option(
        "--where CONDITION",
        "Only runs such as 'optimizer.learning_rate>0.01 and status=finished'. "
        "= != < <= > >= compare, ~ is: contains; and, or, not, brackets.",
    ),
]
Track = Annotated[
    list[str] | None,
    option(
        "--track WORD",
        "Who else hears of it, such as tensorboard, in the place of the config's `trackers`. "
        "Can be given several times.",
        autocompletion=complete_tracker,
    ),
]
Overrides = Annotated[list[str] | None, option("--set KEY=VALUE", _SET)]
OverridesAndAxes = Annotated[
    list[str] | None,
    option(
        "--set KEY=VALUE",
        f"{_SET} [0.1,0.01] and 0..9 are swept over where the key takes one value.",
    ),
]
Axes = Annotated[
    list[str] | None,
    option(
        "--grid KEY=VALUES",
        "Sweep over values whatever the key takes, such as "
        "'model.layers[0].kernel_size=[[3,3],[5,5]]'.",
    ),
]
Workers = Annotated[
    int | None,
    option(
        "--jobs -j N",
        "How many runs work at a time.  [default: what cores and memory allow]",
        min=1,
        envvar="DLRUN_JOBS",
    ),
]
Threads = Annotated[
    int | None,
    option(
        "--threads N",
        "Compute in so many threads of the CPU; the last bits of a run depend on it.  "
        "[default: all cores, of several runs an equal share]",
        min=1,
        envvar="DLRUN_THREADS",
    ),
]
RetryFailed = Annotated[bool, option("--retry-failed", "Try runs again that failed before.")]
FailFast = Annotated[bool, option("--fail-fast", "End all runs as soon as one has failed.")]
Quiet = Annotated[bool, option("--quiet -q", "Print no messages but warnings and errors.")]
Trust = Annotated[
    bool, option("--trust", "Read the files that its config names, though it is not my run.")
]
DataNow = Annotated[
    Path | None,
    option("--data FILE", "Where its data lie now: the file, or the folder that holds them all."),
]
TrustRuns = Annotated[
    bool, option("--trust", "Go on with unfinished runs that are not known to be mine.")
]
Device = Annotated[
    str,
    typer.Option(
        metavar="DEVICE", help="Where to compute: auto, cpu, gpu or gpu:1.", envvar="DLRUN_DEVICE"
    ),
]
Devices = Annotated[
    int | None,
    option(
        "--devices N",
        "Share each batch among so many GPUs of this host, or parts of its CPU.  "
        "[default: 1; as many as a run had that goes on]",
        min=1,
        max=1024,
    ),
]
Hosts = Annotated[
    str | None,
    option(
        "--hosts A:PORT,B:PORT",
        "Share each batch among hosts; type the same on each, with its --host.  "
        "[default: those of TF_CONFIG]",
    ),
]
Host = Annotated[
    int | None,
    option("--host I", "Which of the hosts this is, from 0, which has the run folder.", min=0),
]
WithReport = Annotated[
    bool,
    option("--report/--no-report", "Make plots and report.html at the end.  [default: report]"),
]
AsJson = Annotated[bool, option("--json", "Print the result as JSON.")]

DEFAULT_RUNS_DIR = Path("runs")


class Split(StrEnum):
    """The splits of an experiment's data."""

    TRAIN, VALIDATION, TEST = SPLITS


class PlotFormat(StrEnum):
    """The formats of plots."""

    PNG, SVG, PDF = PLOT_FORMATS


PlotForm = Annotated[
    PlotFormat | None,
    option(
        "--format FORMAT",
        "Write the plots as svg or pdf, too, each beside a PNG and a CSV with its numbers.  "
        "[default: plots.format of the config, else png]",
    ),
]


def check_device(word: str) -> None:
    """Refuse what is none of `auto`, `cpu`, `gpu`, `gpu:1` ..., before anything is begun."""
    if not re.fullmatch(r"auto|cpu|gpu(:\d+)?", word):
        raise UsageError(
            f"{word!r} is not a device.", where="--device", fix="Use auto, cpu, gpu or gpu:1."
        )


def check_rows(split: Split | None, data: Path | None) -> None:
    """Refuse two places that rows are to come from."""
    if split is not None and data is not None:
        raise UsageError(
            "--split names rows of the run's own data, --data a file with other rows.",
            fix="Give only one of them.",
        )


def as_overrides(**values: object) -> list[str]:
    """Write the options that are given as overrides: `seed=3`, `name="no"`, a text all the same."""
    given = {key: value for key, value in values.items() if value not in (None, [], ())}
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given.items()]


def split_keys(text: str) -> list[str]:
    """Read the keys of `--columns`."""
    keys = [key.strip() for key in text.split(",")]
    if not all(keys):
        raise UsageError(
            "a key between two commas is empty.", where="--columns", fix="Such as name,test.loss"
        )
    return list(dict.fromkeys(keys))
