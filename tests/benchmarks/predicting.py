"""`dlrun predict` over a large table, against the bare reading, predicting and writing of it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.commands import launch
from tests.benchmarks.rows import Row, alternating
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TRAINED_ON = 5_000  # rows
NUMBERS = 9

CONFIG = f"""\
name: large
dataset:
  type: table
  path: train.csv
  target: y
  scale: standard
  columns: {{id: key, {", ".join(f"x{n}: number" for n in range(NUMBERS))}}}
model: {{layers: [{{type: Dense, units: 32, activation: relu}}, {{type: Dense, units: 1}}]}}
loss: mean_squared_error
optimizer: Adam
training: {{epochs: 1, batch_size: 128}}
"""

# What is read, predicted and written is the same, without a word on what is new in it.
PLAIN = """\
import sys
import duckdb, keras, numpy as np
con = duckdb.connect()
names = [f"x{n}" for n in range(9)]
query = f"SELECT id, color, {', '.join(names)} FROM '{sys.argv[1]}'"
rows = con.execute(query).fetchnumpy()
x = np.stack([rows[name] for name in names], axis=1)
x = (x - x.mean(axis=0)) / x.std(axis=0)
colors = np.stack([rows["color"] == color for color in np.unique(rows["color"])], axis=1)
x = np.concatenate([x, colors], axis=1).astype("float32")
layers = [keras.Input((x.shape[1],)), keras.layers.Dense(32, "relu"), keras.layers.Dense(1)]
y = keras.Sequential(layers).predict(x, batch_size=8192, verbose=0)[:, 0]
con.register("y", {"row": np.arange(len(y)), "id": rows["id"], "predicted": y})
con.execute(f"COPY (FROM y) TO '{sys.argv[2]}' (HEADER)")
"""


def predict_rows(tiny: bool) -> Row:
    """Predict a million rows of ten columns and a key, from CSV to CSV."""
    rows = 10_000 if tiny else 10**6
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        _write(folder, rows)
        (folder / "c.yaml").write_text(CONFIG)
        words = (sys.executable, "-m", "dlrun")
        runs = ("--runs-dir", str(folder / "runs"))
        subprocess.run([*words, "train", folder / "c.yaml", "--no-report", "-q", *runs],
                       check=True, capture_output=True, cwd=ROOT)  # fmt: skip
        data, output = str(folder / "rows.csv"), str(folder / "out.csv")
        peaks: list[float] = []

        def ours() -> float:
            found = launch(*words, "predict", "latest", data, "-o", output, *runs)
            peaks.append(found["mebibytes"])
            return found["seconds"]

        seconds = alternating(
            ours,
            lambda: launch(sys.executable, "-c", PLAIN, data, output)["seconds"],
            1 if tiny else 3,
        )
    note = f"against DuckDB's reading, Keras's predict, DuckDB's writing; peak {max(peaks):.0f} MiB"
    return Row(f"predict {rows:,} rows", "s", *seconds, goal=1.5, faster=False, note=note)


def _write(folder: Path, rows: int) -> None:
    """Write rows to predict, and the first of them to train on."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SELECT setseed(0.5)")
    numbers = ", ".join(f"round(random() * 6 - 3, 4) AS x{n}" for n in range(NUMBERS))
    connection.execute(
        f"CREATE TABLE t AS SELECT range AS id, {numbers}, "  # noqa: S608
        f"['red', 'green', 'blue', 'violet'][1 + range * 7919 % 4] AS color FROM range({rows})"
    )
    connection.execute(f"COPY (FROM t ORDER BY id) TO '{folder / 'rows.csv'}' (HEADER)")
    connection.execute(
        f"COPY (SELECT *, x0 + x1 * x2 AS y FROM t ORDER BY id LIMIT {TRAINED_ON}) "  # noqa: S608
        f"TO '{folder / 'train.csv'}' (HEADER)"
    )


BENCHMARKS: Sequence[Callable[[bool], Row]] = (predict_rows,)
