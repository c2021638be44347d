"""A run on several devices: which they are, their copies of the model, and what to say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from dlrun.arrays import Splits
from dlrun.backend import tf
from dlrun.backend.device import local_devices, on_gpu, select_device
from dlrun.config import Experiment
from dlrun.data.samples import hash_samples
from dlrun.errors import DlrunError
from dlrun.execution.assembly import Assembly, build, compile_model
from dlrun.execution.cluster import Cluster
from dlrun.execution.meeting import joining, meet
from dlrun.execution.options import RunOptions
from dlrun.rundir.environment import environment_facts
from dlrun.rundir.integrity import digest
from dlrun.training.replicas import ReplicatedSteps, draws, normalizations
from dlrun.training.state import build_optimizer


@dataclass(frozen=True)
class Devices:
    """What a run computes on, chosen and joined."""

    cluster: Cluster
    facts: Mapping[str, Any]  # for the record
    strategy: Any  # a `tf.distribute.Strategy`; None for one device

    def replicated(
        self, experiment: Experiment, assembly: Assembly, say: Callable[[str], None]
    ) -> Assembly:
        """Give every further device a copy of a model; say what is otherwise than on one."""
        if self.strategy is None:
            return assembly
        copies = [assembly.steps]
        for device in self.strategy.extended.worker_devices[1:]:  # of this host
            # In a thread of its own, where Keras knows no names yet: see `build_model`.
            with ThreadPoolExecutor(max_workers=1) as thread:
                copies.append(thread.submit(_copy, experiment, assembly, device).result())
        cluster = self.cluster
        steps = ReplicatedSteps(copies, self.strategy, hosts=cluster.hosts, host=cluster.host)
        for line in _told(experiment, assembly.model, cluster.num_replicas):
            say(line)
        return replace(assembly, steps=steps)


def choose_devices(
    experiment: Experiment, options: RunOptions, splits: Splits, say: Callable[[str], None]
) -> Devices:
    """Choose what a run computes on; must come before TensorFlow's first operation.

    Of several hosts, each waits here for the others, and holds what it is to compute against what
    they are: the rows of `splits` too.
    """
    cluster, threads = options.cluster, options.threads or 0
    word = options.assigned or options.device
    facts = select_device(word, threads=threads, count=cluster.devices or 1)
    if cluster.hosts:
        meet(cluster, _agreed(experiment, cluster, splits, facts["device"]), say=say)
        say("joining the hosts ...")
    strategy = _strategy(cluster) if cluster.num_replicas > 1 else None
    named = {"device": cluster.named(facts["device"])}
    return Devices(cluster, {**facts, **named, **cluster.facts()}, strategy)


def _strategy(cluster: Cluster) -> Any:
    """Make TensorFlow's strategy for the devices of this host, or join the others."""
    if not cluster.hosts:
        return mirrored(tuple(local_devices()))
    how = tf.distribute.experimental.CommunicationImplementation
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=how.NCCL if on_gpu() else how.RING
    )
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(cluster.hosts)}),
        task_type="worker",
        task_id=cluster.host,
        rpc_layer="grpc",
    )
    try:
        with joining(cluster):
            return tf.distribute.MultiWorkerMirroredStrategy(resolver, options)
    except (RuntimeError, ValueError, tf.errors.OpError) as error:
        what = f"TensorFlow cannot join {', '.join(cluster.hosts)}: {error}"
        raise DlrunError(what, fix="Is the port of this host free, and open to the others?") from (
            error
        )


@cache
def mirrored(devices: tuple[str, ...]) -> Any:
    """Return the strategy for devices of this process, such as `CPU:0`."""
    # One for all runs of a process: a second one would number its exchanges from the first again,
    # and TensorFlow takes them for those of the one before.
    return tf.distribute.MirroredStrategy(devices)


def _agreed(
    experiment: Experiment, cluster: Cluster, splits: Splits, device: str
) -> dict[str, str]:
    """What all hosts must have in common, texts by what they are of."""
    versions = environment_facts()["versions"]
    return {
        "the version of dlrun": str(versions["dlrun"]),
        "the version of TensorFlow": str(versions["tensorflow"]),
        "the list of hosts": ", ".join(cluster.hosts),
        "the number of devices": str(cluster.devices or 1),
        "the kind of device": device.partition(":")[0],
        "the config": digest(_without_folders(experiment.as_dict())),
        "the data": digest(hash_samples(splits.present())),
    }


def _without_folders(value: Any) -> Any:
    """Leave of every path its last part: hosts may have the same file in different places."""
    if isinstance(value, Path):
        return value.name
    if isinstance(value, dict):
        return {key: _without_folders(one) for key, one in value.items()}
    return [_without_folders(one) for one in value] if isinstance(value, list | tuple) else value


def _copy(experiment: Experiment, assembly: Assembly, device: str) -> Any:
    """Make the model of an assembly once more, on another device; its weights come later."""
    with tf.device(device):
        model = build(experiment, assembly.spec, keep_graphs=True)
        steps = compile_model(model, experiment, assembly.spec)
        build_optimizer(model)
    return steps


def _told(experiment: Experiment, model: Any, count: int) -> list[str]:
    lines = []
    found = [one.name for one in normalizations(model)]
    if found:
        lines.append(
            f"synchronized: {', '.join(found)} takes means over whole batches, of all {count} "
            "devices"
        )
    if draws(model):
        lines.append(
            f"each of the {count} devices draws dropout and noise for its own rows: other numbers "
            "than one device would draw"
        )
    if on_gpu() and experiment.training.jit_compile == "auto":
        lines.append("jit_compile: auto is off where several devices share a batch")
    return lines
