"""The draft of an experiment made an `Experiment`, and pydantic's complaints in plain words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from dlrun.config.components import UNKNOWN
from dlrun.config.findings import describe, did_you_mean
from dlrun.config.literals import Expected, repair
from dlrun.config.places import below
from dlrun.config.schema import Experiment

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from dlrun.config.findings import Findings
    from dlrun.config.places import Places

EXPECTED: Final = {
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_too_short": "at least one character",
    "greater_than": "more than {gt:.0f}",
    "greater_than_equal": "{ge:.0f} or more",
    "less_than": "less than {lt:.0f}",
    "less_than_equal": "{le:.0f} or less",
    "finite_number": "a finite number",
    "literal_error": "{expected}",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
}
"""What was expected, by pydantic's name for the mistake."""
TYPES: Final = {"int_type": ("int",), "float_type": ("float",), "bool_type": ("bool",)}
QUOTED: Final = re.compile(r"'(\w+)'")
CLASS_WEIGHT: Final = ("training", "class_weight")


def fill(draft: dict[str, Any], places: Places, findings: Findings) -> Experiment:
    """Make the experiment; wrong values are noted and replaced by their defaults.

    Args:
        draft: What `Experiment` takes.
        places: Where everything was written.
        findings: Takes every problem.
    """
    try:
        return Experiment.model_validate(draft)
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
    locations = [_location(mistake) for mistake in mistakes]
    for location, mistake in dict(zip(locations, mistakes, strict=True)).items():
        if any(one[: len(location)] == location != one for one in locations):
            continue  # a part of it is wrong, not the whole
        path = ""
        for step in location:
            path = below(path, step)
        value = _remove(draft, location)
        what = f"Expected {_expected(mistake)}, got {describe(value)}."
        findings.add(places.find(path), path, what, _repair(mistake, value))
    return Experiment.model_validate(draft)


def _location(mistake: ErrorDetails) -> tuple[str | int, ...]:
    """The keys that lead to a wrong value; pydantic adds the name of the alternative."""
    location = mistake["loc"]
    if location[:2] == CLASS_WEIGHT:
        return location[:2] + location[3:4]
    return location


def _expected(mistake: ErrorDetails) -> str:
    if _location(mistake) == CLASS_WEIGHT:
        return "a weight for each class name, 'balanced' or null"
    text = EXPECTED.get(mistake["type"])
    return text.format(**mistake.get("ctx", {})) if text else mistake["msg"]


def _repair(mistake: ErrorDetails, value: Any) -> str | None:
    """What was probably meant, or None."""
    if mistake["type"] == "literal_error" and isinstance(value, str):
        choices = QUOTED.findall(mistake["ctx"]["expected"])
        return did_you_mean(value, choices)
    wanted = Expected(frozenset(TYPES.get(mistake["type"], ())))
    return repair(value, wanted)


def _remove(draft: Any, location: tuple[str | int, ...]) -> Any:
    """Take a value out of the draft, so that its default counts; only names have none."""
    for step in location[:-1]:
        draft = draft[step]
    value = draft.pop(location[-1])
    if location[-1] == "name":
        draft["name"] = UNKNOWN
    return value
