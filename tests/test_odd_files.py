"""What people give as a table: other files, pipes, odd cells; what they are told, and how soon."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlrun.arrays import Reading, Spec
from dlrun.data.csv import open_csv
from dlrun.data.csv_header import choose_columns
from dlrun.data.table_match import match_columns
from dlrun.datasets.samples import find_sample
from dlrun.errors import ConfigError, DataError
from dlrun.signals import end_on_signal
from tests.marking import first
from tests.test_bad_input import TABLE, config

DENSE = {"type": "Dense", "units": 1}
REGRESSION = {"loss": "mean_squared_error", "metrics": [], "training": {"epochs": 0}}


@pytest.fixture
def run(dlrun, tmp_path):
    """A finished run over a table."""
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "good.yaml").write_text(config(training={"epochs": 0}))
    return dlrun("train", "good.yaml", "--quiet").run


def workbook(path):
    """The beginning of what Excel writes."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")


def zipped(path):
    """An archive with a table in it."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", TABLE)


def archived(path):
    """Arrays, under another name."""
    with path.open("wb") as file:
        np.savez(file, x=np.zeros(3))


KINDS = {
    "gz": (
        lambda path: path.write_bytes(b"\x1f\x8b\x08\x00" + bytes(30)),
        "the gzip file is damaged, or has been cut.\n  Fetch or write it again.",
    ),
    "zip": (zipped, "this is a zip archive, not a CSV file.\n  Unpack it, as with `unzip table"),
    "xlsx": (workbook, "this is an Excel workbook, not a CSV file.\n  Save its sheet as CSV (UTF-"),
    "npz": (
        archived,
        "this is a NumPy .npz archive, not a CSV file.\n  Use `dataset: {type: npz}` for it.",
    ),
    "parquet": (
        lambda path: path.write_bytes(b"PAR1\x15\x04" + bytes(30) + b"PAR1"),
        "the Parquet file is damaged: ",
    ),
    "html": (
        lambda path: path.write_text("\n<!DOCTYPE html>\n<html>"),
        "this is an HTML page, not a CSV file.\n  Download the file itself",
    ),
    "binary": (
        lambda path: path.write_bytes(b"PATH=/secret\x00HOME=/root"),
        "this is a binary file, not a CSV file.\n  Give a text file",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_kind_is_named_and_what_to_do(kind, dlrun, tmp_path):
    """By what it holds, whatever it is called."""
    write, told = KINDS[kind]
    write(tmp_path / "table.csv")
    (tmp_path / "config.yaml").write_text(config())
    result = dlrun("train", "config.yaml", code=3)
    assert f"table.csv: {told}" in result.err
    assert "secret" not in result.err


@pytest.mark.parametrize("url", ["https://example.org/a/table.csv", "s3://bucket/table.csv"])
def test_a_url_is_named(url, run, dlrun, tmp_path):
    """As a path it would be a file that is not there."""
    told = "this is a URL; a file on this machine was expected.\n  Download it"
    (tmp_path / "config.yaml").write_text(config(url))
    assert told in dlrun("train", "config.yaml", code=3).err
    assert told in dlrun("predict", run, url, code=3).err


@pytest.mark.parametrize("command", ["train", "predict"])
def test_named_pipes_and_devices_are_refused(command, run, dlrun, tmp_path):
    """A pipe without a writer would be waited for, `/dev/zero` would never end."""
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", "a named pipe"), ("/dev/zero", "a device")):
        (tmp_path / "config.yaml").write_text(config(path))
        words = ("config.yaml",) if command == "train" else (run, path)
        told = dlrun(command, *words, code=3).err
        assert f"{path}: this is {kind}; a file was expected.\n  Give a file; or let" in told


@pytest.mark.slow
def test_what_the_shell_pipes_is_read(run):
    """`<(zcat FILE)` and `< FILE` are pipes that somebody writes into."""
    result = subprocess.run(
        [sys.executable, "-m", "dlrun", "predict", run.resolve(), "/dev/stdin", "-o", "-"],
        input="a,b\n1,2\n3,4\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert len(result.stdout.splitlines()) == 3


@pytest.mark.parametrize(
    ("number", "code"), first(1, [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
)
def test_the_first_signal_ends_the_loading(number, code, tmp_path):
    """The rows never come: without waiting for them the record is closed."""
    (tmp_path / "config.yaml").write_text(config("/dev/stdin"))
    process = subprocess.Popen(
        [sys.executable, "-m", "dlrun", "train", "config.yaml"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while not list(tmp_path.glob("runs/*/config.yaml")) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(number)
    process.wait(timeout=300)
    assert process.returncode == code, process.stderr.read()
    (run,) = (tmp_path / "runs").iterdir()
    record = json.loads((run / "run.json").read_text())
    assert (record["status"], record["exit_code"]) == ("interrupted", code)
    process.stdin.close()
    process.stderr.close()


def test_a_signal_that_an_import_has_kept_ends_the_loading(dlrun, tmp_path, monkeypatch):
    """Libraries catch everything while they are imported; here one that catches the signal."""

    def import_and_catch(_name):
        with contextlib.suppress(SystemExit):
            end_on_signal(signal.SIGTERM, None)

    monkeypatch.setattr("dlrun.execution.loading.load_splits", lambda *_: time.sleep(1))
    importing = SimpleNamespace(import_module=import_and_catch)
    monkeypatch.setattr("dlrun.execution.loading.importlib", importing)
    monkeypatch.setattr("dlrun.execution.loading.PATIENCE", 0.01)
    monkeypatch.delitem(sys.modules, "dlrun.backend", raising=False)  # as in a new process
    (tmp_path / "config.yaml").write_text(config(dataset={"type": "moons"}))
    dlrun("train", "config.yaml", code=143)
    (run,) = (tmp_path / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"


def test_bars_separate_and_blanks_are_told(dlrun, tmp_path):
    """A bar is read off the first line, where nothing else can be the delimiter."""
    (tmp_path / "table.csv").write_text("a|b|kind\n1|2|x\n3|4|y\n")
    (tmp_path / "config.yaml").write_text(config(training={"epochs": 0}))
    dlrun("train", "config.yaml")
    (tmp_path / "table.csv").write_text("a  b kind\n1  2 x\n3  4 y\n")
    told = dlrun("train", "config.yaml", code=3).err
    assert (
        "table.csv:1: the file has one column, 'a  b kind'; a feature and a target were expected."
        "\n  If blanks separate its columns, write commas in their place: `sed -E "
    ) in told
    (tmp_path / "table.csv").write_text("a,b,kind\n1,2,x\n3,4,y\n")
    told = dlrun("train", "config.yaml", "--set", "dataset.delimiter=;", code=3).err
    assert "\n  It has commas: see `dataset.delimiter`." in told


WRITTEN = "Say how its numbers are written:"


@pytest.mark.parametrize(
    ("cell", "fix"),
    [
        ("$20009{}", "Write the number alone: 200090."),
        ("1{} %", "Write the number alone: 10."),
        ("{}kg", "Write the number alone: 0."),
        ('"1,00{}"', f'{WRITTEN} `thousands: ","`, or `decimal: ","`.'),
        ('"3,{}0"', f'{WRITTEN} `decimal: ","`.'),
        ('"0,23{}"', f'{WRITTEN} `decimal: ","`.'),
        ('"1.234,{}"', f'{WRITTEN} `decimal: ","` and `thousands: "."`.'),
        ("1 00{}", f'{WRITTEN} `thousands: " "`.'),
    ],
)
@pytest.mark.parametrize("rows", [2, 7])
def test_amounts_as_a_target_of_a_regression_are_told(rows, cell, fix, dlrun, tmp_path):
    """They are text, and so they were classes: `the data has 117 classes`."""
    lines = [f"{row},{cell.format(row)}\n" for row in range(rows)]
    (tmp_path / "table.csv").write_text("a,price\n" + "".join(lines))
    (tmp_path / "config.yaml").write_text(config(layers=[DENSE], **REGRESSION))
    told = dlrun("train", "config.yaml", code=3).err
    assert (
        f"column 'price' holds text such as '{cell.format(0).strip(chr(34))}', in {rows} classes; "
        f"MeanSquaredError takes numbers.\n  {fix}\n"
    ) in told


@pytest.mark.parametrize("command", ["train", "validate"])
def test_numbers_beside_numbers_with_commas_are_told(command, dlrun, tmp_path):
    """What begins the column is to be mended, and not what is right."""
    text = 'a,price\n1,"1,028"\n2,927\n3,"3,50"\n'
    (tmp_path / "table.csv").write_text(text)
    (tmp_path / "config.yaml").write_text(config(layers=[DENSE], **REGRESSION))
    told = dlrun(command, "config.yaml", code=3).err
    assert "table.csv:2: column 'price': '1,028' is not a number." in told
    assert f'{WRITTEN} `decimal: ","`.' in told  # not 1028, beside 3.5


def test_semicolons_and_decimal_commas_are_told(dlrun, tmp_path):
    """A German file, and the same texts in an array."""
    (tmp_path / "table.csv").write_text("a;price\n1;3,15\n2;4,25\n3;5,5\n")
    (tmp_path / "config.yaml").write_text(config(layers=[DENSE], **REGRESSION))
    np.savez(tmp_path / "rows.npz", x=np.zeros((3, 1)), y=np.array(["3,15", "927", "4,25"]))
    arrays = ("--set", f"dataset={{type: npz, path: {tmp_path / 'rows.npz'}}}")
    assert f'{WRITTEN} `decimal: ","`.' in dlrun("validate", "config.yaml", code=3).err
    told = dlrun("train", "config.yaml", *arrays, code=3).err
    assert "Write decimals with a point: 3.15." in told


@pytest.mark.parametrize(
    ("text", "settings", "fix"),
    [
        ("x0;x1;y\n1,5;2,25;1\n;3,5;0\n4;1,125;1\n", {}, f'{WRITTEN} `decimal: ","`.'),
        ("x0;x1;y\n1,5;2;1\n1.234,5;3;0\n", {"decimal": ","}, f'{WRITTEN} `thousands: "."`.'),
        ("x0;x1;y\n1.5;2;1\n1,234.5;3;0\n", {}, f'{WRITTEN} `thousands: ","`.'),
        ("x0;x1;y\n1 234,5;2;1\n1,5;3;0\n", {}, f'{WRITTEN} `decimal: ","` and `thousands: " "`.'),
        ("x0;x1;y\n1,5;2.5;1\n4;3;0\n", {}, "Write decimals with a point: 1.5."),
        ("x0;x1;y\n1.5;2;1\n4,5;3;0\n", {}, "Write decimals with a point: 4.5."),
        (
            "x0;x1;y\n1,5;2;1\n$1.234,5;3;0\n",
            {"decimal": ","},
            "or leave the column out, `columns: {x0: ignore}`.",
        ),
        ("x0;x1;y\n1,5;a;1\n4,5;3;0\n", {}, None),
    ],
)
def test_numbers_written_otherwise_have_one_cure(text, settings, fix, dlrun, tmp_path):
    """The key of the dataset, unless another column, or the same one, would be lost by it."""
    (tmp_path / "table.csv").write_text(text)
    columns = {"x0": "number", "x1": "number"}
    form = {"type": "table", "path": "table.csv", "delimiter": ";", "columns": columns} | settings
    (tmp_path / "config.yaml").write_text(config(layers=[DENSE], **REGRESSION, dataset=form))
    told = dlrun("validate", "config.yaml", code=3).err
    if fix is None:  # two faults, and a way out for each
        assert f'\n  {WRITTEN} `decimal: ","`.\n  Mend the cell;' in told
    else:
        assert told.endswith(f" {fix}\n")
        assert "is not a number." in told


def test_a_later_file_is_not_told_to_change_the_config(dlrun, tmp_path):
    """The run reads it as it did in training."""
    (tmp_path / "table.csv").write_text("a;b;kind\n1;2;x\n3;4;y\n")
    (tmp_path / "config.yaml").write_text(config(training={"epochs": 0}))
    dlrun("train", "config.yaml")
    (tmp_path / "new.csv").write_text("a;b\n1,5;2\n2,5;3\n")
    told = dlrun("predict", "latest", "new.csv", code=3).err
    assert "Write decimals with a point: 1.5." in told


def test_thousands_of_amounts_are_told(dlrun, tmp_path):
    """More texts than classes may be."""
    lines = [f"{row},${row}\n" for row in range(1001)]
    (tmp_path / "table.csv").write_text("a,price\n" + "".join(lines))
    (tmp_path / "config.yaml").write_text(config(layers=[DENSE], **REGRESSION))
    told = dlrun("train", "config.yaml", code=3).err
    assert "column 'price' holds text such as '$0', in 1001 classes" in told
    assert "\n  Write the number alone: 0.\n" in told


def test_no_key_is_named_that_the_config_has(dlrun, tmp_path):
    """Of amounts beside numbers with decimal commas, which are read."""
    rows = "".join(f"{row};{'$' * (row < 9)}{row},50\n" for row in range(40))
    (tmp_path / "table.csv").write_text("a;price\n" + rows)
    form = {"type": "table", "path": "table.csv", "target": "price", "decimal": ","}
    (tmp_path / "config.yaml").write_text(config(layers=[DENSE], **REGRESSION, dataset=form))
    told = dlrun("train", "config.yaml", code=3).err
    assert "column 'price' holds text such as '$0,50', in 40 classes" in told
    assert told.endswith("\n  Write the numbers alone.\n")


def test_columns_that_are_left_out_name_their_keys_together(dlrun, tmp_path):
    """What reads all of them, and not the first one alone."""
    rows = "".join(f"{n},5;1.{100 + n},25;{n % 9}\n" for n in range(40))
    (tmp_path / "table.csv").write_text("a;b;price\n" + rows)
    form = {"type": "table", "path": "table.csv", "target": "price"}
    (tmp_path / "config.yaml").write_text(config(layers=[DENSE], **REGRESSION, dataset=form))
    told = dlrun("train", "config.yaml", code=3).err
    assert "no column is left for the network" in told
    assert told.endswith(f'{WRITTEN} `decimal: ","` and `thousands: "."`.\n')


def test_classes_that_look_like_amounts_stay_classes(dlrun, tmp_path):
    """Where each of them has its unit."""
    (tmp_path / "table.csv").write_text("a,size\n1,5kg\n2,10kg\n3,5kg\n")
    layers = [{"type": "Dense", "units": 2, "activation": "softmax"}]
    (tmp_path / "config.yaml").write_text(config(layers=layers, **REGRESSION))
    dlrun("train", "config.yaml")


SECRET = "x" * 30 + "-secret-" + "y" * 200


@pytest.mark.parametrize(
    ("content", "code", "changes"),
    [
        (f"{SECRET}\n1\n", 3, {}),
        (f"{SECRET},b\n1,2\n", 2, {"target": "c"}),
        (f"a,b\n{SECRET},2\n", 3, {}),
        (f"1,{SECRET},3\n", 3, {}),
        (f"a,{SECRET}\n1,{SECRET}\n2,5\n", 3, {}),
        (f"a,b\n1,{SECRET}\n2,{SECRET}\n", 3, {}),
        (f"a,{SECRET},{SECRET}\n1,2,3\n", 3, {"target": SECRET, "features": ["a"]}),
        (f"a,{SECRET}\n1,2\n2,2\n", 3, {}),
    ],
)
def test_no_message_holds_a_whole_cell(content, code, changes, dlrun, tmp_path):
    """Neither on the terminal nor in the record."""
    (tmp_path / "table.csv").write_text(content)
    dataset = {"type": "csv", "path": "table.csv", **changes}
    (tmp_path / "config.yaml").write_text(config(dataset=dataset))
    result = dlrun("train", "config.yaml", code=code)
    said = result.err + "".join(path.read_text() for path in tmp_path.glob("runs/*/run.json"))
    assert SECRET[:20] in said
    assert SECRET[:50] not in said


def test_control_characters_of_a_cell_are_spelled_out(dlrun, tmp_path):
    r"""A cell cannot steer the terminal: `\x1b` is shown as such."""
    (tmp_path / "table.csv").write_text("a,b\n\x1b[2J,2\n1,3\n2,4\n")
    dataset = {"type": "table", "path": "table.csv", "columns": {"a": "number"}}
    (tmp_path / "config.yaml").write_text(config(dataset=dataset))
    told = dlrun("train", "config.yaml", code=3).err
    assert r"column 'a': '\x1b[2J' is not a number." in told


def test_predict_keeps_a_row_of_one_empty_cell(dlrun, tmp_path):
    """`""` is a row, and one that cannot be read; a blank line is none."""
    (tmp_path / "table.csv").write_text("a,y\n1,2\n3,4\n")
    (tmp_path / "config.yaml").write_text(config(layers=[DENSE], **REGRESSION))
    run = dlrun("train", "config.yaml", "--quiet").run
    (tmp_path / "new.csv").write_text('a\n"1"\n\n2\n')
    assert len(dlrun("predict", run, "new.csv", "-o", "-").out.splitlines()) == 3
    (tmp_path / "new.csv").write_text('a\n"1"\n""\n2\n')
    told = dlrun("predict", run, "new.csv", code=3).err
    assert "('a' 1):\n  new.csv:3: 'a'\n" in told


def test_a_quoted_cell_of_200000_characters_is_read(dlrun, tmp_path):
    """Python's reader stops at 131,072."""
    note = "long, " * 40_000
    (tmp_path / "table.csv").write_text(f'a,note,y\n1,"{note}",2\n3,"{note}",4\n')
    dataset = {"type": "csv", "path": "table.csv", "features": ["a"], "target": "y"}
    (tmp_path / "config.yaml").write_text(config(dataset=dataset, layers=[DENSE], **REGRESSION))
    run = dlrun("train", "config.yaml", "--quiet").run
    assert len(dlrun("predict", run, "table.csv", "-o", "-").out.splitlines()) == 3


def test_a_line_and_a_cell_without_end_are_told(dlrun, tmp_path, monkeypatch):
    """They would be read into memory, whole."""
    monkeypatch.setattr("dlrun.data.csv.LONGEST_LINE", 1000)
    (tmp_path / "table.csv").write_text("a" * 1001 + ",b\n1,2\n")
    (tmp_path / "config.yaml").write_text(config())
    told = dlrun("train", "config.yaml", code=3).err
    assert "table.csv:1: the line has more than 1,000 characters.\n  Is it a text file" in told


@pytest.mark.slow
def test_a_cell_of_more_than_16_million_characters_is_told(dlrun, tmp_path):
    """Perhaps a quote is missing."""
    (tmp_path / "table.csv").write_text('a,b\n1,"2\n' + "3,4\n" * 5_000_000)
    (tmp_path / "config.yaml").write_text(config())
    told = dlrun("train", "config.yaml", code=3).err
    assert "table.csv:2: a quoted cell of this row has more than 16,777,216 characters" in told


WIDE = 20_000


@pytest.mark.parametrize("targets", [1, WIDE // 2])
def test_many_columns_are_found_in_a_moment(targets, tmp_path):
    """Each name is looked up, not searched for: 20,000 of them took twelve seconds."""
    names = [f"column {number}" for number in range(WIDE)]
    path = tmp_path / "wide.csv"
    path.write_text(f"{','.join(names)}\n{','.join('1' for _ in names)}\n")
    spec = Spec(
        input_shape=(WIDE - targets,),
        feature_names=tuple(names[targets:]),
        target_names=tuple(names[:targets]),
    )
    begin = time.process_time()
    with open_csv(path) as file:
        choice = choose_columns(
            file,
            {"target": names[:targets], "features": None, "sample_weight": None},
            header=True,
        )
        matched = match_columns(file, spec, with_target=True)
    assert choice.features == matched.features == list(range(targets, WIDE))
    assert choice.targets == matched.targets == list(range(targets))
    assert find_sample(
        "csv",
        {
            "path": path,
            "target": names[:targets],
            "features": None,
            "delimiter": None,
            "header": None,
            "sample_weight": None,
        },
    ).shape == (WIDE - targets,)
    assert time.process_time() - begin < 3


def test_many_columns_that_are_not_there_are_told_in_a_moment(tmp_path):
    """Twenty of them by name, and how many more."""
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"column {number}" for number in range(WIDE)) + "\n1\n")
    begin = time.process_time()
    features = [f"colum {number}" for number in range(WIDE)]
    uses = {"target": "column 0", "features": features, "sample_weight": None}
    with open_csv(path) as file, pytest.raises(ConfigError) as error:
        choose_columns(file, uses, header=True)
    assert len(error.value.problems) == 21
    assert error.value.problems[0].fix == "Did you mean 'column 0'?"
    assert error.value.problems[-1].what == f"{WIDE - 20} more columns are not there."
    assert time.process_time() - begin < 10


def test_columns_that_are_not_used_are_counted(run, dlrun, tmp_path):
    """Their names are as long a line as the header."""
    extra = [f"extra {number}" for number in range(1000)]
    (tmp_path / "new.csv").write_text(
        f"a,b,{','.join(extra)}\n1,2,{','.join('0' for _ in extra)}\n"
    )
    said = dlrun("predict", run, "new.csv").err
    assert "columns not used: extra 0, extra 1, " in said
    assert "extra 19 and 980 more\n" in said


BREAKS = st.lists(
    st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\r\r\n", "\n\r", "\n \n"]), min_size=1
)
SEEDED = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@SEEDED
@given(breaks=BREAKS, quoted=st.booleans())
def test_rows_keep_their_lines_whatever_breaks_them(breaks, quoted, tmp_path):
    """The number of a row is the one that an editor shows."""
    cells = [str(number) for number in range(len(breaks) + 1)]
    if quoted:
        cells[1::3] = [f'"{cell}"' for cell in cells[1::3]]
    text = "".join(cell + end for cell, end in zip(cells, [*breaks, ""], strict=True))
    shown = re.split(r"\r\n|\r|\n", text)
    path = tmp_path / "lines.csv"
    path.write_bytes(text.encode())
    with open_csv(path, Reading(",")) as file:
        records = list(file.rows(header=False))
    assert [float(record.cells[0]) for record in records] == list(range(len(cells)))
    assert [shown[record.line - 1] for record in records] == cells


@SEEDED
@given(breaks=BREAKS)
def test_a_byte_that_is_no_text_has_its_line_whatever_breaks_them(breaks, tmp_path):
    """As an editor shows it; without carriage returns a file of old Macs had one line."""
    text = "".join(f"1{end}" for end in breaks)
    path = tmp_path / "lines.csv"
    path.write_bytes(text.encode() + b"2,\xff\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dlrun.data.files.PART_CHARACTERS", 2)
        with pytest.raises(DataError) as error, open_csv(path, Reading(",")) as file:
            list(file.rows(header=False))
    line = len(re.split(r"\r\n|\r|\n", text))
    assert str(error.value).startswith(f"{path}:{line}: byte 0xff is not UTF-8 text.\n  Save it as")
