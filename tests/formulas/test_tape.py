"""Derivatives of plain NumPy formulas, against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.formulas import derivative, follow
from dlrun.formulas.tape import Traced, gradient
from tests.formulas.networks import NETWORKS

STEP = 1e-6
X = np.random.default_rng(3).uniform(0.3, 1.7, (3, 4))
OTHER = np.random.default_rng(4).uniform(0.3, 1.7, (4,))
FUNCTIONS = {
    "add": lambda x: x + OTHER,
    "subtract": lambda x: OTHER - x,
    "multiply": lambda x: x * x * OTHER,
    "divide": lambda x: OTHER / x,
    "power": lambda x: x**3,
    "matmul": lambda x: x @ np.arange(8.0).reshape(4, 2),
    "maximum": lambda x: np.maximum(x, OTHER) - np.minimum(x, 1.0),
    "logarithms": lambda x: np.log(x) + np.log1p(x) + np.expm1(x),
    "roots": lambda x: np.sqrt(x) + np.square(x) + np.absolute(-x) + np.tanh(x),
    "sums": lambda x: np.sum(x * x, axis=0) + np.mean(x, axis=(0,)) * np.sum(x),
    "kept": lambda x: np.sum(x, axis=1, keepdims=True) * np.max(x, axis=0),
    "moves": lambda x: np.transpose(x)[::-1, 1:] * np.moveaxis(x, 0, -1)[:, :2],
    "repeats": lambda x: np.repeat(x, 2, 1) * np.broadcast_to(x[:, :1], (3, 8)),
    "joined": lambda x: np.concatenate([x, x * x, np.ones((3, 2))], -1),
    "stacked": lambda x: np.stack([x[0], x[1] * x[2], OTHER]),
    "padded": lambda x: np.pad(x * x, [(1, 0), (2, 1)], constant_values=5.0),
    "chosen": lambda x: np.where(x > 1.0, x * x, OTHER * x),
}


def differences(function, x):
    """Central differences of a number by every entry."""
    slopes = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = STEP
        slopes[place] = (function(x + step) - function(x - step)) / (2 * STEP)
    return slopes


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_every_rule_agrees_with_finite_differences(function):
    """Values stay those of NumPy; the slope of a weighted sum of them is that of differences."""
    expected = function(X)
    weights = np.random.default_rng(5).normal(size=expected.shape)
    start = Traced(X)
    traced = function(start)
    np.testing.assert_array_equal(traced.value, expected)
    slopes = gradient(np.sum(traced * weights), start)
    numeric = differences(lambda x: float(np.sum(function(x) * weights)), X)
    np.testing.assert_allclose(slopes, numeric, rtol=1e-6, atol=1e-6)


def test_what_does_not_depend_on_the_start_has_the_slope_zero():
    """Instead of an error."""
    start = Traced(X)
    assert not gradient(Traced(3.0), start).any()


def test_functions_without_a_rule_are_refused():
    """NumPy says so itself, instead of a silent zero."""
    with pytest.raises(TypeError, match="no implementation found"):
        np.linalg.norm(Traced(X))
    with pytest.raises(TypeError, match="matmul"):
        np.matmul(X, Traced(X.T))


SMOOTH = (
    "merging", "dot", "conv2d", "max pooling", "average pooling", "batch normalization",
    "layer normalization", "other normalizations", "lstm", "gru reset before",
    "bidirectional concat", "time distributed", "gelu", "mish", "softmax", "selu",
)  # fmt: skip


@pytest.mark.parametrize("name", SMOOTH)
def test_contributions_of_networks_agree_with_finite_differences(name, build):
    """The derivative of the middle entry of the output by every entry of the input."""
    sample, layers = NETWORKS[name]
    nodes, _, x = build(sample, layers)
    x = x.astype(np.float64)

    def output(values):
        return follow(nodes, values).stages[-1].working.output

    place = tuple(size // 2 for size in output(x).shape)
    numeric = differences(lambda values: float(output(values)[place]), x)
    np.testing.assert_allclose(derivative(nodes, x, place), numeric, rtol=1e-5, atol=1e-7)
