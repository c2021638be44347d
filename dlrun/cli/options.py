"""The arguments and options that several commands share, each with its one help text."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli.completion import complete_config, complete_run
from dlrun.errors import UsageError
from dlrun.rundir.names import SPLITS

ConfigPaths = Annotated[
    list[Path],
    typer.Argument(
        metavar="CONFIG...",
        help="The experiments: YAML files.",
        autocompletion=complete_config,
        show_default=False,
    ),
]
Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run folder, a part of its name that no other run has, or `latest`.",
        autocompletion=complete_run,
        show_default=False,
    ),
]
Runs = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...",
        help="Run folders, parts of their names that no other run has, or `latest`.",
        autocompletion=complete_run,
        show_default=False,
    ),
]
RunsDir = Annotated[
    Path, typer.Option("--runs-dir", metavar="DIR", help="The folder that holds the runs.")
]
Where = Annotated[
    str | None,
    typer.Option(
        metavar="CONDITION",
        help="Only runs such as 'optimizer.learning_rate>0.01 and status=finished'. "
        "= != < <= > >= compare, ~ is: contains; and, or, not, brackets.",
        show_default=False,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set a key of the config by its dotted path, such as optimizer.learning_rate=0.01. "
        "Can be given several times.",
        show_default=False,
    ),
]
OverridesAndAxes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set a key of the config by its dotted path, such as optimizer.learning_rate=0.01. "
        "Can be given several times. [0.1,0.01] and 0..9 are swept over where the key takes one "
        "value.",
        show_default=False,
    ),
]
Axes = Annotated[
    list[str] | None,
    typer.Option(
        "--grid",
        metavar="KEY=VALUES",
        help="Sweep over values whatever the key takes, such as "
        "'model.layers[0].kernel_size=[[3,3],[5,5]]'.",
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N",
        min=1,
        help="How many runs work at a time.  [default: what cores and memory allow]",
        show_default=False,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Compute in so many threads of the CPU; the last bits of a run depend on it.  "
        "[default: all cores, of several runs an equal share]",
        show_default=False,
    ),
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Try runs again that failed before.")
]
FailFast = Annotated[
    bool, typer.Option("--fail-fast", help="End all runs as soon as one has failed.")
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print no messages but warnings and errors.")
]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Read the files that its config names, though it is not my run."),
]
TrustRuns = Annotated[
    bool,
    typer.Option("--trust", help="Go on with unfinished runs that are not known to be mine."),
]
Device = Annotated[
    str, typer.Option(metavar="DEVICE", help="Where to compute: auto, cpu, gpu or gpu:1.")
]
WithReport = Annotated[
    bool,
    typer.Option(
        "--report/--no-report",
        help="Make plots and report.html at the end.  [default: report]",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

DEFAULT_RUNS_DIR = Path("runs")


class Split(StrEnum):
    """The splits of an experiment's data."""

    TRAIN, VALIDATION, TEST = SPLITS


def check_device(word: str) -> None:
    """Refuse what is no device, before anything is begun.

    Args:
        word: What the user gave.

    Raises:
        UsageError: It is none of `auto`, `cpu`, `gpu`, `gpu:1`, ...
    """
    if not re.fullmatch(r"auto|cpu|gpu(:\d+)?", word):
        raise UsageError(
            f"{word!r} is not a device.", where="--device", fix="Use auto, cpu, gpu or gpu:1."
        )


def as_override(key: str, value: str | int) -> str:
    """Write an option as the override that it stands for.

    Args:
        key: The dotted path.
        value: The value; a text stays a text whatever it looks like.

    Returns:
        Such as `seed=3` or `name="no"`.
    """
    return f"{key}={json.dumps(value, ensure_ascii=False)}"
