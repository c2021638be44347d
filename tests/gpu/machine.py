"""The machine that is tried: which devices it has, and how a command runs on them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import forked
from tests.conftest import ROOT

_FOUND = """\
import json
from dlrun.backend import tf
found = [tf.config.experimental.get_device_details(one).get("device_name", "unknown")
         for one in tf.config.list_physical_devices("GPU")]
print(json.dumps(found))
"""
_SECONDS = 300


class CommandError(Exception):
    """A command of dlrun has ended otherwise than well."""


@dataclass(frozen=True)
class Machine:
    """The devices, and a folder for what is trained; with `tiny` nothing takes long."""

    gpus: tuple[str, ...]
    tiny: bool
    folder: Path

    @classmethod
    def find(cls, *, tiny: bool) -> Machine:
        """Ask TensorFlow, in a process of its own."""
        done = _python("-c", _FOUND)
        gpus = tuple(json.loads(done.stdout.splitlines()[-1]))
        return cls(gpus, tiny, Path(tempfile.mkdtemp(prefix="dlrun-gpu-")))

    @property
    def kind(self) -> str:
        """What the command line calls the device."""
        return "gpu" if self.gpus else "cpu"

    def described(self) -> str:
        """Say what will be tried."""
        if self.gpus:
            return f"{len(self.gpus)} GPU: {', '.join(self.gpus)}"
        return "no GPU: this is the CPU form, which shows that the checks work and nothing more"

    def dlrun(self, *words: Any, device: bool = True) -> str:
        """Run a command line of dlrun in the folder; gives its stdout."""
        given = [*map(str, words), *(["--device", self.kind] if device else [])]
        if self.gpus:  # A process that has seen a GPU cannot be copied.
            done = _python("-m", "dlrun", *given, cwd=self.folder)
        else:
            done = forked.run_program(
                forked.COMMAND, *given, cwd=self.folder, imported=forked.HEAVY
            )
        if done.returncode:
            raise CommandError(f"dlrun {' '.join(given)}: {done.stderr.strip()[-500:]}")
        return done.stdout.strip()

    def train(self, config: Path, *overrides: str, words: tuple[Any, ...] = ()) -> Path:
        """Train a config without report; gives the run folder."""
        given = [part for one in overrides for part in ("--set", one)]
        return self.folder / self.dlrun("train", config, *given, *words, "--no-report", "--quiet")

    def kill_training(self, config: Path, *overrides: str) -> Path:
        """Train, and kill the process as soon as it has committed; gives the run folder."""
        given = [part for one in overrides for part in ("--set", one)]
        words = ["train", str(config), *given, "--runs-dir", "killed", "--device", self.kind]
        process = subprocess.Popen(
            [sys.executable, "-m", "dlrun", *words, "--no-report", "--quiet"],
            cwd=self.folder,
            env=_environment(),
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _SECONDS
        try:
            while process.poll() is None and time.monotonic() < deadline:
                if any((self.folder / "killed").glob("*/checkpoint/*")):
                    break
                time.sleep(0.02)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        runs = list((self.folder / "killed").glob("*"))
        if len(runs) != 1:
            raise CommandError(f"dlrun {' '.join(words)} has left {len(runs)} run folders")
        return runs[0]

    def python(self, program: str, *words: Any) -> Any:
        """Run Python code in a process of its own; gives the JSON of its last line."""
        done = _python("-c", program, *map(str, words), cwd=self.folder)
        if done.returncode:
            raise CommandError(done.stderr.strip()[-500:])
        return json.loads(done.stdout.splitlines()[-1])

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _python(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
