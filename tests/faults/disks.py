"""Disks that fail: single points, every N-th, and a file system that is full."""

from __future__ import annotations

import errno
import os
import random
import re
import shutil
from collections import Counter

from dlrun.rundir.checkpoints import checkpoint_names, keep_newest, load_checkpoint
from tests.faults.points import CHECKED
from tests.faults.stories import (
    RESUME,
    TRAIN,
    can_resume,
    check_finished,
    leftovers,
    only_run,
)

ERRORS = ("EIO", "ENOSPC")
PHASES = ("before", "within", "after")
PROGRAM_ERRORS = ("Traceback", "internal error", "Exception ignored", "Fatal Python error")


def told(ended, place, reasons):
    """Check that a failure was told as dlrun tells failures: which file, and why."""
    assert ended.code == 1, (ended.code, ended.err)
    assert re.search(r"^error: ", ended.err, re.MULTILINE), ended.err
    assert not any(word in ended.err for word in PROGRAM_ERRORS), ended.err
    assert str(place) in ended.err, ended.err
    assert any(reason in ended.err for reason in reasons), ended.err


def reason_of(error):
    """What the operating system calls an error, in dlrun's spelling."""
    text = os.strerror(getattr(errno, error))
    return text[0].lower() + text[1:]


def check_checkpoint(run):
    """The last checkpoint that was committed loads."""
    if run is not None and (run / "checkpoint").exists() and checkpoint_names(run):
        checkpoint, damaged = load_checkpoint(run)
        assert checkpoint is not None
        assert damaged == []


def fail_and_resume(workplace, name, faults, expected):
    """Let a training fail at each of several points, and go on when the disk is well.

    One process trains them all, and one resumes them all: what fails must leave it as able as
    before, as it must a worker of a sweep.
    """
    found, waiting = Counter(), []
    home = workplace.folder / f"failed-{name}-{next(workplace.numbers)}"
    places = [home / str(number) for number in range(len(faults))]
    lines = [
        workplace.line(*TRAIN, f"{name}.yaml", runs=runs, fault=fault, stretch=0.001)
        for runs, fault in zip(places, faults, strict=True)
    ]
    outcomes = workplace.run_all(lines)
    for runs, fault, (ended, points) in zip(places, faults, outcomes, strict=True):
        run = only_run(runs)
        if ended.code == 0:
            # dlrun works without its lock file too, a folder that is there need not be made, and
            # an obsolete checkpoint that cannot be removed stays.
            struck = [point for point in points if "\t" in point]
            harmless = (" .lock", "mkdir", "rename checkpoint/.tmp-\t")
            assert all(any(word in point for word in harmless) for point in struck), struck
            found["ignored"] += 1
            keep_newest(run, 1)
            check_finished(run, expected)
            continue
        told(ended, runs, [reason_of(fault["error"])])
        found["told"] += 1
        check_checkpoint(run)
        if run is None or not can_resume(run):
            found["early"] += 1
        else:
            waiting.append(run)
    lines = [workplace.line(*RESUME, run, runs=run.parent) for run in waiting]
    for run, (ended, _) in zip(waiting, workplace.run_all(lines), strict=True):
        assert ended.code == 0, ended.err
        check_finished(run, expected)
        found["resumed"] += 1
    shutil.rmtree(home, ignore_errors=True)
    return found


def single_points(indices, *, seed):
    """One fault for each point: there, one write, fsync, rename, mkdir or open fails."""
    chance = random.Random(seed)
    return [
        {
            "index": index,
            "error": chance.choice(ERRORS),
            "phase": chance.choice(PHASES),
            "kinds": list(CHECKED),
        }
        for index in indices
    ]


def every_nth(numbers):
    """Two faults for each number: every so many points fail."""
    return [
        {"every": number, "error": error, "phase": "before", "kinds": list(CHECKED)}
        for number in numbers
        for error in ERRORS
    ]


def full_disk(workplace, name, folder, expected, sizes):
    """Train on a file system that is nearly full, make room, and resume.

    Args:
        workplace: Where the configs are.
        name: The config.
        folder: A folder on a small file system.
        expected: See `check_finished`.
        sizes: How many bytes are left, one for each run.
    """
    found, ballast = Counter(), folder / "ballast"
    for size in sizes:
        runs = folder / "runs"
        statistics = os.statvfs(folder)
        ballast.write_bytes(bytes(max(statistics.f_bavail * statistics.f_frsize - size, 0)))
        ended, _ = workplace.train(name, runs=runs, stretch=0.001)
        ballast.unlink()
        run = only_run(runs)
        if ended.code == 0:
            found["enough"] += 1
        else:
            told(ended, runs, ["no space left on device"])
            check_checkpoint(run)
            found["told"] += 1
            if run is None or not can_resume(run):
                found["early"] += 1
            else:
                assert workplace.resume(run)[0].code == 0
                found["resumed"] += 1
        if run is not None and can_resume(run):
            check_finished(run, expected)
        assert run is None or not can_resume(run) or leftovers(run) == []
        shutil.rmtree(runs, ignore_errors=True)
    return found
