"""Exports `bundle.zip`: the whole run as one file, which other commands read as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlrun.backend.components import zip_dates
from dlrun.errors import RunFolderError
from dlrun.exporters import Written
from dlrun.rundir.bundle import lasting_files, write_bundle
from dlrun.rundir.files import json_text, replace_with
from dlrun.rundir.integrity import damaged_files, hash_files
from dlrun.rundir.names import CONFIG, LOG, ORIGIN, RECORD, REPORT
from dlrun.rundir.record import now
from dlrun.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlrun.arrays import Splits
    from dlrun.rundir.folder import Run
    from dlrun.training.evaluation import Predictor

NAME = "bundle.zip"
PACKS_RUN = True
PERSONAL: Final = ("user", "host", "pid", "boot", "folder")
"""What a record says of who trained a run, and where, which nobody needs who is given it."""


def export(*, model: Any, splits: Splits, predictor: Predictor, folder: Run) -> Written:
    """Pack the run without its checkpoint: config, weights, metrics, and all that was exported.

    `predict`, `evaluate`, `explain`, `weights` and `verify` read it in the place of a run folder,
    and `dlrun import` unpacks it. `dlrun export` draws a page before, where there is none.
    """
    del model, splits, predictor
    record, path = folder.read_record(), folder.file(NAME)
    if damaged := damaged_files(folder.path, record):
        raise RunFolderError(damaged[0], fix="What is damaged is not packed.")
    others, homes = lasting_files(folder.path), _homes(record)
    lines = []
    if record["status"] != "finished":  # it is, when the last exporter is done
        again = f"`dlrun export {folder.lasting_name} bundle` packs it again, with one"
        lines.append(f"{NAME} has no page: a run is packed before its page is drawn; {again}")
        closing = {"status": "finished", "exit_code": 0, "reason": None, "ended": now()}
        record = {**record, **closing}
    record = {key: one for key, one in record.items() if key not in PERSONAL}
    packed = {**record, "exports": others, "files": hash_files(folder.path, others)}
    with zip_dates():
        replace_with(path, lambda temporary: write_bundle(folder, packed, temporary))
    if paths := _with_paths(folder, packed, homes):
        what = f"{NAME}: {list_names(paths)} name{'s' if len(paths) == 1 else ''}"
        lines.append(f"{what} paths of this machine; look at them before you hand it on")
    return Written([path], lines=tuple(lines))


def _homes(record: Mapping[str, Any]) -> list[str]:
    """List what a text holds that says where on this machine something is."""
    files = [one.get("path") for one in record.get("data_files") or () if isinstance(one, dict)]
    given = [str(Path.home()), record.get("folder"), *files]
    return [home for home in given if isinstance(home, str) and Path(home).is_absolute()]


def _with_paths(run: Run, packed: Mapping[str, Any], homes: list[str]) -> list[str]:
    """Name the texts of a bundle that say where on this machine something is.

    They stay as they are: the config says where the data are looked for, and is sealed with the
    record, as what it was made of is.
    """
    told = [home for home in homes if home != Path(home).anchor]
    names = [name for name in (CONFIG, LOG, ORIGIN, REPORT) if run.file(name).is_file()]
    texts = {**{name: run.read_text(name) for name in names}, RECORD: json_text(packed)}
    return [name for name, text in texts.items() if any(home in text for home in told)]
