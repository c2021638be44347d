"""Whether a copy of this process can run a command exactly as a new process would."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlrun.warm import caller
from dlrun.warm.place import identity

READ_EARLY = (
    b"ABSL_", b"BLIS_", b"CUBLAS_", b"CUDA_", b"CUDNN_", b"DNNL_", b"GLIBC_TUNABLES", b"GOMP_",
    b"GRPC_", b"INTEL_", b"KERAS_", b"KMP_", b"LANG", b"LC_", b"LD_", b"MALLOC_", b"MKL_", b"MPL",
    b"NPY_", b"NUMPY_", b"NVIDIA_", b"OMP_", b"ONEDNN_", b"OPENBLAS_", b"PROTOCOL_BUFFERS_",
    b"PYDANTIC_", b"PYTHON", b"TCMALLOC_", b"TF_", b"TPU_", b"TZ", b"XLA_",
)  # fmt: skip
"""How variables begin that are read in C, or before a program begins: all must be the same."""

_SET_BY_DEFAULT = {b"PYDANTIC_DISABLE_PLUGINS": b"__all__"}
"""What the command line sets before its imports, where nobody has set it."""

_TAKEN = (b"PATH", b"TMPDIR", b"TEMP", b"TMP")
"""What imports read, and a copy reads anew: where programs and temporary files are."""

_SPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
_GROUP_FILES = (
    "memory.max", "memory.high", "memory.swap.max", "cpu.max", "pids.max",  # of version 2
    "memory.limit_in_bytes", "cpu.cfs_quota_us", "cpu.cfs_period_us",
)  # fmt: skip
_GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Fitness:
    """What this process is, for comparison with who asks."""

    facts: Mapping[str, Sequence[bytes]]
    identity: Sequence[bytes]
    environ: Mapping[bytes, bytes]  # as it began
    reads: frozenset[bytes]  # names of variables that imports have read
    files: frozenset[int]  # that libraries hold open

    @classmethod
    def now(cls, environ: Mapping[bytes, bytes], reads: set[str]) -> Fitness:
        """Look at this process, which has begun with an environment and read variables of it."""
        held = [int(text) for text in os.listdir("/proc/self/fd")]  # noqa: PTH208
        names = frozenset(os.fsencode(name) for name in reads)
        own = identity()
        return cls(caller.facts([]), own, environ, names, frozenset(held))

    def obstacle(self, request: Mapping[str, Sequence[bytes]], pid: int) -> str | None:
        """Say why no copy of this process can be what a process is; None if one can."""
        if request["identity"] != self.identity:
            return "another installation"
        return self._other_settings(request) or self._other_limits(request) or _other_room(pid)

    def _other_settings(self, request: Mapping[str, Sequence[bytes]]) -> str | None:
        if name := self._different_variable(request["environ"]):
            return f"{name} in the environment is another one"
        for key, what in (("cores", "cores"), ("scheduling", "priority"), ("groups", "groups")):
            if request[key] != self.facts[key]:
                return f"the {what} of the process are other ones"
        return None

    def _other_limits(self, request: Mapping[str, Sequence[bytes]]) -> str | None:
        if int(request["nice"][0]) < int(self.facts["nice"][0]):
            return "the priority of the process is higher"
        if name := self._unreachable_limit(request["limits"]):
            return f"the limit {name} cannot be had"
        if set(map(int, request["files"])) & {number for number in self.files if number > 2}:  # noqa: PLR2004
            return "an open file has a number that is taken"
        return None

    def _different_variable(self, environ: Sequence[bytes]) -> str | None:
        theirs = _SET_BY_DEFAULT | dict(one.partition(b"=")[::2] for one in environ)
        ours = {**_SET_BY_DEFAULT, **self.environ}
        for name in sorted(ours.keys() | theirs.keys()):
            is_read = (name in self.reads or name.startswith(READ_EARLY)) and name not in _TAKEN
            if is_read and ours.get(name) != theirs.get(name):
                return os.fsdecode(name)
        return None

    def _unreachable_limit(self, limits: Sequence[bytes]) -> str | None:
        """Name a limit that is higher than what this process may have, or is read at the start."""
        for text, ours in zip(limits, self.facts["limits"], strict=True):
            name = text.partition(b":")[0].decode()
            if text != ours and (name == "RLIMIT_STACK" or _ceiling(text) > _ceiling(ours)):
                return name
        return None


def _ceiling(limit: bytes) -> float:
    import resource

    hard = int(limit.rpartition(b":")[2])
    return float("inf") if hard == resource.RLIM_INFINITY else hard


def _other_room(pid: int) -> str | None:
    """Say in what other container, or under what other limits of a group, a process is."""
    try:
        for space in _SPACES:
            place = f"/proc/{{}}/ns/{space}"
            if os.readlink(place.format(pid)) != os.readlink(place.format("self")):  # noqa: PTH115
                return "it is in another container"
        theirs, ours = (Path(f"/proc/{one}/cgroup").read_text() for one in (pid, "self"))
    except OSError:
        return "it cannot be looked at"
    if theirs != ours and _group_limits(theirs) != _group_limits(ours):
        return "the limits of its group are other ones"
    return None


def _group_limits(groups: str) -> set[tuple[str, str, str]]:
    """Read the limits of all groups that hold a process: (controllers, name, value)."""
    limits = set()
    for line in groups.splitlines():
        _, controllers, place = line.split(":", 2)
        folder = _GROUPS / controllers / place.lstrip("/")
        for one in (folder, *folder.parents):
            for name in _GROUP_FILES:
                try:
                    value = (one / name).read_text().strip()
                except OSError:
                    continue
                if value != "max":
                    limits.add((controllers, name, value))
            if one in (_GROUPS, _GROUPS / controllers):
                break
    return limits
