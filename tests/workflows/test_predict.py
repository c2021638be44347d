"""Rows are predicted as they are: in any format, any order, with gaps and news that are told."""

import csv
import gzip
import io
import json
import shutil
import subprocess
import sys

import duckdb
import numpy as np
import pytest

CONFIG = """
name: people
dataset:
  type: table
  path: people.csv
  target: bought
  scale: standard
  columns: {id: key, age: {type: number, missing: median}, city: {type: category, missing: own}}
model:
  layers: [{type: Dense, units: 4, activation: tanh}, {type: Dense, units: 1, activation: sigmoid}]
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.05}
training: {epochs: 2, batch_size: 16}
exports: []
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run over a table of people, and its rows."""
    folder = tmp_path_factory.mktemp("people")
    random = np.random.default_rng(0)
    rows = [
        [100 + 7 * n, round(float(random.uniform(20, 60)), 1), ["Köln", "Ulm", "Bad, Ems"][n % 3]]
        for n in range(60)
    ]
    lines = [[*row, "yes" if row[1] > 40 else "no"] for row in rows]
    lines[3][1] = lines[4][2] = ""
    with (folder / "people.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "age", "city", "bought"], *lines])
    (folder / "c.yaml").write_text(CONFIG)
    words = [sys.executable, "-m", "dlrun", "train", "c.yaml", "-q", "--no-report"]
    done = subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True)
    return folder / done.stdout.strip()


@pytest.fixture
def run(trained, tmp_path, dlrun):  # noqa: ARG001  it goes into the empty folder
    """A copy of the run, beside a file of other rows."""
    shutil.copytree(trained, tmp_path / "runs" / trained.name)
    rows = ["id,city,age", '7,"Bad, Ems",30.5', "8,Köln,", "009,Rom,75", ",Ulm,22"]
    (tmp_path / "new.csv").write_text("\n".join(rows) + "\n")
    return tmp_path / "runs" / trained.name


def rows_of(text):
    """The rows of a CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def test_what_is_new_is_told_and_keys_are_carried(run, dlrun):
    """The key column by itself, as it is written; a class, a gap and a number out of range."""
    told = dlrun("predict", run, "new.csv", "-o", "-", "--keep", "city")
    rows = rows_of(told.out)
    assert list(rows[0]) == ["row", "id", "city", "predicted", "probability_no", "probability_yes"]
    assert [row["id"] for row in rows] == ["7", "8", "009", ""]
    assert [row["city"] for row in rows] == ["Bad, Ems", "Köln", "Rom", "Ulm"]
    assert "column 'city': 1 new: 'Rom', of 4 rows\n" in told.err
    (age,) = [line for line in told.err.splitlines() if "'age'" in line]
    assert "1 missing" in age
    assert "1 above" in age


def test_several_inputs_are_answered_in_one_file(run, dlrun, tmp_path):
    """Each row names its own; each is read for itself, and the notes say of which they are."""
    whole = rows_of(dlrun("predict", run, "new.csv", "-o", "-").out)
    (tmp_path / "more.csv").write_text("file,id,age,city\nx,5,30,Ulm\n")
    told = dlrun("predict", run, "new.csv", "more.csv", "--keep", "city")
    assert told.out.strip().endswith("predictions/new_and_1_more.csv")
    rows = rows_of((tmp_path / told.out.strip()).read_text())
    assert [row["file"] for row in rows] == ["new.csv"] * 4 + ["more.csv"]
    assert [row["row"] for row in rows] == [*"01234"]
    assert [row["id"] for row in rows] == ["7", "8", "009", "", "5"]
    assert [row["probability_yes"] for row in rows[:4]] == [one["probability_yes"] for one in whole]
    assert "more.csv: columns not used: file\n" in told.err
    assert dlrun("predict", run, "new.csv", "more.csv", "--keep", "city").out == told.out
    other = dlrun("predict", run, "new.csv", "new.csv").out
    assert other.strip().endswith("predictions/new_and_1_more_2.csv")
    globbed = rows_of(dlrun("predict", run, "n*.csv", "more.csv", "-o", "-").out)
    assert [row["file"] for row in globbed] == ["new.csv"] * 4 + ["more.csv"]

    kept = rows_of(dlrun("predict", run, "more.csv", "more.csv", "--keep", "file", "-o", "-").out)
    assert [(row["file"], row["input_file"]) for row in kept] == [("more.csv", "x")] * 2


def test_of_several_inputs_each_has_to_be_there(run, dlrun):
    """Told before TensorFlow is imported; what is typed stands alone."""
    told = dlrun("predict", run, "new.csv", "more.csv", code=3)
    assert told.err == (
        "error: more.csv: there is no such file.\n"
        "  A row or a text that is typed stands alone, in quotes where it has blanks.\n"
    )
    told = dlrun("predict", run, "new.csv", "-", code=2).err
    assert "INPUT -: what comes from stdin is predicted by itself." in told


def test_what_is_kept_is_of_use(run, dlrun, tmp_path):
    """Columns that are carried along are none that are not used."""
    (tmp_path / "more.csv").write_text("id,city,age,note,more\n7,Ulm,30,hello,1\n")
    told = dlrun("predict", run, "more.csv", "-o", "-", "--keep", "note")
    assert "columns not used: more\n" in told.err
    assert rows_of(told.out)[0]["note"] == "hello"


def test_the_cells_of_a_typed_row_have_no_file(dlrun, tmp_path, monkeypatch):
    """Nobody knows the one that they pass through."""
    monkeypatch.chdir(tmp_path)
    rows = [
        f"{row},{row * 7 % 5},{'uv'[row % 2]},{'no' if row % 3 else 'yes'}" for row in range(12)
    ]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,y", *rows]) + "\n")
    (tmp_path / "t.yaml").write_text(
        "dataset: {type: table, path: t.csv, target: y, columns: {a: number}}\n"
        "model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}\n"
        "loss: binary_crossentropy\noptimizer: SGD\ntraining: {epochs: 1}\n"
    )
    trained = dlrun("train", "t.yaml", "--no-report").run
    told = dlrun("explain", trained, "--input", "old,new,u", "--numpy-only", code=2).err
    assert told.startswith("error: --input: column 'a': 'old' is not a number.")
    assert "\n  column 'b': 'new' is not a number." in told
    assert "input.csv" not in told


def test_the_same_from_every_format(run, dlrun, tmp_path, monkeypatch):
    """CSV, gzipped, TSV, JSON lines, Parquet, and from stdin: bit by bit."""
    expected = dlrun("predict", run, "new.csv", "-o", "-", "-q").out
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress((tmp_path / "new.csv").read_bytes()))
    duckdb.sql(
        "CREATE OR REPLACE TEMP TABLE t AS "
        "FROM read_csv('new.csv', all_varchar = true, auto_detect = false, header = true, "
        "delim = ',', quote = '\"', columns = {id: 'VARCHAR', city: 'VARCHAR', age: 'VARCHAR'})"
    )
    duckdb.sql("COPY (SELECT age, city, id FROM t) TO 'new.tsv' (DELIMITER '\t', HEADER)")
    duckdb.sql("COPY (SELECT city, id, age::DOUBLE AS age FROM t) TO 'new.parquet'")
    duckdb.sql("COPY (SELECT id, age::DOUBLE AS age, city FROM t) TO 'new.jsonl' (FORMAT json)")
    for name in ("packed.csv.gz", "new.tsv", "new.parquet", "new.jsonl"):
        assert dlrun("predict", run, name, "-o", "-", "-q").out == expected, name
    with (tmp_path / "new.csv").open() as file:
        monkeypatch.setattr("dlrun.workflows.predict.PIPED", tmp_path / "new.csv")
        assert file
        assert dlrun("predict", run, "-", "-o", "-", "-q").out == expected


def test_parquet(run, dlrun, tmp_path):
    """Chosen by the name of the output, or by --format; never into a pipe."""
    expected = rows_of(dlrun("predict", run, "new.csv", "-o", "-", "-q").out)
    dlrun("predict", run, "new.csv", "-o", "a.parquet", "-q")
    own = dlrun("predict", run, "new.csv", "--format", "parquet", "-q").out.strip()
    assert own.endswith("predictions/new.parquet")
    for path in ("a.parquet", own):
        found = duckdb.sql(f"FROM read_parquet('{path}')")
        assert found.columns == list(expected[0])
        rows = found.fetchall()
        assert [row[1] for row in rows] == ["7", "8", "009", None]
        assert [str(np.float32(row[-1])) for row in rows] == [
            row["probability_yes"] for row in expected
        ]
    told = dlrun("predict", run, "new.csv", "--format", "parquet", "-o", "-", code=2).err
    assert "Parquet is written to a file" in told
    assert not list(tmp_path.rglob(".tmp-*"))


def test_names_of_its_own_files(run, dlrun, tmp_path):
    """What tells the form of an input is no part of the name."""
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress((tmp_path / "new.csv").read_bytes()))
    assert dlrun("predict", run, "b.csv.gz", "-q").out.endswith("predictions/b.csv\n")


def test_drift(run, dlrun, tmp_path):
    """The rows of training have not moved; others have, which ends with exit code 3."""
    training = tmp_path / "training.csv"
    shutil.copy(run.parent.parent / "new.csv", training)
    table = json.loads((run / "spec.json").read_text())["columns"]
    assert {one["name"] for one in table if one["seen"]} == {"age", "city"}
    told = dlrun("predict", run, "new.csv", "--drift-above", "0.2", "-o", "o.csv", code=3)
    assert told.out == "o.csv\n"
    assert "city" in told.err
    assert (tmp_path / "o.csv").exists()
    assert "--drift-above 0.2" in told.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("id,city,age\n", "no rows"),
        ("id,age\n1,2\n", "missing column"),
        (
            "id,City,age\n1,Ulm,2\n",
            "by their names: is 'City' the column 'city'? Then rename it.",
        ),
        ("id,city,age\n1,Ulm,old\n", "new.csv:2"),
    ],
)
def test_what_cannot_be_predicted(run, dlrun, tmp_path, text, said):
    """Told with its place, before anything is written."""
    (tmp_path / "new.csv").write_text(text)
    told = dlrun("predict", run, "new.csv", "-o", "o.csv", code=3)
    assert said in told.err
    assert not (tmp_path / "o.csv").exists()


def test_wrong_wishes(run, dlrun, tmp_path):
    """A column that is not there; a file that has none."""
    told = dlrun("predict", run, "new.csv", "--keep", "cities", "-o", "-", code=3).err
    assert "there is no column 'cities'" in told
    np.save(tmp_path / "x.npy", np.zeros((2, 5)))
    told = dlrun("predict", run, "x.npy", "--keep", "city", "-o", "-", code=2).err
    assert "has no columns to keep" in told
