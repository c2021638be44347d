"""How the runs of a sweep stand, in words and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.rundir.metrics import main_metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.sweeps.jobs import Trial

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


def runs_in_words(count: int) -> str:
    """Write `1 run`, `12 runs`.

    Args:
        count: How many.
    """
    return "1 run" if count == 1 else f"{count} runs"


def counts_of(jobs: Sequence[Trial]) -> dict[str, int]:
    """Count the runs by how they stand.

    Args:
        jobs: The runs.
    """
    counts = dict.fromkeys(_STATUSES.values(), 0)
    for job in jobs:
        counts[_STATUSES[job.status]] += 1
    return counts


def main_value(job: Trial, objective: str | None) -> tuple[str, float | None]:
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
