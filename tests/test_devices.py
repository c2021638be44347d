"""One run on several devices, through the command line: refused, shared, lost, gone on with."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import forked

MOONS = """\
name: moons
dataset: {type: moons, samples: 100, noise: 0.2, validation_split: 0.2, test_samples: 20}
model:
  layers:
    - {type: Dense, units: 8, activation: relu}
    - BatchNormalization
    - {type: Dense, units: 1, activation: sigmoid}
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.01}
metrics: [accuracy]
training: {epochs: 4, batch_size: 16, class_weight: balanced}
"""
DROPOUT = MOONS.replace("- BatchNormalization", "- {type: Dropout, rate: 0.2}")
SAME = ("history.csv", "weights.safetensors")
LOST = 7
"""The exit code where another host has died."""


@pytest.fixture
def moons(tmp_path):
    """A config whose last batch is no full one."""
    path = tmp_path / "moons.yaml"
    path.write_text(MOONS)
    return path


REFUSED = {
    "one host": (["--hosts", "a:1", "--host", "0"], "--hosts: expected two hosts or more, got 1."),
    "no port": (["--hosts", "a,b:2", "--host", "0"], "--hosts: 'a' is no host with a port."),
    "port": (["--hosts", "a:99999,b:2", "--host", "0"], "'a:99999' is no host with a port."),
    "twice": (["--hosts", "a:1,a:1", "--host", "0"], "--hosts: names a host twice."),
    "which": (["--hosts", "a:1,b:1"], "--host: which of the 2 hosts is this one?"),
    "beyond": (["--hosts", "a:1,b:1", "--host", "2"], "--host: there is no host 2"),
    "no hosts": (["--host", "1"], "--host: says nothing without --hosts."),
    "one GPU": (["--devices", "2", "--device", "gpu:1"], "--device: gpu:1 is one device"),
    "many runs": (["--devices", "2", "--set", "seed=0..2"], "--devices: each of several runs"),
    "none": (["--devices", "0"], "--devices: expected 1 or more, got '0'."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(dlrun, moons, name):
    """With where, what and how, and without a run folder."""
    words, told = REFUSED[name]
    assert told in dlrun("train", moons, *words, code=2).err
    assert not (moons.parent / "runs").exists()


ENVIRONMENTS = {
    "no JSON": ("{", "TF_CONFIG: expected JSON such as "),
    "a list": ([], "TF_CONFIG: expected JSON such as "),
    "a number of a port": ({"cluster": {"worker": [1, "b:1"]}}, "'1' is no host with a port."),
    "servers": ({"cluster": {"worker": ["a:1"], "ps": ["b:1"]}}, "got ps."),
    "beyond": (
        {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}},
        "there is no worker 2",
    ),
    "no port": ({"cluster": {"worker": ["a", "b:1"]}}, "TF_CONFIG: 'a' is no host with a port."),
}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_wrong_environment_is_refused(dlrun, moons, monkeypatch, name):
    """`TF_CONFIG` is read where no hosts are given, and told where it is wrong."""
    value, told = ENVIRONMENTS[name]
    monkeypatch.setenv("TF_CONFIG", value if isinstance(value, str) else json.dumps(value))
    assert told in dlrun("train", moons, code=2).err


def test_hosts_of_the_environment():
    """A chief is the first host; a task without hosts beside it is no cluster."""
    from dlrun.execution.cluster import Cluster, read_cluster

    jobs = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}
    told = {"cluster": jobs, "task": {"type": "worker", "index": 1}}
    found = read_cluster(2, None, None, {"TF_CONFIG": json.dumps(told)})
    assert found == Cluster(2, ("a:1", "b:1", "c:1"), 2)
    assert found.num_replicas == 6
    assert read_cluster(None, None, None, {"TF_CONFIG": '{"cluster": {"worker": ["a:1"]}}'}) == (
        Cluster()
    )


def test_what_cannot_be_shared_is_refused_at_once(dlrun, moons):
    """All mistakes, before anything is begun."""
    moons.write_text(
        MOONS.replace("batch_size: 16", "batch_size: 2, jit_compile: true").replace(
            "units: 8,", "units: 8, activity_regularizer: OrthogonalRegularizer,"
        )
    )
    told = dlrun("train", moons, "--devices", 3, code=2).err
    assert "3 problems in the config" in told
    for path in (
        "moons.yaml:11:35: training.batch_size: 2 rows are fewer than the 3 devices",
        "training.jit_compile",
        "model.layers[0].activity_regularizer",
    ):
        assert path in told
    assert "Nothing is trained" in (
        dlrun("train", moons, "--devices", 2, "--set", "training.epochs=0", code=2).err
    )


@pytest.mark.slow
def test_a_rest_that_is_too_small_is_refused(moons):
    """The means of a batch are those of its rows, and each device needs one."""
    words = ["train", moons, "--devices", 3, "--set", "training.batch_size=13"]
    done = forked.run_program(
        forked.COMMAND, *words, "--device", "cpu", cwd=moons.parent, imported=forked.HEAVY
    )
    assert done.returncode == 2
    assert "The last batch of an epoch has 2 of the 80 rows, too few for " in done.stderr
    assert not list((moons.parent / "runs").glob("*"))


def history(run):
    """The rows of `history.csv`, numbers."""
    with (run / "history.csv").open() as file:
        return [{key: float(text) for key, text in row.items()} for row in csv.DictReader(file)]


def expect_near(run, other):
    """Two histories agree to 1e-5."""
    ours, theirs = history(run), history(other)
    assert len(ours) == len(theirs) > 0
    for one, two in zip(ours, theirs, strict=True):
        assert one == pytest.approx(two, rel=1e-5, abs=1e-5)


def train(folder, *words):
    """Run a command line in a process of its own; gives the run folder, and what was said."""
    given = [*map(str, words), "--device", "cpu", "--no-report"]
    done = forked.run_program(forked.COMMAND, *given, cwd=folder, imported=forked.HEAVY)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.strip(), done.stderr


@pytest.mark.slow
def test_two_devices_train_as_one(moons):
    """To rounding; and what is extended, to the bits of what was not, told or not how many."""
    folder = moons.parent
    one, _ = train(folder, "train", moons)
    two, said = train(folder, "train", moons, "--devices", 2)
    expect_near(two, one)
    assert "synchronized: batch_normalization takes means over whole batches" in said
    record = json.loads((two / "run.json").read_text())
    assert (record["device"], record["devices"], record["hosts"]) == ("2 x cpu", 2, [])
    half, _ = train(folder, "train", moons, "--devices", 2, "--set", "training.epochs=2")
    _, said = train(folder, "resume", half, "--epochs", 4)
    assert "may differ" not in said
    assert [(half / name).read_bytes() for name in SAME] == [
        (two / name).read_bytes() for name in SAME
    ]
    _, said = train(folder, "resume", two, "--epochs", 5, "--devices", 1)
    assert "the bits may differ: device was 2 x cpu and is cpu" in said


class Host:
    """One host of a run: a process that nobody shares, since it is killed."""

    def __init__(self, folder, number, ports, *words):
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        told = ["--hosts", hosts, "--host", str(number), "--device", "cpu"]
        self.log = folder / f"host_{number}.log"
        with self.log.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dlrun", *map(str, words), *told, "--no-report"],
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )

    def wait(self, seconds=240):
        """Wait for its end: the exit code, and what it wrote to stdout and stderr."""
        try:
            out, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(self.log.read_text()) from error
        return self.process.returncode, out.strip(), self.log.read_text()

    def kill(self):
        """End it at once, if it has not ended."""
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def pair():
    """Start a command on both of two hosts, in one folder or in one for each."""
    started = []

    def start(folders, *words):
        with socket.create_server(("", 0)) as one, socket.create_server(("", 0)) as two:
            ports = one.getsockname()[1], two.getsockname()[1]
        hosts = [Host(folder, number, ports, *words) for number, folder in enumerate(folders)]
        started.extend(hosts)
        return hosts

    yield start
    for host in started:
        host.kill()


def checkpoints(runs):
    """What is committed in the only run of a folder, by name."""
    return {path.name for path in runs.glob("*/checkpoint/*")}


def wait_for_checkpoint(runs, hosts, before=frozenset()):
    """Wait until training has committed something new."""
    deadline = time.monotonic() + 240
    while not checkpoints(runs) - before:
        assert time.monotonic() < deadline, hosts[0].log.read_text()
        assert all(host.process.poll() is None for host in hosts), hosts[0].log.read_text()
        time.sleep(0.1)


@pytest.mark.slow
def test_hosts_that_are_killed_go_on_to_the_same_bits(tmp_path, pair):
    """Whichever is killed, the other ends within a minute, and says so."""
    path, both = tmp_path / "moons.yaml", [tmp_path, tmp_path]
    path.write_text(DROPOUT.replace("epochs: 4", "epochs: 300, checkpoint_seconds: 0"))
    ended = [host.wait() for host in pair(both, "train", path, "--runs-dir", "whole")]
    assert [code for code, _, _ in ended] == [0, 0], ended
    assert ended[1][1] == ""
    assert "each of the 2 devices draws dropout" in ended[0][2]
    whole = tmp_path / ended[0][1]
    record = json.loads((whole / "run.json").read_text())
    assert (record["device"], len(record["hosts"])) == ("cpu on 2 hosts", 2)

    runs = tmp_path / "killed"
    hosts = pair(both, "train", path, "--runs-dir", runs)
    wait_for_checkpoint(runs, hosts)
    hosts[1].kill()
    code, _, said = hosts[0].wait(60)
    assert code == LOST, said
    assert "another host of this run has died, or cannot be reached: 127.0.0.1:" in said
    (run,) = runs.glob("*_moons_*")
    assert json.loads((run / "run.json").read_text())["exit_code"] == LOST

    before = checkpoints(runs)
    hosts = pair(both, "resume", run)
    wait_for_checkpoint(runs, hosts, before)
    hosts[0].kill()
    code, _, said = hosts[1].wait(60)
    assert code == LOST, said

    ended = [host.wait() for host in pair(both, "resume", run)]
    assert [code for code, _, _ in ended] == [0, 0], ended
    for name in SAME:
        assert (run / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.slow
def test_hosts_agree_or_do_not_begin(tmp_path, pair):
    """Another config on the other host is told on both, in words."""
    folders = [tmp_path / "0", tmp_path / "1"]
    for folder, rate in zip(folders, ("0.01", "0.02"), strict=True):
        folder.mkdir()
        (folder / "moons.yaml").write_text(MOONS.replace("0.01", rate))
    for code, out, said in (host.wait() for host in pair(folders, "train", "moons.yaml")):
        assert (code, out) == (2, "")
        assert "the hosts do not compute the same: the config of 127.0.0.1:" in said
    assert not list((folders[0] / "runs").glob("*"))


JOIN = "import os; import dlrun.execution.replication as joins; "
DIES = JOIN + "joins._strategy = lambda cluster: os._exit(9); "
WAITS = "import dlrun.execution.meeting as meeting; meeting._JOIN_SECONDS = 3.0; "


@pytest.mark.slow
@pytest.mark.parametrize("dead", [0, 1])
def test_a_host_that_dies_while_others_join_it_ends_them(moons, dead):
    """TensorFlow would wait for an hour, deaf to signals."""
    with socket.create_server(("", 0)) as one, socket.create_server(("", 0)) as two:
        hosts = ",".join(f"127.0.0.1:{server.getsockname()[1]}" for server in (one, two))

    def be(host):
        words = ["train", moons, "--hosts", hosts, "--host", host, "--device", "cpu"]
        program = (DIES if host == dead else WAITS) + forked.COMMAND
        return forked.run_program(program, *words, cwd=moons.parent, imported=forked.HEAVY)

    with ThreadPoolExecutor() as threads:
        ended = list(threads.map(be, (0, 1)))
    assert ended[dead].returncode == 9
    assert ended[1 - dead].returncode == -signal.SIGKILL
    assert "another host has died while the hosts were joined" in ended[1 - dead].stderr
