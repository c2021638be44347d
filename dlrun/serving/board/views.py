"""What the board shows, as JSON: the list of runs, one run, curves, runs side by side."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_from_bytes

from dlrun.absent import ABSENT
from dlrun.config.stored import stored_config
from dlrun.errors import DlrunError, RunFolderError, UsageError
from dlrun.rundir.files import read_bytes
from dlrun.rundir.folder import Run
from dlrun.rundir.metrics import is_larger_better, read_history
from dlrun.rundir.names import COMPARISON, HISTORY, LOG, SWEEP_PAGE
from dlrun.serving.board.files import Files
from dlrun.serving.board.index import KnownRun, RunIndex, history_home, of_sweep
from dlrun.wording import as_text
from dlrun.workflows.compare import compare
from dlrun.workflows.runs import choose_among

MOST_ROWS: Final = 500
"""So many runs are on a page at most."""
MOST_CHOSEN: Final = 24
"""So many runs are drawn over each other, or compared."""
_MOST_COLUMNS: Final = 20
_MOST_POINTS: Final = 4000  # of a curve: a screen has no more
_LOG_TAIL: Final = 2**14  # bytes
_KEPT: Final = 8  # lists that are kept until something changes


@dataclass(frozen=True)
class Query:
    """Which runs are asked for, in the language of `dlrun runs`."""

    where: str | None = None
    sort: str | None = None
    descending: bool | None = None
    columns: tuple[str, ...] = ()
    sweep: str | None = None  # the runs of a sweep; of none, where it is empty
    offset: int = 0
    limit: int = 100

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Query:
        """Read what a page asks for."""
        texts = {key: text_in(asked, key) for key in ("where", "sort", "sweep")}
        columns = asked.get("columns", [])
        if not (isinstance(columns, list) and all(isinstance(one, str) for one in columns)):
            raise UsageError("expected a list of keys.", where="columns")
        if len(columns) > _MOST_COLUMNS:
            raise UsageError(f"there are at most {_MOST_COLUMNS} columns.", where="columns")
        descending = asked.get("descending")
        if descending is not None and not isinstance(descending, bool):
            raise UsageError("expected true, false or null.", where="descending")
        numbers = {key: asked.get(key, usual) for key, usual in (("offset", 0), ("limit", 100))}
        for key, number in numbers.items():
            if type(number) is not int or not 0 <= number <= 10**9:
                raise UsageError("expected a whole number from 0.", where=key)
        return cls(
            texts["where"] or None,
            texts["sort"] or None,
            descending,
            tuple(columns),
            texts["sweep"],
            numbers["offset"],
            min(numbers["limit"], MOST_ROWS),
        )


def text_in(asked: Mapping[str, Any], key: str) -> str | None:
    """Read a text that may be missing."""
    value = asked.get(key)
    if value is not None and not isinstance(value, str):
        raise UsageError("expected a text.", where=key)
    return value


class Views:
    """Says what the index knows; `files_at` is the address below which files are sent."""

    def __init__(self, index: RunIndex, files_at: str) -> None:
        self._index = index
        self._files_at = files_at
        self._kept: dict[tuple[int, Query], dict[str, Any]] = {}

    def runs(self, query: Query) -> dict[str, Any]:
        """List runs, a page of them, and what is in the folder besides."""
        kept = self._kept.get((self._index.version, query))
        found = kept or self._chosen(query)
        if kept is None and "age" not in f"{query.where} {query.sort}":
            self._kept = dict([*self._kept.items(), ((self._index.version, query), found)][-_KEPT:])
        return {**found, "unread": self._index.unread}

    def _chosen(self, query: Query) -> dict[str, Any]:
        every = self._index.runs()
        now = datetime.now(UTC)
        for one in every:
            one.facts.now = now
        inside = of_sweep(every, query.sweep)
        known = {id(one.facts): one for one in inside}
        chosen, problem = [], None
        try:
            found = choose_among(
                [one.facts for one in inside],
                where=query.where,
                sort=query.sort,
                descending=query.descending,
                columns=query.columns,
            )
            chosen = [known[id(one)] for one in found]
        except UsageError as error:
            problem = str(error)
        shown = chosen[query.offset : query.offset + query.limit]
        return {
            "runs": [self._row(one, query.columns) for one in shown],
            "chosen": len(chosen),
            "every": len(every),
            "statuses": Counter(_status(one) for one in inside),
            "sweeps": self._sweeps(every),
            "comparison": self._address(self._index.home, COMPARISON),
            "problem": problem,
        }

    def _row(self, one: KnownRun, columns: Sequence[str]) -> dict[str, Any]:
        row = one.facts.row
        return {
            "run": self._index.name_of(one.path),
            "name": row.name,
            "label": Run(row.path).label,
            "sweep": one.sweep,
            "status": _status(one),
            "started": row.started.isoformat() if row.started else None,
            "seconds": row.seconds,
            "metric": row.metric,
            "value": row.value,
            "labels": row.notes.labels,
            "note": row.notes.note,
            "reason": row.reason,
            "epochs": one.epochs,
            "of_epochs": _epochs(one) if one.is_at_work else None,
            "columns": [_cell(one.facts.get(key)) for key in columns],
        }

    def _sweeps(self, every: Sequence[KnownRun]) -> list[dict[str, Any]]:
        statuses: dict[str, Counter[str]] = {name: Counter() for name in self._index.sweeps}
        for one in every:
            if one.sweep in statuses:
                statuses[one.sweep][_status(one)] += 1
        return [
            {
                "name": name,
                "at_work": sweep.is_at_work,
                "trials": sweep.trials,
                "statuses": statuses[name],
                "page": self._address(sweep.path, SWEEP_PAGE),
            }
            for name, sweep in sorted(self._index.sweeps.items())
        ]

    def run(self, name: str) -> dict[str, Any]:
        """Tell all that the board shows of one run."""
        one = self._index.run(name)
        row = one.facts.row
        facts = {key: row.record.get(key) for key in ("command", "seed", "device", "host", "git")}
        files = [
            {"name": file.name, "bytes": file.size, "kind": file.kind,
             "address": self._below(one.path, file.name)}
            for file in Files(one.path).known()
        ]  # fmt: skip
        return {
            **self._row(one, ()),
            "path": str(row.path),
            "metrics": row.metrics,
            "facts": {key: _cell(value) for key, value in facts.items() if value is not None},
            "versions": row.record.get("versions"),
            "config": {key: _cell(value) for key, value in _config(one).items()},
            "files": files,
            "log": _end_of_log(one.path),
        }

    def curves(self, have: Mapping[str, Any]) -> dict[str, Any]:
        """Tell the curves of runs; None of those that are as the page has them, by their stamps."""
        _check_number(have)
        return {name: self._curve(name, stamp) for name, stamp in have.items()}

    def _curve(self, name: str, have: object) -> dict[str, Any] | None:
        none: dict[str, Any] = {"stamp": "", "epochs": [], "columns": {}, "every": 1}
        try:
            home = history_home(self._index.run(name).path)
            status = os.lstat(home / HISTORY)
        except UsageError as error:
            return {**none, "problem": str(error)}
        except OSError:
            return none
        stamp = f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"
        if have == stamp:
            return None
        try:
            columns = read_history(home)
        except RunFolderError as error:
            return {**none, "stamp": stamp, "problem": str(error)}
        length = len(next(iter(columns.values()), []))
        every = max(1, math.ceil(length / _MOST_POINTS))
        at = sorted({*range(0, length, every), length - 1} - {-1})
        return {
            "stamp": stamp,
            "every": every,
            "epochs": [number + 1 for number in at],
            "columns": {
                name: [values[number] if math.isfinite(values[number]) else None for number in at]
                for name, values in columns.items()
            },
        }

    def beside(self, names: Sequence[str]) -> dict[str, Any]:
        """Compare runs, as `dlrun compare` does."""
        _check_number(names)
        found = compare(
            [str(self._index.run(name).path) for name in names], runs_dir=self._index.home
        )
        return {
            "runs": list(names),
            "keys": {key: [_cell(one) for one in cells] for key, cells in found.keys.items()},
            "metrics": [
                {"name": f"{row.split}.{row.name}", "values": [_number(one) for one in row.values],
                 "best": row.best, "larger": is_larger_better(row.name)}
                for row in found.rows
            ],
            "warnings": found.warnings,
        }  # fmt: skip

    def _address(self, home: Path, name: str) -> str | None:
        path = home / name
        is_there = path.is_file() and not path.is_symlink()
        return self._below(home, name) if is_there else None

    def _below(self, home: Path, name: str) -> str:
        inside = (home / name).relative_to(self._index.home)
        return self._files_at + quote_from_bytes(os.fsencode(inside.as_posix()))


def _status(one: KnownRun) -> str:
    return "extending" if one.facts.row.is_extending else one.facts.row.status


def _config(one: KnownRun) -> Mapping[str, Any]:
    try:
        return stored_config(one.facts.row)
    except DlrunError:
        return {}


def _epochs(one: KnownRun) -> int | None:
    """Read how many epochs a run is to train: of its extension, where that is at work."""
    home = history_home(one.path)
    try:
        config = _config(one) if home == one.path else stored_config(Run(home))
    except DlrunError:
        return None
    epochs = config.get("training.epochs")
    return epochs if isinstance(epochs, int) else None


def _end_of_log(run: Path) -> str:
    try:
        text = read_bytes(run / LOG)[-_LOG_TAIL:].decode("utf-8", "replace")
    except RunFolderError:
        return ""
    return text if len(text) < _LOG_TAIL else text.partition("\n")[2]


def _check_number(names: Mapping[str, Any] | Sequence[str]) -> None:
    if len(names) > MOST_CHOSEN:
        raise UsageError(
            f"{len(names)} runs are too many: at most {MOST_CHOSEN} are shown at once."
        )


def _cell(value: Any) -> Any:
    """A number as it is, a time as a text, all else in the words of a config."""
    if value is ABSENT:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat(timespec="seconds")
    return value if isinstance(value, int | float | str) else as_text(value)


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
