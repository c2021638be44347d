"""What can be asked of a run by a key: facts of its record, metrics, keys of its config, labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dlrun.absent import ABSENT
from dlrun.config.resolved import flat, value_at
from dlrun.errors import ConfigError, DlrunError
from dlrun.rundir.files import read_text
from dlrun.rundir.metrics import is_larger_better
from dlrun.rundir.names import CONFIG, SPLITS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from dlrun.rundir.listing import RunRow

_METRIC = re.compile(rf"({'|'.join((*SPLITS, 'val'))})[._](.+)")
_SEED_LINES = re.compile(r"^(?:name|seed):.*\n(?: .*\n)*", re.MULTILINE)
"""In what `to_yaml` writes, what stands below a key is indented."""
_SECTIONS = ("dataset", "model", "loss", "optimizer", "metrics", "training", "exports")
_MOST_CONFIGS = 5
"""How many configs are read to find out which keys there are."""

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
    """A run that can be asked for whatever its folder holds; the config is read when needed.

    Args:
        row: The run.
        now: The time from which its age is counted.
    """

    def __init__(self, row: RunRow, now: datetime) -> None:
        self.row = row
        self._now = now
        self._config: str | None = None

    def get(self, key: str) -> Any:
        """Look a key up.

        Args:
            key: A fact (`status`), a metric (`test.accuracy`, `val_loss`), a key of the config
                (`optimizer.learning_rate`) or of the record (`versions.keras`).

        Returns:
            A scalar, a time, a list of scalars, or a tuple of labels; ABSENT where the run has
            no such thing. A component, such as `optimizer`, is told by its type.
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
            return value_at(self._text(), key)
        return _of_record(self.row.record, key)

    def comparable(self, key: str) -> Any:
        """Look a key up for a condition: times are texts such as `2026-11-21T04:47:01+00:00`.

        Args:
            key: See `get`.
        """
        value = self.get(key)
        return value.isoformat(timespec="seconds") if hasattr(value, "isoformat") else value

    def without_seed(self) -> str:
        """The text of the config but for the seed and the name, in which repetitions differ."""
        return _SEED_LINES.sub("", self._text())

    @property
    def seed(self) -> int:
        """Its seed; 0 where its record tells none."""
        seed = self.row.record.get("seed")
        return seed if isinstance(seed, int) else 0

    def config_keys(self) -> list[str]:
        """Give the keys of the config; none where it cannot be read."""
        try:
            return list(flat(self._text()))
        except ConfigError:
            return []

    def _text(self) -> str:
        """The text of the config, which a damaged run may not have."""
        if self._config is None:
            try:
                self._config = read_text(self.row.path / CONFIG)
            except DlrunError:
                self._config = ""
        return self._config


def metric_of(key: str) -> tuple[str, str] | None:
    """Tell which metric a key means.

    Args:
        key: Such as `test.accuracy` or `val_loss`.

    Returns:
        The split and the name, or None for other keys.
    """
    found = _METRIC.fullmatch(key)
    if found is None:
        return None
    return {"val": "validation"}.get(found[1], found[1]), found[2]


def is_config_key(key: str) -> bool:
    """Say whether a key is one of the config, which takes some time to look up.

    Args:
        key: See `RunFacts.get`.
    """
    return re.split(r"[.\[]", key, maxsplit=1)[0] in _SECTIONS


def known_keys(runs: Sequence[RunFacts]) -> list[str]:
    """Give the keys that runs have, for suggestions.

    Args:
        runs: The runs; of the first few the configs are read.
    """
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
        for name in (value if isinstance(value, dict) else [key])
    ]
    configs = [key for run in runs[:_MOST_CONFIGS] for key in run.config_keys()]
    return list(dict.fromkeys([*_FACTS, "age", *metrics, *configs, *record]))


def is_fact(key: str) -> bool:
    """Say whether a key is one that every list has, even where no run has a value for it.

    Args:
        key: See `RunFacts.get`.
    """
    return key in _FACTS or key == "age"


def descends(key: str, runs: Sequence[RunFacts]) -> bool:
    """Say whether a sorted list begins with the largest value, as one would expect.

    Args:
        key: What is sorted by.
        runs: The runs.

    Returns:
        True for metrics of which larger values are better, and for times: the newest comes first.
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
