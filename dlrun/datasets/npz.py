"""Arrays of one's own from a NumPy `.npz` file, or from several `.npy` files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlrun.arrays import ArrayForm, Dataset, Spec
from dlrun.data.headers import stored_array
from dlrun.datasets.samples import Sample, with_target
from dlrun.shapes.input_readers import side_by_side


def sample(*, path: Any, x: Any, y: str, form: str | None, **_: Any) -> Sample:
    """The shape of the arrays, and of a small file the classes."""
    names = (x,) if isinstance(x, str) else tuple(x)
    known = Sample(columns=None if isinstance(x, str) else names, format="arrays")
    if not isinstance(path, str | Path | list | tuple):
        return known
    features = [stored_array(path, name) for name in names]
    shapes = [one.shape[1:] or (1,) for one in features if one is not None]
    if len(shapes) < len(names) or not shapes:
        return known
    views = () if isinstance(x, str) else side_by_side(dict(zip(names, shapes, strict=True)))
    known = known._replace(shape=(views[-1].end,) if views else shapes[0], views=views)
    targets = stored_array(path, y)
    if targets is not None and targets.values is not None:
        return with_target(known, targets.values, form)
    if targets is not None and form == "value" and "U" not in targets.dtype:
        return known._replace(target=targets.shape[1:] or (1,))
    return known


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    path: Path | Sequence[Path],
    x: str | Sequence[str] = "x",
    y: str = "y",
    x_test: str | Sequence[str] | None = None,
    y_test: str | None = None,
) -> Dataset:
    """The rows of two arrays, in their order; nothing is scaled.

    Targets of text hold classes, numbered in the order of their sorted names. Targets of numbers
    hold values, which become classes if the loss asks for classes.

    Args:
        seed: Not used.
        path: An `.npz` file; or a list of `.npy` files, as in `[x.npy, y.npy]`, each of which holds
            the array that is called like it. Arrays of Python objects are refused.
        x: The name of the array of features, `(rows, ...)`; or a list of several, which layers
            name in `inputs`, each of its own shape.
        y: The name of the array of targets, `(rows,)` or `(rows, targets)`; or `(rows, ...,
            classes)`, one-hot, for a class at every position.
        x_test: The name of the features of test rows, or null.
        y_test: The name of their targets; with `x_test`.
    """
    from dlrun.data.array_samples import read_dataset

    return read_dataset(path, names_of(x), y, names_of(x_test), y_test)


def names_of(given: str | Sequence[str] | None) -> Any:
    """Give one name as it is, and several as a tuple."""
    return given if given is None or isinstance(given, str) else tuple(given)


def recall_form(arguments: Mapping[str, Any], spec: Spec) -> Spec:
    """Complete the spec of an older run, which did not keep the names of its arrays."""
    return replace(spec, form=ArrayForm(str(arguments["x"]), str(arguments["y"])))
