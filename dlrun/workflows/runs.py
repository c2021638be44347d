"""`dlrun runs`: which runs of a folder to list, and in which order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.absent import ABSENT
from dlrun.conditions import ORDERS, parse_condition
from dlrun.config.resolved import value_at
from dlrun.config.stored import RECORDED, stored_config
from dlrun.errors import DlrunError, UsageError
from dlrun.reports.ranking import Contender, judged_value, rank
from dlrun.reports.repeats import FOLD, SEED, Repeat, without_repeat
from dlrun.rundir.folder import RunRow, list_runs
from dlrun.rundir.metrics import epochs_of, is_larger_better, main_metric
from dlrun.rundir.names import SPLITS, WEIGHTS
from dlrun.rundir.tensors import count_numbers
from dlrun.wording import as_text, is_number, listed, near_word

if TYPE_CHECKING:
    from dlrun.conditions import Comparison, Condition


def choose_runs(
    runs_dir: Path,
    *,
    where: str | None = None,
    sort: str | None = None,
    descending: bool | None = None,
    best: int | None = None,
    columns: Sequence[str] = (),
    recursive: bool = False,
) -> list[RunFacts]:
    """List runs: those for which a condition holds, sorted by a key, None for the newest first.

    With `best` that many are listed of those that have the value sorted by, which is then by
    default the main metric that all finished runs have, see `dlrun.reports.ranking`. Else those
    that lack it are last. `descending` None is what the key suggests. `columns` are keys that will
    be shown.
    """
    now = datetime.now(UTC)
    every = [RunFacts(row, now) for row in list_runs(runs_dir, recursive=recursive)]
    return choose_among(
        every, where=where, sort=sort, descending=descending, best=best, columns=columns
    )


def choose_among(
    every: list[RunFacts],
    *,
    where: str | None = None,
    sort: str | None = None,
    descending: bool | None = None,
    best: int | None = None,
    columns: Sequence[str] = (),
) -> list[RunFacts]:
    """Choose of runs, the newest first, as `choose_runs` does of those of a folder."""
    condition = None if where is None else parse_condition(where)
    if not every:
        return []
    for column in columns:
        check_known(column, every, "--columns")
    if sort is not None:
        check_known(sort, every, "--sort")
    chosen = every if condition is None else _that_fulfil(condition, every)
    if best is None and sort is None:
        return chosen[::-1] if descending is False else chosen
    if sort is None:
        return _best(chosen, descending)[:best]
    return _sorted(chosen, sort, descending, best)


def _that_fulfil(condition: Condition, every: Sequence[RunFacts]) -> list[RunFacts]:
    """The runs for which a condition holds; what is compared must be there in one run at least."""
    for comparison in condition.comparisons():
        check_known(comparison.key, every, f"--where, column {comparison.column}")
    quick = condition.cheap_first(_is_costly)
    chosen = [run for run in every if quick.holds(run.condition_value)]
    if not chosen:
        for comparison in condition.comparisons():
            _check_kind(comparison, every)
    return chosen


def _best(runs: Sequence[RunFacts], descending: bool | None) -> list[RunFacts]:
    """Rank the finished runs by the main metric that all of them have, which they then show."""
    finished = [run for run in runs if run.row.status == "finished"]
    main = main_metric(*(run.row.metrics for run in finished))
    # The same quantity on other rows is judged where all have it; an accuracy is no loss.
    names = {run.row.metric.partition(" ")[2] for run in finished if run.row.metric is not None}
    if main is None or len(names) > 1:
        _check_one_metric(finished)
        return []
    key = " ".join(main)
    contenders = [
        Contender(
            run=run,
            point=run.without_repeat() or run.row.name,
            repeat=run.repeat,
            value=judged_value(run.row.status, run.row.metrics, key),
            started=run.row.started,
            name=run.row.name,
        )
        for run in runs
        if run.row.status != "damaged"
    ]
    larger = is_larger_better(main[1]) if descending is None else descending
    ranked = [one for point in rank(contenders, larger=larger) for one in point]
    for one in ranked:
        one.run.row = replace(one.run.row, metric=key, value=one.value)
    return [one.run for one in ranked if one.value is not None]


def _sorted(
    runs: list[RunFacts], key: str, descending: bool | None, best: int | None
) -> list[RunFacts]:
    if key == "value":
        _check_one_metric(runs)
    downward = descends(key, runs) if descending is None else descending
    known = [(value, run) for run in runs if (value := run.comparable(key)) not in (ABSENT, ())]
    numbers = [(value, run) for value, run in known if is_number(value)]
    texts = [(as_text(value), run) for value, run in known if not is_number(value)]
    ordered = [
        run
        for part in (numbers, texts)
        for _, run in sorted(part, key=lambda pair: pair[0], reverse=downward)
    ]
    if best is not None:
        return ordered[:best]
    found = set(map(id, ordered))
    return ordered + [run for run in runs if id(run) not in found]


def check_known(key: str, every: Sequence[RunFacts], where: str) -> None:
    """Refuse a key that no run has, and say which was meant."""
    if is_fact(key) or any(run.get(key) is not ABSENT for run in every):
        return
    known = known_keys(every)
    raise UsageError(f"no run has '{key}'.", where=where, fix=_meant(key, known))


def _meant(key: str, known: Sequence[str]) -> str:
    ends = {re.split(r"[.\]]", one)[-1]: one for one in reversed(known)}
    inside = (one for one in known if one.startswith((f"{key}.", f"{key}[")))
    near = near_word(key, known) or next(inside, None) or ends.get(near_word(key, ends) or "")
    if near:
        return f"Did you mean '{near}'?"
    metrics = [one for one in known if metric_of(one)]
    return (
        f"The metrics of these runs are {listed(metrics) if metrics else 'none'}; other keys are "
        "facts such as 'status' and keys of the config such as 'optimizer.learning_rate'."
    )


def _check_kind(comparison: Comparison, every: Sequence[RunFacts]) -> None:
    """Refuse an order between texts and numbers, which would hold for no run."""
    if comparison.sign not in ORDERS or not is_number(comparison.value):
        return
    values = [run.comparable(comparison.key) for run in every]
    text: Any = next((value for value in values if isinstance(value, str)), None)
    if text is not None and not any(map(is_number, values)):
        near = next((one for one in known_keys(every) if one.endswith(f".{comparison.key}")), None)
        raise UsageError(
            f"'{comparison.key}' is a text such as '{text}', which is neither more nor less than "
            f"the number {as_text(comparison.value)}.",
            where=f"--where, column {comparison.column}",
            fix=f"Did you mean '{near}'?" if near else None,
        )


def _check_one_metric(runs: Sequence[RunFacts]) -> None:
    names = dict.fromkeys(run.row.metric for run in runs if run.row.metric is not None)
    if len(names) > 1:
        example = next(iter(names)).replace(" ", ".", 1)
        raise UsageError(
            f"the runs have different main metrics: {listed(names)}.",
            fix=f"Choose a key with --sort, such as --sort {example}, or runs with --where.",
        )


_METRIC = re.compile(rf"({'|'.join((*SPLITS, 'val'))})[._](.+)")
_SECTIONS = ("dataset", "model", "loss", "optimizer", "metrics", "training", "exports", "plots")
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
    "epochs": lambda row: epochs_of(row.path),
    "parameters": lambda row: _parameters(row.path),
}
_READ = ("epochs", "parameters")
"""Facts for which a file of the run is opened."""


def _parameters(folder: Path) -> int | None:
    """Count the weights that a run has saved; None where it has saved none."""
    try:
        return count_numbers(folder / WEIGHTS)
    except (DlrunError, OSError):
        return None


class RunFacts:
    """A run that can be asked for whatever its folder holds; its age is counted from `now`."""

    def __init__(self, row: RunRow, now: datetime) -> None:
        self.row = row
        self.now = now

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
            return (self.now - started).total_seconds() if started else ABSENT
        metric = metric_of(key)
        if metric is not None:
            value = self.row.metrics.get(metric[0], {}).get(metric[1])
            return ABSENT if value is None else value
        if is_config_key(key):
            return value_at(self.config, key)
        return _of_record(self.row.record, key)

    def comparable(self, key: str) -> Any:
        """Look a key up to compare it: times are texts such as `2026-11-21T04:47:01+00:00`."""
        value = self.get(key)
        return value.isoformat(timespec="seconds") if hasattr(value, "isoformat") else value

    def condition_value(self, key: str) -> Any:
        """Look a key up for a condition: a run has the names of its folder and of its config."""
        value = self.comparable(key)
        return (value, self.config[key]) if key == "name" and key in self.config else value

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """Its config by dotted paths, which a damaged run may not have."""
        try:
            return stored_config(self.row)
        except DlrunError:
            return {}

    def without_repeat(self) -> str:
        """The config but for the name and what repetitions differ in, as a text."""
        asked = {key: one for key, one in without_repeat(self.config).items() if key != "name"}
        return json.dumps(asked, sort_keys=True, default=str) if asked else ""

    @property
    def repeat(self) -> Repeat:
        """Which repetition it is; its seed is 0 where its record tells none."""
        return Repeat.of({FOLD: self.config.get(FOLD), SEED: self.row.record.get("seed")})


def metric_of(key: str) -> tuple[str, str] | None:
    """Tell the split and the name of a metric by a key such as `test.accuracy` or `val_loss`."""
    found = _METRIC.fullmatch(key)
    if found is None:
        return None
    return {"val": "validation"}.get(found[1], found[1]), found[2]


def is_config_key(key: str) -> bool:
    """Say whether a key is one of the config, which may take some time to look up."""
    return re.split(r"[.\[]", key, maxsplit=1)[0] in _SECTIONS


def _is_costly(key: str) -> bool:
    return key in (*_READ, "name") or is_config_key(key)


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
