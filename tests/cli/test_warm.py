"""`dlrun warm`: started, asked, told to end; by itself; ended by idleness and by an update."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT


@pytest.fixture
def alone(tmp_path):
    """Run command lines that find no resident process but their own."""
    home = tmp_path / "runtime"
    home.mkdir(mode=0o700)
    env = {**os.environ, "XDG_RUNTIME_DIR": str(home), "PYTHONPATH": str(ROOT)}

    def run(*words, code=0, **more):
        done = subprocess.run(
            [sys.executable, "-m", "dlrun", *words],
            cwd=tmp_path,
            env={**env, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    yield run
    run("warm", "stop")


def is_running(run, *, wanted, seconds=60, **more):
    """Wait until there is a resident process, or none; False if that takes too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if json.loads(run("warm", "status", "--json", **more).stdout)["running"] == wanted:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
def test_it_is_started_asked_and_ended(alone):
    """A second start finds the first; `--idle` changes it; it ends when nobody needs it."""
    assert alone("warm", "status").stdout == "not running\n"
    assert alone("warm", "stop").stderr == "There is no such process.\n"
    told = alone("warm", "--idle", "5").stderr.splitlines()[-1]
    facts = json.loads(alone("warm", "status", "--json").stdout)
    assert told == (
        f"warm: process {facts['pid']} runs what you type; "
        "it ends after 5 minutes without a command."
    )
    assert facts["running"] is True
    assert facts["idle_seconds"] == 300
    assert alone("--version").stdout.startswith("dlrun ")
    alone("--version", OMP_NUM_THREADS="1")
    shown = alone("warm", "status").stdout
    assert shown.splitlines()[1:3] == [
        "commands run: 1, without the one that started it",
        "at work now: none",
    ]
    assert "kept" not in shown
    assert "1, the last one because OMP_NUM_THREADS in the environment is another one" in shown
    again = alone("warm", "--idle", "0.02").stderr
    assert again.startswith(f"warm: process {facts['pid']} ")
    assert is_running(alone, wanted=False)


def test_what_is_wrong_is_told(alone):
    """Options without an effect are refused."""
    assert "--idle" in alone("warm", "--idle", "0", code=2).stderr
    assert "alone" in alone("warm", "--idle", "3", "status", code=2).stderr


@pytest.mark.slow
def test_it_starts_by_itself_and_ends_with_an_update(alone, tmp_path):
    """The first command is not kept waiting; a change of dlrun's files ends the process."""
    installed = tmp_path / "installed"
    shutil.copytree(ROOT / "dlrun", installed / "dlrun")
    more = {"PYTHONPATH": str(installed), "DLRUN_WARM": "1"}
    assert alone("--version", **more).stdout.startswith("dlrun ")
    assert is_running(alone, wanted=True, seconds=120, **more)
    alone("--version", **more)
    facts = json.loads(alone("warm", "status", "--json", **more).stdout)
    assert facts["served"] == 1
    (installed / "dlrun" / "__init__.py").touch()
    later = {**more, "DLRUN_WARM": ""}
    assert alone("--version", **later).stdout.startswith("dlrun ")
    assert is_running(alone, wanted=False, **later)


@pytest.mark.slow
def test_on_a_gpu_it_says_why_not(alone, tmp_path):
    """A copy could not compute there."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'dlrun.resident' in sys.orig_argv:\n"
        "    import dlrun.resident.preload as preload\n"
        "    preload.sees_gpu = lambda: True\n"
    )
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    told = alone("warm", code=1, PYTHONPATH=path).stderr
    assert "error: no resident process: TensorFlow sees a GPU here" in told
    assert "CUDA_VISIBLE_DEVICES=-1" in told
