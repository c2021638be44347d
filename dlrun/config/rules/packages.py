"""Rules about packages: what a word needs is installed where it is to be trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.catalog import missing_package, nested_kind
from dlrun.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dlrun.config.schema import Experiment


def packages_are_installed(experiment: Experiment) -> Iterator[Problem]:
    """Keras has words that import a package of their own, some not before the first epoch ends."""
    for index, layer in enumerate(experiment.model.layers):
        yield from package_problems("layers", layer.as_dict(), f"model.layers[{index}]")
    for index, callback in enumerate(experiment.training.callbacks):
        path = f"training.callbacks[{index}]"
        yield from package_problems("callbacks", callback.as_dict(), path)


def package_problems(kind: str, component: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """Tell what is not installed that a component, or one inside it, needs.

    Args:
        kind: One of the catalog's kinds.
        component: `{"type": word, **arguments}`.
        path: Its dotted path.
    """
    word = component["type"]
    package = missing_package(kind, word)
    if package is not None:
        what = f"{word} needs the package {package.project}, which is not installed."
        yield Problem(path, what, f"Install it: pip install {package.project}")
    for name, value in component.items():
        inner = nested_kind(name)
        for item in value if isinstance(value, list) else [value]:
            if inner and isinstance(item, str):
                yield from package_problems(inner, {"type": item}, f"{path}.{name}")
            elif inner and isinstance(item, dict) and isinstance(item.get("type"), str):
                yield from package_problems(inner, item, f"{path}.{name}")
