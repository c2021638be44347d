"""Every word that a config may use, by kind, with what it takes and where it is defined."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from dlrun.catalog import docstrings, keras_names, shelves, signatures, text
from dlrun.catalog.refused import LOSS_ONLY, METRIC_ONLY, REFUSED, SAME_MINIMUM
from dlrun.catalog.signatures import Parameter
from dlrun.wording import AMONG_FEW, SAYINGS, did_you_mean

if TYPE_CHECKING:
    from dlrun.catalog.keras_names import Export

KINDS: Final = (
    "datasets",
    "layers",
    "losses",
    "metrics",
    "optimizers",
    "schedules",
    "callbacks",
    "initializers",
    "regularizers",
    "constraints",
    "activations",
    "exporters",
)
"""What a word can be the name of."""

ACCURACY: Final = "accuracy"
ACCURACY_SUMMARY: Final = "The share of rows whose class is right, whatever form the labels have."

NESTED: Final = (
    (re.compile(r"(\w+_)?initializer"), "initializers"),
    (re.compile(r"\w+_regularizer"), "regularizers"),
    (re.compile(r"\w+_constraint"), "constraints"),
    (re.compile(r"(\w+_)?activation"), "activations"),
    (re.compile(r"learning_rate|schedule"), "schedules"),
    (re.compile(r"layers?|forward_layer|backward_layer|cells?"), "layers"),
)
"""The kind of word that an argument takes, told by its name."""


@dataclass(frozen=True)
class Word:
    """One word of the language.

    Attributes:
        kind: One of `KINDS`.
        name: The canonical name, such as `CategoricalCrossentropy`.
        origin: Who defines it.
        module: The dotted module that defines it.
        parameters: What a config can give to it, in the order of the source.
        summary: The first paragraph of its docstring on one line.
    """

    kind: str
    name: str
    origin: Literal["keras", "dlrun"]
    module: str
    parameters: tuple[Parameter, ...]
    summary: str

    def parameter(self, name: str) -> Parameter | None:
        """The argument of that name, or None."""
        return next((one for one in self.parameters if one.name == name), None)


@lru_cache
def words(kind: str) -> tuple[str, ...]:
    """The canonical names of a kind, dlrun's own first, each group in the order of its source."""
    extra = (ACCURACY,) if kind == "metrics" else ()
    return tuple(dict.fromkeys((*extra, *shelves.origins(kind), *_keras_origins(kind))))


@lru_cache
def canonical(kind: str, word: str) -> str | None:
    """The canonical name for a word or one of its aliases, or None where there is no such word."""
    if word in words(kind):
        return word
    if kind == "metrics" and word == "acc":
        return ACCURACY
    if kind in shelves.SHELVES and kind not in keras_names.PACKAGES:
        return None
    return keras_names.aliases(kind).get(word.lower() if kind == "optimizers" else word)


@lru_cache
def find(kind: str, word: str) -> Word | None:
    """What the catalog knows about a word or one of its aliases, or None."""
    name = canonical(kind, word)
    if name is None:
        return None
    if kind == "metrics" and name == ACCURACY:
        named = Parameter("name", required=False, default=ACCURACY, doc="Its name in the logs.")
        return Word(kind, name, "dlrun", "dlrun.training", (named,), ACCURACY_SUMMARY)
    if name in shelves.origins(kind):
        said = docstrings.summary(shelves.docstring(kind, name))
        module = shelves.origins(kind)[name]
        return Word(kind, name, "dlrun", module, shelves.parameters(kind, name), said)
    return _keras_word(kind, name)


def suggest(kind: str, word: str) -> str | None:
    """`Did you mean 'Dense'?`, of words and aliases; None where nothing is near."""
    aliases = keras_names.aliases(kind) if kind in keras_names.PACKAGES else ()
    return did_you_mean(word, (*words(kind), *aliases), similarity=AMONG_FEW)


def refusal(kind: str, word: str) -> str | None:
    """Why a word that Keras has cannot be used in a config; None where nothing is known."""
    if kind == "metrics" and canonical(kind, word) is None and canonical("losses", word):
        return LOSS_ONLY
    metric = metric_meant(word) if kind == "losses" else None
    if metric is not None:
        instead = SAME_MINIMUM.get(metric)
        return "; ".join(filter(None, (METRIC_ONLY.format(metric), instead)))
    return REFUSED.get(kind, {}).get(word)


def metric_meant(word: str) -> str | None:
    """The metric that a word is or means: `f1` is `f1_score`; None where it is a loss, or neither.

    Args:
        word: What was written.
    """
    names = (*SAYINGS.get(word.lower(), ()), word)
    if any(canonical("losses", name) for name in names):
        return None
    return next((name for name in names if canonical("metrics", name)), None)


def nested_kind(argument: str) -> str | None:
    """The kind of word that an argument of a Keras class takes, or None for a literal."""
    return next((kind for name, kind in NESTED if name.fullmatch(argument)), None)


def _keras_origins(kind: str) -> dict[str, Export]:
    return keras_names.origins(kind) if kind in keras_names.PACKAGES else {}


def _keras_word(kind: str, word: str) -> Word:
    module, name, _ = keras_names.origins(kind)[word]
    if kind == "activations":
        said = docstrings.of(text.function(module, name))
        parameters = signatures.of_function(module, name)[1:]  # the first one is the tensor
    else:
        said = docstrings.of(text.class_head(module, name))
        parameters = signatures.of_class(module, name)
    return Word(kind, word, "keras", module, parameters, docstrings.summary(said))
