"""On how many devices, of which hosts, a run computes; what of a config cannot be shared out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlrun.errors import ConfigError, Problem, UsageError
from dlrun.wording import printable

if TYPE_CHECKING:
    from dlrun.config import Experiment

TF_CONFIG = "TF_CONFIG"
"""The variable by which TensorFlow, and schedulers that know it, name the hosts of a training."""

_ADDRESS = re.compile(r"([A-Za-z0-9._-]+):(\d{1,5})")
_MOST_DEVICES = 1024
_EXAMPLE = '{"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}'


@dataclass(frozen=True)
class Cluster:
    """What a run computes on, data parallel: every batch is shared out among all devices."""

    devices: int | None = None  # of each host; None: as the run had them, and 1 for a new one
    hosts: tuple[str, ...] = ()  # `name:port`; the first one writes; empty: this machine alone
    host: int = 0  # which of them this is

    @property
    def num_replicas(self) -> int:
        """How many devices there are in all."""
        return (self.devices or 1) * max(len(self.hosts), 1)

    @property
    def is_chief(self) -> bool:
        """Whether this host has the run folder, and writes."""
        return self.host == 0

    def named(self, device: str) -> str:
        """Say on what a run computes: `cpu`, `2 x cpu`, `2 x cpu on 3 hosts`."""
        devices = device if (self.devices or 1) == 1 else f"{self.devices} x {device}"
        return f"{devices} on {len(self.hosts)} hosts" if self.hosts else devices

    def facts(self) -> dict[str, Any]:
        """What the record says of it; nothing of a run on one device."""
        told = {"devices": self.devices or 1, "hosts": list(self.hosts)}
        return told if self.num_replicas > 1 else {}

    def as_recorded(self, record: Mapping[str, Any]) -> Cluster:
        """Take the number of devices that a run had, where nothing else was asked for."""
        count = record.get("devices")
        is_count = type(count) is int and 0 < count <= _MOST_DEVICES
        return self if self.devices or not is_count else replace(self, devices=count)


def read_cluster(
    devices: int | None, hosts: str | None, host: int | None, environment: Mapping[str, str]
) -> Cluster:
    """Read `--devices`, `--hosts` and `--host`; without hosts, those that `TF_CONFIG` names."""
    if hosts is None:
        if host is not None:
            raise UsageError("says nothing without --hosts.", where="--host")
        told = _from_environment(environment.get(TF_CONFIG, ""))
        return replace(told, devices=devices)
    names = tuple(name.strip() for name in hosts.split(",") if name.strip())
    _check_addresses(names, "--hosts")
    if host is None:
        what = f"which of the {len(names)} hosts is this one?"
        fix = f"Give --host 0 on {names[0]}, where the run folder will be, --host 1 on the next ..."
        raise UsageError(what, where="--host", fix=fix)
    if host >= len(names):
        what = f"there is no host {host}: --hosts names {len(names)}, counted from 0."
        raise UsageError(what, where="--host")
    return Cluster(devices, names, host)


def _check_addresses(names: Sequence[str], where: str) -> None:
    wrong = [name for name in names if not _is_address(name)]
    if wrong:
        what = f"{wrong[0]!r} is no host with a port."
        raise UsageError(what, where=where, fix="Write name:port for each, such as a:2222,b:2222.")
    if len(set(names)) < len(names):
        raise UsageError("names a host twice.", where=where)
    if len(names) < 2:  # noqa: PLR2004
        what = f"expected two hosts or more, got {len(names)}."
        raise UsageError(what, where=where, fix="Leave it out to compute on this machine alone.")


def _is_address(name: str) -> bool:
    found = _ADDRESS.fullmatch(name)
    return found is not None and 0 < int(found[2]) < 2**16


def _from_environment(text: str) -> Cluster:
    """Read the hosts, and which of them this is, as `_EXAMPLE` has them."""
    if not text.strip():
        return Cluster()
    try:
        told = json.loads(text)
        jobs, task = told.get("cluster") or {}, told.get("task") or {}
        lists = {job: list(jobs.get(job) or ()) for job in ("chief", "worker")}
        kind, index = task.get("type", "worker"), task.get("index", 0)
    except (ValueError, TypeError, AttributeError) as error:
        what = f"expected JSON such as {_EXAMPLE}, got {printable(text[:40])!r}."
        raise UsageError(what, where=TF_CONFIG) from error
    if more := sorted({*jobs, kind} - {*lists}):
        what = f"expected the jobs chief and worker, got {', '.join(map(str, more))}."
        raise UsageError(what, where=TF_CONFIG)
    names = tuple(map(str, [*lists["chief"], *lists["worker"]]))
    if len(names) <= 1:
        return Cluster()
    _check_addresses(names, TF_CONFIG)
    if type(index) is not int or not 0 <= index < len(lists[kind]):
        raise UsageError(f"there is no {kind} {index!r} in its cluster.", where=TF_CONFIG)
    return Cluster(hosts=names, host=index + (len(lists["chief"]) if kind == "worker" else 0))


def check_shared(experiment: Experiment, cluster: Cluster, device: str) -> None:
    """Refuse, all at once, what cannot be computed on several devices to the same history."""
    if cluster.num_replicas == 1:
        return
    if device.startswith("gpu:"):
        what = f"{device} is one device, and there are to be {cluster.devices or 1} on each host."
        raise UsageError(what, where="--device", fix="Use --device gpu.")
    from dlrun.config import locating

    with locating(experiment):
        if problems := list(_unshared(experiment, cluster)):
            raise ConfigError(*problems)


def _unshared(experiment: Experiment, cluster: Cluster) -> Iterator[Problem]:
    training, count = experiment.training, cluster.num_replicas
    if training.epochs == 0:
        what = f"Nothing is trained, so there is nothing to share out among {count} devices."
        yield Problem("training.epochs", what, "Leave --devices and --hosts out.")
    if training.batch_size < count:
        what = f"{training.batch_size} rows are fewer than the {count} devices that share a batch."
        yield Problem("training.batch_size", what, f"Set it to {count} or more.")
    if training.jit_compile is True:
        what = "XLA compiles what one device does; several exchange numbers in the middle of it."
        yield Problem("training.jit_compile", what, "Leave it out, or set it to false.")
    layers = experiment.model.layers
    told = [repr((layer.type, layer.arguments)) for layer in layers]
    masks = any(
        layer.type == "Masking" or layer.arguments.get("mask_zero") is True for layer in layers
    )
    for index, (layer, text) in enumerate(zip(layers, told, strict=True)):
        path = f"model.layers[{index}]"
        if "BatchNormalization" in text and masks:
            what = "Keras cannot synchronize the means of steps that are masked among devices."
            yield Problem(path, what, "Use LayerNormalization, or compute on one device.")
        if "OrthogonalRegularizer" in repr(layer.arguments.get("activity_regularizer")):
            what = "This penalty compares all rows of a batch, which several devices share."
            yield Problem(f"{path}.activity_regularizer", what, "Use L1, L2 or L1L2.")
