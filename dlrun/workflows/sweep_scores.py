"""How good the trials of a sweep are after some epochs, read from their histories."""

from __future__ import annotations

from dlrun.config.sweeps.sweep import Objective
from dlrun.errors import DlrunError
from dlrun.rundir.history import read_history
from dlrun.sweeps.jobs import Trial


class Scores:
    """Reads the objective of trials, larger where it is better."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._known: dict[tuple[str, int], float] = {}

    def after(self, trial: Trial, epoch: int) -> float | None:
        """Give the objective after so many epochs; None where the trial has not come so far.

        Of a run that a callback ended before, that is its last value.
        """
        is_there = trial.epoch >= epoch or trial.status == "finished"
        key = (trial.identity, epoch)
        # A run that works is past the rung below the one that it works towards.
        if is_there and trial.status not in ("running", "elsewhere") and key not in self._known:
            value = self._read(trial, epoch)
            if value is not None:
                self._known[key] = value
        return self._known.get(key)

    def _read(self, trial: Trial, epoch: int) -> float | None:
        if trial.folder is None:
            return None
        try:
            values = read_history(trial.folder).get(self._objective.column, [])
        except DlrunError:
            return None
        if not values or (len(values) < epoch and trial.status != "finished"):
            return None
        value = values[min(epoch, len(values)) - 1]
        return value if self._objective.maximize else -value
