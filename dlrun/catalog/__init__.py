"""Which words exist: dlrun's own shelves and the installed Keras, read as text."""

from dlrun.catalog.applications import is_application
from dlrun.catalog.kinds import KINDS, nested_kind, snake_case
from dlrun.catalog.signatures import Parameter, fields
from dlrun.catalog.words import (
    Word,
    aliases,
    canonical,
    family,
    family_members,
    find,
    gist,
    missing_package,
    prose,
    refusal,
    suggest,
    without_links,
    words,
)

__all__ = [
    "KINDS",
    "Parameter",
    "Word",
    "aliases",
    "canonical",
    "family",
    "family_members",
    "fields",
    "find",
    "gist",
    "is_application",
    "missing_package",
    "nested_kind",
    "prose",
    "refusal",
    "snake_case",
    "suggest",
    "without_links",
    "words",
]
