"""The kinds of words: one row says all that config, JSON schema, lists and messages know of one."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple


def snake_case(name: str) -> str:
    """A class name as Keras writes it in names: `MaxPooling2D` gives `max_pooling2d`.

    Source: keras.src.utils.naming.to_snake_case
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


class Kind(NamedTuple):
    """A kind of word."""

    one: str  # what one word of it is called
    meaning: str  # what its words are for
    place: str  # how a word stands in a config
    keras: str = ""  # `keras.<keras>` names its words, `keras.src.<keras>` defines them
    spell: Callable[[str], str] | None = None  # the second name Keras accepts for every class
    argument: str = "(?!)"  # the arguments of Keras that take such a word
    entry: str = ""  # what a file of `dlrun/<kind>/` defines to be a word: "class" or a function
    filled_in: frozenset[str] = frozenset()  # arguments of that function that dlrun gives
    by_name: bool = False  # whether an argument of dlrun's own words holds several, by name
    section: str = ""  # the class of `dlrun.config.schema` with the keys that every word takes

    @property
    def a_one(self) -> str:
        """One of it with its article: `an optimizer`."""
        return f"{'an' if self.one[0] in 'aeio' else 'a'} {self.one}"


KINDS: Final = {
    "datasets": Kind(
        "dataset",
        "Where the rows come from.",
        "dataset: {}",
        entry="load_data",
        filled_in=frozenset({"seed"}),
        section="DatasetConfig",
    ),
    "columns": Kind(
        "kind of column",
        "What a column of a table is, and what a network gets of it.",
        "dataset: {{columns: {{NAME: {}}}}}",
        argument="columns",
        entry="fit",
        filled_in=frozenset({"column", "values"}),
        by_name=True,
    ),
    "layers": Kind(
        "layer",
        "What a model is made of.",
        "model: {{layers: [{}, ...]}}",
        "layers",
        argument="layers?|forward_layer|backward_layer|cells?",
        section="LayerConfig",
    ),
    "losses": Kind("loss", "What training makes small.", "loss: {}", "losses", snake_case),
    "metrics": Kind(
        "metric", "What is measured besides the loss.", "metrics: [{}]", "metrics", snake_case
    ),
    "optimizers": Kind(
        "optimizer", "How the weights are changed.", "optimizer: {}", "optimizers", str.lower
    ),
    "schedules": Kind(
        "schedule",
        "How the learning rate changes with the steps.",
        "learning_rate: {}",
        "optimizers.schedules",
        argument="learning_rate|schedule",
    ),
    "callbacks": Kind(
        "callback",
        "What is done between the epochs.",
        "training: {{callbacks: [{}]}}",
        "callbacks",
        entry="class",
    ),
    "initializers": Kind(
        "initializer",
        "What weights start from.",
        "kernel_initializer: {}",
        "initializers",
        snake_case,
        r"(\w+_)?initializer",
    ),
    "regularizers": Kind(
        "regularizer",
        "What is added to the loss to keep weights small.",
        "kernel_regularizer: {}",
        "regularizers",
        snake_case,
        r"\w+_regularizer",
    ),
    "constraints": Kind(
        "constraint",
        "What weights are held to after every step.",
        "kernel_constraint: {}",
        "constraints",
        snake_case,
        r"\w+_constraint",
    ),
    "activations": Kind(
        "activation",
        "What is applied to the values that leave a layer.",
        "activation: {}",
        "activations",
        argument=r"(\w+_)?activation",
    ),
    "exporters": Kind(
        "exporter",
        "What a finished run leaves behind.",
        "exports: [{}]",
        entry="export",
        filled_in=frozenset({"model", "splits", "predictor", "folder"}),
    ),
    "trackers": Kind(
        "tracker",
        "Who else hears of a run: of every epoch, and of what comes out.",
        "trackers: [{}]",
        entry="track",
        filled_in=frozenset({"tracked"}),
    ),
}


@lru_cache
def nested_kind(argument: str) -> str | None:
    """The kind of word that an argument of a Keras class takes, or None for a literal."""
    return next((kind for kind, row in KINDS.items()
                 if not row.by_name and re.fullmatch(row.argument, argument)), None)  # fmt: skip


def named_kind(argument: str) -> str | None:
    """The kind of which an argument of a word of dlrun's own holds several, by name, or None."""
    return next((kind for kind, row in KINDS.items()
                 if row.by_name and re.fullmatch(row.argument, argument)), None)  # fmt: skip
