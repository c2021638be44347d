"""A copy is what its caller is; what no copy can be, a new process is; strangers are not heard."""

import os
import re
import resource as limits
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dlrun.warm import wire
from tests.conftest import CONFIGS
from tests.forked import COMMAND, run_program
from tests.resident.conftest import begin_training
from tests.resident.test_signals import children_of, wait_for
from tests.warm import COMMAND_LINE


def facts_of(pid):
    """What the kernel says of a process, by the names of /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, value in (line.split(":", 1) for line in lines)}


def test_a_copy_is_what_its_caller_is(resident, tmp_path):
    """Folder, mask, limits, priority, signals to ignore, open files."""
    read, write = os.pipe()

    def surround():
        os.umask(0o27)
        os.nice(3)
        limits.setrlimit(limits.RLIMIT_FSIZE, (10**8, 10**9))
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        os.dup2(write, 77)
        os.set_inheritable(77, True)

    before = resident.served
    working = begin_training(
        resident, tmp_path, preexec_fn=surround, close_fds=False, stdin=subprocess.DEVNULL
    )
    os.close(write)
    assert resident.served == before + 1
    pid, client = working.pid, working.client.pid
    assert pid != client
    ours, theirs = facts_of(pid), facts_of(client)
    assert {
        key: ours[key] for key in ("Umask", "Uid", "Gid", "Groups", "CapEff", "NoNewPrivs")
    } == {key: theirs[key] for key in ("Umask", "Uid", "Gid", "Groups", "CapEff", "NoNewPrivs")}
    assert int(ours["SigIgn"], 16) & 1 << signal.SIGUSR2 - 1
    assert not int(ours["SigIgn"], 16) & 1 << signal.SIGHUP - 1
    place = "/proc/{}/{}"
    for name in ("cwd", *(f"fd/{number}" for number in (0, 1, 2, 77))):
        ours, theirs = (Path(place.format(one, name)).readlink() for one in (pid, client))
        assert ours == theirs
    assert Path(place.format(pid, "limits")).read_text() == (
        Path(place.format(client, "limits")).read_text()
    )
    assert os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, client)
    assert (working.run / "config.yaml").stat().st_mode & 0o777 == 0o640
    working.client.terminate()
    working.client.communicate(timeout=30)
    # The pipe ends: nobody has kept it open, the resident process neither.
    assert os.read(read, 1) == b""
    os.close(read)


@pytest.mark.parametrize(
    "change",
    [
        {"env": {"TF_NUM_INTRAOP_THREADS": "1"}},
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in (
                {"env": {"OMP_NUM_THREADS": "1"}},
                {"env": {"KERAS_HOME": "/nowhere"}},
                {"env": {"LC_ALL": "C"}},
                {"preexec_fn": lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})},
                {"preexec_fn": lambda: limits.setrlimit(limits.RLIMIT_STACK, (2**24, 2**24))},
            )
        ),
    ],
    ids=["threads", "openmp", "keras", "locale", "cores", "stack"],
)
def test_what_no_copy_can_be_a_new_process_is(resident, tmp_path, change):
    """Silently: what has been read at the import, or decides how many threads compute."""
    if "preexec_fn" in change and len(os.sched_getaffinity(0)) == 1:
        pytest.skip("one core")
    done = resident.run("--version", cwd=tmp_path, is_served=False, **change)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"dlrun ")


@pytest.mark.slow
def test_it_can_be_left_aside(resident, tmp_path):
    """By a variable; and another Python, or one that is started otherwise, has another one."""
    resident.run("--version", cwd=tmp_path, is_served=False, env={"DLRUN_WARM": "0"})
    before = resident.served
    words = [sys.executable, "-X", "dev", "-m", "dlrun", "--version"]
    subprocess.run(words, env=resident.env, cwd=tmp_path, check=True, capture_output=True)
    assert resident.served == before


@pytest.mark.slow
def test_standard_streams_may_be_closed(resident, tmp_path):
    """As where they are closed for a process of its own."""
    for closed in ("<&-", ">&-", "2>&-"):
        line = f'"$@" {closed}'
        words = ["bash", "-c", line, "bash", *COMMAND_LINE, "runs"]
        done = subprocess.run(
            words, env=resident.env, cwd=tmp_path, check=False, capture_output=True
        )
        assert done.returncode == 0
        assert (b"no run" in done.stderr) == (closed != "2>&-")
    line = '"$@" | head -n 1; exit "${PIPESTATUS[0]}"'
    words = ["bash", "-c", line, "bash", *COMMAND_LINE, "schema"]
    done = subprocess.run(words, env=resident.env, cwd=tmp_path, check=False, capture_output=True)
    assert (done.returncode, done.stdout) in ((141, b"{\n"), (0, b"{\n"))


@pytest.mark.slow
def test_arguments_need_not_be_text(resident, tmp_path):
    """Bytes that are no UTF-8, and empty words."""
    name = os.fsdecode(b"odd \xff name.yaml")
    done = resident.run("validate", name, "", cwd=tmp_path)
    alone = resident.run(
        "validate", name, "", cwd=tmp_path, is_served=False, env={"DLRUN_WARM": "0"}
    )
    assert done.returncode == alone.returncode == 2
    assert done.stderr == alone.stderr


def test_strangers_are_not_heard(resident):
    """What is no message, or half of one, is dropped; the next command is served."""
    for said in (
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0" * 8,
        b"\xff" * 64,
        wire.pack({"ask": [b"x"]}),
    ):
        with socket.socket(socket.AF_UNIX) as connection:
            here = os.open(resident.address.parent, os.O_RDONLY)
            connection.connect(f"/proc/self/fd/{here}/{resident.address.name}")
            os.close(here)
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(10)
            assert connection.recv(100) == b""
    assert resident.ask()["pid"] == str(resident.process.pid)


@pytest.mark.slow
def test_the_socket_is_its_users_alone(resident, tmp_path):
    """A folder into which others may look is not trusted, whoever listens there."""
    folder = resident.home / "dlrun"
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    before = resident.served
    done = resident.start("--version", cwd=tmp_path)
    out, err = done.communicate(timeout=60)
    folder.chmod(0o700)
    assert (out.startswith(b"dlrun "), err, resident.served) == (True, b"", before)


@pytest.mark.slow
def test_a_dead_socket_is_passed_by(tmp_path, resident):
    """A file that nobody listens to any more costs nothing and says nothing."""
    home = tmp_path / "runtime"
    (home / "dlrun").mkdir(0o700, parents=True)
    (home / "dlrun").chmod(0o700)
    with socket.socket(socket.AF_UNIX) as left:
        here = os.open(home / "dlrun", os.O_RDONLY)
        left.bind(f"/proc/self/fd/{here}/{resident.address.name}")
        os.close(here)
    env = {**resident.env, "XDG_RUNTIME_DIR": str(home)}
    done = subprocess.run(
        [*COMMAND_LINE, "runs"], cwd=tmp_path, env=env, check=False, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"There is no run in runs.\n")


@pytest.mark.slow
def test_graphs_are_kept_and_bits_are_those_of_a_run_alone(resident, tmp_path):
    """A loop over seeds is run by one process, each run to the bits of a copy of its own."""
    words = ["train", CONFIGS / "two_points_sigmoid.yaml", "--no-report", "-q"]
    words += ["--set", "training.epochs=50"]

    def trained(seed, *more):
        done = resident.run(*words, "--seed", str(seed), *more, cwd=tmp_path)
        run = tmp_path / done.stdout.decode().strip()
        weights = (run / "weights.safetensors").read_bytes()
        return (run / "run.json").read_text().split('"pid": ')[1].split(",")[0], weights

    before = int(resident.ask()["served"])
    kept = [trained(seed) for seed in (1, 2, 1)]
    assert len({pid for pid, _ in kept}) == 1
    assert kept[0][1] == kept[2][1] != kept[1][1]
    other, weights = trained(2, "--name", "another")
    assert other != kept[0][0]
    assert weights == kept[1][1]
    asked = resident.ask()
    assert int(asked["served"]) - before == 4
    assert int(asked["kept"]) >= 1
    words = [*COMMAND_LINE, "warm", "status"]
    shown = subprocess.run(
        words, env=resident.env, check=True, capture_output=True, text=True
    ).stdout
    assert re.search(
        r"(?m)^kept for some seconds: the graphs of (1 training|2 trainings), for the next that "
        r"differs in seed, epochs or learning rate only$",
        shown,
    )


def test_commands_are_run_and_callers_that_are_killed_end_them(resident, tmp_path):
    """A mistake is told with its exit code; a run whose caller dies is closed in good order."""
    (tmp_path / "broken.yaml").write_text("modle: {}\n")
    done = resident.run("validate", "broken.yaml", cwd=tmp_path)
    alone = run_program(COMMAND, "validate", "broken.yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr.decode()) == (alone.returncode, alone.stderr)
    working = begin_training(resident, tmp_path, is_traced=True)
    working.client.kill()
    working.client.communicate()
    assert working.is_closed()


MANY = """
import sys
from dlrun.warm import caller, client, place, wire
count = int(sys.argv[1])
sys.argv[1:] = ["--version"]
for _ in range(count):
    files = caller.open_files()
    connection = place.connect()
    connection.settimeout(60)
    assert client._ask(connection, caller.facts(files), files)
    ended, _ = wire.receive(connection)
    assert ended == {"code": [b"0"]}, ended
    connection.close()
"""


@pytest.mark.slow
def test_memory_stays_flat(own_resident, tmp_path):
    """Over hundreds of commands, and nothing is left open."""

    def size():
        own_resident.wait_for_standby()
        assert wait_for(lambda: len(children_of(own_resident.process.pid)) == 1)
        facts = facts_of(own_resident.process.pid)
        files = len([*Path(f"/proc/{own_resident.process.pid}/fd").iterdir()])
        return int(facts["VmRSS"].split()[0]), files

    def many(count):
        # A client that starts no Python for each of them.
        words = [sys.executable, "-c", MANY, str(count)]
        subprocess.run(words, env=own_resident.env, cwd=tmp_path, check=True, capture_output=True)

    many(20)
    before = size()
    many(120)
    after = size()
    assert after[0] - before[0] < 1024  # kB
    assert after[1] == before[1]
    assert own_resident.served == 140


def test_an_end_that_is_told_twice_is_heard_once():
    """By the process itself, and by its parent: one reading may get both."""
    near, far = socket.socketpair()
    with near, far:
        wire.send(far, {"code": [b"0"]})
        wire.send(far, {"code": [b"1"]})
        assert wire.receive(near) == ({"code": [b"0"]}, [])
