"""Whoever asks for the shape or the formula of a layer finds all that are known, from the start."""

import subprocess
import sys

import pytest

PROGRAM = """
import importlib, pkgutil
import {package} as package
from {package}.{module} import {table} as table
known = set(table)
for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
assert known, "empty"
assert set(table) == known, sorted(set(table) - known)
"""
TABLES = [
    ("dlrun.shapes", "layer", "ONE_INPUT"),
    ("dlrun.shapes", "layer", "SEVERAL_INPUTS"),
    ("dlrun.formulas", "working", "LAYERS"),
]


@pytest.mark.parametrize(("package", "module", "table"), TABLES)
def test_the_package_registers_its_layers_when_it_is_opened(package, module, table):
    """In a process of its own: other tests may have imported a module that no command imports."""
    program = PROGRAM.format(package=package, module=module, table=table)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
