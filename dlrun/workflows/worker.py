"""What a process of a sweep does: train runs, or go on with them, and tell of it."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.config.loading import load_resolved
from dlrun.config.places import Places
from dlrun.errors import DlrunError, PausedRunError
from dlrun.rundir.files import plain
from dlrun.rundir.folder import create_run, open_run
from dlrun.sweeps.processes import at_work, fork, spawn
from dlrun.training.listener import Listener
from dlrun.workflows.options import RunOptions
from dlrun.workflows.resume import resume
from dlrun.workflows.train import Beginning, train_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dlrun.config import Experiment
    from dlrun.sweeps.jobs import Job
    from dlrun.sweeps.processes import Child, Send
    from dlrun.workflows.assembly import GraphCache

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
        device: Where they were asked to compute: `auto`, `cpu`, `gpu` or `gpu:1`.
        threads: How many threads of the CPU each of them has; 0 for as many as there are cores.
        report: Whether plots and a page are made at the end of each.
        source: The folder of a run from whose weights each begins, or None.
        trust: Whether runs that are not known as the user's own go on.
    """

    runs_dir: Path
    facts: Mapping[str, Any]
    base: str | None
    command: Sequence[str]
    device: str
    threads: int
    report: bool
    source: str | None = None
    trust: bool = False


class Workers:
    """Starts the processes of a sweep, and words their tasks; see `dlrun.sweeps.pool.Staff`.

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

    def start(self, closing: Sequence[int]) -> Child:
        """Start a process."""
        if self._forking:
            return fork(work, closing=[*closing, *self._held])
        return spawn(__name__)

    def task(self, job: Job, device: str) -> dict[str, Any]:
        """Word the task of training a run, or of going on with it."""
        orders = self._orders
        point = {"base": orders.base, "point": dict(job.values), "sample": job.sample}
        task: dict[str, Any] = plain(
            {
                "config": job.experiment.to_yaml(),
                "places": job.experiment.places.to_json(),
                "folder": job.folder,
                "pauses": job.pauses,
                "facts": {**orders.facts, "sweep": point},
                "device": device,
                "asked_device": orders.device,
                "runs_dir": orders.runs_dir,
                "command": orders.command,
                "threads": orders.threads,
                "report": orders.report,
                "source": orders.source,
                "trust": orders.trust,
            }
        )
        return task


def work(tasks: Iterator[dict[str, Any]], send: Send) -> int:
    """Train one run after the other, and tell of each how it ended.

    Args:
        tasks: What `Workers.task` words.
        send: Tells the sweep.

    Returns:
        The exit code: that of the first run that did not end well, after which the process is not
        to be trusted with another one; else 0.
    """
    from dlrun.workflows.assembly import GraphCache

    graph_cache = GraphCache()
    for task in tasks:
        code = carry_out_task(task, send, graph_cache)
        send({"code": code})
        if code:
            return code
        gc.collect()  # a model holds itself in circles
    return 0


def carry_out_task(task: Mapping[str, Any], send: Send, graph_cache: GraphCache) -> int:
    """Train a run, or go on with it.

    Args:
        task: What `Workers.task` words.
        send: Tells the sweep of it.
        graph_cache: What has assembled the runs of this process before.

    Returns:
        The exit code. Whatever goes wrong stands in the record of the run, if there is one.
    """
    options = RunOptions(
        Path(task["runs_dir"]),
        task["command"],
        device=task["asked_device"],
        assigned=task["device"],
        threads=task["threads"],
        report=task["report"],
        source=task["source"],
        pauses=task["pauses"],
    )
    listener = Telling(send)
    try:
        if task["folder"] is not None:
            run = open_run(task["folder"], options.runs_dir)
            resume(run, options, listener, trust=task["trust"])
            return 0
        experiment = load_resolved(task["config"], Places.from_json(task["places"]))
        # Told anew: the data may have changed since the sweep was planned.
        beginning = Beginning.of(experiment, options, task["facts"])
        run = create_run(options.runs_dir, experiment.name)
        send({"folder": str(run.path)})
        train_in(run, beginning, options, listener, graph_cache)
    except PausedRunError:
        return 0
    except DlrunError as error:
        send({"error": str(error)})
        return error.exit_code
    return 0


class Telling(Listener):
    """A listener that tells the sweep; what a run says stays in the run's own log.

    Args:
        send: Takes events.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    def started(self, *, epochs: int, steps: int, first_epoch: int = 0) -> None:
        """Tell where the run begins."""
        del epochs, steps
        self._send({"epoch": first_epoch, "logs": {}})

    def progressed(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Tell how far it is."""
        del step
        self._send({"epoch": epoch, "logs": dict(logs)})


if __name__ == "__main__":
    exit_code = at_work(work)
    sys.stderr.flush()
    os._exit(exit_code)  # nothing is left to tidy up, and TensorFlow would take its time
