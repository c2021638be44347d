"""What literal an argument takes, and what to say to one that it does not."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final

from dlrun.absent import ABSENT
from dlrun.catalog.signatures import Parameter
from dlrun.config.prose import Expected, read_doc, types_of, with_default
from dlrun.config.type_hints import read_annotation
from dlrun.wording import AMONG_FEW, WRITTEN_NUMBER, did_you_mean, is_number

# Arguments of Keras that mean the same in every class that has them, by their least value.
AT_LEAST_ONE: Final = frozenset(
    {
        "decay_steps", "dilation_rate", "filters", "first_decay_steps", "groups", "height",
        "input_dim", "kernel_size", "key_dim", "n", "num_heads", "output_dim", "output_size",
        "pool_size", "size", "strides", "units", "width",
    }
)  # fmt: skip
NEVER_NEGATIVE: Final = frozenset(
    {
        "clipnorm", "clipvalue", "cooldown", "decay_rate", "epsilon", "global_clipnorm",
        "initial_learning_rate", "l1", "l1_regularization_strength", "l2",
        "l2_regularization_strength", "l2_shrinkage_regularization_strength", "min_lr", "patience",
        "rate", "start_from_epoch", "stddev", "weight_decay",
    }
)  # fmt: skip
SHARES: Final = frozenset({"ema_momentum", "momentum"})  # of the past, from 0 to 1
REDUCTIONS: Final = ("sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none")
KNOWN: Final = {  # arguments of Keras about whose type the docstrings are silent or vague
    "reduction": Expected(frozenset({"str", "null"}), REDUCTIONS),
    "noise_shape": Expected(frozenset({"list", "null"}), counts=True),
    "target_shape": Expected(frozenset({"list"}), counts=True),
    "seed": Expected(frozenset({"int", "null"})),
    "value_dim": Expected(frozenset({"int", "null"}), low=1),
    "dims": Expected(frozenset({"list"}), counts=True),
    "vocabulary": Expected(frozenset({"list", "null"}), no_path=True),
}


@lru_cache
def expected(parameter: Parameter) -> Expected:
    """What an argument takes, from its annotation, else its docstring, else its default."""
    if parameter.annotation is not None:
        types, choices = read_annotation(parameter.annotation)
        return Expected(types, choices)
    if parameter.name == "name":
        return Expected(frozenset({"str", "null"}))
    if parameter.name in KNOWN:
        return KNOWN[parameter.name]
    said = read_doc(parameter.doc or "")
    low, high, choices = said.low, said.high, said.choices
    if parameter.name in AT_LEAST_ONE:
        low = max(low, 1)
    elif parameter.name in NEVER_NEGATIVE:
        low = max(low, 0)
    elif parameter.name in SHARES:
        low, high = 0, 1
    types = with_default(said.types, parameter.default)
    if parameter.default not in (None, ABSENT, *choices):
        choices = ()  # the list was about something else
    counts = {"int", "list"} <= types and "float" not in types
    return Expected(types, choices, low, high, said.folds_case, counts)


def complaint(value: Any, wanted: Expected) -> str | None:
    """What was expected in the place of a value; None where nothing is wrong with it."""
    if wanted.types and not wanted.types & types_of(value):
        return f"Expected {wanted}"
    if wanted.choices and isinstance(value, str):
        folded = value.lower() if wanted.folds_case else value
        return None if folded in wanted.choices else f"Expected {wanted}"
    items = value if isinstance(value, list | tuple) else [value]
    if wanted.counts and not all(map(_is_count, items)):
        return "Expected whole numbers in the list"
    for item in items:
        if is_number(item):
            if item < wanted.low and math.isinf(wanted.high):
                return f"Expected {wanted.low:g} or more"
            if not wanted.low <= item <= wanted.high:
                return f"Expected {wanted.low:g} to {wanted.high:g}"
    return None


def _is_count(item: Any) -> bool:
    if isinstance(item, list | tuple):
        return all(map(_is_count, item))
    return item is None or (isinstance(item, int) and not isinstance(item, bool))


def repair(value: Any, wanted: Expected) -> str | None:
    """What was probably meant by a value that does not fit, or None."""
    meant: Any = None
    if wanted.no_path and isinstance(value, str):
        return "List the entries: what a layer knows stands in the config, not in a file."
    if "int" in wanted.types and isinstance(value, float) and value.is_integer():
        meant = int(value)
    elif wanted.counts and type(value) is int and "int" not in wanted.types:
        meant = [value]
    elif isinstance(value, str) and wanted.choices:
        return did_you_mean(value, map(str, wanted.choices), similarity=AMONG_FEW)
    elif isinstance(value, str) and wanted.types & {"int", "float"}:
        number = value.replace("_", "").strip()
        meant = number if WRITTEN_NUMBER.fullmatch(number) else None
    elif isinstance(value, str) and "bool" in wanted.types:
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.lower())
    return None if meant is None else f"Write {meant}."
