"""What a process of a sweep does: train runs, or go on with them, and send how far they are."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from dlrun.config import Experiment
from dlrun.config.loading import load_resolved
from dlrun.config.nodes import Places
from dlrun.errors import DlrunError, PausedRunError
from dlrun.execution.options import RunOptions
from dlrun.execution.run import follow
from dlrun.rundir.files import plain
from dlrun.rundir.folder import create_run, open_run
from dlrun.sweeps.processes import Child, Send, at_work, fork, spawn
from dlrun.sweeps.trials import Trial
from dlrun.training.listener import Listener
from dlrun.workflows.resume import resume
from dlrun.workflows.train import Beginning, train_in

if TYPE_CHECKING:  # it imports TensorFlow
    from dlrun.execution.assembly import GraphCache

_USED = (
    "dlrun.execution.assembly",
    "dlrun.execution.measure",
    "dlrun.execution.run",
    "dlrun.training.trainer",
    "dlrun.backend.device",
    "dlrun.models.build",
)
"""What every run imports while it works."""


class LocalWorkers:
    """Starts the processes of a sweep on this machine, and gives their tasks.

    They are forked, or new ones, as a GPU wants them. `options` are those of each run, `facts` what
    its record holds beside its own; `base` is the hash of the config that all points of a sweep
    begin with. `held` are open files of this process that no forked one may keep.
    """

    def __init__(
        self,
        options: RunOptions,
        *,
        facts: Mapping[str, Any],
        base: str | None = None,
        trust: bool = False,
        forking: bool,
        held: Sequence[int] = (),
    ) -> None:
        self._options = options
        self._facts = facts
        self._base = base
        self._trust = trust
        self._forking = forking
        self._held = list(held)

    def prepare(self, experiments: Sequence[Experiment]) -> None:
        """Import what the runs need, so that no forked process has to."""
        if not self._forking:
            return
        words = [f"datasets.{one.dataset.type}" for one in experiments]
        words += [f"exporters.{export.type}" for one in experiments for export in one.exports]
        names = (f"dlrun.{word}" for word in dict.fromkeys(words))
        for name in ("dlrun.backend", *_USED, *names):
            importlib.import_module(name)

    def start(self, closing: Sequence[int]) -> Child:
        """Start a process that does not keep the open files `closing`."""
        if self._forking:
            return fork(work, closing=[*closing, *self._held])
        return spawn(__name__)

    def task(self, trial: Trial, device: str) -> dict[str, Any]:
        """Give the task of training a trial on a device, or of going on with it, as JSON."""
        sweep = {"base": self._base, "point": dict(trial.values), "sample": trial.sample}
        task = {
            "config": trial.experiment.to_yaml(),
            "places": trial.experiment.places.to_json(),
            "folder": trial.folder,
            "facts": {**self._facts, "sweep": sweep},
            "options": asdict(replace(self._options, assigned=device, pauses=trial.pauses)),
            "trust": self._trust,
        }
        return dict(plain(task))


def work(tasks: Iterator[dict[str, Any]], send: Send) -> int:
    """Train one run after the other, and send of each how it ended.

    Gives the exit code: that of the first run that did not end well, after which the process is not
    to be trusted with another one; else 0.
    """
    from dlrun.data.image_decoding import keep_pixels
    from dlrun.execution.assembly import GraphCache

    keep_pixels()
    graph_cache = GraphCache()
    for task in tasks:
        code = run_trial(task, send, graph_cache)
        send({"code": code})
        if code:
            return code
        gc.collect()  # a model holds itself in circles
    return 0


def run_trial(task: Mapping[str, Any], send: Send, graph_cache: GraphCache) -> int:
    """Train a run, or go on with it, as `LocalWorkers.task` has it; gives the exit code.

    Whatever goes wrong stands in the record of the run, if there is one.
    """
    options = RunOptions.from_json(task["options"])
    listener = PipeListener(send)
    try:
        if task["folder"] is not None:
            run = open_run(task["folder"], options.runs_dir)
            resume(run, options, listener, trust=task["trust"])
            return 0
        experiment = load_resolved(task["config"], Places.from_json(task["places"]))
        if not options.cluster.is_chief:
            follow(experiment, options, listener)
            return 0
        # Anew: the data, and so the identity, may have changed since the sweep was planned.
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


class PipeListener(Listener):
    """Sends the sweep how far a run is; messages stay in the run's own log."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._steps = 1

    def started(self, *, epochs: int, steps: int, first_epoch: int = 0) -> None:
        """Send where the run begins."""
        del epochs
        self._steps = max(steps, 1)
        self._send({"epoch": first_epoch, "part": 0.0, "logs": {}})

    def progressed(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Send how far it is."""
        self._send({"epoch": epoch, "part": step / self._steps, "logs": dict(logs)})


if __name__ == "__main__":
    exit_code = at_work(work)
    sys.stderr.flush()
    os._exit(exit_code)  # nothing is left to tidy up, and TensorFlow would take its time
