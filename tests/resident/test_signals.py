"""Signals, stops and sudden deaths do what they do to a command of its own."""

import contextlib
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import CONFIGS
from tests.resident.conftest import begin_training
from tests.warm import COMMAND_LINE, start_resident


def state_of(pid):
    """Tell a process's state, such as `T` for stopped; None where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def wait_for(condition, seconds=5.0):
    """Wait until something holds, for so long at most."""
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


@pytest.mark.slow
def test_it_stops_and_goes_on_and_ends_in_good_order(resident, tmp_path):
    """As with Ctrl-Z, `fg` and Ctrl-C: the process at work stops too, and the run is closed."""
    working = begin_training(resident, tmp_path, process_group=0)
    pid = working.pid
    os.kill(working.client.pid, signal.SIGTSTP)
    _, status = os.waitpid(working.client.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    assert os.WSTOPSIG(status) == signal.SIGTSTP
    assert state_of(pid) == "T"
    os.kill(working.client.pid, signal.SIGCONT)
    assert wait_for(lambda: state_of(pid) != "T")
    os.kill(working.client.pid, signal.SIGINT)
    _, err = working.client.communicate(timeout=60)
    assert working.client.returncode == 130
    assert err.endswith(b"Interrupted by SIGINT.\n")
    assert working.record["status"] == "interrupted"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_signals_reach_the_process_at_work(resident, tmp_path, number):
    """The exit code is 128 and the number of the signal, and the run says that it was ended."""
    working = begin_training(resident, tmp_path)
    working.client.send_signal(number)
    working.client.communicate(timeout=60)
    assert working.client.returncode == 128 + number
    assert working.record["status"] == "interrupted"


@pytest.mark.slow
def test_what_is_to_be_ignored_is(resident, tmp_path):
    """As `nohup` has it."""
    words = ["bash", "-c", "trap '' HUP; exec \"$@\"", "bash", *COMMAND_LINE]
    words += ["train", str(CONFIGS / "iris.yaml"), "--no-report", "-q"]
    before = resident.served
    client = subprocess.Popen(words, cwd=tmp_path, env=resident.env, stdout=subprocess.PIPE)
    assert wait_for(lambda: resident.served > before, 20)
    client.send_signal(signal.SIGHUP)
    out, _ = client.communicate(timeout=60)
    assert client.returncode == 0
    assert (tmp_path / out.decode().strip() / "weights.safetensors").is_file()


@pytest.mark.slow
def test_a_caller_that_is_killed_takes_its_process_down(resident, tmp_path):
    """In good order, at once."""
    working = begin_training(resident, tmp_path, is_traced=True)
    pid = working.pid
    working.client.kill()
    working.client.communicate()
    assert working.is_closed()
    assert wait_for(lambda: state_of(pid) in (None, "Z"))
    assert wait_for(lambda: resident.ask()["working"] == "0")


@pytest.mark.slow
def test_a_late_word_of_the_kernel_ends_nothing(resident, tmp_path):
    """SIGIO, which tells that the caller is gone, may come late for a byte that was read before."""
    working = begin_training(resident, tmp_path)
    for _ in range(20):
        os.kill(working.pid, signal.SIGIO)
        time.sleep(0.02)
    assert working.record["status"] == "running"
    assert working.client.poll() is None
    working.client.send_signal(signal.SIGTERM)
    working.client.communicate(timeout=60)
    assert working.client.returncode == 143


@pytest.mark.slow
def test_a_process_that_is_killed_is_told(resident, tmp_path):
    """The shell sees a command that was killed by the very signal."""
    working = begin_training(resident, tmp_path)
    os.kill(working.pid, signal.SIGKILL)
    working.client.communicate(timeout=20)
    assert working.client.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_the_death_of_the_resident_process_harms_no_command(own_resident, tmp_path):
    """What is at work goes on, hears signals and ends as ever; the next command starts alone."""
    first = begin_training(own_resident, tmp_path)
    second = begin_training(own_resident, tmp_path, is_traced=True)
    pid = second.pid
    own_resident.process.kill()
    own_resident.process.wait()
    first.client.send_signal(signal.SIGTERM)
    first.client.communicate(timeout=60)
    assert (first.client.returncode, first.record["status"]) == (143, "interrupted")
    second.client.kill()
    second.client.communicate()
    assert second.is_closed()
    assert wait_for(lambda: state_of(pid) is None)
    alone = own_resident.start("--version", cwd=tmp_path)
    assert alone.communicate(timeout=60)[0].startswith(b"dlrun ")
    assert alone.returncode == 0


SIGNALS = int(os.environ.get("DLRUN_TEST_SIGNALS", "30"))
"""How many signals are sent: 200 take three minutes."""


@pytest.mark.slow
def test_random_deaths_leave_nothing_behind(tmp_path):
    """Signals to callers, processes at work and resident processes, several at once."""
    draw = random.Random(16)  # noqa: S311 - no secret
    warm = start_resident(tmp_path / "runtime")
    words = ["train", CONFIGS / "two_points_sigmoid.yaml", "--no-report", "-q"]
    words += ["--set", "training.epochs=50"]
    at_work, codes, pids = [], [], set()
    for sent in range(SIGNALS):
        while len(at_work) < 3:
            at_work.append(warm.start(*words, "--seed", str(len(codes)), cwd=tmp_path))
        time.sleep(draw.uniform(0, 0.4))
        number = draw.choice([signal.SIGKILL, signal.SIGINT])
        copies = children_of(warm.process.pid)
        pids |= set(copies)
        target = draw.choice([*copies, *(one.pid for one in at_work)])
        if sent % 30 == 15:
            target = warm.process.pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(target, number)
        if target == warm.process.pid:
            warm.process.wait(120)  # asked to end, it lets the commands at work finish
            warm.process.stdout.close()
            warm = start_resident(tmp_path / "runtime")
        for one in [one for one in at_work if one.poll() is not None or one.pid == target]:
            at_work.remove(one)
            codes.append(ended(one))
    codes += map(ended, at_work)
    assert {0, 130, -signal.SIGKILL} <= set(codes)
    warm.process.terminate()
    warm.process.wait(60)
    warm.process.stdout.close()
    assert wait_for(lambda: all(state_of(pid) in (None, "Z") for pid in pids))
    records = [path.read_text() for path in tmp_path.glob("runs/*/run.json")]
    finished = [path for path in tmp_path.glob("runs/*/run.json") if FINISHED in path.read_text()]
    assert len(records) >= len(finished) >= codes.count(0)
    assert all((path.parent / "weights.safetensors").is_file() for path in finished)


FINISHED = '"status": "finished"'


def ended(client):
    """Wait for the end of a command: its exit code, negative where a signal ended it."""
    _, err = client.communicate(timeout=120)
    # So Python itself ends where SIGINT comes before it is ready for it.
    too_soon = (b"Fatal Python error: init_", b"Could not import runpy module")
    code = -signal.SIGINT if err.startswith(too_soon) else client.returncode
    assert code in {0, 130, -signal.SIGKILL, -signal.SIGINT}, (code, client.pid, err)
    return code


def children_of(pid):
    """The processes that a process has started."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
