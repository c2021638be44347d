"""The fields of a class, read as text."""

from __future__ import annotations

import pytest

from dlrun.absent import ABSENT
from dlrun.catalog import fields
from dlrun.config import schema

SECTIONS = ["DatasetConfig", "LayerConfig", "ModelConfig", "TrainingConfig", "Experiment"]


@pytest.mark.parametrize("name", SECTIONS)
def test_they_are_those_of_the_running_class(name):
    """Names, which ones are required, defaults; each with what it says about itself."""
    read = {field.name: field for field in fields("dlrun.config.schema", name)}
    running = getattr(schema, name).model_fields
    assert list(read) == list(running)
    for key, field in read.items():
        assert field.required is running[key].is_required() or "min_length" in str(running[key])
        if field.default is not ABSENT:
            assert field.default == running[key].made_default()
        assert field.doc
        assert "\n" not in field.doc


def test_a_missing_class_has_none():
    """Nothing is imported to find that out."""
    assert fields("dlrun.config.schema", "Nothing") == ()
