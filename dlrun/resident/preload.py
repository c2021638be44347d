"""Imports all that commands import, and notes which environment variables that looks at."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pkgutil
from collections.abc import Iterator
from typing import Any

import dlrun

OTHERS = (
    "duckdb", "jinja2", "matplotlib.pyplot", "matplotlib.backends.backend_svg", "numpy",
    "pydantic", "rich.console", "safetensors.numpy", "typer", "yaml",
)  # fmt: skip
"""What dlrun imports inside of functions, and most commands need."""


def import_everything() -> set[str]:
    """Import it; returns the names of the variables that were read.

    Nothing is computed: threads do not survive a copy.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # as the command line sets it
    with _noting_reads() as reads:
        # First TensorFlow, which is to find no matplotlib.
        importlib.import_module("dlrun.backend")
        for name in [*_own_modules(), *OTHERS]:
            with contextlib.suppress(ImportError):  # an extra that is not installed
                importlib.import_module(name)
    _prepare()
    gc.collect()
    gc.freeze()  # no copy searches it, and so all copies share it
    return reads


def _prepare() -> None:
    """Make what many commands make first and keep: a copy of this process has it already."""
    from dlrun.catalog.kinds import KINDS
    from dlrun.catalog.shelves import origins
    from dlrun.catalog.words import find, words
    from dlrun.cli.app import COMMANDS, command_named
    from dlrun.columns import SHELF, adapter

    for kind in KINDS:
        for word in words(kind):
            find(kind, word)
    for word in origins(SHELF):
        adapter(word)
    for name in COMMANDS:
        command_named(name)


def sees_gpu() -> bool:
    """Say whether there is a GPU: what has looked at one cannot be copied."""
    from dlrun.backend import tf

    return bool(tf.config.list_physical_devices("GPU"))


def _own_modules() -> list[str]:
    found = pkgutil.walk_packages(dlrun.__path__, "dlrun.")
    return [one.name for one in found if not one.name.endswith("__main__")]


@contextlib.contextmanager
def _noting_reads() -> Iterator[set[str]]:
    """Note which variables are asked for, whether or not they are there."""
    reads: set[str] = set()
    kind: Any = type(os.environ)
    look_up = kind.__getitem__

    def noting(self: Any, key: Any) -> Any:
        reads.add(os.fsdecode(key))
        return look_up(self, key)

    kind.__getitem__ = noting
    try:
        yield reads
    finally:
        kind.__getitem__ = look_up
