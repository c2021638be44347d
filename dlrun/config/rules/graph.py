"""Rules about the graph of layers: what each layer reads exists, stands above it, and is used."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from dlrun import catalog
from dlrun.config.components import DATA
from dlrun.config.schema import Experiment, LayerConfig
from dlrun.datasets.samples import find_sample
from dlrun.errors import Problem
from dlrun.shapes.layer import ONE_INPUT, SEVERAL_INPUTS
from dlrun.wording import AMONG_FEW, did_you_mean, listed, near_word

ATTENDING: Final = {"AdditiveAttention", "Attention", "GroupQueryAttention", "MultiHeadAttention"}
TARGET: Final = "it is the target"
EMPTY: Final[Mapping[str, str]] = MappingProxyType({})
PAIRING: Final = {"Dot", "Subtract"}
"""Merging layers that take exactly two."""
TAKE_STATES: Final = {
    "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "LSTM", "RNN", "SimpleRNN",
    "TimeDistributed",
}  # fmt: skip
PASS_ANYTHING: Final = {"ActivityRegularization", "Identity", "Masking"}
TAKE_ONE: Final = {*ONE_INPUT, "EinsumDense", "SpectralNormalization"} - TAKE_STATES - PASS_ANYTHING


def inputs_exist(experiment: Experiment) -> Iterator[Problem]:
    """Every name in `inputs` is that of a layer or of the data."""
    if has_columns(experiment):
        return  # Of a table, what the columns are called tells the file.
    names = dict.fromkeys([DATA, *(layer.name for layer in experiment.model.layers)])
    for path, _, layer, name in _inputs(experiment):
        if name not in names:
            others = [other for other in names if other != layer.name]
            fix = did_you_mean(name, others) or f"The names here: {listed(others)}."
            yield Problem(path, f"There is no layer '{name}'.", fix)


def columns_exist(experiment: Experiment) -> Iterator[Problem]:
    """Every name in `inputs` is that of a layer, of the data or of a column, where known."""
    dataset = experiment.dataset
    if has_columns(experiment):
        columns = find_sample(dataset.type, dataset.arguments).columns
        yield from () if columns is None else column_problems(experiment, columns)


def has_columns(experiment: Experiment) -> bool:
    """Whether the data are a table, or several arrays, parts of which layers may name."""
    dataset = experiment.dataset
    word = catalog.find("datasets", dataset.type)
    is_table = word is not None and word.parameter("features") is not None
    return is_table or find_sample(dataset.type, dataset.arguments).columns is not None


def column_problems(
    experiment: Experiment, columns: Collection[str], left_out: Mapping[str, str] = EMPTY
) -> Iterator[Problem]:
    """Hold the names of layers, and what layers read, against the columns of a table.

    `left_out` says why other columns are not among them, such as `kind: ignore`.
    """
    layers = {layer.name: None for layer in experiment.model.layers}
    for path, _, layer, name in _inputs(experiment):
        if name == DATA or name in layers or name in columns:
            continue
        if name in left_out:
            what = f"The column '{name}' is not given to the network ({left_out[name]})."
            fix = None if left_out[name] == TARGET else "Give it a kind in 'dataset.columns'."
            yield Problem(path, what, fix)
            continue
        others = [other for other in (DATA, *layers, *columns) if other != layer.name]
        near = did_you_mean(name, others, similarity=AMONG_FEW)
        fix = near or f"The names here: {listed(others)}."
        yield Problem(path, f"There is no layer and no column '{name}'.", fix)
    for index, name in enumerate(layers):
        if name in columns:
            what = f"The name '{name}' is that of a column, which 'inputs' could mean too."
            yield Problem(f"model.layers[{index}].name", what, "Choose another name.")


def inputs_stand_above(experiment: Experiment) -> Iterator[Problem]:
    """A layer reads only layers above it, so there is no circle."""
    layers = experiment.model.layers
    number = {layer.name: index for index, layer in reversed(list(enumerate(layers)))}
    for path, index, layer, name in _inputs(experiment):
        if number.get(name, -1) < index:
            continue
        circle = _way_back(layers, number, name, layer.name)
        what, fix = f"The layer '{name}' stands below this one.", "Move it up"
        if circle:
            shown = " -> ".join([*circle, circle[0]])
            what, fix = f"The layers read each other in a circle: {shown}.", "Cut it"
            if name == layer.name and has_columns(experiment):
                fix = "Cut it, or give the layer another name if a column is meant"
        yield Problem(path, what, f"{fix}: a layer reads only layers above it.")


def outputs_are_read(experiment: Experiment) -> Iterator[Problem]:
    """Every layer but the last one feeds another."""
    *others, last = experiment.model.layers
    read = {name for layer in experiment.model.layers for name in layer.inputs or ()}
    unknown = read - {DATA, *(layer.name for layer in experiment.model.layers)}
    for index, layer in enumerate(others):
        if layer.name not in read:
            what = f"No layer reads '{layer.name}', and the output is that of '{last.name}'."
            fix = "Name it in 'inputs' of a layer below, or remove it."
            if (near := near_word(layer.name, unknown)) is not None:
                fix = f"Did you mean it by '{near}' in 'inputs'? Else name it there, or remove it."
            yield Problem(f"model.layers[{index}]", what, fix)


def number_of_inputs_fits(experiment: Experiment) -> Iterator[Problem]:
    """Merging layers take several inputs, ordinary layers take one."""
    for index, layer in enumerate(experiment.model.layers):
        count = len(layer.inputs or ())
        path = f"model.layers[{index}].inputs"
        wanted = "exactly two" if layer.type in PAIRING else "two or more"
        too_many = layer.type in PAIRING and count != len("ab")
        if layer.type in SEVERAL_INPUTS and (count == 1 or too_many):
            what = f"{layer.type} takes {wanted} inputs, got {count}."
            yield Problem(path, what, "Name them, such as 'inputs: [a, b]'.")
        elif layer.type in ATTENDING and count not in (2, 3):
            what = f"{layer.type} takes two or three inputs (query, value, key), got {count}."
            yield Problem(path, what, "A layer attends to itself by 'inputs: [a, a]'.")
        elif count > 1 and layer.type in TAKE_ONE:
            what = f"{layer.type} takes one input, got {count}."
            yield Problem(path, what, "Put a layer such as Concatenate before it.")


def _inputs(experiment: Experiment) -> Iterator[tuple[str, int, LayerConfig, str]]:
    """Go through what layers read: its path, the layer by number and itself, and the name."""
    for index, layer in enumerate(experiment.model.layers):
        for position, name in enumerate(layer.inputs or ()):
            yield f"model.layers[{index}].inputs[{position}]", index, layer, name


def _way_back(
    layers: Sequence[LayerConfig], number: dict[str, int], start: str, goal: str
) -> list[str]:
    """Name the layers on the way from one through its inputs to another; none where none leads."""
    way = {start: [start]}
    for name in (queue := [start]):
        if name == goal:
            return way[name]
        for read in layers[number[name]].inputs or ():
            if read in number and read not in way:
                way[read] = [*way[name], read]
                queue.append(read)
    return []
