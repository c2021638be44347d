"""Packages read as text."""

import ast
import sys

import pytest

from dlrun.catalog import source
from dlrun.errors import DlrunError


def test_a_package_that_is_not_installed_is_named():
    """The error says which package, and how to install it."""
    with pytest.raises(DlrunError) as caught:
        source.package_folder("no_such_package")
    assert str(caught.value) == (
        "The package 'no_such_package' is not installed.\n  Install it: pip install no_such_package"
    )


@pytest.mark.usefixtures("toy")
def test_nothing_is_imported():
    """The package's own code does not run."""
    assert source.class_head("toy.base", "Layer").name == "Layer"
    assert "toy" not in sys.modules


def test_files_and_packages_are_found(toy):
    """A module is a file or a folder with `__init__.py`."""
    assert source.module_file("toy.base") == toy / "base.py"
    assert source.module_file("toy") == toy / "__init__.py"
    assert source.module_file("toy.absent") is None
    assert source.module_text("toy.absent") == ""


@pytest.mark.usefixtures("toy")
def test_imports_are_read_with_their_aliases():
    """In parentheses, with comments, and inside branches."""
    assert source.imports("toy.conv") == {
        "exported": source.Import("toy", "exported"),
        "Base": source.Import("toy.base", "Layer"),
        "Mixin": source.Import("tensors", "Mixin"),
    }


@pytest.mark.usefixtures("toy")
def test_a_class_ends_after_its_constructor():
    """What follows `__init__` is not parsed."""
    head = source.class_head("toy.base", "Layer")
    assert [node.name for node in head.body if isinstance(node, ast.FunctionDef)] == ["__init__"]


def test_a_docstring_that_looks_like_code_does_not_mislead(toy):
    """The whole file is parsed where the cut went wrong."""
    (toy / "odd.py").write_text(
        'class Odd:\n    """Odd.\n\nclass Even:\n    """\n', encoding="utf-8"
    )
    assert ast.get_docstring(source.class_head("toy.odd", "Odd")).startswith("Odd.")


@pytest.mark.usefixtures("toy")
def test_what_is_not_there_is_none():
    """Neither a class nor a function of that name."""
    assert source.class_head("toy.base", "Absent") is None
    assert source.function("toy.base", "absent") is None
