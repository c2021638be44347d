"""A number: filled where it is missing, clipped, scaled."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.column import RawColumn
from dlrun.columns.filling import Filling, fit_filling
from dlrun.columns.fitted import Ranged, column_error, option_problem
from dlrun.columns.graphs import Lookups
from dlrun.columns.plain_numpy import SHARES, PlainNumpy
from dlrun.columns.scales import Scale, fit_scale
from dlrun.columns.values import TrainingValues, count_between, edges_between
from dlrun.errors import Problem
from dlrun.wording import is_number, tally

READS = ("number",)
DIGITS, MOST_PLACES = 6, 300
ENCODE: Final = '''\
def encode_number(column, cells):
    """Numbers: filled, clipped, by ranks; and whether one was missing: (rows, 1 or 2)."""
    values = np.array([number_of(column, row, cell) for row, cell in enumerate(cells)], float)
    used = filled(column, values)
    if column["clip"] is not None:
        used = np.clip(used, *column["clip"])
    if column["quantiles"] is not None:
        used = shares(column["quantiles"], used)
    if column["told"] is None:
        return used[:, None]
    return np.stack([used, np.isnan(values) * column["told"]], axis=1)'''


@dataclass(frozen=True, kw_only=True)
class Number(Ranged):
    """A number, fitted."""

    kind: Literal["number"] = "number"
    filling: Filling
    scale: Scale
    clip: tuple[float, float] | None = None
    clipped: int = 0  # how many values of the training rows

    @property
    def entries(self) -> tuple[str, ...]:
        """Itself, and whether it was missing."""
        return (self.name, self._flag) if self.filling.flags else (self.name,)

    @property
    def _flag(self) -> str:
        return f"{self.name} (missing)"

    def apply(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.float64]:
        """Fill, clip, scale: `(rows, 1 or 2)`."""
        del texts
        used = self.filling.fill(self.name, values)
        if self.clip is not None:
            used = np.clip(used, *self.clip)
        scaled = self.scale.apply(used)
        if not self.filling.flags:
            return scaled[:, None]
        return np.stack([scaled, self.filling.told(values)], axis=1)

    def apply_tf(self, values: Any, lookups: Lookups) -> Any:
        """Fill, clip, scale: `(rows, 1 or 2)`."""
        from dlrun.backend import tf

        del lookups
        used = self.filling.fill_tf(self.name, values)
        if self.clip is not None:
            used = tf.clip_by_value(used, *self.clip)
        scaled = self.scale.apply_tf(used)
        if not self.filling.flags:
            return scaled[:, None]
        return tf.stack([scaled, self.filling.told_tf(values)], axis=1)

    def plain_numpy(self) -> PlainNumpy:
        """Fill and clip, not scaled but by ranks."""
        ranks = self.scale.ranks
        facts = {**self.filling.facts, "clip": self.clip, "quantiles": ranks}
        return PlainNumpy(ENCODE, facts, () if ranks is None else (SHARES,))

    def in_units(self, entries: NDArray[Any]) -> NDArray[np.float64]:
        """Undo the scaling."""
        values = np.array(entries, np.float64)
        values[:, 0] = self.scale.undo(values[:, 0])
        return values

    def from_units(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale."""
        entries = np.array(values, np.float64)
        entries[:, 0] = self.scale.apply(entries[:, 0])
        return entries

    def undo(self, entries: NDArray[Any]) -> list[str]:
        """Write the number to six digits; nothing where it was missing.

        What float32 has rounded is no digit: of ages up to 80, 1e-7 is 0.
        """
        size = max(abs(self.low), abs(self.high)) or 1.0
        places = DIGITS - 1 - math.floor(math.log10(size))
        values = self.in_units(entries)
        values = np.round(values, places) if places < MOST_PLACES else values
        return [
            "" if len(row) > 1 and row[1] else f"{row[0] + 0.0:.{DIGITS}g}"
            for row in values.tolist()
        ]

    def notes(self) -> list[str]:
        """Say what was filled and clipped."""
        said = self.filling.note(self._flag, self.write)
        if self.clip is not None and self.clipped:
            low, high = map(self.write, self.clip)
            said.append(
                f"{tally(self.clipped, 'value')} of the training rows "
                f"{'is' if self.clipped == 1 else 'are'} clipped to {low} to {high}"
            )
        return said

    def misfit(self) -> str | None:
        """Say what does not fit."""
        if self.scale.factor == 0 or (self.scale.kind == "quantile") > len(self.scale.quantiles):
            return "scale should have a factor that is not 0, or quantiles"
        if (self.filling.value is None) != (self.filling.how == "error"):
            return "filling should have a value, unless a missing one is an error"
        return super().misfit()


def check(column: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what cannot be asked of one, whatever its values are."""
    clip = options.get("clip")
    is_pair = clip is None or (len(clip) == 2 and all(map(is_number, clip)))  # noqa: PLR2004
    if not is_pair or (clip is not None and clip[0] >= clip[1]):
        yield option_problem(column, "clip", clip, "two numbers, the smaller one first")


def fit(
    *,
    column: RawColumn,
    values: TrainingValues,
    missing: Literal["error", "median", "mean", "flag"] | float = "error",
    scale: Literal["standard", "minmax", "quantile", "log", "none"] | None = None,
    clip: tuple[float, float] | None = None,
) -> Number:
    """A number, as it is or scaled.

    Whatever it takes, medians and means, is taken of the training rows alone. Yes and no, in any
    spelling, are 1 and 0.

    Args:
        column: How it was read.
        values: Its values in the training rows.
        missing: What a missing value becomes: the median, the mean, or a number of your own; flag
            fills in the median and tells the network by one more entry; error refuses it.
        scale: standard for mean 0 and standard deviation 1, minmax for 0 to 1, quantile for the
            share of smaller values, log for standard after the logarithm (of 1 + the size, with
            its sign), none for the number as it is; null for what `dataset.scale` says.
        clip: Two numbers: values below the first become the first, those above the second the
            second, before they are scaled.
    """
    filling = fit_filling(column.name, values, missing)
    filled = filling.fill_training(values)
    clipped = 0
    if clip is not None:
        low, high = clip
        outside = (np.count_nonzero((part < low) | (part > high)) for part in filled.blocks())
        clipped = int(sum(outside))
        filled = filled.changed(partial(np.clip, a_min=low, a_max=high))
    if not len(filled):
        fix = f"Leave it out: {column.name}: ignore."
        raise column_error(column.name, "no training row has a value.", fix)
    sample, known = values.sample, filled if values.missing == len(values) else values
    low, high = known.range()
    edges = edges_between(sample)
    return Number(
        name=column.name,
        filling=filling,
        scale=fit_scale(column.name, scale or "none", filled),
        clip=None if clip is None else (float(clip[0]), float(clip[1])),
        clipped=clipped,
        low=low,
        high=high,
        edges=edges,
        seen=tuple(count_between(sample, edges).tolist()),
    )
