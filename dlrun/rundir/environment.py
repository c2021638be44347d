"""What is recorded about the machine, the versions and the surroundings of a run."""

from __future__ import annotations

import os
from typing import Any

from dlrun import __version__

_PACKAGES = ("tensorflow", "keras", "numpy")

_VARIABLES = (
    "CUBLAS_",
    "CUDA_",
    "CUDNN_",
    "DNNL_",
    "KERAS_",
    "MKL_",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_",
    "ONEDNN_",
    "OPENBLAS_",
    "PYTHONHASHSEED",
    "TF_CUDNN_",
    "TF_DETERMINISTIC_OPS",
    "TF_DISABLE_",
    "TF_ENABLE_",
    "TF_FORCE_",
    "TF_FP",
    "TF_GPU_",
    "TF_NUM_",
    "TF_USE_",
    "TF_XLA_",
    "XLA_",
)
"""How variables begin that change results. Not all of `TF_`: Terraform keeps its secrets there."""

_GIT_SECONDS = 2.0


def environment_facts() -> dict[str, Any]:
    """Collect what one needs to know a year later to understand a difference.

    Returns:
        `versions` of Python, dlrun and the packages that compute (None where not installed),
        `platform`, `cpu_count` (the cores this process may use), `environment` (variables that
        change results), and `git`: commit and dirty flag of the working folder, or None.
    """
    import platform

    return {
        "versions": {
            "python": platform.python_version(),
            "dlrun": __version__,
            **{package: _version(package) for package in _PACKAGES},
        },
        "platform": platform.platform(),
        "cpu_count": _cpu_count(),
        "environment": {
            name: value for name, value in sorted(os.environ.items()) if name.startswith(_VARIABLES)
        },
        "git": _git_facts(),
    }


def host_facts() -> dict[str, Any]:
    """Say which process on which machine this is.

    Returns:
        `pid`, `host`, and `boot`: a number that changes whenever the machine starts, or None.
    """
    return {"pid": os.getpid(), "host": os.uname().nodename, "boot": _boot_id()}


def _boot_id() -> str | None:
    """The kernel's number for the time since it was started; the same in all its containers."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123
            return file.read().strip()
    except OSError:
        return None


def _version(package: str) -> str | None:
    """The installed version of a package, which is not imported."""
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu_count() -> int | None:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _git_facts() -> dict[str, Any] | None:
    """Commit and dirty flag of the repository around the working folder."""
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return None
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


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
