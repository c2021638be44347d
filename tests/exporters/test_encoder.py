"""`encode.py` reads cells as `dlrun predict` does, and refuses in words; it stands alone."""

from __future__ import annotations

import gzip
import json
import re
import runpy
import subprocess
import sys

import numpy as np
import pytest

from tests.exporters.outside import ask, predicted

CONFIG = """\
dataset:
  type: table
  path: "größe & preis.csv"
  target: kind
  delimiter: ";"
  decimal: ","
  thousands: "."
  missing_values: ["k. A."]
  columns:
    preis: {type: number, scale: log, missing: -1}
    lebt: number
    wort: {type: text, hash: 8, weight: tfidf, missing: empty}
    titel: {type: text, vocabulary: 3}
    seit: {type: date, format: "%d/%m/%y", parts: [seconds, yearday], scale: quantile}
    schlüssel: key
model: {layers: [{type: Dense, units: 3, activation: softmax}]}
loss: sparse_categorical_crossentropy
optimizer: sgd
training: {epochs: 1}
exports: [encoder]
"""
HEAD = "preis;lebt;wort;titel;seit;schlüssel;kind"
WORDS = ("Straße", "die die Maus", "k. A.", "", "Ärger über Öl")


def table():
    for n in range(30):
        preis = ("1.234,5", "0,25", " 7 ", "k. A.", "", "-2.000.000,125")[n % 6]
        day = f"{n % 28 + 1:02}/{n % 12 + 1:02}/{(69, 68, 99, 0)[n % 4]:02}"
        lebt = ("yes", "NO", "f")[n % 3]
        titel = ("die Maus", "das Haus")[n % 2]
        yield f"{preis};{lebt};{WORDS[n % 5]};{titel};{day};{n};{'abc'[n % 3]}"


def test_cells_as_people_write_them(dlrun, tmp_path):
    """A table of Germany: thousands, decimals, hashed words, days of two centuries."""
    from dlrun.data.samples import open_samples
    from dlrun.execution.opening import open_trained
    from dlrun.exporters.network_inputs import as_given
    from dlrun.rundir.folder import Run

    file = tmp_path / "größe & preis.csv"
    file.write_text("\n".join([HEAD, *table()]) + "\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text(CONFIG)
    run = dlrun("train", "c.yaml", "-q").run.resolve()
    encode = run / "encode.py"
    subprocess.run([sys.executable, "-I", encode, file, "in.npz"], cwd=tmp_path, check=True)
    with np.load(tmp_path / "in.npz") as stored:
        (found,) = (stored[name] for name in stored.files)
    assert found[0, :2].tolist() == [1234.5, 1]
    assert found[3:6, 0].tolist() == [-1, -1, -2000000.125]
    spec = open_trained(Run(run)).spec
    with open_samples(file, spec, with_target=False) as samples:
        x = np.concatenate([chunk.x for chunk in samples.chunks])
    np.testing.assert_allclose(found, as_given(x, spec)["input"], rtol=1e-5, atol=1e-6)
    encode = runpy.run_path(str(encode))
    rows = encode["read"](file)[:3]
    rows[0] |= {"preis": 1234.5, "lebt": True}  # by a program, and not by people
    rows[1] |= {"preis": np.float32(0.25), "lebt": np.bool_(False)}
    rows[2] |= {"preis": float("nan"), "lebt": 0}
    numbers = encode["encode"](rows)["input"]
    assert numbers[:, :2].tolist() == [[1234.5, 1], [0.25, 0], [-1, 0]]
    np.testing.assert_array_equal(numbers[:2, 2:], found[:2, 2:])
    check_refusals(encode, file)


WRONG = (
    ("preis", "1_000", "row 1, column 'preis': '1_000' is no number"),
    ("preis", "1.5", "row 1, column 'preis': '1.5' is no number"),
    ("lebt", "maybe", "row 1, column 'lebt': 'maybe' is no number"),
    ("lebt", None, "row 1, column 'lebt': a value is missing"),
    ("seit", "31/02/99", "row 1, column 'seit': '31/02/99' is no time; %d/%m/%y was expected"),
)


def check_refusals(encode, file):
    """The row, the column, what stands there and what was expected."""
    for cell, value, said in WRONG:
        rows = encode["read"](file)[:3]
        rows[1][cell] = value
        with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
            encode["encode"](rows)
    rows = encode["read"](file)[:3]
    del rows[2]["wort"]
    with pytest.raises(ValueError, match="a row has no column 'wort'"):
        encode["encode"](rows)


FOUND = """\
dataset:
  type: table
  path: {file}
  target: preis
  columns: {{ort: category, größe: number}}
{told}
model: {{layers: [{{type: Dense, units: 1}}]}}
loss: mse
optimizer: sgd
training: {{epochs: 1}}
exports: [encoder]
"""
CITIES = [("Köln", 1.5), ("Ulm", -0.25), ("Köln", 7), ("Gera, Süd; Ost", 2.75)] * 5
HEADED = ("größe", "ort", "preis")


def cities(mark, point=".", head=HEADED):
    """A table whose cells hold the marks of others, in quotes; blank lines before and in it."""
    lines = ["", *([] if head is None else [mark.join(head)])]
    for n, (city, size) in enumerate(CITIES):
        lines += [mark.join((str(size).replace(".", point), f'"{city}"', str(n))), ""][: 1 + n % 2]
    return "\r\n".join(lines) + "\r\n"


OBJECTS = "".join(json.dumps({"größe": size, "ort": city, "preis": n}, ensure_ascii=False) + "\n"
                  for n, (city, size) in enumerate(CITIES))  # fmt: skip
FILES = {
    "semicolons": ("t.csv", '  decimal: ","', cities(";", ",").encode()),
    "tabs": ("t.tsv", "", cities("\t").encode()),
    "UTF-16": ("t.txt", '  decimal: ","', cities("\t", ",").encode("utf-16")),
    "Latin-1": ("t.csv", "  encoding: latin-1", cities("|").encode("latin-1")),
    "UTF-8 with a mark, said so": ("t.csv", "  encoding: utf-8", cities(",").encode("utf-8-sig")),
    "packed": ("t.csv.gz", "", gzip.compress(cities(";").encode("utf-8-sig"))),
    "JSON lines": ("t.jsonl.gz", "", gzip.compress(OBJECTS.encode())),
}


@pytest.mark.parametrize("kind", FILES)
def test_what_each_file_tells(kind, dlrun, tmp_path):
    """Delimiter, encoding, packing and format that nobody said are found as in training."""
    file, told, content = FILES[kind]
    (tmp_path / file).write_bytes(content)
    (tmp_path / "c.yaml").write_text(FOUND.format(file=file, told=told))
    encode = dlrun("train", "c.yaml", "-q").run / "encode.py"
    # Sizes as they stand in the file, then cities in the order of the alphabet.
    names = sorted({city for city, _ in CITIES})
    expected = [[size, *(float(city == one) for one in names)] for city, size in CITIES]
    assert read_alone(encode, tmp_path / file).tolist() == expected


def read_alone(encode, file):
    """Encode a file in a process of its own that has no dlrun."""
    inputs = file.parent / "in.npz"
    subprocess.run([sys.executable, "-I", encode, file, inputs], check=True)
    with np.load(inputs) as stored:
        (found,) = (stored[name] for name in stored.files)
    return found


def test_files_without_names(dlrun, tmp_path):
    """Columns are taken in their order, with the target or without; names count if they come."""
    (tmp_path / "t.csv").write_text(cities(";", head=None), encoding="utf-8")
    named = "dataset:\n  header: false\n"
    config = FOUND.format(file="t.csv", told="").replace("dataset:\n", named)
    config = config.replace("ort:", "column_2:").replace("größe:", "column_1:")
    (tmp_path / "c.yaml").write_text(config.replace("preis", "column_3"))
    encode = dlrun("train", "c.yaml", "-q").run / "encode.py"
    encode = runpy.run_path(str(encode))

    def ask(text):
        (tmp_path / "new.csv").write_text(text, encoding="utf-8")
        (found,) = encode["encode"](encode["read"](tmp_path / "new.csv")).values()
        return found.tolist()

    rows = [[1.5, 0, 1, 0], [7, 0, 0, 1]]  # Gera, Köln, Ulm
    assert ask("1.5,Köln,0\n7,Ulm,1\n") == rows
    assert ask("1.5|Köln\n7|Ulm\n") == rows
    assert ask("column_2;column_1\nKöln;1.5\nUlm;7\n") == rows
    with pytest.raises(ValueError, match=r"^row 1 has 1 cells; 2 were expected$"):
        ask("1.5;Köln\n7\n")
    with pytest.raises(ValueError, match=r"^\[',', ';'\] are in the first line; set DELIMITER"):
        ask("1,5;Köln\n")


SERIES = """\
dataset:
  type: series
  path: doors.csv
  time: day
  target: sales
  features: [sales, door]
  columns: {sales: {type: number, scale: standard}, door: category}
  delimiter: ";"
  decimal: ","
  window: 3
  horizon: 2
model: {layers: [Flatten, {type: Dense, units: 2}]}
loss: mse
optimizer: sgd
training: {epochs: 1}
exports: [encoder]
"""


def test_windows_of_a_series(dlrun, tmp_path):
    """Rows in the order of time become windows, in the units of the columns, by hand."""
    lines = [
        "day;sales;door",
        *(f"2024-01-{n + 1:02};{100 + n},5;{'ab'[n % 2]}" for n in range(20)),
    ]
    (tmp_path / "doors.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "c.yaml").write_text(SERIES)
    encode = runpy.run_path(str(dlrun("train", "c.yaml", "-q").run / "encode.py"))
    rows = encode["read"](tmp_path / "doors.csv")
    (x,) = encode["encode"](rows[:6]).values()
    assert x.tolist() == [
        [[100.5, 1, 0], [101.5, 0, 1], [102.5, 1, 0]],
        [[103.5, 0, 1], [104.5, 1, 0], [105.5, 0, 1]],
    ]
    assert "holds 2 steps for each window: sales, in their units" in encode["__doc__"]
    with pytest.raises(ValueError, match=r"^got 4 rows; windows of 3 rows each were expected$"):
        encode["encode"](rows[:4])


SHOPS = """\
dataset:
  type: series
  path: shops.csv
  time: day
  key: shop
  target: [sales, visits]
  target_scale: log
  columns:
    day: {type: date, parts: [weekday, seconds], scale: minmax}
    shop: category
    sales: {type: number, scale: log}
    visits: {type: number, scale: quantile}
    price: {type: number, missing: flag, scale: standard}
    said: {type: text, vocabulary: 4, missing: empty}
  window: 5
  horizon: 3
model: {layers: [{type: LSTM, units: 4}, {type: Dense, units: 6}]}
loss: mse
optimizer: {type: Adam, learning_rate: 0.03}
training: {epochs: 3, batch_size: 16}
exports: [saved_model, onnx, litert]
"""


def shops(steps):
    """Three series with cells of every kind, and holes in them."""
    yield "day,shop,sales,visits,price,said"
    for shop in ("A", "Z 1", "Ö"):
        for n in steps:
            sales, visits = 50 + 7 * n % 90 + len(shop), n * n % 37 + 2
            said = ("snow and rain", "", "sun, sun!")[n % 3]
            day = f"2024-{n // 28 + 1:02}-{n % 28 + 1:02}"
            yield f'{day},{shop},{sales},{visits},{"" if n % 7 == 0 else n / 4},"{said}"'


@pytest.mark.slow
def test_windows_of_all_kinds_of_columns(dlrun, tmp_path):
    """Every form forecasts as `dlrun predict` does: several series, two targets, three steps."""
    (tmp_path / "shops.csv").write_text("\n".join(shops(range(56))) + "\n")
    (tmp_path / "new.csv").write_text("\n".join(shops(range(30, 35))) + "\n")
    (tmp_path / "c.yaml").write_text(SHOPS)
    run = dlrun("train", "c.yaml", "-q").run.resolve()
    _, expected = predicted(dlrun, run, tmp_path / "new.csv")
    assert expected.shape == (3 * 3, 2)
    forms = {"saved_model": "saved_model", "onnx": "model.onnx", "litert": "model.tflite"}
    jobs = [{"form": form, "model": run / file, "rows": tmp_path / "new.csv"}
            for form, file in forms.items()]  # fmt: skip
    for form, answer in zip(forms, ask(jobs, tmp_path), strict=True):
        np.testing.assert_allclose(
            answer["predicted"].reshape(expected.shape), expected, rtol=1e-5, err_msg=form
        )
    assert expected.std(axis=0).min() > 0.01


def test_a_kind_that_does_not_say_how(dlrun, tmp_path, monkeypatch):
    """It is refused by name where the file is asked for, and told beside a network."""
    from dlrun.columns.fitted import Fitted
    from dlrun.columns.number import Number

    (tmp_path / "t.csv").write_text("a,y\n" + "".join(f"{n},{n * 2}\n" for n in range(20)))
    (tmp_path / "c.yaml").write_text(
        "dataset: {type: table, path: t.csv, target: y, columns: {a: number}}\n"
        "model: {layers: [{type: Dense, units: 1}]}\nloss: mse\noptimizer: sgd\n"
        "training: {epochs: 1}\n"
    )
    run = dlrun("train", "c.yaml", "-q").run
    monkeypatch.setattr(Number, "plain_numpy", Fitted.plain_numpy)
    said = "column 'a': the kind `number` does not say how NumPy encodes it."
    assert said in dlrun("export", run, "encoder", code=1).err
    assert f"encode.py is not written: {said}" in dlrun("export", run, "litert").err
    assert not (run / "encode.py").exists()
    assert (run / "model.tflite").exists()
