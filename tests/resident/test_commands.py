"""A command line does in a copy of the resident process what it does in a process of its own."""

import json
import re
import subprocess
import sys

import pytest

from tests.forked import COMMAND, HEAVY, run_program
from tests.resident.conftest import same
from tests.warm import COMMAND_LINE

QUICK = ["--no-report", "--set", "training.epochs=2"]
CONFIG = "configs/iris.yaml"
LINES = [
    [],
    ["train", "--help"],
    ["nonsense"],
    ["validate", "broken.yaml"],
    ["train", "broken.yaml"],
    ["data", "rows.csv", "--target", "species"],
    ["runs", "--csv", "--columns", "status,main"],
    ["evaluate", "trained", "--json"],
    ["predict", "trained", "rows.csv", "-o", "-"],
    ["explain", "trained", "--json"],
    ["verify", "trained"],
    ["note", "trained", "worth a look"],
    ["train", CONFIG, "--set", "optimizer.learning_rate=1e30", *QUICK],
]
LONG = [
    ["--version"],
    ["validate", CONFIG],
    ["list", "losses"],
    ["list", "Dense", "--json"],
    ["schema"],
    ["init", "--data", "configs/data/iris.csv", "--target", "species"],
    ["weights", "trained"],
    ["compare", "trained", "other"],
    ["diff", "trained", "other"],
    ["label", "trained", "good"],
    ["reproduce", "trained"],
    ["resume", "other", "--epochs", "4", "--no-report"],
    ["report", "trained"],
    ["train", CONFIG, *QUICK, "--set", "seed=1..2", "--jobs", "2"],
]


@pytest.fixture(scope="module")
def both(place, resident):
    """Train in one folder without the resident process, in another one by it."""
    folders = {name: place(name) for name in ("cold", "warm")}
    for seed, name in enumerate(("trained", "other")):
        words = ["train", CONFIG, "--name", name, "--seed", str(seed), "--no-report"]
        done = resident.run(*words, cwd=folders["warm"])
        told = by_itself(words, folders["cold"], resident, alone=False)
        assert (done.returncode, same(done.stdout)) == (0, same(told.stdout))
        assert same(done.stderr) == same(told.stderr)
    return folders


def by_itself(words, folder, resident, *, alone):
    """Run a command line without the resident process: in a new Python, or a copy of one."""
    env = {**resident.env, "DLRUN_WARM": "0"}
    if not alone:
        return run_program(COMMAND, *words, cwd=folder, env=env, imported=HEAVY)
    return subprocess.run(
        [*COMMAND_LINE, *words], cwd=folder, env=env, capture_output=True, check=False
    )


def check(words, both, resident, *, alone):
    """Hold what is written and left behind against what a process without it writes and leaves."""
    warm = resident.run(*words, cwd=both["warm"])
    done = by_itself(words, both["cold"], resident, alone=alone)
    assert warm.returncode == done.returncode
    assert same(warm.stdout) == same(done.stdout)
    assert in_any_order(same(warm.stderr)) == in_any_order(same(done.stderr))
    assert files_of(both["warm"]) == files_of(both["cold"])


def in_any_order(text):
    """Sort the lines that tell an end: of runs side by side, either may end first."""
    ends = re.findall(r"(?m)^\[\d+/\d+\] (.*?)(?: left)?$", text)
    return re.sub(r"(?m)^\[\d+/\d+\] .*\n", "", text), sorted(
        re.sub(r"RUN_\w+", "RUN", end).strip() for end in ends
    )


def files_of(folder):
    """All files by their names, with the contents of those that hold no times."""
    return sorted(
        (
            same(str(path.relative_to(folder))),
            path.read_bytes().replace(str(folder).encode(), b"FOLDER")
            if path.suffix in (".yaml", ".csv", ".safetensors") or path.name == "metrics.json"
            else b"",
        )
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("iris.csv", "rows.csv")
    )


@pytest.mark.slow
@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_the_same_is_said_and_left(words, both, resident):
    """Bytes, exit codes, and the files of run folders."""
    check(words, both, resident, alone=False)


@pytest.mark.slow
@pytest.mark.parametrize("words", LONG, ids=" ".join)
def test_the_same_is_said_and_left_by_all_commands(words, both, resident):
    """Against Pythons of their own."""
    check(words, both, resident, alone=True)


@pytest.mark.slow
def test_records_hold_the_same_facts(place, resident):
    """All but times, names and numbers of processes."""
    folder = place("records")
    words = ["train", CONFIG, *QUICK]
    warm = folder / resident.run(*words, cwd=folder).stdout.decode().strip()
    cold = folder / by_itself(words, folder, resident, alone=True).stdout.decode().strip()
    records = [json.loads((run / "run.json").read_text()) for run in (cold, warm)]
    for record in records:
        del record["files"]["model.keras"]  # the archive holds its time
    cold, warm = records
    differing = {key for key in cold.keys() | warm.keys() if cold.get(key) != warm.get(key)}
    assert differing <= {"pid", "started", "ended", "seconds", "sha256", "text_sha256"}
    assert warm["command"] == ["dlrun", *words]


@pytest.mark.slow
def test_rows_come_through_a_pipe(both, resident):
    """Standard input, and the file of a shell's `<(...)`, are those of the caller."""
    folder = both["warm"]
    rows = (folder / "rows.csv").read_bytes()
    words = ["predict", "trained", "rows.csv", "-o", "-"]
    expected = resident.run(*words, cwd=folder).stdout
    assert expected.count(b"\n") == 5
    words[2] = "-"
    assert resident.run(*words, cwd=folder, input=rows).stdout == expected
    line = f"{sys.executable} -m dlrun predict trained <(cat rows.csv) -o -"
    before = resident.served
    told = subprocess.run(
        ["bash", "-c", line], cwd=folder, env=resident.env, capture_output=True, check=True
    )
    assert resident.served == before + 1
    assert told.stdout == expected
