"""A copy that is ready before anybody asks runs commands as any other process would."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CONFIGS
from tests.resident.conftest import same
from tests.resident.test_signals import children_of, state_of, wait_for
from tests.warm import COMMAND_LINE, start_resident

TRAIN = ("train", CONFIGS / "two_points_softmax.yaml", "--no-report", "--set", "training.epochs=9")


def pid_of(folder, done):
    """The process that trained a run, by the path on stdout."""
    assert done.returncode == 0, done.stderr
    return json.loads((folder / done.stdout.decode().strip() / "run.json").read_text())["pid"]


def by_itself(words, folder, resident):
    """Run a command line in a Python of its own."""
    env = {**resident.env, "DLRUN_WARM": "0"}
    words = [*COMMAND_LINE, *map(str, words)]
    return subprocess.run(words, cwd=folder, env=env, capture_output=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iris", "penguins", "shapes_cnn", "airline"])
def test_its_bits_are_those_of_a_process_of_its_own(name, resident, tmp_path):
    """A training takes the copy that is ready; then another one is; weights and output are equal.

    Names of layers are counted from the first again.
    """
    config = CONFIGS / f"{name}.yaml"
    words = ["train", config, "--no-report", "--set", "training.epochs=2", "--name", "one"]
    standby = resident.wait_for_standby()
    done = resident.run(*words, cwd=tmp_path)
    assert pid_of(tmp_path, done) == standby != resident.wait_for_standby()
    alone = by_itself([*words, "--runs-dir", "alone"], tmp_path, resident)
    assert same(done.stderr).replace("runs/", "alone/") == same(alone.stderr)
    ours, theirs = (tmp_path / one.stdout.decode().strip() for one in (done, alone))
    for file in ("weights.safetensors", "history.csv", "metrics.json", "model.txt"):
        assert (ours / file).read_bytes() == (theirs / file).read_bytes(), file
    for words in (["evaluate", ours, "--json"], ["explain", ours, "--json"]):
        resident.wait_for_standby()
        assert (
            resident.run(*words, cwd=tmp_path).stdout == by_itself(words, tmp_path, resident).stdout
        )


@pytest.mark.slow
def test_a_run_of_other_threads_is_left_to_a_copy_that_can_have_them(resident, tmp_path):
    """Once it has computed, TensorFlow keeps its threads: nothing is said, and nothing computed."""
    resident.wait_for_standby()
    done = resident.run(*TRAIN, "--threads", "1", cwd=tmp_path)
    assert pid_of(tmp_path, done) != resident.wait_for_standby()
    for words in (["evaluate", "latest"], ["explain", "latest"], ["export", "latest", "script"]):
        standby = resident.wait_for_standby()
        told = resident.run(*words, cwd=tmp_path)
        alone = by_itself(words, tmp_path, resident)
        assert (told.returncode, same(told.stdout)) == (0, same(alone.stdout))
        assert same(told.stderr) == same(alone.stderr)
        assert wait_for(lambda pid=standby: state_of(pid) is None)  # it was asked first


@pytest.mark.slow
def test_threads_that_a_variable_asks_for_are_there(resident, tmp_path):
    """There is one run, one process keeps its graphs, and no copy that is ready is used up."""
    standby, pids = resident.wait_for_standby(), set()
    for seed in ("1", "2", "3"):
        done = resident.run(*TRAIN, "--seed", seed, cwd=tmp_path, env={"DLRUN_THREADS": "1"})
        assert done.stderr.count(b"run folder") == 1
        pids.add(pid_of(tmp_path, done))
    assert len(list((tmp_path / "runs").glob("2*"))) == 3
    assert len(pids) == 1
    assert resident.wait_for_standby() == standby


@pytest.mark.slow
def test_files_with_names_of_functions_are_those_of_a_process_of_its_own(resident, tmp_path):
    """TensorFlow counts its functions in a process, from the first one."""
    pytest.importorskip("onnx")
    words = [*TRAIN, "--set", "exports=[saved_model,onnx]", "--set", "training.epochs=1"]
    resident.wait_for_standby()
    done = [resident.run(*words, "--seed", "1", cwd=tmp_path) for _ in range(2)]  # the same kind
    done.append(by_itself([*words, "--seed", "1"], tmp_path, resident))
    assert [one.stderr.count(b"run folder") for one in done] == [1, 1, 1]
    runs = [tmp_path / one.stdout.decode().strip() for one in done]
    for name in ("model.onnx", "saved_model/saved_model.pb"):
        assert len({(run / name).read_bytes() for run in runs}) == 1, name
        (runs[0] / name).unlink()
    resident.wait_for_standby()
    again = resident.run("export", runs[0], "onnx", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert by_itself(["export", runs[1], "onnx"], tmp_path, resident).returncode == 0
    assert len({(run / "model.onnx").read_bytes() for run in runs[:2]}) == 1


@pytest.mark.slow
def test_of_several_that_keep_graphs_only_one_is_asked_in_vain(own_resident, tmp_path):
    """A new process, which takes seconds, runs no command that a copy can run."""
    words = [*TRAIN, "--set", "exports=[saved_model]"]
    both = [own_resident.start(*words, "--seed", "1", cwd=tmp_path) for _ in range(2)]
    assert [one.communicate(timeout=120) and one.returncode for one in both] == [0, 0]
    assert own_resident.ask()["kept"] == "2"
    third = own_resident.start(*words, "--seed", "2", cwd=tmp_path)
    out, err = third.communicate(timeout=120)
    done = subprocess.CompletedProcess(words, third.returncode, out, err)
    assert pid_of(tmp_path, done) != third.pid


@pytest.mark.slow
def test_runs_of_many_are_trained_by_copies_that_have_not_computed(resident, tmp_path):
    """They are copies of the process that is asked for them."""
    standby = resident.wait_for_standby()
    done = resident.run(*TRAIN, "--set", "seed=1..2", "--jobs", "1", cwd=tmp_path)
    assert (done.returncode, done.stderr.count(b"grid: 2 x seed")) == (0, 1)
    plan = resident.run(*TRAIN, "--dry-run", cwd=tmp_path)
    assert (plan.returncode, plan.stderr.count(b"measuring one run")) == (0, 1), plan.stderr
    assert state_of(standby) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda: os.nice(5),
        lambda: resource.setrlimit(resource.RLIMIT_CPU, (3000, 4000)),
    ],
    ids=["nice", "limits"],
)
def test_threads_have_the_priority_and_the_limits_of_who_asks(change, resident, tmp_path):
    """Those that are there already had other ones."""
    standby = resident.wait_for_standby()
    done = resident.run(*TRAIN, cwd=tmp_path, preexec_fn=change)
    assert pid_of(tmp_path, done) != standby == resident.wait_for_standby()


@pytest.mark.slow
def test_a_process_that_has_kept_its_graphs_for_long_is_followed_by_another(tmp_path):
    """No command is lost to one that is about to end."""
    warm = start_resident(
        tmp_path / "runtime", "import dlrun.resident.child as child; child.MOST_COMMANDS = 2"
    )
    pids = [pid_of(tmp_path, warm.run(*TRAIN, "--seed", str(n), cwd=tmp_path)) for n in range(5)]
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]
    assert warm.served == 5
    warm.process.terminate()
    assert warm.process.wait(10) is not None
    warm.process.stdout.close()


@pytest.mark.slow
def test_an_only_core_makes_one_ready_when_it_is_quiet(tmp_path):
    """In a loop of commands it would be made at the cost of the next one."""
    one = {min(os.sched_getaffinity(0))}
    before = f"import os; os.sched_setaffinity(0, {one}); import dlrun.resident.server as server"
    warm = start_resident(tmp_path / "runtime", f"{before}; server._QUIET_SECONDS = 6")
    first = warm.wait_for_standby()
    alone = {"cwd": tmp_path, "preexec_fn": lambda: os.sched_setaffinity(0, one)}
    pids = [pid_of(tmp_path, warm.run(*TRAIN, "--name", name, **alone)) for name in "ab"]
    assert pids[0] == first != pids[1]
    assert int(warm.ask()["standby"]) == 0
    assert warm.wait_for_standby() not in (0, first)
    warm.process.terminate()
    assert warm.process.wait(10) == 0
    warm.process.stdout.close()


def test_one_that_is_ended_is_missed_by_nobody(own_resident, tmp_path):
    """Not even by the command that comes next, though a signal was sent before it."""
    for number in (signal.SIGKILL, signal.SIGINT):
        standby = own_resident.wait_for_standby()
        os.kill(standby, number)
        assert wait_for(lambda pid=standby: state_of(pid) is None)
        done = own_resident.run(*TRAIN, cwd=tmp_path)
        assert standby != pid_of(tmp_path, done)


@pytest.mark.slow
def test_one_that_does_not_answer_is_given_up(own_resident, tmp_path):
    """It does not hold what a caller has open: who reads that waits for its end."""
    standby = own_resident.wait_for_standby()
    os.kill(standby, signal.SIGSTOP)
    many = {f"VARIABLE_{number}": "x" * 100_000 for number in range(6)}  # more than a socket holds
    done = own_resident.run(*TRAIN, cwd=tmp_path, env=many)
    assert pid_of(tmp_path, done) != standby
    assert wait_for(lambda: state_of(standby) is None)
    assert own_resident.wait_for_standby() != standby


def test_it_holds_nothing_of_a_caller_and_ends_with_its_parent(tmp_path):
    """No file, but for the way to the resident process."""
    warm = start_resident(tmp_path / "runtime")
    # Made while a command is at work: what that one has open is for it alone.
    first = warm.wait_for_standby()
    warm.run(*TRAIN, cwd=tmp_path)
    standby = warm.wait_for_standby()
    files = sorted(str(one.readlink()) for one in Path(f"/proc/{standby}/fd").iterdir())
    assert first != standby
    assert files[:3] == ["/dev/null"] * 3
    assert [one.partition(":")[0] for one in files[3:]] == ["socket"]
    assert standby in children_of(warm.process.pid)
    warm.process.kill()
    warm.process.wait()
    warm.process.stdout.close()
    assert wait_for(lambda: state_of(standby) is None)


LEFT = """
import os, signal, subprocess
from dlrun.warm.client import _Relay
other = subprocess.Popen(["sh", "-c", "trap '' TERM; echo; exec sleep 60"], stdout=subprocess.PIPE)
other.stdout.readline()
relay = _Relay(other.pid)
relay.begin()
os.kill(os.getpid(), signal.SIGTERM)
print(other.poll(), flush=True)
other.kill()
other.wait()
relay.end()
print("goes on", flush=True)
"""


def test_a_signal_that_a_copy_did_not_heed_is_for_whoever_follows_it():
    """One that leaves its command to another has nothing to end any more."""
    done = subprocess.run([sys.executable, "-c", LEFT], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, b"None\n", b"")
