"""Exports `bundle.zip`: the whole run as one file, which other commands read as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dlrun.backend.components import zip_dates
from dlrun.errors import RunFolderError
from dlrun.rundir.bundle import lasting_files, write_bundle
from dlrun.rundir.files import replace_with
from dlrun.rundir.integrity import damaged_files, hash_files
from dlrun.rundir.record import now

if TYPE_CHECKING:
    from pathlib import Path

    from dlrun.arrays import Splits
    from dlrun.rundir.folder import Run
    from dlrun.training.evaluation import Predictor

NAME = "bundle.zip"
PERSONAL: Final = ("user", "host", "pid", "boot", "folder")
"""What a record says of who trained a run, and where, which nobody needs who is given it."""


def export(*, model: Any, splits: Splits, predictor: Predictor, folder: Run) -> list[Path]:
    """Pack the run without its checkpoint: config, weights, metrics, and what was exported before.

    `predict`, `evaluate`, `explain`, `weights` and `verify` read it in the place of a run folder,
    and `dlrun import` unpacks it.
    """
    del model, splits, predictor
    record, path = folder.read_record(), folder.file(NAME)
    if damaged := damaged_files(folder.path, record):
        raise RunFolderError(damaged[0], fix="What is damaged is not packed.")
    others = lasting_files(folder.path)
    if record["status"] != "finished":  # it is, when the last exporter is done
        closing = {"status": "finished", "exit_code": 0, "reason": None, "ended": now()}
        record = {**record, **closing}
    record = {key: one for key, one in record.items() if key not in PERSONAL}
    packed = {**record, "exports": others, "files": hash_files(folder.path, others)}
    with zip_dates():
        replace_with(path, lambda temporary: write_bundle(folder, packed, temporary))
    return [path]
