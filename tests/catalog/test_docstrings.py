"""Docstrings taken apart."""

import ast

from dlrun.catalog import source

DOCSTRING = """Does a thing
on two lines.

More about it.

Args:
    a: int, the first
        of them.

        - a point: here
    b, c (str): Both.
    **kwargs: The rest.

Returns:
    d: not an argument.
"""


def test_the_first_paragraph_is_the_summary():
    """On one line."""
    assert source.summary(DOCSTRING) == "Does a thing on two lines."
    assert source.summary("") == ""


def test_each_argument_has_its_text_on_one_line():
    """Continuation lines, shared entries, types in parentheses."""
    assert source.argument_docs(DOCSTRING) == {
        "a": "int, the first of them. - a point: here",
        "b": "Both.",
        "c": "Both.",
        "kwargs": "The rest.",
    }


def test_no_section_no_arguments():
    """Also where the section is empty."""
    assert source.argument_docs("Nothing.") == {}
    assert source.argument_docs("Args:") == {}


def test_the_docstring_of_a_definition_is_dedented():
    """Empty where there is none."""
    (definition,) = ast.parse('def f():\n    """One.\n\n    Two.\n    """').body
    assert source.docstring_of(definition) == "One.\n\nTwo."
    assert source.docstring_of(None) == ""
