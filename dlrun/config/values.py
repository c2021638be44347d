"""The draft of an experiment made an `Experiment`, and pydantic's complaints in plain words."""

from __future__ import annotations

import re
from typing import Any, Final

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from dlrun.config.components import UNKNOWN
from dlrun.config.findings import Problems
from dlrun.config.literals import repair
from dlrun.config.places import Places, below
from dlrun.config.prose import Expected
from dlrun.config.schema import Experiment, Section, section_of
from dlrun.wording import describe, did_you_mean

Location = tuple[str | int, ...]
# What was expected, by pydantic's name for the mistake.
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
REPAIRED: Final = {"int_type": "int", "float_type": "float", "bool_type": "bool"}
QUOTED: Final = re.compile(r"'(\w+)'")


def fill(draft: dict[str, Any], places: Places, problems: Problems) -> Experiment:
    """Make the experiment of a draft; wrong values are noted and replaced by their defaults."""
    try:
        return Experiment.model_validate(draft)
    except ValidationError as error:
        mistakes: dict[Location, list[ErrorDetails]] = {}
        for mistake in error.errors(include_url=False):
            mistakes.setdefault(_location(mistake["loc"], draft), []).append(mistake)
    for location, alternatives in mistakes.items():
        if any(other[: len(location)] == location != other for other in mistakes):
            continue  # a part of it is wrong, not the whole
        path = ""
        for step in location:
            path = below(path, step)
        value = _remove(draft, location)
        what = f"Expected {_expected(location, alternatives)}, got {describe(value)}."
        problems.add(places.find(path), path, what, _repair(alternatives, value))
    return Experiment.model_validate(draft)


def _location(steps: Location, value: Any) -> Location:
    """The keys that lead to a wrong value, without the names that pydantic gives alternatives."""
    location: Location = ()
    for step in steps:
        is_key = isinstance(value, dict) and step in value
        if is_key or (isinstance(value, list | tuple) and isinstance(step, int)):
            value = value[step]
            location = (*location, step)
    return location


def _expected(location: Location, alternatives: list[ErrorDetails]) -> str:
    """What was expected: what the field says, or any of the alternatives that the value failed."""
    section: type[Section] | None = Experiment
    field: FieldInfo | None = None
    for step in location:
        field = section.model_fields.get(str(step)) if section is not None else None
        section = section_of(field) if field else None
    if field and field.title:
        return field.title
    texts = [
        EXPECTED[mistake["type"]].format(**mistake.get("ctx", {}))
        if mistake["type"] in EXPECTED
        else mistake["msg"]
        for mistake in alternatives
    ]
    return " or ".join(dict.fromkeys(texts))


def _repair(alternatives: list[ErrorDetails], value: Any) -> str | None:
    for mistake in alternatives:
        if mistake["type"] == "literal_error" and isinstance(value, str):
            near = did_you_mean(value, QUOTED.findall(mistake["ctx"]["expected"]))
            if near:
                return near
    kinds = {mistake["type"] for mistake in alternatives} & REPAIRED.keys()
    return repair(value, Expected(frozenset(REPAIRED[kind] for kind in kinds)))


def _remove(draft: Any, location: Location) -> Any:
    """Take a value out of the draft, so that its default counts; only names have none."""
    for step in location[:-1]:
        draft = draft[step]
    value = draft.pop(location[-1])
    if location[-1] == "name":
        draft["name"] = UNKNOWN
    return value
