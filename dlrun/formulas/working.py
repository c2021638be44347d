"""What the formula of a layer leaves behind: its output, and how one would get there by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from dlrun.errors import DlrunError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from dlrun.shapes.layer import Layer

Place = tuple[int, ...]
"""The indices of one entry of an array."""


class Term(NamedTuple):
    """One product of a weighted sum.

    Attributes:
        place: Which entry of the input it takes.
        x: That entry.
        weight: What it is multiplied by.
    """

    place: Place
    x: float
    weight: float

    @property
    def product(self) -> float:
        """What it adds to the sum."""
        return self.x * self.weight


class WeightedSum(NamedTuple):
    """One pre-activation, worked out.

    Attributes:
        terms: The products, the largest magnitude first.
        bias: What is added, or None.
        total: The sum.
    """

    terms: tuple[Term, ...]
    bias: float | None
    total: float


@dataclass(frozen=True)
class Working:
    """How a layer computes its output.

    Attributes:
        output: What it gives for one sample.
        formula: What it computes, in lines; `x` is its input, `y` its output.
        between: What is computed on the way, such as the pre-activation `z`, by symbol.
        sum_at: Works out one entry of `z`, where that is a weighted sum of inputs.
    """

    output: Any
    formula: tuple[str, ...]
    between: Mapping[str, Any] = field(default_factory=dict)
    sum_at: Callable[[Place], WeightedSum] | None = None


class NoFormulaError(DlrunError):
    """A layer, or one of its arguments, has no formula here."""


def refuse(layer: Layer, what: str) -> NoReturn:
    """End the story at a layer, or at an argument of it.

    Args:
        layer: The layer.
        what: What there is no formula for, such as `interpolation: bilinear`.

    Raises:
        NoFormulaError: Always.
    """
    raise NoFormulaError(f"dlrun has no formula for {layer.type} with {layer.prefix}{what}.")


def weighted_sum(places: Sequence[Place], x: NDArray[Any], weights: NDArray[Any],
                 bias: float | None) -> WeightedSum:  # fmt: skip
    """Put the products of a sum in the order of their magnitude.

    Args:
        places: Where the entries stand in the input.
        x: The entries, `(terms,)`.
        weights: What each is multiplied by, `(terms,)`.
        bias: What is added, or None.
    """
    terms = [Term(*term) for term in zip(places, x.tolist(), weights.tolist(), strict=True)]
    terms.sort(key=lambda term: -abs(term.product))
    return WeightedSum(tuple(terms), bias, float(x @ weights) + (bias or 0.0))
