"""A resident process for tests, and command lines that it runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import weakref
from dataclasses import dataclass
from pathlib import Path

import pytest

from dlrun.warm import wire
from tests.conftest import ENVIRONMENT, ROOT

COMMAND_LINE = [sys.executable, "-m", "dlrun"]

_OF_THE_SESSION = ("XDG_CACHE_HOME", "XDG_STATE_HOME")


def environment(changed=()):
    """The environment as it began, with what tests have changed: what imports set stays out."""
    env = dict(ENVIRONMENT)
    for name in {*_OF_THE_SESSION, *changed}:
        env.pop(name, None)
        if name in os.environ:
            env[name] = os.environ[name]
    return env


@dataclass
class Warm:
    """A resident process, and the environment in which commands find it."""

    process: subprocess.Popen
    home: Path
    env: dict

    @property
    def address(self):
        """The socket, at a path that is short enough."""
        found = [path for path in (self.home / "dlrun").iterdir() if not path.suffix]
        return found[0] if found else None

    def ask(self, asked=wire.STATUS, **more):
        """Ask it, and read the answer's numbers."""
        with socket.socket(socket.AF_UNIX) as connection:
            here = os.open(self.address.parent, os.O_RDONLY)
            connection.connect(f"/proc/self/fd/{here}/{self.address.name}")
            os.close(here)
            wire.send(connection, {"ask": [asked], **more})
            answer, _ = wire.receive(connection)
        return {name: values[0].decode() for name, values in answer.items()}

    @property
    def served(self):
        """How many commands it has run."""
        return int(self.ask()["served"])

    def start(self, *words, **options):
        """Start a command line."""
        env = {**self.env, **options.pop("env", {})}
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([*COMMAND_LINE, *map(str, words)], env=env, **options)

    def run(self, *words, input=None, is_served=True, **options):  # noqa: A002
        """Run a command line; it must have been the resident process that ran it, or not."""
        before = self.served
        if input is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(*words, **options)
        out, err = process.communicate(input, timeout=300)
        assert self.served - before == is_served, self.ask()
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def wait_for_standby(self, seconds=20.0):
        """Wait until a copy is ready for the next command; gives its process, 0 for none."""
        until = time.monotonic() + seconds
        while (pid := int(self.ask()["standby"])) == 0 and time.monotonic() < until:
            time.sleep(0.01)
        return pid

    def wait_idle(self, seconds=10.0):
        """Wait until no command is at work, for so long at most."""
        until = time.monotonic() + seconds
        while int(self.ask()["working"]) and time.monotonic() < until:
            time.sleep(0.02)
        return not int(self.ask()["working"])


def start_resident(home, before=""):
    """Start a resident process whose socket is below a folder; `before` is run in it at first."""
    home.mkdir(mode=0o700, exist_ok=True)
    env = {**environment(), "XDG_RUNTIME_DIR": str(home), "PYTHONPATH": str(ROOT)}
    code = f"{before}\nfrom dlrun.resident.__main__ import main\nmain()"
    how = ["-c", code] if before else ["-m", "dlrun.resident"]
    process = subprocess.Popen([sys.executable, *how, "3600"], env=env, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    return Warm(process, home, env)


PATCHES = weakref.WeakSet()
"""Whatever patches anything: the fixture, and contexts that tests open themselves."""


def note_patches():
    """Know of every `pytest.MonkeyPatch` that is made from now on."""
    make = pytest.MonkeyPatch.__init__

    def noting(patch):
        make(patch)
        PATCHES.add(patch)

    pytest.MonkeyPatch.__init__ = noting


def _patches_this_process(patch):
    others = [one for one in patch._setitem if one[0] is not os.environ]
    # Pytest notes in its own settings where temporary folders are.
    others += [one for one in patch._setattr if not isinstance(one[0], pytest.Config)]
    return bool(others or patch._savesyspath is not None)


def line_by(warm, monkeypatch, words):
    """Let it run a command line as this process would: exit code, stdout and stderr, as texts.

    A test that patches what this process holds would test nothing, and is skipped.
    """
    if any(map(_patches_this_process, PATCHES)):
        pytest.skip("patches what this process holds: no other one can run it")
    changed = {name for _, name, _ in monkeypatch._setitem}
    env = environment(changed) | {
        name: warm.env[name] for name in ("XDG_RUNTIME_DIR", "PYTHONPATH")
    }
    before = warm.served
    done = subprocess.run(
        [*COMMAND_LINE, *words], env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    told = warm.ask()
    assert changed or int(told["served"]) == before + 1, told["refusal"]
    return done.returncode, done.stdout.decode(), done.stderr.decode()
