"""Rules about scaling: ids stay ids, and padding stays the number that a mask looks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlrun.errors import Problem
from dlrun.shapes.input_readers import find_lookups, find_masks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlrun.config.schema import Experiment

PATH: Final = "dataset.scale"


def ids_are_not_scaled(experiment: Experiment) -> Iterator[Problem]:
    """A layer that looks ids up would find those of other things, or none."""
    scale = experiment.dataset.scale
    lookups = find_lookups([layer.as_dict() for layer in experiment.model.layers])
    if scale != "none" and lookups:
        lookup = lookups[0]
        what = f"'{scale}' would change the ids that {lookup.path} ({lookup.layer.type}) looks up."
        yield Problem(PATH, what, "Leave 'scale' out, and scale other columns in the file.")


def padding_is_not_moved(experiment: Experiment) -> Iterator[Problem]:
    """Standard scaling moves every number but the mean; of `minmax` only the data tell."""
    masks = find_masks([layer.as_dict() for layer in experiment.model.layers])
    if experiment.dataset.scale == "standard" and masks:
        reader, padding = masks[0]
        yield moved_padding(f"{reader.path} (Masking)", padding, "standard")


def moved_padding(mask: str, padding: float, scale: str) -> Problem:
    """What is wrong where scaling moves padding.

    Args:
        mask: The layer that looks for it.
        padding: The number that it looks for.
        scale: How features are scaled.
    """
    what = f"'{scale}' would change the padding of {padding:g} that {mask} looks for."
    return Problem(PATH, what, "Leave 'scale' out, and scale all but the padding in the file.")
