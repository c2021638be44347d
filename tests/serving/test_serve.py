"""Answers over HTTP are those of `dlrun predict`, to the bit; mistakes are told in its words."""

from __future__ import annotations

import contextlib
import csv
import re
import socket

import numpy as np
import pytest

from dlrun.serving.door import listening_at
from tests.shops import daily, train_once

ROWS = [[5.1, 3.5, 1.4, 0.2], [6.0, 3.0, 5.0, 2.0], [5.9, 2.7, 4.2, 1.3]]
NAMES = ["sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"]
PREDICT = "/v1/models/iris:predict"
TITLES = """\
dataset:
  type: csv
  path: people.csv
  target: alive
  columns: {sex: category, age: {type: number, missing: median}, born: date, note: text}
model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: adam
training: {epochs: 1}
"""


def written(dlrun, run, rows, tmp_path):
    """What `dlrun predict` writes of rows, by column."""
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([NAMES, *rows])
    out = dlrun("predict", run, path, "-o", "-").out
    found = list(csv.DictReader(out.splitlines()))
    return {name: [row[name] for row in found] for name in found[0] if name != "row"}


def same(answers, wanted):
    """Whether columns are the same: texts as texts, numbers as float32, bit for bit."""
    assert list(answers) == list(wanted)
    for name, column in answers.items():
        if isinstance(column[0], str):
            assert column == wanted[name]
        else:
            assert np.array_equal(np.float32(column), np.float32(wanted[name])), name


def test_rows_and_columns(iris, dlrun, reported, tmp_path):
    """TensorFlow Serving's two forms, with rows as lists or by name."""
    wanted = written(dlrun, reported("iris"), ROWS, tmp_path)
    named = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    for instances in (ROWS, named):
        answer = iris.post(PREDICT, {"instances": instances})
        assert answer.status == 200, answer.text
        rows = answer.json()["predictions"]
        same({name: [row[name] for row in rows] for name in rows[0]}, wanted)
    columns = {name: [row[at] for row in ROWS] for at, name in enumerate(NAMES)}
    same(iris.post(PREDICT, {"inputs": columns}).json()["outputs"], wanted)
    # As people type it, without a content type.
    typed = iris.post(PREDICT, '{"instances": [[5.1, 3.5, 1.4, 0.2]]}')
    assert typed.json()["predictions"] == rows[:1]


def test_open_inference(iris, dlrun, reported, tmp_path):
    """A tensor for each column in, one for each column of the answer out."""
    wanted = written(dlrun, reported("iris"), ROWS, tmp_path)
    told = iris.get("/v2/models/iris").json()
    assert [one["name"] for one in told["inputs"]] == NAMES
    assert [one["name"] for one in told["outputs"]] == list(wanted)
    inputs = [
        {"name": name, "datatype": "FP64", "shape": [3, 1], "data": [[row[at]] for row in ROWS]}
        for at, name in enumerate(NAMES)
    ]
    answer = iris.post("/v2/models/iris/infer", {"id": "seven", "inputs": inputs}).json()
    assert (answer["model_name"], answer["id"]) == ("iris", "seven")
    same({one["name"]: one["data"] for one in answer["outputs"]}, wanted)
    for one, output in zip(answer["outputs"], told["outputs"], strict=True):
        assert (one["datatype"], one["shape"]) == (output["datatype"], [3])
    some = {"inputs": inputs, "outputs": [{"name": "predicted"}]}
    (only,) = iris.post("/v2/models/iris/infer", some).json()["outputs"]
    assert only["data"] == wanted["predicted"]


@pytest.mark.slow
def test_images(serve, reported, dlrun, tmp_path):
    """Arrays as nested lists, or as a tensor; the page asks for a drawing."""
    run = reported("digits_cnn")
    client = serve(run)
    images = np.arange(2 * 64).reshape(2, 8, 8, 1) % 17
    np.save(tmp_path / "images.npy", images)
    out = dlrun("predict", run, tmp_path / "images.npy", "-o", "-").out
    wanted = [row["predicted"] for row in csv.DictReader(out.splitlines())]
    answer = client.post("/v1/models/digits_cnn:predict", {"instances": images.tolist()})
    assert [row["predicted"] for row in answer.json()["predictions"]] == wanted
    flat = {"name": "input", "datatype": "INT32", "shape": [2, 8, 8, 1]}
    body = {"inputs": [{**flat, "data": images.reshape(-1).tolist()}]}
    (first, *_) = client.post("/v2/models/digits_cnn/infer", body).json()["outputs"]
    assert first["data"] == wanted
    page = client.get("/")
    assert '"image": [8, 8, 1]' in page.text
    assert '"max": 16.0' in page.text


def test_series(serve, common, dlrun, tmp_path):
    """Steps of series go in, as rows or as columns, and what follows them comes out."""
    run = train_once(common)
    client = serve(run)
    table = tmp_path / "days.csv"
    head, *lines = daily(9).splitlines()
    table.write_text("\n".join([head, *lines, ""]), "utf-8")
    wanted = [*csv.DictReader(dlrun("predict", run, table, "-o", "-").out.splitlines())]
    wanted = {name: [row[name] for row in wanted] for name in wanted[0] if name != "row"}
    assert [len(column) for column in wanted.values()] == [6] * 4  # three days of either shop
    names = head.split(";")
    steps = [dict(zip(names, line.replace(",", ".").split(";"), strict=True)) for line in lines]
    steps = [{**one, "Umsatz": float(one["Umsatz"]), "Gäste": int(one["Gäste"])} for one in steps]
    answer = client.post("/v1/models/shops:predict", {"instances": steps})
    assert answer.status == 200, answer.text
    rows = answer.json()["predictions"]
    same({name: [row[name] for row in rows] for name in rows[0]}, wanted)
    told = client.get("/v2/models/shops").json()
    assert {one["name"]: one["datatype"] for one in told["inputs"]} == {
        "Laden": "BYTES", "Tag": "BYTES", "Umsatz": "FP64", "Gäste": "FP64"
    }  # fmt: skip
    assert {one["name"]: one["datatype"] for one in told["outputs"]} == {
        "Laden": "BYTES", "Tag": "BYTES", "predicted_Umsatz": "FP32", "predicted_Gäste": "FP32"
    }  # fmt: skip
    tensors = [
        {**one, "shape": [len(steps)], "data": [step[one["name"]] for step in steps]}
        for one in told["inputs"]
    ]
    outputs = client.post("/v2/models/shops/infer", {"inputs": tensors}).json()["outputs"]
    same({one["name"]: one["data"] for one in outputs}, wanted)
    explained = client.post("/v1/models/shops:explain", {"instances": steps})
    assert explained.status == 200, explained.text
    short = client.post("/v1/models/shops:predict", {"instances": steps[:5]})
    assert short.status == 400
    assert "8 steps without a gap, up to the last one, are seen; the table has 5." in short.text
    assert '"window": 8' in client.get("/").text


def test_health(iris):
    """What those who watch servers ask."""
    for path in ("/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/iris/ready"):
        assert iris.get(path).status == 200
    (told,) = iris.get("/v1/models/iris").json()["model_version_status"]
    assert told["state"] == "AVAILABLE"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{", "not JSON"),
        ("[" * 9000, "not JSON"),
        ("[]", "expected a JSON object"),
        ({}, "expected 'instances' or 'inputs'"),
        ({"instances": [], "inputs": []}, "expected 'instances' or 'inputs'"),
        ({"instances": "/etc/passwd"}, "expected a list of rows"),
        ({"inputs": "/etc/passwd"}, "expected numbers of the shape"),
        ({"inputs": {"sepal_length_cm": "/etc/passwd"}}, "each column is a list of values"),
        ({"instances": []}, "there are 0 rows"),
        ({"instances": [ROWS[0]] * 101}, "there are 101 rows"),
        ({"instances": [ROWS[0], [1, 2]]}, "the rows differ in their shapes"),
        ({"instances": [[1, 2, 3]]}, "(rows, 4) was expected"),
        ({"instances": [ROWS[0], {}]}, "some rows name their columns"),
        ({"instances": [{"sepal_length_cm": 1}]}, "missing columns 'sepal_width_cm'"),
        ({"instances": [[5.1, 3.5, 1.4, "wide"]]}, "'wide'"),
        ({"instances": [[5.1, 3.5, 1.4, None]]}, "petal_width_cm"),
        ({"instances": [[5.1, 3.5, 1.4, {"a": 1}]]}, "dict"),
    ],
)
def test_what_is_wrong_is_told(iris, body, told):
    """A 400 with the words of the command line."""
    answer = iris.post(PREDICT, body)
    assert (answer.status, told in answer.json()["error"]) == (400, True), answer.text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"datatype": "FP128"}, "there is no datatype"),
        ({"shape": [4]}, "the data 3"),
        ({"shape": [-3]}, "expected a shape"),
        ({"data": ["x", 1, 2]}, "is no FP64"),
        ({"shape": [1, 3]}, "the shape [rows]"),
        ({"name": "other"}, "missing column"),
    ],
)
def test_tensors_that_do_not_fit(iris, change, told):
    """The same for Open Inference."""
    inputs = [{"name": name, "datatype": "FP64", "shape": [3], "data": [1, 2, 3]} for name in NAMES]
    inputs[1] |= change
    answer = iris.post("/v2/models/iris/infer", {"inputs": inputs})
    assert (answer.status, told in answer.json()["error"]) == (400, True), answer.text


def test_limits(iris, serve, reported):
    """Size, time and method."""
    assert iris.post(PREDICT, "x" * 10_001).status == 413
    assert iris.get(PREDICT).status == 405
    assert iris.get("/v1/models/other").json()["error"] == (
        "there is no /v1/models/other; the model is iris."
    )
    slow = serve(reported("iris"), seconds=0.0)
    answer = slow.post(PREDICT, {"instances": ROWS})
    assert (answer.status, "longer than" in answer.json()["error"]) == (503, True)


def test_who_may_ask(iris, serve, reported):
    """No page of another host, and no name that another host has given to this one."""
    for host in ("evil.example", "127.0.0.1.evil.example"):
        assert iris.get("/", headers={"host": host}).status == 400
    assert iris.get("/", headers={"host": "localhost:8000"}).status == 200
    refused = iris.post(PREDICT, {"instances": ROWS}, headers={"origin": "http://evil.example"})
    assert refused.status == 403
    own = {"origin": "http://127.0.0.1:8000"}
    assert iris.post(PREDICT, {"instances": ROWS}, headers=own).status == 200
    everybody = serve(reported("iris"), host="0.0.0.0")  # noqa: S104
    assert everybody.get("/", headers={"host": "lab.example"}).status == 200


def test_a_page_asks_for_every_kind_of_column(serve, dlrun, tmp_path):
    """Choices with their values, numbers, dates, texts; no value of the data is markup."""
    rows = ["sex,age,born,note,alive"]
    rows += [
        f"{'</script><b>' if at % 2 else 'female'},{20 + at},2000-01-{at % 27 + 1:02d},"
        f"{'good' if at % 3 else 'bad'} day,{at % 2}"
        for at in range(60)
    ]
    (tmp_path / "people.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "people.yaml").write_text(TITLES)
    run = tmp_path / dlrun("train", "people.yaml", "--quiet").run
    client = serve(run)
    page = client.get("/").text
    assert page.count("</script>") == 1
    kinds = re.findall(r'"kind": "(\w+)"', page)
    assert kinds == ["category", "number", "date", "text"]
    row = {"sex": "female", "age": None, "born": "2000-01-05", "note": "good"}
    answer = client.post("/v1/models/people:predict", {"instances": [row]})
    assert answer.status == 200, answer.text
    why = client.post("/v1/models/people:explain", {"instances": [row]})
    assert why.json() == {"explanation": "row 0 of rows"}
    wrong = client.post("/v1/models/people:predict", {"instances": [{**row, "age": "old"}]})
    assert (wrong.status, "'old'" in wrong.json()["error"]) == (400, True)


def test_the_command(reported, dlrun, monkeypatch):
    """It tells its address, and what is in its way."""
    run = reported("iris")
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: None)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\n", dlrun("serve", run, "--port", 0).out)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert "cannot listen there" in dlrun("serve", run, "--port", port, code=1).err
    monkeypatch.setattr("dlrun.serving.door.find_spec", lambda _: None)
    assert "pip install 'dlrun[serve]'" in dlrun("serve", run, code=2).err


def test_the_door_is_open_before_the_model_is_loaded():
    """Who asks at the address that was printed is not refused; no answer waits for Nagle."""
    with listening_at("127.0.0.1", 0) as door:
        with contextlib.closing(socket.create_connection(door.getsockname(), timeout=5)):
            accepted, _ = door.accept()
            accepted.close()
        # By this, asyncio knows the connections whose small parts go out at once.
        assert door.proto == socket.IPPROTO_TCP


def test_numbers_alone_need_no_file(iris, monkeypatch):
    """They are answered to the same bits as where a cell is a text, for which a file is read."""
    rows = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    as_text = [{**row, NAMES[0]: str(row[NAMES[0]])} for row in rows]
    by_file = iris.post(PREDICT, {"instances": as_text}).json()
    monkeypatch.setattr("dlrun.data.python_rows.as_file", None)
    assert iris.post(PREDICT, {"instances": rows}).json() == by_file
    assert iris.post(PREDICT, {"instances": as_text}).status == 500
