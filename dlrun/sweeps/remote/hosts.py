"""The hosts of one run on several nodes of a Ray cluster, which a placement group keeps for it.

The first one has the run, and is listened to as every place is. The others compute a share of each
batch, and are asked for nothing but how they end.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlrun.errors import LostHostError
from dlrun.sweeps.processes import SIGNALLED, Ended

_SECONDS_ALONE = 20.0
"""So long the first host has to notice by itself that another one has ended; TensorFlow tells it
while it trains, and nobody while it waits for the others to come."""
_SECONDS_TO_END = 10.0


def groups_on(places: Sequence[int], hosts: int) -> int:
    """Tell how many groups of hosts, each on nodes of its own, find a place on nodes at a time.

    `places` are those of each node.
    """
    found = sum(places) // hosts
    while sum(min(one, found) for one in places) < hosts * found:
        found -= 1
    return found


class HostGroup:
    """Actors on nodes of their own, and how those that are not the first one have ended.

    `resources` are what each takes; `make` makes an actor with such options.
    """

    def __init__(
        self, ray: Any, hosts: int, resources: Mapping[str, float], make: Callable[..., Any]
    ) -> None:
        from ray.util import placement_group
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        self._ray = ray
        bundles = [{key: one for key, one in resources.items() if one} for _ in range(hosts)]
        self._group = placement_group(bundles, strategy="STRICT_SPREAD")
        self.handles = [
            make(scheduling_strategy=PlacementGroupSchedulingStrategy(self._group, number))
            for number in range(hosts)
        ]
        self._asked: dict[Any, Any] = {}  # the actors by the reference of what they were asked
        self._failed: Ended | None = None  # how the first one ended that did not end well
        self._failed_at = 0.0
        self._is_lost = False  # whether a node or a worker has died
        self._has_asked = False  # whether the first one was asked to end because of that

    @property
    def asked(self) -> list[Any]:
        """The references of what the others were asked."""
        return list(self._asked)

    def begin(self, task: Mapping[str, Any]) -> Any:
        """Let all begin; gives the reference of what the first one says."""
        hosts = [handle.address.remote() for handle in self.handles]
        first, *others = (
            handle.begin.remote({**task, "host": number}, *hosts)
            for number, handle in enumerate(self.handles)
        )
        self._asked = dict(zip(others, self.handles[1:], strict=True))
        return first

    def hear(self, reference: Any, seconds: float) -> str | None:
        """Hear one of the others, and ask it again; gives the error that it tells."""
        handle = self._asked.pop(reference)
        error: str | None = None
        try:
            messages = self._ray.get(reference)
        except self._ray.exceptions.RayError as lost:
            is_lost = not isinstance(lost, self._ray.exceptions.RayTaskError)
            self._fail(Ended(1, str(lost)), is_lost=is_lost)
            return None
        for message in messages:
            error = message.get("error", error)
            if "code" in message:
                ended = Ended(message["code"], message["words"])
                if ended.code:
                    self._fail(ended, is_lost=_is_of_lost(ended.code))
                return error
        self._asked[handle.next.remote(seconds)] = handle
        return error

    def end_first(self) -> None:
        """Ask the first host to end where another one has failed, and it has not noticed."""
        is_due = time.monotonic() > self._failed_at + _SECONDS_ALONE
        if self._failed is not None and is_due and not self._has_asked:
            self._has_asked = True
            self.handles[0].signal.remote()

    def verdict(self, ended: Ended) -> Ended | None:
        """Tell how the run has ended, as its first host has; None where another one was lost."""
        was_asked = self._has_asked and ended.code > SIGNALLED
        if not _is_of_lost(ended.code) and not was_asked:
            return ended
        return None if self._is_lost else self._failed

    def end(self) -> None:
        """End all, and give the nodes back."""
        closing = [handle.close.remote() for handle in self.handles]
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.wait(closing, num_returns=len(closing), timeout=_SECONDS_TO_END)
        self.kill()

    def kill(self) -> None:
        """End all at once."""
        from ray.util import remove_placement_group

        with contextlib.suppress(self._ray.exceptions.RayError):
            remove_placement_group(self._group)

    def _fail(self, ended: Ended, *, is_lost: bool) -> None:
        self._is_lost = self._is_lost or is_lost
        if self._failed is None:
            self._failed, self._failed_at = ended, time.monotonic()


def _is_of_lost(code: int) -> bool:
    """Say whether a process has ended because another host was lost, or was killed itself."""
    return code < 0 or code == LostHostError.exit_code
