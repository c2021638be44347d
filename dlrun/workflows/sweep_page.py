"""The table and the page of a sweep, made of the folders of its runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlrun.reports.sweep_results import SweepResults, results_csv
from dlrun.rundir.files import write_text
from dlrun.rundir.names import SWEEP_PAGE, SWEEP_TABLE
from dlrun.workflows.sweep_results import history_of, read_results

CURVES = 5  # of how many of the best points the learning curves are shown


def write_page(folder: Path) -> Path:
    """Write `results.csv` and `sweep.html`, whose path is given; matplotlib is imported here."""
    results = read_results(folder)
    write_text(folder / SWEEP_TABLE, results_csv(results))

    from dlrun.reports.page.sweep_page import sweep_page
    from dlrun.reports.plots.sweep_shelf import draw_sweep
    from dlrun.reports.sweep_story import sweep_data_of

    data = sweep_data_of(results, _curves(results))
    write_text(folder / SWEEP_PAGE, sweep_page(data, draw_sweep(data)))
    return folder / SWEEP_PAGE


def _curves(results: SweepResults) -> list[Mapping[str, Any]]:
    """The histories of the best run of each of the best points, else of the one farthest on."""
    import numpy as np

    chosen = [
        point.best or max(point.runs, key=lambda run: run.epochs)
        for point in results.points()[:CURVES]
    ]
    return [
        {name: np.array(values) for name, values in history_of(run.path).items()} for run in chosen
    ]
