"""What only POSIX has is nowhere needed: without fork, file locks and signals dlrun works cold."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import dlrun as package
from dlrun.errors import RunFolderError
from dlrun.rundir import exclusion, lock
from dlrun.rundir.exclusion import is_owned, owning
from dlrun.rundir.lock import holding_lock, in_turn, lock_state
from dlrun.rundir.names import OWNER, TURN
from dlrun.sweeps import processes
from tests.conftest import CONFIGS, ROOT
from tests.elsewhere.sitecustomize import FLAGS, FUNCTIONS, MODULES, SIGNALS
from tests.sweeps.test_processes import told_by

ELSEWHERE = Path(__file__).parent / "elsewhere"
SHORT = ("--set", "training.epochs=2", "--no-report", "--threads", "1")


def without_posix(folder, *words, code=0):
    """Run a command line where nothing is but what all systems have."""
    path = os.pathsep.join([str(ELSEWHERE), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-m", "dlrun", *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, done.stderr
    return done


def test_it_is_hidden(tmp_path):
    """The Python of these tests lacks it indeed."""
    program = (
        "import importlib.util, os, signal\n"
        f"print([name for name in {(*FUNCTIONS, *FLAGS)} if hasattr(os, name)])\n"
        f"print([name for name in {SIGNALS} if hasattr(signal, name)])\n"
        "try:\n    import fcntl\nexcept ImportError:\n    print('gone')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ELSEWHERE)}
    told = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["[]", "[]", "gone"]


@pytest.mark.slow
def test_everything_works_cold(tmp_path):
    """Train, sweep with two workers, resume, verify, lists and notes; to the same bits."""
    config = CONFIGS / "iris.yaml"
    # A process of its own: this one may have computed with other threads.
    words = ["train", str(config), *SHORT, "--runs-dir", str(tmp_path / "here")]
    done = subprocess.run(
        [sys.executable, "-m", "dlrun", *words], capture_output=True, text=True, check=True
    )
    here = Path(done.stdout.strip())
    run = tmp_path / without_posix(tmp_path, "train", config, *SHORT).stdout.strip()
    for name in ("history.csv", "weights.safetensors"):
        assert (run / name).read_bytes() == (here / name).read_bytes()
    several = without_posix(tmp_path, "train", config, *SHORT, "--set", "seed=0..1", "--jobs", "2")
    folders = [tmp_path / line for line in several.stdout.split()]
    # The run that is there already is one of them, as it would be anywhere.
    assert len(folders) == 2
    assert all((folder / "weights.safetensors").is_file() for folder in folders)
    without_posix(tmp_path, "resume", run, "--epochs", "3", "--no-report")
    assert len((run / "history.csv").read_text().splitlines()) == 1 + 3
    assert "as the run wrote them" in without_posix(tmp_path, "verify", run).stdout
    assert without_posix(tmp_path, "note", run, "cold").stdout == "cold\n"
    assert without_posix(tmp_path, "runs").stdout.count("finished") == len({*folders, run})
    assert not [*tmp_path.rglob(OWNER), *tmp_path.rglob(TURN)]


def test_light_commands_work(tmp_path, monkeypatch):
    """Without TensorFlow too; where nobody reads any more, the exit code is that of POSIX."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert "valid" in without_posix(tmp_path, "validate", CONFIGS / "iris.yaml").stdout
    # What was read of Keras is kept there too: users without numbers have files of their own.
    (kept,) = (tmp_path / "cache" / "dlrun").glob("signatures-*")
    before = kept.stat().st_mtime_ns
    assert "valid" in without_posix(tmp_path, "validate", CONFIGS / "iris.yaml").stdout
    assert kept.stat().st_mtime_ns == before
    assert "no run" in without_posix(tmp_path, "runs").stderr


def test_nothing_of_posix_is_needed_to_import():
    """No module imports or looks up at its top what other systems lack."""
    found = []
    for path in sorted(Path(package.__file__).parent.rglob("*.py")):
        waiting = list(ast.parse(path.read_text("utf-8")).body)
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                is_special = node.attr in {*FUNCTIONS, *FLAGS, *SIGNALS, "SIGKILL"}
                names = [node.attr] if is_special and node.value.id in ("os", "signal") else []
                found += [f"{path.name}:{node.lineno}: {name}" for name in names]
                names = []
            found += [f"{path.name}:{node.lineno}: {name}" for name in names if name in MODULES]
            waiting += ast.iter_child_nodes(node)
    assert found == []


@pytest.fixture
def no_file_locks(monkeypatch):
    monkeypatch.setattr(exclusion, "_fcntl", lambda: None)


@pytest.mark.usefixtures("no_file_locks")
class TestOwners:
    """Where the kernel locks no files, one names who works in a folder."""

    def test_states(self, tmp_path):
        """Unknown, held and free, as with locks."""
        assert lock_state(tmp_path) == "unknown"
        with holding_lock(tmp_path):
            assert lock_state(tmp_path) == "held"
        assert lock_state(tmp_path) == "free"
        assert not (tmp_path / OWNER).exists()

    def test_second_one_is_refused(self, tmp_path, monkeypatch):
        """And told who is there."""
        monkeypatch.setattr(lock, "_PATIENCE", 0.0)
        told = rf"process {os.getpid()} on .+ works in this run folder"
        with holding_lock(tmp_path):
            with pytest.raises(RunFolderError, match=told), holding_lock(tmp_path):
                pass
            assert lock_state(tmp_path) == "held"

    def test_killed_process_leaves_it_free(self, tmp_path):
        """Its file stays, and is taken over."""
        program = (
            "import signal, sys; from dlrun.rundir import exclusion\n"
            "exclusion._fcntl = lambda: None\n"
            "from pathlib import Path; from dlrun.rundir.lock import holding_lock\n"
            "with holding_lock(Path(sys.argv[1])):\n    print('held', flush=True); signal.pause()\n"
        )
        holder = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert holder.stdout.readline() == b"held\n"
        assert lock_state(tmp_path) == "held"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
        assert (tmp_path / OWNER).exists()
        assert lock_state(tmp_path) == "free"
        with holding_lock(tmp_path):
            assert lock_state(tmp_path) == "held"

    def test_of_many_that_come_at_once_one_gets_it(self, tmp_path):
        """Each in its turn, though a dead process has left its file; no count is lost."""
        (tmp_path / TURN).write_text(f"999999999 {os.uname().nodename} gone\n")
        (tmp_path / "count").write_text("0")
        program = (
            "import sys; from pathlib import Path; from dlrun.rundir import exclusion\n"
            "exclusion._fcntl = lambda: None\n"
            "from dlrun.rundir.lock import in_turn\n"
            "count = Path(sys.argv[1], 'count')\n"
            "for _ in range(20):\n"
            "    with in_turn(count.parent):\n"
            "        count.write_text(str(int(count.read_text()) + 1))\n"
        )
        several = [
            subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT)
            for _ in range(4)
        ]
        assert [one.wait(300) for one in several] == [0] * 4
        assert (tmp_path / "count").read_text() == "80"
        with in_turn(tmp_path):
            assert (tmp_path / TURN).exists()

    def test_who_cannot_be_asked_is_there(self, tmp_path):
        """A process of another machine may live; one of before the last start does not."""
        facts = exclusion.host_facts()
        path = tmp_path / OWNER
        for line, is_there in {
            f"{os.getpid()} {facts['host']} {facts['boot']}\n": True,
            f"{os.getpid()} elsewhere {facts['boot']}\n": True,
            f"{os.getpid()} {facts['host']} another\n": False,
            f"999999999 {facts['host']} {facts['boot']}\n": False,
            "nonsense\n": True,
            "": True,
        }.items():
            path.write_text(line)
            assert is_owned(path) == is_there, line
        os.utime(path, (0, 0))
        assert not is_owned(path)  # nobody has been about to write since 1970
        path.unlink()
        assert not is_owned(path)

    def test_whoever_fails_gives_it_back(self, tmp_path):
        """Whatever happens inside."""
        with pytest.raises(ValueError, match="inside"), owning(tmp_path / OWNER, 0.0):
            raise ValueError("inside")
        assert not (tmp_path / OWNER).exists()


@pytest.mark.parametrize("selects_pipes", [True, False])
def test_a_new_process_tells_through_its_streams(monkeypatch, selects_pipes):
    """Through a socket where selectors do not watch pipes; what it prints is no event."""
    monkeypatch.setattr(processes, "_SELECTS_PIPES", selects_pipes)
    child = processes.spawn("tests.sweeps.echo")
    child.give({"number": 1, "text": "x" * 200_000})
    child.give({"number": 2})
    events, ended = told_by(child)
    assert [event["task"]["number"] for event in events] == [1, 2]
    assert ended == processes.Ended(4, "printed\n")
