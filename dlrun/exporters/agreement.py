"""Holds an exported model against the one that it was made of, on rows of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dlrun.data.thresholds import decide
from dlrun.errors import DlrunError
from dlrun.exporters import Written
from dlrun.exporters.network_inputs import as_given
from dlrun.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from dlrun.arrays import Splits
    from dlrun.training.evaluation import Predictor

MOST_ROWS: Final = 500
SMALL: Final = 1e-4
"""By so much of the largest output a model may differ that computes in float32 as the run does."""


def checked(
    path: Path,
    answer: Callable[[Mapping[str, NDArray[Any]]], NDArray[Any]],
    splits: Splits,
    predictor: Predictor,
    *,
    is_exact: bool = True,
) -> Written:
    """Compare what a file answers to what the run's model does, on its last rows: test if any.

    Args:
        path: The file.
        answer: Gives its outputs, `(rows, ...)`, for inputs by their names, `as_given`.
        splits: The rows, of which the first 500 are taken.
        predictor: Predicts with the run's model.
        is_exact: Whether it is to compute as the run does; more than rounding is a warning then.

    Raises:
        DlrunError: It answers in no numbers, or in another shape.
    """
    split, samples = list(splits.present().items())[-1]
    x = samples.x[:MOST_ROWS]
    expected = predictor.predict(x)
    found = np.asarray(answer(as_given(x, splits.spec)), np.float32)
    if found.shape != expected.shape or not np.isfinite(found[np.isfinite(expected)]).all():
        what = f"gives {found.shape} for {expected.shape} outputs, or what are no numbers."
        raise DlrunError(f"the exported model {what}", where=str(path))
    both = np.isfinite(expected) & np.isfinite(found)
    largest = float(np.abs(found - expected, where=both, out=np.zeros_like(found)).max())
    size = float(np.abs(expected[both]).max(initial=0))
    facts: dict[str, Any] = {"split": split, "rows": len(x), "largest_difference": largest,
                             "largest_output": size}  # fmt: skip
    said = f"{path.name}: differs by {largest:.2g} at most from outputs of up to {size:.4g}"
    said += f", on {count(len(x), f'{split} row')}"
    spec = splits.spec
    if spec.class_names is not None or spec.labels:
        alike = decide(found, spec) == decide(expected, spec)
        facts["same_answers"] = int(alike.reshape(len(x), -1).all(axis=1).sum())
        said += f"; the answer is the same for {facts['same_answers']}"
    warning = "warning: " if is_exact and largest > SMALL * max(size, 1.0) else ""
    return Written([path], {path.name: facts}, (warning + said,))
