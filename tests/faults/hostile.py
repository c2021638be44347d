"""Hostile run folders: whatever is in them, nothing outside is read, written, run or imported."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter

from tests.faults.mutations import MUTATIONS, make_outside

CODES = (0, 1, 2, 3, 4, 5)
PROGRAM_ERRORS = ("Traceback", "internal error")


def commands_for(run, table, chance):
    """Command lines that read a run."""
    heavy = [
        ["evaluate", run, "--data", table],
        ["evaluate", run],
        ["predict", run, table],
        ["resume", run, "--no-report", "--quiet"],
        ["resume", run, "--no-report", "--quiet", "--trust"],
        ["report", run],
    ]
    light = [["verify", run], ["explain", run], ["weights", run]]
    chosen = [chance.choices(heavy, (3, 3, 3, 2, 1, 0.3))[0], *chance.sample(light, 2)]
    chance.shuffle(chosen)
    return [["runs", "--json", "--runs-dir", run.parent], *chosen]


def attack(workplace, runs, count, *, seed, batch=25):
    """Run commands on mutated copies of runs, all of them under watch.

    Returns:
        How many folders there were and how the commands ended, by exit code; and what was wrong.
    """
    chance, found, wrong = random.Random(seed), Counter(), []
    table = workplace.folder / "table.csv"
    outside = make_outside(workplace.folder / f"outside-{seed}", runs[0])
    for start in range(0, count, batch):
        home = workplace.folder / f"hostile-{seed}-{start}"
        lines, mutations = [], []
        for number in range(start, min(start + batch, count)):
            original = chance.choice(runs)
            run = home / str(number) / original.name
            shutil.copytree(original, run)
            mutation = chance.choice(MUTATIONS)(run, outside, chance)
            ours = commands_for(run, table, chance)
            if mutation.startswith("config"):
                # Whoever trusts such a run lets it read what its config names.
                ours = [[word for word in words if word != "--trust"] for words in ours]
            lines += [list(map(str, words)) for words in ours]
            mutations += [mutation] * len(ours)
        found["folders"] += min(batch, count - start)
        watch = {
            "places": [
                *(home, workplace.temporary),
                *(workplace.folder / name for name in ("cache", "matplotlib")),
            ],
            "readable": [table, workplace.folder / "state"],
            "outside": outside,
        }
        ended = workplace.batch(lines, watch=json.loads(json.dumps(watch, default=str)))
        for words, mutation, (code, _, err, seen) in zip(
            lines, mutations, ended.value, strict=True
        ):
            found[f"exit {code}"] += 1
            is_ours = code in CODES and not any(word in err for word in PROGRAM_ERRORS)
            if seen or not is_ours:
                wrong.append((mutation, words[:2], code, seen, err[-300:]))
        shutil.rmtree(home)
    return found, wrong
