"""Exports `encode.py`: turns raw rows into what the exported networks take, without dlrun."""

from __future__ import annotations

import codecs
import pprint
from dataclasses import replace
from string import Template
from typing import TYPE_CHECKING, Any, Final

from dlrun.arrays import Reading
from dlrun.columns.packing import parts
from dlrun.columns.plain_numpy import CELLS
from dlrun.data.cell_sql import NO, YES, grouped_number
from dlrun.data.csv import MARKS
from dlrun.data.headers import DELIMITERS, GZIP_MAGIC, TABLE_SUFFIXES
from dlrun.data.labels import LOGIT_THRESHOLD, PROBABILITY_THRESHOLD
from dlrun.data.table_files import JSON_SUFFIXES, PARQUET_MAGIC, ZSTD_MAGIC
from dlrun.errors import DlrunError
from dlrun.exporters import Written
from dlrun.exporters.network_inputs import dtype_of, inputs_of
from dlrun.exporters.script_text import one_line
from dlrun.rundir.files import write_text
from dlrun.shapes.layer import DATA
from dlrun.wording import count, quote

if TYPE_CHECKING:
    from pathlib import Path

    from dlrun.arrays import SeriesForm, Spec, Splits, TableForm
    from dlrun.column import FittedColumn
    from dlrun.columns.plain_numpy import PlainNumpy
    from dlrun.rundir.folder import Run
    from dlrun.training.evaluation import Predictor

NAME: Final = "encode.py"

TABLE_HEAD: Final = Template('''\
"""Encodes raw rows for the networks of the run $run, and reads what they answer.

It needs NumPy, and no dlrun:

    import encode
    rows = encode.read("rows.csv")      # or dictionaries of your own, of texts or numbers
    inputs = encode.encode(rows)        # what model.onnx, model.tflite and model.keras take
    answers = encode.answers(outputs)   # what they say, in classes and probabilities
$windows
`python encode.py rows.csv inputs.npz` writes the inputs as arrays, by their names.
"""

import csv
import gzip
import io
import json
import math
import re
import sys
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

import numpy as np

$facts
YES_AND_NO = $yes_and_no
GROUPED = $grouped

''')

WINDOWS_TOLD: Final = Template("""
`rows` are the $window steps of a window in the order of time, or of several, one after the other;
`answers["predicted"]` holds $horizon for each window: $targets, in their units.
""")

TABLE: Final = Template('''\
def read(path):
    """Read a table, CSV or JSON, as dictionaries by the names of its columns.

    Where the run was not told a delimiter or an encoding, each file tells its own.
    """
    with open(path, "rb") as file:
        content = file.read()
    if content.startswith(PACKED):
        raise ValueError(f"{path} is Parquet or zstd; give `encode` its rows as dictionaries")
    if content.startswith(GZIP):
        content = gzip.decompress(content)
    marked = [name for mark, name in MARKS if content.startswith(mark)]
    text = content.decode(ENCODING or (marked + ["utf-8-sig"])[0])
    named = [one for one in map(str.lower, Path(path).suffixes) if one in TABLES]
    is_json = named[-1] in JSON if named else FORMAT == "json"
    return of_json(text) if is_json else of_csv(text)


def of_csv(text):
    """The rows of CSV; without a header columns are taken in the order of the training data."""
    lines = io.StringIO(text, newline="")
    first = next((line for line in lines if line.strip(" \\r\\n")), None)
    if first is None:
        raise ValueError("the file is empty")
    cells = csv.reader(
        chain([first], lines),
        delimiter=DELIMITER or delimiter_in(first),
        strict=True,
        skipinitialspace=True,
    )
    names, rows = [cell.strip() for cell in next(cells)], []
    if not HEADER and not {column["name"] for column in COLUMNS} <= set(names):
        cells = chain([names], cells)
        names = next((order for order in ORDERS if len(order) == len(names)), names)
    for row in cells:
        if len(row) == len(names):
            rows.append(dict(zip(names, row)))
        elif "".join(row).strip():
            raise ValueError(f"row {len(rows)} has {len(row)} cells; {len(names)} were expected")
    return rows


def delimiter_in(line):
    """What separates the cells of a first line; marks of numbers do where there are no others."""
    bare = re.sub('"[^"]*"', "", line)
    found = [mark for mark in DELIMITERS if mark in bare]
    found = [mark for mark in found if mark != "|"] or found
    found = [mark for mark in found if mark not in (DECIMAL, THOUSANDS)] or found
    if len(found) > 1:
        raise ValueError(f"{found} are in the first line; set DELIMITER to what separates cells")
    return (found + [","])[0]


def of_json(text):
    """The rows of JSON: an object a line, or a list of objects."""
    if text.lstrip().startswith("["):
        objects = json.loads(text)
    else:
        objects = [json.loads(line) for line in text.split("\\n") if line.strip()]
    names = list(dict.fromkeys(name for row in objects for name in row))
    return [{name: told_in(row.get(name)) for name in names} for row in objects]


def told_in(value):
    """The text of a value of JSON; None of null."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


$functions


def entries_of(rows):
    """Put the columns of rows side by side, (rows, entries)."""
    blocks = []
    for column in COLUMNS:
        name = column["name"]
        if any(name not in row for row in rows):
            raise ValueError(f"a row has no column {name!r}")
        block = globals()["encode_" + column["kind"]](column, [row[name] for row in rows])
        blocks.append(block.reshape(len(rows), -1))
    return np.concatenate(blocks, axis=1) if rows else np.empty((0, $width))


$encode
''')

OF_ROWS: Final = '''\
def encode(rows):
    """Give the inputs of a network by their names, (rows, entries) each."""
    x = entries_of(rows)
    return {name: x[:, begin:end].astype(DTYPE) for name, (begin, end) in INPUTS.items()}
'''

OF_WINDOWS: Final = '''\
def encode(rows):
    """Give the input of a network by its name, (windows, steps, entries).

    The rows are those of a window in the order of time, or of several, one after the other.
    """
    if len(rows) % WINDOW:
        raise ValueError(f"got {len(rows)} rows; windows of {WINDOW} rows each were expected")
    x = entries_of(rows)
    ((name, (begin, end)),) = INPUTS.items()
    return {name: x[:, begin:end].reshape(-1, WINDOW, end - begin).astype(DTYPE)}
'''

MAIN: Final = """\
if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python encode.py rows.csv inputs.npz")
    np.savez(sys.argv[2], **encode(read(sys.argv[1])))
"""

ARRAYS: Final = Template('''\
"""Shapes raw arrays for the networks of the run $run, and reads what they answer.

It needs NumPy, and no dlrun:

    import encode
    inputs = encode.encode($given)   # what model.onnx, model.tflite and model.keras take
    answers = encode.answers(outputs)   # what they say, in classes and probabilities
"""

import numpy as np

$facts


$encode
''')

ONE_ARRAY: Final = '''\
def encode(x):
    """Give the input of a network by its name: rows in the units of the data; pixels are whole."""
    x = np.asarray(x)
    ((name, shape),) = INPUTS.items()
    return {name: x.reshape(len(x), *shape).astype(DTYPE)}
'''

SEVERAL_ARRAYS: Final = '''\
def encode(arrays):
    """Give the inputs of a network by their names, of arrays by theirs, (rows, ...) each."""
    given = {name: np.asarray(arrays[name]) for name in INPUTS}
    return {
        INPUTS[name]: x.reshape(len(x), -1).astype(DTYPE) for name, x in given.items()
    }
'''

ANSWERS: Final = '''\
def answers(outputs):
    """Read the outputs of a network: what is `predicted`, and the numbers that say so."""
    outputs = np.asarray(outputs, np.float64)
    if OUTPUT == "logit":
        powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
        is_single = LABELS or THRESHOLD is not None
        shares = 1 / (1 + np.exp(-outputs)) if is_single else powers / powers.sum(axis=-1)[:, None]
    else:
        shares = outputs
    word = "scores" if OUTPUT == "score" else "probabilities"
    if LABELS:
        return {"predicted": (outputs > MIDDLE).astype(int), word: shares}
    if CLASSES is None:
        return {"predicted": outputs}
    if THRESHOLD is None:
        numbers = outputs.argmax(axis=-1)
    else:
        numbers = (outputs.ravel() > THRESHOLD).astype(int)
        if OUTPUT != "score":
            shares = np.concatenate([1 - shares, shares], axis=1)
    return {"predicted": np.array(CLASSES)[numbers], word: shares}
'''


def export(*, model: Any, splits: Splits, predictor: Predictor, folder: Run) -> list[Path]:
    """Write a Python file that encodes raw rows as `onnx`, `litert` and `keras_model` take them.

    It needs NumPy alone: it reads cells, fills what is missing, tells categories, dates and words
    apart by what was fitted on the training rows, and reads a network's outputs as classes and
    probabilities. Of series it takes the rows of windows, in the order of time. `onnx` and `litert`
    write it too. A kind of column that does not say how NumPy encodes it is refused.
    """
    del model, predictor
    path = folder.file(NAME)
    write_text(path, program(splits.spec, folder.lasting_name))
    return [path]


def with_encoder(written: Written, spec: Spec, folder: Run) -> Written:
    """Write `encode.py` beside a network, or say in a line why there is none."""
    try:
        text = program(spec, folder.lasting_name)
    except DlrunError as error:
        return replace(written, lines=(*written.lines, f"{NAME} is not written: {error}"))
    path = folder.file(NAME)
    write_text(path, text)
    return replace(written, paths=[*written.paths, path])


def program(spec: Spec, run: str) -> str:
    """Write the text of the file, for rows that look as a spec says.

    Raises:
        DlrunError: A kind of column does not say how NumPy encodes it.
    """
    answers = {
        "CLASSES": None if spec.class_names is None else [*spec.class_names],
        "LABELS": [*spec.target_names] if spec.labels else [],
        "OUTPUT": spec.output or "value",
        "THRESHOLD": spec.threshold,
        "MIDDLE": LOGIT_THRESHOLD if spec.output == "logit" else PROBABILITY_THRESHOLD,
    }
    if spec.columns is None:
        pieces = _of_arrays(spec, one_line(run), answers)
    else:
        pieces = _of_table(spec, one_line(run), answers)
    text = "\n\n".join(piece.strip("\n") + "\n" for piece in pieces)
    compile(text, NAME, "exec")
    return text


def _of_table(spec: Spec, run: str, answers: dict[str, Any]) -> list[str]:
    columns, functions = [], {CELLS: None}
    for part in parts(spec.columns or (), spec.views):
        if part.begin == part.end:
            continue
        plain = _plain(part.column)
        functions |= dict.fromkeys([*plain.needs, plain.function])
        own = {"name": part.column.name, "kind": part.column.kind, **plain.facts}
        columns.append(own | ({"is_number": part.ids} if part.column.ids is not None else {}))
    width, series = spec.input_shape[-1], spec.series
    facts = {
        "COLUMNS": columns,
        **({} if series is None else {"WINDOW": series.window}),
        "INPUTS": {
            one.name: (one.begin or 0, width if one.end is None else one.end)
            for one in inputs_of(spec)
        },
        "DTYPE": dtype_of(spec),
        **_of_reading(spec),
        **answers,
    }
    form = _form_of(spec)
    reading = None if form is None else form.reading
    grouped = "None"
    if reading is not None and reading.thousands is not None:
        grouped = f"re.compile({grouped_number(reading)!r})"
    told = dict.fromkeys(YES, 1.0) | dict.fromkeys(NO, 0.0)
    head = TABLE_HEAD.substitute(
        run=run, facts=_written(facts), yes_and_no=pprint.pformat(told), grouped=grouped,
        windows="" if series is None else _told_of(series),
    )  # fmt: skip
    encode = OF_ROWS if series is None else OF_WINDOWS
    body = TABLE.substitute(functions="\n\n\n".join(functions), width=width, encode=encode)
    return [head, body, ANSWERS, MAIN]


def _told_of(series: SeriesForm) -> str:
    """Tell what the rows of windows are, and what their forecasts."""
    return WINDOWS_TOLD.substitute(
        window=series.window,
        horizon=count(series.horizon, "step"),
        targets=", ".join(map(one_line, series.targets)),
    )


def _form_of(spec: Spec) -> TableForm | None:
    """How the files are read that hold the rows."""
    return spec.table if spec.series is None else spec.series.table


def _plain(column: FittedColumn) -> PlainNumpy:
    try:
        plain: PlainNumpy = column.plain_numpy()
    except NotImplementedError as error:
        what = f"column {quote(column.name)}: the kind `{error}` does not say how NumPy encodes it."
        raise DlrunError(what, fix="`saved_model` takes raw rows, where TensorFlow can.") from error
    return plain


def _of_reading(spec: Spec) -> dict[str, Any]:
    """Say how the files of the table are read; None where each of them is to tell."""
    form = _form_of(spec)
    reading = Reading() if form is None else form.reading
    columns = () if form is None else form.columns or ()
    absent = (
        (),
        spec.target_names,
        (spec.sample_weight,),
        (*spec.target_names, spec.sample_weight),
    )
    orders = [[name for name in columns if name not in some] for some in absent]
    is_utf_8 = reading.encoding is not None and codecs.lookup(reading.encoding).name == "utf-8"
    return {
        "HEADER": form is None or form.named or reading.header is True,
        "ORDERS": [order for n, order in enumerate(orders) if order not in orders[:n]],
        "DELIMITER": reading.delimiter,
        "DELIMITERS": [*DELIMITERS],
        "ENCODING": "utf-8-sig" if is_utf_8 else reading.encoding,
        "MARKS": list(MARKS),
        "FORMAT": reading.format,
        "TABLES": TABLE_SUFFIXES,
        "JSON": JSON_SUFFIXES,
        "GZIP": GZIP_MAGIC,
        "PACKED": (PARQUET_MAGIC, ZSTD_MAGIC),
        "DECIMAL": reading.decimal,
        "THOUSANDS": reading.thousands,
        "MISSING": [word.strip() for word in reading.missing_values],
    }


def _of_arrays(spec: Spec, run: str, answers: dict[str, Any]) -> list[str]:
    inputs = inputs_of(spec)
    is_one = len(inputs) == 1 and inputs[0].name == DATA
    named = [DATA] if is_one else [view.name for view in spec.views]
    facts = {
        "INPUTS": {
            name: tuple(one.shape) if is_one else one.name
            for name, one in zip(named, inputs, strict=True)
        },
        "DTYPE": dtype_of(spec),
        **answers,
    }
    encode = ONE_ARRAY if is_one else SEVERAL_ARRAYS
    given = "x" if is_one else "arrays"
    head = ARRAYS.substitute(run=run, given=given, facts=_written(facts), encode=encode)
    return [head, ANSWERS]


def _written(facts: dict[str, Any]) -> str:
    """Write constants, as Python does."""
    return "\n".join(
        f"{name} = {pprint.pformat(value, sort_dicts=False, width=100)}"
        for name, value in facts.items()
    )
