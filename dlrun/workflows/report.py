"""`dlrun report RUN`: plots and a page of a run, made of its folder."""

from __future__ import annotations

import os
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dlrun.config import locating
from dlrun.errors import DlrunError, RunFolderError
from dlrun.rundir.files import is_read_only, remove_abandoned, write_bytes, write_output
from dlrun.rundir.names import PLOTS, REPORT
from dlrun.workflows.opening import load_model, load_rows, open_trained

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dlrun.arrays import Splits
    from dlrun.config import Experiment
    from dlrun.reports.plots.shelf import Picture
    from dlrun.reports.story import ReportData
    from dlrun.rundir.folder import RunFolder
    from dlrun.training.evaluation import Predictor
    from dlrun.training.listener import Listener
    from dlrun.workflows.measure import Measured


def report(
    reference: str, *, runs_dir: Path, trust: bool, output: Path | None, listener: Listener
) -> Path:
    """Make the plots and the page of a run anew.

    The model is measured again: what the page says is what its weights give now.

    Args:
        reference: A run folder, a part of its name, or `latest`.
        runs_dir: Where the runs are.
        trust: Whether the files that its config names may be read though it is a stranger's.
        output: Where the page is written; None for `report.html` in the run folder. The plots
            always go there.
        listener: Who is told of messages.

    Returns:
        The page.

    Raises:
        RunFolderError: The run is damaged, or was never trained.
        DataError: Its data are gone.
    """
    opened = open_trained(reference, runs_dir, trust=trust)
    splits, notes = load_rows(opened)
    for note in notes:
        listener.message(note)
    model = load_model(opened, listener)

    from dlrun.training.evaluation import Predictor
    from dlrun.workflows.assembly import Assembly, compile_model
    from dlrun.workflows.measure import measure_splits
    from dlrun.workflows.storytelling import collect_report_data

    with locating(opened.experiment):
        steps = compile_model(model, opened.experiment, opened.spec)
    predictor = Predictor(model)
    assembly = Assembly(model, steps, opened.spec, predictor)
    measured = measure_splits(opened.experiment, assembly, splits, predictor)
    data = collect_report_data(
        opened.experiment,
        model,
        splits,
        measured,
        predictor=predictor,
        folder=opened.folder,
        notes=notes,
    )
    return write_report(data, opened.folder, output)


def add_report(
    experiment: Experiment,
    model: Any,
    splits: Splits,
    measured: Measured,
    *,
    predictor: Predictor,
    folder: RunFolder,
    listener: Listener,
) -> None:
    """Report on a run that has just finished.

    A failure is a warning: everything that the training gave is on the disk already.

    Args:
        experiment: The config.
        model: The trained model.
        splits: The rows, with fitted labels and a complete spec.
        measured: The metrics.
        predictor: Predicts with the model.
        folder: The run folder; its record is closed.
        listener: Who is told of messages.
    """
    from dlrun.workflows.storytelling import collect_report_data

    try:
        data = collect_report_data(
            experiment, model, splits, measured, predictor=predictor, folder=folder
        )
        write_report(data, folder)
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the run is complete
        if os.environ.get("DLRUN_TRACEBACK", "") not in ("", "0"):
            traceback.print_exc()
        kind = "" if isinstance(error, DlrunError) else f"{type(error).__name__}: "
        line = f"warning: the run is complete, but its report failed: {kind}{error}"
        listener.message(f"{line}\n  `dlrun report {folder.path}` tries again.")
        with suppress(DlrunError):
            folder.log(line)


def write_report(data: ReportData, folder: RunFolder, output: Path | None = None) -> Path:
    """Write the plots and the page of a run; matplotlib is imported here.

    The page holds the plots too: where it goes elsewhere, the run folder may be one that can only
    be read.

    Args:
        data: What the page is made of.
        folder: Where to write.
        output: See `report`.

    Returns:
        The page.

    Raises:
        RunFolderError: `plots` leads out of the run folder.
        DlrunError: A file cannot be written.
    """
    from dlrun.reports.page.run_page import run_page
    from dlrun.reports.plots.shelf import draw_plots

    pictures = draw_plots(data)
    try:
        _write_plots(pictures, folder)
    except DlrunError as error:
        if not is_read_only(error):
            raise
        if output is None:
            fix = "Name another place for the page with -o FILE."
            raise DlrunError(error.what, where=error.where, fix=fix) from error
    page = run_page(data, pictures)
    if output is None:
        folder.write_text(REPORT, page)
        return folder.file(REPORT)
    write_output(output, lambda path: path.write_text(page, "utf-8", "backslashreplace"))
    return output


def _write_plots(pictures: Sequence[Picture], folder: RunFolder) -> None:
    """Write the plots of a run; those of an earlier report that no longer fit are removed.

    Raises:
        RunFolderError: `plots` leads out of the run folder.
        DlrunError: A file cannot be written.
    """
    from dlrun.reports.plots.shelf import PLOTS as ALL

    if folder.file(PLOTS).is_symlink():
        what = "is a symbolic link, which is not followed inside a run folder."
        raise RunFolderError(what, where=str(folder.file(PLOTS)))
    remove_abandoned(folder.path)
    for picture in pictures:
        write_bytes(folder.file(f"{PLOTS}/{picture.name}.png"), picture.png)
    for name in {plot.NAME for plot in ALL} - {picture.name for picture in pictures}:
        stale = folder.file(f"{PLOTS}/{name}.png")
        if os.path.lexists(stale):
            stale.unlink()
