"""What the formula of a layer leaves behind: its output, and how one would get there by hand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from dlrun.errors import DlrunError
from dlrun.shapes.layer import Layer

Weights = Mapping[str, NDArray[Any]]
"""The weights of a layer by name, such as `kernel`."""
Place = tuple[int, ...]
"""The indices of one entry of an array."""


class Term(NamedTuple):
    """One product of a weighted sum."""

    place: Place  # of the entry in the input
    x: float  # that entry
    weight: float

    @property
    def product(self) -> float:
        """What it adds to the sum."""
        return self.x * self.weight


class WeightedSum(NamedTuple):
    """One pre-activation, worked out: `total = Σ terms + bias`."""

    terms: tuple[Term, ...]  # the largest magnitude first
    bias: float | None
    total: float


@dataclass(frozen=True)
class Working:
    """How a layer computes its output for one sample."""

    output: Any
    formula: tuple[str, ...]  # in lines; `x` is its input, `y` its output
    # What is computed on the way, such as the pre-activation `z`, by symbol.
    between: Mapping[str, Any] = field(default_factory=dict)
    # Works out one entry of `z`, where that is a weighted sum of inputs.
    sum_at: Callable[[Place], WeightedSum] | None = None


Formula = Callable[..., Working]
"""Takes a layer, its weights, and what it reads: one sample of each input, without a batch."""

LAYERS: Final[dict[str, Formula]] = {}
"""Which formula is that of which layer; by Keras's name."""


def formula_of(*types: str) -> Callable[[Formula], Formula]:
    """Register a function as the formula of these layers of `keras.layers`."""

    def register(formula: Formula) -> Formula:
        LAYERS.update(dict.fromkeys(types, formula))
        return formula

    return register


class NoFormulaError(DlrunError):
    """A layer, or one of its arguments, has no formula here."""


def refuse(layer: Layer, what: str) -> NoReturn:
    """Tell that a layer has no formula with an argument such as `interpolation: bilinear`."""
    raise NoFormulaError(f"dlrun has no formula for {layer.type} with {layer.prefix}{what}.")


def weighted_sum(
    places: Sequence[Place], x: NDArray[Any], weights: NDArray[Any], bias: float | None
) -> WeightedSum:
    """Sum the products of entries and weights, both `(terms,)`, that stand at these places."""
    terms = [Term(*term) for term in zip(places, x.tolist(), weights.tolist(), strict=True)]
    terms.sort(key=lambda term: -abs(term.product))
    return WeightedSum(tuple(terms), bias, float(x @ weights) + (bias or 0.0))


@dataclass(frozen=True)
class Statistics:
    """What an array is like. Entries that are not finite count in `not_finite` only."""

    shape: tuple[int, ...]
    dtype: str
    mean: float | None  # None where no entry is finite, as for the next three
    std: float | None  # of the population
    min: float | None
    max: float | None
    zeros: float  # the share of entries that are 0, from 0 to 1
    norm: float  # the Euclidean length
    not_finite: int  # how many entries are NaN or infinite


def statistics(array: NDArray[Any]) -> Statistics:
    """Measure an array of any shape, in float64."""
    numbers = np.asarray(array, dtype=np.float64).reshape(-1)
    finite = numbers[np.isfinite(numbers)]
    mean, std, low, high = (
        (float(function(finite)) if finite.size else None)
        for function in (np.mean, np.std, np.min, np.max)
    )
    return Statistics(
        shape=tuple(array.shape),
        dtype=str(array.dtype),
        mean=mean,
        std=std,
        min=low,
        max=high,
        zeros=float(np.mean(numbers == 0)) if numbers.size else 0.0,
        norm=float(np.linalg.norm(finite)),
        not_finite=int(numbers.size - finite.size),
    )


def largest_places(array: NDArray[Any], count: int) -> list[Place]:
    """Find the entries of the largest magnitude, the largest first; of equal ones the first."""
    order = np.argsort(-np.abs(np.asarray(array).reshape(-1)), kind="stable")[:count]
    return [tuple(int(n) for n in np.unravel_index(one, np.shape(array))) for one in order]
