"""The modules of `docs/` that make pages, which are no package."""

import importlib
import sys

from tests.conftest import ROOT


def module(name):
    """Import one of them."""
    folder = str(ROOT / "docs")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)
