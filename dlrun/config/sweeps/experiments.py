"""The points of a sweep as experiments, every mistake of every point told before any is trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dlrun.config.loading import load_config
from dlrun.config.overrides import Override
from dlrun.config.schema import Experiment
from dlrun.config.sweeps.sweep import Point
from dlrun.errors import ConfigError, Problem


def load_points(
    base: Path, fixed: Sequence[str | Override], points: Sequence[Point]
) -> list[Experiment]:
    """Make the config of every point; one error has the problems of all, each once."""
    found: list[Experiment] = []
    problems: dict[tuple[str, str], Problem] = {}
    for point in points:
        try:
            found.append(load_config(base, [*fixed, *point.to_apply()]))
        except ConfigError as error:
            for problem in error.problems:
                problems.setdefault((problem.path, problem.what), problem)
    if problems:
        raise ConfigError(*problems.values())
    return found
