"""`dlrun report RUN`: plots and a page of a run, made of its folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.errors import UsageError
from dlrun.execution.opening import MOVED, load_assembly, load_rows, open_trained
from dlrun.reports.comparison import ComparedRun
from dlrun.reports.scores import ClassificationReport
from dlrun.rundir.files import write_bytes, write_output
from dlrun.rundir.folder import STANDINGS, Run, open_runs
from dlrun.rundir.metrics import JUDGING_ORDER
from dlrun.rundir.names import COMPARISON
from dlrun.training.listener import Listener
from dlrun.workflows.compare import read_run


def report(
    run: Run,
    *,
    trust: bool,
    output: Path | None,
    form: str | None,
    listener: Listener,
    data: Path | None = None,
) -> Path:
    """Make the plots and the page of a run anew; return the page.

    The model is measured again: what the page says is what its weights give now. The page is
    written to `output`, None for `report.html` in the run folder, where the plots always go. They
    are of the format `form`, None for what the config says. `data` is where the data lie now, None
    for where the config says.
    """
    opened = open_trained(run, listener, trust=trust, data=data)
    splits, notes = load_rows(opened, instead=MOVED)
    assembly = load_assembly(opened)

    from dlrun.execution.reporting import report_again

    return report_again(opened, assembly, splits, notes, output=output, form=form)


def compare_on_a_page(
    references: Sequence[str],
    *,
    runs_dir: Path,
    output: Path | None,
    form: str | None,
    listener: Listener,
) -> Path:
    """Write a page that compares runs; neither their models nor their data are needed.

    Returns the page: `output`, or where that is None `comparison.html` among the runs. Where a
    format of plots is asked for, their files are beside it, such as `comparison-curves.pdf`.
    """
    found = open_runs(references, runs_dir)
    if len(found) < 2:  # noqa: PLR2004
        raise UsageError(
            f"the {len(references)} names stand for one run, {found[0].path.resolve().name}.",
            fix="Name two runs or more to compare them, or one run once.",
        )
    split = _classified([run.measured for run in found])
    runs = [_read(run, split) for run in found]
    for run in runs:
        if not run.metrics:
            listener.message(f"warning: {run.run} has no metrics: it {STANDINGS[run.status]}")

    from dlrun.reports.page.comparison_page import comparison_page, draw_comparison
    from dlrun.reports.page.links import links_of_comparison
    from dlrun.reports.plots.shelf import files_of

    pictures = draw_comparison(runs, form or "png")
    # Among the runs: where all lie in another folder, there.
    homes = {run.path.resolve().parent for run in found}
    elsewhere = len(homes) == 1 and not homes.pop().is_relative_to(runs_dir.resolve())
    target = output or (found[0].path.parent if elsewhere else runs_dir) / COMPARISON
    links = links_of_comparison([run.path for run in found], target)
    page = comparison_page(runs, pictures, links)
    write_output(target, lambda path: path.write_text(page, "utf-8", "backslashreplace"))
    for name, content in files_of(pictures).items() if form else ():
        write_bytes(target.with_name(f"{target.stem}-{name}"), content)
    return target


def _classified(stored: Sequence[dict[str, Any]]) -> str:
    """The split whose classes are compared: the first of which all runs have scores."""
    for split in JUDGING_ORDER:
        values = [one.get(split) for one in stored]
        if all(isinstance(value, dict) and "classification" in value for value in values):
            return split
    return ""


def _read(run: Run, split: str) -> ComparedRun:
    return replace(
        read_run(run),
        history={name: np.array(values) for name, values in run.history.items()},
        classification=_classification(run.measured, split),
        split=split,
    )


def _classification(stored: dict[str, Any], split: str) -> ClassificationReport | None:
    try:
        return ClassificationReport.from_json(stored[split]["classification"])
    except (KeyError, TypeError, ValueError, OverflowError, IndexError):
        return None
