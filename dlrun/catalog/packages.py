"""Words of Keras that need a package which dlrun does not bring along."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final, NamedTuple

from dlrun.catalog.words import canonical


class Package(NamedTuple):
    """A package by its two names.

    Attributes:
        module: What is imported.
        project: What pip installs.
    """

    module: str
    project: str


NEEDED: Final[dict[str, dict[str, Package]]] = {
    "callbacks": {
        "OrbaxCheckpoint": Package("orbax.checkpoint", "orbax-checkpoint"),
        "RemoteMonitor": Package("requests", "requests"),
        "TensorBoard": Package("tensorboard", "tensorboard"),
    },
    "initializers": {"STFT": Package("scipy", "scipy")},
    "layers": {"STFTSpectrogram": Package("scipy", "scipy")},
}


def missing_package(kind: str, word: str) -> Package | None:
    """Find the package that a word needs and that is not installed; nothing is imported.

    Args:
        kind: One of the catalog's kinds.
        word: A word of that kind, or an alias of one.
    """
    package = NEEDED.get(kind, {}).get(canonical(kind, word) or "")
    if package is None:
        return None
    is_there = find_spec(package.module.partition(".")[0]) is not None
    return None if is_there else package
