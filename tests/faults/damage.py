"""Bits that flip and files that end early, in every file of a run folder that is not derived."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter

from dlrun.rundir.checkpoints import checkpoint_names
from tests.faults.stories import check_finished, only_run

DERIVED = ("log.txt", "report.html", ".lock")
READ_BY_EVALUATE = ("config.yaml", "spec.json", "weights.safetensors", "run.json")


def finished_run(workplace):
    """A finished run."""
    runs = workplace.folder / "finished"
    ended, _ = workplace.train("whole", runs=runs, stretch=0.001)
    assert ended.code == 0, ended.err
    return only_run(runs)


def stopped_run(workplace, error):
    """A run that a signal ended, with two checkpoints."""
    runs = workplace.folder / f"stopped-{error}"
    fault = {"name": "rename checkpoint/N", "occurrence": 4, "phase": "after", "error": error}
    ended, _ = workplace.train("whole", runs=runs, fault=fault, stretch=0.001)
    assert ended.code == {"SIGINT": 130, "SIGKILL": -9}[error], ended.err
    return only_run(runs)


def damage(path, chance):
    """Flip one bit, or cut the end off; False where what is read from it is still the same."""
    before = path.read_bytes()
    after = bytearray(before)
    if chance.random() < 0.5:
        after[chance.randrange(len(after))] ^= 1 << chance.randrange(8)
    else:
        del after[chance.randrange(len(after)):]  # fmt: skip
    path.write_bytes(after)
    if path.suffix != ".json":
        return True
    try:
        return json.loads(before) != json.loads(after)
    except ValueError:
        return True


def victims(run):
    """The files of a run folder that are not made of others."""
    return sorted(
        str(path.relative_to(run))
        for path in run.rglob("*")
        if path.is_file() and path.name not in DERIVED and "plots" not in path.parts
    )


def copies(run, count, *, seed, files=None):
    """Copies of a run, each with one damaged file: every file has its turn."""
    chance, names = random.Random(seed), files or victims(run)
    for number in range(count):
        copy = run.parent.parent / f"damaged-{run.name}-{seed}-{number}" / run.name
        shutil.copytree(run, copy)
        name = names[(number + seed * count) % len(names)]
        if damage(copy / name, chance):
            yield copy, name


def find_by_hash(workplace, run, count, *, seed):
    """`verify` names every damaged file; what reads one of them stops with the same exit code."""
    found, cases = Counter(), list(copies(run, count, seed=seed))
    lines = [["verify", str(copy)] for copy, _ in cases]
    reading = [case for case in cases if case[1] in READ_BY_EVALUATE]
    lines += [["evaluate", str(copy)] for copy, _ in reading]
    results = workplace.batch(lines).value
    assert len(results) == len(lines)
    for (copy, name), (code, out, err, _) in zip([*cases, *reading], results, strict=True):
        assert code == 4, (copy, name, code, out, err)
        assert str(copy / name) in out + err, (name, out, err)
        assert "Traceback" not in err
        found["named"] += 1
    shutil.rmtree(cases[0][0].parent)
    return found


def fall_back(workplace, run, count, expected, *, seed):
    """Resume a damaged run: it names the file and stops, or ends in the same bits all the same."""
    found, newest = Counter(), f"checkpoint/{checkpoint_names(run)[0]}/"
    damaged = list(copies(run, count, seed=seed))
    lines = [workplace.line("resume", copy, "--no-report", runs=copy.parent) for copy, _ in damaged]
    for (copy, name), (ended, _) in zip(damaged, workplace.run_all(lines), strict=True):
        assert "Traceback" not in ended.err
        if ended.code == 4:
            # Of a changed config that bears no hash yet, its seal is what tells. What the spec says
            # of file and scaling holds for the rows to come, so a damaged one is not made anew.
            assert str(copy) in ended.err
            assert name in ("run.json", "config.yaml", "spec.json"), (name, ended.err)
            found["refused"] += 1
        else:
            assert ended.code == 0, (name, ended.err)
            fell_back = name.startswith(newest)
            assert (f"warning: {copy / name}" in ended.err) == fell_back, (name, ended.err)
            check_finished(copy, expected)
            found["fell back" if fell_back else "not needed"] += 1
        shutil.rmtree(copy.parent)
    return found
