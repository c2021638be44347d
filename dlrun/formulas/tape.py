"""Arrays that remember how they were computed, so that plain NumPy formulas can be derived."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

Pull = tuple["Traced", Callable[[NDArray[Any]], NDArray[Any]]]
"""What an array came from, and how a derivative by the one becomes a derivative by the other."""


class Traced(NDArrayOperatorsMixin):
    """An array that NumPy computes with as with any other, and that knows where it came from.

    NumPy hands its functions over to `__array_ufunc__` and `__array_function__` (NEP 13 and 18).
    """

    def __init__(self, value: Any, pulls: Sequence[Pull] = ()) -> None:
        self.value: NDArray[Any] = np.asarray(value, dtype=np.float64)
        self.pulls = tuple(pulls)  # none for the start
        self.shape, self.ndim, self.size = self.value.shape, self.value.ndim, self.value.size

    def __len__(self) -> int:
        """Return the size of the first axis."""
        return len(self.value)

    def __getitem__(self, where: Any) -> "Traced":
        """Take some entries."""
        return _moved(self, lambda array: array[where])

    def reshape(self, *shape: Any) -> "Traced":
        """Put the same entries in another shape."""
        return _moved(self, lambda array: array.reshape(*shape))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute one of NumPy's elementwise functions, or a product of matrices."""
        values = [value_of(one) for one in inputs]
        if method != "__call__" or options:
            return NotImplemented
        result = ufunc(*values)
        if ufunc is np.matmul:  # (..., in) @ (in, out); kernels are constants
            array, kernel = inputs[0], values[1]
            if isinstance(inputs[1], Traced) or kernel.ndim != 2:  # noqa: PLR2004
                return NotImplemented
            return Traced(result, [(array, lambda derivative: derivative @ kernel.T)])
        if ufunc not in LOCAL:  # comparisons, signs: steps, with the derivative 0 between them
            return result
        slopes = LOCAL[ufunc](result, *values)
        pulls = [
            (one, _scaled(slope, one.shape))
            for one, slope in zip(inputs, slopes, strict=True)
            if isinstance(one, Traced)
        ]
        return Traced(result, pulls)

    def __array_function__(self, function: Any, _: Any, args: Any, options: Any) -> Any:
        """Compute one of NumPy's other functions."""
        if function in MOVES:
            return _moved(args[0], lambda array: function(array, *args[1:], **options))
        rule = _FUNCTIONS.get(function)
        return NotImplemented if rule is None else rule(*args, **options)


def value_of(array: Any) -> Any:
    """Return the numbers of an array, traced or not."""
    return array.value if isinstance(array, Traced) else array


def gradient(output: Traced, start: Traced) -> NDArray[Any]:
    """Work out the derivative of one number by every entry of the array that it came from.

    It has the shape of `start`, with zeros where nothing leads from it to the number. This is
    backpropagation (Rumelhart, Hinton and Williams, 1986): from the output back, each array passes
    its derivative on to those that it came from, and what arrives on several ways is added.
    """
    # By array: the derivative of the output by each of its entries, in its shape.
    derivatives: dict[int, NDArray[Any]] = {id(output): np.ones_like(output.value)}
    for node in reversed(_in_order(output)):
        derivative = derivatives.pop(id(node), None)
        if node is start:
            return np.zeros_like(start.value) if derivative is None else derivative
        if derivative is None:
            continue
        for parent, pull in node.pulls:
            known = derivatives.get(id(parent))
            pulled = pull(derivative)
            derivatives[id(parent)] = pulled if known is None else known + pulled
    return np.zeros_like(start.value)


def _in_order(output: Traced) -> list[Traced]:
    """List every array that leads to one, each after those that it came from."""
    order: list[Traced] = []
    seen: set[int] = set()
    waiting = [(output, False)]
    while waiting:
        node, is_ready = waiting.pop()
        if is_ready:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))
            waiting += [(parent, False) for parent, _ in node.pulls]
    return sorted(order, key=lambda node: bool(node.pulls))  # the start comes last on the way back


def _scaled(slope: Any, shape: tuple[int, ...]) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Pass a derivative through an elementwise function: times its slope, summed where repeated."""

    def pull(derivative: NDArray[Any]) -> NDArray[Any]:
        full = derivative * slope  # the shape of the result; `shape` is that of the argument
        full = full.sum(axis=tuple(range(full.ndim - len(shape))))
        repeated = tuple(n for n, size in enumerate(shape) if size == 1 and full.shape[n] != 1)
        return np.asarray(full.sum(axis=repeated, keepdims=True)) if repeated else full

    return pull


def _moved(array: Traced, move: Callable[[NDArray[Any]], NDArray[Any]]) -> Traced:
    """Put entries in other places, some of them several times, some of them not at all."""
    # Moved like the array, the numbers of its entries tell where each one went.
    places = move(np.arange(array.size).reshape(array.shape))

    def pull(derivative: NDArray[Any]) -> NDArray[Any]:
        summed = np.bincount(np.ravel(places), np.ravel(derivative), array.size)
        return summed.reshape(array.shape)

    return Traced(array.value.reshape(-1)[places], [(array, pull)])


def _sum(array: Traced, axis: Any = None, *, keepdims: bool = False) -> Traced:
    result = np.sum(array.value, axis=axis, keepdims=True)

    def pull(derivative: NDArray[Any]) -> NDArray[Any]:
        return np.broadcast_to(np.reshape(derivative, result.shape), array.shape)

    total = result if keepdims else np.sum(array.value, axis=axis)
    return Traced(total, [(array, pull)])


def _mean(array: Traced, axis: Any = None, *, keepdims: bool = False) -> Any:
    total = _sum(array, axis, keepdims=keepdims)
    return total / (array.size / max(total.size, 1))


def _max(array: Traced, axis: int, *, keepdims: bool = False) -> Traced:
    first = np.expand_dims(array.value.argmax(axis=axis), axis)
    largest = _moved(array, lambda values: np.take_along_axis(values, first, axis))
    return largest if keepdims else _moved(largest, lambda values: np.squeeze(values, axis))


def _joined(arrays: Sequence[Any], axis: int = 0) -> Traced:
    values = [value_of(array) for array in arrays]
    ends = np.cumsum([value.shape[axis] for value in values])

    def part(number: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
        places = np.arange(ends[number] - values[number].shape[axis], ends[number])
        return lambda derivative: np.take(derivative, places, axis)

    pulls = [(one, part(n)) for n, one in enumerate(arrays) if isinstance(one, Traced)]
    return Traced(np.concatenate(values, axis), pulls)


def _chosen(condition: Any, one: Any, other: Any) -> Traced:
    mask = value_of(condition)
    result = np.where(mask, value_of(one), value_of(other))
    parts = ((one, mask * 1.0), (other, 1.0 - mask))
    pulls = [(n, _scaled(slope, n.shape)) for n, slope in parts if isinstance(n, Traced)]
    return Traced(result, pulls)


def _padded(array: Traced, margins: Any, *, constant_values: float = 0.0) -> Traced:
    inside = tuple(slice(before, before + size)
                   for (before, _), size in zip(margins, array.shape, strict=True))  # fmt: skip
    result = np.pad(array.value, margins, constant_values=constant_values)
    return Traced(result, [(array, lambda derivative: derivative[inside])])


_FUNCTIONS: Final[dict[Any, Callable[..., Any]]] = {
    np.sum: _sum,
    np.mean: _mean,
    np.max: _max,
    np.concatenate: _joined,
    np.stack: lambda arrays, axis=0: _joined([np.expand_dims(one, axis) for one in arrays], axis),
    np.where: _chosen,
    np.pad: _padded,
}


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
