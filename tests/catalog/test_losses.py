"""What form each loss wants its targets in."""

import pytest

from dlrun.arrays import LabelForm
from dlrun.catalog import label_forms


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
    assert label_forms.label_form(loss) == form


def test_the_forms_are_those_of_the_spec():
    """`catalog` may not import `arrays`, so the type stands in both."""
    assert label_forms.LabelForm == LabelForm
