"""What works on another machine: one process after the other, and one trial after the other in it.

A `Place` lives in a process of the engine that the machines share; what it is asked for may come
from several threads. Its trials work in processes of their own, as on a GPU of this machine:
signals, crashes and what TensorFlow keeps are theirs.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from dlrun import NUMERICS, __version__
from dlrun.config.yaml import to_yaml
from dlrun.data.files import spool_folder
from dlrun.errors import DlrunError
from dlrun.execution.identity import Machine
from dlrun.execution.options import RunOptions
from dlrun.rundir.environment import environment_facts, host_facts
from dlrun.rundir.lock import holding_lock, lock_state
from dlrun.signals import AT_ONCE, asking_signal
from dlrun.sweeps.processes import MOST_TASKS, Child, spawn
from dlrun.sweeps.remote.luggage import Fetch, Unpacking, prune_cache
from dlrun.sweeps.remote.parcels import Parcels, settle

_PREFIX = "dlrun-place-"
_MOST_BYTES = 2**24
"""So much is sent at a time, or one part more."""


def survey(device: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Say what this machine is: `version` and `machine`, whose threads are those of all cores."""
    facts = {**environment_facts(), "environment": environment}
    return {
        "version": f"{__version__}, numerics {NUMERICS}",
        "machine": asdict(Machine.of(facts, device=device, threads=0)),
        "host": host_facts()["host"],
    }


class Place:
    """Takes one trial at a time, and gives what it says and writes.

    `fetch` gives the pieces of a data file by a reference to it. `environment` are the variables
    that change results, as the sweep has them; `assigned` names those that the engine sets itself.
    `name` tells by which name other machines reach this one.
    """

    def __init__(
        self,
        fetch: Callable[[Any], Iterator[bytes]],
        environment: Mapping[str, str],
        assigned: tuple[str, ...] = (),
        name: Callable[[], str] = socket.gethostname,
    ) -> None:
        _clear_up()
        prune_cache()
        self._fetch = fetch
        self._environment = dict(environment)
        self._assigned = assigned
        self._name = name
        self._home = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=spool_folder()))
        self._lock = contextlib.ExitStack()
        self._lock.enter_context(holding_lock(self._home))
        self._child: Child | None = None
        self._trial: _Trial | None = None
        self._count = 0  # of the trials that the child has taken
        self._signal: int | None = None  # that ended the trial before its process was there
        self._outgoing: Iterator[dict[str, Any]] = iter(())

    def address(self) -> str:
        """Name this machine and a port that is free, where other hosts of a run may find it."""
        with socket.create_server(("", 0)) as server:
            return f"{self._name()}:{server.getsockname()[1]}"

    def begin(self, task: Mapping[str, Any], *hosts: str) -> list[dict[str, Any]]:
        """Begin a trial, or go on with it; gives what `next` does.

        `hosts` are the addresses of all that compute it together, this one among them; none where
        it does so alone. The first one has the run, and sends it home.
        """
        shutil.rmtree(self._home / "runs", ignore_errors=True)
        self._trial = _Trial(self._home / "runs")
        try:
            unpacking = Unpacking(self._fetcher(task["objects"]), task["data_root"])
            given = unpacking.arguments(task["luggage"])
        except DlrunError as error:
            self._outgoing = iter([{"error": str(error)}, {"code": error.exit_code, "words": ""}])
            return self._some_outgoing()
        self._trial.unpacking = unpacking
        config = {**task["config"], "dataset": {**task["config"]["dataset"], **given}}
        options = RunOptions.from_json(task["options"])
        if hosts:
            cluster = replace(options.cluster, hosts=hosts, host=task["host"])
            options = replace(options, cluster=cluster)
        folder = None
        if task["run"] is not None:
            folder = self._trial.home / task["run"]["name"]
            settle(folder, task["run"]["files"], to_yaml(config))
            self._trial.parcels = Parcels(folder) if options.cluster.is_chief else None
        facts = {**environment_facts(), **task["facts"]}
        self._trial.facts = {
            "machine": asdict(
                Machine.of(
                    facts,
                    device=options.device,
                    threads=options.threads or 0,
                    cluster=options.cluster,
                )
            ),
            "node": {**host_facts(), **task["node"]},
            "moved": unpacking.moved,
        }
        if self._child is None:
            self._child, self._count = spawn("dlrun.sweeps.worker", env=self._variables()), 0
        self._count += 1
        self._child.give(
            {
                "config": to_yaml(config),
                "places": task["places"],
                "folder": None if folder is None else str(folder),
                "facts": {**facts, "sweep": task["sweep"]},
                "options": {**asdict(options), "runs_dir": str(self._trial.home)},
                "trust": True,  # the sweep has judged at home
            }
        )
        if self._signal is not None:
            self._child.signal(self._signal)
        return []

    def next(self, seconds: float) -> list[dict[str, Any]]:
        """Wait, not longer than so many seconds, for what there is to say; the last is a `code`."""
        told = self._some_outgoing()
        if told or self._trial is None or self._child is None:
            return told
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.events, selectors.EVENT_READ)
            selector.select(seconds)
        events, is_closed = self._child.read()
        last: list[dict[str, Any]] = []
        for event in events:
            if "folder" in event:
                self._trial.parcels = Parcels(Path(event["folder"]))
            elif "code" in event:
                last = [{"code": event["code"], "words": ""}]
                is_closed = is_closed or event["code"] != 0 or self._count >= MOST_TASKS
            elif "epoch" in event:
                told = [*(one for one in told if "epoch" not in one), event]
            else:
                told.append({**event, "error": self._trial.unpacking.at_home(event["error"])})
        if is_closed:
            ended, self._child = self._child.end(), None
            last = last or [{"code": ended.code, "words": ended.last_words}]
        self._outgoing = self._parcels(last)
        return [*told, *self._some_outgoing()]

    def signal(self, number: int | None = None) -> None:
        """Send the trial a signal: by default one that asks it to end in good order."""
        self._signal = asking_signal() if number is None else number
        if self._child is not None:
            self._child.signal(self._signal)

    def close(self) -> None:
        """End the process, which has no trial, and leave nothing behind."""
        child, self._child = self._child, None
        if child is not None:
            if self._trial is not None:
                child.signal(AT_ONCE)
            child.end()
        self._lock.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def _parcels(self, last: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """What goes home now: a new checkpoint with what belongs to it, in the end everything."""
        trial = self._trial
        parcels = None if trial is None else trial.parcels
        if trial is None or parcels is None or not parcels.folder.exists():
            yield from last
            return
        if last or parcels.has_checkpoint():
            for message in parcels.messages(is_last=bool(last)):
                yield {**message, "node": trial.facts} if "commit" in message else message
        yield from last

    def _some_outgoing(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        size = 0
        for message in self._outgoing:
            told.append(message)
            size += len(message.get("data", b""))
            if "code" in message:
                self._trial = None
            if size > _MOST_BYTES:
                break
        return told

    def _fetcher(self, objects: Mapping[str, Any]) -> Fetch:
        return lambda sha256: self._fetch(objects[sha256])

    def _variables(self) -> dict[str, str]:
        """The variables of the process: those that change results are the sweep's."""
        ours = environment_facts()["environment"].keys() - set(self._assigned)
        others = {name: value for name, value in os.environ.items() if name not in ours}
        return {**others, **self._environment}


class _Trial:
    """The trial at work."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.unpacking: Unpacking
        self.parcels: Parcels | None = None  # None before it has a folder
        self.facts: Mapping[str, Any] = {}


def _clear_up() -> None:
    """Remove what places of dead processes have left on this machine."""
    for left in spool_folder().glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            is_new = time.time() - left.stat().st_mtime < 60  # noqa: PLR2004 - about to be locked
            if not is_new and lock_state(left) == "free":
                shutil.rmtree(left, ignore_errors=True)
