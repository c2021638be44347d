"""Thresholds that a user asks for: a number, or the best ones of the validation rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from dlrun.arrays import Samples, Spec
from dlrun.data.thresholds import scores_of, thresholded, true_answers, usual_threshold
from dlrun.errors import DataError, UsageError
from dlrun.execution.opening import OpenedRun, load_rows
from dlrun.reports.scores import best_f1
from dlrun.rundir.evaluations import stored_thresholds
from dlrun.rundir.integrity import hash_file
from dlrun.rundir.names import VALIDATION, WEIGHTS
from dlrun.shapes.cells import parse_number
from dlrun.wording import AMONG_FEW, did_you_mean, list_columns, quote

if TYPE_CHECKING:
    from dlrun.training.evaluation import Predictor

BEST_F1: Final = "best-f1"
OPTION: Final = "--threshold"


@dataclass(frozen=True)
class Thresholds:
    """What outputs have to exceed for a yes, or for the second of two classes."""

    by: Literal["best-f1", "number"]
    values: Mapping[str, float]  # by the name of the class, or of the label
    f1: Mapping[str, float]  # of the validation rows, where they were chosen on these

    def __iter__(self) -> Any:
        """Give the values, in the order of the labels."""
        return iter(self.values.values())

    def to_json(self) -> dict[str, Any]:
        """Give what an evaluation keeps."""
        if self.by == "number":
            return {"by": self.by, "values": dict(self.values)}
        values = {"values": dict(self.values), "f1": dict(self.f1)}
        return {"by": self.by, "on": VALIDATION, **values}

    @property
    def limits(self) -> str:
        """What they are, and where they come from: `'yes' above 0.3`."""
        each = ", ".join(
            f"{quote(name)} above {value:.4g}"
            + (f" (F1 {self.f1[name]:.4f})" if name in self.f1 else "")
            for name, value in self.values.items()
        )
        how = "" if self.by == "number" else ", the best F1 of the validation rows"
        return f"{each}{how}"

    def in_words(self) -> str:
        """Say them in one line."""
        return f"threshold: {self.limits}; metrics decide as the config has it"


def read_thresholds(asked: Sequence[str], spec: Spec) -> Thresholds | None:
    """Read what was asked for: `0.3` for all that have a threshold, `NAME=0.3` for one of them.

    What is not named keeps its usual one. None stands for `best-f1`, the best F1.

    Raises:
        UsageError: It is none of these, or nothing is decided by a threshold.
    """
    names = thresholded(spec)
    if not names:
        there = f"{spec.num_classes} classes" if spec.class_names else "numbers"
        raise UsageError(
            f"this run tells {there}; a threshold decides between two classes, or for each of "
            "several labels.",
            where=f"{OPTION} {asked[0]}",
            fix="Leave it out.",
        )
    if list(asked) == [BEST_F1]:
        return None
    values: dict[str | None, float] = {}
    for text in asked:
        name, number = _threshold(text, names)
        if name in values:
            what = "all of them have" if name is None else f"{quote(name)} has"
            raise UsageError(f"{what} a threshold already.", where=f"{OPTION} {text}")
        _check_threshold(number, text, spec)
        values[name] = number
    others = values.get(None, usual_threshold(spec))
    return Thresholds("number", {name: values.get(name, others) for name in names}, {})


def _threshold(text: str, names: Sequence[str]) -> tuple[str | None, float]:
    """Read `0.3` or `NAME=0.3`: the name, None for all, and the number."""
    where = f"{OPTION} {text}"
    name, equals, last = text.rpartition("=")
    number = parse_number(last)
    if number is None:
        what = f"expected {BEST_F1}, alone, a number, or NAME=NUMBER."
        raise UsageError(what, where=where, fix=f"Such as {OPTION} 0.3.")
    if equals and name not in names:
        known = f"There are {list_columns(names)}."
        fix = did_you_mean(name, names, similarity=AMONG_FEW) or known
        raise UsageError(f"{quote(name)} has no threshold.", where=where, fix=fix)
    return name if equals else None, number


def _check_threshold(number: float, text: str, spec: Spec) -> None:
    if spec.output in ("probability", "logit") and not 0 <= number <= 1:
        raise UsageError(
            "is held against probabilities, which lie between 0 and 1.",
            where=f"{OPTION} {text}",
            fix=f"Such as {OPTION} 0.3.",
        )


def chosen_thresholds(opened: OpenedRun, predictor: Predictor) -> Thresholds:
    """Choose the thresholds with the largest F1 on the validation rows.

    Neither the test rows, which would then tell nothing any more, nor the training rows, on which
    the network is surer than it should be, take their place.
    """
    validation = load_rows(opened)[0].validation
    if validation is None:
        raise DataError(
            "the run has no validation rows, on which a threshold is chosen.",
            where=f"{OPTION} {BEST_F1}",
            fix=f"Train with 'dataset.validation_split', or give a number: {OPTION} 0.3.",
        )
    values, f1 = {}, {}
    true, scores = _rows(validation, predictor, opened.spec)
    for number, name in enumerate(thresholded(opened.spec)):
        usual = usual_threshold(opened.spec)
        values[name] = usual
        if true[:, number].any() and np.isfinite(scores[:, number]).all():
            best = best_f1(true[:, number], scores[:, number], usual)
            values[name], f1[name] = best.value, best.f1
        else:
            opened.listener.message(
                f"warning: no validation row is {quote(name)}: its threshold stays {usual:g}"
            )
    return Thresholds("best-f1", values, f1)


def _rows(samples: Samples, predictor: Predictor, spec: Spec) -> tuple[Any, Any]:
    """What is true and the scores, `(rows, thresholds)` each."""
    scores = [scores_of(predictor.predict(block.x), spec) for block in samples.blocks(128)]
    true = true_answers(samples.y, spec) if samples.y is not None else np.zeros(len(samples))
    return true.reshape(len(samples), -1), np.concatenate(scores)


def kept_thresholds(opened: OpenedRun) -> Thresholds | None:
    """Find the thresholds that an evaluation has chosen for the run's weights."""
    weights = hash_file(opened.run.file(WEIGHTS))
    found = stored_thresholds(opened.run.path, by=BEST_F1, weights=weights)
    values = found.get("values") if found else None
    names = thresholded(opened.spec)
    if not isinstance(values, dict) or set(values) != set(names):
        return None
    numbers = [values[name] for name in names]
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in numbers):
        return None
    f1 = found.get("f1") if found else None
    told = (
        {name: one for name, one in f1.items() if isinstance(one, float) and name in names}
        if isinstance(f1, dict)
        else {}
    )
    return Thresholds("best-f1", dict(zip(names, map(float, numbers), strict=True)), told)


def asked_of_predict(asked: Sequence[str], opened: OpenedRun) -> Thresholds | None:
    """Give the thresholds of predictions: numbers, or what an evaluation has chosen and kept."""
    if not asked:
        return None
    found = read_thresholds(asked, opened.spec) or kept_thresholds(opened)
    if found is None:
        raise UsageError(
            "no threshold has been chosen for the weights of this run.",
            where=f"{OPTION} {BEST_F1}",
            fix=f"`dlrun evaluate {opened.run.name} {OPTION} {BEST_F1}` chooses one.",
        )
    return found
