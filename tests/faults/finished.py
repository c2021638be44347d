"""Every command on a finished run, killed and with a failing disk at every point of writing."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from collections import Counter
from pathlib import Path

from dlrun.rundir.checkpoints import keep_newest
from dlrun.rundir.folder import open_run
from dlrun.rundir.notes import read_notes
from dlrun.workflows.verify import verify
from tests.faults.disks import ERRORS, PROGRAM_ERRORS
from tests.faults.kills import PHASES
from tests.faults.points import CHECKED
from tests.faults.stories import bits, leftovers

EXPORTS = "exports=[predictions, keras_model]"
EPOCHS = 3
SWEEP = (
    f"base: streaming.yaml\nset: {{training.epochs: 1, {EXPORTS.replace('=', ': ')}}}\nseeds: 2\n"
)
COMMANDS = {
    "resume": ["resume", "{run}", "--epochs", str(EPOCHS), "--no-report"],
    "evaluate": ["evaluate", "{run}"],
    "evaluate --data": ["evaluate", "{run}", "--data", "{table}"],
    "predict": ["predict", "{run}", "{table}"],
    "report": ["report", "{run}"],
    "label": ["label", "{run}", "good"],
    "note": ["note", "{run}", "as expected"],
    "explain": ["explain", "{run}"],
    "reproduce": ["reproduce", "{run}"],
    "verify": ["verify", "{run}"],
    "runs": ["runs"],
    "compare": ["compare", "{run}", "{other}"],
    "compare page": ["report", "{run}", "{other}"],
    "diff": ["diff", "{run}", "{other}"],
    "sweep show": ["sweep", "show", "{sweep}"],
    "sweep report": ["sweep", "report", "{sweep}"],
}
READING = {"explain", "reproduce", "verify", "runs", "compare", "diff", "sweep show"}
"""They write nothing where the runs are."""
MADE_AGAIN = ("log.txt", "notes.json", "report.html", ".lock", "comparison.html", "sweep.html",
              "results.csv")  # fmt: skip
"""Files that a command may replace: they are made of the others, or are the user's words."""
AT_ONCE = 6
EVERY = {"resume": 8, "report": 4}
"""Of the points of a command only every so many are tried where there are hundreds."""


class Place:
    """Copies of a folder of finished runs, one for each fault.

    Args:
        workplace: Where the configs are.
    """

    def __init__(self, workplace):
        self._workplace, self._numbers = workplace, itertools.count(1)
        self._template, self.table = workplace.folder / "finished", workplace.folder / "table.csv"
        usual = ("--set", EXPORTS, "--quiet", "--no-report")
        for seed in (0, 1):
            ended, _ = workplace.run("train", "streaming.yaml", *usual, "--set", f"seed={seed}",
                                     "--set", f"training.epochs={EPOCHS - 1}",
                                     runs=self._template)  # fmt: skip
            assert ended.code == 0, ended.err
        (workplace.folder / "seeds.yaml").write_text(SWEEP)
        ended, _ = workplace.run("sweep", "seeds.yaml", "--jobs", "1", "--quiet",
                                 runs=self._template)  # fmt: skip
        assert ended.code == 0, ended.err
        self.before = contents(self._template)
        self.run, self.other = sorted(self._template.glob("2*"))

    def copy(self):
        """A folder of the runs as they were."""
        return Path(shutil.copytree(self._template, self._template.with_name(
            f"finished-{next(self._numbers)}")))  # fmt: skip

    def words(self, command, runs):
        """The words of a command, over the runs of a folder."""
        places = {
            "run": runs / self.run.name,
            "other": runs / self.other.name,
            "sweep": runs / "seeds",
            "table": self.table,
        }
        return [word.format(**places) for word in COMMANDS[command]]

    def execute_run(self, command, runs, **how):
        """Run a command over the runs of a folder."""
        return self._workplace.run(*self.words(command, runs), runs=runs, stretch=0.001, **how)

    def strike(self, command, copies, faults):
        """Run a command over each of several copies, with a fault; how each ended.

        What is killed has a process of its own; errors strike one after the other in one process.
        """
        pairs = list(zip(copies, faults, strict=True))
        lines = [
            self._workplace.line(*self.words(command, runs), runs=runs, stretch=0.001, fault=fault)
            for runs, fault in pairs
            if "error" in fault
        ]
        told = iter(self._workplace.run_all(lines))
        return [
            (next(told) if "error" in fault else self.execute_run(command, runs, fault=fault))[0]
            for runs, fault in pairs
        ]

    def many(self, lines):
        """Run command lines in one process; none may fail."""
        outcomes = self._workplace.batch([[str(word) for word in line] for line in lines]).value
        for words, (code, _, err, _) in zip(lines, outcomes, strict=True):
            assert code == 0, (words, code, err)
            assert not any(word in err for word in PROGRAM_ERRORS), (words, err)


def contents(runs):
    """Every file of the runs that must not change, by its name: what training wrote."""
    return {
        str(path.relative_to(runs)): path.read_bytes()
        for path in runs.rglob("*")
        if path.is_file() and path.name not in MADE_AGAIN and "plots" not in path.parts
    }


def faults_of(points, *, seed, every=1):
    """A kill and an I/O error at every so many of the points that a command passes."""
    chance, seen, chosen = random.Random(seed), Counter(), []
    for point in points:
        seen[point] += 1
        # A folder that is there fails to be made before anything can happen after it.
        phases = PHASES[:1] if point.startswith("mkdir ") else PHASES
        place = {"name": point, "occurrence": seen[point], "phase": chance.choice(phases)}
        chosen.append(place)
        if point.split(" ")[0] in CHECKED:
            chosen.append({**place, "error": chance.choice(ERRORS)})
    chance.shuffle(chosen)
    return chosen[::every]


def check_told(ended, fault):
    """Killed, or told in a sentence; or it was harmless."""
    if "error" not in fault:
        assert ended.killed, (fault, ended.code, ended.err)
        return "killed"
    assert ended.code in (0, 1), (fault, ended.code, ended.err)
    assert not any(word in ended.err for word in PROGRAM_ERRORS), (fault, ended.err)
    assert ended.code == 0 or "error: " in ended.err, (fault, ended.err)
    return "told" if ended.code else "ignored"


def check_runs(runs, before, *, beside=None):
    """Every run opens and is whole, and what training wrote is what it was.

    Args:
        runs: The folder.
        before: What `contents` said of it.
        beside: The run that may be another one by now.
    """
    for path in sorted(runs.rglob("run.json")):
        if "extension" in path.parts:
            continue
        run = open_run(str(path.parent), runs)
        found = verify(run)
        assert (found.problems, found.complete) == ([], True), found
        assert run.read_record()["status"] == "finished"
        read_notes(run.path)
    now = contents(runs)
    different = {name for name in before if now.get(name) != before[name]}
    assert not {name for name in different if not beside or not name.startswith(beside)}, different
    for name in now.keys() - before.keys():
        if name.endswith(".json") and ".tmp-" not in name and "extension/" not in name:
            json.loads(now[name])
    for page in runs.rglob("*.html"):
        assert page.name.startswith(".tmp-") or page.read_text().rstrip().endswith("</html>"), page
    return different


def longer(run, fault):
    """The bits of an extended run, in which an obsolete checkpoint may be left by an I/O error."""
    if fault["name"] == "rename checkpoint/.tmp-" and "error" in fault:
        keep_newest(run, 1)
    return bits(run)


def attack(place, command, *, seed=0, every=1, whole=False):
    """Try a command with a fault at its points, and again without.

    Args:
        place: The finished runs.
        command: A key of `COMMANDS`.
        seed: Of the choice of faults.
        every: How many times fewer of them than `EVERY` says.
        whole: Whether all of them are tried, whatever `EVERY` says.

    Returns:
        How many were killed, told and ignored.
    """
    reference, found = place.copy(), Counter()
    ended, points = place.execute_run(command, reference)
    assert ended.code == 0, ended.err
    if command in READING or not points:
        assert points == []
        assert contents(reference) == place.before
        return found
    is_longer = command == "resume"
    beside = f"{place.run.name}/" if is_longer else None
    after = bits(reference / place.run.name)
    waiting = faults_of(points, seed=seed, every=every if whole else every * EVERY.get(command, 1))
    for begin in range(0, len(waiting), AT_ONCE):
        chosen, lines = waiting[begin : begin + AT_ONCE], []
        copies = [place.copy() for _ in chosen]
        ends = place.strike(command, copies, chosen)
        for runs, fault, ended in zip(copies, chosen, ends, strict=True):
            found[check_told(ended, fault)] += 1
            different, run = check_runs(runs, place.before, beside=beside), runs / place.run.name
            if different:
                assert longer(run, fault) == after, (fault, different)
                found["longer"] += 1
            # The finished state is of use, and the command does again what it was to do.
            usable = [["evaluate", run], ["predict", run, place.table, "-o", "-"]]
            lines += usable * is_longer + [[*place.words(command, runs), "--runs-dir", runs]]
        place.many(lines)
        for runs, fault in zip(copies, chosen, strict=True):
            check_runs(runs, place.before, beside=beside)
            if is_longer:
                assert longer(runs / place.run.name, fault) == after, fault
                assert not (runs / place.run.name / "extension").exists(), fault
            assert leftovers(runs) == [], (command, fault)
            shutil.rmtree(runs)
    shutil.rmtree(reference)
    return found
