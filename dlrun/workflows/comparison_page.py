"""`dlrun report RUN RUN...`: a page that compares runs, made of what their folders hold."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dlrun.config.similar import ConfigReader
from dlrun.errors import UsageError
from dlrun.reports.classification import ClassificationReport
from dlrun.rundir.files import write_output
from dlrun.rundir.folder import open_run
from dlrun.rundir.history import read_history
from dlrun.rundir.names import COMPARISON, METRICS
from dlrun.workflows.compare import read_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dlrun.reports.comparison import ComparedRun
    from dlrun.rundir.folder import RunFolder
    from dlrun.training.listener import Listener

_SPLITS = ("train", "validation", "test")


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
    reader = ConfigReader()
    runs = [_read(folder, reader) for folder in folders.values()]
    for run in runs:
        if not run.metrics:
            listener.message(f"warning: {run.run} has no metrics: it is {run.status}")

    from dlrun.reports.page.comparison_page import comparison_page

    page = comparison_page(runs)
    target = runs_dir / COMPARISON if output is None else output
    write_output(target, lambda path: path.write_text(page, "utf-8", "backslashreplace"))
    return target


def _read(folder: RunFolder, reader: ConfigReader) -> ComparedRun:
    """Read what the page shows of a run."""
    report, split = _classification(folder)
    return replace(
        read_run(folder, reader),
        history={name: np.array(values) for name, values in read_history(folder.path).items()},
        classification=report,
        split=split,
    )


def _classification(folder: RunFolder) -> tuple[ClassificationReport | None, str]:
    """The scores of the classes, of the last split that has them."""
    stored = folder.read_json(METRICS) if os.path.lexists(folder.file(METRICS)) else {}
    for split in reversed(_SPLITS):
        values = stored.get(split)
        if isinstance(values, dict) and "classification" in values:
            try:
                return ClassificationReport.from_json(values["classification"]), split
            except (KeyError, TypeError, ValueError, OverflowError, IndexError):
                return None, ""
    return None, ""
