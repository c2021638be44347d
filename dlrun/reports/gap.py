"""Says in words when a network does much better on its training rows than on others.

The one rule and the one sentence: the terminal and the page both show it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from dlrun.wording import format_number

_SMALLEST_SHARE = 0.05
"""An accuracy that is lost in smaller parts than this is no matter of words."""
_ERRORS = 2.0
"""Standard errors of the accuracy on the other rows: what is within them may be chance."""
_FEWEST_ROWS = 10
_LOSS_RATIO = 2.0
_SMALLEST_LOSS = 0.1
"""Nats of a cross-entropy; below, twice the loss is still a good loss."""


def generalisation_gap(
    metrics: Mapping[str, Mapping[str, float]], *, rows: int | None = None
) -> str | None:
    """Say where the test, else the validation rows are much worse than the training rows.

    An accuracy has a large gap where it is lower by more than 0.05 and by more than two standard
    errors of an accuracy over so many rows. A loss has one where it is more than twice as large,
    and where there are classes larger by 0.1 at least. Fewer than ten rows tell nothing. `rows`
    counts those of the other split, where there are classes.
    """
    train = metrics.get("train", {})
    split = next((one for one in ("test", "validation") if metrics.get(one)), None)
    if split is None:
        return None
    if rows is not None and rows < _FEWEST_ROWS:
        return None
    told = []
    for name, value in metrics[split].items():
        before = train.get(name)
        if before is None or not math.isfinite(value) or not math.isfinite(before):
            continue
        if name == "loss":
            is_large = before > 0 and value > _LOSS_RATIO * before
            has_classes = rows is not None or any(map(_is_accuracy, train))
            is_large = is_large and (value - before >= _SMALLEST_LOSS or not has_classes)
        else:
            is_large = _is_accuracy(name) and before - value > _threshold(value, rows)
        if is_large:
            verb = "rises" if name == "loss" else "falls"
            told.append(f"{name} {verb} from {format_number(before)} to {format_number(value)}")
    title = f"large generalisation gap from train to {split}"
    return f"{title}: {', '.join(told)}" if told else None


def _threshold(accuracy: float, rows: int | None) -> float:
    """How much lower an accuracy must be.

    The error is that of a share of which one row more is right and one more is wrong (Agresti and
    Coull's way): the plain formula knows no chance where all rows are right.
    """
    if rows is None or not 0 <= accuracy <= 1:
        return _SMALLEST_SHARE
    share = (accuracy * rows + 1) / (rows + 2)
    return max(_SMALLEST_SHARE, _ERRORS * math.sqrt(share * (1 - share) / (rows + 2)))


def _is_accuracy(name: str) -> bool:
    return "acc" in name.lower()
