"""Distributions that the keys of a random sweep are drawn from.

```
{uniform: [0, 0.9]}            numbers, each as likely as the other
{log_uniform: [1e-4, 1e-1]}    numbers, each order of magnitude as likely as the other
{integer: [4, 64]}             whole numbers, both ends included
{log_integer: [4, 1024]}       whole numbers, each order of magnitude as likely as the other
{choice: [relu, tanh]}         any values; a list alone means the same
```
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from dlrun.config.nodes import ConfigNode, Node, Place
from dlrun.config.overrides import Override
from dlrun.sweeps.language.axes import values_of
from dlrun.wording import describe, listed

WORDS: Final = ("uniform", "log_uniform", "integer", "log_integer", "choice")


@dataclass(frozen=True)
class Distribution:
    """What the values of a key are drawn from."""

    word: str  # one of `WORDS`
    low: float  # both ends are included; 0 for a choice
    high: float
    choices: tuple[Node, ...]
    place: Place

    def override(self, key: str, value: Node) -> Override:
        """Set a key to a value that was drawn."""
        return Override(key, value, self.place)

    def draw(self, source: Random) -> Node:
        """Draw a value, as if it were written where the distribution is."""
        if self.word == "choice":
            return self.choices[int(source.random() * len(self.choices))]
        share = source.random()
        low, high = self.low, self.high
        if self.word == "uniform":
            number = low + share * (high - low)
        elif self.word == "log_uniform":
            number = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        elif self.word == "integer":
            number = math.floor(low + share * (high - low + 1))
        else:
            ends = math.log(low), math.log(high + 1)
            number = math.floor(math.exp(ends[0] + share * (ends[1] - ends[0])))
        return self.at(min(max(number, low), high))

    def at(self, number: float) -> Node:
        """Make a value of a number of its range."""
        return Node(int(number) if self.is_whole else float(number), self.place)

    @property
    def is_whole(self) -> bool:
        """Whether its numbers are whole."""
        return self.word.endswith("integer")

    @property
    def is_log(self) -> bool:
        """Whether each order of magnitude is as likely as the other."""
        return self.word.startswith("log_")

    def holds(self, value: Any) -> bool:
        """Say whether a plain value could be drawn."""
        if self.choices:
            return any(value == choice.plain() for choice in self.choices)
        is_number = type(value) is int or (type(value) is float and not self.is_whole)
        return is_number and self.low <= value <= self.high

    def written(self, value: Any) -> Node:
        """Make a node of a plain value that could be drawn."""
        if not self.choices:
            return self.at(value)
        return next(choice for choice in self.choices if choice.plain() == value)

    def ends(self) -> tuple[Node, ...]:
        """The values that must be valid if all are: both ends, or every choice."""
        return self.choices or (self.at(self.low), self.at(self.high))


def distribution_of(spot: ConfigNode) -> Distribution | None:
    """Read a list of choices, or a word of `WORDS` with its bounds; notes what it is not."""
    if isinstance(spot.value, list):
        return _choice(spot)
    if not isinstance(spot.value, dict) or len(spot.keys) != 1:
        what = f"Expected a distribution, got {describe(spot.node.plain())}."
        spot.wrong(what, "Such as {log_uniform: [1e-4, 1e-1]}, or a list of choices.")
        return None
    (word,) = spot.keys
    if word not in WORDS:
        what = f"There is no distribution {describe(word)}."
        spot.unknown(word, what, WORDS, f"There are {listed(WORDS)}.")
        return None
    return _choice(spot.child(word)) if word == "choice" else _between(word, spot.child(word))


def _choice(spot: ConfigNode) -> Distribution | None:
    values = values_of(spot)
    return Distribution("choice", 0, 0, tuple(values), spot.node.place) if values else None


def _between(word: str, spot: ConfigNode) -> Distribution | None:
    bounds = spot.node.plain()
    is_whole = word.endswith("integer")
    kinds = (int,) if is_whole else (int, float)
    pair: list[Any] = bounds if isinstance(bounds, list) else []
    if len(pair) != 2 or not all(type(bound) in kinds for bound in pair):  # noqa: PLR2004
        numbers = "whole numbers" if is_whole else "numbers"
        what = f"Expected the smallest and the largest value, two {numbers}, got"
        what += f" {describe(bounds)}."
        spot.wrong(what, f"Such as {{{word}: {'[4, 64]' if is_whole else '[0.001, 0.1]'}}}.")
        return None
    low, high = pair
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        spot.wrong(f"Expected the smaller value first, got {describe(bounds)}.")
        return None
    if word.startswith("log_") and low <= 0:
        spot.wrong(f"Expected values above 0, got {describe(low)}: it has no logarithm.")
        return None
    return Distribution(word, low, high, (), spot.node.place)
