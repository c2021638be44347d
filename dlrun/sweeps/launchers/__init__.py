"""Where the trials of a sweep work: a shelf, one file is one word."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from dlrun.config import Experiment
from dlrun.errors import UsageError
from dlrun.execution.cluster import Cluster
from dlrun.execution.identity import Machine
from dlrun.execution.options import RunOptions
from dlrun.sweeps.pool import Launcher, SweepListener
from dlrun.wording import did_you_mean, listed

if TYPE_CHECKING:
    from dlrun.sweeps.runner import SweepOptions


DEFAULT = "local"


@dataclass(frozen=True)
class Order:
    """What trials are to do, wherever they work."""

    run: RunOptions  # of each, its threads told
    base: str | None  # the hash of the config that all points of a sweep begin with
    trust: bool  # whether unfinished runs go on that are not known as the user's own
    experiments: Sequence[Experiment]  # those of the trials, or configs like them
    held: Sequence[int]  # open files that no process of a run may keep


@dataclass(frozen=True)
class Placing:
    """What a run takes of a cluster of machines, and where that is."""

    address: str = "auto"
    cpus: float = 1.0  # of each run, on each of its hosts
    gpus: float = 0.0
    hosts: int = 1  # nodes that compute a run together, each with so many CPUs and GPUs
    data_root: Path | None = None  # where its nodes find data; None where files are to travel
    base: Path = Path()  # the folder below which files are looked for below `data_root`

    @property
    def cluster(self) -> Cluster:
        """What each run computes on; the addresses of its hosts are not known yet."""
        devices = int(self.gpus) if self.gpus > 1 else None
        return Cluster(devices, ("",) * self.hosts if self.hosts > 1 else ())


class Site(Protocol):
    """A place for trials that has been looked at: so many at a time, with so many threads each."""

    workers: int
    threads: int

    def machines(self, threads: int, known: Sequence[Machine]) -> list[Machine]:
        """Tell what changes the bits of a run there, that of most runs first.

        `known` are machines of a cluster on which runs have been trained that are there already.
        """

    def open(self, order: Order) -> Launcher:
        """Be ready for trials."""


def named(word: str) -> Callable[[SweepOptions, SweepListener], Site]:
    """Find what looks at a place for trials, by its word.

    Raises:
        UsageError: There is no such word.
    """
    words = [module.name for module in pkgutil.iter_modules(__path__)]
    if word not in words:
        fix = did_you_mean(word, words) or f"Use one of {listed(words)}."
        raise UsageError(f"{word!r} is no place for runs.", where="--on", fix=fix)
    module = importlib.import_module(f"{__name__}.{word}")
    return cast("Callable[[SweepOptions, SweepListener], Site]", module.site)
