"""Seeded mutations of good configs: one or two changes such as a user makes, right or wrong."""

from __future__ import annotations

import copy
from pathlib import Path

from dlrun import catalog
from dlrun.config.nodes import Problems
from dlrun.config.yaml import parse

HERE = Path(__file__).parent
CONFIGS = Path(__file__).parents[3] / "configs"
OURS = ("type", "name", "inputs", "weights", "trainable")
NUMBERS = (-2, -1, 0, 1, 2, 3, 4, 5, 7, 8, 10, 12, 0.0, 0.1, 0.5, 0.9, 1.0, 1.5, -0.5)
WORDS = (
    "same", "valid", "causal", "channels_first", "channels_last", "relu", "softmax", "tanh",
    "sigmoid", "linear", "glorot_uniform", "zeros", "ones", "he_normal", "l2", "L1", "non_neg",
    "unit_norm", "sum", "mean", "none", "auto", "concat", "ave", "mul", "bilinear", "nearest",
    "fan_in", "truncated_normal", "uniform", "int", "float32", "macro", "micro",
    "sum_over_batch_size",
)  # fmt: skip
LISTS = (
    [1],
    [2],
    [1, 1],
    [2, 2],
    [2, 3],
    [1, 2, 3],
    [2, 2, 2],
    [-1, 4],
    [0, 1],
    [[1, 1], [2, 0]],
    [],
)
NESTED = (
    {"type": "L2", "l2": 0.1}, {"type": "HeNormal"}, {"type": "Constant", "value": 0.5},
    {"type": "MaxNorm"}, {"type": "relu"}, {"type": "Dense", "units": 2},
    {"type": "GRU", "units": 3, "return_sequences": True}, {"type": "LSTMCell", "units": 3},
    {"type": "InverseTimeDecay", "initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5},
)  # fmt: skip
REQUIRED = {
    "units": 4, "filters": 4, "kernel_size": 2, "rate": 0.3, "n": 2, "dims": [2, 1],
    "target_shape": [-1], "input_dim": 3, "output_dim": 3, "axes": 1, "stddev": 0.1, "scale": 0.5,
    "num_heads": 2, "key_dim": 2, "activation": "relu", "layer": {"type": "Dense", "units": 2},
    "cell": {"type": "GRUCell", "units": 3}, "height": 4, "width": 4, "factor": 0.2,
    "output_size": 2, "initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5,
    "boundaries": [5], "values": [0.1, 0.01], "num_classes": 3, "target_class_ids": [0],
    "precision": 0.5, "recall": 0.5, "sensitivity": 0.5, "specificity": 0.5, "num_tokens": 4,
    "equation": "ab,bc->ac", "output_shape": 4, "head_dim": 2, "num_query_heads": 2,
    "num_key_value_heads": 1, "max_value": 2.0,
}  # fmt: skip
"""Something sensible for the arguments that components need."""
VARIANTS = (
    {"type": "digits"}, {"type": "digits", "flatten": True}, {"type": "moons", "samples": 40},
    {"type": "blobs", "samples": 60, "centers": 4, "columns": 3}, {"type": "majority", "bits": 3},
    {"type": "sine", "samples": 40}, {"type": "linear", "weights": [1.0, 2.0]},
    {"type": "threshold_sum", "samples": 40, "labels": [-1, 1]},
)  # fmt: skip


def bases():
    """The shipped configs and the networks of this package, as plain values.

    Tables are left out but for the one of numbers: how wide their rows are is told by the data;
    what extends another config is no other network.
    """
    texts = [file.read_text(encoding="utf-8") for file in sorted(CONFIGS.glob("*.yaml"))]
    found = [parse(text, "base", Problems()).plain() for text in texts]
    found = [base for base in found if "extends" not in base]
    found = [base for base in found if base["dataset"]["type"] != "table"]
    more = parse((HERE / "networks.yaml").read_text(encoding="utf-8"), "networks", Problems())
    for base in (*found, *more.plain()):
        for key in ("scale", "target_scale"):
            base["dataset"].pop(key, None)
        layers = base["model"]["layers"]
        layers[:] = [{"type": one} if isinstance(one, str) else one for one in layers]
        base.setdefault("training", {"epochs": 1})
        for key, value in (("loss", "mse"), ("optimizer", "sgd"), ("metrics", [])):
            base[key] = base.get(key) or value
        if "path" in base["dataset"]:
            base["dataset"]["path"] = str(CONFIGS / base["dataset"]["path"])
    return [*found, *more.plain()]


def mutated(draw):
    """A mutated config.

    Args:
        draw: A `random.Random`.

    Returns:
        The config, and what was done to it.
    """
    config = copy.deepcopy(draw.choice(BASES))
    done = []
    for _ in range(draw.choice((1, 1, 1, 2))):
        mutation = draw.choice(MUTATIONS)
        done.append(f"{mutation.__name__}: {mutation(draw, config)}")
    return config, done


def change_a_value(draw, config):
    """Another value for an argument that is given."""
    component = draw.choice(_components(config))
    keys = [key for key in component if key != "type"]
    if not keys:
        return add_an_argument(draw, config)
    key = draw.choice(keys)
    component[key] = _value(draw, component[key])
    return f"{component['type']}.{key} = {component[key]}"


def change_a_number(draw, config):
    """Another number for a number."""
    component = draw.choice(_components(config))
    keys = [key for key, value in component.items() if type(value) in (int, float)]
    if not keys:
        return change_a_value(draw, config)
    key = draw.choice(keys)
    component[key] = draw.choice(NUMBERS)
    return f"{component['type']}.{key} = {component[key]}"


def add_an_argument(draw, config):
    """An argument that the component has, with a value."""
    component = draw.choice(_components(config))
    word = _find(component["type"])
    names = [one.name for one in word.parameters if one.name not in ("name", "dtype")]
    if not names:
        return "nothing"
    key = draw.choice(names)
    component[key] = _fitting(draw, word, key)
    return f"{component['type']}.{key} = {component[key]}"


def move_an_argument(draw, config):
    """An argument of one component given to another."""
    one, other = draw.choice(_components(config)), draw.choice(_components(config))
    keys = [key for key in one if key != "type"]
    if not keys:
        return "nothing"
    key = draw.choice(keys)
    other[key] = copy.deepcopy(one[key])
    return f"{other['type']}.{key} = {other[key]}"


def drop_an_argument(draw, config):
    """One argument less."""
    component = draw.choice(_components(config))
    keys = [key for key in component if key != "type"]
    if not keys:
        return "nothing"
    key = draw.choice(keys)
    del component[key]
    return f"{component['type']} without {key}"


def rename_an_argument(draw, config):
    """A slip of the pen."""
    component = draw.choice(_components(config))
    keys = [key for key in component if key != "type"]
    if not keys:
        return "nothing"
    key = draw.choice(keys)
    new = draw.choice((key[:-1], f"{key}s", key.upper(), f"n_{key}"))
    component[new] = component.pop(key)
    return f"{component['type']}: {key} -> {new}"


def swap_layers(draw, config):
    """Two layers change places."""
    layers = config["model"]["layers"]
    one, other = draw.randrange(len(layers)), draw.randrange(len(layers))
    layers[one], layers[other] = layers[other], layers[one]
    return f"{one} and {other}"


def drop_a_layer(draw, config):
    """One layer less."""
    layers = config["model"]["layers"]
    if len(layers) == 1:
        return "nothing"
    return f"{layers.pop(draw.randrange(len(layers)))}"


def double_a_layer(draw, config):
    """One layer twice."""
    layers = config["model"]["layers"]
    at = draw.randrange(len(layers))
    twin = copy.deepcopy(layers[at])
    twin.pop("name", None)
    layers.insert(at, twin)
    return f"{at}"


def insert_a_layer(draw, config):
    """Any layer of Keras, with what it needs."""
    layers = config["model"]["layers"]
    new = _any("layers", draw)
    layers.insert(draw.randrange(len(layers)), new)
    return f"{new}"


def replace_a_layer(draw, config):
    """Any layer of Keras where another was, its name and inputs kept."""
    layers = config["model"]["layers"]
    at = draw.randrange(len(layers))
    kept = {key: layers[at][key] for key in ("name", "inputs") if key in layers[at]}
    layers[at] = _any("layers", draw) | kept
    return f"{at}: {layers[at]}"


def change_the_inputs(draw, config):
    """Another edge in the graph."""
    layers = config["model"]["layers"]
    names = ["input", "nowhere", *(layer["name"] for layer in layers if "name" in layer)]
    layer = draw.choice(layers)
    layer["inputs"] = [draw.choice(names) for _ in range(draw.choice((1, 1, 2, 2, 3)))]
    return f"{layer['type']}: {layer['inputs']}"


def change_the_loss(draw, config):
    """Any loss of Keras."""
    config["loss"] = _any("losses", draw)
    return f"{config['loss']}"


def change_the_optimizer(draw, config):
    """Any optimizer of Keras, with a number or any schedule."""
    config["optimizer"] = _any("optimizers", draw)
    if draw.random() < 0.5:
        config["optimizer"]["learning_rate"] = _any("schedules", draw)
    return f"{config['optimizer']}"


def change_a_metric(draw, config):
    """Any metric of Keras."""
    config["metrics"] = [_any("metrics", draw)]
    return f"{config['metrics']}"


def change_the_dataset(draw, config):
    """Other data."""
    config["dataset"] = dict(draw.choice(VARIANTS))
    return f"{config['dataset']}"


def _components(config):
    """Every layer, the loss, the optimizer and the metrics, as mappings."""
    for key in ("loss", "optimizer"):
        if isinstance(config[key], str):
            config[key] = {"type": config[key]}
    config["metrics"] = [
        {"type": one, "name": one} if isinstance(one, str) else one for one in config["metrics"]
    ]
    layers = config["model"]["layers"]
    return [*layers, *layers, config["loss"], config["optimizer"], *config["metrics"][:1]]


def _any(kind, draw):
    word = catalog.find(kind, draw.choice(catalog.words(kind)))
    component = {"type": word.name}
    for parameter in word.parameters:
        if parameter.required:
            component[parameter.name] = REQUIRED.get(parameter.name, 1)
    return component


def _find(name):
    kinds = ("layers", "losses", "optimizers", "metrics")
    return next(word for kind in kinds if (word := catalog.find(kind, name)))


def _fitting(draw, word, key):
    """A value of the kind that the argument takes, or any other."""
    kind = catalog.nested_kind(key)
    if kind and kind not in ("layers", "schedules") and draw.random() < 0.7:
        return draw.choice(catalog.words(kind))
    return _value(draw, word.parameter(key).default)


def _value(draw, old):
    """Another value, mostly of the same type."""
    if isinstance(old, bool) and draw.random() < 0.8:
        return not old
    if isinstance(old, str) and draw.random() < 0.8:
        return draw.choice(WORDS)
    if isinstance(old, int | float) and draw.random() < 0.8:
        return draw.choice(NUMBERS)
    pool = (*NUMBERS, *NUMBERS, *WORDS, *LISTS, *LISTS, *NESTED, None, True, False)
    return copy.deepcopy(draw.choice(pool))


MUTATIONS = (
    *(change_a_value, change_a_number, add_an_argument) * 3,
    move_an_argument, drop_an_argument, rename_an_argument, swap_layers, drop_a_layer,
    double_a_layer, insert_a_layer, replace_a_layer, change_the_inputs, change_the_inputs,
    change_the_loss, change_the_optimizer, change_a_metric, change_the_dataset,
)  # fmt: skip
BASES = bases()
