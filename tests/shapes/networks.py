"""Random networks: mappings of layers as a config has them, most of them fit, some do not."""

from __future__ import annotations

from hypothesis import strategies as st

from dlrun.absent import ABSENT
from dlrun.catalog import find
from dlrun.shapes import walk

small = st.integers(1, 4)
flags = st.booleans()
axes = st.sampled_from([-1, -1, -1, 1, 2, -2])
formats = st.sampled_from([None, None, None, "channels_first"])
paddings = st.sampled_from(["valid", "same"])


def complete(type, name="", inputs=("input",), *, trainable=True, **arguments):  # noqa: A002
    """A layer as a config has it, literal defaults filled in."""
    defaults = {
        parameter.name: listed(parameter.default)
        for parameter in find("layers", type).parameters
        if not parameter.required and parameter.default is not ABSENT
    }
    own = {"type": type, "name": name, "inputs": list(inputs), "weights": None}
    return defaults | own | {"trainable": trainable} | arguments


def listed(value):
    """Lists for tuples, as YAML has it."""
    return [listed(item) for item in value] if isinstance(value, tuple) else value


def window(rank, sizes=small):
    """One number, or one for each axis."""
    return sizes | st.lists(sizes, min_size=rank, max_size=rank)


def margins(rank):
    """One number, one for each axis, or two for each."""
    pair = st.lists(st.integers(0, 2), min_size=2, max_size=2)
    if rank == 1:
        return st.integers(0, 2) | pair
    return st.integers(0, 2) | st.lists(st.integers(0, 2) | pair, min_size=rank, max_size=rank)


def convolutions(rank):
    """The arguments of convolutions over some axes."""
    own = {"kernel_size": window(rank), "use_bias": flags, "padding": paddings,
           "data_format": formats}  # fmt: skip
    strides = {"strides": window(rank, st.integers(1, 3)), "dilation_rate": st.just(1)}
    gaps = {"strides": st.just(1), "dilation_rate": window(rank, st.integers(1, 3))}
    several = {"filters": small, "groups": st.sampled_from([1, 1, 1, 2, 3])}
    depth = {"depth_multiplier": small}
    more = st.none() | window(rank, st.integers(0, 2))
    for moves in (strides, gaps):
        yield f"Conv{rank}D", own | moves | several
        yield f"Conv{rank}DTranspose", own | moves | {"filters": small, "output_padding": more}
        if rank < 3:
            yield f"SeparableConv{rank}D", own | moves | depth | {"filters": small}
            yield f"DepthwiseConv{rank}D", own | moves | depth


def over_axes(rank):
    """The layers that need a given number of axes, with strategies for their arguments."""
    yield from convolutions(rank)
    pool = {"pool_size": window(rank), "strides": st.none() | window(rank), "padding": paddings}
    for kind in ("Max", "Average"):
        yield f"{kind}Pooling{rank}D", pool | {"data_format": formats}
        yield f"Global{kind}Pooling{rank}D", {"keepdims": flags, "data_format": formats}
    first = {"data_format": formats}
    yield f"SpatialDropout{rank}D", {"rate": st.just(0.1)}
    yield f"ZeroPadding{rank}D", {"padding": margins(rank)} | first
    yield f"Cropping{rank}D", {"cropping": margins(rank)} | (first if rank > 1 else {})
    size = small if rank == 1 else window(rank)
    yield f"UpSampling{rank}D", {"size": size} | (first if rank > 1 else {})


def recurrent():
    """The layers that go through a sequence."""
    own = {"units": small, "use_bias": flags, "return_sequences": flags, "trainable": flags}
    yield "SimpleRNN", own
    yield "LSTM", own
    yield "GRU", own | {"reset_after": flags}


def nested(kinds):
    """A layer inside a wrapper."""
    return st.one_of(
        [
            st.fixed_dictionaries(arguments).map(lambda drawn, word=word: {"type": word, **drawn})
            for word, arguments in kinds
        ]
    )


ANY_RANK = [
    ("Dense", {"units": small, "use_bias": flags}),
    ("Flatten", {}),
    ("Dropout", {"rate": st.just(0.2)}),
    ("GaussianNoise", {"stddev": st.just(0.1)}),
    ("GaussianDropout", {"rate": st.just(0.1)}),
    ("AlphaDropout", {"rate": st.just(0.1)}),
    ("ActivityRegularization", {}),
    ("BatchNormalization", {"axis": axes, "center": flags, "scale": flags, "renorm": flags}),
    ("LayerNormalization", {"axis": axes, "center": flags, "scale": flags}),
    ("LayerNormalization", {"axis": st.lists(axes, min_size=1, max_size=2, unique=True)}),
    ("GroupNormalization", {"groups": st.sampled_from([-1, 1, 2, 3]), "axis": axes}),
    ("RMSNormalization", {"axis": axes}),
    ("UnitNormalization", {"axis": axes}),
    ("Embedding", {"input_dim": small, "output_dim": small}),
    ("Activation", {"activation": st.just("relu")}),
    ("ReLU", {}),
    ("LeakyReLU", {}),
    ("ELU", {}),
    ("Softmax", {}),
    ("PReLU", {"shared_axes": st.none() | st.lists(st.integers(1, 3), max_size=2, unique=True)}),
    ("Rescaling", {"scale": st.just(2.0)}),
    ("Masking", {}),
    ("Identity", {}),
    ("Reshape", {"target_shape": st.lists(st.sampled_from([-1, 1, 2, 3, 4]), max_size=4)}),
    ("Permute", {"dims": st.permutations([1, 2])}),
]
"""Layers that take a sample with any number of axes."""
HELD = nested([entry for entry in ANY_RANK if entry[0] not in ("Masking", "Permute", "Softmax")])
BY_RANK = {
    1: [("RepeatVector", {"n": small})],
    2: [
        *over_axes(1),
        *recurrent(),
        ("Bidirectional", {
            "layer": nested(recurrent()),
            "merge_mode": st.sampled_from(["concat", "sum", "ave", "mul"]),
        }),
        ("Permute", {"dims": st.permutations([1, 2])}),
        ("TimeDistributed", {"layer": HELD}),
    ],
    3: [
        *over_axes(2),
        ("Permute", {"dims": st.permutations([1, 2, 3])}),
        ("TimeDistributed", {"layer": HELD | nested(recurrent())}),
    ],
    4: [*over_axes(3)],
}  # fmt: skip
EVERY = ANY_RANK + [entry for entries in BY_RANK.values() for entry in entries]
MERGING = [
    *((word, {}) for word in ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")),
    ("Concatenate", {"axis": st.sampled_from([-1, -1, 1, 2])}),
    ("Dot", {"axes": st.sampled_from([1, 2, -1, [1, 1], [1, 2], [2, 1]])}),
]
WORDS = {word for word, _ in EVERY + MERGING}
"""Every word of which there are networks."""


@st.composite
def networks(draw, most_layers=6):
    """A sample's shape and the layers, at most one of which cannot take its input."""
    sample = tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=4)))
    layers, shapes = [], {"input": sample}
    for number in range(draw(st.integers(1, most_layers))):
        above = f"layer{number - 1}" if number else "input"
        merges = draw(st.integers(0, 5)) == 0
        inputs = [above, draw(st.sampled_from(sorted(shapes)))] if merges else [above]
        rank = len(shapes[above])
        fits = draw(st.integers(0, 7)) > 0
        known = ANY_RANK + BY_RANK.get(rank, []) * 2 if fits else EVERY
        word, arguments = draw(st.sampled_from(MERGING if merges else known))
        drawn = draw(st.fixed_dictionaries(arguments))
        if "layer" in drawn:
            drawn["layer"] = complete(name=None, **drawn["layer"])
            for key in ("inputs", "weights"):
                drawn["layer"].pop(key)
        name = f"layer{number}"
        trainable = drawn.pop("trainable", True)
        layers.append(complete(word, name, inputs, trainable=trainable, **drawn))
        shapes[name] = walk(layers, sample)[-1].shape
        if shapes[name] is None:
            break
    return sample, layers
