"""How the runs of a sweep are called: by what tells them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.config.conditions import as_text
from dlrun.rundir.metrics import main_metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlrun.sweeps.jobs import Job

_STATUSES = {
    "finished": "finished",
    "running": "running",
    "waiting": "waiting",
    "elsewhere": "elsewhere",
    "paused": "stopped early",
    "interrupted": "interrupted",
    "killed": "killed",
    "failed": "failed",
}


def settings_of(values: Mapping[str, Any]) -> str:
    """Write what tells a run apart from the others.

    Args:
        values: Values by key.

    Returns:
        Such as `learning_rate=0.01 seed=3`: keys without what needs not be said.
    """
    names = short_names(tuple(values))
    return " ".join(f"{names[key]}={value_text(value)}" for key, value in values.items())


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Shorten dotted keys to their last parts, where no two become the same.

    Args:
        keys: Such as `optimizer.learning_rate`.
    """
    lasts = [key.rpartition(".")[2] for key in keys]
    return {
        key: last if lasts.count(last) == 1 else key for key, last in zip(keys, lasts, strict=True)
    }


def value_text(value: Any) -> str:
    """Write a value of an axis.

    Args:
        value: Whatever a config can say.
    """
    if isinstance(value, dict):
        rest = ", ".join(f"{key}: {value_text(item)}" for key, item in value.items())
        return f"{{{rest}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, float):
        return f"{value:.6g}"
    return as_text(value)


def runs_in_words(count: int) -> str:
    """Write `1 run`, `12 runs`.

    Args:
        count: How many.
    """
    return "1 run" if count == 1 else f"{count} runs"


def counts_of(jobs: Sequence[Job]) -> dict[str, int]:
    """Count the runs by how they stand.

    Args:
        jobs: The runs.
    """
    counts = dict.fromkeys(_STATUSES.values(), 0)
    for job in jobs:
        counts[_STATUSES[job.status]] += 1
    return counts


def main_value(job: Job, objective: str | None) -> tuple[str, float | None]:
    """Give the number that a run is judged by.

    Args:
        job: The run.
        objective: Such as `test.accuracy`; None for the run's main metric.

    Returns:
        The metric, as `test accuracy`, and its value; empty and None where there is none yet.
    """
    if objective is not None:
        return objective.replace(".", " ", 1), job.measured(objective)
    main = main_metric({split: dict(values) for split, values in job.metrics.items()})
    if main is None:
        return "", None
    return " ".join(main), job.metrics[main[0]].get(main[1])
