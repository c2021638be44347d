"""Reads the file of a sweep: it becomes a `Sweep`, or one error with every problem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from dlrun.config.components import absolute
from dlrun.config.extends import drop_private
from dlrun.config.loading import load_config
from dlrun.config.nodes import ConfigNode, Node, Place, Problems
from dlrun.config.overrides import Override, read
from dlrun.config.schema import Experiment
from dlrun.config.yaml import parse, read_text
from dlrun.errors import ConfigError, Problem
from dlrun.reports.repeats import FOLD
from dlrun.sweeps.language.axes import MAX_VALUES, overrides_of, values_of
from dlrun.sweeps.language.distributions import Distribution, distribution_of
from dlrun.sweeps.language.folds import folded, folds_of
from dlrun.sweeps.language.objectives import (
    exclusions_of,
    halving_of,
    objective_of,
    sampler_of,
    whole,
)
from dlrun.sweeps.language.sweep import (
    Axis,
    Halving,
    Objective,
    Part,
    Point,
    Sampler,
    Sweep,
    combined,
    count,
    drawn,
    grid,
    zipped,
)
from dlrun.wording import describe, listed

_T = TypeVar("_T")
KEYS: Final = {
    "name": "What the folder of its runs is called; the name of the file where it is left out.",
    "base": "The config that all runs begin with: a path from this file.",
    "set": "Keys that every run sets: {training.epochs: 60}.",
    "points": "Points written out: a list of {key: value, ...}.",
    "zip": "Values side by side: the first of each key, the second of each, ...",
    "grid": "Every combination of the values: {optimizer.learning_rate: [0.1, 0.01]}.",
    "random": "Keys with distributions: {uniform: [0, 0.9]}, log_uniform, integer, log_integer, or "
    "a list of choices.",
    "samples": "How many points are drawn.",
    "sampler": "How they are drawn: random, tpe, or {type: random, seed: 0}.",
    "seeds": "Repeats each point: how many, a range such as 0..4, or a list.",
    "folds": "Cross-validates each point: into how many folds, or which of them.",
    "exclude": "Leaves points out: values, or conditions such as seed=1 and training.epochs>10.",
    "max_runs": "Cuts the list of runs.",
    "objective": "What is best: validation.accuracy, or {metric: ..., split: ..., direction: "
    "maximize}.",
    "halving": "Stops bad runs early: {eta: 3, min_epochs: 5}.",
}
"""What the file of a sweep may say, and what that means."""
AXES: Final = ("points", "zip", "grid", "random", "seeds", "folds")
SAMPLES: Final = 10
EXAMPLE: Final = "Such as objective: validation.accuracy."


def load_sweep(
    path: Path, overrides: Sequence[str] = (), *, halving: Halving | None = None
) -> Sweep:
    """Read the file of a sweep, and check all of it that does not need its base config.

    `overrides` are further keys that every run sets, `key=value`, which win over `set`; `halving`
    stands in the place of what the file says. The error has all problems, in the file's order.
    """
    path = Path(path)
    problems = Problems()
    root = parse(read_text(path), str(path), problems)
    if not isinstance(root.value, dict):
        got = "nothing" if root.value is None else describe(root.value)
        what, fix = f"Expected a mapping, got {got}.", "A sweep starts with 'base:' and 'grid:'."
        problems.add(root.place, "", what, fix)
        problems.raise_if_any()
    drop_private(root)
    if "base" not in root.value and root.value.keys() & {"dataset", "model"}:
        what = "This is the config of one run, not a sweep."
        problems.add(root.place, "", what, f"A sweep has 'base: {path}' and 'grid: ...'.")
        problems.raise_if_any()
    if halving is not None:
        place = Place("--halving")
        nodes = {key: Node(value, place) for key, value in asdict(halving).items()}
        root.value["halving"] = Node(nodes, place)
        root.keys["halving"] = place
    sweep = _Reader(ConfigNode(root, "", problems), path).sweep(overrides)
    problems.raise_if_any()
    return sweep


class _Reader:
    """Reads the sections of a sweep."""

    def __init__(self, spot: ConfigNode, path: Path) -> None:
        self.spot = spot
        self.path = path
        self.axes: dict[str, ConfigNode] = {}

    def sweep(self, overrides: Sequence[str]) -> Sweep:
        self.spot.check_keys(KEYS)
        parts = [
            self.section("points", self.written) or [()],
            *(self.section("zip", self.zips) or []),
            *grid(self.section("grid", self.lists) or []),
        ]
        sampler = self.section("sampler", sampler_of) or Sampler()
        samples = whole(self.spot, "samples", SAMPLES, low=1)
        space = self.section("random", self.space) or {}
        seeds = self.section("seeds", self.seeds) or []
        self.check_drawing(sampler)
        if space and sampler.type == "random":
            parts.append(drawn(space, samples, sampler.seed))
        if seeds:
            self.add_axis("seed", self.spot.child("seeds"))
            place = self.spot.node.key_place("seeds")
            parts += grid([Axis("seed", seeds, place)])
        folds = self.section("folds", self.folds) or []
        parts += [[(fold,) for fold in folds]] if folds else []
        every, excluded, beyond = ([], 0, 0) if sampler.type == "tpe" else self.chosen(parts)
        if not self.axes and not self.spot.problems:
            self.spot.wrong("Nothing varies.", f"Give one of {listed(AXES)}.")
        objective = self.section("objective", objective_of)
        return Sweep(
            name=self.section("name", self.name) or self.path.stem,
            source=self.path.absolute(),
            base=self.base(),
            fixed=self.fixed(overrides, len(folds)),
            axes=tuple(self.axes),
            points=tuple(every),
            space=space,
            seeds=tuple(seeds),
            folds=tuple(folds),
            samples=samples,
            sampler=sampler,
            objective=objective,
            halving=self.halving(objective),
            excluded=excluded,
            beyond=beyond,
        )

    def has(self, key: str) -> bool:
        return key in self.spot.keys

    def section(self, key: str, read: Callable[[ConfigNode], _T | None]) -> _T | None:
        return read(self.spot.child(key)) if self.has(key) else None

    def name(self, spot: ConfigNode) -> str | None:
        if isinstance(spot.value, str) and spot.value:
            return spot.value
        spot.wrong(f"Expected a name, got {describe(spot.value)}.")
        return None

    def base(self) -> Path:
        if not self.has("base"):
            self.spot.missing("base", "the config that is varied.", "Add 'base: config.yaml'.")
            return self.path
        spot = self.spot.child("base")
        if isinstance(spot.value, str) and spot.value:
            return absolute(spot.value, spot.node)
        spot.wrong(f"Expected the path of a config, got {describe(spot.value)}.")
        return self.path

    def fixed(self, overrides: Sequence[str], folds: int) -> tuple[Override, ...]:
        """What every run sets: none of it may be an axis, which would win over it."""
        written = self.section("set", overrides_of) or ()
        given = [read(text, self.spot.problems) for text in overrides]
        crossed = folded(folds, self.spot.node.key_place("folds")) if folds else ()
        fixed = (*crossed, *written, *(one for one in given if one is not None))
        for override in fixed:
            if override.key in self.axes:
                what = f"This key is an axis, at {self.axes[override.key].node.place}."
                fix = "Leave one of the two out."
                self.spot.problems.add(override.place, override.key, what, fix)
        return fixed

    def written(self, spot: ConfigNode) -> Part:
        if not isinstance(spot.value, list) or not spot.value:
            spot.wrong(f"Expected a list of points, got {describe(spot.node.plain())}.")
            return [()]
        part = []
        for item in spot.items():
            part.append(overrides_of(item))
            for override in part[-1]:
                self.axes.setdefault(override.key, spot)
        return part

    def zips(self, spot: ConfigNode) -> list[Part]:
        """The axes that are put side by side: of one mapping, or of each of a list."""
        parts = []
        for one in spot.items() if isinstance(spot.value, list) else [spot]:
            axes = self.lists(one)
            if len({len(axis.values) for axis in axes}) > 1:
                counts = ", ".join(f"{axis.key}: {len(axis.values)}" for axis in axes)
                one.wrong(f"Expected as many values for each key, got {counts}.")
            elif axes:
                parts.append(zipped(axes))
        return parts

    def lists(self, spot: ConfigNode) -> list[Axis]:
        """The axes of a mapping; what has no values is noted and left out."""
        found = []
        for key in self.keys(spot):
            values = values_of(spot.child(key))
            if self.add_axis(key, spot.child(key)) and values:
                found.append(Axis(key, values, spot.node.key_place(key)))
        return found

    def space(self, spot: ConfigNode) -> dict[str, Distribution]:
        found = {}
        for key in self.keys(spot):
            one = distribution_of(spot.child(key))
            if self.add_axis(key, spot.child(key)) and one is not None:
                found[key] = one
        return found

    def keys(self, spot: ConfigNode) -> list[str]:
        """The keys of a mapping, each a dotted path."""
        if isinstance(spot.value, dict) and spot.value:
            return [override.key for override in overrides_of(spot)]
        what = f"Expected keys of the config with their values, got {describe(spot.node.plain())}."
        spot.wrong(what, "Such as {optimizer.learning_rate: [0.1, 0.01]}.")
        return []

    def add_axis(self, key: str, spot: ConfigNode) -> bool:
        """Note an axis, unless there is one of the same key."""
        if key in self.axes:
            what = f"'{key}' is an axis already, at {self.axes[key].node.place}."
            spot.wrong(what, "Remove one of the two.")
            return False
        self.axes[key] = spot
        return True

    def seeds(self, spot: ConfigNode) -> list[Node]:
        """The seeds of each point: so many from 0 on, a range, or a list."""
        if type(spot.value) is int and 1 <= spot.value <= MAX_VALUES:
            return [Node(number, spot.node.place) for number in range(spot.value)]
        if isinstance(spot.value, str | list):
            return values_of(spot)
        what = f"Expected how many seeds, got {describe(spot.node.plain())}."
        spot.wrong(what, "Such as 5, 0..4 or [1, 2, 3].")
        return []

    def folds(self, spot: ConfigNode) -> list[Override]:
        """The folds of each point; there are at least two."""
        if type(spot.value) is int and 2 <= spot.value <= MAX_VALUES:  # noqa: PLR2004
            self.add_axis(FOLD, spot)
            return folds_of(spot.value, spot.node.place)
        what = f"Expected how many folds, 2 or more, got {describe(spot.node.plain())}."
        spot.wrong(what, "Such as 5.")
        return []

    def check_drawing(self, sampler: Sampler) -> None:
        """Refuse what does not go with the sampler, and what it would have no use for."""
        for key in ("samples", "sampler"):
            if self.has(key) and not self.has("random"):
                self.spot.child(key).wrong(f"'{key}' says nothing without 'random'.")
        if sampler.type != "tpe":
            return
        for key in ("points", "zip", "grid", "exclude", "max_runs", "halving"):
            if self.has(key):
                what = f"'{key}' does not go with the sampler tpe, which chooses each point itself."
                fix = "Move its keys to 'random', as lists of choices." if key == "grid" else None
                self.spot.child(key).wrong(what, fix)
        if not self.has("objective"):
            what = "the sampler tpe must know what is best."
            self.spot.missing("objective", what, EXAMPLE)

    def halving(self, objective: Objective | None) -> Halving | None:
        halving = self.section("halving", halving_of)
        if halving is not None and not self.has("objective"):
            self.spot.missing("objective", "halving must know what is best.", EXAMPLE)
        if halving is not None and objective is not None and objective.split == "test":
            what = "Halving judges runs while they train, when nothing of the test rows is known."
            self.spot.child("objective").wrong(what, "Take validation or train.")
        return halving

    def chosen(self, parts: Sequence[Part]) -> tuple[list[Point], int, int]:
        """The points without those that are excluded, and none beyond the most."""
        total = count(parts)
        if total > MAX_VALUES:
            self.spot.wrong(f"These are {total:,} runs; a sweep has {MAX_VALUES:,} at most.")
            return [], 0, 0
        kept = list(combined(parts))
        if self.has("exclude"):
            spot = self.spot.child("exclude")
            exclusions = exclusions_of(spot, tuple(self.axes))
            if not self.has("random"):  # draws may miss what another seed would hit
                exclusions.check_use(spot, kept)
            kept = [point for point in kept if not exclusions.hold(point)]
            if not kept and not self.spot.problems:
                self.spot.child("exclude").wrong("Every point is excluded.")
        most = whole(self.spot, "max_runs", MAX_VALUES, low=1)
        return list(islice(kept, most)), total - len(kept), max(len(kept) - most, 0)


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
