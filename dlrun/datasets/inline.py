"""A few rows of one's own, written into the config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dlrun.datasets.samples import Sample, with_target
from dlrun.errors import ConfigError, Problem
from dlrun.wording import count, describe, is_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dlrun.arrays import Dataset

KEYS: Final = ("x", "y", "x_test", "y_test")


def sample(*, x: Any, y: Any, x_test: Any, form: str | None, **_: Any) -> Sample:
    """Tell the shape of a row, and the classes."""
    shape = (*_shape(x, "x")[1:],) or (1,)
    known = Sample(shape, rows=len(x), test_rows=len(x_test or ()))
    targets = _shape(y, "y")[1:]
    if targets in ((), (1,)):
        return with_target(known, [_first(one) for one in y], form)
    return known._replace(target=targets)


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    x: list[Any],
    y: list[Any],
    x_test: list[Any] | None = None,
    y_test: list[Any] | None = None,
) -> Dataset:
    """Rows as lists, such as `x: [[0, 0], [0, 1]]` and `y: [0, 1]`, in their order.

    Targets of text are classes, numbered in the order of their sorted names. Targets of numbers
    are values, which become classes if the loss asks for classes.

    Args:
        seed: Not used.
        x: The features: a list of numbers for each row, or lists of lists, all alike.
        y: The targets: a text or a number for each row, or a list of numbers.
        x_test: The features of test rows, or null.
        y_test: Their targets; with `x_test`.
    """
    from dlrun.arrays import Dataset, Samples
    from dlrun.data.classes import TextClasses, match_names

    if (x_test is None) != (y_test is None):
        given, other = ("x_test", "y_test") if y_test is None else ("y_test", "x_test")
        raise ConfigError(Problem(f"dataset.{given}", f"{given} was given without {other}."))
    features = _rows(x, "x")
    _check_alike(x, y, "x", "y")
    class_names = None
    train_y: NDArray[Any]
    if isinstance(_first(y[0]), str):
        classes = TextClasses("y")
        classes.add(_texts(y, "y"))
        class_names, train_y = classes.numbered()
    else:
        train_y = _rows(y, "y")
    test = None
    if x_test is not None and y_test is not None:
        _check_alike(x_test, y_test, "x_test", "y_test")
        test_x = _rows(x_test, "x_test")
        if test_x.shape[1:] != features.shape[1:]:
            what = f"Its rows have the shape {test_x.shape[1:]}, those of x {features.shape[1:]}."
            raise ConfigError(Problem("dataset.x_test", what))
        test_y = (
            _rows(y_test, "y_test")
            if class_names is None
            else match_names(_texts(y_test, "y_test"), class_names, "dataset.y_test")
        )
        if test_y.shape[1:] != train_y.shape[1:]:
            what = f"Its rows have the shape {test_y.shape[1:]}, those of y {train_y.shape[1:]}."
            raise ConfigError(Problem("dataset.y_test", what))
        test = Samples(test_x, test_y)
    width = features.shape[1]
    return Dataset(
        Samples(features, train_y),
        test,
        class_names=class_names,
        feature_names=_names("x", width) if features.ndim == 2 else None,  # noqa: PLR2004
        target_names=_names("y", train_y.shape[1] if train_y.ndim > 1 else 1),
    )


def _names(letter: str, number: int) -> tuple[str, ...]:
    """`y` of one column, `y1`, `y2`, ... of several; features are numbered always."""
    if letter == "y" and number == 1:
        return (letter,)
    return tuple(f"{letter}{one + 1}" for one in range(number))


def _rows(values: Any, key: str) -> NDArray[np.float64]:
    """Make an array of rows, `(rows, ...)`: numbers alone are rows of one."""
    import numpy as np

    shape = _shape(values, key)
    array = np.array(values, np.float64)
    return array.reshape(len(values), 1) if len(shape) == 1 else array


def _texts(values: Any, key: str) -> list[str]:
    texts = [_first(one) for one in values]
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            what = f"Expected a text as in the first row, got {describe(text)}."
            raise ConfigError(Problem(f"dataset.{key}[{row}]", what, "Put it in quotes."))
    return texts


def _check_alike(x: Any, y: Any, one: str, other: str) -> None:
    if len(x) != len(y):
        what = f"{one} has {count(len(x), 'row')}, {other} has {len(y)}."
        raise ConfigError(Problem(f"dataset.{other}", what, "Write one target for each row."))


def _first(value: Any) -> Any:
    """The only value of a list of one; else what it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _shape(values: Any, key: str) -> tuple[int, ...]:
    """Tell the shape of nested lists of numbers, or of texts, which are all alike.

    Raises:
        ConfigError: They are not; with the place of the first that differs.
    """
    path = f"dataset.{key}"
    if not isinstance(values, list) or not values:
        what = f"Expected a list of rows, got {describe(values)}."
        raise ConfigError(Problem(path, what, f"Write such as {key}: [[0, 1], [1, 0]]."))
    inner = [
        _shape_of(one, f"{path}[{row}]", is_text=key[0] == "y") for row, one in enumerate(values)
    ]
    for row, shape in enumerate(inner):
        if shape != inner[0]:
            what = f"Its shape is {shape}, that of the first row {inner[0]}."
            raise ConfigError(Problem(f"{path}[{row}]", what, "All rows are alike."))
    return (len(values), *inner[0])


def _shape_of(value: Any, path: str, *, is_text: bool) -> tuple[int, ...]:
    if isinstance(value, list) and value:
        inner = [
            _shape_of(one, f"{path}[{number}]", is_text=is_text) for number, one in enumerate(value)
        ]
        odd = next((number for number, one in enumerate(inner) if one != inner[0]), None)
        if odd is not None:
            what = f"Its shape is {inner[odd]}, that of the first one {inner[0]}."
            raise ConfigError(Problem(f"{path}[{odd}]", what, "All are alike."))
        return (len(value), *inner[0])
    if is_number(value) or (is_text and isinstance(value, str)):
        return ()
    wanted = "a number or a text" if is_text else "a number"
    raise ConfigError(Problem(path, f"Expected {wanted}, got {describe(value)}."))
