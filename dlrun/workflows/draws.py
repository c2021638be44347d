"""Points that are drawn one by one, each where the runs before it were good."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Any

from dlrun.config import load_config
from dlrun.config.overrides import Override
from dlrun.config.sweeps.experiments import load_points
from dlrun.config.sweeps.sweep import Point
from dlrun.sweeps.queue import Queue
from dlrun.sweeps.tpe import Study
from dlrun.workflows.many import Wanted
from dlrun.workflows.standing import base_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dlrun.config import Experiment
    from dlrun.config.places import Node
    from dlrun.config.sweeps.sweep import Objective, Sweep
    from dlrun.rundir.listing import RunRow
    from dlrun.sweeps.jobs import Job
    from dlrun.workflows.many import Crew

_OVER = ("finished", "failed", "interrupted", "killed")


class Draws(Queue):
    """An agenda of runs whose points are proposed by a study.

    Args:
        sweep: What is asked for.
        objective: What is best.
        crew: Finds the runs that are there, and is given those that are not.
        rows: The runs of the sweep's folder.
        base: The hash of the sweep's base config: only such runs count.
    """

    def __init__(
        self, sweep: Sweep, objective: Objective, crew: Crew, rows: Iterable[RunRow], base: str
    ) -> None:
        super().__init__(crew.jobs, crew.look_again)
        self._sweep = sweep
        self._objective = objective
        self._crew = crew
        self._samples: dict[int, list[Job]] = {}
        earlier = earlier_points(rows, base)
        seed = sweep.sampler.seed + len(earlier)
        self._study = Study(sweep.space, seed=seed, maximize=objective.maximize)
        for number, values in sorted(earlier.items()):
            if number < sweep.samples and self._in_space(values):
                self._remember(number, values)

    def next(self) -> Job | None:
        """Give a run that waits, else the first of a new point."""
        job = super().next()
        while job is None and len(self._samples) < self._sweep.samples:
            number = next(n for n in range(self._sweep.samples) if n not in self._samples)
            jobs = self._jobs_of(self._study.ask(number), number)
            self._samples[number] = jobs
            job = next((one for one in jobs if one.status == "waiting"), None)
            if job is None and all(one.status in _OVER for one in jobs):
                self._study.tell(number, self._value(jobs))
        return job

    def ended(self, job: Job) -> None:
        """Tell the study of a point whose runs have all ended."""
        for number, jobs in self._samples.items():
            if job in jobs and all(one.status in _OVER for one in jobs):
                self._tell(number, jobs)

    def waits(self) -> bool:
        """See `Agenda`."""
        return len(self._samples) < self._sweep.samples or super().waits()

    def total(self) -> int:
        """See `Agenda`."""
        return self._sweep.samples * max(len(self._sweep.seeds), 1)

    def _jobs_of(self, values: Mapping[str, Node], number: int) -> list[Job]:
        """The runs of a point: one a seed."""
        drawn = [self._sweep.space[key].override(key, value) for key, value in values.items()]
        seeds = [[Override("seed", seed, seed.place)] for seed in self._sweep.seeds] or [[]]
        jobs = []
        for seed in seeds:
            point = Point((*drawn, *seed))
            experiment = load_config(self._sweep.base, [*self._sweep.fixed, *point.to_apply()])
            jobs.append(self._crew.add(Wanted(experiment, point.values, number)))
        return jobs

    def _remember(self, number: int, values: Mapping[str, Any]) -> None:
        """Take over a point of an earlier start of the sweep."""
        jobs = self._jobs_of(
            {key: one.written(values[key]) for key, one in self._sweep.space.items()}, number
        )
        self._samples[number] = jobs
        value = self._value(jobs)
        if value is not None and all(job.status == "finished" for job in jobs):
            self._study.remember(values, value)

    def _tell(self, number: int, jobs: list[Job]) -> None:
        value = self._value(jobs)
        if self._study.is_open(number):
            self._study.tell(number, value)
        elif value is not None:
            self._study.remember(jobs[0].values, value)

    def _value(self, jobs: list[Job]) -> float | None:
        """The mean of the objective over the seeds; None where a run has none."""
        values = [job.measured(self._objective.key) for job in jobs]
        known = [value for value in values if value is not None]
        return fmean(known) if len(known) == len(values) else None

    def _in_space(self, values: Mapping[str, Any]) -> bool:
        """Whether a point could still be drawn."""
        return self._sweep.space.keys() <= values.keys() and all(
            one.holds(values[key]) for key, one in self._sweep.space.items()
        )


def earlier_points(rows: Iterable[RunRow], base: str) -> dict[int, Mapping[str, Any]]:
    """Read the points that were drawn before, by their numbers.

    Args:
        rows: The runs of a sweep's folder.
        base: The hash of the base config: those of another are left out.
    """
    found: dict[int, Mapping[str, Any]] = {}
    for row in rows:
        told = row.record["sweep"] if base_of(row.record) == base else {}
        if type(told.get("sample")) is int and isinstance(told.get("point"), dict):
            found[told["sample"]] = told["point"]
    return found


def extremes(sweep: Sweep) -> list[Experiment]:
    """Check the ends of every distribution, which tells whether what lies between is valid.

    Args:
        sweep: What is asked for.

    Returns:
        The experiments of the ends; the first stands for all.

    Raises:
        ConfigError: An end is not valid.
    """
    first = {key: one.ends()[0] for key, one in sweep.space.items()}
    points = [
        Point(
            tuple(
                other.override(name, end if name == key else first[name])
                for name, other in sweep.space.items()
            )
        )
        for key, one in sweep.space.items()
        for end in one.ends()
    ]
    return load_points(sweep.base, sweep.fixed, points)
