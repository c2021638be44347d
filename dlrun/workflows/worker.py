"""What a process of a sweep does: train one run, or go on with it, and tell of it."""

from __future__ import annotations

import importlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.config import load_config
from dlrun.errors import DlrunError
from dlrun.rundir.folder import create_run
from dlrun.sweeps.processes import fork, spawn, told_by_parent
from dlrun.workflows.opening import open_trained
from dlrun.workflows.resume import resume
from dlrun.workflows.train import train_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlrun.config import Experiment
    from dlrun.sweeps.jobs import Job
    from dlrun.sweeps.processes import Child, Send

_USED = (
    "dlrun.workflows.assembly",
    "dlrun.workflows.course",
    "dlrun.workflows.measure",
    "dlrun.workflows.starting",
    "dlrun.training.trainer",
    "dlrun.backend.device",
    "dlrun.models.summary",
)
"""What every run imports while it works."""


@dataclass(frozen=True)
class Orders:
    """What is the same for all runs of a sweep.

    Attributes:
        runs_dir: Where the run folders are made.
        facts: What is recorded of each.
        base: The hash of the config that all points of a sweep begin with; None without one.
        command: The command line, for the record.
        threads: How many threads of the CPU each of them has; 0 for as many as there are cores.
        report: Whether plots and a page are made at the end of each.
        source: A run from whose weights each begins, or None.
    """

    runs_dir: Path
    facts: Mapping[str, Any]
    base: str | None
    command: Sequence[str]
    threads: int
    report: bool
    source: str | None = None


class Workers:
    """Starts the processes of a sweep.

    Args:
        orders: What is the same for all runs.
        forking: Whether processes are forked; else they are new ones, as a GPU wants them.
        held: Open files of this process that no forked one may keep.
    """

    def __init__(self, orders: Orders, *, forking: bool, held: Sequence[int] = ()) -> None:
        self._orders = orders
        self._forking = forking
        self._held = list(held)

    def prepare(self, experiments: Sequence[Experiment]) -> None:
        """Import what the runs need, so that no forked process has to.

        Args:
            experiments: The configs.
        """
        if not self._forking:
            return
        components = [one.dataset.type for one in experiments]
        exports = [export.type for one in experiments for export in one.exports]
        names = [f"dlrun.datasets.{word}" for word in dict.fromkeys(components)]
        names += [f"dlrun.exporters.{word}" for word in dict.fromkeys(exports)]
        for name in ("dlrun.backend", *_USED, *names):
            importlib.import_module(name)

    def start(self, job: Job, device: str, closing: Sequence[int]) -> Child:
        """Start a process; see `dlrun.sweeps.pool.Start`."""
        point = {"base": self._orders.base, "point": dict(job.values), "sample": job.sample}
        facts = {**self._orders.facts, "identity": job.identity, "sweep": point}
        if self._forking:
            # The folder and the pause are those of now: a child sees later changes no more.
            return fork(
                lambda send: work_on(
                    job.experiment,
                    folder=job.folder,
                    pause_after=job.pause_after,
                    orders=self._orders,
                    facts=facts,
                    device=device,
                    send=send,
                ),
                closing=[*closing, *self._held],
            )
        orders = self._orders
        return spawn(
            __name__,
            {
                "config": job.experiment.to_yaml(),
                "folder": job.folder and str(job.folder),
                "pause_after": job.pause_after,
                "facts": facts,
                "device": device,
                "runs_dir": str(orders.runs_dir),
                "command": list(orders.command),
                "threads": orders.threads,
                "report": orders.report,
                "source": orders.source,
            },
        )


def work_on(
    experiment: Experiment,
    *,
    folder: Path | None,
    pause_after: int | None,
    orders: Orders,
    facts: Mapping[str, Any],
    device: str,
    send: Send,
) -> int:
    """Train a run, or go on with it.

    Args:
        experiment: Its config.
        folder: Its folder; None to begin.
        pause_after: The epoch after which it is to pause; None for never.
        orders: What is the same for all runs.
        facts: What is recorded of it.
        device: Where it computes.
        send: Tells the sweep of it.

    Returns:
        The exit code. Whatever goes wrong stands in the record of the run, if there is one.
    """
    listener = Telling(send)
    try:
        if folder is not None:
            resume(
                str(folder),
                runs_dir=orders.runs_dir,
                epochs=None,
                trust=False,
                command=orders.command,
                listener=listener,
                device=device,
                threads=orders.threads,
                report=orders.report,
                pause_after=pause_after,
            )
            return 0
        source = None if orders.source is None else open_trained(orders.source, orders.runs_dir)
        run = create_run(orders.runs_dir, experiment.name)
        send({"folder": str(run.path)})
        train_in(
            run,
            experiment,
            facts={"command": list(orders.command), **facts},
            listener=listener,
            device=device,
            threads=orders.threads,
            report=orders.report,
            source=source,
            pause_after=pause_after,
        )
    except DlrunError as error:
        send({"error": str(error)})
        return error.exit_code
    return 0


class Telling:
    """A listener that tells the sweep.

    Args:
        send: Takes events.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    def message(self, text: str) -> None:
        """Keep it to the run's own log."""

    def started(self, *, epochs: int, steps: int, first_epoch: int = 0) -> None:
        """Tell where the run begins."""
        del epochs, steps
        self._send({"epoch": first_epoch, "logs": {}})

    def progressed(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Tell how far it is."""
        del step
        self._send({"epoch": epoch, "logs": dict(logs)})

    def finished(self) -> None:
        """Nothing to tell: the end of the process will."""


def _be_spawned() -> int:
    """Be the process that `Workers.start` has spawned."""
    task, send = told_by_parent()
    with tempfile.TemporaryDirectory(prefix="dlrun-") as place:
        config = Path(place) / "config.yaml"
        config.write_text(task["config"], "utf-8")
        experiment = load_config(config)
    return work_on(
        experiment,
        folder=task["folder"] and Path(task["folder"]),
        pause_after=task["pause_after"],
        orders=Orders(
            Path(task["runs_dir"]),
            task["facts"],
            None,
            task["command"],
            task["threads"],
            task["report"],
            task["source"],
        ),
        facts=task["facts"],
        device=task["device"],
        send=send,
    )


if __name__ == "__main__":
    sys.exit(_be_spawned())
