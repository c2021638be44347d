"""A run over series: the sales of two shops, by day."""

from __future__ import annotations

import math

import numpy as np

from dlrun.cli import main
from tests.conftest import alone

ROWS = 70
CONFIG = """\
name: shops
dataset:
  type: series
  path: shops ü.csv
  time: Tag
  key: Laden
  target: [Umsatz, Gäste]
  decimal: ","
  columns: {Tag: {type: date, parts: [weekday]}}
  window: 8
  horizon: 3
  season: 7
  scale: standard
  target_scale: standard
  test_split: 0.2
  validation_split: 0.2
model:
  layers:
    - {type: GRU, units: 4}
    - {type: Dropout, rate: 0.1}
    - {type: Dense, units: 6}
loss: mean_squared_error
optimizer: {type: Adam, learning_rate: 0.01}
metrics: [mean_absolute_error]
training: {epochs: 3, batch_size: 16, checkpoint_seconds: 0}
exports: [predictions]
"""


def value(shop, day):
    """What a shop sells on a day."""
    return round(
        (50 if shop == "Nord" else 120) + 10 * math.sin(day * 2 * math.pi / 7) + day / 9, 2
    )


def daily(rows=ROWS, shops=("Süd", "Nord")):
    """A table with a semicolon and a decimal comma, one shop after the other."""
    days = np.datetime64("2023-01-01") + np.arange(rows)
    shown = ["{2}.{1}.{0}".format(*str(day).split("-")) for day in days]
    cells = [
        f"{shop};{shown[day]};{str(value(shop, day)).replace('.', ',')};{day % 5}"
        for shop in shops
        for day in range(rows)
    ]
    return "\n".join(["Laden;Tag;Umsatz;Gäste", *cells]) + "\n"


def write(folder):
    """Write the table and its config into a folder whose name has a blank."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shops ü.csv").write_text(daily(), "utf-8")
    (folder / "shops.yaml").write_text(CONFIG, "utf-8")
    return folder / "shops.yaml"


def train_once(common):
    """Train a run of it with its report, for all tests and workers; it is only read."""
    home = common / "a series"
    home.mkdir(exist_ok=True)
    with alone(home / "lock"):
        if not (home / "done").exists():
            config = write(home)
            assert main(["train", str(config), "--runs-dir", str(home / "runs"), "--quiet"]) == 0
            (home / "done").write_text("")
    (run,) = (home / "runs").iterdir()
    return run
