"""Fitting labels to the loss and the last layer."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.arrays import Samples, Spec, Splits
from dlrun.data.labels import class_numbers, decode, encode, fit_labels
from dlrun.errors import ConfigError


def splits_of(y, names=None, values=None):
    y = np.array(y)
    x = np.zeros((len(y), 2), dtype=np.float32)
    spec = Spec((2,), class_names=names, class_values=values)
    return Splits(Samples(x, y), Samples(x[:1], y[:1]), None, spec)


def two(values=(0.0, 1.0)):
    return splits_of([0, 1, 1], tuple(f"{value:g}" for value in values), values)


def three():
    return splits_of([2, 0, 1], ("red", "green", "blue"))


def numbers(columns=1):
    return splits_of(np.arange(3 * columns, dtype=np.float32).reshape(3, columns))


@pytest.mark.parametrize(
    ("splits", "loss", "outputs", "expected"),
    [
        (
            three(),
            "categorical_crossentropy",
            3,
            (
                "one_hot",
                None,
                [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
                "labels: 3 classes, one-hot encoded for categorical_crossentropy",
            ),
        ),
        (
            two(),
            "CategoricalCrossentropy",
            2,
            (
                "one_hot",
                None,
                [[1, 0], [0, 1], [0, 1]],
                "labels: 2 classes, one-hot encoded for CategoricalCrossentropy",
            ),
        ),
        (
            three(),
            "sparse_categorical_crossentropy",
            3,
            (
                "index",
                None,
                [2, 0, 1],
                "labels: 3 classes, as class numbers for sparse_categorical_crossentropy",
            ),
        ),
        (
            two(),
            "bce",
            1,
            (
                "binary",
                0.5,
                [[0], [1], [1]],
                "labels: 2 classes, 0 and 1 as they are for bce",
            ),
        ),
        (
            two((-1.0, 1.0)),
            "binary_crossentropy",
            1,
            (
                "binary",
                0.5,
                [[0], [1], [1]],
                "labels: 2 classes, -1 as 0 and 1 as 1 for binary_crossentropy",
            ),
        ),
        (
            two(),
            "binary_crossentropy",
            2,
            (
                "one_hot",
                None,
                [[1, 0], [0, 1], [0, 1]],
                "labels: 2 classes, one-hot encoded for binary_crossentropy",
            ),
        ),
        (
            two(),
            "hinge",
            1,
            (
                "sign",
                0.0,
                [[-1], [1], [1]],
                "labels: 2 classes, 0 as -1 and 1 as +1 for hinge",
            ),
        ),
        (
            three(),
            "categorical_hinge",
            3,
            (
                "one_hot",
                None,
                [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
                "labels: 3 classes, one-hot encoded for categorical_hinge",
            ),
        ),
        (
            two((2.0, 5.0)),
            "mse",
            1,
            (
                "value",
                3.5,
                [[2], [5], [5]],
                "labels: 2 classes, 2 and 5 as they are for mse",
            ),
        ),
        (
            splits_of([0, 1], ("no", "yes")),
            "mse",
            1,
            (
                "value",
                0.5,
                [[0], [1]],
                "labels: 2 classes, no as 0 and yes as 1 for mse",
            ),
        ),
        (
            three(),
            "mse",
            3,
            (
                "one_hot",
                None,
                [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
                "labels: 3 classes, one-hot encoded for mse",
            ),
        ),
        (
            two((-1.0, 1.0)),
            None,
            1,
            (
                "value",
                0.0,
                [[-1], [1], [1]],
                "labels: 2 classes, -1 and 1 as they are without a loss",
            ),
        ),
        (
            numbers(),
            "mse",
            1,
            (
                "value",
                None,
                [[0], [1], [2]],
                "targets: 1 number per row, as they are for mse",
            ),
        ),
        (
            numbers(2),
            "huber",
            2,
            (
                "value",
                None,
                [[0, 1], [2, 3], [4, 5]],
                "targets: 2 numbers per row, as they are for huber",
            ),
        ),
        (
            splits_of([[0.25], [0.5]]),
            "bce",
            1,
            (
                "value",
                None,
                [[0.25], [0.5]],
                "targets: 1 number per row, as they are for bce",
            ),
        ),
    ],
)
def test_labels_fit_the_loss_by_themselves(splits, loss, outputs, expected):
    """Worked out by hand for every family of losses; the line says what was done."""
    form, threshold, y, line = expected
    fitted, said = fit_labels(splits, loss=loss, output_shape=(outputs,))
    assert (fitted.spec.label_form, fitted.spec.threshold, said) == (form, threshold, line)
    assert fitted.train.y.tolist() == y
    assert fitted.train.y.dtype == (np.int64 if form == "index" else np.float32)
    assert fitted.validation.y.tolist() == y[:1]
    assert fitted.test is None


def test_logits_are_cut_at_zero():
    """A logit of 0 is a probability of one half."""
    fitted, _ = fit_labels(two(), loss="bce", output_shape=(1,), from_logits=True)
    assert fitted.spec.threshold == 0.0


@pytest.mark.parametrize("loss", ["mse", None])
def test_a_sigmoid_gets_labels_that_it_can_reach(loss):
    """-1 is out of reach of an output between 0 and 1, and 0 is no threshold for it."""
    fitted, said = fit_labels(
        two((-1.0, 1.0)), loss=loss, output_shape=(1,), output_activation="sigmoid"
    )
    assert fitted.train.y.ravel().tolist() == [0, 1, 1]
    assert (fitted.spec.label_form, fitted.spec.threshold) == ("binary", 0.5)
    assert said.startswith("labels: 2 classes, -1 as 0 and 1 as 1 ")


def test_the_batch_axis_of_a_keras_shape_is_left_out():
    """`model.output_shape` may be given as it is."""
    fitted, _ = fit_labels(three(), loss="mse", output_shape=(None, 3))
    assert fitted.spec.label_form == "one_hot"


@pytest.mark.parametrize(
    ("loss", "outputs"),
    [("bce", 1), ("hinge", 1), ("mse", 1), ("mse", 2), ("categorical_crossentropy", 2),
     ("sparse_categorical_crossentropy", 2)],
)  # fmt: skip
def test_encoded_labels_are_read_back(loss, outputs):
    """`class_numbers` undoes `encode`, whatever the form."""
    splits = two((-1.0, 1.0))
    fitted, _ = fit_labels(splits, loss=loss, output_shape=(outputs,))
    assert class_numbers(fitted.train.y, fitted.spec).tolist() == splits.train.y.tolist()
    assert (encode(splits.train.y, fitted.spec) == fitted.train.y).all()


def test_predictions_are_read_as_the_largest_unit_or_by_the_threshold():
    """An output on the threshold itself is the first class."""
    argmax = Spec((2,), class_names=("a", "b", "c"), label_form="one_hot")
    assert decode(np.array([[0.1, 0.7, 0.2], [3.0, -1.0, 2.0]]), argmax).tolist() == [1, 0]
    cut = Spec((2,), class_names=("a", "b"), label_form="binary", threshold=0.5)
    assert decode(np.array([[0.5], [0.51]]), cut).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("splits", "loss", "outputs", "message"),
    [
        (
            three(),
            "categorical_crossentropy",
            (2,),
            ("model.layers[-1]: The last layer gives 2 numbers for each row, but the data has "
            "3 classes (red, green, blue). Set `units: 3`."),
        ),
        (
            three(),
            "sparse_categorical_crossentropy",
            (12,),
            ("model.layers[-1]: The last layer gives 12 numbers for each row, but the data has "
            "3 classes (red, green, blue). Set `units: 3`."),
        ),
        (
            two(),
            "categorical_crossentropy",
            (1,),
            ("model.layers[-1]: The last layer gives 1 number for each row, but the data has "
            "2 classes (0, 1). Set `units: 2` with `activation: softmax`, or use "
            "binary_crossentropy with sigmoid."),
        ),
        (
            two(),
            "bce",
            (3,),
            ("model.layers[-1]: The last layer gives 3 numbers for each row, but the data has "
            "2 classes (0, 1). Set `units: 2` or `units: 1`."),
        ),
        (
            three(),
            "bce",
            (1,),
            ("loss: bce with one output tells 2 classes apart, but the data has 3 classes "
            "(red, green, blue). Use categorical_crossentropy after a last layer with `units: 3` "
            "and `activation: softmax`."),
        ),
        (
            three(),
            "hinge",
            (1,),
            ("loss: hinge tells 2 classes apart, but the data has 3 classes (red, green, blue). "
            "Use categorical_hinge with `units: 3`."),
        ),
        (
            two(),
            "hinge",
            (2,),
            ("model.layers[-1]: hinge takes one output for each row, got 2. "
            "Set 'units: 1', or use the loss categorical_hinge."),
        ),
        (
            three(),
            "mse",
            (1,),
            ("model.layers[-1]: The last layer gives 1 number for each row, but the data has "
            "3 classes (red, green, blue). Set `units: 3`."),
        ),
        (
            three(),
            "categorical_crossentropy",
            (28, 3),
            ("model.layers[-1]: The last layer gives an array of shape (28, 3) for each row, but "
            "a label is one class. End with a layer that gives one vector for each row."),
        ),
        (
            numbers(),
            "mse",
            (3,),
            ("model.layers[-1]: The last layer gives 3 numbers for each row, but the target is "
            "1 number. Set `units: 1`."),
        ),
        (
            numbers(2),
            "mse",
            (28, 1),
            ("model.layers[-1]: The last layer gives an array of shape (28, 1) for each row, but "
            "the target is 2 numbers. Set `units: 2`."),
        ),
        (
            numbers(),
            "hinge",
            (1,),
            ("loss: hinge needs classes, but the target is a number. Choose a loss for numbers, "
            "such as mean_squared_error."),
        ),
    ],
)  # fmt: skip
def test_sizes_that_do_not_fit_are_told_before_the_first_step(splits, loss, outputs, message):
    """Keras would broadcast some of these without a word."""
    with pytest.raises(ConfigError) as error:
        fit_labels(splits, loss=loss, output_shape=outputs)
    assert str(error.value) == message


def test_dense_after_images_is_told_to_flatten():
    """Dense works on the last axis of an image, which is legal in Keras and of no use."""
    splits = three()
    images = Splits(splits.train, None, None, Spec((8, 8, 1), class_names=("red", "green", "blue")))
    with pytest.raises(ConfigError) as error:
        fit_labels(images, loss="categorical_crossentropy", output_shape=(8, 8, 3))
    assert str(error.value) == (
        "model.layers[-1]: The last layer gives an array of shape (8, 8, 3) for each row, but a "
        "label is one class. Put a Flatten layer before the first Dense layer."
    )


def test_a_long_list_of_classes_is_cut():
    """The message stays readable with many classes."""
    names = tuple(f"c{number}" for number in range(30))
    with pytest.raises(ConfigError, match=r"30 classes \(c0, .*, c9, \.\.\.\)\. Set `units: 30`\."):
        fit_labels(splits_of([0, 29], names), loss="mse", output_shape=(4,))
