"""The networks of `keras.applications`: functions that Keras has, and layers that a config has."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Final

from dlrun.catalog import cache, keras_names, signatures, source
from dlrun.catalog.signatures import Parameter

BUILDER: Final = ("dlrun.models.applications", "build_application")
"""The function whose keyword arguments every network takes besides those that Keras gives it."""
NOT_TAKEN: Final = frozenset({"input_tensor", "input_shape", "weights", "name"})
"""Arguments of Keras that the data tell, or that every layer of a config has."""
SHARED_DOC: Final = re.compile(r'^(?:BASE_DOCSTRING|DOC) = """(.*?)"""', re.MULTILINE | re.DOTALL)
NAMED: Final = "{name}"  # what Keras replaces in a docstring that several networks share


def is_application(word: str) -> bool:
    """Say whether a layer is a network of `keras.applications`."""
    return word in keras_names.applications()


def module_of(word: str) -> str:
    """Name the module of `keras.applications` with a network's `preprocess_input`: `resnet`."""
    return keras_names.applications()[word].module.rpartition(".")[2]


@lru_cache
def of_keras(word: str) -> tuple[Parameter, ...]:
    """What a config can give to the function of Keras that builds a network."""
    module, name, _ = keras_names.applications()[word]
    docs = source.argument_docs(docstring(word))
    return tuple(
        replace(one, doc=one.doc or docs.get(one.name))
        for one in signatures.of_function(module, name)
        if one.name not in NOT_TAKEN
    )


@lru_cache
def parameters(word: str) -> tuple[Parameter, ...]:
    """What a config can give to a network: what Keras takes, and what dlrun adds to it."""
    own = (one for one in signatures.of_function(*BUILDER) if one.keyword_only)
    return (*of_keras(word), *own)


@cache.kept("docstrings", str, cache.text)
def docstring(word: str) -> str:
    """What Keras says about a network: of its own, or what those of its module share."""
    module, name, _ = keras_names.applications()[word]
    own = source.docstring_of(source.function(module, name))
    shared = SHARED_DOC.search(source.module_text(module))
    return "\n\n".join(filter(None, (own, shared and shared[1].replace(NAMED, name).strip())))
