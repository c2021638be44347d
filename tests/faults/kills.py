"""SIGKILL, at random times and at every point where a run folder is written."""

from __future__ import annotations

import random
from collections import Counter

from tests.faults.stories import (
    STRETCHES,
    bits,
    can_resume,
    check_finished,
    only_run,
)

PHASES = ("before", "within", "after")
MOST_ATTEMPTS = 40
KILLS_A_RUN = 6


def uninterrupted(workplace, name):
    """Train a config in peace: its bits, the points that it passes, and its seconds."""
    runs = workplace.folder / f"whole-{name}"
    ended, points = workplace.train(name, runs=runs, stretch=0.001)
    assert ended.code == 0, ended.err
    run = only_run(runs)
    check_finished(run, expected := bits(run))
    return expected, points, ended.seconds


def plans(points, seconds, *, seed, times):
    """A kill at every named point, at one of its occurrences; and some at random times."""
    chance = random.Random(seed)
    chosen = [
        {"fault": {
            "name": name,
            "occurrence": chance.randint(1, min(count, 3)),
            "phase": chance.choice(PHASES),
        }}
        for name, count in Counter(points).items()
    ]  # fmt: skip
    chosen += [{"kill_after": chance.uniform(0.02, seconds)} for _ in range(times)]
    chance.shuffle(chosen)
    return chosen


def kill_and_resume(workplace, name, planned, expected, *, seed):
    """Kill a training as planned, resume it, kill that: until all is done, several runs long.

    Returns:
        How many processes were killed at a point, at a random time, and before there was anything
        to resume; and how many runs were finished.
    """
    chance, found, waiting = random.Random(seed), Counter(), list(planned)
    while waiting:
        runs = workplace.folder / f"killed-{name}-{seed}-{found['runs']}"
        run, kills = None, 0
        for _ in range(MOST_ATTEMPTS):
            how = waiting.pop() if waiting and kills < KILLS_A_RUN else {}
            how["stretch"] = chance.choice(STRETCHES)
            step = workplace.train(name, runs=runs, **how) if run is None else workplace.resume(
                run, **how)  # fmt: skip
            ended, _ = step
            run = only_run(runs)
            if not ended.killed:
                assert ended.code == 0, (how, ended.err)
                if "finished" in run_status(run):
                    break
                continue
            kills += 1
            found["points" if "fault" in how else "times"] += 1
            if run is not None and not can_resume(run):
                found["early"] += 1
                told = tell_early(workplace, run)
                assert told.code == 4, told.err
                assert "is missing" in told.err
                assert "Traceback" not in told.err
                runs, run = runs.with_name(f"{runs.name}-again{found['early']}"), None
        check_finished(run, expected)
        found["runs"] += 1
    return found


def run_status(run):
    """What the record says."""
    from dlrun.rundir.record import read_record

    return read_record(run)["status"]


def tell_early(workplace, run):
    """What resume says of a run that was killed before it had written down what it is."""
    return workplace.resume(run)[0]
