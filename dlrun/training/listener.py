"""What a run tells whoever watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Listener(Protocol):
    """Receives messages and progress; the command line draws them."""

    def message(self, text: str) -> None:
        """Receive one line that the user should read."""

    def started(self, *, epochs: int, steps: int, first_epoch: int = 0) -> None:
        """Training begins.

        Args:
            epochs: The epoch at which it ends.
            steps: Batches an epoch.
            first_epoch: The number of epochs already completed.
        """

    def progressed(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Some batches are done.

        Args:
            epoch: The number of completed epochs.
            step: The number of batches done in the epoch after them.
            logs: The logs of the last completed epoch; empty before the first.
        """

    def finished(self) -> None:
        """Training has ended, one way or another."""
