"""The contract that comes in: a YAML file checked and frozen as an `Experiment`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlrun.config.loading import load_config, locate, locating
    from dlrun.config.schema import Component, Experiment

__all__ = ["Component", "Experiment", "load_config", "locate", "locating"]


def __getattr__(name: str) -> Any:
    """Import what is asked for: whoever reads one value of a config needs no schema."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "schema" if name[0].isupper() else "loading"
    return getattr(import_module(f"{__name__}.{home}"), name)
