"""YAML read with positions."""

import gc
import time

import pytest
import yaml

from dlrun.config import yaml as yaml_nodes
from dlrun.config.nodes import Place, Problems
from dlrun.errors import ConfigError


def read(text):
    findings = Problems()
    node = yaml_nodes.parse(text, "f", findings)
    findings.raise_if_any()
    return node


def message(text):
    gc.freeze()  # what other tests have loaded, such as TensorFlow, is not searched again and again
    started = time.process_time()
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert time.process_time() - started < 1
    return str(caught.value)


@pytest.fixture(params=["C", "Python"])
def either_parser(request, monkeypatch):
    """PyYAML's two parsers; the one in C is not everywhere."""
    if request.param == "Python":
        monkeypatch.setattr(yaml_nodes, "Loader", yaml.BaseLoader)


@pytest.mark.usefixtures("either_parser")
def test_values_and_places():
    """Lines and columns count characters, from 1; keys have places of their own."""
    node = read("a: 1\nß: [x, {b: no}]\n\n  # comment\nc: |\n  text\n")
    assert node.plain() == {"a": 1, "ß": ["x", {"b": "no"}], "c": "text\n"}
    assert node.place == Place("f", 1, 1)
    assert node.key_place("ß") == Place("f", 2, 1)
    assert node.value["ß"].place == Place("f", 2, 4)
    assert node.value["ß"].value[1].value["b"].place == Place("f", 2, 12)


@pytest.mark.usefixtures("either_parser")
def test_quotes_make_text():
    """In every style that is not plain."""
    assert read("""["1", 'true', "null", ""]""").plain() == ["1", "true", "null", ""]
    assert read("a: >-\n  1").plain() == {"a": "1"}


@pytest.mark.usefixtures("either_parser")
def test_aliases_are_written_out():
    """The same place, the same value."""
    assert read("a: &x {b: 1}\nc: *x\nd: [*x, *x]").plain() == {
        "a": {"b": 1},
        "c": {"b": 1},
        "d": [{"b": 1}, {"b": 1}],
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3", "f:3:1: a: The key 'a' is given twice; first at line 1. Remove one"),
        ("a: !!python/object:os.system x", "f:1:4: a: The tag '!!python/object:os.system' is not"),
        ("a: !mine {b: 1}", "f:1:4: a: The tag '!mine' is not allowed. Remove it: types are"),
        ("? [a]\n: 1", "f:1:3: A key must be text, not a list."),
        ("? {a: 1}\n: 1", "f:1:3: A key must be text, not a mapping."),
        (
            "{a: 0,001, b: 1}",
            "f:1:7: 001: '0,001' is two entries, 0 and 001. Write decimals with a point: 0.001.",
        ),
        (
            "{a: -2,5e3}",
            "f:1:8: 5e3: '-2,5e3' is two entries, -2 and 5e3. Write decimals with a point: -2.5e3.",
        ),
        (
            "{a: 1,000}",
            "f:1:7: 000: '1,000' is two entries, 1 and 000. Write thousands without commas (1000)",
        ),
        ("{0: 1,1: 2}", 'f:1:2: 0: A key must be text, got 0. Put it in quotes: "0".'),
        ("{a: x1,1}", 'f:1:8: 1: A key must be text, got 1. Put it in quotes: "1".'),
        ("true: 1", 'f:1:1: true: A key must be text, got true. Put it in quotes: "true".'),
        ("a: &x [*x]", "f:1:8: a[0]: The alias '*x' contains itself."),
        ("a: *x", "f:1:4: a: The alias '*x' refers to nothing above it. Write '&x' where it is"),
        ("a: 1\n---\nb: 2", "f:2:1: A second document starts here. Keep one config per file."),
        ("a:\n\t- b", "f:2:1: A tab cannot indent YAML. Indent with spaces."),
        ("a: @b", "f:1:4: The character '@' cannot start a value. Put it in quotes."),
        ("a: b: c", "f:1:5: This is not YAML: mapping values are not allowed"),
        ('a: "b', "f:1:4: The quote that opens here is never closed. Close it."),
        ("a: [1, 2", "f:2:1: A comma or a closing bracket is missing. It is part of"),
        ("a: {<<: {b: 1}}", "f:1:5: a.<<: YAML 1.2 has no merge keys. Write them out."),
        ('a: "\\0"', "f:1:4: a: Text cannot hold a NUL. Remove it."),
        ("a: 1e999", "f:1:4: a: 1e999 is too large for a number. Write a smaller number."),
        ("%YAML 9.9\n---\na: 1", "f:1:1: This is not YAML: found incompatible YAML document."),
    ],
)
def test_what_is_refused(text, expected):
    """With its position, in plain words."""
    assert message(text).startswith(expected)


def test_several_slips_are_told_at_once():
    """Those that leave the rest readable."""
    assert message("a: !x 1\na: 2\n3: 4\n").splitlines() == [
        (
            "f:1:4: a: The tag '!x' is not allowed. Remove it: types are told by how a value is "
            "written."
        ),
        "f:2:1: a: The key 'a' is given twice; first at line 1. Remove one of them.",
        'f:3:1: 3: A key must be text, got 3. Put it in quotes: "3".',
    ]


def test_a_key_with_an_index_in_braces_needs_quotes():
    """The key of a sweep that everybody writes."""
    told = message("grid: {a: [1], model.layers[0].units: [4, 8]}")
    assert told.endswith(
        "A comma or a closing bracket is missing. Inside of { } a key with [ ] stands in quotes: "
        "{'model.layers[0].units': ...}."
    )


@pytest.mark.parametrize("opening", ["[", "{", "{a: ", "- ", "? ", "[{a: "])
def test_deep_nesting_is_refused_before_it_can_do_harm(opening):
    """PyYAML's own construction in C crashes the process on this."""
    assert message(opening * 100_000).endswith("More than 64 levels of nesting.")


def test_many_values_are_refused():
    """Even where the file is small enough."""
    assert message("[" + "1," * 300_000 + "]").endswith("More than 100000 values in one config.")


def test_an_alias_bomb_is_refused():
    """Its aliases are counted as if they were written out."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    assert message("\n".join(lines)).endswith("More than 100000 values in one config.")


def test_many_keys_that_are_no_texts_take_no_longer_each():
    """A stranger may have written them: four times as many take about four times as long."""

    def seconds(number):
        text, begin = "\n".join(f"{key}: 1" for key in range(number)), time.process_time()
        yaml_nodes.parse(text, "f", Problems())
        return time.process_time() - begin

    assert min(seconds(8000) for _ in range(3)) < 10 * min(seconds(2000) for _ in range(3))
