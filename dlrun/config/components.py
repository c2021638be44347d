"""One component of a config against the catalog: its word, its arguments, and what they nest."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from typing import Any, Final

from dlrun import catalog
from dlrun.absent import ABSENT
from dlrun.catalog import Parameter, Word, argument_types, snake_case
from dlrun.catalog.argument_types import Expected
from dlrun.config.nodes import ConfigNode, Node
from dlrun.config.schema import keys_beside
from dlrun.shapes.input_readers import LOOKUPS
from dlrun.wording import describe, listed, near_word

UNKNOWN: Final = "?"
"""Stands for a word that does not exist, so that the rest of the config can still be checked."""
# Arguments by which Keras lets a user say what dlrun knows from the dataset.
INPUT_SHAPE: Final = ("input_shape", "input_dim", "batch_shape", "batch_input_shape")
MANY: Final = 8  # arguments are not all listed by a message


def check_component(
    kind: str, config: ConfigNode, own: Collection[str] = (), *, may_lack: Collection[str] = ()
) -> dict[str, Any]:
    """Check a word, or a mapping with `type`, against the catalog.

    What it gives is for the section of the word: its `type`, canonical or UNKNOWN, its `arguments`,
    literal defaults filled in and wrong values left out, and those of the section's `own` keys that
    were written, which mean something else here and are checked elsewhere. What it `may_lack` is
    left out where it is not written.
    """
    word = _word(kind, config)
    if word is None:
        return {"type": UNKNOWN, **config.plain(own), "arguments": {}}
    takes = [parameter for parameter in word.parameters if parameter.name not in own]
    names = [*(parameter.name for parameter in takes), *own]
    for key in config.keys:
        if key != "type" and key not in names:
            _unknown_argument(word, key, names, config)
    arguments = {}
    for parameter in takes:
        if parameter.name in config.keys:
            arguments[parameter.name] = _argument(word, parameter, config.child(parameter.name))
        elif not parameter.required:
            arguments[parameter.name] = parameter.written_default
        elif parameter.name not in may_lack:
            _lacks(word, parameter, config)
    known = {name: value for name, value in arguments.items() if value is not ABSENT}
    return {"type": word.name, **config.plain(own), "arguments": known}


def _lacks(word: Word, parameter: Parameter, config: ConfigNode) -> None:
    wanted = argument_types.expected(parameter)
    fix = f"Add it: {wanted}." if wanted.types else "Add it."
    config.missing(parameter.name, f"{word.name} needs '{parameter.name}'.", fix)


def _word(kind: str, config: ConfigNode) -> Word | None:
    if not isinstance(config.value, str | dict):
        what = f"Expected {catalog.KINDS[kind].a_one}, got {describe(config.value)}."
        config.wrong(what, "Write a word, or a mapping with 'type'.")
        return None
    if isinstance(config.value, dict) and "type" not in config.keys:
        misspelt = next((key for key in config.keys if near_word(key, ["type"])), None)
        if misspelt:
            config.unknown(misspelt, f"Unknown key '{misspelt}'.", ["type"], "")
        config.missing("type", f"which {catalog.KINDS[kind].one} this is.", "Add 'type'.")
        return None
    written = config.child("type") if isinstance(config.value, dict) else config
    if not isinstance(written.value, str):
        what = f"Expected the name of {catalog.KINDS[kind].a_one}, got {describe(written.value)}."
        written.wrong(what)
        return None
    word = catalog.find(kind, written.value)
    if word is not None:
        return word
    reason = catalog.refusal(kind, written.value)
    if reason:
        written.wrong(f"'{written.value}' cannot be used: {reason}.")
    else:
        what = f"There is no {catalog.KINDS[kind].one} {describe(written.value)}."
        fix = catalog.suggest(kind, written.value) or f"'dlrun list {kind}' shows all of them."
        written.wrong(what, fix)
    return None


def _unknown_argument(word: Word, key: str, names: list[str], config: ConfigNode) -> None:
    what = f"{word.name} has no argument {describe(key)}."
    if word.kind == "layers" and key in INPUT_SHAPE:
        config.unknown(key, "The input shape comes from the dataset.", (), "Remove it.")
    elif len(names) > MANY:
        config.unknown(key, what, names, f"'dlrun list {word.kind} {word.name}' shows all of them.")
    else:
        fix = f"It takes {listed(names)}." if names else "It takes no arguments."
        config.unknown(key, what, names, fix)


def _argument(word: Word, parameter: Parameter, config: ConfigNode) -> Any:
    kind = word.nests(parameter.name)
    if kind is None:
        return _literal(config, argument_types.expected(parameter))
    if config.value is None and not parameter.required:
        return None
    if catalog.KINDS[kind].by_name or (kind == "layers" and isinstance(config.value, list)):
        return _several(kind, config)
    is_word = isinstance(config.value, str) and catalog.find(kind, config.value) is not None
    if parameter.name == "learning_rate" and not (is_word or isinstance(config.value, dict)):
        return _literal(config, Expected(frozenset({"float", "schedule"}), low=0))
    if kind == "activations":
        return _activation(config)
    checked = _nested(kind, config)
    written_as_word = isinstance(config.value, str) and kind not in ("layers", "schedules")
    return config.value if written_as_word else checked


def _nested(kind: str, config: ConfigNode) -> dict[str, Any]:
    """A component inside of another, as it stands in YAML."""
    checked = check_component(kind, config)
    if kind == "layers" and catalog.is_application(checked["type"]):
        what = f"{checked['type']} is a whole network, which no other layer can hold."
        config.wrong(what, "Let it stand by itself among the layers of the model.")
    return {"type": checked["type"], **checked["arguments"]}


def _several(kind: str, config: ConfigNode) -> Any:
    """Layers in a list, or what belongs to names, such as a kind of column to each column."""
    if isinstance(config.value, list) and not catalog.KINDS[kind].by_name:
        return [_nested(kind, item) for item in config.items()]
    one = catalog.KINDS[kind]
    if not isinstance(config.value, dict):
        fix = f"Write each with its name: {{NAME: {catalog.words(kind)[0]}}}."
        config.wrong(f"Expected {one.a_one} for each name, got {describe(config.value)}.", fix)
        return ABSENT
    return {name: _nested(kind, config.child(name)) for name in config.keys}


def _activation(config: ConfigNode) -> str:
    if len(config.keys) > 1:
        what = "An activation is a word without arguments."
        config.wrong(what, "Put a layer such as LeakyReLU after this one, with the arguments.")
        return UNKNOWN
    return str(check_component("activations", config)["type"])


def _literal(config: ConfigNode, wanted: Expected) -> Any:
    """The value of an argument; ABSENT, with a problem noted, where it cannot be that."""
    value = config.node.plain()
    complaint = argument_types.complaint(value, wanted)
    if complaint is not None:
        config.wrong(f"{complaint}, got {describe(value)}.", argument_types.repair(value, wanted))
        return ABSENT
    if type(value) is int and "schedule" in wanted.types:
        with suppress(OverflowError):  # Keras refuses the learning rate 1 and takes 1.0
            value = float(value)
    if "path" in wanted.types and isinstance(value, str):
        return absolute(value, config.node)
    if "path" in wanted.types and isinstance(value, list):
        return [absolute(one, config.node) if isinstance(one, str) else one for one in value]
    return value


def absolute(path: str, node: Node) -> Path:
    """A path as an absolute one: relative to the file that it stands in, in a flag to here."""
    folder = Path(node.place.source).parent if node.place.line else Path()
    return Path(folder, Path(path).expanduser()).absolute()


DATA: Final = "input"
"""The name of the data in `inputs`."""


def check_layers(config: ConfigNode) -> tuple[dict[str, Any], ...]:
    """Check a list of layers and fill in their names and inputs; for `LayerConfig`, one each."""
    if not isinstance(config.value, list) or not config.value:
        got = describe(config.value) if config.value != [] else "an empty list"
        config.wrong(f"Expected a list of layers, got {got}.", "Write one layer at least.")
        return ({"type": UNKNOWN, "name": UNKNOWN},)
    own, counts = keys_beside("layers"), [name for name in LOOKUPS.values() if name]
    layers = tuple(check_component("layers", one, own, may_lack=counts) for one in config.items())
    taken = {layer["name"] for layer in layers if isinstance(layer.get("name"), str)} | {DATA}
    above = DATA
    for layer, item in zip(layers, config.items(), strict=True):
        if layer.get("name") is None:
            layer["name"] = free_name(snake_case(layer["type"]) or UNKNOWN, taken)
            taken.add(layer["name"])
        given = _check_inputs(item.child("inputs")) if "inputs" in item.keys else None
        layer["inputs"] = given or (above,)  # of the first one: the data
        above = str(layer["name"])
        _check_weights(layer, item)
    for layer, item in zip(layers, config.items(), strict=True):
        word, read = catalog.find("layers", layer["type"]), layer["inputs"][0]
        is_column = read not in taken or read == layer["name"]  # a layer that is called like it
        count = word.parameter(LOOKUPS.get(word.name) or "") if word else None
        is_open = count is not None and count.required and count.name not in item.keys
        # Of a column, the data tell; whether `input` is one, `rules.layers` says.
        if word and count and is_open and not is_column and read != DATA:
            _lacks(word, count, item)
    return layers


IMAGENET: Final = "imagenet"
"""Stands for the weights that Keras itself fetches."""


def _check_weights(layer: dict[str, Any], item: ConfigNode) -> None:
    """A whole network begins with a file, or says that it does not; other layers with lists."""
    is_network, is_written = catalog.is_application(layer["type"]), "weights" in item.keys
    if is_network and not is_written:
        fix = f"Add 'weights: {IMAGENET}', 'weights: FILE', or 'weights: null' to draw them."
        item.missing("weights", f"with which weights {layer['type']} begins.", fix)
    given = layer.pop("weights") if is_written else None
    if not is_written:
        return
    child = item.child("weights")
    if is_network and isinstance(given, list):
        what = f"{layer['type']} is a whole network, whose weights are not written down."
        child.wrong(what, f"Write {IMAGENET}, a path, or null.")
    elif not is_network and isinstance(given, str) and layer["type"] != UNKNOWN:
        what = f"{layer['type']} takes its weights as lists of numbers, got {describe(given)}."
        fix = "Files are for whole networks (`dlrun list applications`); for other layers, "
        child.wrong(what, f"{fix}`dlrun train --from RUN` takes those of a run.")
    elif not is_network and given is not None and not isinstance(given, list):
        child.wrong(f"Expected a list, got {describe(given)}.")
    elif isinstance(given, str) and given != IMAGENET:
        layer["weights"] = absolute(given, child.node)
    else:
        layer["weights"] = given


def _check_inputs(config: ConfigNode) -> tuple[str, ...] | None:
    if config.value is None:
        return None
    if isinstance(config.value, str):
        return (config.value,)
    if not isinstance(config.value, list) or not config.value:
        got = describe(config.value) if config.value != [] else "an empty list"
        fix = f"Write a list such as [{DATA}]."
        config.wrong(f"Expected the names of layers, got {got}.", fix)
        return None
    for item in config.items():
        if not isinstance(item.value, str):
            item.wrong(f"Expected the name of a layer, got {describe(item.value)}.")
    return tuple(item.value for item in config.value if isinstance(item.value, str)) or None


def free_name(stem: str, taken: Collection[str]) -> str:
    """The first of `dense`, `dense_1`, `dense_2`, ... that is not taken, as Keras names layers."""
    names = chain([stem], (f"{stem}_{number}" for number in count(1)))
    return next(name for name in names if name not in taken)
