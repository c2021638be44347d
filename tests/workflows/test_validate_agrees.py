"""Whatever `train` refuses because of small data, `validate` refuses, or says it did not see."""

import json

import numpy as np
import pytest
import yaml

from dlrun.config import load_config
from dlrun.data.csv_header import foresee_names
from dlrun.data.labels import fit_labels
from dlrun.datasets import load_dataset
from dlrun.datasets.samples import find_sample
from dlrun.errors import DlrunError
from dlrun.execution.loading import load_splits
from dlrun.workflows.validate import validate
from tests.marking import first
from tests.shapes.test_samples import ARGUMENTS, LOSSES, TABLES, WORDS, tell

MORE_TABLES = {
    "pandas header": "0,1,2,3\n1.5,2.5,1,0\n3.5,4.5,1,1\n5.5,6.5,1,2\n5.5,6.5,1,3\n",
    "counted header": "0,1,2\n7,8,0\n9,7,1\n8,8,2\n",
    "grades": "a,b,w,c\n1,2,1,grade0\n3,4,1,grade1\n5,6,2,grade2\n",
    "amounts": "a,b,w,c\n1,2,1,$5\n3,4,1,$6\n5,6,2,$7\n",
    "broken header": '"a\nb",b,w,c\n1,2,1,x\n3,4,1,y\n5,6,1,z\n',
    "large weight": "a,b,w,c\n1,2,1e39,x\n3,4,1,y\n",
    "large numbers": "a,b,w,c\n1e39,2,1,x\n3,1e300,1,y\n",
    "large target": "a,b,w,c\n1,2,1,1e39\n3,4,1,2\n",
    "near numbers": "a,b,w,c\n1e-320,2,1,x\n2e-320,3,1,y\n",
    "texts as targets": "a,b,w,c\nx,y,1,2\nz,x,1,3\n",
    "decimal commas": 'a,b,w,c\n1,2,1,"3,5"\n3,4,1,4\n5,6,1,"1,000"\n',
}
SETTINGS = (
    {"units": 1},
    {"units": 3, "activation": "softmax"},
    {"units": 4},
    {"units": 1, "validation_split": 0.9},
    {"units": 2, "activation": "softmax", "test_split": 0.05, "scale": "none"},
    {"units": 1, "scale": "minmax", "test_split": 0.4, "validation_split": 0.4},
)
FITTING = {"binary_crossentropy": "sigmoid", "categorical_crossentropy": "softmax",
           "sparse_categorical_crossentropy": "softmax"}  # fmt: skip


def config(dataset, loss, *, units=1, activation=None, layers=(), **more):
    """A config with what is asked for; splits and scale go to the dataset."""
    training = {key: more.pop(key) for key in ("class_weight",) if key in more}
    metrics = more.pop("metrics", [])
    last = {"type": "Dense", "units": units}
    if activation or loss in FITTING:
        last["activation"] = activation or FITTING[loss]
    return {
        "dataset": {**dataset, **more},
        "model": {"layers": [*layers, last]},
        "loss": loss,
        "optimizer": "adam",
        "metrics": metrics,
        "training": {"epochs": 1, **training},
    }


def refused_by_train(experiment):
    """Why training refuses the rows, or the last layer over them; None where it takes them."""
    try:
        splits = load_splits(experiment)
        fit_labels(
            splits,
            loss=experiment.loss.type,
            output_shape=(experiment.model.layers[-1].arguments["units"],),
        )
    except DlrunError as error:
        return error
    return None


def assert_agrees(path):
    """Both refuse, or both accept, or it is said what was not looked at."""
    verdict = validate(path, [])
    try:
        experiment = load_config(path, [])
    except DlrunError:
        assert verdict.problems
        return
    error = refused_by_train(experiment)
    if error is None:
        assert verdict.problems == (), path.read_text()
    else:
        assert verdict.problems or verdict.unchecked, f"{error}\n{path.read_text()}"


@pytest.fixture
def reading_once(monkeypatch):
    """Read a table once for each set of arguments, whatever is made of its rows; none may change.

    To read it is nearly all that such a config costs.
    """
    ended = {}

    def read(word, **arguments):
        key = repr((word, sorted(arguments.items())))
        if key not in ended:
            try:
                ended[key] = load_dataset(word, **arguments)
                for array in (ended[key].train.x, ended[key].train.y):
                    array.flags.writeable = False
            except DlrunError as error:
                ended[key] = error
        if isinstance(ended[key], DlrunError):
            raise ended[key]
        return ended[key]

    monkeypatch.setattr("dlrun.execution.loading.load_dataset", read)


@pytest.mark.usefixtures("reading_once")
@pytest.mark.parametrize("table", first(2, [*TABLES, *MORE_TABLES]))
def test_small_tables(table, tmp_path):
    """Every kind of table under every argument and loss, and these under every setting."""
    (tmp_path / "rows.csv").write_text((TABLES | MORE_TABLES)[table], newline="")
    path = tmp_path / "config.yaml"
    for number, arguments in enumerate(ARGUMENTS):
        for shift, form in enumerate(LOSSES):
            settings = SETTINGS[(number + shift) % len(SETTINGS)]
            dataset = {"type": "csv", "path": "rows.csv", **arguments}
            path.write_text(json.dumps(config(dataset, LOSSES[form], **settings)))
            assert_agrees(path)


ROWS = "a,b,w,c\n" + "".join(f"{row},{row % 3},1,{'xyz'[row % 3]}\n" for row in range(12))
GRADES = ROWS.replace("x", "grade0").replace("y", "grade1").replace("z", "grade2")
TAGS = "a,b,p,q\n" + "".join(f"{row},1,{row % 2},{row}\n" for row in range(6))
CSV = {"type": "csv", "path": "rows.csv"}
INDEX = "sparse_categorical_crossentropy"
EMBEDDING = [{"type": "Embedding", "input_dim": 5, "output_dim": 2}, {"type": "Flatten"}]
TOLD = {
    "header": ("0,1,2\n7,8,0\n9,7,1\n8,8,2\n", config(CSV, INDEX, units=3),
               "rows.csv:1: the first row, 0,1,2, looks like numbers of the columns"),
    "grades": (GRADES, config(CSV, "mse", units=4),
               "but the data has 3 classes (grade0, grade1, grade2). Set `units: 3`."),
    "broken header": (ROWS.replace("a,b", '"a\n1",b'), config(CSV, "mse", units=4),
                      "but the data has 3 classes (x, y, z). Set `units: 3`."),
    "ids": (ROWS, config(CSV | {"sample_weight": "w"}, INDEX, units=3, layers=EMBEDDING),
            "row 5 (the first is 0), column 'a': 5 is no id for model.layers[0]"),
    "weight": (ROWS.replace("2,2,1", "2,2,1e39"),
               config(CSV | {"sample_weight": "w"}, INDEX, units=3),
               "rows.csv:4: column 'w': '1e39' is beyond the range of float32"),
    "no shares": (TAGS, config(CSV | {"target": ["p", "q"]}, "binary_crossentropy", units=2),
                  "each row has 2 targets; classes need one, or a one-hot row."),
    "test split": (ROWS, config(CSV, INDEX, units=3, test_split=0.99),
                   "0.99 of 12 rows leaves no training row."),
    "class weight": (ROWS, config(CSV, INDEX, units=3, class_weight={"t": 2}),
                     "'t' is not a class."),
    "metric": ("a,b\n1,0.5\n2,3\n4,-7\n", config(CSV, "mse", metrics=["Precision"]), "metrics[0]"),
    "device": ("", config(CSV | {"path": "/dev/zero"}, "mse"),
               "/dev/zero: this is a device; a file was expected."),
    "samples": ("", config({"type": "moons", "samples": 10**11}, "binary_crossentropy"),
                "100,000,000,000 rows take at least 2.4 TB of memory"),
    "noise": ("", config({"type": "moons", "noise": -1}, "binary_crossentropy"),
              "-1 was given, a number of at least 0 was expected."),
    "one class": ("", config({"type": "threshold_sum", "threshold": 5}, "binary_crossentropy"),
                  "all 250 training rows have the class '-1'"),
    "no row": ("", config({"type": "xor"}, "binary_crossentropy", validation_split=0.1),
               "0.1 of 4 rows is no row at all."),
}  # fmt: skip


OF_DATA = ("header", "ids", "weight", "no shares", "device", "samples", "one class")
"""What is a fault of the data, which has an exit code of its own."""


@pytest.mark.parametrize("fault", TOLD)
def test_what_train_refuses_is_refused_in_the_same_words(fault, tmp_path, dlrun):
    """Both commands, from the command line."""
    rows, given, message = TOLD[fault]
    (tmp_path / "rows.csv").write_text(rows)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(given))
    code = 3 if fault in OF_DATA else 2
    checked = dlrun("validate", "config.yaml", code=code)
    assert (checked.out, message in checked.err) == ("", True), checked.err
    assert message in dlrun("train", "config.yaml", code=code).err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.csv", "", "rows.csv: the file is empty."),
        ("rows.csv", "a,b,t\n", "rows.csv: the file has a header but no rows."),
        ("gone.csv", None, "gone.csv: there is no such file."),
        (".", None, "this is a directory; a file was expected."),
    ],
)
def test_a_file_that_is_no_table_has_one_exit_code(name, content, message, tmp_path, dlrun):
    """Whichever command looks at it: 3, as the table of exit codes says."""
    if content is not None:
        (tmp_path / name).write_text(content)
    given = config({"type": "csv", "path": name, "target": "t"}, INDEX, units=2)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(given))
    other = dict(given, dataset={"type": "moons", "noise": -1})
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(other))
    for words in (
        ("validate", "config.yaml"),
        ("validate", "config.yaml", "--json"),
        ("train", "config.yaml", "--no-report"),
        ("data", "config.yaml"),
        *([] if name == "." else [("data", name)]),  # a folder it would look at
    ):
        told = dlrun(*words, code=3)
        assert message.split(": ")[-1] in told.err + told.out
    if name != ".":
        told = dlrun("init", "--data", name, "--target", "t", "-o", "new.yaml", code=3)
        assert message in told.err
    assert message in dlrun("validate", "config.yaml", "other.yaml", code=2).err


def test_columns_that_are_not_there_are_told_with_all_else(tmp_path, dlrun):
    """By the first row of the file, of a list its first one; of series the time and keys too."""
    (tmp_path / "rows.csv").write_text("a,b,t\n" + "1,2,x\n3,4,y\n" * 8)
    table = CSV | {
        "target": "T", "features": ["a", "c"], "sample_weight": "w",
        "columns": {"d": "number", "a": "nmber"},
        "split_by": {"group": "g"}, "where": "v > 3 and a=1",
    }  # fmt: skip
    given = config(table, INDEX, units=2, test_split=0.2)
    given["optimiser"] = given.pop("optimizer", "adam")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(given))
    told = dlrun("validate", "config.yaml", code=2).err
    for path, name in {
        "dataset.target": "There is no column 'T' in", "dataset.features": "There is no column 'c'",
        "dataset.sample_weight": "There is no column 'w'", "dataset.columns.d": "There is no",
        "dataset.columns.a": "There is no kind of column 'nmber'. Did you mean 'number'?",
        "dataset.split_by": "The table has no column 'g'.",
        "dataset.where": "There is no column 'v'; the table has 'a', 'b', 't'.",
        "optimiser": "Unknown key 'optimiser'. Did you mean 'optimizer'?",
    }.items():  # fmt: skip
        assert f" {path}: {name}" in told, path
    assert dlrun("train", "config.yaml", "--no-report", code=2).err == told

    series = {"type": "series", "path": ["rows.csv"], "window": 2, "time": "when", "key": "shop"}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config(series, "mse", metrics=["mae"])))
    told = dlrun("validate", "config.yaml", code=2).err
    assert "dataset.time: There is no column 'when' in" in told
    assert "dataset.key: There is no column 'shop' in" in told


@pytest.mark.parametrize("how", [{"header": False}, {"decimal": ","}, {"format": "json"}])
def test_names_are_not_guessed_where_the_first_row_may_not_be_one(how, tmp_path):
    """Who reads the rows tells of them."""
    (tmp_path / "rows.csv").write_text("a;b;t\n1,5;2;x\n")
    arguments = {"path": tmp_path / "rows.csv", "header": None, "delimiter": None, **how}
    assert foresee_names(arguments) is None


def test_a_larger_table_is_asked_for_its_header_too(tmp_path, dlrun, monkeypatch):
    """Above 2 MB the first rows are looked at, above 16 MB it is said that they did not tell."""
    monkeypatch.setattr("dlrun.workflows.validate.SMALL", 10)
    monkeypatch.setattr("dlrun.data.csv_header.SMALL", 10)
    rows, given, message = TOLD["header"]
    (tmp_path / "rows.csv").write_text(rows)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(given))
    assert message in dlrun("validate", "config.yaml", code=3).err
    for fault in ("ids", "test split", "no shares"):
        rows, given, message = TOLD[fault]
        (tmp_path / "rows.csv").write_text(rows)
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(given))
        code = 3 if fault in OF_DATA else 2
        assert message in dlrun("validate", "config.yaml", code=code).err
        with monkeypatch.context() as patch:
            patch.setattr("dlrun.workflows.validate.READ_AGAIN", 10)
            assert "not looked at: " in dlrun("validate", "config.yaml", code=0).err


@pytest.mark.parametrize("word", WORDS)
def test_drawn_rows_are_counted_as_they_are_drawn(word, tmp_path):
    """Defaults, and splits that leave few rows or none."""
    path = tmp_path / "config.yaml"
    regression = word in ("linear", "sine")
    loss = "mean_squared_error" if regression else INDEX
    units = 1 if regression else len(tell(word).classes)
    layers = [{"type": "Flatten"}] if word == "digits" else []
    for settings in ({}, {"validation_split": 0.9}, {"test_split": 0.999}, {"test_split": 1e-5}):
        for samples in (None, 1, 2, 3, 10):
            dataset = {"type": word} if samples is None else {"type": word, "samples": samples}
            path.write_text(
                yaml.safe_dump(config(dataset, loss, units=units, layers=layers, **settings))
            )
            assert_agrees(path)
    path.write_text(yaml.safe_dump(config({"type": word}, loss, units=units, layers=layers)))
    experiment = load_config(path, [])
    rows = load_splits(experiment).spec.rows["train"]
    assert find_sample(word, experiment.dataset.arguments).rows == rows


def test_arrays_that_cannot_be_split(tmp_path, dlrun):
    """How many rows there are stands in the header."""
    np.savez(tmp_path / "rows.npz", x=np.zeros((4, 2)), y=np.array([0, 1, 0, 1]))
    given = config({"type": "npz", "path": "rows.npz"}, INDEX, units=2, test_split=0.99)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(given))
    assert "0.99 of 4 rows leaves no training row" in dlrun("validate", "config.yaml", code=2).err
