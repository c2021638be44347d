"""The datasets: one file is one YAML word; drop a file with a `load_data` and it is one more.

A file is complete: `load_data`, whose signature is the schema and whose docstring the help, and
`sample`, which takes the same arguments, but for the seed, and how the loss wants its labels
(`form`), and tells what one sample looks like. The file is loaded by light commands, so NumPy and
whatever needs it are imported inside of `load_data`. One that reads files may have a `recall_form`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dlrun.catalog import shelves
from dlrun.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from dlrun.arrays import Dataset, Spec


def load_dataset(type: str, *, seed: int, **arguments: Any) -> Dataset:  # noqa: A002
    """Load a dataset by its YAML word: all its rows, not yet split or scaled.

    Args:
        type: The word, such as `moons`.
        seed: Where the randomness of a drawn dataset comes from.
        **arguments: The dataset's own arguments.

    Raises:
        ConfigError: There is no such dataset, or an argument has a value that it cannot have.
        DataError: A file is missing, malformed or does not fit.
    """
    module = _module(type)
    if module is None:
        raise ConfigError(Problem("dataset.type", f"There is no dataset {type!r}."))
    dataset: Dataset = module.load_data(seed=seed, **arguments)
    return dataset


def recall_form(type: str, arguments: Mapping[str, Any], spec: Spec) -> Spec:  # noqa: A002
    """Complete the spec of an older run, which did not keep the form of its files.

    A dataset that reads files has a `recall_form` for it.
    """
    module = None if spec.form is not None else _module(type)
    recall = getattr(module, "recall_form", None)
    recalled: Spec = spec if recall is None else recall(arguments, spec)
    return recalled


def _module(word: str) -> ModuleType | None:
    word = shelves.second_names("datasets").get(word, word)
    name = shelves.origins("datasets").get(word)
    return None if name is None else import_module(name)
