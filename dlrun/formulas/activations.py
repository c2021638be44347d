"""The activations of Keras by name: what each one is, as text and in NumPy."""

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from dlrun.formulas.tape import Traced, erf, value_of
from dlrun.formulas.working import refuse
from dlrun.shapes.layer import Layer

SELU_ALPHA: Final = 1.6732632423543772
SELU_SCALE: Final = 1.0507009873554805
"""Klambauer et al., 2017: with these, mean 0 and variance 1 stay what they are."""


class Activation(NamedTuple):
    """One activation."""

    text: str  # its formula in `z`; empty where its name says it
    compute: Callable[[Any], Any]  # from an array to one of the same shape; `glu` halves it


def find_activation(layer: Layer, argument: str = "activation") -> tuple[str, Activation]:
    """Find the activation that an argument of a layer names: the name and what it computes."""
    word = layer.value(argument)
    name = "linear" if word is None else ALIASES.get(str(word), str(word))
    if name not in ACTIVATIONS:
        refuse(layer, f"{argument}: {word}")
    return name, ACTIVATIONS[name]


def activate(layer: Layer, z: Any) -> tuple[Any, tuple[str, ...]]:
    """Apply a layer's activation to pre-activations, and write it: `y = relu(z) = max(z, 0)`."""
    name, (text, compute) = find_activation(layer)
    line = f"y = {name}(z)" + (f" = {text}" if text else "")
    with np.errstate(over="ignore"):
        return compute(z), ("y = z" if name == "linear" else line,)


def sigmoid(z: Any) -> Any:
    """`1 / (1 + exp(-z))`, written so that no power overflows."""
    return 0.5 * (1 + np.tanh(0.5 * z))


def softplus(z: Any) -> Any:
    """`log(1 + exp(z))`, written so that no power overflows."""
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.absolute(z)))


def softmax(z: Any, axis: Any = -1) -> Any:
    """Powers of e, divided by their sum along one axis or several."""
    # Minus the largest, so that no power overflows; their ratios stay.
    powers = np.exp(z - np.max(value_of(z), axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


def elu(z: Any, alpha: float = 1.0) -> Any:
    """`z` above zero, `alpha (exp(z) - 1)` below."""
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0.0)))


def relu(z: Any, negative_slope: float = 0.0, top: float | None = None, low: float = 0.0) -> Any:
    """`z` from a threshold up, a slope below it, and no more than a maximum."""
    above = z if top is None else np.minimum(z, top)
    return np.where(z >= low, above, negative_slope * (z - low))


def _log_softmax(z: Any) -> Any:
    shifted = z - np.max(value_of(z), axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def _sparsemax(z: Any) -> Any:
    """Keep what lies above the threshold of Keras, along the last axis.

    Keras 3.15 sums the running sums over the entries that count, where Martins and Astudillo
    (2016) take the last one; so its shares need not add up to 1. A run is explained as it is.
    """
    numbers = value_of(z)
    order = np.argsort(-numbers, axis=-1)
    ordered = np.take_along_axis(numbers, order, -1)
    positions = np.arange(1, numbers.shape[-1] + 1)
    is_in = ordered - (np.cumsum(ordered, axis=-1) - 1) / positions > 0
    count = is_in.sum(axis=-1, keepdims=True)
    times = np.maximum(count - np.argsort(order, axis=-1), 0)
    threshold = (np.sum(z * times, axis=-1, keepdims=True) - 1) / count
    return np.maximum(z - threshold, 0.0)


def _gelu(z: Any) -> Any:
    part = erf(z / math.sqrt(2))
    return 0.5 * z * (1 + (part if isinstance(part, Traced) else np.asarray(part, np.float64)))


def _glu(z: Any) -> Any:
    half = z.shape[-1] // 2
    return z[..., :half] * sigmoid(z[..., half:])


def _hard_sigmoid(z: Any) -> Any:
    return np.minimum(np.maximum(z + 3.0, 0.0), 6.0) / 6.0


ACTIVATIONS: Final[dict[str, Activation]] = {
    "linear": Activation("z", lambda z: z),
    "relu": Activation("max(z, 0)", lambda z: np.maximum(z, 0.0)),
    "relu6": Activation("min(max(z, 0), 6)", lambda z: np.minimum(np.maximum(z, 0.0), 6.0)),
    "leaky_relu": Activation("z if z > 0 else 0.2 z", lambda z: relu(z, 0.2)),
    "sigmoid": Activation("1 / (1 + exp(-z))", sigmoid),
    "tanh": Activation("", np.tanh),
    "softmax": Activation("exp(z) / Σ exp(z)", softmax),
    "log_softmax": Activation("z - log Σ exp(z)", _log_softmax),
    "sparsemax": Activation("max(z - τ, 0), with the threshold τ of Keras", _sparsemax),
    "log_sigmoid": Activation("-log(1 + exp(-z))", lambda z: -softplus(-z)),
    "hard_sigmoid": Activation("min(max(z + 3, 0), 6) / 6", _hard_sigmoid),
    "sparse_sigmoid": Activation(
        "min(max((z + 1) / 2, 0), 1)",
        lambda z: np.minimum(np.maximum(0.5 * (z + 1), 0.0), 1.0),
    ),
    "elu": Activation("z if z > 0 else exp(z) - 1", elu),
    "celu": Activation("z if z > 0 else exp(z) - 1", elu),
    "selu": Activation(
        f"{SELU_SCALE:.4f} · (z if z > 0 else {SELU_ALPHA:.4f} (exp(z) - 1))",
        lambda z: SELU_SCALE * elu(z, SELU_ALPHA),
    ),
    "exponential": Activation("exp(z)", np.exp),
    "softplus": Activation("log(1 + exp(z))", softplus),
    "softsign": Activation("z / (1 + |z|)", lambda z: z / (1 + np.absolute(z))),
    "sparse_plus": Activation(
        "0 if z <= -1 else ((z + 1) / 2)² if z < 1 else z",
        lambda z: np.where(z <= -1, 0.0, np.where(z < 1, 0.25 * np.square(z + 1), z)),
    ),
    "squareplus": Activation(
        "(z + sqrt(z² + 4)) / 2", lambda z: (z + np.sqrt(np.square(z) + 4)) / 2
    ),
    "silu": Activation("z / (1 + exp(-z))", lambda z: z * sigmoid(z)),
    "hard_silu": Activation(
        "z · min(max(z + 3, 0), 6) / 6", lambda z: z * _hard_sigmoid(z)
    ),
    "gelu": Activation("z · (1 + erf(z / sqrt(2))) / 2", _gelu),
    "mish": Activation("z · tanh(log(1 + exp(z)))", lambda z: z * np.tanh(softplus(z))),
    "glu": Activation("a · sigmoid(b), with a and b the halves of z", _glu),
    "hard_tanh": Activation(
        "min(max(z, -1), 1)", lambda z: np.minimum(np.maximum(z, -1.0), 1.0)
    ),
    "tanh_shrink": Activation("z - tanh(z)", lambda z: z - np.tanh(z)),
    "hard_shrink": Activation(
        "z if |z| > 0.5 else 0", lambda z: np.where(np.absolute(z) > 0.5, z, 0.0)  # noqa: PLR2004
    ),
    "soft_shrink": Activation(
        "z ∓ 0.5 if |z| > 0.5 else 0",
        lambda z: np.maximum(z - 0.5, 0.0) + np.minimum(z + 0.5, 0.0),
    ),
}  # fmt: skip
"""By the name that Keras gives them."""

ALIASES: Final = {"swish": "silu", "hard_swish": "hard_silu"}
