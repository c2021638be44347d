"""Shapes of recurrent layers and of the wrappers that go through a sequence."""

from typing import Final

from dlrun.shapes.layer import Layer, Output, Shape, Weight, known, output_of, shape_of, unknown

GATES: Final = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}


@shape_of("SimpleRNN", "GRU", "LSTM")
def recurrent(layer: Layer, shape: Shape) -> Output:
    """`(steps, features)` to `(units,)`, or to `(steps, units)` with `return_sequences`."""
    layer.expect_rank(shape, 2)
    if layer.flag("stateful"):
        what = f"A stateful {layer.type} needs batches of one size, which dlrun does not promise."
        layer.refuse(what, "Set 'stateful: false'.", "stateful")
    if layer.flag("return_state"):
        unknown()  # it has several outputs
    steps, features = shape
    units = layer.whole("units")
    width = units * GATES[layer.type]
    weights = [Weight("kernel", (features, width)), Weight("recurrent_kernel", (units, width))]
    if layer.flag("use_bias"):
        is_double = layer.type == "GRU" and layer.flag("reset_after")
        weights.append(Weight("bias", (2, width) if is_double else (width,)))
    output = (steps, units) if layer.flag("return_sequences") else (units,)
    return Output(output, tuple(weights))


@shape_of("Bidirectional")
def bidirectional(layer: Layer, shape: Shape) -> Output:
    """A recurrent layer forwards, and a copy of it backwards."""
    mode = layer.choice("merge_mode", "concat", "sum", "ave", "mul")
    inner = layer.inner("layer")
    has_copy = layer.value("backward_layer") is None
    if inner.type not in GATES or not has_copy or inner.flag("go_backwards"):
        unknown()
    layer.expect_rank(shape, 2)
    output, weights = recurrent(inner, shape)
    if mode == "concat":
        (width,) = known(output[-1:])
        output = (*output[:-1], 2 * width)
    return Output(output, _held(inner, weights) * 2)


@shape_of("TimeDistributed")
def time_distributed(layer: Layer, shape: Shape) -> Output:
    """The same layer at every step."""
    inner = layer.inner("layer")
    if len(shape) < len(("steps", "features")):
        layer.expect_rank(shape, 2)
    output, weights = output_of(inner, shape[1:])
    return Output((shape[0], *output), _held(inner, weights))


def _held(inner: Layer, weights: tuple[Weight, ...] | None) -> tuple[Weight, ...]:
    """Return the weights of a layer inside a wrapper, which may be frozen by itself."""
    if weights is None:
        unknown()
    if inner.arguments.get("trainable", True):
        return weights
    return tuple(weight._replace(trainable=False) for weight in weights)
