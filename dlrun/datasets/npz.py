"""Arrays of one's own from a NumPy `.npz` file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlrun.arrays import ArrayForm, Dataset, Spec
from dlrun.data.headers import npz_array
from dlrun.datasets.samples import Sample, with_target


def sample(*, path: Any, x: str, y: str, form: str | None, **_: Any) -> Sample:
    """The shape of the arrays, and of a small file the classes."""
    features = npz_array(Path(path), x) if isinstance(path, str | Path) else None
    if features is None:
        return Sample(format="arrays")
    known = Sample(features.shape[1:] or (1,), format="arrays")
    targets = npz_array(Path(path), y)
    if targets is not None and targets.values is not None:
        return with_target(known, targets.values, form)
    if targets is not None and form == "value" and "U" not in targets.dtype:
        return known._replace(target=targets.shape[1:] or (1,))
    return known


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    path: Path,
    x: str = "x",
    y: str = "y",
    x_test: str | None = None,
    y_test: str | None = None,
) -> Dataset:
    """The rows of two arrays, in their order; nothing is scaled.

    Targets of text hold classes, numbered in the order of their sorted names. Targets of numbers
    hold values, which become classes if the loss asks for classes.

    Args:
        seed: Not used.
        path: The file; arrays of Python objects are refused.
        x: The name of the array of features, `(rows, ...)`.
        y: The name of the array of targets, `(rows,)` or `(rows, targets)`; or `(rows, ...,
            classes)`, one-hot, for a class at every position.
        x_test: The name of the features of test rows, or null.
        y_test: The name of their targets; with `x_test`.
    """
    from dlrun.data.array_samples import read_dataset

    return read_dataset(Path(path), x, y, x_test, y_test)


def recall_form(arguments: Mapping[str, Any], spec: Spec) -> Spec:
    """Complete the spec of an older run, which did not keep the names of its arrays."""
    return replace(spec, form=ArrayForm(str(arguments["x"]), str(arguments["y"])))
