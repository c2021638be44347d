"""Arguments read from source, inherited ones included."""

import pytest

from dlrun.absent import ABSENT
from dlrun.catalog import signatures

pytestmark = pytest.mark.usefixtures("toy")


def names(parameters):
    return [parameter.name for parameter in parameters]


def test_own_arguments_come_first_then_those_handed_on():
    """What the call to the base fixes, by position or by name, cannot be given."""
    found = signatures.of_class("toy.conv", "Conv2D")
    assert names(found) == ["filters", "padding", "mode", "strides", "trainable"]


def test_defaults_are_literals_or_marked():
    """A default that code computes is not a literal."""
    found = {one.name: one for one in signatures.of_class("toy.conv", "Conv2D")}
    assert found["filters"].required
    assert found["filters"].default is ABSENT
    assert not found["mode"].required
    assert found["mode"].default is ABSENT
    assert found["strides"].default == (1, 1)


def test_a_subclass_says_what_an_inherited_argument_means():
    """Its own docstring comes before that of the base."""
    found = {one.name: one.doc for one in signatures.of_class("toy.conv", "Conv2D")}
    assert found["filters"] == "int, the number of filters."
    assert found["padding"] == found["mode"] == "How edges are treated."
    assert found["trainable"] == "Whether filters change."


def test_a_class_without_a_constructor_has_that_of_its_base():
    """The base is found through a module that only exports it."""
    assert names(signatures.of_class("toy.conv", "Alone")) == ["trainable", "name"]


def test_arguments_that_are_not_handed_on_are_not_inherited():
    """`**kwargs` that go nowhere add nothing."""
    (size,) = signatures.of_class("toy.conv", "Closed")
    assert (size.name, size.annotation, size.default) == ("size", "int", 3)


def test_functions_have_annotations_and_docs():
    """A keyword-only argument is marked."""
    _, slope, name = signatures.of_function("toy.conv", "half")
    assert (slope.annotation, slope.doc, slope.keyword_only) == ("float", "The slope.", False)
    assert (name.annotation, name.doc, name.keyword_only) == ("str | None", None, True)


def test_what_does_not_exist_takes_nothing():
    """Neither a class nor a function."""
    assert signatures.of_class("toy.conv", "Absent") == ()
    assert signatures.of_function("toy.conv", "absent") == ()


def test_arguments_shared_by_a_family_are_documented_once():
    """Keras keeps those of its optimizers in a constant beside their base."""
    (clip,) = signatures.of_class("toy.shared", "Optimizer")
    assert clip.doc == "Float. If set, clips."
