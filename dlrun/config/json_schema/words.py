"""The words of a kind as definitions: bare, or as mappings whose keys depend on their `type`.

A mapping is described by `if` and `then` rather than by alternatives, so that an editor offers
only the arguments of the word that stands there, and names the one key that is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from dlrun import catalog
from dlrun.catalog import Word
from dlrun.config.json_schema.arguments import NESTED_LAYERS, Schema, argument, reference


def definitions(kind: str, shared: Mapping[str, Schema]) -> dict[str, Schema]:
    """All definitions of a kind, with the keys that dlrun itself understands beside every word.

    One named like the kind for anything that names a word of it; one named like `layers.Dense`
    for the mapping of each word.
    """
    words = _words(kind)
    if kind == "activations":
        return {kind: _anything(kind, words, {}, closed=True)}
    found = {kind: _anything(kind, words, shared)}
    found |= {f"{kind}.{word.name}": _mapping(word, shared) for word in words}
    return found


def nested_layers(shared: Collection[str]) -> dict[str, Schema]:
    """The definitions of layers inside of others, which dlrun hands to Keras as they are.

    The `shared` keys mean something else in a layer of the model.
    """
    words = _words("layers")
    found = {NESTED_LAYERS: _anything(NESTED_LAYERS, words, {})}
    for word in words:
        own = {
            parameter.name: argument(word, parameter)
            if parameter.name in shared
            else reference(f"layers.{word.name}/properties/{parameter.name}")
            for parameter in word.parameters
        }
        spelt = reference(f"layers.{word.name}/properties/type")
        found[f"{NESTED_LAYERS}.{word.name}"] = _closed(word, spelt, own)
    return found


def _words(kind: str) -> list[Word]:
    return [word for name in catalog.words(kind) if (word := catalog.find(kind, name))]


def _anything(
    name: str, words: list[Word], shared: Mapping[str, Schema], *, closed: bool = False
) -> Schema:
    """A bare word that needs no arguments, or a mapping."""
    bare = [word for word in words if closed or not any(_required(word))]
    mapping: Schema = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": _spelt(words), **shared},
    }
    if closed:
        mapping["additionalProperties"] = False
    else:
        mapping["allOf"] = [
            {
                "if": {"properties": {"type": _is(word)}, "required": ["type"]},
                "then": reference(f"{name}.{word.name}"),
            }
            for word in words
        ]
    return {"anyOf": [_spelt(bare), mapping] if bare else [mapping]}


def _spelt(words: list[Word]) -> Schema:
    pairs = [(spelling, word) for word in words for spelling in _spellings(word)]
    return {
        "enum": [spelling for spelling, _ in pairs],
        "enumDescriptions": [catalog.gist(word.kind, word.name) for _, word in pairs],
    }


def _is(word: Word) -> Schema:
    """A condition, as a pattern: editors would show the values of an `enum` to the user."""
    return {"type": "string", "pattern": f"^({'|'.join(_spellings(word))})$"}


def _mapping(word: Word, shared: Mapping[str, Schema]) -> Schema:
    own = {
        parameter.name: argument(word, parameter)
        for parameter in word.parameters
        if parameter.name not in shared
    }
    prose = "\n\n".join(catalog.prose(word.kind, word.name))
    return _closed(word, {"enum": _spellings(word), "description": prose}, own | dict(shared))


def _closed(word: Word, spelt: Schema, properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": {"type": spelt, **properties},
        "required": ["type", *_required(word)],
        "additionalProperties": False,
    }


def _spellings(word: Word) -> list[str]:
    return [word.name, *catalog.aliases(word.kind).get(word.name, ())]


def _required(word: Word) -> Iterator[str]:
    return (parameter.name for parameter in word.parameters if parameter.required)
