"""A resident process for the tests, and new processes that ask it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import CONFIGS
from tests.warm import start_resident

CHANGING = [
    (r"epoch \d+/\d+ .* left\n", ""),  # once in a while, where the machine is slow
    (r"importing TensorFlow \.\.\.\n", ""),  # a copy has it
    (r"(?m)^epoch +\d+/\d+ .* left\n", ""),  # said now and then, as time passes
    (r"\d{8}-\d{6}_(\w+?)_[a-z2-7]{4}", r"RUN_\1"),
    (r"\b(trained|other|iris)_[a-z2-7]{4}\b", r"RUN_\1"),
    (r"\b\d+(\.\d)? (ms|s|min|h)\b", "TIME"),
    (r"RUN_\w+ +", "RUN "),  # tables are as wide as their names
    (r"TIME +|  +", " "),
    (r"-{3,}|─{3,}", "-"),
]
"""What differs between two runs of a command line, and what is put into its place."""


def same(text):
    """Leave out what differs between two runs of one command line: names, times."""
    text = text.decode() if isinstance(text, bytes) else text
    for pattern, replacement in CHANGING:
        text = re.sub(pattern, replacement, text)
    return text


@pytest.fixture(scope="session")
def resident(tmp_path_factory):
    """Start a resident process for all tests that do not end it."""
    warm = start_resident(tmp_path_factory.mktemp("resident") / "runtime")
    yield warm
    warm.process.terminate()
    assert warm.process.wait(10) == 0
    warm.process.stdout.close()
    assert not list(warm.home.rglob("*[0-9a-f]"))


@pytest.fixture
def own_resident(tmp_path):
    """Start a resident process that a test may end."""
    warm = start_resident(tmp_path / "runtime")
    yield warm
    if warm.process.poll() is None:
        warm.process.kill()
    warm.process.wait()
    warm.process.stdout.close()


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """Make folders with a config, a table and a broken config."""

    def make(name):
        folder = tmp_path_factory.mktemp(name)
        (folder / "configs").mkdir()
        shutil.copytree(CONFIGS / "data", folder / "configs" / "data")
        text = (CONFIGS / "iris.yaml").read_text().replace("epochs: 100", "epochs: 3")
        (folder / "configs" / "iris.yaml").write_text(text)
        (folder / "broken.yaml").write_text("modle: {}\nseed: x\n")
        rows = (CONFIGS / "data" / "iris.csv").read_text().splitlines()
        (folder / "rows.csv").write_text("\n".join(rows[:5]) + "\n")
        return folder

    return make


@dataclass
class Working:
    """A command line that trains until it is ended."""

    client: subprocess.Popen
    run: Path

    @property
    def record(self):
        """What the run says of itself."""
        return json.loads((self.run / "run.json").read_text())

    @property
    def pid(self):
        """The process that trains."""
        return self.record["pid"]

    def status_after(self, seconds):
        """Wait until the run is over, for so long at most."""
        until = time.monotonic() + seconds
        while self.record["status"] == "running" and time.monotonic() < until:
            time.sleep(0.02)
        return self.record["status"]

    def is_closed(self):
        """Whether the run is closed in good order, which takes longer than allowed under load."""
        return self.status_after(5) == "interrupted" or os.getloadavg()[0] > (os.cpu_count() or 1)


def begin_training(warm, folder, *, is_traced=False, **options):
    """Start a training that takes hours, and wait until it is at work, or in its epochs."""
    words = ["train", CONFIGS / "two_points_sigmoid.yaml", "--set", "training.epochs=1000000000"]
    client = warm.start(*words, "--no-report", cwd=folder, **options)
    begun = None
    while begun is None:
        line = client.stderr.readline().decode()
        assert line, client.wait()
        begun = re.match(r"run folder: (.*)\n", line)
    while is_traced and not line.startswith("epoch"):
        line = client.stderr.readline().decode()
        assert line, client.wait()
    return Working(client, folder / begun[1])
