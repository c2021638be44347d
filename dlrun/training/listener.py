"""What a run tells whoever watches it: a progress bar, a log, a sweep, a tracker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlrun.rundir.folder import Run

WARNING = "warning: "
"""How a message begins that no watcher may keep to itself."""


class Listener:
    """Hears of a run and does nothing about it; who watches overrides what it wants to hear."""

    def message(self, text: str) -> None:
        """Hear one line that the user should read."""

    def doing(self, text: str) -> None:
        """Hear what is done now that may take a while, such as `importing TensorFlow ...`."""

    def begun(self, *, run: Run, facts: Mapping[str, Any]) -> None:
        """Hear that a run works in its folder, and what its record says, before it trains."""

    def started(self, *, epochs: int, steps: int, first_epoch: int = 0) -> None:
        """Hear that training goes on after `first_epoch` epochs, to `epochs` of `steps` batches."""

    def recalled(self, *, epoch: int, logs: Mapping[str, float]) -> None:
        """Hear once more of an epoch that was completed before, where a run goes on, in order."""

    def epoch_ended(self, *, epoch: int, logs: Mapping[str, float]) -> None:
        """Hear of every epoch, in order: its number, from 1, and its row of `history.csv`."""

    def progressed(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Hear after each stretch how far training is, and the logs of the last completed epoch.

        `epoch` epochs are completed, and `step` batches of the next one. A stretch may be some
        batches or many epochs; before the first epoch ends, `logs` is empty.
        """

    def finished(self) -> None:
        """Hear that training has ended, one way or another."""

    def completed(self, *, run: Run) -> None:
        """Hear that a finished run is whole in its folder, with plots and page if it has them."""

    def ended(self, *, status: str) -> None:
        """Hear that a run has ended otherwise: `interrupted` or `failed`."""
