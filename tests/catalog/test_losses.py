"""What form each loss wants its targets in."""

import pytest

from dlrun.arrays import LabelForm
from dlrun.catalog import losses


@pytest.mark.parametrize(
    ("loss", "form"),
    [
        ("categorical_crossentropy", "one_hot"),
        ("CategoricalFocalCrossentropy", "one_hot"),
        ("sparse_categorical_crossentropy", "index"),
        ("bce", "binary"),
        ("Hinge", "sign"),
        ("squared_hinge", "sign"),
        ("categorical_hinge", "one_hot"),
        ("mse", "value"),
        ("Huber", "value"),
        (None, "value"),
        ("no_such_loss", "value"),
    ],
)
def test_the_form_follows_the_family_of_the_loss(loss, form):
    """By canonical name or alias; without a loss, values."""
    assert losses.label_form(loss) == form


@pytest.mark.parametrize(
    ("classes", "units", "fitting"),
    [
        (2, 1, "binary_crossentropy after 'activation: sigmoid'"),
        (2, 2, "categorical_crossentropy after 'activation: softmax'"),
        (60, 60, "categorical_crossentropy after 'activation: softmax'"),
        (60, 1, "categorical_crossentropy after 'units: 60' and 'activation: softmax'"),
        (60, None, "categorical_crossentropy after 'units: 60' and 'activation: softmax'"),
    ],
)
def test_the_loss_that_suits_depends_on_how_many_classes_there_are(classes, units, fitting):
    """One output tells two of them apart."""
    found = losses.misgiving("mse", units=units, activation=None, classes=classes)
    assert found is not None
    assert found[1] == f"Use {fitting}."


def test_the_forms_are_those_of_the_spec():
    """`catalog` may not import `arrays`, so the type stands in both."""
    assert losses.LabelForm == LabelForm
