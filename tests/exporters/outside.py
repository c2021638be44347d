"""Asks exported models in a process that cannot import dlrun, about rows as people have them."""

from __future__ import annotations

import csv
import io
import json

import numpy as np

from tests.forked import PLAIN, run_program

PROGRAM = """
import contextlib, csv, json, os, runpy, sys
assert not any(name.split(".")[0] == "dlrun" for name in sys.modules)
sys.modules["dlrun"] = None
import numpy as np

def number(cell):
    try:
        return float({"true": 1, "false": 0}.get(cell.lower(), cell))
    except ValueError:
        return float("nan")

def saved_model(path, rows, arrays, images):
    import tensorflow as tf
    rows = [row | {name: open(row[name], "rb").read() for name in images} for row in rows]
    loaded = tf.saved_model.load(path)
    function = loaded.signatures["serving_default"]
    given, keys = {}, {}
    with contextlib.suppress(FileNotFoundError), open(path + "/assets.extra/columns.json") as file:
        keys = json.load(file)
    for name, spec in function.structured_input_signature[1].items():
        key = keys.get(name, name)
        if key in arrays:
            given[name] = tf.constant(arrays[key], spec.dtype)
            continue
        cells = [row[key] for row in rows]
        cells = cells if spec.dtype == tf.string else [number(cell) for cell in cells]
        # Of series the steps of windows, else a cell a row.
        given[name] = tf.reshape(tf.constant(cells, spec.dtype), [-1, *spec.shape[1:]])
    answers = function(**given)
    found = {name: answer.numpy() for name, answer in answers.items()}
    return {name: one.astype(str) if one.dtype == object else one for name, one in found.items()}

def keras(path, rows, arrays, images):
    import keras
    model = keras.models.load_model(path)
    return {"predicted": model.predict([arrays[one.name] for one in model.inputs], verbose=0)}

def encoded(path, rows, arrays, images):
    # By the file that is exported beside the network.
    from PIL import Image
    pixels = lambda file: np.asarray(Image.open(file).convert("RGB"))
    rows = [row | {name: pixels(row[name]) for name in images} for row in rows]
    encoder = runpy.run_path(os.path.join(os.path.dirname(path), "encode.py"))
    return encoder, encoder["encode"](rows or arrays.get("input", arrays))

def onnx(path, *raw):
    import onnxruntime
    session = onnxruntime.InferenceSession(path)
    encoder, given = encoded(path, *raw)
    (answer,) = session.run(None, given)
    return encoder["answers"](answer)

def litert(path, *raw):
    from ai_edge_litert.interpreter import Interpreter
    runner = Interpreter(path).get_signature_runner()
    encoder, given = encoded(path, *raw)
    given = {name: one.astype("float32") for name, one in given.items()}
    count = len(next(iter(given.values())))
    answers = [
        runner(**{name: one[row : row + 1] for name, one in given.items()}) for row in range(count)
    ]
    return encoder["answers"](np.concatenate([next(iter(one.values())) for one in answers]))

for job in json.load(open(sys.argv[1])):
    rows, arrays = [], {}
    if job["rows"] and job["rows"].endswith(".npz"):
        arrays = {"input": np.load(job["rows"])["x"]}
    elif job["rows"]:
        with open(job["rows"], encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    if job["arrays"]:
        with np.load(job["arrays"]) as stored:
            arrays = dict(stored)
    answers = globals()[job["form"]](job["model"], rows, arrays, job["images"])
    np.savez(job["out"], **answers)
"""


def ask(jobs, folder):
    """Answer all jobs in one process; gives the arrays of each, in their order.

    A job is the `form`, the path of the `model`, and `rows`, a table or an array in an .npz file,
    or `arrays`, by name. `images` are the columns of a table that name files of images.
    """
    listed = []
    for number, job in enumerate(jobs):
        arrays = None
        if job.get("arrays"):
            arrays = str(folder / f"in_{number}.npz")
            np.savez(arrays, **job["arrays"])
        out = str(folder / f"out_{number}.npz")
        listed.append({"rows": None, "images": [], **job, "arrays": arrays, "out": out})
    (folder / "jobs.json").write_text(json.dumps(listed, default=str))
    done = run_program(PROGRAM, folder / "jobs.json", cwd=folder, imported=PLAIN)
    assert done.returncode == 0, done.stderr
    found = []
    for job in listed:
        with np.load(job["out"]) as stored:
            found.append(dict(stored))
    return found


def predicted(dlrun, run, file):
    """Answers of `dlrun predict`: the column `predicted`, and its numbers, `(rows, answers)`."""
    rows = list(csv.DictReader(io.StringIO(dlrun("predict", run, file, "-o", "-", "-q").out)))
    names = [name for name in rows[0] if name.startswith(("probability_", "score"))]
    names = names or [name for name in rows[0] if name.startswith("predicted")]
    numbers = np.array([[float(row[name]) for name in names] for row in rows])
    return [row.get("predicted") for row in rows], numbers
