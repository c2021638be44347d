"""Resolved configs as YAML."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dlrun.config.nodes import Problems
from dlrun.config.yaml import parse, to_yaml

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20
)


def read(text):
    findings = Problems()
    node = parse(text, "f", findings)
    findings.raise_if_any()
    return node.plain()


@pytest.mark.slow
@given(st.dictionaries(TEXT, VALUES))
@example({"<<": {"<<": [{"<<": "<<"}]}})
def test_what_is_written_reads_back(value):
    """Whatever it is: text that looks like a number, odd characters, deep lists."""
    assert read(to_yaml(value)) == value


@pytest.mark.parametrize("text", ["1e-3", "017", "no", "null", "0o7", ".5", "~", "", "a: b", "1_0"])
def test_text_stays_text(text):
    """What YAML 1.2 would read as something else is quoted."""
    assert read(to_yaml({"a": text, text: 1})) == {"a": text, text: 1}


def test_how_it_looks():
    """Mappings over lines, lists of scalars on one line, no anchors."""
    same = [1, 2]
    value = {"a": {"b": same, "c": {}}, "d": [{"e": same}, {"p": Path("/x/y")}], "f": [[1.0], []]}
    assert to_yaml(value) == (
        "a:\n  b: [1, 2]\n  c: {}\nd:\n- e: [1, 2]\n- p: /x/y\nf: [[1.0], []]\n"
    )
