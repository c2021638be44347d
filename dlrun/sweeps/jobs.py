"""The trials of a sweep, and how each of them stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from dlrun.config import Experiment

Status = Literal[
    "waiting",  # to begin or to go on
    "elsewhere",  # another process works on it
    "running",
    "paused",  # by halving
    "finished",
    "failed",
    "interrupted",
    "killed",
]


@dataclass
class Trial:
    """A run of a sweep that is to be there in the end."""

    experiment: Experiment
    values: Mapping[str, Any]  # what tells it apart from the others, by key
    identity: str  # see `dlrun.workflows.identity`
    status: Status = "waiting"
    folder: Path | None = None  # None before there is one
    found: bool = False  # finished before this sweep was started
    reason: str | None = None  # why it failed, in one line
    epoch: int = 0  # completed epochs
    logs: Mapping[str, float] = field(default_factory=dict)  # of the last epoch
    metrics: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)  # by split
    seconds: float = 0.0  # in this sweep
    started: datetime | None = None
    taken: float = 0.0  # seconds in all; 0 where that is not known
    sample: int | None = None  # its draw, where draws depend on what came before
    pauses: Sequence[int] = ()  # the epochs after which halving judges it
    hopeless: bool = False  # it failed so that it would fail again in the same way

    @property
    def epochs(self) -> int:
        """The epoch at which it ends."""
        return self.experiment.training.epochs

    def measured(self, key: str) -> float | None:
        """Give a final metric such as `test.accuracy`; None where it is not known or not finite."""
        split, _, metric = key.partition(".")
        return self.metrics.get(split, {}).get(metric)
