"""`dlrun report RUN`: plots and a page of a run, made of its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlrun.rundir.folder import Run
from dlrun.workflows.opening import load_assembly, load_rows, open_trained

if TYPE_CHECKING:
    from dlrun.training.listener import Listener


def report(run: Run, *, trust: bool, output: Path | None, listener: Listener) -> Path:
    """Make the plots and the page of a run anew; return the page.

    The model is measured again: what the page says is what its weights give now. The page is
    written to `output`, None for `report.html` in the run folder, where the plots always go.
    """
    opened = open_trained(run, listener, trust=trust)
    splits, notes = load_rows(opened)
    assembly = load_assembly(opened)

    from dlrun.workflows.measure import measure_splits
    from dlrun.workflows.storytelling import collect_report_data, write_report

    measured = measure_splits(opened.experiment, assembly, splits)
    story = collect_report_data(opened.experiment, assembly, splits, measured, run=run, notes=notes)
    return write_report(story, run, output)
