"""A grid on the command line: which `--set` is one value, and which is an axis.

A list is an axis where the key takes one value, as `optimizer.learning_rate` does; where the key
takes lists, as a `kernel_size` does, it is one value. So is a range such as `0..9` an axis where
the key takes numbers. `--grid KEY=[...]` is an axis whatever the key takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dlrun.config import overrides as flags
from dlrun.config.findings import Problems
from dlrun.config.overrides import Override
from dlrun.config.places import Node
from dlrun.config.reading import read_text
from dlrun.config.spots import ConfigNode
from dlrun.config.sweeps.axes import MAX_VALUES, spread, values_of
from dlrun.config.sweeps.kinds import kinds_of
from dlrun.config.sweeps.points import Axis, combined, count, grid
from dlrun.config.sweeps.sweep import Point
from dlrun.config.yaml_nodes import parse


@dataclass(frozen=True)
class Grid:
    """What the flags of a command line ask of a config."""

    fixed: tuple[Override, ...]  # of every run
    axes: dict[str, int]  # how many values each has, by its key; empty for a single run
    points: tuple[Point, ...]  # the combinations; one without overrides where there is no axis


def read_grid(config: Path, given: Sequence[str], grids: Sequence[str] = ()) -> Grid:
    """Tell values from axes in what `--set` and `--grid` give; the config says what a key takes."""
    problems = Problems()
    root = parse(read_text(config), str(config), problems)
    root = root if isinstance(root.value, dict) else Node({}, root.place)
    fixed: list[Override] = []
    axes: dict[str, Axis] = {}
    # What is wrong with the config itself is told when it is loaded, and so with a fixed key.
    unheard = Problems()
    marked = [(text, "--set") for text in given] + [(text, "--grid") for text in grids]
    for text, flag in marked:
        override = flags.read(text, problems, flag=flag)
        if override is None:
            continue
        if flag == "--grid" or is_axis(root, override):
            values = values_of(ConfigNode(override.value, override.key, problems))
            if override.key in axes:
                problems.add(override.value.place, override.key, "This key is an axis already.")
            axes[override.key] = Axis(override.key, values, override.place)
            first = values[:1]
        else:
            fixed.append(override)
            first = [override.value]
        flags.apply(root, [replace(override, value=value) for value in first], unheard)
    for override in fixed:
        if override.key in axes:
            what = "This key is an axis already."
            problems.add(override.place, override.key, what, "Give it once.")
    parts = grid(axes.values())
    if count(parts) > MAX_VALUES:
        what = f"These are {count(parts):,} runs; {MAX_VALUES:,} is the most."
        problems.add(next(iter(axes.values())).place, "", what)
    problems.raise_if_any()
    sizes = {key: len(axis.values) for key, axis in axes.items()}
    return Grid(tuple(fixed), sizes, tuple(combined(parts)))


def is_axis(root: Node, override: Override) -> bool:
    """Say whether an override is a list of values to sweep over.

    `root` is the config with the overrides before this one applied.
    """
    value = override.value
    if not isinstance(value.value, list) and spread(value) is None:
        return False
    kinds = kinds_of(root, override.key)
    if isinstance(value.value, list):
        return kinds is not None and "list" not in kinds
    return kinds is not None and bool(kinds & {"int", "float"}) and "str" not in kinds
