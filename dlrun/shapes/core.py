"""Shapes of the layers that multiply or look up: Dense and Embedding; and of those that do not."""

from typing import Final

from dlrun.shapes.layer import Layer, Output, Shape, Weight, shape_of

RANKS: Final = {"SpatialDropout1D": 2, "SpatialDropout2D": 3, "SpatialDropout3D": 4}
"""How many axes a sample must have for the layers that change no shape but are particular."""


@shape_of("Activation", "ActivityRegularization", "AlphaDropout", "Dropout", "ELU",
          "GaussianDropout", "GaussianNoise", "Identity", "LeakyReLU", "Masking", "ReLU",
          "Rescaling", "Softmax", *RANKS)  # fmt: skip
def unchanged(layer: Layer, shape: Shape) -> Output:
    """A layer without weights whose output is as large as its input."""
    if layer.type in RANKS:
        layer.expect_rank(shape, RANKS[layer.type])
    if layer.type == "Softmax":
        layer.axes(shape)
    return Output(shape)


@shape_of("Dense")
def dense(layer: Layer, shape: Shape) -> Output:
    """`(..., features)` to `(..., units)`."""
    if not shape:
        layer.expect_rank(shape, 1)
    units = layer.whole("units")
    return Output((*shape[:-1], units), (Weight("kernel", (shape[-1], units)), *bias(layer, units)))


@shape_of("Embedding")
def embedding(layer: Layer, shape: Shape) -> Output:
    """`(...)` to `(..., output_dim)`."""
    output_dim = layer.whole("output_dim")
    # Where a column is looked up, its number of classes may be left to the data.
    is_open = layer.arguments.get("input_dim") is None
    table = (None if is_open else layer.whole("input_dim"), output_dim)
    return Output((*shape, output_dim), (Weight("embeddings", table),))


@shape_of("PReLU")
def prelu(layer: Layer, shape: Shape) -> Output:
    """A slope for every entry of a sample, or one for all along the shared axes."""
    is_shared = layer.value("shared_axes") is not None
    shared = layer.axes(shape, "shared_axes") if is_shared else ()
    slopes = tuple(1 if axis in shared else size for axis, size in enumerate(shape))
    return Output(shape, (Weight("alpha", slopes),))


def bias(layer: Layer, *shape: int) -> tuple[Weight, ...]:
    """Return the bias of a layer, if it has one."""
    return (Weight("bias", shape),) if layer.flag("use_bias") else ()
