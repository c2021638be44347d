"""Tells which columns reach the weights of a network much larger than these are begun for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from dlrun.shapes.input_readers import (
    LOOKUPS,
    PASSING,
    find_masks,
    find_readers,
    names_of_columns,
)
from dlrun.shapes.layer import DATA
from dlrun.wording import list_some, quote

if TYPE_CHECKING:
    from dlrun.config.schema import Experiment

SCALING: Final = frozenset(
    {
        "BatchNormalization", "Discretization", "GroupNormalization", "LayerNormalization",
        "Normalization", "RMSNormalization", "Rescaling", "UnitNormalization",
    }
)  # fmt: skip
"""Layers that bring what they read to a size of their own."""
MOST_NAMED: Final = 5


def unscaled(experiment: Experiment, large: Mapping[str, tuple[str, str]]) -> str | None:
    """Say which of the large columns layers get as they are; None where there are none.

    `large` gives the smallest and the largest value of each, in words. Whoever has written
    `scale: none` wants them so.
    """
    layers, training = experiment.model.mappings, experiment.training
    is_trained = training.epochs > 0 and experiment.optimizer is not None
    is_wanted = experiment.places.written("dataset.scale") is not None
    if not large or not is_trained or is_wanted or find_masks(layers):
        return None
    named, read = set(names_of_columns(layers)), _weighed(layers)
    wanted = {name for name, one in (experiment.dataset.arguments.get("columns") or {}).items()
              if isinstance(one, Mapping) and one.get("scale") == "none"}  # fmt: skip
    shown = [
        f"{quote(name)} ({low} to {high})"
        for name, (low, high) in large.items()
        if name not in wanted and (name if name in named else DATA) in read
    ]
    if not shown:
        return None
    word, verb = ("column", "comes") if len(shown) == 1 else ("columns", "come")
    return (
        f"{word} {list_some(shown, MOST_NAMED, str)} {verb} as large as in the table; layers begin "
        "with weights for inputs of about 1, and with larger ones training is slow, or fails. Use "
        "'dataset.scale: standard', or say 'none' where it is meant."
    )


def _weighed(layers: Any) -> set[str]:
    """What other layers get than those that look it up or scale it: `input`, or columns."""
    found: set[str] = set()
    for reader in find_readers(layers):
        if reader.layer.type in PASSING | SCALING | LOOKUPS.keys():
            continue
        through = [layers[place] for place in reader.through]
        inputs = (*reader.inputs, *(name for one in through for name in one["inputs"] or ()))
        found |= {*inputs} - {one["name"] for one in through}
    return found
