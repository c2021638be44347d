"""How a number is scaled: fitted to its values in the training rows, applied to any, undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import STRICT
from dlrun.columns.fitted import column_error
from dlrun.columns.graphs import interpolate
from dlrun.columns.values import TrainingValues

ScaleKind = Literal["standard", "minmax", "quantile", "log", "none"]
QUANTILES = 101
"""The number of quantiles, from the smallest value to the largest, between which lines are drawn"""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A fitted scaling: `(value - offset) / factor`, or the share of values that are smaller."""

    __pydantic_config__ = STRICT

    kind: ScaleKind
    offset: float = 0.0
    factor: float = 1.0  # never 0
    quantiles: tuple[float, ...] = ()  # ascending

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale values of any shape, none missing."""
        if self.kind == "none":
            return values
        if self.kind == "quantile":
            return self._shares(values)
        with np.errstate(over="ignore"):
            scaled: NDArray[np.float64] = (self._log(values) - self.offset) / self.factor
        return scaled

    def apply_tf(self, values: Any) -> Any:
        """Scale values `(rows,)`, float64, none missing, in TensorFlow."""
        from dlrun.backend import tf

        if self.kind == "none":
            return values
        if self.kind == "quantile":
            return self._shares_tf(values)
        if self.kind == "log":
            values = tf.sign(values) * tf.math.log1p(tf.abs(values))
        return (values - self.offset) / self.factor

    def _shares_tf(self, values: Any) -> Any:
        from dlrun.backend import tf

        known = self.quantiles
        if known[0] == known[-1]:
            return tf.zeros_like(values)
        shares = np.linspace(0, 1, len(known))
        below = interpolate(values, known, shares.tolist())
        above = interpolate(-values, (-np.array(known[::-1])).tolist(), (-shares[::-1]).tolist())
        middle = 0.5 * (below - above)
        middle = tf.where(values <= known[0], tf.zeros_like(values), middle)
        return tf.where(values >= known[-1], tf.ones_like(values), middle)

    @property
    def ranks(self) -> list[float] | None:
        """The quantiles between which it draws lines; None where it is a formula."""
        return [*self.quantiles] if self.kind == "quantile" else None

    def undo(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the values that were scaled; of shares, what lies between quantiles."""
        if self.kind == "none":
            return scaled
        if self.kind == "quantile":
            shares = np.linspace(0, 1, len(self.quantiles))
            return np.interp(scaled, shares, self.quantiles)
        values = scaled * self.factor + self.offset
        if self.kind == "log":
            with np.errstate(over="ignore"):
                return np.sign(values) * np.expm1(np.abs(values))
        return values

    def _log(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """`sign(x) ln(1 + |x|)`, which every number has."""
        if self.kind != "log":
            return values
        logs: NDArray[np.float64] = np.sign(values) * np.log1p(np.abs(values))
        return logs

    def _shares(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where a value is in the training rows: 0 is the smallest, 1 the largest.

        In the middle of where it would be among equal ones: from below and from above, as
        scikit-learn's `QuantileTransformer` does.
        """
        known = np.array(self.quantiles)
        if known[0] == known[-1]:  # All are alike, and so are all others.
            return np.zeros_like(values)
        shares = np.linspace(0, 1, len(known))
        below = np.interp(values, known, shares)
        above = -np.interp(-values, -known[::-1], -shares[::-1])
        middle: NDArray[np.float64] = 0.5 * (below + above)
        middle = np.where(values <= known[0], 0.0, middle)
        return np.where(values >= known[-1], 1.0, middle)


def fit_scale(name: str, kind: ScaleKind, filled: TrainingValues) -> Scale:
    """Fit to values of which none is missing.

    `standard` takes the mean and the standard deviation (of the population, `ddof=0`), `minmax` the
    minimum and the range, `log` what `standard` takes, of logarithms. A column that is constant
    keeps the factor 1.
    """
    if kind == "none" or not len(filled):
        return Scale(kind="none")
    if kind == "quantile":
        found = np.quantile(filled.whole(), np.linspace(0, 1, min(QUANTILES, max(len(filled), 2))))
        # Rounding may let neighbours of equal values fall.
        return Scale(kind=kind, quantiles=tuple(np.maximum.accumulate(found).tolist()))
    low, high = filled.range()
    if low == high:
        constant = Scale(kind=kind)
        offset = float(constant.apply(np.array([low]))[0])
        return Scale(kind=kind, offset=offset)
    with np.errstate(over="ignore", invalid="ignore"):
        if kind == "minmax":
            offset, factor = low, float(np.float64(high) - np.float64(low))
        else:
            offset, factor = filled.changed(Scale(kind=kind).apply).mean_and_deviation()
    if not (np.isfinite(offset) and np.isfinite(factor) and factor > 0):
        what = f"it cannot be scaled: its values, {low:g} to {high:g}, are too large or too close."
        raise column_error(name, what)
    return Scale(kind=kind, offset=offset, factor=factor)
