"""What is recorded about the machine, the versions and the surroundings of a run."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from dlrun import __version__

_PACKAGES = ("tensorflow", "keras", "numpy")

_VARIABLES = (
    "CUBLAS_", "CUDA_", "CUDNN_", "DNNL_", "KERAS_", "MKL_", "NVIDIA_TF32_OVERRIDE", "OMP_",
    "ONEDNN_", "OPENBLAS_", "PYTHONHASHSEED", "TF_CUDNN_", "TF_DETERMINISTIC_OPS", "TF_DISABLE_",
    "TF_ENABLE_", "TF_FORCE_", "TF_FP", "TF_GPU_", "TF_NUM_", "TF_ONEDNN_ASSUME_", "TF_SET_ONEDNN_",
    "TF_USE_", "TF_XLA_", "XLA_",
)  # fmt: skip
"""How variables begin that change results. Not all of `TF_`: Terraform keeps its secrets there."""
PINNED = "KERAS_BACKEND"
"""What `dlrun.backend` sets itself, whatever the user has set: recorded, and of no effect."""

_GIT_SECONDS = 2.0
_MOST_CHANGES = 2**18  # characters
_DISTRIBUTION = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)\.(dist|egg)-info")
"""How the folder of an installed package is called."""
_MOST_THREADS = 4096


def environment_facts() -> dict[str, Any]:
    """Collect what one needs to know a year later to understand a difference.

    `versions` of Python, dlrun and the packages that compute (None where not installed),
    `cpu_count` (the cores this process may use), `environment` (variables that change results), and
    `git`: commit and dirty flag of the working folder, or None; besides `platform` and `processor`.
    """
    import platform

    packages = installed_packages()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "versions": {
            "python": platform.python_version(),
            "dlrun": __version__,
            **{package: packages.get(package) for package in _PACKAGES},
        },
        "platform": platform.platform(),
        "processor": _processor(),
        "cpu_count": cores,
        "environment": {
            name: value for name, value in sorted(os.environ.items()) if name.startswith(_VARIABLES)
        },
        "git": _git_facts(),
    }


def surroundings() -> dict[str, Any]:
    """Collect `environment_facts`, and the `changes` of the working folder's checkout, if any."""
    facts = environment_facts()
    is_dirty = bool((facts["git"] or {}).get("dirty"))
    return {**facts, "changes": _changes() if is_dirty else None}


def installed_packages() -> dict[str, str]:
    """Tell the version of every installed package by its name, as the folders of them say."""
    return dict(_installed(tuple(sys.path)))


@lru_cache(maxsize=1)
def _installed(path: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for place in path:
        with contextlib.suppress(OSError):
            for name in os.listdir(place or "."):  # noqa: PTH208 - thousands of names
                match = _DISTRIBUTION.fullmatch(name)
                if match is not None:
                    found.setdefault(match["name"].lower().replace("_", "-"), match["version"])
    return tuple(sorted(found.items()))


COMPARED = ("versions", "platform", "processor", "cpu_count", "environment", "device", "threads")
"""What can change the bits of a run, by key of its record."""


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say what can change the bits: `versions.tensorflow was 2.20.0 and is 2.21.0`, a line each."""
    lines = []
    for key in COMPARED:
        before, after = _flat(key, then.get(key)), _flat(key, now.get(key))
        for variables in (before, after):
            variables.pop(f"environment.{PINNED}", None)
        lines += [
            f"{name} was {before.get(name)} and is {after.get(name)}"
            for name in before | after
            if before.get(name) != after.get(name)
        ]
    return lines


def _flat(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {f"{key}.{name}": item for name, item in value.items()}
    return {key: value}


def threads_of(record: Mapping[str, Any]) -> int:
    """Read in how many threads a run computed; 0 for as many as there are cores."""
    threads = record.get("threads")
    count = threads.get("intra_op") if isinstance(threads, dict) else 0
    return count if type(count) is int and 0 <= count <= _MOST_THREADS else 0


def host_facts() -> dict[str, Any]:
    """Say which process on which machine this is; `boot` changes whenever the machine starts."""
    return {"pid": os.getpid(), "host": _host_name(), "boot": _boot_id()}


def _host_name() -> str:
    if hasattr(os, "uname"):
        return os.uname().nodename
    import platform

    return platform.node()


def _boot_id() -> str | None:
    """The kernel's number for the time since it was started; the same in all its containers."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return None


def _processor() -> str:
    """The processor's model: kernels are chosen by what it can do."""
    import platform

    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _git_facts() -> dict[str, Any] | None:
    told = _git("status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if told is None:  # in a checkout of very many files to look at them all takes too long
        commit = _git("rev-parse", "HEAD")
        return {"commit": commit, "dirty": None} if commit else None
    head = re.search(r"^# branch\.oid ([0-9a-f]+)$", told, re.MULTILINE)
    if head is None:  # `(initial)`: nothing is committed yet
        return None
    return {"commit": head[1], "dirty": any(not line.startswith("#") for line in told.split("\n"))}


def _changes() -> str | None:
    """What is not committed, as a diff to the commit; its beginning, where it is very long."""
    found = _git("diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv")
    if found is None or len(found) <= _MOST_CHANGES:
        return found
    whole = found[:_MOST_CHANGES].rpartition("\n")[0]
    return f"{whole}\n[{len(found) - len(whole):,} more characters are left out]"


def _git(*arguments: str) -> str | None:
    """What a git command prints, or None if it fails, takes long or git is not installed."""
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603 - constant arguments
            ["git", *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_GIT_SECONDS,
            check=True,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()
