"""`evaluations/`: what was measured after the training, beside what the training measured.

One file for each data and weights, named by their hash: processes that measure at the same time
never meet, and measuring the same again changes nothing. Each holds its own hash.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlrun.errors import RunFolderError
from dlrun.rundir.files import (
    MAX_TEXT_BYTES,
    check_inside,
    check_size,
    leads_out,
    plain,
    read_json,
    remove_abandoned,
    write_text,
)
from dlrun.rundir.folder import safe_name
from dlrun.rundir.integrity import digest, is_signed, signed
from dlrun.rundir.names import EVALUATIONS
from dlrun.rundir.record import now

THRESHOLDS = "thresholds"
_DIGITS = 8  # hex digits of the hash that a name shows


def keep_evaluation(folder: Path, *, name: str, facts: Mapping[str, Any]) -> Path:
    """Write down what was measured, unless it stands there already; return the file.

    `name` is the split, or that of the file with the rows. The facts are what was measured
    (`metrics`, `classification`), and on what: `split` or `file`, the hashes `data` and `weights`,
    and the thresholds that were asked for.
    """
    check_inside(folder, EVALUATIONS)
    measured = plain(facts)
    on = {key: measured.get(key) for key in ("split", "file", "data", "weights")}
    if THRESHOLDS in measured:
        on[THRESHOLDS] = measured[THRESHOLDS]
    path = folder / EVALUATIONS / f"{safe_name(name)}-{digest(on)[:_DIGITS]}.json"
    if not _holds(path, measured):
        text = signed({**measured, "time": now()})
        check_size(path, text, MAX_TEXT_BYTES)
        remove_abandoned(folder)
        write_text(path, text)
    return path


def stored_thresholds(folder: Path, *, by: str, weights: str) -> dict[str, Any] | None:
    """Find the thresholds that an evaluation of these weights has chosen, the last by its time.

    They are what its key `thresholds` holds: how they were chosen (`by`), on which rows (`on`), and
    one value by name. What is damaged is passed over: `dlrun verify` tells of it.
    """
    home, found = folder / EVALUATIONS, []
    if leads_out(folder, EVALUATIONS) or not home.is_dir():
        return None
    for path in sorted(home.glob("[!.]*.json")):
        try:
            stored = read_json(path)
        except RunFolderError:
            continue
        chosen = stored.get(THRESHOLDS)
        if not (isinstance(chosen, dict) and chosen.get("by") == by and is_signed(stored)):
            continue
        if stored.get("weights") == weights:
            found.append((str(stored.get("time")), chosen))
    return max(found, key=lambda one: one[0])[1] if found else None


def evaluation_problems(folder: Path) -> tuple[int, list[str]]:
    """Hold every evaluation against its hash: how many there are, and what is wrong."""
    home = folder / EVALUATIONS
    if not os.path.lexists(home):
        return 0, []
    if leads_out(folder, EVALUATIONS) or not home.is_dir():
        return 0, [f"{home}: is not a folder of this run."]
    paths = sorted(home.glob("[!.]*.json"))
    return len(paths), [problem for path in paths if (problem := _problem(path)) is not None]


def _problem(path: Path) -> str | None:
    try:
        is_whole = is_signed(read_json(path))
    except RunFolderError as error:
        return str(error)
    return None if is_whole else f"{path}: is not what `dlrun evaluate` wrote: damaged or changed."


def _holds(path: Path, measured: Mapping[str, Any]) -> bool:
    try:
        stored = read_json(path)
    except RunFolderError:
        return False
    said = {key: value for key, value in stored.items() if key not in ("time", "sha256")}
    return is_signed(stored) and said == measured
