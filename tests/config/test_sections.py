"""Sections read values strictly, as pydantic does, of which dlrun needs no more than that."""

import copy
import math
import pickle
from typing import Annotated, Any, Literal

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.config.schema import Component, DatasetConfig, Experiment, LayerConfig, TrainingConfig
from dlrun.config.sections import Field, MistakesError, Section

STRICT = pydantic.ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Ours(Section):
    """Every type that a config has."""

    whole: int = Field(default=1, ge=0, le=7)
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    maybe: float | None = None
    text: str = Field(default="a", min_length=1)
    word: Literal["over", "under"] | None = None
    flag: bool | Literal["auto"] = "auto"
    weights: dict[str, float] | Literal["balanced"] | None = None
    names: tuple[str, ...] | None = None
    rest: dict[str, Any] = Field(default_factory=dict)
    many: list[Any] | None = None


class Theirs(pydantic.BaseModel):
    """The same, as pydantic reads it."""

    model_config = STRICT

    whole: int = pydantic.Field(default=1, ge=0, le=7)
    share: Annotated[float, pydantic.Field(gt=0, lt=1)] = 0.5
    maybe: float | None = None
    text: str = pydantic.Field(default="a", min_length=1)
    word: Literal["over", "under"] | None = None
    flag: bool | Literal["auto"] = "auto"
    weights: dict[str, float] | Literal["balanced"] | None = None
    names: tuple[str, ...] | None = None
    rest: dict[str, Any] = pydantic.Field(default_factory=dict)
    many: list[Any] | None = None


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 9),
    st.sampled_from([10**400, -(10**30)]),
    st.floats(),
    st.sampled_from(["", "a", "over", "auto", "balanced", "ü", "\ud800"]),
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    ),
    max_leaves=4,
)


def places(error, key):
    """Where the mistakes are, without what pydantic calls the alternatives of a type."""
    found = set()
    for one in error.errors():
        inside = [step for step in one["loc"][1:] if step in ("a", "b") or isinstance(step, int)]
        found.add((key, *inside))
    return found


@given(key=st.sampled_from([*Ours.model_fields, "unknown"]), value=VALUES)
def test_they_take_what_pydantic_takes(key, value):
    """The same values, equal and of the same types; the same places of mistakes."""
    wrong, theirs = None, None
    try:
        theirs = Theirs(**{key: value})
    except pydantic.ValidationError as error:
        wrong = places(error, key)
    if wrong is not None:
        with pytest.raises(MistakesError) as refused:
            Ours(**{key: value})
        assert {one.location for one in refused.value.mistakes} == wrong
        return
    ours = Ours(**{key: value})
    for name in Ours.model_fields:
        assert repr(getattr(ours, name)) == repr(getattr(theirs, name))


def test_annotations_are_types():
    """Where a file makes texts of them, its author is told."""
    with pytest.raises(TypeError, match="int: annotations are read as types"):
        type("Texts", (Section,), {"__annotations__": {"epochs": "int"}})


def test_what_is_wrong_is_said_in_words():
    """With what would be right."""
    with pytest.raises(MistakesError) as refused:
        Ours(whole=9, share=math.nan, text="", word="ovr", flag=1, rest=[], many=())
    assert [(*one.location, one.expected) for one in refused.value.mistakes] == [
        ("whole", "7 or less"),
        ("share", "a finite number"),
        ("text", "at least one character"),
        ("word", "'over' or 'under'"),
        ("flag", "true or false"),
        ("flag", "'auto'"),
        ("rest", "a mapping"),
        ("many", "a list"),
    ]


def test_what_is_required_is_missed():
    """With the place in the section that lacks it."""
    with pytest.raises(MistakesError) as refused:
        Experiment(dataset={}, model={"layers": ({"type": "Dense"},)})
    missed = {one.location for one in refused.value.mistakes}
    assert missed == {("name",), ("dataset", "type"), ("model", "layers", 0, "name")}


def test_containers_are_its_own():
    """Whoever gave a mapping may change it; no two sections share a default."""
    given_to = {"a": [1]}
    section = Ours(rest=given_to)
    given_to["b"] = 2
    assert section.rest == {"a": [1]}
    assert Ours().rest is not Ours().rest


def test_frozen_equal_copied():
    """A section is a value; where an experiment was written does not count."""
    training = TrainingConfig(epochs=3)
    with pytest.raises(AttributeError, match="frozen"):
        training.epochs = 4
    with pytest.raises(AttributeError, match="frozen"):
        del training.epochs
    assert training == TrainingConfig(epochs=3) != TrainingConfig(epochs=4)
    assert training != DatasetConfig(type="moons")
    assert Component(type="a") != LayerConfig(type="a", name="a")
    assert training.model_copy(update={"epochs": 4}) == TrainingConfig(epochs=4)
    for copied in (copy.deepcopy(training), pickle.loads(pickle.dumps(training))):  # noqa: S301
        assert copied == training
    assert repr(Component(type="a")) == "Component(type='a', arguments={})"
    with pytest.raises(TypeError):
        hash(training)
