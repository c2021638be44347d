"""Tables as datasets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlrun.config import load_config
from dlrun.data.classes import classes_for_loss
from dlrun.datasets import load_dataset
from dlrun.errors import ConfigError, DataError
from dlrun.execution.loading import load_splits


def way_out(cell, column=None):
    """What the message says of a cell that is no number; of a feature more than of a target."""
    missing = f"say that it is a missing value, `missing_values: ['{cell}']`"
    if column is None:
        return f"\n  Mend the cell, or {missing}."
    return (
        f"\n  Mend the cell; or {missing}; or that the column holds classes, "
        f"`columns: {{{column}: category}}`; or leave the column out, "
        f"`columns: {{{column}: ignore}}`."
    )


OF_TEXT = "\n  Mend the cell, or say that it is a missing value: `dataset.missing_values`."


@pytest.fixture
def load(tmp_path):
    def load(content, **arguments):
        path = tmp_path / "data.csv"
        path.write_text(content)
        return load_dataset("csv", seed=0, path=path, **arguments)

    return load


def test_the_last_column_is_the_target_and_all_others_are_features(load):
    """Numbers stay numbers, in float64 until they are scaled."""
    dataset = load("a,b,c\n1,2,3.5\n4,5,6\n")
    assert dataset.train.x.tolist() == [[1, 2], [4, 5]]
    assert dataset.train.y.tolist() == [[3.5], [6]]
    assert dataset.train.x.dtype == np.float64
    assert (dataset.feature_names, dataset.target_names) == (("a", "b"), ("c",))
    assert dataset.class_names is None


def test_columns_are_chosen_by_name(load):
    """In the order in which they are listed; text in other columns does not matter."""
    dataset = load("id,a,b,c\nx,1,2,3\ny,4,5,6\n", target="a", features=["c", "b"])
    assert dataset.train.x.tolist() == [[3, 2], [6, 5]]
    assert dataset.train.y.tolist() == [[1], [4]]
    assert dataset.feature_names == ("c", "b")


def test_several_targets(load):
    """A regression may have more than one."""
    dataset = load("a,b,c\n1,2,3\n4,5,6\n", target=["c", "a"])
    assert dataset.train.y.tolist() == [[3, 1], [6, 4]]
    assert (dataset.feature_names, dataset.target_names) == (("b",), ("c", "a"))


def test_a_target_of_text_holds_classes(load):
    """Numbered in the order of their sorted names; blanks around a name do not count."""
    dataset = load('a,k\n1,pear\n2, apple\n3,"fig, dried"\n4,apple\n')
    assert dataset.class_names == ("apple", "fig, dried", "pear")
    assert dataset.train.y.tolist() == [2, 0, 1, 0]
    assert dataset.train.y.dtype == np.int64


@pytest.mark.parametrize(
    ("content", "arguments"),
    [
        ("1,2\n3,4\n", {}),
        ("1,2\n3,4\n", {"header": False}),
        ("1;2\n3;4\n", {"delimiter": ";"}),
    ],
)
def test_columns_without_a_header_are_numbered(load, content, arguments):
    """A first row of numbers only is data."""
    dataset = load(content, **arguments)
    assert dataset.train.x.tolist() == [[1], [3]]
    assert (dataset.feature_names, dataset.target_names) == (("column_1",), ("column_2",))


def test_a_header_of_numbers_is_taken_when_it_is_said_to_be_one(load):
    """Years, for example."""
    assert load("2019,2020\n3,4\n", header=True).feature_names == ("2019",)


ROWS = "0.5,1.5,2.5\n1.5,2.5,3.5\n"


@pytest.mark.parametrize(
    ("first", "rows", "is_asked"),
    [
        ("0,1,2", ROWS, True),
        ("0,1,2", "4,5,6\n", True),
        ("1,2,3", ROWS, True),
        ("7,8,9", "4,5,6\n", True),
        ("400,410,425", ROWS, True),
        ("2019,2021,2022", "7,8,0\n", False),
        ("0,1", "4,5\n", True),
        ("0,1", "", False),
        ("1,2", "4,5\n3,1\n", False),
        ("1,2", "4.5,5.1\n3.0,1.5\n", True),
        ("2,1,0", ROWS, False),
        ("0.0,1.0,2.0", ROWS, False),
        ("0,1,1", ROWS, False),
        ("-1,0,1", ROWS, False),
    ],
)
def test_a_first_row_that_numbers_the_columns_is_asked_about(load, first, rows, is_asked):
    """As pandas writes a frame without names; `header` answers."""
    content = f"{first}\n{rows}"
    if is_asked:
        with pytest.raises(DataError, match=f"the first row, {first}, looks like numbers") as error:
            load(content)
        assert error.value.fix == "Set `dataset.header` to true or to false."
    else:
        load(content)
    assert len(load(content, header=False).train) == content.count("\n")


def test_data_of_numbers_and_text_without_a_header(load):
    """As the UCI repository publishes iris."""
    dataset = load("5.1,setosa\n7.0,versicolor\n", header=False, target="column_2")
    assert dataset.class_names == ("setosa", "versicolor")
    assert len(dataset.train) == 2


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("", {}, "{path}: the file is empty."),
        ("a,b\n", {}, "{path}: the file has a header but no rows."),
        ("a,b\n1,2\n1\n", {}, "{path}:3: the row has 1 cell, but the first row (line 1) has 2."),
        ("a,b\n1,2\nx,2\n", {}, "{path}:3: column 'a': 'x' is not a number." + way_out("x", "a")),
        ("a,b\n1,2\n3,nan\n", {}, "{path}:3: column 'b': 'nan' is not a finite number."
         + way_out("nan")),
        ("a,b\n1,2\n3,x\n", {}, "{path}:3: column 'b': 'x' is not a number." + way_out("x")),
        ("a,b,c\n1,2,x\n", {"target": ["b", "c"]},
         "{path}:2: column 'c': 'x' is not a number." + way_out("x")),
        ("a,k\n1,x\n2,3\n", {},
         "{path}:3: column 'k': '3' is a number, but the column begins with text; a target is all "
         "numbers or all text." + OF_TEXT),
        ("a,k\n1,x\n2,NaN\n", {},
         "{path}:3: column 'k': 'NaN' is no value, but the column begins with text; a target is "
         "all numbers or all text." + OF_TEXT),
        ("1,2,x\n3,4,y\n", {},
         ("{path}:1: the first row has numbers such as '1' and texts such as 'x'; it could be a "
         "header or data.\n  Set `dataset.header` to true or to false.")),
        ("a,a,b\n1,2,3\n", {},
         ("{path}:1: column 'a' appears 2 times (columns 1, 2).\n"
         "  Give each column a name of its own.")),
        (",a,b\n1,2,3\n", {},
         ("{path}:1: column 1 has no name.\n"
         "  Name it, or list the columns to use under `dataset.features`.")),
        ("a\n1\n", {},
         "{path}:1: the file has one column, 'a'; a feature and a target were expected."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_an_error(load, tmp_path, content, arguments, message):
    """File, line, column and text; and how to mend it."""
    with pytest.raises(DataError) as error:
        load(content, **arguments)
    assert str(error.value) == message.replace("{path}", f"{tmp_path}/data.csv")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "widht"},
         ("dataset.target: There is no column 'widht' in {path}; it has 'height', 'width'. "
         "Did you mean 'width'?")),
        ({"features": ["x", "y"]},
         ("dataset.features: There is no column 'x' in {path}; it has 'height', 'width'.\n"
         "dataset.features: There is no column 'y' in {path}; it has 'height', 'width'.")),
        ({"features": ["height", "height"]}, "dataset.features: 'height' is listed twice."),
        ({"features": ["height", "width"]},
         "dataset.features: 'width' is the target and a feature at once."),
        ({"features": []}, "dataset.features: The list is empty; a name was expected."),
        ({"delimiter": ":"},
         "dataset.delimiter: ':' was given, one of \",\", \";\", \"|\" and \"\\t\" was expected."),
    ],
)  # fmt: skip
def test_columns_that_are_not_in_the_file_are_errors_of_the_config(
    load, tmp_path, arguments, message
):
    """All of them at once, with a suggestion."""
    with pytest.raises(ConfigError) as error:
        load("height,width\n1,2\n", **arguments)
    assert str(error.value) == message.replace("{path}", f"{tmp_path}/data.csv")


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (["007", "012", "100"], ("007", "012", "100")),
        (["007", "7", "12"], ("7", "12")),  # one number, written in two ways
        (["7", "12", "3"], ("3", "7", "12")),
    ],
)
def test_classes_that_are_codes_are_called_as_they_are_written(load, cells, names):
    """By a loss over classes; to another loss they are numbers all the same."""
    dataset = load("x,y\n" + "".join(f"{n},{cells[n % 3]}\n" for n in range(9)))
    assert sorted({*dataset.train.y.ravel().tolist()}) == sorted({*map(float, cells)})
    found = classes_for_loss(dataset, "sparse_categorical_crossentropy")
    assert (found.class_names, found.class_values) == (names, tuple(map(float, names)))


def test_a_run_that_calls_its_codes_otherwise_keeps_its_names(tmp_path):
    """As older ones do: their predictions and their report speak of the same classes."""
    rows = "".join(f"{n},{['007', '012'][n % 2]}\n" for n in range(20))
    (tmp_path / "rows.csv").write_text(f"x,y\n{rows}")
    (tmp_path / "c.yaml").write_text(
        "dataset: {type: table, path: rows.csv}\n"
        "model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}\n"
        "loss: binary_crossentropy\noptimizer: sgd\n"
    )
    experiment = load_config(tmp_path / "c.yaml")
    spec = load_splits(experiment).spec
    assert spec.class_names == ("007", "012")
    old = replace(spec, class_names=("7", "12"))
    assert load_splits(experiment, old).spec.class_names == ("7", "12")
