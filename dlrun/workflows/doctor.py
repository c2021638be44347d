"""`dlrun doctor`: what this machine has for training, what is wrong with it, and how to mend it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from dlrun.memory import free_memory, in_words
from dlrun.rundir.environment import PINNED, environment_facts
from dlrun.rundir.files import reason
from dlrun.rundir.lock import lockless

_EXTRA = re.compile(r"([\w-]+).*;.*extra == ['\"](?!test)([\w-]+)['\"]")
"""Matches what dlrun requires of a package that not everybody needs: its name, and the extra."""
_DRIVER = Path("/proc/driver/nvidia/version")
_SMALL = 10**9  # bytes of memory, or of a disk, that are soon full
_SLOW_SYNC = 0.1  # seconds, of which a checkpoint takes several
_SYNCS = 10
_SIDE = 1024  # of the matrices that are multiplied
_SECONDS = 0.5


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    told: str
    fix: str | None = None  # what is to be done; None where nothing is wrong


def doctor(place: Path, *, say: Callable[[str], None]) -> Iterator[Finding]:
    """Look at versions, memory, disk, locks, devices and speed, one after the other.

    `place` is where the runs are, or will be.
    """
    yield from _software()
    yield _memory()
    yield from _files(place)
    say("importing TensorFlow ...")
    began = time.perf_counter()
    from dlrun.backend.device import available_devices

    took = time.perf_counter() - began
    yield Finding("import", f"TensorFlow and Keras are imported in {took:.1f} s")
    devices = available_devices("auto")
    fix = None
    if devices == ["cpu"] and _DRIVER.exists():
        fix = "There is a driver of NVIDIA, but TensorFlow sees no GPU: pip install 'dlrun[gpu]'."
    yield Finding("devices", ", ".join(devices), fix)
    say("measuring ...")
    yield Finding("speed", f"{_speed(devices[0]) / 1e9:,.0f} GFLOP/s on {devices[0]} (float32)")


def _software() -> Iterator[Finding]:
    facts = environment_facts()
    versions = facts["versions"]
    missing = [package for package, version in versions.items() if version is None]
    fix = f"pip install {' '.join(missing)}" if missing else None
    yield Finding("versions", ", ".join(f"{name} {one}" for name, one in versions.items()), fix)
    yield Finding("extras", ", ".join(_extras(set(versions))))
    changing = [name for name in facts["environment"] if name != PINNED]
    told = ", ".join(changing) if changing else "none that changes results is set"
    yield Finding("variables", told)
    yield Finding("processor", f"{facts['processor']}, {facts['cpu_count']} cores")
    yield Finding("system", platform.platform())


def _extras(known: set[str]) -> Iterator[str]:
    try:
        required = metadata.requires("dlrun") or []
    except metadata.PackageNotFoundError:
        return
    for found in filter(None, map(_EXTRA.match, required)):
        if found[1] not in known:
            try:
                yield f"{found[1]} {metadata.version(found[1])}"
            except metadata.PackageNotFoundError:
                yield f"no {found[1]} (dlrun[{found[2]}])"


def _memory() -> Finding:
    free = free_memory()
    fix = "Close other programs, or train on another machine." if free < _SMALL else None
    return Finding("memory", f"{in_words(free)} are free", fix)


def _files(place: Path) -> Iterator[Finding]:
    """Look at the file system that the runs are, or will be, written to."""
    there = next(path for path in [place, *place.absolute().parents] if path.exists())
    free = shutil.disk_usage(there).free
    fix = "`dlrun du` shows what takes it, `dlrun rm` takes it away." if free < _SMALL else None
    yield Finding("disk", f"{in_words(free)} are free in {there}", fix)
    try:
        seconds = _sync_seconds(there)
    except OSError as error:
        fix = "Choose another folder with --runs-dir."
        yield Finding("files", f"none can be written in {there}: {reason(error)}", fix)
        return
    fix = (
        "A disk of this machine is faster than one of the network."
        if seconds > _SLOW_SYNC
        else None
    )
    yield Finding("files", f"one is on the disk within {1000 * seconds:.1f} ms", fix)
    why = lockless(there)
    fix = None if why is None else "Let each run be worked on by one machine at a time."
    yield Finding("locks", why or "they hold here", fix)


def _sync_seconds(place: Path) -> float:
    """Measure how long a small file takes to be safe."""
    began = time.perf_counter()
    for _ in range(_SYNCS):
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    return (time.perf_counter() - began) / _SYNCS


def _speed(device: str) -> float:
    """Multiply matrices; gives operations in a second, of which a product of n x n has 2 n^3."""
    from dlrun.backend import tf

    with tf.device(device):
        matrix = tf.ones((_SIDE, _SIDE))
        product = tf.function(lambda: tf.reduce_sum(matrix @ matrix))
        product().numpy()  # traced, and the device awake
        began, number = time.perf_counter(), 0
        while time.perf_counter() < began + _SECONDS:
            product().numpy()
            number += 1
    return 2 * _SIDE**3 * number / (time.perf_counter() - began)
