"""What can be asked of a run by a key: facts of its record, metrics, keys of its config, labels."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from dlrun.absent import ABSENT
from dlrun.config.resolved import value_at
from dlrun.config.stored import RECORDED, stored_config
from dlrun.errors import DlrunError
from dlrun.rundir.listing import RunRow
from dlrun.rundir.metrics import is_larger_better
from dlrun.rundir.names import SPLITS

_METRIC = re.compile(rf"({'|'.join((*SPLITS, 'val'))})[._](.+)")
_SECTIONS = ("dataset", "model", "loss", "optimizer", "metrics", "training", "exports")
_MOST_CONFIGS = 5  # how many configs are read to find out which keys there are

_FACTS: dict[str, Callable[[RunRow], Any]] = {
    "name": lambda row: row.name,
    "run": lambda row: str(row.path),
    "status": lambda row: row.status,
    "metric": lambda row: row.metric,
    "value": lambda row: row.value,
    "started": lambda row: row.started.astimezone() if row.started else None,
    "seconds": lambda row: row.seconds,
    "label": lambda row: row.notes.labels,
    "note": lambda row: row.notes.note,
    "reason": lambda row: row.reason,
}


class RunFacts:
    """A run that can be asked for whatever its folder holds; its age is counted from `now`."""

    def __init__(self, row: RunRow, now: datetime) -> None:
        self.row = row
        self._now = now

    def get(self, key: str) -> Any:
        """Look a key up.

        It is a fact (`status`), a metric (`test.accuracy`, `val_loss`), a key of the config
        (`optimizer.learning_rate`) or of the record (`versions.keras`). The value is a scalar, a
        time, a list of scalars, or a tuple of labels; ABSENT where the run has no such thing. A
        component, such as `optimizer`, is told by its type.
        """
        if key in _FACTS:
            value = _FACTS[key](self.row)
            return ABSENT if value is None else value
        if key == "age":
            started = self.row.started
            return (self._now - started).total_seconds() if started else ABSENT
        metric = metric_of(key)
        if metric is not None:
            value = self.row.metrics.get(metric[0], {}).get(metric[1])
            return ABSENT if value is None else value
        if is_config_key(key):
            return value_at(self.config, key)
        return _of_record(self.row.record, key)

    def comparable(self, key: str) -> Any:
        """Look a key up for a condition: times are texts such as `2026-11-21T04:47:01+00:00`."""
        value = self.get(key)
        return value.isoformat(timespec="seconds") if hasattr(value, "isoformat") else value

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """Its config by dotted paths, which a damaged run may not have."""
        try:
            return stored_config(self.row)
        except DlrunError:
            return {}

    def without_seed(self) -> str:
        """The config but for the seed and the name, in which repetitions differ, as a text."""
        asked = {key: one for key, one in self.config.items() if key not in ("seed", "name")}
        return json.dumps(asked, sort_keys=True, default=str) if asked else ""

    @property
    def seed(self) -> int:
        """Its seed; 0 where its record tells none."""
        seed = self.row.record.get("seed")
        return seed if isinstance(seed, int) else 0


def metric_of(key: str) -> tuple[str, str] | None:
    """Tell the split and the name of a metric by a key such as `test.accuracy` or `val_loss`."""
    found = _METRIC.fullmatch(key)
    if found is None:
        return None
    return {"val": "validation"}.get(found[1], found[1]), found[2]


def is_config_key(key: str) -> bool:
    """Say whether a key is one of the config, which may take some time to look up."""
    return re.split(r"[.\[]", key, maxsplit=1)[0] in _SECTIONS


def known_keys(runs: Sequence[RunFacts]) -> list[str]:
    """Give the keys that runs have, for suggestions; of the first few the configs are read."""
    metrics = [
        f"{split}.{name}"
        for run in runs
        for split, values in run.row.metrics.items()
        for name in values
    ]
    record = [
        f"{key}.{name}" if isinstance(value, dict) else key
        for run in runs[:_MOST_CONFIGS]
        for key, value in run.row.record.items()
        if key != RECORDED
        for name in (value if isinstance(value, dict) else [key])
    ]
    configs = [key for run in runs[:_MOST_CONFIGS] for key in run.config]
    return list(dict.fromkeys([*_FACTS, "age", *metrics, *configs, *record]))


def is_fact(key: str) -> bool:
    """Say whether a key is one that every list has, even where no run has a value for it."""
    return key in _FACTS or key == "age"


def descends(key: str, runs: Sequence[RunFacts]) -> bool:
    """Say whether a sorted list begins with the largest value, as one would expect.

    It does for metrics of which larger values are better, and for times: the newest comes first.
    """
    if key == "value":
        return any(is_larger_better(run.row.metric or "") for run in runs)
    metric = metric_of(key)
    return is_larger_better(metric[1]) if metric else key in ("started", "ended")


def _of_record(record: Any, key: str) -> Any:
    """A value of the record by a dotted path; a name in it may hold dots and slashes itself."""
    value = record
    parts = key.split(".")
    while parts and isinstance(value, dict):
        for length in range(len(parts), 0, -1):
            name = ".".join(parts[:length])
            if name in value:
                value, parts = value[name], parts[length:]
                break
        else:
            return ABSENT
    is_told = not parts and not isinstance(value, dict) and value is not None
    if isinstance(value, list):
        return " ".join(map(str, value)) if is_told else ABSENT
    return value if is_told else ABSENT
