"""`dlrun report RUN...`: plots and a page of a run, or a page that compares several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from dlrun.cli.options import (
    DEFAULT_RUNS_DIR,
    DataNow,
    PlotForm,
    Quiet,
    Runs,
    RunsDir,
    Trust,
    option,
)
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import write_data
from dlrun.errors import UsageError

Output = Annotated[
    Path | None,
    option(
        "--output -o FILE",
        "Where to write the page.  [default: report.html in the run folder; "
        "of several runs comparison.html in the folder of the runs]",
    ),
]


def report(
    runs: Runs,
    *,
    output: Output = None,
    form: PlotForm = None,
    data: DataNow = None,
    trust: Trust = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    quiet: Quiet = False,
) -> None:
    """Make plots and a page of a run, or a page that compares runs."""
    show_activity(f"opening {runs[0]} ...", quiet=quiet)
    from dlrun.cli.terminal.progress import listening
    from dlrun.rundir.folder import open_run
    from dlrun.workflows.report import compare_on_a_page
    from dlrun.workflows.report import report as report_on

    if data is not None and len(runs) > 1:
        what = "runs are compared by what their folders say; no data are read."
        raise UsageError(what, where="--data", fix="Leave it out, or name one run.")
    with listening(quiet=quiet) as listener:
        if len(runs) == 1:
            page = report_on(
                open_run(runs[0], runs_dir),
                trust=trust,
                output=output,
                form=form,
                listener=listener,
                data=data,
            )
        else:
            page = compare_on_a_page(
                runs, runs_dir=runs_dir, output=output, form=form, listener=listener
            )
    write_data(str(page))
