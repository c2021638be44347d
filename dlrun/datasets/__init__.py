"""The datasets: one file is one YAML word; drop a file with a `load_data` and it is one more."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dlrun.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlrun.arrays import Dataset, Spec


def load_dataset(type: str, *, seed: int, **arguments: Any) -> Dataset:  # noqa: A002
    """Loads a dataset by its YAML word.

    Args:
        type: The word, such as `moons`.
        seed: Where the randomness of a drawn dataset comes from.
        **arguments: The dataset's own arguments.

    Returns:
        All its rows, not yet split or scaled.

    Raises:
        ConfigError: There is no such dataset, or an argument has a value that it cannot have.
        DataError: A file is missing, malformed or does not fit.
    """
    if not type.isidentifier() or find_spec(f"dlrun.datasets.{type}") is None:
        raise ConfigError(Problem("dataset.type", f"There is no dataset {type!r}."))
    dataset: Dataset = import_module(f"dlrun.datasets.{type}").load_data(seed=seed, **arguments)
    return dataset


def recall_form(type: str, arguments: Mapping[str, Any], spec: Spec) -> Spec:  # noqa: A002
    """Completes the spec of a run that did not keep the form of its files; see `Spec.form`.

    Args:
        type: The word of the run's dataset; it has a `recall_form` where it reads such files.
        arguments: The dataset's own arguments, as the run's config has them.
        spec: What the run stored.
    """
    if spec.form is not None or not type.isidentifier():
        return spec
    if find_spec(f"dlrun.datasets.{type}") is None:
        return spec
    recall = getattr(import_module(f"dlrun.datasets.{type}"), "recall_form", None)
    recalled: Spec = spec if recall is None else recall(arguments, spec)
    return recalled
