"""`ray`: the nodes of a Ray cluster, which share no file system; the sweep's folder is the truth.

A place is an actor of its own, with so many CPUs and GPUs, and takes one trial after the other: so
TensorFlow is imported once for many of them. What it says and writes is asked for, part by part;
that works through `ray://` too. A trial whose place is lost goes on in another one, from the last
checkpoint that came.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun import NUMERICS, __version__
from dlrun.errors import DlrunError, LostHostError, UsageError
from dlrun.execution.cluster import check_shared
from dlrun.execution.identity import Machine
from dlrun.rundir.environment import environment_facts
from dlrun.rundir.files import plain
from dlrun.signals import AT_ONCE, CAUGHT
from dlrun.sweeps.processes import Ended
from dlrun.sweeps.remote.hosts import HostGroup, groups_on
from dlrun.sweeps.remote.luggage import PIECE_BYTES, Luggage, hashes_of
from dlrun.sweeps.remote.node import Place, survey
from dlrun.sweeps.remote.parcels import Arrivals, Home, luggage_of, remove_stages
from dlrun.sweeps.trials import Trial
from dlrun.wording import count

if TYPE_CHECKING:
    from dlrun.sweeps.launchers import Order, Placing
    from dlrun.sweeps.pool import Event, SweepListener
    from dlrun.sweeps.runner import SweepOptions

_SECONDS_BETWEEN_LOOKS = 2.0  # at the nodes of the cluster
_SECONDS_OF_A_CALL = 1.0
_SECONDS_FOR_NODES = 60.0  # in which each has to say what it is
_SECONDS_TO_CONNECT = 10.0
_MOST_LOSSES = 3  # of one trial in a row, with no checkpoint between
_GPUS = "CUDA_VISIBLE_DEVICES"  # which Ray sets


def site(options: SweepOptions, listener: SweepListener) -> Site:
    """Connect to the cluster, and ask its nodes what they are."""
    return Site(_connected(options.placing.address), options, listener)


@dataclass(frozen=True)
class _Node:
    """A node that is there."""

    id: str
    name: str
    resources: Mapping[str, float]

    def places(self, cpus: float, gpus: float) -> int:
        """How many runs it takes at a time."""
        asked = {"CPU": cpus, "GPU": gpus}
        most = [self.resources.get(key, 0.0) / one + 1e-9 for key, one in asked.items() if one]
        return int(min(most, default=0))


class Site:
    """A Ray cluster."""

    def __init__(self, ray: Any, options: SweepOptions, listener: SweepListener) -> None:
        self._ray = ray
        self._options = options
        self._listener = listener
        self._device = "gpu" if options.placing.gpus else "cpu"
        self._here = environment_facts()
        self.threads = options.run.threads or max(1, int(options.placing.cpus))
        self._machines = self._survey()
        self._had_places = False
        self.workers = self._places()
        if not self.workers:
            asked = f"{options.placing.cpus:g} CPUs and {options.placing.gpus:g} GPUs"
            what, fix = f"no node of the cluster has {asked} for a run.", "--cpus-per-run"
            if options.placing.hosts > 1:
                what = f"no {options.placing.hosts} nodes of the cluster have {asked} each."
                fix = "--hosts-per-run"
            raise UsageError(what, where="--on ray", fix=f"Give a smaller {fix}.")

    def machines(self, threads: int, known: Sequence[Machine]) -> list[Machine]:
        """Tell what changes the bits of a run on each kind of node, the most frequent first.

        What nodes have finished that are no longer there is not done again.
        """
        cluster = self._options.placing.cluster
        here = [
            replace(machine, threads=threads, device=cluster.named(machine.device))
            for machine in self._machines
        ]
        return [*here, *(one for one in known if one not in here)]

    def open(self, order: Order) -> RayLauncher:
        """Be ready for trials."""
        placing = self._options.placing
        _connected(placing.address)  # A run that was measured before has ended the connection.
        remove_stages(order.run.runs_dir)
        for experiment in order.experiments:
            check_shared(experiment, placing.cluster, self._device)
        run = replace(order.run, device=self._device, cluster=placing.cluster)
        facts = {key: self._here[key] for key in ("environment", "git")}
        return RayLauncher(self._ray, replace(order, run=run), placing, facts, self._places)

    def _places(self) -> int:
        placing = self._options.placing
        each = [one.places(placing.cpus, placing.gpus) for one in _nodes(self._ray)]
        most = groups_on(each, placing.hosts)
        if not most and self._had_places:
            self._listener.message("no node is left that can take a run; waiting for one")
        self._had_places = most > 0
        return min(most, self._options.workers or most)

    def _survey(self) -> list[Machine]:
        """Ask every node that can take a run what it is; say where they differ."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        placing = self._options.placing
        nodes = [one for one in _nodes(self._ray) if one.places(placing.cpus, placing.gpus)]
        asking = self._ray.remote(num_cpus=0, max_retries=2)(survey)
        self._listener.doing(f"asking {count(len(nodes), 'node')} ...")
        environment = _settled(self._here["environment"])
        answers = []
        for node in nodes:
            there = NodeAffinitySchedulingStrategy(node.id, soft=True)
            answers.append(
                asking.options(scheduling_strategy=there).remote(self._device, environment)
            )
        machines: Counter[str] = Counter()
        known: dict[str, Machine] = {}
        for node, answer in zip(nodes, answers, strict=True):
            told = self._answer(node, answer)
            machine = Machine(**told["machine"])
            key = repr((machine.versions, machine.processor, machine.device))
            known[key] = machine
            machines[key] += 1
        if len(machines) > 1:
            kinds = "; ".join(
                f"{number} x {known[key].processor}, "
                + ", ".join(f"{name} {one}" for name, one in known[key].versions.items())
                for key, number in machines.most_common()
            )
            what = f"warning: the nodes differ ({kinds}): the last bits of a run may depend on"
            self._listener.message(f"{what} where it works, which its run.json says")
        return [known[key] for key, _ in machines.most_common()]

    def _answer(self, node: _Node, answer: Any) -> dict[str, Any]:
        try:
            told = dict(self._ray.get(answer, timeout=_SECONDS_FOR_NODES))
        except self._ray.exceptions.RayError as error:
            why = _line(error)
            if "No module named" in why:
                what = f"dlrun is not installed on node {node.name}: {why}"
                fix = "pip install 'dlrun[ray]' there, in the Python that runs Ray."
                raise UsageError(what, where="--on ray", fix=fix) from error
            what = f"node {node.name} does not answer: {why}"
            raise DlrunError(what, where="--on ray") from error
        ours = f"{__version__}, numerics {NUMERICS}"
        if told["version"] != ours:
            what = f"node {node.name} has dlrun {told['version']}; here it is {ours}."
            fix = "Install the same version on all nodes."
            raise UsageError(what, where="--on ray", fix=fix)
        return told


@dataclass(eq=False)
class _Actor:
    """A place on a node, and the trial in it."""

    handle: Any
    trial: Trial | None = None
    arrivals: Arrivals | None = None
    asked: Any = None  # the reference of what it was asked last
    losses: int = 0  # of its trial, in a row
    group: HostGroup | None = None  # where it is the first of several hosts


class RayLauncher:
    """Trials in actors of a cluster."""

    def __init__(
        self,
        ray: Any,
        order: Order,
        placing: Placing,
        facts: Mapping[str, Any],
        count_places: Callable[[], int],
    ) -> None:
        self._ray = ray
        self._order = order
        self._placing = placing
        self._facts = facts
        self._count_places = count_places
        self._actors: list[_Actor] = []
        self._places = 0
        self._next_look = 0.0
        self._is_closed = False
        self._said: list[tuple[Trial, Event]] = []  # of trials that could not begin
        self._luggage = Luggage(placing.base)
        self._objects: dict[str, list[Any]] = {}  # the pieces of each file, by its hash

    @property
    def places(self) -> int:
        """As many as the nodes have that are there now."""
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
            self._places = self._count_places()
        return self._places

    def submit(self, trial: Trial) -> None:
        """Let a trial work in an actor that has none, or in a new one."""
        self._submit(trial, losses=0)

    def wait(self, seconds: float) -> list[tuple[Trial, Event]]:
        """Take what has come."""
        if self._said:
            said, self._said = self._said, []
            return said
        waiting = {one.asked: one for one in self._actors if one.asked is not None}
        for actor in self._actors:
            if actor.group is not None:
                actor.group.end_first()
                waiting |= dict.fromkeys(actor.group.asked, actor)
        if not waiting:
            time.sleep(seconds)
            return []
        ready, _ = self._ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        if not ready:
            ready, _ = self._ray.wait(list(waiting), num_returns=1, timeout=seconds)
        heard: list[tuple[Trial, Event]] = []
        for reference in ready:
            actor = waiting[reference]
            if actor.group is None or reference == actor.asked:
                heard += self._hear(actor, reference)
            elif actor.trial is not None:
                error = actor.group.hear(reference, _SECONDS_OF_A_CALL)
                heard += [] if error is None else [(actor.trial, {"error": error})]
        return heard

    def cancel(self, number: int | None = None) -> None:
        """Send the process of every trial a signal; at once is at once."""
        for actor in self._actors:
            if number == AT_ONCE:
                self._kill(actor)
            elif actor.trial is not None:
                actor.handle.signal.remote(number)

    def close(self) -> None:
        """Take no more trials."""
        self._is_closed = True
        for actor in [one for one in self._actors if one.trial is None]:
            self._dismiss(actor)

    def is_open(self) -> bool:
        """Say whether a trial is at work; where none is, the connection ends."""
        if self._actors or self._said:
            return True
        self._ray.shutdown()
        return False

    def _submit(self, trial: Trial, *, losses: int) -> None:
        actor = next((one for one in self._actors if one.trial is None), None)
        if actor is None:
            actor = self._new_actor()
            self._actors.append(actor)
        home = Home(trial.experiment, tuple(self._order.run.command), None)
        folder = None if trial.folder is None else Path(trial.folder)
        try:
            actor.arrivals = Arrivals(self._order.run.runs_dir, folder, home)
            task = self._task(trial)
        except DlrunError as error:
            # Another process has its run, or the data are gone.
            self._free(actor)
            self._said += [(trial, {"error": str(error)}), (trial, Ended(error.exit_code, ""))]
            return
        actor.trial, actor.losses = trial, losses
        begin = actor.handle.begin.remote if actor.group is None else actor.group.begin
        actor.asked = begin(task)

    def _new_actor(self) -> _Actor:
        placing = self._placing
        kind = self._ray.remote(
            num_cpus=placing.cpus,
            num_gpus=placing.gpus,
            max_restarts=0,
            max_concurrency=2,  # a signal comes while it is waited for what a trial says
        )(Place)
        assigned = (_GPUS,) if placing.gpus else ()
        told = (_fetched, _settled(self._facts["environment"]), assigned, _own_address)

        def make(**options: Any) -> Any:
            return (kind.options(**options) if options else kind).remote(*told)

        if placing.hosts == 1:
            return _Actor(make())
        resources = {"CPU": placing.cpus, "GPU": placing.gpus}
        group = HostGroup(self._ray, placing.hosts, resources, make)
        return _Actor(group.handles[0], group=group)

    def _task(self, trial: Trial) -> dict[str, Any]:
        run = None
        if trial.folder is not None:
            folder = Path(trial.folder)
            run = {"name": folder.name, "files": luggage_of(folder)}
        root = self._placing.data_root
        luggage = self._luggage.of(trial.experiment, travels=root is None)
        hashes = [] if root is not None else hashes_of(luggage)
        options = replace(self._order.run, pauses=trial.pauses, assigned=None)
        task = {
            "places": trial.experiment.places.to_json(),
            "sweep": {"base": self._order.base, "point": trial.values, "sample": trial.sample},
            "facts": {**self._facts, "environment": _settled(self._facts["environment"])},
            "options": asdict(options),
            "node": {"engine": f"ray {self._ray.__version__}"},
            "luggage": luggage,
            "data_root": None if root is None else str(root),
        }
        objects = {sha256: self._pieces(sha256) for sha256 in hashes}
        config = trial.experiment.as_dict()
        return {**plain(task), "config": config, "run": run, "objects": objects}

    def _pieces(self, sha256: str) -> list[Any]:
        """Put a file where every node may get it from, once."""
        if sha256 not in self._objects:
            pieces = []
            with self._luggage.paths[sha256].open("rb") as file:
                while piece := file.read(PIECE_BYTES):
                    pieces.append(self._ray.put(piece))
            self._objects[sha256] = pieces
        return self._objects[sha256]

    def _hear(self, actor: _Actor, reference: Any) -> list[tuple[Trial, Event]]:
        trial, arrivals = actor.trial, actor.arrivals
        if trial is None or arrivals is None:
            return []
        actor.asked = None
        try:
            messages = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            self._free(actor)
            self._drop(actor)
            return [(trial, {"error": _line(error)}), (trial, Ended(1, _line(error)))]
        except self._ray.exceptions.RayError as error:
            return self._lost(actor, trial, error)
        heard: list[tuple[Trial, Event]] = []
        for message in messages:
            if "file" in message:
                arrivals.take(message)
            elif "commit" in message:
                arrivals.commit(message["commit"], message["node"])
                trial.folder = arrivals.folder
                trial.identity = arrivals.identity or trial.identity
            elif "code" in message:
                heard += self._ended(actor, trial, Ended(message["code"], message["words"]))
            else:
                heard.append((trial, message))
        if actor.trial is not None:
            actor.asked = actor.handle.next.remote(_SECONDS_OF_A_CALL)
        elif self._is_closed and actor in self._actors:
            self._dismiss(actor)
        return heard

    def _ended(self, actor: _Actor, trial: Trial, ended: Ended) -> list[tuple[Trial, Event]]:
        """Hear that a trial has ended; what several hosts have computed ends with all of them."""
        if actor.group is None:
            self._free(actor)
            return [(trial, ended)]
        verdict = actor.group.verdict(ended)
        actor.group.end()
        if verdict is None:
            return self._lost(actor, trial, LostHostError("one of its hosts has died"))
        self._free(actor)
        self._drop(actor)  # a process of TensorFlow joins others once
        return [(trial, verdict)]

    def _lost(self, actor: _Actor, trial: Trial, error: Exception) -> list[tuple[Trial, Event]]:
        """Let a trial go on elsewhere, unless that has come to nothing again and again."""
        losses = 1 if actor.arrivals and actor.arrivals.commits else actor.losses + 1
        self._free(actor)
        self._drop(actor)
        if self._is_closed or losses >= _MOST_LOSSES:
            return [(trial, Ended(-int(AT_ONCE), f"its worker was lost: {_line(error)}"))]
        where = "anew" if trial.folder is None else "from its last checkpoint"
        line = f"a worker was lost ({_line(error)}); its run goes on elsewhere, {where}"
        self._submit(trial, losses=losses)
        return [(trial, {"message": line})]

    def _free(self, actor: _Actor) -> None:
        if actor.arrivals is not None:
            actor.arrivals.close()
        actor.trial, actor.arrivals = None, None

    def _drop(self, actor: _Actor) -> None:
        """Forget an actor that may still be there, where nobody listens to it any more."""
        self._actors.remove(actor)
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._kill(actor)

    def _kill(self, actor: _Actor) -> None:
        if actor.group is None:
            self._ray.kill(actor.handle)
        else:
            actor.group.kill()

    def _dismiss(self, actor: _Actor) -> None:
        """End an actor in good order."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.get(actor.handle.close.remote(), timeout=_SECONDS_FOR_NODES)
        self._drop(actor)


def _fetched(pieces: Sequence[Any]) -> Iterator[bytes]:
    """Get the pieces of a file, one at a time; for a node."""
    import ray

    for piece in pieces:
        yield ray.get(piece)


def _own_address() -> str:
    """Tell by which address the other nodes reach this one; for a node."""
    import ray

    return str(ray.util.get_node_ip_address())


def _settled(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that change results, but the one that Ray sets for every run by itself."""
    return {name: value for name, value in environment.items() if name != _GPUS}


def _nodes(ray: Any) -> list[_Node]:
    """The nodes that are there."""
    return [
        _Node(one["NodeID"], one["NodeManagerHostname"], one["Resources"])
        for one in ray.nodes()
        if one["Alive"]
    ]


def _connected(address: str) -> Any:
    """Connect to a cluster that is there; signals stay those of this process."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError as error:
        what = "runs on other machines need Ray, which is not installed."
        raise UsageError(what, where="--on ray", fix="pip install 'dlrun[ray]'") from error
    _check_answer(address)
    before = {number: signal.getsignal(number) for number in CAUGHT}
    try:
        if not ray.is_initialized():
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
            # What it says of dead workers would go to stdout, for which it has no other switch.
            if internal := sys.modules.get("ray._private.worker"):
                vars(internal)["_worker_logs_enabled"] = False
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        raise _no_answer(address, error) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return ray


def _check_answer(address: str) -> None:
    """Refuse an address at which nobody listens: Ray itself would try for minutes."""
    found = re.fullmatch(r"(?:ray://)?([^/?]+):(\d+)(?:[/?].*)?", address)
    if found is None:
        return
    try:
        socket.create_connection((found[1], int(found[2])), timeout=_SECONDS_TO_CONNECT).close()
    except (OSError, OverflowError) as error:
        raise _no_answer(address, error) from error


def _no_answer(address: str, error: Exception) -> UsageError:
    what = f"no Ray cluster answers: {_line(error)}"
    fix = "`ray start --head` starts one here; --address ray://HOST:10001 names another one."
    return UsageError(what, where=f"--address {address}", fix=fix)


def _line(error: BaseException) -> str:
    """What an error of Ray says, in one line: the last one of a traceback that came with it."""
    cause = getattr(error, "cause", None) or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    if not lines:
        return type(cause).__name__
    return lines[-1] if lines[0].startswith("\x1b") or "Traceback" in str(cause) else lines[0]
