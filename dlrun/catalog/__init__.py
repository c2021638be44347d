"""Which words exist: dlrun's own shelves and the installed Keras, read as text."""

from dlrun.catalog.fields import fields
from dlrun.catalog.glossary import aliases, family, gist, prose, without_links
from dlrun.catalog.kinds import KINDS, nested_kind, snake_case
from dlrun.catalog.signatures import Parameter
from dlrun.catalog.words import Word, canonical, find, missing_package, refusal, suggest, words

__all__ = [
    "KINDS",
    "Parameter",
    "Word",
    "aliases",
    "canonical",
    "family",
    "fields",
    "find",
    "gist",
    "missing_package",
    "nested_kind",
    "prose",
    "refusal",
    "snake_case",
    "suggest",
    "without_links",
    "words",
]
