"""What the catalog reads as text equals what the running Keras has, for every word."""

import inspect

import pytest

from dlrun import catalog
from dlrun.absent import ABSENT
from dlrun.backend import keras
from dlrun.catalog import keras_names
from dlrun.catalog.keras_names import REFUSED
from dlrun.catalog.kinds import KINDS, snake_case
from dlrun.catalog.label_forms import LABEL_FORMS

NAMESPACES = {
    "layers": keras.layers,
    "losses": keras.losses,
    "metrics": keras.metrics,
    "optimizers": keras.optimizers,
    "schedules": keras.optimizers.schedules,
    "callbacks": keras.callbacks,
    "initializers": keras.initializers,
    "regularizers": keras.regularizers,
    "constraints": keras.constraints,
}
WORDS = [
    (kind, word)
    for kind in NAMESPACES
    for word in catalog.words(kind)
    if catalog.find(kind, word).origin == "keras" and not catalog.is_application(word)
]
ALIASED = ("losses", "metrics", "optimizers", "initializers", "regularizers", "constraints")

REQUIRED = {
    "activation": "relu",
    "axes": 1,
    "boundaries": [10],
    "decay_rate": 0.5,
    "decay_steps": 10,
    "dims": [2, 1],
    "directory": "somewhere",
    "equation": "ab,bc->ac",
    "factor": 0.1,
    "filename": "log.csv",
    "filepath": "model.keras",
    "first_decay_steps": 10,
    "height_factor": 0.1,
    "initial_learning_rate": 0.1,
    "output_shape": 3,
    "precision": 0.5,
    "rate": 0.1,
    "recall": 0.5,
    "scale": 2.0,
    "sensitivity": 0.5,
    "specificity": 0.5,
    "stddev": 0.1,
    "target_class_ids": [0],
    "target_shape": [2, 3],
    "values": [0.1, 0.01],
    "width_factor": 0.1,
}
"""A value for every required argument; all others are integers."""
INTEGER = 2
NOT_ALONE = {
    ("layers", "RandomPosterization"): {"factor": 2},
    ("layers", "Discretization"): {"num_bins": 3},
    ("layers", "CategoryEncoding"): {"num_tokens": 3},
    ("layers", "STFTSpectrogram"): {"fft_length": 256},
    ("layers", "Bidirectional"): {"layer": keras.layers.LSTM(2)},
    ("layers", "TimeDistributed"): {"layer": keras.layers.Dense(2)},
    ("layers", "SpectralNormalization"): {"layer": keras.layers.Dense(2)},
    ("layers", "RNN"): {"cell": keras.layers.LSTMCell(2)},
    ("layers", "StackedRNNCells"): {"cells": [keras.layers.LSTMCell(2)]},
    ("layers", "Pipeline"): {"layers": [keras.layers.Dense(2)]},
}
"""What the constructor needs besides its required arguments, or in a form YAML has no value for."""
NOT_INSTALLED = {("callbacks", "OrbaxCheckpoint")}
SWALLOWED = {"HashedCrossing", "IntegerLookup", "StringLookup", "ReduceLROnPlateau"}
"""Classes that take some arguments of their bases and silently drop them."""
ONLY_OURS = {("losses", "categorical_generalized_cross_entropy"), ("optimizers", "lamb")}
"""Aliases by Keras's own rule that Keras forgot to put into its table."""


def class_of(kind, word):
    return getattr(NAMESPACES[kind], word)


def signature_by_inspection(class_):
    """Every argument that a class may take: its own, and its bases' through `**kwargs`."""
    found = {}
    for base in class_.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(base.__init__).parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                found.setdefault(parameter.name, parameter.default)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return found


def required_arguments(kind, word):
    given = NOT_ALONE.get((kind, word), {})
    return given | {
        parameter.name: REQUIRED.get(parameter.name, INTEGER)
        for parameter in catalog.find(kind, word).parameters
        if parameter.required and parameter.name not in given
    }


def public_networks():
    """The functions of `keras.applications` that build networks."""
    return {name for name, one in vars(keras.applications).items() if inspect.isfunction(one)}


@pytest.mark.parametrize("word", sorted(public_networks()))
def test_a_network_takes_what_its_function_takes(word):
    """Names and defaults, but for what the data or every layer says; and what dlrun adds."""
    parameters = inspect.signature(getattr(keras.applications, word)).parameters
    expected = {name: one.default for name, one in parameters.items()}
    for name in ("input_shape", "input_tensor", "name", "weights"):
        del expected[name]
    ours = {"value_range": (0.0, 1.0), "fine_tune_at": None}
    ours |= {"freeze_batch_normalization": False}
    found = catalog.find("layers", word)
    assert {one.name: one.default for one in found.parameters} == expected | ours
    assert all(one.doc for one in found.parameters if one.name in ours)
    assert catalog.gist("layers", word).startswith("Instantiates")
    assert catalog.family("layers", word) == "applications"


@pytest.mark.parametrize("kind", NAMESPACES)
def test_every_public_class_is_a_word_or_refused_with_a_reason(kind):
    """Nothing public is overlooked, and nothing is a word that is not public."""
    public = {name for name, value in vars(NAMESPACES[kind]).items() if inspect.isclass(value)}
    public |= {"Input", *public_networks()} if kind == "layers" else set()
    known = set(catalog.words(kind)) | set(keras_names.aliases(kind)) | set(REFUSED[kind])
    assert public <= known
    own = {word for word in catalog.words(kind) if catalog.find(kind, word).origin == "dlrun"}
    assert set(keras_names.origins(kind)) <= public
    assert set(REFUSED[kind]) - own <= public


@pytest.mark.parametrize(("kind", "word"), WORDS)
def test_arguments_and_defaults_are_those_of_the_running_class(kind, word):
    """Names, which are required, and every literal default."""
    truth = signature_by_inspection(class_of(kind, word))
    for parameter in catalog.find(kind, word).parameters:
        assert parameter.name in truth
        assert parameter.required == (truth[parameter.name] is inspect.Parameter.empty)
        if parameter.default is not ABSENT:
            assert parameter.default == truth[parameter.name]


@pytest.mark.parametrize(("kind", "word"), [one for one in WORDS if one[1] not in SWALLOWED])
def test_arguments_that_are_not_read_are_not_taken(kind, word):
    """An argument of a base class that is left out is refused by the class."""
    read = {parameter.name for parameter in catalog.find(kind, word).parameters}
    left_out = set(signature_by_inspection(class_of(kind, word))) - read
    given = required_arguments(kind, word)
    for name in left_out:
        with pytest.raises((TypeError, ValueError)):
            class_of(kind, word)(**given, **{name: "no such value"})


@pytest.mark.parametrize(("kind", "word"), sorted(set(WORDS) - NOT_INSTALLED))
def test_defaults_written_out_change_nothing(kind, word):
    """A resolved config builds the same object as the short one that it came from."""
    given = required_arguments(kind, word)
    written = {
        parameter.name: parameter.default
        for parameter in catalog.find(kind, word).parameters
        if parameter.default is not ABSENT
    }
    short, resolved = (class_of(kind, word)(**all_) for all_ in (given, written | given))
    if hasattr(short, "get_config"):
        assert holds(resolved.get_config(), short.get_config())


def holds(config, part):
    """Whether a config of Keras holds another, but for what is drawn anew for each object."""
    if isinstance(part, dict):
        drawn = {"name", "seed"}
        return all(holds(config[key], value) for key, value in part.items() if key not in drawn)
    return config == part


@pytest.mark.parametrize(
    ("kind", "alias"), [(kind, alias) for kind in ALIASED for alias in keras_names.aliases(kind)]
)
def test_keras_accepts_every_alias_and_means_the_same_by_it(kind, alias):
    """`mse` is MeanSquaredError to Keras too."""
    word = keras_names.aliases(kind)[alias]
    public = getattr(NAMESPACES[kind], alias, None)
    if inspect.isclass(public):
        assert public is class_of(kind, word)
    elif (kind, alias) in ONLY_OURS:
        assert KINDS[kind].spell(word) == alias
    elif required_arguments(kind, word):
        with pytest.raises(TypeError, match=f"{word}.* missing"):
            NAMESPACES[kind].get(alias)
    else:
        found = NAMESPACES[kind].get(alias)
        name = found.__name__ if inspect.isfunction(found) else snake_case(type(found).__name__)
        assert name == snake_case(word)


@pytest.mark.parametrize("word", catalog.words("activations"))
def test_every_activation_is_one_of_keras(word):
    """Its name is known to `keras.activations.get`, with the arguments that were read."""
    function = keras.activations.get(word)
    assert function.__name__ == word
    parameters = list(inspect.signature(function).parameters.values())[1:]
    read = catalog.find("activations", word).parameters
    assert [one.name for one in read] == [one.name for one in parameters]
    assert not any(one.required for one in read)


def test_every_activation_of_keras_is_a_word_or_refused():
    """`keras.activations` holds nothing else that is public."""
    public = {name for name, value in vars(keras.activations).items() if inspect.isfunction(value)}
    known = {*catalog.words("activations"), *keras_names.aliases("activations")}
    assert public <= known | set(REFUSED["activations"]) | keras_names.ACCESSORS
    for alias in keras_names.aliases("activations"):
        found = keras.activations.get(alias)
        assert found.__name__ == catalog.canonical("activations", alias)


def test_default_names_are_those_that_keras_gives():
    """The stem of an unnamed layer's name is Keras's own."""
    for name in catalog.words("layers"):
        assert snake_case(name) == keras.src.utils.naming.to_snake_case(name)


def test_every_label_form_belongs_to_a_loss_of_keras():
    """The table of label forms names no loss that does not exist."""
    assert set(LABEL_FORMS) <= set(catalog.words("losses"))
