"""What training was told of reading a file holds for every later reading of one of its form."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import dataclass, field

import numpy as np
import pytest

from dlrun.rundir.integrity import hash_file, signed
from dlrun.rundir.tensors import load_tensors
from tests.marking import first

pytestmark = pytest.mark.usefixtures("eagerly")  # how files are read, not how rows are computed

RNG = np.random.default_rng(5)
A, B, C = RNG.normal(size=(3, 24)).round(3)
T = (2 * A - B + 3 * C + 5).round(3)
W = RNG.uniform(0.5, 2, 24).round(3)
CLASSES = np.array(["cat", "dog", "bird"])
KIND = np.arange(24) % 3
ONE_HOT = np.eye(3, dtype=int)[KIND]
OTHER = np.round(A * 100)


def table(*columns, header=None, delimiter=","):
    """A CSV file of some columns."""
    rows = [] if header is None else [header]
    rows += zip(*columns, strict=True)
    return "".join(delimiter.join(map(str, row)) + "\n" for row in rows)


@dataclass(frozen=True)
class Case:
    """A dataset as the config reads it, and what its rows are.

    Attributes:
        arguments: Of the dataset.
        file: The file: text, or arrays.
        x: What the network gets.
        y: The targets: numbers `(rows, targets)`, or class numbers `(rows,)`.
        classes: The names of the classes.
        others: Other files of the form, which hold the same rows, for `predict`.
        weights: The weights of the rows in the loss.
    """

    arguments: dict
    file: object
    x: np.ndarray
    y: np.ndarray
    classes: tuple[str, ...] | None = None
    others: tuple = ()
    weights: np.ndarray | None = None
    word: str = "csv"
    loss: str = "mse"
    metrics: list = field(default_factory=list)


ABC = np.stack([A, B, C], axis=1)
CATEGORICAL = {"loss": "categorical_crossentropy", "metrics": ["accuracy"]}
CASES = {
    "no header, target first": Case(
        {"header": False, "target": "column_1"},
        table(T, A, B, C),
        ABC,
        T[:, None],
        others=(
            table(A, B, C),
            table(C, T, A, B, header=["column_4", "x", "column_2", "column_3"]),
        ),
    ),
    "no header, told by the file": Case(
        {"target": "column_2"}, table(A, T, B, C), ABC, T[:, None], others=(table(A, B, C),)
    ),
    "no header, target in the middle, features in another order": Case(
        {"header": False, "target": "column_2", "features": ["column_4", "column_1"]},
        table(A, T, B, C),
        np.stack([C, A], axis=1),
        T[:, None],
        others=(table(A, B, C), table(C, A)),
    ),
    "no header, classes of text first": Case(
        {"header": False, "target": "column_1"},
        table(CLASSES[KIND], A, B, C),
        ABC,
        np.array([1, 2, 0])[KIND],
        ("bird", "cat", "dog"),
        others=(table(A, B, C),),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    ),
    "no header, weights in the middle": Case(
        {"header": False, "target": "column_1", "sample_weight": "column_3"},
        table(T, A, W, B, C),
        ABC,
        T[:, None],
        others=(table(A, B, C), table(T, A, W, B, C)),
        weights=W,
    ),
    "no header, several targets": Case(
        {"header": False, "target": ["column_4", "column_1"]},
        table(T, A, B, OTHER, C),
        ABC,
        np.stack([OTHER, T], axis=1),
        others=(table(A, B, C),),
    ),
    "a header of numbers": Case(
        {"header": True, "target": "2"},
        table(A, B, T, C, header="0123"),
        ABC,
        T[:, None],
        others=(table(C, A, B, header="301"),),
    ),
    "features in another order": Case(
        {"target": "t", "features": ["c", "a"]},
        table(T, A, B, C, header="tabc"),
        np.stack([C, A], axis=1),
        T[:, None],
        others=(table(B, C, A, header="bca"), table(T, A, B, C), table(A, B, C)),
    ),
    "a delimiter": Case(
        {"delimiter": ";", "target": "t, s"},
        table(T, A, B, C, header=["t, s", "a, m", "b", "c"], delimiter=";"),
        ABC,
        T[:, None],
        others=(table(A, B, C, header=["a, m", "b", "c"], delimiter=";"),),
    ),
    "a delimiter that is told by the file": Case(
        {},
        table(A, B, C, T, header="abct", delimiter="\t"),
        ABC,
        T[:, None],
        others=(table(A, B, C, header="abc", delimiter=";"),),
    ),
    "one-hot columns": Case(
        {"target": ["cat", "dog", "bird"]},
        table(A, *ONE_HOT.T, B, C, header=["a", "cat", "dog", "bird", "b", "c"]),
        ABC,
        KIND,
        ("cat", "dog", "bird"),
        others=(table(A, B, C, header="abc"), table(A, *ONE_HOT.T, B, C)),
        **CATEGORICAL,
    ),
    "one-hot columns, of which one never occurs": Case(
        {"target": ["cat", "cow", "dog", "bird"]},
        table(
            A,
            ONE_HOT[:, 0],
            0 * KIND,
            *ONE_HOT.T[1:],
            B,
            C,
            header=["a", "cat", "cow", "dog", "bird", "b", "c"],
        ),
        ABC,
        np.array([0, 2, 3])[KIND],
        ("cat", "cow", "dog", "bird"),
        **CATEGORICAL,
    ),
    "one-hot columns without a header": Case(
        {"header": False, "target": ["column_1", "column_2", "column_3"]},
        table(*ONE_HOT.T, A, B, C),
        ABC,
        KIND,
        ("column_1", "column_2", "column_3"),
        others=(table(A, B, C),),
        **(CATEGORICAL | {"loss": "sparse_categorical_crossentropy"}),
    ),
    "names of arrays": Case(
        {"x": "rows", "y": "values"},
        {"x": -ABC, "y": -T, "values": T, "rows": ABC},
        ABC,
        T[:, None],
        others=({"rows": ABC, "x": -ABC}, {"anything": ABC}, ABC, table(A, B, C)),
        word="npz",
    ),
    "names of arrays, with test rows": Case(
        {"x": "x_train", "y": "y_train", "x_test": "x_test", "y_test": "y_test"},
        {"x_test": -ABC, "y_test": ONE_HOT, "x_train": ABC, "y_train": ONE_HOT},
        ABC,
        KIND,
        ("0", "1", "2"),
        others=({"x_train": ABC, "x_test": -ABC},),
        word="npz",
        **CATEGORICAL,
    ),
}


def write(folder, stem, content):
    """Write a CSV, `.npz` or `.npy` file."""
    if isinstance(content, str):
        path = folder / f"{stem}.csv"
        path.write_text(content, "utf-8")
    elif isinstance(content, dict):
        path = folder / f"{stem}.npz"
        np.savez(path, **content)
    else:
        path = folder / f"{stem}.npy"
        np.save(path, content)
    return path


def config(case, path):
    """One layer: what it gives can be worked out by hand."""
    outputs = len(case.classes) if case.classes else case.y.shape[1]
    activation = "softmax" if case.classes else "linear"
    return {
        "dataset": {"type": case.word, "path": str(path), **case.arguments},
        "model": {"layers": [{"type": "Dense", "units": outputs, "activation": activation}]},
        "loss": case.loss,
        "optimizer": "adam",
        "metrics": case.metrics,
        "training": {"epochs": 1},
    }


def answer(case, run, x):
    """What the run's weights give."""
    weights = load_tensors(run / "weights.safetensors")
    kernel, bias = (next(weights[k] for k in weights if k.endswith(n)) for n in ("kernel", "bias"))
    y = x.astype(np.float64) @ kernel + bias
    if case.classes is None:
        return y
    powers = np.exp(y - y.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train a case once; gives its run and its file."""
    return {}, tmp_path_factory.mktemp("reading")


@pytest.fixture(params=first(5, CASES))
def case(request):
    return CASES[request.param]


@pytest.fixture
def run(case, trained, dlrun, tmp_path):
    """A copy of the run, which a command may change."""
    runs, folder = trained
    name = f"case_{[*CASES.values()].index(case)}"
    if name not in runs:
        path = write(folder, name, case.file)
        (folder / f"{name}.yaml").write_text(json.dumps(config(case, path)), "utf-8")
        words = ("train", folder / f"{name}.yaml", "--runs-dir", folder / "runs")
        runs[name] = dlrun(*words).run, path
    original, path = runs[name]
    return shutil.copytree(original, tmp_path / original.name), path


def forget(run):
    """Make the run one of an older version, which did not keep the form of its file."""
    spec = json.loads((run / "spec.json").read_text("utf-8"))
    del spec["form"]
    if spec["class_names"] == spec["target_names"]:
        numbers = range(len(spec["class_names"]))
        spec |= {"target_names": ["target"], "class_names": [*map(str, numbers)]}
        spec["class_values"] = [*map(float, numbers)]
    (run / "spec.json").write_text(json.dumps(spec), "utf-8")
    record_anew(run, "spec.json")


def record_anew(run, name):
    """Let the record of a run hold what a file of it is now."""
    record = json.loads((run / "run.json").read_text("utf-8"))
    record["files"][name] = hash_file(run / name)
    (run / "run.json").write_text(signed(record), "utf-8")


def predictions(text):
    """The numbers of a file of predictions, the predicted classes, and the names of the columns."""
    rows = list(csv.DictReader(io.StringIO(text)))
    columns = [key for key in rows[0] if key not in ("row", "predicted")] or ["predicted"]
    values = np.array([[float(row[key]) for key in columns] for row in rows])
    return values, [row.get("predicted") for row in rows], columns


def check_predictions(dlrun, case, run, path, names=None):
    values, predicted, columns = predictions(dlrun("predict", run, path, "-o", "-").out)
    expected = answer(case, run, case.x)
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)
    if case.classes:
        names = names or case.classes
        assert columns == [f"probability_{name}" for name in names]
        assert predicted == [names[number] for number in expected.argmax(axis=1)]


def test_the_file_of_the_training_is_predicted(dlrun, case, run):
    """Every row once, as the weights say."""
    check_predictions(dlrun, case, *run)


def test_other_files_of_its_form_are_predicted(dlrun, case, run, tmp_path):
    """Without the target, without names, in another order, with a delimiter of their own."""
    for number, content in enumerate(case.others):
        check_predictions(dlrun, case, run[0], write(tmp_path, f"other_{number}", content))


def check_measured(dlrun, case, run, path):
    told = json.loads(dlrun("evaluate", run, "--data", path, "--json").out)
    y = answer(case, run, case.x)
    if case.classes is None:
        losses = ((y - case.y) ** 2).mean(axis=1)
    else:
        losses = -np.log(y[np.arange(len(y)), case.y])
        assert told["metrics"]["accuracy"] == pytest.approx((y.argmax(axis=1) == case.y).mean())
    weights = np.ones(len(y)) if case.weights is None else case.weights
    assert told["metrics"]["loss"] == pytest.approx((losses * weights).mean(), rel=1e-4)


def test_the_file_of_the_training_is_evaluated(dlrun, case, run):
    """The loss over all rows, by NumPy; the accuracy, where there are classes."""
    check_measured(dlrun, case, *run)


def test_a_row_of_the_file_of_the_training_is_explained(dlrun, case, run):
    run, path = run
    told = json.loads(
        dlrun("explain", run, "--data", path, "--row", 7, "--numpy-only", "--json").out
    )
    np.testing.assert_allclose(told["x"], case.x[7], rtol=1e-6)
    np.testing.assert_allclose(told["output"], answer(case, run, case.x)[7], rtol=1e-4, atol=1e-6)


def test_the_run_goes_on_and_comes_out_again(dlrun, case, run):
    """Resume and reproduce read the file as training did."""
    run, path = run
    dlrun("reproduce", run, "--quiet")
    dlrun("resume", run, "--epochs", 2, "--quiet")
    check_predictions(dlrun, case, run, path)
    dlrun("verify", run)


def test_a_run_of_an_older_version_recalls_its_form_from_the_config(dlrun, case, run):
    """Classes keep the names that it gave them."""
    if len(case.classes or ()) > len(np.unique(case.y)):
        pytest.skip("older versions took no column for a class that no row has")
    run, path = run
    forget(run)
    spec = json.loads((run / "spec.json").read_text("utf-8"))
    check_predictions(dlrun, case, run, path, spec["class_names"])
    check_measured(dlrun, case, run, path)
    dlrun("evaluate", run, "--split", "train")
    dlrun("reproduce", run, "--quiet")
    dlrun("resume", run, "--epochs", 2, "--quiet")
    assert json.loads((run / "spec.json").read_text("utf-8"))["class_names"] == spec["class_names"]


FIRST = {"header": False, "target": "column_1", "features": ["column_3", "column_2"]}
NAMES = "\n  Write their names into a first row; the features are 'column_3', 'column_2'."
REFUSED = [
    (FIRST, table(T, A, B), "predict", table(A, B),
     "the file has 2 columns without names; they could be column_3, column_2 or column_2, "
     "column_3." + NAMES),
    (FIRST, table(T, A, B), "evaluate", table(A, B),
     "the file has 2 columns without names; the 3 of the training data were expected: "
     "'column_1', 'column_2', 'column_3'." + NAMES),
    (FIRST, table(T, A, B), "predict", table(T, A, B, C),
     "the file has 4 columns without names; the 3 of the training data (or these without the "
     "target) were expected: 'column_1', 'column_2', 'column_3'." + NAMES),
    ({"header": True}, table(A, B, T, header="abt"), "predict", table(A, B),
     f"missing columns 'a', 'b'; the file has '{A[0]}', '{B[0]}'."),
    ({"delimiter": ";"}, table(A, B, T, header="abt", delimiter=";"), "predict",
     table(A, B, header="ab"),
     ("missing columns 'a', 'b'; the file has 'a,b'.\n"
     "  The run reads columns that are separated by semicolons: write the file so.")),
    ({"header": False, "delimiter": ";"}, table(A, B, T, delimiter=";"), "explain", table(A, B, T),
     ("the file has 1 column without names; the 3 of the training data (or these without the "
     "target) were expected: 'column_1', 'column_2', 'column_3'.\n"
     "  The run reads columns that are separated by semicolons: write the file so.")),
    ({}, table(A, B, T), "predict", "0,1,2\n" + table(A, B, T),
     ("the first row, 0,1,2, looks like numbers of the columns, as pandas writes them; it could be "
     "a header or data.\n  Write the names of the columns into a first row (column_1,column_2).")),
]  # fmt: skip


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused[4][:60])
def test_a_file_of_another_form_is_refused(dlrun, tmp_path, refused):
    """Never taken otherwise; the message says what was expected and how to give it."""
    arguments, content, command, other, message = refused
    case = Case(arguments, content, ABC, T[:, None])
    path, new = write(tmp_path, "old", content), write(tmp_path, "new", other)
    (tmp_path / "a.yaml").write_text(json.dumps(config(case, path)), "utf-8")
    run = dlrun("train", "a.yaml", "--set", "training.epochs=0").run
    words = [new, "-o", "-"] if command == "predict" else ["--data", new]
    told = dlrun(command, run, *words, code=3)
    assert told.err.split(": ", 2)[2] == message + "\n"
    assert told.out == ""


def test_arrays_of_other_names_are_refused(dlrun, tmp_path):
    """The targets alone are no features either."""
    case = CASES["names of arrays"]
    path = write(tmp_path, "old", case.file)
    (tmp_path / "a.yaml").write_text(json.dumps(config(case, path)), "utf-8")
    run = dlrun("train", "a.yaml", "--set", "training.epochs=0").run
    for arrays in ({"x": ABC, "y": T}, {"values": T}):
        new = write(tmp_path, "new", arrays)
        assert dlrun("predict", run, new, "-o", "-", code=3).err == (
            f"error: {new}: there is no array 'rows'; the file has {', '.join(arrays)}.\n"
            "  The run was trained on the arrays 'rows' and 'values': give them these names.\n"
        )


ROWS = "0.5,1.5,2.5\n1.5,2.5,3.5\n"


def test_a_header_as_pandas_writes_it_is_asked_about(dlrun, tmp_path):
    """The answer, either way, holds for the predictions too."""
    (tmp_path / "a.csv").write_text(f"0,1,2\n{ROWS}", "utf-8")
    told = config(Case({}, None, None, T[:, None]), "a.csv")
    (tmp_path / "a.yaml").write_text(json.dumps(told), "utf-8")
    words = ("train", "a.yaml", "--set", "training.epochs=0")
    assert "Set `dataset.header` to true or to false." in dlrun(*words, code=3).err
    for header, rows in (("true", 2), ("false", 3)):
        run = dlrun(*words, "--set", f"dataset.header={header}").run
        assert dlrun("predict", run, "a.csv", "-o", "-").out.count("\n") == 1 + rows
        assert json.loads((run / "spec.json").read_text("utf-8"))["rows"] == {"train": rows}


def test_what_was_told_of_a_first_row_holds_for_runs_that_were_not_asked(dlrun, tmp_path):
    """Older versions took `0,1,2` for data: their runs go on with the rows that they had."""
    (tmp_path / "a.csv").write_text(f"0,1,2\n{ROWS}", "utf-8")
    case = Case({}, None, None, T[:, None])
    told = config(case, "a.csv")
    told["dataset"]["header"] = False
    (tmp_path / "a.yaml").write_text(json.dumps(told), "utf-8")
    run = dlrun("train", "a.yaml").run
    for name, old, new in (
        ("config.yaml", "header: false", "header: null"),
        ("spec.json", '"header": false', '"header": null'),
    ):
        text = (run / name).read_text("utf-8")
        assert old in text
        (run / name).write_text(text.replace(old, new), "utf-8")
        record_anew(run, name)
    forget(run)
    dlrun("evaluate", run, "--split", "train", "--trust")
    dlrun("reproduce", run, "--quiet", "--trust")
    dlrun("resume", run, "--epochs", 2, "--quiet", "--trust")
    assert json.loads((run / "spec.json").read_text("utf-8"))["rows"] == {"train": 3}


def test_a_row_of_one_hot_columns_that_is_none_is_told(dlrun, tmp_path):
    """With its line and its numbers."""
    case = CASES["one-hot columns"]
    path = write(tmp_path, "old", case.file)
    (tmp_path / "a.yaml").write_text(json.dumps(config(case, path)), "utf-8")
    run = dlrun("train", "a.yaml").run
    new = write(tmp_path, "new", "a,b,c,bird,cat,dog\n1,2,3,0,0,1\n1,2,3,1,1,0\n")
    assert dlrun("evaluate", run, "--data", new, code=3).err == (
        f"error: {new}:3: columns 'cat', 'dog', 'bird': 1, 0, 1 is no class; a single 1 among "
        "zeros was expected.\n"
    )


@pytest.mark.slow
def test_several_labels_a_row_have_curves_and_no_accuracy(dlrun, tmp_path):
    """Each against the rows without it; `accuracy` would ask for one class a row."""
    labels = (np.stack([A + B, B - C, A + C]) > 0).astype(int)
    (tmp_path / "a.csv").write_text(table(A, B, C, *labels, header="abcrsf"), "utf-8")
    case = Case({"target": ["r", "s", "f"]}, None, None, labels.T, loss="binary_crossentropy")
    told = config(case, "a.csv")
    told["model"]["layers"][0]["activation"] = "sigmoid"
    (tmp_path / "a.yaml").write_text(json.dumps(told | {"metrics": ["accuracy"]}), "utf-8")
    assert "binary_accuracy" in dlrun("train", "a.yaml", code=2).err
    run = dlrun("train", "a.yaml", "--set", "metrics=[binary_accuracy]", "--report").run
    assert {path.stem for path in (run / "plots").iterdir()} == {
        "learning_curves", "permutation_importance", "precision_recall_curves", "roc_curves",
        "weight_histograms",
    }  # fmt: skip
    told = json.loads(dlrun("evaluate", run, "--data", "a.csv", "--json").out)
    weights = load_tensors(run / "weights.safetensors")
    kernel, bias = (next(weights[k] for k in weights if k.endswith(n)) for n in ("kernel", "bias"))
    expected = ((ABC @ kernel + bias > 0) == labels.T).mean()
    assert told["metrics"]["binary_accuracy"] == pytest.approx(expected)
    header = dlrun("predict", run, "a.csv", "-o", "-").out.splitlines()[0]
    said = "predicted_r,predicted_s,predicted_f,probability_r,probability_s,probability_f"
    assert header == f"row,{said}"


def test_rows_without_the_weights_of_the_training_are_told(dlrun, tmp_path):
    """The loss of a file then means something else: each row counts as one."""
    lines = [
        f"{a},{weight},{2 * a}" for a, weight in zip(range(6), [1, 1, 1, 9, 9, 9], strict=True)
    ]
    path = write(tmp_path, "rows", "\n".join(["a,w,y", *lines, ""]))
    dataset = {"type": "csv", "path": str(path), "target": "y", "sample_weight": "w"}
    layer = {"type": "Dense", "units": 1, "weights": [[[1.0]], [0.0]]}
    trained = {"dataset": dataset, "model": {"layers": [layer]}, "loss": "mse"}
    written = json.dumps(trained | {"training": {"epochs": 0}})
    (tmp_path / "weights.yaml").write_text(written, "utf-8")
    run = dlrun("train", "weights.yaml").run
    weighted = dlrun("evaluate", run, "--data", path, "--json")
    assert "count alike" not in weighted.err
    # a row's error is its number: (0 + 1 + 4 + 9 * (9 + 16 + 25)) / 6, and all alike 55 / 6
    assert json.loads(weighted.out)["metrics"]["loss"] == pytest.approx(455 / 6)
    bare = write(tmp_path, "bare", "a,y\n" + "".join(f"{a},{2 * a}\n" for a in range(6)))
    alike = dlrun("evaluate", run, "--data", bare, "--json")
    assert "no column 'w': in the loss all rows count alike" in alike.err
    assert json.loads(alike.out)["metrics"]["loss"] == pytest.approx(55 / 6)
