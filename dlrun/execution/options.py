"""What is asked of a run besides its config: its place, its device, its first weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlrun.execution.cluster import Cluster


@dataclass(frozen=True)
class RunOptions:
    """The options of the commands that train; none of them changes what a config means."""

    runs_dir: Path
    command: Sequence[str]  # the command line, for the record
    device: str = "auto"  # `auto`, `cpu`, `gpu` or `gpu:1`
    threads: int | None = 0  # of the CPU; 0: as many as there are cores; None: as the run had them
    report: bool = True  # whether plots and a page are made at the end
    source: str | None = None  # a run from whose weights to begin, for the layers of the same name
    assigned: str | None = None  # the device that a sweep gives to the run; None for `device`
    pauses: Sequence[int] = ()  # epochs; the run waits for its sweep once, after the next of them
    cluster: Cluster = field(default_factory=Cluster)  # how many devices, of which hosts

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> RunOptions:
        """Read what `dataclasses.asdict` and JSON have made of options."""
        cluster = Cluster(**{**told["cluster"], "hosts": tuple(told["cluster"]["hosts"])})
        return cls(**{**told, "runs_dir": Path(told["runs_dir"]), "cluster": cluster})
