"""Sends a run to MLflow: to a local SQLite store, or to a server."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from dlrun.errors import RunFolderError
from dlrun.rundir.folder import Run
from dlrun.rundir.lock import in_turn
from dlrun.rundir.names import CONFIG, EXTENSION, PLOTS, REPORT, SWEEP
from dlrun.training.listener import Listener

if TYPE_CHECKING:
    from dlrun.trackers import Tracked

NEEDS = ("mlflow",)
STORE: Final = "mlflow"
"""The folder among the runs with the local store."""
_URI: Final = "MLFLOW_TRACKING_URI"
_SETTINGS: Final = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Where the user has set nothing: a server that does not answer holds a training up for seconds,
not for minutes, and nobody else is told of it."""
_SECONDS = 1.0
"""The least time between two letters."""
_MOST: Final = 1000
"""Metrics of one letter, as MLflow limits them."""
_LONGEST: Final = 500
"""Characters of a parameter's value that every server takes."""
_STATUS: Final = {"failed": "FAILED", "interrupted": "KILLED"}
_RUN, _SWEEP, _PARENT = "dlrun.run", "dlrun.sweep", "mlflow.parentRunId"


def track(*, tracked: Tracked, uri: str | None = None, experiment: str | None = None) -> Listener:
    """Send every epoch, the config, the final metrics, the plots and the report to MLflow.

    The runs of a sweep are nested below a run of its own. Where epochs of before are told again
    with other numbers, which MLflow cannot take back, the run begins anew there.

    Args:
        tracked: The run.
        uri: The server, or a store such as sqlite:///mlflow.db; null for MLFLOW_TRACKING_URI, or
            else `mlflow/` among the runs.
        experiment: Of MLflow; null for the name of the experiment.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    return MlflowRun(tracked, uri or os.environ.get(_URI), experiment or tracked.name)


class MlflowRun(Listener):
    """Tells a run of MLflow what it lacks."""

    def __init__(self, tracked: Tracked, uri: str | None, experiment: str) -> None:
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._tracked = tracked
        self._rows: list[Mapping[str, float]] = []  # of all epochs so far
        self._waiting: list[Any] = []
        self._sent_at = time.monotonic()
        path = tracked.run.path.absolute()
        # An extension works in the folder of its run, which is the one that is meant.
        self._folder = path.parent if path.name == EXTENSION else path
        home = self._folder.parent
        if os.path.lexists(home / SWEEP):
            home = home.parent
        if uri is None:
            (home / STORE).mkdir(parents=True, exist_ok=True)
        # One process at a time makes the tables of the store.
        with in_turn(home / STORE) if uri is None else contextlib.nullcontext():
            self._client = MlflowClient(uri or f"sqlite:///{home / STORE / 'mlflow.db'}")
            self._experiment = self._find_experiment(
                experiment, None if uri else (home / STORE / "artifacts").as_uri()
            )
            sweep = (tracked.facts.get("sweep") or {}).get("base")
            self._parent = None if sweep is None else self._find_parent(str(sweep))
        self._id, self._there = self._open()

    def recalled(self, *, epoch: int, logs: Mapping[str, float]) -> None:
        """Send an epoch of before, where it is not there."""
        self.epoch_ended(epoch=epoch, logs=logs)

    def epoch_ended(self, *, epoch: int, logs: Mapping[str, float]) -> None:
        """Send an epoch; what is there already with another number was undone since."""
        self._rows.append(dict(logs))
        told = ((self._there.get((name, epoch), value), value) for name, value in logs.items())
        if any(before != now and not math.isnan(now) for before, now in told):
            self._client.set_tag(self._id, _RUN, f"{self._key} (undone)")
            self._client.set_terminated(self._id, "KILLED")
            self._waiting = []
            self._id, self._there = self._open()
            for number, row in enumerate(self._rows, start=1):
                self._add(number, row)
            return
        self._add(epoch, logs)

    def progressed(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Send what waits, once in a while."""
        del epoch, step, logs
        if time.monotonic() - self._sent_at >= _SECONDS:
            self._send()

    def finished(self) -> None:
        """Send what waits."""
        self._send()

    def completed(self, *, run: Run) -> None:
        """Send the final metrics, and files: the config, the plots, the report."""
        epochs = len(self._rows)
        for split, values in run.metrics.items():
            for name, value in values.items():
                if value is not None and self._there.get((f"{split}/{name}", epochs)) != value:
                    self._waiting.append(self._metric(f"{split}/{name}", value, epochs))
        self._send()
        for name in (CONFIG, REPORT):
            if run.file(name).is_file():
                self._client.log_artifact(self._id, str(run.file(name)))
        if run.file(PLOTS).is_dir():
            self._client.log_artifacts(self._id, str(run.file(PLOTS)), PLOTS)
        self._client.set_terminated(self._id, "FINISHED")
        if self._parent is not None:
            self._client.set_terminated(self._parent, "FINISHED")

    def ended(self, *, status: str) -> None:
        """Say how it ended."""
        self._send()
        self._client.set_terminated(self._id, _STATUS[status])

    @property
    def _key(self) -> str:
        """What tells the run apart from all others; it lasts through extensions and moves."""
        return f"{self._tracked.facts['started']} {self._tracked.name}"

    def _find_experiment(self, name: str, artifacts: str | None) -> str:
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(name)
        if found is None:
            try:
                return str(self._client.create_experiment(name, artifact_location=artifacts))
            except MlflowException:  # another run was quicker
                found = self._client.get_experiment_by_name(name)
        if found is None:
            raise RunFolderError(f"MLflow has no experiment {name!r}, and makes none.")
        return str(found.experiment_id)

    def _find(self, tag: str, value: str) -> list[Any]:
        """Find runs by a tag, the first one first."""
        text = value.replace("'", " ")
        found = self._client.search_runs([self._experiment], f"tags.`{tag}` = '{text}'")
        return sorted(found, key=lambda run: (run.info.start_time, run.info.run_id))

    def _find_parent(self, sweep: str) -> str:
        """Find the run that stands for a sweep, or make it; of two made at once one counts."""
        found = self._find(_SWEEP, sweep)
        if not found:
            name = f"sweep {self._folder.parent.name}"
            self._client.create_run(self._experiment, tags={_SWEEP: sweep}, run_name=name)
            found = self._find(_SWEEP, sweep)
        return str(found[0].info.run_id)

    def _open(self) -> tuple[str, dict[tuple[str, int], float]]:
        """Find the run or make it; gives its id, and its numbers by name and epoch."""
        found = self._find(_RUN, self._key)
        if found:
            run = found[0]
            self._client.update_run(run.info.run_id, "RUNNING")
        else:
            tags = {_RUN: self._key.replace("'", " "), "dlrun.folder": str(self._folder)}
            tags |= {} if self._parent is None else {_PARENT: self._parent}
            name = Run(self._folder).lasting_name
            run = self._client.create_run(self._experiment, tags=tags, run_name=name)
        self._tell_parameters(run.info.run_id, run.data.params)
        there = {
            (one.key, one.step): one.value
            for name in run.data.metrics
            for one in self._client.get_metric_history(run.info.run_id, name)
        }
        return str(run.info.run_id), there

    def _tell_parameters(self, run_id: str, before: Mapping[str, str]) -> None:
        """Send the hyperparameters; MLflow changes none, so a later value is a tag."""
        from mlflow.entities import Param, RunTag

        told = {
            _named(name): str(value)[:_LONGEST]
            for name, value in self._tracked.hyperparameters.items()
        }
        new = [Param(name, value) for name, value in told.items() if name not in before]
        changed = [
            RunTag(f"now.{name}", value)
            for name, value in told.items()
            if before.get(name, value) != value
        ]
        for at in range(0, max(len(new), 1), 100):
            self._client.log_batch(run_id, params=new[at : at + 100], tags=changed[:100])

    def _metric(self, name: str, value: float, step: int) -> Any:
        from mlflow.entities import Metric

        return Metric(_named(name), value, int(time.time() * 1000), step)

    def _add(self, epoch: int, logs: Mapping[str, float]) -> None:
        self._waiting += [
            self._metric(name, value, epoch)
            for name, value in logs.items()
            if (name, epoch) not in self._there
        ]

    def _send(self) -> None:
        while self._waiting:
            part, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            self._client.log_batch(self._id, metrics=part)
        self._sent_at = time.monotonic()


def _named(name: str) -> str:
    """Write a name of letters that MLflow takes: `model.layers.0.units`."""
    return re.sub(r"[^\w. /:-]", "_", re.sub(r"\[(\d+)\]", r".\1", name))
