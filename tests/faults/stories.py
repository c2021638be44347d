"""The runs that faults are tried on: what they train, and what of them must be the same bits."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from pathlib import Path

import numpy as np

from dlrun.errors import RunFolderError
from dlrun.rundir.checkpoints import checkpoint_names, load_checkpoint
from dlrun.rundir.names import RECORD
from dlrun.rundir.record import read_record
from tests.faults.server import LIMIT, Ended
from tests.pictures import draw
from tests.texts import reviews, write_folders

_HEAD = """\
dataset: {dataset}
model:
  layers:
{first}    - {{type: Dense, units: 6, activation: relu}}
{layers}
    - {{type: Dense, units: 1, activation: {end}}}
loss: {loss}
optimizer: {optimizer}
metrics: [{metric}]
training:
  epochs: {epochs}
  batch_size: 7
  sampling: {sampling}
  checkpoint_seconds: 0
  callbacks: {callbacks}
exports: {exports}
"""
_MOONS = "{type: moons, samples: 60, validation_split: 0.2, test_split: 0.1}"
_TABLE = "{type: csv, path: table.csv, target: t, validation_split: 0.2, scale: standard}"
_GROUPS = (
    "{type: table, path: groups.csv, target: t, validation_split: 0.2, test_split: 0.2, "
    "split_by: {group: g}}"
)
_SERIES = (
    "{type: series, path: series.csv, time: day, key: shop, window: 5, season: 7, scale: standard, "
    "target_scale: standard, validation_split: 0.2, test_split: 0.2}"
)
_NUMBERS = {"end": "linear", "loss": "mean_squared_error", "metric": "mean_absolute_error"}
_PHOTOS = (
    "{type: table, path: photos.csv, target: t, validation_split: 0.2, "
    "columns: {photo: {type: image, color: gray}}}"
)
_AUGMENTED = """\
    - RandomFlip
    - {type: RandomRotation, factor: 0.3}
    - Flatten
"""
_TEXTS = (
    "{type: texts, path: texts, columns: {text: {type: text, length: 6}}, validation_split: 0.2}"
)
_WORDS = """\
    - {type: Embedding, output_dim: 3, mask_zero: true}
    - {type: Bidirectional, layer: {type: LSTM, units: 2, dropout: 0.2}}
"""
_NETWORK_FILE = "network.weights.h5"
_NETWORK = {"include_top": True, "classes": 5, "alpha": 0.05, "dropout": 0.3}
_FINE_TUNED = f"""\
    - {{type: MobileNet, name: base, weights: {_NETWORK_FILE}, fine_tune_at: conv_dw_13,
       {", ".join(f"{key}: {str(value).lower()}" for key, value in _NETWORK.items())}}}
"""
_LARGE_PHOTOS = _PHOTOS.replace("color: gray", "size: 32")
_DROPOUT = "    - {type: Dropout, rate: 0.3}"
_NORMALIZATION = "    - {type: BatchNormalization}"
_DECAY = (
    "{type: SGD, momentum: 0.9, learning_rate: "
    "{type: ExponentialDecay, initial_learning_rate: 0.1, decay_steps: 5, decay_rate: 0.8}}"
)
_STOPPING = "{type: EarlyStopping, monitor: val_loss, patience: 9, restore_best_weights: true}"
_PATIENCE = (
    "{type: EarlyStopping, monitor: val_loss, patience: 1, min_delta: 0.05, "
    "restore_best_weights: true}"
)
_PLATEAU = "{type: ReduceLROnPlateau, monitor: val_loss, patience: 1, min_delta: 0.1}"
_LOGGER = "{type: CSVLogger, filename: epochs.csv}"

CONFIGS = {
    "dropout": {"layers": _DROPOUT, "callbacks": f"[{_STOPPING}]"},
    "normalization": {"layers": f"{_DROPOUT}\n{_NORMALIZATION}", "callbacks": f"[{_LOGGER}]"},
    "whole": {"layers": _DROPOUT, "exports": "[predictions, keras_model]"},
    "schedule": {"layers": _DROPOUT, "optimizer": _DECAY},
    "plateau": {"layers": _NORMALIZATION, "callbacks": f"[{_PLATEAU}, {_LOGGER}]"},
    "stopping": {"layers": _DROPOUT, "callbacks": f"[{_PATIENCE}]", "epochs": 8},
    "streaming": {"layers": _DROPOUT, "dataset": _TABLE},
    "series": {"layers": f"    - Flatten\n{_DROPOUT}", "dataset": _SERIES, **_NUMBERS},
    "divided": {"layers": _DROPOUT, "dataset": _GROUPS, "sampling": "over"},
    "photos": {"first": _AUGMENTED, "dataset": _PHOTOS},
    "texts": {"first": _WORDS, "dataset": _TEXTS},
    "network": {"first": _FINE_TUNED, "dataset": _LARGE_PHOTOS},
}
_USUAL = {"dataset": _MOONS, "first": "", "layers": "", "optimizer": "adam", "callbacks": "[]",
          "epochs": 3, "sampling": "null", "exports": "[predictions]", "end": "sigmoid",
          "loss": "binary_crossentropy", "metric": "accuracy"}  # fmt: skip

STRETCHES = (0.0, 0.001, None)
"""Batch by batch; some batches; whole epochs: where a training is cut must not matter."""


TRAIN, RESUME = (("train", "--quiet", "--no-report"), ("resume", "--quiet", "--no-report"))


class Workplace:
    """A folder with the configs, and processes that work there.

    Args:
        folder: An empty folder.
        server: Forks the processes.
    """

    def __init__(self, folder, server):
        self.folder, self._server = Path(folder), server
        self.numbers = itertools.count(1)
        for name, words in CONFIGS.items():
            (self.folder / f"{name}.yaml").write_text(_HEAD.format(**_USUAL | words))
        rows = np.random.default_rng(0).normal(size=(60, 2)).round(3).tolist()
        lines = [f"{a},{b},{'high' if a * b > 0 else 'low'}" for a, b in rows]
        (self.folder / "table.csv").write_text("\n".join(["a,b,t", *lines, ""]))
        groups = [
            f"{a},{b},g{n % 9},{'high' if a > 0.5 else 'low'}" for n, (a, b) in enumerate(rows)
        ]
        (self.folder / "groups.csv").write_text("\n".join(["a,b,g,t", *groups, ""]))
        days = [
            f"{n % 2},{n // 2},{a + math.sin(n / 2)},{b}"
            for n, (a, b) in enumerate(rows)
            if n != 31
        ]
        (self.folder / "series.csv").write_text("\n".join(["shop,day,x,sales", *days, ""]))
        for number, (a, b) in enumerate(rows):
            pixels = np.array([[a, b, 0, 0]] * 4) * 60 + 128
            draw(self.folder / "photos" / f"{number}.png", pixels.clip(0, 255).astype(np.uint8))
        named = [f"photos/{n}.png,{'high' if a > 0 else 'low'}" for n, (a, _) in enumerate(rows)]
        (self.folder / "photos.csv").write_text("\n".join(["photo,t", *named, ""]))
        write_folders(self.folder / "texts", reviews(60))
        self.temporary = self.folder / "temporary"
        self.temporary.mkdir()
        self.env = {
            "TMPDIR": str(self.temporary),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "MPLCONFIGDIR": str(self.folder / "matplotlib"),
            "DLRUN_STREAM_ABOVE_MB": "0.0001",
        }

    def run(self, *words, runs, fault=None, kill_after=None, stretch=None):
        """Run a command line; returns how it ended and the points that it passed."""
        line = self.line(*words, runs=runs, fault=fault, stretch=stretch)
        ended = self._server.call(
            "points:command", cwd=self.folder, env=self.env, kill_after=kill_after, **line
        )
        return ended, _passed(line)

    def line(self, *words, runs, fault=None, stretch=None):
        """A command line, as `tests.faults.points.command` takes it."""
        return {
            "words": [*map(str, words), "--runs-dir", str(runs)],
            "root": str(runs),
            "trace": str(self.folder / f"trace-{next(self.numbers)}"),
            "fault": fault,
            "stretch": stretch,
        }

    def run_all(self, lines):
        """Run lines one after the other in one process that keeps its graphs; see `run`."""
        if not lines:
            return []
        outcomes = self.batch(lines, cwd=self.folder).value
        pairs = zip(lines, outcomes, strict=True)
        return [
            (Ended(code, 0.0, out, err, None), _passed(line)) for line, (code, out, err, _) in pairs
        ]

    def batch(self, lines, **how):
        """Run many command lines in one process, see `tests.faults.batch.commands`."""
        lines = [line if isinstance(line, dict) else {"words": line} for line in lines]
        options = {"cwd": self.temporary, "limit": LIMIT * (1 + len(lines) / 8), **how}
        ended = self._server.call("batch:commands", env=self.env, lines=lines, **options)
        assert ended.code == 0, ended.err[-3000:]
        return ended

    def train(self, name, *, runs, **how):
        """Train a config."""
        if name == "network" and not (self.folder / _NETWORK_FILE).exists():
            assert self._server.call("stories:write_network", cwd=self.folder).code == 0
        return self.run(*TRAIN, f"{name}.yaml", runs=runs, **how)

    def resume(self, run, **how):
        """Go on with a run."""
        return self.run(*RESUME, run, runs=run.parent, **how)


def write_network():
    """Write weights for the network of keras.applications into the folder of this process."""
    from dlrun.backend import keras

    keras.utils.set_random_seed(7)
    network = keras.applications.MobileNet(input_shape=(32, 32, 3), weights=None, **_NETWORK)
    network.save_weights(_NETWORK_FILE)
    return 0, None


def _passed(line):
    """The points that a command line has passed."""
    trace = Path(line["trace"])
    points = trace.read_text().splitlines() if trace.exists() else []
    trace.unlink(missing_ok=True)
    return points


def only_run(runs):
    """The run folder of a folder of runs; None where there is none yet."""
    found = [path for path in Path(runs).iterdir() if path.is_dir()] if Path(runs).exists() else []
    assert len(found) <= 1, found
    return found[0] if found else None


def can_resume(run):
    """Whether a run got as far as to write down what it is."""
    try:
        read_record(run)
    except RunFolderError:
        assert not (run / RECORD).exists()
        return False
    return (run / "config.yaml").exists()


def bits(run):
    """Everything of a finished run that must not depend on how often it was stopped."""
    checkpoint, damaged = load_checkpoint(run)
    assert damaged == []
    assert len(checkpoint_names(run)) == 1
    facts = {key: value for key, value in checkpoint.facts.items() if key != "sha256"}
    files = ["history.csv", "metrics.json", "weights.safetensors", "spec.json", "epochs.csv"]
    files += sorted(str(path.relative_to(run)) for path in run.glob("predictions/*"))
    return {
        **{name: hashlib.sha256((run / name).read_bytes()).hexdigest()
           for name in files if (run / name).exists()},
        **{f"checkpoint {name}": hashlib.sha256(value.tobytes()).hexdigest()
           for name, value in checkpoint.tensors.items()},
        "facts": json.dumps(facts).replace(str(run), ""),
    }  # fmt: skip


def check_finished(run, expected):
    """Hold a finished run against the uninterrupted one, and look for leftovers."""
    record = read_record(run)
    assert (record["status"], record["exit_code"]) == ("finished", 0), record
    found = bits(run)
    different = {key for key in found.keys() | expected if found.get(key) != expected.get(key)}
    assert different == set(), (run, different)
    assert leftovers(run) == []


def leftovers(run):
    """The files that are still called temporary."""
    return [str(path) for path in Path(run).rglob(".tmp-*")]
