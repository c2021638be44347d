"""Formulas of the layers that go through a sequence."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from dlrun.formulas.activations import find_activation
from dlrun.formulas.working import Weights, Working, formula_of, refuse
from dlrun.shapes.layer import Layer

Cell = Callable[[Layer, Weights, Any, tuple[Any, ...]], dict[str, Any]]
"""One step: from `x`, `(features,)`, and the state, to what it computes, by symbol."""

GATE: Final = "recurrent_activation"
RECURRENT_LINES: Final = {
    "SimpleRNN": ("h[t] = {f}(x[t] · kernel + h[t-1] · recurrent_kernel{b})",),
    "LSTM": (
        "z[t] = x[t] · kernel + h[t-1] · recurrent_kernel{b}, in four parts for i, f, g, o",
        "i = {r}(z_i)   f = {r}(z_f)   g = {f}(z_g)   o = {r}(z_o)",
        "c[t] = f · c[t-1] + i · g",
        "h[t] = o · {f}(c[t])",
    ),
    "GRU": (
        "kernel and recurrent_kernel in three parts, for u, r and g",
        "u = {r}(x[t] · kernel_u + h[t-1] · recurrent_kernel_u{b})",
        "r = {r}(x[t] · kernel_r + h[t-1] · recurrent_kernel_r{b})",
        "g = {f}(x[t] · kernel_g{first} + {reset})",
        "h[t] = u · h[t-1] + (1 - u) · g",
    ),
}
MERGES: Final[dict[str, tuple[str, Callable[[Any, Any], Any]]]] = {
    "concat": (
        "forward and backward, one behind the other",
        lambda ahead, back: np.concatenate([ahead, back], -1),
    ),
    "sum": ("forward + backward", lambda ahead, back: ahead + back),
    "ave": ("(forward + backward) / 2", lambda ahead, back: (ahead + back) / 2),
    "mul": ("forward · backward", lambda ahead, back: ahead * back),
}


@formula_of("SimpleRNN", "LSTM", "GRU")
def recurrent(layer: Layer, weights: Weights, x: Any) -> Working:
    """`(steps, features)` to `(units,)`, or to `(steps, units)` with `return_sequences`."""
    if layer.flag("return_state") or layer.flag("stateful"):
        refuse(layer, "return_state or stateful")
    units = len(weights["recurrent_kernel"])  # (units, gates * units)
    state: tuple[Any, ...] = (np.zeros(units), np.zeros(units))  # h and c, before the first step
    order = range(x.shape[0])
    taken: list[dict[str, Any]] = []
    for step in reversed(order) if layer.flag("go_backwards") else order:
        taken.append(CELLS[layer.type](layer, weights, x[step], state))
        state = (taken[-1]["h"], taken[-1].get("c"))
    between = {symbol: np.stack([one[symbol] for one in taken]) for symbol in taken[0]}
    y = between["h"] if layer.flag("return_sequences") else taken[-1]["h"]
    return Working(y, _lines(layer, weights), between)


@formula_of("Bidirectional")
def bidirectional(layer: Layer, weights: Weights, x: Any) -> Working:
    """A recurrent layer forwards, and a copy of it backwards (Schuster and Paliwal, 1997)."""
    inner = layer.inner("layer")
    if inner.type not in CELLS or layer.value("backward_layer") is not None:
        refuse(layer, f"layer: {inner.type}, or a backward_layer of its own")
    backward = replace(inner, arguments={**inner.arguments, "go_backwards": True})
    one = recurrent(inner, _of(weights, "forward"), x)
    other = recurrent(backward, _of(weights, "backward"), x)
    every = inner.flag("return_sequences")
    back = other.output[::-1] if every else other.output  # in the order of the steps again
    words, join = MERGES[layer.choice("merge_mode", *MERGES)]
    between = {f"forward {symbol}": value for symbol, value in one.between.items()}
    between |= {f"backward {symbol}": value for symbol, value in other.between.items()}
    lines = (
        *one.formula[:-1],
        "forward from the first row of x to the last, backward from the last to the first",
        f"y = {words}, h of {'every' if every else 'the last'} step",
    )
    return Working(join(one.output, back), lines, between)


def _of(weights: Weights, direction: str) -> Weights:
    start = f"{direction}/"
    return {
        name.removeprefix(start): one for name, one in weights.items() if name.startswith(start)
    }


def _simple(layer: Layer, weights: Weights, x: Any, state: tuple[Any, ...]) -> dict[str, Any]:
    """Elman, 1990."""
    z = x @ weights["kernel"] + weights.get("bias", 0.0) + state[0] @ weights["recurrent_kernel"]
    return {"z": z, "h": _apply(layer, z)}  # both (units,)


def _lstm(layer: Layer, weights: Weights, x: Any, state: tuple[Any, ...]) -> dict[str, Any]:
    """Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000."""
    h, c = state  # (units,) each
    z = x @ weights["kernel"] + weights.get("bias", 0.0) + h @ weights["recurrent_kernel"]
    units = len(weights["recurrent_kernel"])
    # z is (4 * units,): input gate, forget gate, candidate, output gate, in Keras's order.
    i, f, o = (_apply(layer, z[part * units : (part + 1) * units], GATE) for part in (0, 1, 3))
    g = _apply(layer, z[2 * units : 3 * units])
    c = f * c + i * g
    return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": o * _apply(layer, c)}


def _gru(layer: Layer, weights: Weights, x: Any, state: tuple[Any, ...]) -> dict[str, Any]:
    """Cho et al., 2014; `reset_after` resets behind the product, as cuDNN does."""
    h, units = state[0], len(weights["recurrent_kernel"])
    double = layer.flag("reset_after")  # then x and h have biases of their own
    bias = weights.get("bias", np.zeros((2, 3 * units) if double else 3 * units))
    of_x, of_h = (bias[0], bias[1]) if double else (bias, np.zeros(3 * units))
    from_x = x @ weights["kernel"] + of_x  # (3 * units,): update, reset, candidate
    inner = weights["recurrent_kernel"]  # (units, 3 * units)
    from_h = h @ inner[:, : 2 * units] + of_h[: 2 * units]  # (2 * units,)
    u = _apply(layer, from_x[:units] + from_h[:units], GATE)
    r = _apply(layer, from_x[units : 2 * units] + from_h[units:], GATE)
    last = inner[:, 2 * units :]  # (units, units)
    reset = r * (h @ last + of_h[2 * units :]) if double else (r * h) @ last
    g = _apply(layer, from_x[2 * units :] + reset)
    return {"u": u, "r": r, "g": g, "h": u * h + (1 - u) * g}


def _apply(layer: Layer, z: Any, argument: str = "activation") -> Any:
    return find_activation(layer, argument)[1].compute(z)


def _lines(layer: Layer, weights: Weights) -> tuple[str, ...]:
    has_bias = "bias" in weights
    gate, bias, first = "", " + bias" if has_bias else "", " + bias" if has_bias else ""
    reset = "(r · h[t-1]) · recurrent_kernel_g"
    if layer.type == "GRU" and layer.flag("reset_after"):
        first, second = (" + bias[0]", " + bias[1]") if has_bias else ("", "")
        bias, reset = first + second, f"r · (h[t-1] · recurrent_kernel_g{second})"
    if layer.type != "SimpleRNN":
        gate = find_activation(layer, GATE)[0]
    words = {"f": find_activation(layer)[0], "r": gate, "b": bias, "first": first, "reset": reset}
    last = "y = h of every step" if layer.flag("return_sequences") else "y = h of the last step"
    if layer.flag("go_backwards"):
        last += "; the steps go from the last row of x to the first"
    return (*(line.format(**words) for line in RECURRENT_LINES[layer.type]), last)


CELLS: Final[dict[str, Cell]] = {"SimpleRNN": _simple, "LSTM": _lstm, "GRU": _gru}
