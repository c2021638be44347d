"""A grid on the command line: which `--set` is one value, and which is an axis.

A list is an axis where the key takes one value, as `optimizer.learning_rate` does; where the key
takes lists, as a `kernel_size` does, it is one value. So is a range such as `0..9` an axis where
the key takes numbers. `--grid KEY=[...]` is an axis whatever the key takes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dlrun.config import overrides as flags
from dlrun.config.findings import Problems
from dlrun.config.places import Node
from dlrun.config.reading import read_text
from dlrun.config.spots import ConfigNode
from dlrun.config.sweeps import points
from dlrun.config.sweeps.axes import MAX_VALUES, is_range, values_of
from dlrun.config.sweeps.kinds import kinds_of
from dlrun.config.yaml_nodes import parse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dlrun.config.overrides import Override
    from dlrun.config.sweeps.sweep import Point


@dataclass(frozen=True)
class Grid:
    """What the flags of a command line ask of a config.

    Attributes:
        fixed: The overrides of every run.
        axes: How many values each axis has, by its key; empty for a single run.
        points: The combinations of the values of the axes; one without overrides where there is
            no axis.
    """

    fixed: tuple[Override, ...]
    axes: dict[str, int]
    points: tuple[Point, ...]


def read_grid(config: Path, given: Sequence[str], grids: Sequence[str] = ()) -> Grid:
    """Tell values from axes.

    Args:
        config: The file that the overrides change: what a key takes depends on it.
        given: `KEY=VALUE`, as of `--set`.
        grids: `KEY=[VALUE, ...]`, as of `--grid`.

    Raises:
        ConfigError: The config, an override or an axis cannot be read.
    """
    findings = Problems()
    root = parse(read_text(config), str(config), findings)
    root = root if isinstance(root.value, dict) else Node({}, root.place)
    fixed: list[Override] = []
    axes: dict[str, points.Axis] = {}
    # What is wrong with the config itself is told when it is loaded, and so with a fixed key.
    unheard = Problems()
    marked = [(text, "--set") for text in given] + [(text, "--grid") for text in grids]
    for text, flag in marked:
        override = flags.read(text, findings, flag=flag)
        if override is None:
            continue
        if flag == "--grid" or is_axis(root, override):
            values = values_of(ConfigNode(override.value, override.key, findings))
            if override.key in axes:
                findings.add(override.value.place, override.key, "This key is an axis already.")
            axes[override.key] = points.Axis(override.key, values, override.place)
            first = values[:1]
        else:
            fixed.append(override)
            first = [override.value]
        flags.apply(root, [replace(override, value=value) for value in first], unheard)
    for override in fixed:
        if override.key in axes:
            what = "This key is an axis already."
            findings.add(override.place, override.key, what, "Give it once.")
    parts = points.grid(axes.values())
    if points.count(parts) > MAX_VALUES:
        what = f"These are {points.count(parts):,} runs; {MAX_VALUES:,} is the most."
        findings.add(next(iter(axes.values())).place, "", what)
    findings.raise_if_any()
    sizes = {key: len(axis.values) for key, axis in axes.items()}
    return Grid(tuple(fixed), sizes, tuple(points.combined(parts)))


def is_axis(root: Node, override: Override) -> bool:
    """Say whether an override is a list of values to sweep over.

    Args:
        root: The config, the overrides before this one applied.
        override: The override.
    """
    value = override.value
    if not isinstance(value.value, list) and not is_range(value):
        return False
    kinds = kinds_of(root, override.key)
    if isinstance(value.value, list):
        return kinds is not None and "list" not in kinds
    return kinds is not None and bool(kinds & {"int", "float"}) and "str" not in kinds
