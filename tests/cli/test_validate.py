"""`dlrun validate` tells every mistake of every file, and trains nothing."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

ROWS = "a,b,w,c\n1,2,1,x\n3,4,1,y\n5,6,1,z\n7,8,2,x\n"
TABLE = """\
dataset: {type: csv, path: rows.csv}
model: {layers: [{type: Dense, units: 3, activation: softmax}]}
loss: sparse_categorical_crossentropy
optimizer: adam
"""
ARRAYS = TABLE.replace("csv, path: rows.csv", "npz, path: rows.npz")


@pytest.fixture
def table(config):
    """A valid config over a small table."""
    del config
    Path("rows.csv").write_text(ROWS)
    Path("table.yaml").write_text(TABLE)
    return "table.yaml"


def test_valid_configs(config, dlrun):
    """Each valid file is named."""
    Path("other.yaml").write_text(Path(config).read_text())
    assert dlrun("validate", config, "other.yaml") == (
        0,
        "tiny.yaml: valid\nother.yaml: valid\n",
        "",
    )


def test_problems_of_several_files(config, dlrun):
    """Problems go to stderr, file by file; what is valid is still said; exit code 2."""
    Path("a.yaml").write_text("sed: 1\n" + Path(config).read_text())
    exit_code, out, err = dlrun("validate", "a.yaml", config, "nothing.yaml")
    assert (exit_code, out) == (2, "tiny.yaml: valid\n")
    lines = err.splitlines()
    assert lines[0] == "error: 2 problems in the config"
    assert lines[1].startswith("  a.yaml:1:1: sed: ")
    assert lines[2].startswith("  nothing.yaml: ")


def test_overrides(config, dlrun):
    """--set is checked like the file."""
    exit_code, _, err = dlrun("validate", config, "--set", "sed=1")
    assert exit_code == 2
    assert err.startswith("error: --set sed: ")


def test_json(config, dlrun):
    """The same as data, on stdout; the exit code still tells."""
    Path("a.yaml").write_text("sed: 1\n" + Path(config).read_text())
    exit_code, out, err = dlrun("validate", "a.yaml", config, "--json")
    assert (exit_code, err) == (2, "")
    broken, valid = json.loads(out)
    assert valid == {
        "config": config,
        "valid": True,
        "problems": [],
        "warnings": [],
        "not_looked_at": [],
    }
    assert (broken["config"], broken["valid"]) == ("a.yaml", False)
    assert len(broken["problems"]) == 1
    problem = broken["problems"][0]
    assert (problem["location"], problem["path"]) == ("a.yaml:1:1", "sed")
    assert "seed" in problem["fix"]
    assert dlrun("validate", config, "--json")[0] == 0


def test_a_small_table_is_read_as_a_whole(table, dlrun):
    """So nothing is left to say; its weights are no features, and its classes are counted."""
    assert dlrun("validate", table) == (0, "table.yaml: valid\n", "")
    kernel = "model.layers[0].weights=[[[1, 2, 3], [1, 2, 3]], [0, 0, 0]]"
    weighted = ("--set", "dataset.sample_weight=w", "--set", kernel)
    exit_code, out, err = dlrun("validate", table, "--summary", *weighted)
    assert (exit_code, err) == (0, "")
    assert "input  table  (None, 2)" in out
    exit_code, _, err = dlrun("validate", table, "--set", "model.layers[0].units=4")
    assert (exit_code, err) == (
        2,
        (
            "error: table.yaml:2:18: model.layers[0]: The last layer gives 4 numbers for each row, "
            "but the data has 3 classes (x, y, z). Set `units: 3`.\n"
        ),
    )


def missing():
    Path("rows.csv").unlink()


def folder():
    missing()
    Path("rows.csv").mkdir()


def rows(text):
    """A fault that is in the table."""
    return lambda: Path("rows.csv").write_text(text)


FAULTS = {
    "missing": (missing, "rows.csv: there is no such file."),
    "folder": (folder, "rows.csv: this is a directory; a file was expected."),
    "empty": (rows(""), "rows.csv: the file is empty."),
    "header alone": (rows("a,b,c\n"), "rows.csv: the file has a header but no rows."),
    "short row": (
        rows(f"{ROWS}1,2\n"),
        "rows.csv:6: the row has 2 cells, but the first row (line 1) has 4.",
    ),
    "no number": (rows(f"{ROWS}1,?,1,x\n"), "rows.csv:6: column 'b': '?' is not a number."),
    "a number of Python's": (rows(f"{ROWS}1,1_0,1,x\n"), "rows.csv:6: column 'b': '1_0'"),
    "two kinds of target": (rows(f"{ROWS}1,2,1,7\n"), "rows.csv:6: column 'c': '7' is a number"),
    "one class": (rows("a,b,w,c\n1,2,1,x\n3,4,1,x\n"), "all 2 training rows have the class 'x'"),
    "fractions": (rows("a,b,w,c\n1,2,1,0.5\n3,4,1,2\n"), "the target 'c' holds 0.5; classes are"),
    "a name twice": (rows("a,a,w,c\n1,2,1,x\n3,4,1,y\n"), "column 'a' appears 2 times"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_a_table_is_told(fault, table, dlrun):
    """In the words of training, and with the place."""
    change, message = FAULTS[fault]
    change()
    exit_code, out, err = dlrun("validate", table)
    assert (exit_code, out) == (3, "")
    assert message in err
    (checked,) = json.loads(dlrun("validate", table, "--json")[1])
    assert (checked["valid"], len(checked["problems"])) == (False, 1)


def test_a_column_to_split_by_that_is_not_there(table, dlrun):
    """Those that the network does not get are named too: it may be one of them."""
    rows("id,b,w,c\n" + "".join(f"k{n},{n}.5,1,{'xyz'[n % 3]}\n" for n in range(9)))()
    split = ("--set", "dataset.validation_split=0.3", "--set", "dataset.split_by={group: hh}")
    told = dlrun("validate", table, *split)[2]
    assert "dataset.split_by: The table has no column 'hh'. It has 'id', 'b', 'w', 'c'." in told


def test_the_way_out_of_several_cells_stands_on_a_line_of_its_own(table, dlrun):
    """Not behind the last of them, and once for all."""
    rows(f"{ROWS}1,?,1,x\n1,!,1,x\n")()
    told = dlrun("validate", table)[2]
    assert "column 'b': '!' is not a number.\n  Mend the cells; or say that they are " in told
    assert "`missing_values: ['?', '!']`; or that the column holds classes" in told
    assert told.count("Mend") == 1


def test_options_of_columns_are_held_to_their_limits_without_reading_rows(
    table, dlrun, monkeypatch
):
    """All of them; those of a table that is too large to be read here, too."""
    monkeypatch.setattr("dlrun.workflows.validate.READ_AGAIN", -1)
    Path(table).write_text(
        TABLE.replace(
            "rows.csv",
            "rows.csv, columns: {a: {type: category, min_count: 0}, b: {type: number, "
            "clip: [2, 1]}, w: {type: text, hash: 1000000}}",
        )
    )
    told = dlrun("validate", table)[2]
    assert "dataset.columns.a.min_count: Expected 1 or more, got 0." in told
    assert "dataset.columns.b.clip: Expected two numbers, the smaller one first, got [2, 1]" in told
    assert "dataset.columns.w.hash: Expected 1 to 100,000, got 1000000." in told
    dates = "{a: {type: date, parts: [year, year]}}"
    told = dlrun("validate", table, "--set", f"dataset.columns={dates}")[2]
    assert "dataset.columns.a.parts: Expected some of year, month, " in told


def test_that_kinds_are_not_told_is_told(table, dlrun, monkeypatch):
    """Of a table whose values are not counted here."""
    untold = "not looked at: the kinds of the columns: the table has 0.0 MB, and values are counted"
    assert untold not in dlrun("validate", table, "--summary")[2]
    monkeypatch.setattr("dlrun.data.table_kinds.LARGEST", 3)
    assert untold in dlrun("validate", table, "--summary")[2]
    assert untold not in dlrun("validate", table)[2]


def test_columns_that_no_layer_reads_are_told(table, dlrun):
    """As `dlrun train` says it, with the place."""
    layers = "{layers: [{type: Dense, units: 3, activation: softmax, inputs: [a]}]}"
    words = (table, "--set", f"model={layers}")
    code, _, told = dlrun("validate", *words)
    assert code == 0
    assert told.startswith("warning: ")
    assert "model.layers: No layer reads 'input', so the network does not see 'b', 'w'." in told
    (checked,) = json.loads(dlrun("validate", *words, "--json")[1])
    assert [one["path"] for one in checked["warnings"]] == ["model.layers"]


def test_what_is_wrong_with_what_is_asked_of_a_table(table, dlrun):
    """The key that names the column, and where it stands."""
    Path(table).write_text(TABLE.replace("rows.csv", "rows.csv, target: kind"))
    assert dlrun("validate", table)[2].startswith(
        "error: table.yaml:1:46: dataset.target: There is no column 'kind' in "
    )


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        "1,2,0\n3,4,1\n5,6,2\n7,8,2\n",
        "a;b;c\n1;2;größe\n3;4;x_y\n5;6;z\n",
        '"a","b","c"\n1,2,"x\ny"\n3,4,y\n5,6,z\n',
    ],
)
def test_what_is_right_is_not_refused(text, table, dlrun):
    """No header, other signs, quoted cells."""
    Path("rows.csv").write_text(text, encoding="utf-8")
    assert dlrun("validate", table) == (0, "table.yaml: valid\n", "")


def test_what_was_not_looked_at_is_told(table, dlrun, monkeypatch):
    """The rows of a large table, a pipe, a download, and the layers behind an unknown one."""
    monkeypatch.setattr("dlrun.workflows.validate.SMALL", 10)
    monkeypatch.setattr("dlrun.workflows.validate.SMALL", 10)
    monkeypatch.setattr("dlrun.data.csv_header.SMALL", 10)
    rows = Path("rows.csv").absolute()
    assert dlrun("validate", table) == (
        0,
        "table.yaml: valid\n",
        f"table.yaml: not looked at: the rows of {rows} (0.0 MB) but for the first ones\n",
    )
    assert dlrun("validate", table, "--set", "dataset.target=d")[0] == 2
    monkeypatch.setattr("dlrun.workflows.validate.READ_AGAIN", 10)
    told = dlrun("validate", table, "--set", "dataset.columns={a: number}")
    assert (told[0], "could not be told by its beginning" in told[2]) == (0, True)
    ends = os.pipe()
    told = dlrun("validate", table, "--set", f"dataset.path=/dev/fd/{ends[0]}")[2]
    assert f"not looked at: /dev/fd/{ends[0]}, which is no single file that can be read" in told
    for end in ends:
        os.close(end)
    mnist = ("--set", "dataset={type: mnist, flatten: true}", "--set", "model.layers[0].units=10")
    assert (
        "not looked at: the data of mnist: no file is named" in dlrun("validate", table, *mnist)[2]
    )


def test_layers_that_are_not_known_are_told(config, dlrun):
    """From which one on nothing is checked; the summary has said so before."""
    layers = (
        "model.layers=[{type: Reshape, target_shape: [2, 1]}, {type: EinsumDense, name: mixed, "
        "equation: 'abc,cd->abd', output_shape: [2, 3]}, {type: Flatten}, {type: Dense, units: 7},"
        " {type: Dense, units: 1, activation: sigmoid}]"
    )
    unknown = "shapes from 'mixed' (EinsumDense) on, until the model is built"
    assert dlrun("validate", config, "--set", layers) == (
        0,
        "tiny.yaml: valid\n",
        f"tiny.yaml: not looked at: {unknown}\n",
    )
    (checked,) = json.loads(dlrun("validate", config, "--set", layers, "--json")[1])
    assert checked["not_looked_at"] == [unknown]
    _, out, err = dlrun("validate", config, "--set", layers, "--summary")
    assert ("Shapes from 'mixed' (EinsumDense) on" in out, err) == (True, "")


def test_arrays_are_looked_at(config, dlrun):
    """Their names, kinds and lengths; what is in them is left to training, which is said."""
    del config
    Path("arrays.yaml").write_text(ARRAYS)
    y = np.array([0, 1, 2, 1])
    np.savez("rows.npz", x=np.zeros((4, 2)), y=y, z=y[:3])
    path = Path("rows.npz").absolute()
    said = f"arrays.yaml: not looked at: the values in {path}\n"
    assert dlrun("validate", "arrays.yaml") == (0, "arrays.yaml: valid\n", said)
    for change, message in {
        "model.layers[0].units=4": "the data has 3 classes (0, 1, 2). Set `units: 3`.",
        "dataset.y=targets": "there is no array 'targets'; the file has x, y, z.",
        "dataset.y=z": "array 'z': the array has 3 rows, but 'x' has 4.",
        "dataset.x_test=x": "x_test was given without y_test.",
    }.items():
        exit_code, out, err = dlrun("validate", "arrays.yaml", "--set", change)
        code = 3 if change.startswith("dataset.y") else 2
        assert (exit_code, out, message in err) == (code, "", True), err


def test_a_line_that_cannot_be_read_is_shown(dlrun, tmp_path, monkeypatch):
    """With a caret where reading ended, also where the line is longer than a screen."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text("name: a\nseed: @b\n")
    told = dlrun("validate", "c.yaml")[2]
    assert told == (
        "error: c.yaml:2:7: The character '@' cannot start a value. Put it in quotes.\n"
        "    seed: @b\n"
        "          ^\n"
    )
    (tmp_path / "c.yaml").write_text(f"{'a' * 100}: {{b: '{'c' * 100}', d: @}}\n")
    *_, line, caret = dlrun("validate", "c.yaml")[2].rstrip("\n").split("\n")
    assert len(line) <= 4 + 72
    assert line[len(caret) - 1] == "@"
