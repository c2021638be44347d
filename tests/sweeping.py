"""Runs sweeps in processes of their own, as a user does: one that has computed cannot fork."""

from __future__ import annotations

import json
import os
import subprocess
import sys

MOONS = """\
dataset: {type: moons, samples: 60, validation_split: 0.2, test_split: 0.2}
model:
  layers:
    - {type: Dense, units: 4, activation: tanh}
    - {type: Dense, units: 1, activation: sigmoid}
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.01}
metrics: [accuracy]
training: {epochs: 6, batch_size: 16}
exports: []
"""


def start(folder, *words, **options):
    """Start a command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "dlrun", *map(str, words)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **options.pop("env", {})},
        **options,
    )


def run(folder, *words, code=0, **options):
    """Run a command line in a process of its own; gives what it wrote to stdout and to stderr."""
    process = start(folder, *words, **options)
    out, err = process.communicate(timeout=300)
    assert "Traceback" not in err, err
    assert process.returncode == code, err
    return out, err


def records(folder):
    """The records of the runs of a folder, by their points."""
    found = {}
    for path in sorted(folder.glob("*/run.json")):
        record = json.loads(path.read_text())
        point = json.dumps(record["sweep"]["point"], sort_keys=True)
        assert point not in found, f"{point} was trained twice"
        found[point] = {**record, "folder": path.parent}
    return found
