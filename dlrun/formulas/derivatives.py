"""The slopes of NumPy's elementwise functions, and which functions only move entries."""

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

erf: Final[Any] = np.frompyfunc(math.erf, 1, 1)
"""The error function, which NumPy lacks; of an array it gives Python's numbers."""

LOCAL: Final[dict[Any, Callable[..., tuple[Any, ...]]]] = {
    np.add: lambda _, a, b: (np.ones_like(a), np.ones_like(b)),
    np.subtract: lambda _, a, b: (np.ones_like(a), -np.ones_like(b)),
    np.multiply: lambda _, a, b: (b, a),
    np.divide: lambda r, _, b: (1 / b, -r / b),
    np.power: lambda _, a, b: (b * a ** (b - 1), 0.0),  # exponents are constants
    np.maximum: lambda _, a, b: ((a >= b) * 1.0, (a < b) * 1.0),
    np.minimum: lambda _, a, b: ((a <= b) * 1.0, (a > b) * 1.0),
    np.negative: lambda _, a: (-np.ones_like(a),),
    np.exp: lambda r, _: (r,),
    np.expm1: lambda r, _: (r + 1,),
    np.log: lambda _, a: (1 / a,),
    np.log1p: lambda _, a: (1 / (1 + a),),
    np.sqrt: lambda r, _: (0.5 / r,),
    np.square: lambda _, a: (2 * a,),
    np.absolute: lambda _, a: (np.sign(a),),
    np.tanh: lambda r, _: (1 - r * r,),
    erf: lambda _, a: (2 / math.sqrt(math.pi) * np.exp(-a * a),),
}
"""The partial derivatives of `r = f(a, ...)`, by function."""

MOVES: Final = {
    np.reshape,
    np.transpose,
    np.moveaxis,
    np.flip,
    np.expand_dims,
    np.squeeze,
    np.repeat,
    np.broadcast_to,
}
"""Functions whose result holds entries of their first argument, and nothing else."""
