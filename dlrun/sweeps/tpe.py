"""Which point is next where earlier runs decide: Optuna's tree-structured Parzen estimator.

Optuna keeps its history in memory only; what a sweep knows of earlier runs stands in their folders.

Source: Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

from dlrun.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlrun.config.places import Node
    from dlrun.config.sweeps.distributions import Distribution


class Study:
    """Proposes points, and learns from what they gave.

    Args:
        space: Distributions by key.
        seed: Where its randomness comes from.
        maximize: Whether larger values are better.

    Raises:
        UsageError: Optuna is not installed.
    """

    def __init__(self, space: Mapping[str, Distribution], *, seed: int, maximize: bool) -> None:
        try:
            import optuna  # noqa: PLC0415 - it takes a second, and is an extra
        except ImportError as error:
            raise UsageError(
                "the sampler tpe needs Optuna, which is not installed.",
                fix="pip install 'dlrun[tpe]'",
            ) from error
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._optuna = optuna
        self._space = space
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # constant_liar is called experimental since 2021
            sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        self._study = optuna.create_study(
            direction="maximize" if maximize else "minimize", sampler=sampler
        )
        self._distributions = {key: self._as_optuna(one) for key, one in space.items()}
        self._open: dict[int, Any] = {}

    def ask(self, number: int) -> dict[str, Node]:
        """Propose a point.

        Args:
            number: What to call it when its value is told.

        Returns:
            Values by key.
        """
        trial = self._study.ask(self._distributions)
        self._open[number] = trial
        return {
            key: one.choices[trial.params[key]] if one.choices else one.at(trial.params[key])
            for key, one in self._space.items()
        }

    def tell(self, number: int, value: float | None) -> None:
        """Tell what a proposed point gave.

        Args:
            number: As in `ask`.
            value: The objective; None where the runs failed.
        """
        state = self._optuna.trial.TrialState
        trial = self._open.pop(number)
        if value is None or not math.isfinite(value):
            self._study.tell(trial, state=state.FAIL)
        else:
            self._study.tell(trial, value)

    def is_open(self, number: int) -> bool:
        """Say whether the value of a point is still to be told.

        Args:
            number: As in `ask`.
        """
        return number in self._open

    def remember(self, values: Mapping[str, Any], value: float) -> None:
        """Tell of a point of an earlier sweep.

        Args:
            values: Plain values by key; a point outside of the space is forgotten.
            value: The objective.
        """
        try:
            params = {key: self._as_param(one, values[key]) for key, one in self._space.items()}
            trial = self._optuna.trial.create_trial(
                params=params, distributions=self._distributions, value=value
            )
        except (KeyError, ValueError):
            return
        self._study.add_trial(trial)

    def _as_param(self, one: Distribution, value: Any) -> Any:
        """A value as Optuna knows it: choices by number, for they may be anything."""
        if one.choices:
            return [choice.plain() for choice in one.choices].index(value)
        return value

    def _as_optuna(self, one: Distribution) -> Any:
        known = self._optuna.distributions
        if one.choices:
            return known.CategoricalDistribution(range(len(one.choices)))
        if one.is_whole:
            return known.IntDistribution(int(one.low), int(one.high), log=one.is_log)
        return known.FloatDistribution(one.low, one.high, log=one.is_log)
