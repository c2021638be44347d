"""The spec as JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.arrays import ArrayForm, Reading, Scaling, Spec, TableForm
from dlrun.data.spec_json import spec_from_json, spec_to_json
from dlrun.errors import RunFolderError

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def specs(draw):
    columns = draw(st.integers(1, 3))
    names = st.lists(st.text(max_size=5), min_size=columns, max_size=columns, unique=True).map(
        tuple
    )
    numbers = st.lists(FINITE, min_size=columns, max_size=columns).map(tuple)
    factors = st.lists(FINITE.filter(bool), min_size=columns, max_size=columns).map(tuple)
    classes = draw(
        st.none() | st.lists(st.text(max_size=5), min_size=2, max_size=4, unique=True).map(tuple)
    )
    return Spec(
        input_shape=(columns,),
        feature_names=draw(st.none() | names),
        class_names=classes,
        class_values=draw(st.none() | st.just(tuple(map(float, range(len(classes))))))
        if classes
        else None,
        pixel_max=draw(st.none() | FINITE),
        sample_weight=draw(st.none() | st.text(max_size=5)),
        scaling=draw(st.none() | st.builds(Scaling, st.just("standard"), numbers, factors)),
        label_form=draw(st.sampled_from([None, "index", "one_hot", "binary", "sign", "value"])),
        threshold=draw(st.none() | FINITE),
        output=draw(st.sampled_from([None, "probability", "logit", "score"])),
        rows=draw(st.dictionaries(st.sampled_from(["train", "test"]), st.integers(0, 9))),
    )


TABLE = {"columns": ["a", "target"], "named": True, "header": None, "delimiter": None}


@given(spec=specs())
def test_a_spec_comes_back_from_json_equal(spec):
    """To the last bit of every number."""
    assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec


def test_an_image_spec_comes_back_equal():
    """Several axes, and one scaling number for all of them."""
    spec = Spec((8, 8, 1), scaling=Scaling("minmax", (0.0,), (2.0,)), target_names=("digit",))
    assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec


def test_flattened_images_keep_their_shape():
    """So that a report can show them."""
    spec = Spec((64,), image_shape=(8, 8, 1))
    assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec


@pytest.mark.parametrize(
    "form",
    [
        TableForm(("t", "", "a", ""), named=True, reading=Reading(";", header=True)),
        TableForm(None, named=False),
        ArrayForm("rows", "values"),
    ],
)
def test_the_form_of_a_file_comes_back_equal(form):
    """Columns that are not read may have no names."""
    spec = Spec((1,), feature_names=("a",), target_names=("t",), form=form)
    assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec


def test_a_spec_of_an_older_version_is_read():
    """It said nothing about images, nor about the form of its file."""
    content = spec_to_json(Spec((64,)))
    del content["image_shape"], content["form"]
    assert spec_from_json(content) == Spec((64,))


def test_the_form_of_a_table_of_an_older_version_is_read():
    """It knew of headers and delimiters, and of nothing else."""
    spec = Spec(
        (1,), ("a",), form=TableForm(("a", "target"), named=True, reading=Reading(";", True))
    )
    content = spec_to_json(spec)
    content["form"] = TABLE | {"header": True, "delimiter": ";"}
    assert spec_from_json(content) == spec


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_shape": None}, "spec.json: input_shape should be a valid array."),
        ({"input_shape": ["3"]}, "spec.json: input_shape.0 should be a valid integer."),
        ({"input_shape": [True]}, "spec.json: input_shape.0 should be a valid integer."),
        ({"input_shape": [-2]}, "spec.json: input_shape should be whole numbers of at least 0."),
        ({"feature_names": ["a"]}, "spec.json: feature_names should be one name for each column."),
        ({"feature_names": [1, 2]}, "spec.json: feature_names.0 should be a valid string."),
        (
            {"feature_names": ["a", "a"]},
            "spec.json: feature_names should be different from each other.",
        ),
        ({"target_names": []}, "spec.json: target_names should be at least one name."),
        ({"class_values": [1]}, "spec.json: class_values should be one number for each class."),
        ({"threshold": float("nan")}, "spec.json: threshold should be a finite number."),
        ({"threshold": "0.5"}, "spec.json: threshold should be a valid number."),
        ({"threshold": True}, "spec.json: threshold should be a valid number."),
        (
            {"label_form": "onehot"},
            "spec.json: label_form should be 'index', 'one_hot', 'binary', 'sign' or 'value'.",
        ),
        ({"scaling": 3}, "spec.json: scaling should be an object."),
        (
            {"scaling": {"kind": "standard", "offset": [0, 0], "factor": [1, 0]}},
            "spec.json: scaling.factor should be one number for each offset, never 0.",
        ),
        (
            {"scaling": {"kind": "log", "offset": [0, 0], "factor": [1, 1]}},
            "spec.json: scaling.kind should be 'standard' or 'minmax'.",
        ),
        (
            {"scaling": {"kind": "minmax", "offset": [0], "factor": [1]}},
            "spec.json: scaling should be one offset for each column.",
        ),
        (
            {"rows": {"all": 3}},
            "spec.json: rows should be a number for each of train, validation and test.",
        ),
        (
            {"image_shape": [2, 2, 1]},
            "spec.json: image_shape should be height, width and channels of one sample.",
        ),
        (
            {"image_shape": [2]},
            "spec.json: image_shape should be height, width and channels of one sample.",
        ),
        ({"form": []}, "spec.json: form should be an object."),
        (
            {"form": TABLE | {"delimiter": []}},
            "spec.json: form.reading.delimiter should be a valid string.",
        ),
        ({"form": {"x": "a"}}, "spec.json: form.y is missing."),
        ({"form": {"x": "a", "y": 3}}, "spec.json: form.y should be a valid string."),
        ({"form": TABLE | {"named": 1}}, "spec.json: form.named should be a valid boolean."),
        (
            {"form": TABLE | {"delimiter": ":"}},
            (
                "spec.json: form.reading.delimiter should be one of commas, semicolons, tabs, "
                "vertical bars."
            ),
        ),
        (
            {"form": TABLE},
            "spec.json: form.columns should be all columns, those that are read among them.",
        ),
        (
            {"form": TABLE, "feature_names": ["a", "b"]},
            "spec.json: form.columns should be all columns, those that are read among them.",
        ),
        (
            {"rows": {"train": -1}},
            "spec.json: rows should be a number for each of train, validation and test.",
        ),
        ({"scaling": {"kind": "minmax"}}, "spec.json: scaling.offset is missing."),
        ({"form": {"columns": None}}, "spec.json: form.named is missing."),
        ({"color": 1}, "spec.json: color is unknown."),
    ],
)
def test_a_malformed_spec_is_an_error_of_the_run_folder(change, message):
    """Nothing of it is believed before it has been checked."""
    content = spec_to_json(Spec((2,))) | change
    with pytest.raises(RunFolderError) as error:
        spec_from_json(content)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "spec.json: the spec should be an object."),
        (None, "spec.json: the spec should be an object."),
        (
            {key: value for key, value in spec_to_json(Spec((2,))).items() if key != "rows"},
            "spec.json: rows is missing.",
        ),
    ],
)
def test_what_is_no_spec_is_an_error(content, message):
    """Another kind of JSON, or a part of one."""
    with pytest.raises(RunFolderError) as error:
        spec_from_json(content)
    assert str(error.value) == message
