"""`dlrun report RUN RUN...`: a page that compares runs, made of what their folders hold."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.config.similar import ConfigReader
from dlrun.errors import UsageError
from dlrun.reports.classification import ClassificationReport
from dlrun.rundir.files import write_output
from dlrun.rundir.folder import open_run
from dlrun.rundir.history import read_history
from dlrun.rundir.metrics import JUDGING_ORDER
from dlrun.rundir.names import COMPARISON, METRICS
from dlrun.workflows.compare import read_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dlrun.reports.comparison import ComparedRun
    from dlrun.rundir.folder import RunFolder
    from dlrun.training.listener import Listener


def compare_on_a_page(
    references: Sequence[str], *, runs_dir: Path, output: Path | None, listener: Listener
) -> Path:
    """Write a page that compares runs; neither their models nor their data are needed.

    Args:
        references: Run folders, parts of their names, or `latest`; two or more.
        runs_dir: Where the runs are.
        output: Where the page is written; None for `comparison.html` among the runs.
        listener: Who is told of messages.

    Returns:
        The page.

    Raises:
        UsageError: Fewer than two different runs are named.
        RunFolderError: A run is damaged.
    """
    folders = {}
    for reference in references:
        folder = open_run(reference, runs_dir)
        folders[folder.path.resolve()] = folder
    if len(folders) < 2:  # noqa: PLR2004
        raise UsageError(
            f"the {len(references)} names stand for one run, {next(iter(folders)).name}.",
            fix="Name two runs or more to compare them, or one run once.",
        )
    stored = [_stored(folder) for folder in folders.values()]
    split, reader = _classified(stored), ConfigReader()
    runs = [
        _read(folder, reader, one, split)
        for folder, one in zip(folders.values(), stored, strict=True)
    ]
    for run in runs:
        if not run.metrics:
            listener.message(f"warning: {run.run} has no metrics: it is {run.status}")

    from dlrun.reports.page.comparison_page import comparison_page

    page = comparison_page(runs)
    target = runs_dir / COMPARISON if output is None else output
    write_output(target, lambda path: path.write_text(page, "utf-8", "backslashreplace"))
    return target


def _stored(folder: RunFolder) -> dict[str, Any]:
    """What `metrics.json` holds."""
    return folder.read_json(METRICS) if os.path.lexists(folder.file(METRICS)) else {}


def _classified(stored: Sequence[dict[str, Any]]) -> str:
    """The split whose classes are compared: the first of which all runs have scores."""
    for split in JUDGING_ORDER:
        values = [one.get(split) for one in stored]
        if all(isinstance(value, dict) and "classification" in value for value in values):
            return split
    return ""


def _read(
    folder: RunFolder, reader: ConfigReader, stored: dict[str, Any], split: str
) -> ComparedRun:
    """Read what the page shows of a run."""
    return replace(
        read_run(folder, reader),
        history={name: np.array(values) for name, values in read_history(folder.path).items()},
        classification=_classification(stored, split),
        split=split,
    )


def _classification(stored: dict[str, Any], split: str) -> ClassificationReport | None:
    """The scores of the classes on a split, where they make sense."""
    try:
        return ClassificationReport.from_json(stored[split]["classification"])
    except (KeyError, TypeError, ValueError, OverflowError, IndexError):
        return None
