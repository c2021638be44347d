"""The faults that are tried, how often, and the table of what came of it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.faults import crowd, damage, disks, full, hostile, kills
from tests.faults import finished as finished_runs

AT_ONCE = 2
SMALL_DISK = "2m"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: The kind of fault.
        count: How often it was tried.
        result: What came of it.
        seconds: How long that took.
    """

    name: str
    count: str
    result: str
    seconds: float


def table(rows):
    """The rows as a table in Markdown."""
    head = ["| fault | tried | result | |", "|---|---|---|---|"]
    return "\n".join(
        [
            *head,
            *(f"| {row.name} | {row.count} | {row.result} | {row.seconds:.0f} s |" for row in rows),
        ]
    )


def side_by_side(function, several):
    """Call a function with each of several tuples, two at a time; the results in their order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda arguments: function(*arguments), several))


def killed(workplace, names, *, points, times, seed=0):
    """Kill trainings of several configs, each at so many points and at so many random times."""
    began = time.monotonic()

    def one(number, name):
        expected, passed, seconds = kills.uninterrupted(workplace, name)
        planned = kills.plans(passed, seconds, seed=seed + number, times=times)
        at_points = [plan for plan in planned if "fault" in plan]
        at_times = [plan for plan in planned if "kill_after" in plan]
        chosen = [*at_points[: points[number]], *at_times]
        return kills.kill_and_resume(workplace, name, chosen, expected, seed=seed + number)

    found = sum(side_by_side(one, list(enumerate(names))), Counter())
    result = (
        f"all of {found['runs']} runs over {len(names)} configs ended in the bits of the "
        f"uninterrupted one; no temporary file left"
    )
    if found["early"]:
        result += f"; {found['early']} before there was anything to resume (said so)"
    count = found["points"] + found["times"]
    text = f"{count} ({found['points']} at write points, {found['times']} at random times)"
    return Row("SIGKILL", text, result, time.monotonic() - began), found


def failed(workplace, name, indices, numbers, *, seed=0):
    """Let single points and every N-th point fail with EIO and ENOSPC."""
    began = time.monotonic()
    expected, _, _ = kills.uninterrupted(workplace, name)
    faults = [*disks.single_points(indices, seed=seed), *disks.every_nth(numbers)]
    found = sum(
        side_by_side(
            lambda piece: disks.fail_and_resume(workplace, name, piece, expected),
            [(faults[start::AT_ONCE],) for start in range(AT_ONCE)],
        ),
        Counter(),
    )
    result = (
        f"{found['told']} named file and reason, exit 1; {found['ignored']} were harmless; last "
        f"checkpoint whole; {found['resumed']} resumed to the same bits, {found['early']} had "
        "nothing to resume yet"
    )
    count = f"{found['told'] + found['ignored']}"
    row = Row("EIO or ENOSPC at a write, fsync, rename, mkdir or open", count, result,
              time.monotonic() - began)  # fmt: skip
    return row, found


def finished(workplace, commands, *, every=1, seed=0, whole=False):
    """Kill commands on a finished run, and let their writing fail."""
    began = time.monotonic()
    place = finished_runs.Place(workplace)

    def one(number, command):
        return finished_runs.attack(place, command, seed=seed + number, every=every, whole=whole)

    found = sum(side_by_side(one, list(enumerate(commands))), Counter())
    result = (
        f"each run was as it was, or ({found['longer']}) extended whole; what training wrote never "
        f"replaced, `verify` 0, the command again 0, no temporary file left; of the errors "
        f"{found['told']} were told, {found['ignored']} harmless"
    )
    count = found["killed"] + found["told"] + found["ignored"]
    text = f"{count} ({found['killed']} kills) in {len(commands)} commands"
    return Row("a finished run: SIGKILL, EIO or ENOSPC in any command", text, result,
               time.monotonic() - began), found  # fmt: skip


def filled(sizes):
    """Fill a real file system, in a name space of its own where a small one can be mounted."""
    began = time.monotonic()
    name = "a full disk (tmpfs)"
    with tempfile.TemporaryDirectory() as place:
        done = subprocess.run(
            [
                *("unshare", "-rm", "sh", "-c"),
                f'mount -t tmpfs -o size={SMALL_DISK} small "$1" || exit 99; shift; exec "$@"',
                *("sh", place, sys.executable, "-W", "ignore", "-m", "tests.faults.full", place),
                *map(str, sizes),
            ],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode in (1, 99) and "mount" in done.stderr + done.stdout:
        return Row(name, "0", "skipped: this machine mounts none", 0), None
    assert done.returncode == 0, done.stderr
    found = Counter(dict(zip(full.NAMES, map(int, done.stdout.split()), strict=True)))
    result = (
        f"{found['told']} said so, exit 1; {found['resumed']} resumed to the same bits once there "
        f"was room, {found['early']} had nothing to resume yet; {found['enough']} had room enough"
    )
    return Row(name, str(len(sizes)), result, time.monotonic() - began), found


def damaged(workplace, finished, stopped, resumed, *, seed=0):
    """Damage the files of a finished, an interrupted and a killed run."""
    began = time.monotonic()
    expected, _, _ = kills.uninterrupted(workplace, "whole")
    run = damage.finished_run(workplace)
    found = damage.find_by_hash(workplace, run, finished, seed=seed)
    ended = damage.stopped_run(workplace, "SIGINT")
    found += damage.find_by_hash(workplace, ended, stopped, seed=seed)
    dead = damage.stopped_run(workplace, "SIGKILL")
    found += damage.fall_back(workplace, dead, resumed, expected, seed=seed)
    result = (
        f"{finished + stopped} found by hash and named, exit 4; resumed: {found['fell back']} fell "
        f"back to the checkpoint before, {found['not needed']} needed no such file, both to the "
        f"same bits; {found['refused']} refused, exit 4"
    )
    count = finished + stopped + resumed
    return Row("a flipped bit or a lost end of a file", str(count), result,
               time.monotonic() - began), found  # fmt: skip


def crowded(folder, processes, each):
    """Make run folders in many processes at once."""
    began = time.monotonic()
    words = [sys.executable, "-m", "tests.faults.crowd", str(folder), str(processes), str(each)]
    subprocess.run(words, cwd=Path(__file__).parents[2], check=True)
    count = crowd.check_crowd(folder, processes, each)
    return Row(f"{processes} processes make run folders at once", str(count),
               "no collision, none mixed", time.monotonic() - began), count  # fmt: skip


def attacked(workplace, count, *, seed=0):
    """Run commands on hostile run folders."""
    began = time.monotonic()
    runs = [
        damage.finished_run(workplace),
        damage.stopped_run(workplace, "SIGINT"),
        damage.stopped_run(workplace, "SIGKILL"),
    ]
    home = workplace.folder / "whole-table"
    ended, _ = workplace.train("streaming", runs=home)
    assert ended.code == 0, ended.err
    runs += list(home.iterdir())
    halves = [count // 2, count - count // 2]
    found, wrong = Counter(), []
    for one, more in side_by_side(
        lambda number, size: hostile.attack(workplace, runs, size, seed=seed + number),
        list(enumerate(halves)),
    ):
        found += one
        wrong += more
    assert wrong == [], wrong
    codes = ", ".join(f"{found[name]} {name}" for name in sorted(found) if "exit" in name)
    result = f"nothing outside read, written, started or executed; no traceback; {codes}"
    return Row("hostile run folders under an audit hook", str(found["folders"]), result,
               time.monotonic() - began), found  # fmt: skip
