"""`dlrun tensorboard`: find the event files of runs, and start TensorBoard on them."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from dlrun.errors import UsageError
from dlrun.rundir.folder import open_run
from dlrun.rundir.names import EVENTS

_EVENT_FILES = f"**/{EVENTS}/*.tfevents.*"


def find_events(runs: str | None, runs_dir: Path) -> Path:
    """Find the folder of one run, of a sweep, or of all runs, in which there are event files."""
    places = [runs_dir] if runs is None else [Path(runs), runs_dir / runs]
    folder = next((one for one in places if one.is_dir()), None)
    if folder is None and runs is not None:
        folder = open_run(runs, runs_dir).path
    if folder is None or next(folder.glob(_EVENT_FILES), None) is None:
        raise UsageError(
            "no run was tracked here.",
            where=str(folder or runs_dir),
            fix="`dlrun train CONFIG --track tensorboard` writes what TensorBoard reads.",
        )
    return folder


def start_tensorboard(logdir: Path, *, host: str, port: int) -> NoReturn:
    """Become TensorBoard, on the event files below a folder."""
    if find_spec("tensorboard") is None:
        raise UsageError(
            "TensorBoard is not installed; the event files are there all the same.",
            fix="Install it: pip install tensorboard",
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # it imports TensorFlow
    words = ["--logdir", str(logdir), "--host", host, "--port", str(port)]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "tensorboard.main", *words])  # noqa: S606
