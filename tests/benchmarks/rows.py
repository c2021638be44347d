"""What a benchmark found, and how the table shows it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: What was run.
        unit: What the two numbers count, such as `s` or `MiB`.
        ours: The median of dlrun.
        theirs: The median of what it is compared with.
        goal: The ratio to reach.
        faster: Whether the ratio is theirs / ours, at least the goal; else ours / theirs, at most.
        note: What was compared, and how.
        skipped: Why nothing was measured, or empty.
    """

    name: str
    unit: str = "s"
    ours: float = 0.0
    theirs: float = 0.0
    goal: float = 1.0
    faster: bool = True
    note: str = ""
    skipped: str = ""

    @property
    def ratio(self) -> float:
        """The number that the goal is about."""
        return self.theirs / self.ours if self.faster else self.ours / self.theirs

    @property
    def reached(self) -> bool:
        """Whether the goal was reached."""
        return self.ratio >= self.goal if self.faster else self.ratio <= self.goal


def alternating(
    ours: Callable[[], float], theirs: Callable[[], float], repetitions: int
) -> tuple[float, float]:
    """Measure the two in turn, so that whatever else the machine does disturbs both.

    Args:
        ours: Measures dlrun once.
        theirs: Measures the other once.
        repetitions: How often each.

    Returns:
        The two medians.
    """
    pairs = [(ours(), theirs()) for _ in range(repetitions)]
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)


def machine() -> str:
    """Name the processor, the cores and the versions."""
    from importlib.metadata import version

    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
        model = names[0] if names else model
    packages = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores; Python {platform.python_version()}, {packages}"


def line(row: Row) -> str:
    """Return a row as a line of a Markdown table."""
    if row.skipped:
        return f"| {row.name} | | | | | skipped: {row.skipped} |"
    digits = 0 if row.unit == "MiB" else 3
    sign, goal = ("≥", row.goal) if row.faster else ("≤", row.goal)
    mark = "" if row.reached else " (missed)"
    return (
        f"| {row.name} | {row.ours:.{digits}f} {row.unit} | {row.theirs:.{digits}f} {row.unit} "
        f"| {row.ratio:.3g}x{mark} | {sign} {goal:g}x | {row.note} |"
    )


def table(rows: Sequence[Row]) -> str:
    """Return the whole table in Markdown, the machine named above it."""
    head = ["| | dlrun | compared with | ratio | goal | |", "|---|---|---|---|---|---|"]
    return "\n".join([machine(), "", *head, *map(line, rows)])
