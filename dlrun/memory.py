"""How much memory is free, and what would not fit into it, told before it is asked for."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

MEMORY_FACTS = Path("/proc/meminfo")
GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")

_SMALL = 2**24  # so many bytes are there; to ask the system would take longer than to take them

_THOUSAND = 1000
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def free_memory() -> float:
    """How many bytes could be used without swapping; infinity where the system does not say."""
    sizes = [float("inf")]
    with suppress(OSError, ValueError, KeyError):
        facts = dict(line.split(":") for line in MEMORY_FACTS.read_text("ascii").splitlines())
        sizes.append(float(facts["MemAvailable"].split()[0]) * 1024)
    with suppress(OSError, ValueError):  # the limit may be the word "max"
        sizes.append(float(GROUP_LIMIT.read_text("ascii")))
    return min(sizes)


def excess(needed: float) -> str | None:
    """Say that so many bytes do not fit: `at least 1.6 TB of memory, and 30.1 GB are free`.

    None where they fit.
    """
    if needed < _SMALL:
        return None
    free = free_memory()
    if needed <= free:
        return None
    return f"at least {in_words(needed)} of memory, and {in_words(free)} are free"


def in_words(size: float) -> str:
    """A number of bytes for people: `12.3 MB`, of 10**6 bytes."""
    size = min(size, 1e30)  # a whole number may be too large for the division below
    for unit in _UNITS[:-1]:
        if size < _THOUSAND:
            return f"{size:.0f} {unit}" if unit == _UNITS[0] else f"{size:.1f} {unit}"
        size /= _THOUSAND
    return f"{size:,.1f} {_UNITS[-1]}" if size < 1e9 else f"{size:.1e} {_UNITS[-1]}"  # noqa: PLR2004


def refusal(error: MemoryError) -> str:
    """Say that the system refused an allocation; NumPy's error tells how large the array was."""
    told = str(error).strip().rstrip(".")
    what = f"there is not enough memory: {told}" if told else "there is not enough memory"
    return f"{what} ({in_words(free_memory())} are free)."
