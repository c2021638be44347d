"""The runs that a sweep is made of, and how each of them stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from dlrun.config import Experiment

Status = Literal[
    "waiting", "elsewhere", "running", "finished", "failed", "interrupted", "paused", "killed"
]


@dataclass
class Job:
    """A run that is to be there in the end.

    Attributes:
        experiment: Its config.
        values: What tells it apart from the others: values by key.
        identity: See `dlrun.workflows.identity`.
        status: `waiting` to begin or to go on; `elsewhere`: another process works on it;
            `running` here; `paused` by halving; else how it ended.
        folder: Its run folder; None before there is one.
        found: Whether it was finished before this sweep was started.
        reason: Why it failed, in one line.
        epoch: The number of completed epochs.
        logs: The logs of the last one.
        metrics: The final metrics by split.
        seconds: How long it took, in this sweep.
        started: When it was started; None where that is not known yet.
        taken: How long it took in all, in seconds; 0 where that is not known.
        sample: Which draw it belongs to, where draws depend on what came before; else None.
        pauses: The epochs after which halving judges it.
        hopeless: Whether it failed so that it would fail again in the same way.
    """

    experiment: Experiment
    values: Mapping[str, Any]
    identity: str
    status: Status = "waiting"
    folder: Path | None = None
    found: bool = False
    reason: str | None = None
    epoch: int = 0
    logs: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    seconds: float = 0.0
    started: datetime | None = None
    taken: float = 0.0
    sample: int | None = None
    pauses: Sequence[int] = ()
    hopeless: bool = False

    @property
    def epochs(self) -> int:
        """The epoch at which it ends."""
        return self.experiment.training.epochs

    def measured(self, key: str) -> float | None:
        """Give a final metric.

        Args:
            key: Such as `test.accuracy`.

        Returns:
            Its value, or None where it is not known or not finite.
        """
        split, _, metric = key.partition(".")
        return self.metrics.get(split, {}).get(metric)
