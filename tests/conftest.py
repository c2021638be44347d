"""What all tests share: the command line in this process, the shipped configs, MNIST."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import gc
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from dlrun.training.listener import Listener

SLOW = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=SLOW
)
hypothesis.settings.register_profile(
    "fresh", deadline=None, suppress_health_check=SLOW, max_examples=1000
)
hypothesis.settings.load_profile("same")
# Random tests draw the same examples each time, on any machine, so that nobody's run fails by
# chance. `pytest --hypothesis-profile=fresh` draws new ones, and more of them, to look for what has
# not been found; what it finds becomes an `@example` of its test. What is drawn by `random` or
# NumPy is drawn from a seed that stands beside it.

# A job in the background, or under `nohup`, begins with signals ignored, and so would every command
# that the tests start and interrupt.
for _number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)

# Tests start hundreds of Pythons. Where nothing compiled may be written beside the sources, each
# would compile all of dlrun anew: it is kept elsewhere, as a user has it.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compiled = Path(tempfile.gettempdir(), f"dlrun-tests-{os.getuid()}-compiled")
    sys.pycache_prefix = os.environ.setdefault("PYTHONPYCACHEPREFIX", str(compiled))

_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder there that is one's own


def _is_room_in_memory():
    """Whether memory can be had as a file system, with room, and for programs too."""
    if not _MEMORY.is_dir() or os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC:
        return False
    return os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 4 * 2**30


# A run folder is synced file by file, and the tests write thousands: nothing waits for a disk.
if _is_room_in_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

ENVIRONMENT = dict(os.environ)
"""As it is before tests and imports change it."""

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / "configs"
TITANIC = Path(
    os.environ.get("DLRUN_TEST_TITANIC", ROOT.parent / "shared" / "data" / "tables" / "titanic.csv")
)
needs_titanic = pytest.mark.skipif(
    not TITANIC.is_file(), reason=f"no table at {TITANIC} (set DLRUN_TEST_TITANIC to its path)"
)
MNIST = Path(os.environ.get("DLRUN_TEST_MNIST", ROOT.parent / "shared" / "data" / "mnist.npz"))

needs_mnist = pytest.mark.skipif(
    not MNIST.is_file(), reason=f"MNIST is not at {MNIST} (set DLRUN_TEST_MNIST to its path)"
)


def pytest_addoption(parser):
    """Let the tests of the command line run through a resident process."""
    help = "let a resident process run what the fixture `dlrun` is asked to run"  # noqa: A001
    parser.addoption("--warm", action="store_true", help=help)


def pytest_configure(config):
    """Under `--warm`, know of what is patched in this process."""
    if config.getoption("--warm"):
        from tests.warm import note_patches

        note_patches()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Under `--warm`, keep what runs a command line, each test with its first two parameters.

    The others differ in what a command does, not in the process that does it.
    """
    if not config.getoption("--warm"):
        return
    seen, kept, left = Counter(), [], []
    for item in items:
        test = item.nodeid.partition("[")[0]
        seen[test] += 1
        asks = "command_line" in item.fixturenames and seen[test] <= 2
        (kept if asks else left).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left)


def pytest_collection_finish():
    """Leave what all tests have loaded, which stays, out of every search for garbage to come.

    The graphs of a training are many objects: what searches as often as Python does finds little.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


@pytest.fixture(scope="session")
def common(tmp_path_factory, worker_id):
    """A folder that all workers of pytest-xdist have in common."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "common"
    folder.mkdir(exist_ok=True)
    return folder


@contextlib.contextmanager
def alone(path):
    """Keep the other workers out, until it is done."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session", autouse=True)
def state_home(common):
    """Keep the key of the tests' own runs away from the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(common / "state"))
        patch.setenv("XDG_CACHE_HOME", str(common / "cache"))
        yield


@pytest.fixture
def eagerly():
    """Compute without graphs: where each would be used a few times, to trace it takes longest.

    The bits are others than those of graphs: for tests of what is computed, not of how.
    """
    from dlrun.backend import tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@dataclass(frozen=True)
class Result:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def run(self) -> Path:
        """The run folder that `train` printed."""
        return Path(self.out.strip())


@functools.cache
def _graph_cache():
    """Keep the graphs of the run before, as a sweep does: to trace them takes longer than a run.

    That this changes no bit is what `sweeps/test_workshop.py` and `faults/` are about.
    """
    from dlrun.execution.assembly import GraphCache

    return GraphCache()


@pytest.fixture(scope="session")
def resident_of_all(tmp_path_factory):
    """A resident process for the whole session, under `--warm`."""
    from tests.warm import start_resident

    warm = start_resident(tmp_path_factory.mktemp("resident") / "runtime")
    yield warm
    warm.process.kill()
    warm.process.wait()
    warm.process.stdout.close()


@pytest.fixture
def command_line(request, capsys, monkeypatch):
    """Run the words of a command line: exit code, stdout and stderr.

    That is done in this process; under `--warm` by a resident one, as users have it.
    """
    from dlrun.cli import main

    def here(words):
        capsys.readouterr()
        return (main(words), *capsys.readouterr())

    def there(words):
        from tests.warm import line_by

        return line_by(request.getfixturevalue("resident_of_all"), monkeypatch, words)

    return there if request.config.getoption("--warm") else here


@pytest.fixture
def dlrun(request, command_line, tmp_path, monkeypatch):
    """Run a command line, with an empty folder as the current one."""
    monkeypatch.chdir(tmp_path)
    is_here = not request.config.getoption("--warm")

    def run(*words, code=0):
        """A training leaves its report out unless `--report` asks for it: that takes a second."""
        if is_here and words[0] in {"train", "resume", "reproduce"} and "--help" not in words:
            graph_cache = _graph_cache()
            monkeypatch.setattr("dlrun.execution.assembly.GraphCache", lambda: graph_cache)
        is_silent = words[0] in {"train", "resume"} and not {"--report", "--help"} & set(words)
        line = [str(word) for word in (*words, *["--no-report"][:is_silent])]
        result = Result(*command_line(line))
        assert "Traceback" not in result.err
        assert result.code == code, result.err
        return result

    return run


KINDS = {
    "digits_mlp": ("training.epochs=4",),
    "digits_cnn": ("training.epochs=1",),
    "digits_branches": ("training.epochs=1",),
    "iris": ("training.epochs=5",),
    "majority_logistic": ("training.epochs=5",),
    "moons_mlp": ("training.epochs=10",),
    "sine_regression": ("training.epochs=5",),
    "threshold_exact": (),
    "threshold_hinge": ("training.epochs=5",),
    "two_points_softmax": ("training.epochs=5",),
}
"""The shipped configs that stand for all kinds of plots, trained as briefly as they can be."""


class Silent(Listener):
    """A listener that keeps what it is told."""

    def __init__(self):
        self.told = []

    def message(self, text):
        """Keep it."""
        self.told.append(text)


def shipped_words(name):
    """What trains a shipped config as it is, wherever MNIST lies."""
    config = CONFIGS / f"{name}.yaml"
    return [config, *["--set", f"dataset.path={MNIST}"][: 2 * name.startswith("mnist")]]


@pytest.fixture(scope="session")
def trained(common):
    """Train a shipped config once, as it is: gives its run folder, which is only read."""
    from dlrun.cli import main

    def run_of(name):
        home = common / "trained" / name
        home.mkdir(parents=True, exist_ok=True)
        with alone(home / "lock"):
            if not (home / "done").exists():
                words = ["train", *shipped_words(name), "--no-report", "--runs-dir", home / "runs"]
                assert main([str(word) for word in words]) == 0
                (home / "done").touch()
        (run,) = (home / "runs").iterdir()
        return run

    return run_of


@pytest.fixture(scope="session")
def reported(common):
    """Train a shipped config of `KINDS` once, with its report: gives the run folder, to be read."""

    def run_of(name):
        home = common / "reported" / name
        home.mkdir(parents=True, exist_ok=True)
        with alone(home / "lock"):
            if not (home / "told").exists():
                (home / "told").write_text(_train_with_report(name, home / "runs"))
        assert "warning" not in (home / "told").read_text()
        (run,) = (home / "runs").iterdir()
        return run

    return run_of


def _train_with_report(name, runs_dir):
    """Train a config of `KINDS`; what was said."""
    from dlrun.config import load_config
    from dlrun.execution.options import RunOptions
    from dlrun.workflows.train import train

    listener = Silent()
    options = RunOptions(runs_dir, ["dlrun", "train", f"configs/{name}.yaml"])
    train(load_config(CONFIGS / f"{name}.yaml", KINDS[name]), options, listener)
    return "\n".join(listener.told)
