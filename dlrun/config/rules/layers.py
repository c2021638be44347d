"""Rules about one layer: its name, and arguments that depend on each other or on its rank."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from dlrun.catalog import argument_types, find, nested_kind
from dlrun.config.components import DATA, UNKNOWN
from dlrun.config.rules.graph import has_columns
from dlrun.config.schema import Experiment, LayerConfig
from dlrun.datasets.samples import find_sample
from dlrun.errors import Problem
from dlrun.shapes.images import AUGMENTING, RESIZING
from dlrun.shapes.input_readers import LOOKUPS, names_of_columns
from dlrun.wording import listed

# What TensorFlow takes for the name of a scope.
USABLE: Final = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.-]*")
RANKED: Final = re.compile(r"(?:.*Conv|.*Pooling|UpSampling|ConvLSTM)(\d)D(?:Transpose)?")
PER_DIMENSION: Final = ("kernel_size", "strides", "pool_size", "dilation_rate", "size")
MARGIN: Final = re.compile(r"(Cropping|ZeroPadding)(\d)D")
MARGINS: Final = {"Cropping": "cropping", "ZeroPadding": "padding"}
OF_MATRICES: Final = ("Identity", "Orthogonal", "OrthogonalRegularizer")
OF_TWO_AXES: Final = ("Identity", "OrthogonalRegularizer")
WINDOW: Final = re.compile(r"Conv\w*\dD")
VECTORS: Final = ("alpha_", "beta_", "bias_", "gamma_", "moving_")
KEEP_PIXELS: Final = (
    *AUGMENTING, *RESIZING, "Concatenate", "Dropout", "Flatten", "Identity", "Reshape",
    "UpSampling2D",
)  # fmt: skip
"""Layers that leave pixels in their range."""
CELLS: Final = ("GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells")
NEEDS_STATISTICS: Final = {
    "Normalization": ("mean", "Give mean and variance, or use 'dataset.scale: standard'."),
    "Discretization": ("bin_boundaries", "List the boundaries."),
    "IntegerLookup": ("vocabulary", "List the numbers that it knows."),
    "CategoryEncoding": ("num_tokens", "Write how many categories there are."),
}
RECURRENT: Final = ("GRU", "LSTM", "RNN", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
HELD: Final = {"Bidirectional": ("layer", RECURRENT), "RNN": ("cell", CELLS)}


def layer_names_differ(experiment: Experiment) -> Iterator[Problem]:
    """Two layers of one name could not be told apart in `inputs` and in files."""
    return _repeated([layer.name for layer in experiment.model.layers], "model.layers")


def pixels_are_in_their_range(experiment: Experiment) -> Iterator[Problem]:
    """Layers that change images ask for the range of pixels, and Keras takes 0 to 255 for granted.

    Of pixels from 0 to 1 they would make black or white.
    """
    dataset = experiment.dataset
    sample = find_sample(dataset.type, dataset.arguments)
    if not sample.named and (dataset.scale != "none" or not sample.fractions):
        return
    pixels = {DATA, *sample.named}
    for index, layer in enumerate(experiment.model.layers):
        if not pixels.issuperset(layer.inputs or ()):
            continue
        if layer.type in KEEP_PIXELS:
            pixels.add(layer.name or "")
        given = layer.arguments.get("value_range")
        if given is not None and [*given] != [0, 1]:
            what = f"{layer.type} is told of pixels from {given[0]} to {given[1]}; "
            what += f"those of '{dataset.type}' are from 0 to 1."
            yield Problem(f"model.layers[{index}].value_range", what, "Set 'value_range: [0, 1]'.")


def metric_names_differ(experiment: Experiment) -> Iterator[Problem]:
    """Two metrics of one name would share one column of the history."""
    names = [str(metric.arguments.get("name", metric)) for metric in experiment.metrics]
    yield from _repeated(names, "metrics")
    for index, name in enumerate(names):
        what = "The name 'loss' is that of the loss."
        if name.startswith("val_"):
            what = f"The name '{name}' is what the validation rows' {name[4:]!r} is called."
        if name == "loss" or name.startswith("val_"):
            yield Problem(f"metrics[{index}].name", what, "Give the metric another name.")


def layer_names_are_usable(experiment: Experiment) -> Iterator[Problem]:
    """A name is not empty, is not that of the data, and holds no slash, which Keras refuses."""
    for index, layer in enumerate(experiment.model.layers):
        path = f"model.layers[{index}].name"
        if layer.name == DATA:
            yield Problem(path, f"The name '{DATA}' is that of the data.", "Choose another name.")
        elif not layer.name:
            yield Problem(path, "The name is empty.", "Leave it out, or write one.")
        elif "/" in layer.name:
            what = f"The name '{layer.name}' holds a slash, which Keras does not allow."
            yield Problem(path, what, f"Write '{layer.name.replace('/', '_')}'.")
        elif layer.type != UNKNOWN and not USABLE.fullmatch(layer.name):
            what = f"The name '{layer.name}' holds what TensorFlow does not allow."
            yield Problem(path, what, "Use the letters a to z, digits and . _ - only.")


def _repeated(names: Sequence[str], path: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if first.setdefault(name, index) != index:
            what = f"The name '{name}' is taken by {path}[{first[name]}]."
            yield Problem(f"{path}[{index}].name", what, "Choose another name.")


def one_number_per_dimension(experiment: Experiment) -> Iterator[Problem]:
    """A window over images is given by one number or by two, never by three."""
    for index, layer in enumerate(experiment.model.layers):
        if ranked := RANKED.fullmatch(layer.type):
            for name in PER_DIMENSION:
                yield from _wrong_length(layer, f"model.layers[{index}].{name}", int(ranked[1]))


def one_margin_per_side(experiment: Experiment) -> Iterator[Problem]:
    """What is cut off or padded is one number, one for each axis, or two for each."""
    for index, layer in enumerate(experiment.model.layers):
        if margin := MARGIN.fullmatch(layer.type):
            path = f"model.layers[{index}].{MARGINS[margin[1]]}"
            yield from _wrong_length(layer, path, max(2, int(margin[2])))


def _wrong_length(layer: LayerConfig, path: str, length: int) -> Iterator[Problem]:
    given = layer.arguments.get(path.rpartition(".")[2])
    if isinstance(given, list) and len(given) != length:
        what = f"Expected a list of {length} for {layer.type}, got {len(given)}."
        yield Problem(path, what, "Or write one number.")


def matrices_are_matrices(experiment: Experiment) -> Iterator[Problem]:
    """What speaks of the rows of a matrix cannot be said of a bias or of another vector."""
    for index, layer in enumerate(experiment.model.layers):
        for name, given in layer.arguments.items():
            if given is None or not name.startswith((*VECTORS, "kernel_")):
                continue
            kind = nested_kind(name)
            word = given.get("type") if isinstance(given, dict) else given
            known = find(kind, word) if kind and isinstance(word, str) else None
            if known is None:
                continue
            is_vector = known.name in OF_MATRICES and name.startswith(VECTORS)
            is_window = known.name in OF_TWO_AXES and WINDOW.search(layer.type)
            if is_vector or (is_window and name.startswith("kernel_")):
                what = f"{known.name} is for matrices, and the {name.partition('_')[0]} is none."
                yield Problem(f"model.layers[{index}].{name}", what, "Choose another.")


def some_of_the_rows_stay(experiment: Experiment) -> Iterator[Problem]:
    """AlphaDropout divides by what it keeps."""
    for index, layer in enumerate(experiment.model.layers):
        if layer.type in ("AlphaDropout", "GaussianDropout") and layer.arguments.get("rate") == 1:
            what = f"{layer.type} divides by the share that it keeps, which is 0."
            yield Problem(f"model.layers[{index}].rate", what, "Choose a rate below 1.")


def strides_or_dilation(experiment: Experiment) -> Iterator[Problem]:
    """Keras refuses a convolution that both strides and dilates."""
    for index, layer in enumerate(experiment.model.layers):
        given = [_largest(layer.arguments.get(name)) for name in ("strides", "dilation_rate")]
        if layer.type.startswith(("Conv", "DepthwiseConv", "SeparableConv")) and min(given) > 1:
            what = f"{layer.type} cannot have both strides and a dilation rate above 1."
            yield Problem(f"model.layers[{index}].dilation_rate", what, "Remove one of them.")


def statistics_are_given(experiment: Experiment) -> Iterator[Problem]:
    """A layer that would have to look at the data first, as by `adapt`, would do nothing."""
    columns = names_of_columns(experiment.model.mappings)
    for index, layer in enumerate(experiment.model.layers):
        needed = NEEDS_STATISTICS.get(layer.type)
        if LOOKUPS.get(layer.type) and (layer.inputs or ("",))[0] in columns:
            continue  # A column tells how many classes it has.
        if needed is not None and layer.arguments.get(needed[0]) is None:
            what = f"{layer.type} has not seen the data, so it needs {needed[0]}."
            yield Problem(f"model.layers[{index}]", what, needed[1])


def counts_of_ids_are_told(experiment: Experiment) -> Iterator[Problem]:
    """A layer that looks ids up knows how many there are: of columns and texts, the data say it."""
    dataset = experiment.dataset
    if has_columns(experiment) or find_sample(dataset.type, dataset.arguments).format == "texts":
        return
    for index, layer in enumerate(experiment.model.layers):
        word = find("layers", layer.type)
        count = word.parameter(LOOKUPS.get(layer.type) or "") if word else None
        is_open = count is not None and count.required and count.name not in layer.arguments
        if count and is_open and (layer.inputs or ("",))[0] == DATA:
            path = f"model.layers[{index}].{count.name}"
            what = f"Missing: {layer.type} needs '{count.name}'."
            yield Problem(path, what, f"Add it: {argument_types.expected(count)}.")


def cells_are_inside_rnn(experiment: Experiment) -> Iterator[Problem]:
    """A cell handles one step of a sequence; it needs a layer that goes through the steps."""
    for index, layer in enumerate(experiment.model.layers):
        if layer.type in CELLS:
            what = f"{layer.type} is one step of a recurrent layer, not a layer by itself."
            is_one = layer.type.endswith("Cell")
            whole = f", or use {layer.type.removesuffix('Cell')}" if is_one else ""
            fix = f"Write {{type: RNN, cell: {{type: {layer.type}, ...}}}}{whole}."
            yield Problem(f"model.layers[{index}].type", what, fix)


def wrappers_hold_what_they_can_use(experiment: Experiment) -> Iterator[Problem]:
    """Bidirectional goes through a sequence both ways; RNN goes through it with a cell."""
    for index, layer in enumerate(experiment.model.layers):
        argument, fitting = HELD.get(layer.type, ("", ()))
        given = layer.arguments.get(argument)
        for inner in given if isinstance(given, list) else [given]:
            word = inner.get("type") if isinstance(inner, dict) else None
            if word not in (None, UNKNOWN, *fitting):
                what = f"{layer.type} cannot hold {word}."
                path = f"model.layers[{index}].{argument}"
                yield Problem(path, what, f"It takes {listed(fitting)}.")


def _largest(value: Any) -> int:
    numbers = value if isinstance(value, list) else [value]
    return max((number for number in numbers if isinstance(number, int)), default=1)
