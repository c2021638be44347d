"""A run that is asked again and again: its model stays in memory, it answers as predict does."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from dlrun.arrays import Spec
from dlrun.columns.category import Category
from dlrun.data.predictions import PredictionWriter
from dlrun.data.python_rows import CollectedRows, as_file, images_of, open_given
from dlrun.data.series_dataset import held_by_steps
from dlrun.data.series_samples import by_step, columns_of_forecasts, columns_of_steps
from dlrun.data.table_match import feature_names_of
from dlrun.data.thresholds import decide
from dlrun.errors import DataError
from dlrun.execution.opening import load_model, open_trained
from dlrun.rundir.folder import Run, safe_name
from dlrun.training.evaluation import Predictor
from dlrun.training.listener import Listener
from dlrun.wording import quote
from dlrun.workflows import explain as explaining
from dlrun.workflows.predict import predict_samples

INPUT: Final = "input"
"""What an array is called that has no columns: as in a config, the data."""
MOST_CHOICES: Final = 500
"""A category of more values is typed."""
DATA_URL: Final = re.compile(r"data:[\w./+-]*;base64,")
"""What stands before an image that a browser has read."""
MOST_FIELDS: Final = 200
"""A flat array of more numbers is typed as one text."""


class Service:
    """Answers for a run; one question at a time, for the model computes on all cores.

    `watcher` hears how it is loaded; `draw` writes an explanation as a text.
    """

    def __init__(
        self,
        run: Run,
        watcher: Listener,
        *,
        max_rows: int,
        draw: Callable[[explaining.Explanation], str],
    ) -> None:
        self._run = run
        self._max_rows = max_rows
        self._draw = draw
        self._opened = open_trained(run, watcher, answers=True)
        self.spec: Spec = self._opened.spec
        self.name = safe_name(self._opened.experiment.name)
        self.label = run.lasting_name
        self._predictor = Predictor(load_model(self._opened), self.spec.target_scaling)
        # Traced before anybody waits for it.
        y_pred = self._predictor.predict(np.zeros((1, *self.spec.input_shape), np.float32))
        collected = CollectedRows()
        chooses = self.spec.class_names is not None or self.spec.labels
        classes = decide(y_pred, self.spec, None) if chooses else None
        y_pred, told = by_step(y_pred, self.spec)
        kept = {name: [""] * len(y_pred) for name in columns_of_forecasts(self.spec.series)}
        PredictionWriter(collected, told, with_true=False).write(y_pred, classes, kept=kept)
        del collected.columns["row"]
        self.example = collected.columns  # what an answer looks like: its columns, with a value

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table or of flat rows with names; none where rows are arrays."""
        named = self.spec.columns is not None or self.spec.feature_names is not None
        names = feature_names_of(self.spec) if named else ()
        return names if self.spec.series is None else columns_of_steps(self.spec.series, names)

    def predict(self, rows: Any) -> dict[str, list[Any]]:
        """Tell what `dlrun predict` writes of rows, by column.

        Rows are `{"column": [values]}`, or an array of numbers in nested lists, `(rows,
        *input_shape)`.

        Raises:
            DataError: They do not fit the run, or are too many.
        """
        collected = CollectedRows()
        with open_given(self._checked(rows), self.spec) as samples:
            predict_samples(self._opened, samples, self._predictor, collected)
        del collected.columns["row"]
        return collected.columns

    def explain(self, rows: Any) -> str:
        """Tell the forward pass of the first row as `dlrun explain` prints it."""
        with as_file(self._checked(rows), self.spec) as (path, spec):
            explained = explaining.explain(
                self._run,
                explaining.Choice(data=path, passing=spec),
                layer=None,
                trust=False,
                compare=False,
                listener=Listener(),
            )
        return self._draw(explained)

    def _checked(self, rows: Any) -> Any:
        """Refuse too many rows; name the columns of flat rows that come as lists."""
        if not isinstance(rows, Mapping):
            try:
                array = np.array(rows)
            except ValueError as error:
                raise DataError("the rows differ in their shapes.", where="rows") from error
            if self.columns and array.ndim == 2 and array.shape[1] == len(self.columns):  # noqa: PLR2004
                rows = {name: [row[at] for row in rows] for at, name in enumerate(self.columns)}
            elif array.dtype.kind not in "biuf":
                raise DataError(
                    f"expected numbers of the shape {('rows', *self.spec.input_shape)}, or the "
                    f"columns {', '.join(self.columns) or 'of a table'} by name.",
                    where="rows",
                )
            else:
                rows = array
        first = next(iter(rows.values()), []) if isinstance(rows, Mapping) else rows
        if not hasattr(first, "__len__") or isinstance(first, str):
            raise DataError("each column is a list of values.", where="rows")
        if not 0 < len(first) <= self._max_rows:
            fix = f"Send 1 to {self._max_rows:,} rows at a time."
            raise DataError(f"there are {len(first):,} rows.", where="rows", fix=fix)
        return self._with_bytes(rows) if isinstance(rows, Mapping) else rows

    def _with_bytes(self, rows: Mapping[str, Any]) -> dict[str, Any]:
        """Decode images; never is a text of a request the name of a file here."""
        turned = dict(rows)
        for name in images_of(self.spec) & rows.keys():
            if not isinstance(rows[name], list | tuple):
                raise DataError("each column is a list of values.", where="rows")
            turned[name] = [_bytes_of(name, at, cell) for at, cell in enumerate(rows[name])]
        return turned

    def inputs(self) -> list[dict[str, Any]]:
        """Tell what it takes, as the Open Inference Protocol does."""
        if not self.columns:
            shape = [-1, *self.spec.input_shape]
            return [{"name": INPUT, "datatype": "FP32", "shape": shape}]
        kinds = {one.name: one.holds for one in self.spec.columns or ()}
        if self.spec.series is not None:
            kinds = held_by_steps(self.spec.series) | kinds
        return [
            {
                "name": name,
                "datatype": "FP64" if kinds.get(name, "number") == "number" else "BYTES",
                "shape": [-1],
            }
            for name in self.columns
        ]

    def fields(self) -> list[dict[str, Any]]:
        """Tell how a page asks for a row: a field for each column, or one for the array."""
        spec = self.spec
        fitted = {one.name: one for one in spec.columns or ()}
        if spec.series is not None:
            of_text = [one["name"] for one in self.inputs() if one["datatype"] == "BYTES"]
            decimal = spec.series.table.reading.decimal
            steps = {"name": "steps", "kind": "steps", "columns": self.columns, "texts": of_text}
            return [{**steps, "window": spec.series.window, "decimal": decimal}]
        if spec.columns is None and (
            spec.image_shape or not self.columns or len(self.columns) > MOST_FIELDS
        ):
            shape = spec.image_shape or (
                spec.input_shape if len(spec.input_shape) == 3 and spec.input_shape[2] in (1, 3)  # noqa: PLR2004
                else None
            )  # fmt: skip
            one = {"name": INPUT, "shape": spec.input_shape, "size": math.prod(spec.input_shape)}
            if shape is None:
                return [{**one, "kind": "array"}]
            image = (*shape, 1)[:3]
            return [{**one, "kind": "image", "image": image, "max": spec.pixel_max or 1.0}]
        return [_field(name, fitted.get(name)) for name in self.columns]


def _field(name: str, column: Any) -> dict[str, Any]:
    kind = "number" if column is None else column.kind
    field = {"name": name, "kind": kind}
    if column is not None and column.holds == "image":
        return {**field, "kind": "file"}
    if isinstance(column, Category) and len(column.classes) <= MOST_CHOICES:
        return {**field, "choices": column.classes, "numbers": column.values is not None}
    if column is not None and column.holds == "number" and hasattr(column, "low"):
        return {**field, "kind": "number", "hint": f"{column.low:g} to {column.high:g}"}
    return field


def _bytes_of(name: str, row: int, cell: Any) -> bytes | None:
    """Read an image of a request: `{"b64": text}`, as TensorFlow Serving has it, or the text."""
    if isinstance(cell, Mapping) and set(cell) == {"b64"}:
        cell = cell["b64"]
    if cell in (None, ""):
        return None
    try:
        if isinstance(cell, str):
            text = DATA_URL.sub("", cell, count=1)
            return base64.b64decode(text, validate=True)
    except ValueError:
        pass
    what = f"row {row + 1} of the column {quote(name)} is no image in base64."
    fix = 'Send the bytes of its file: {"b64": "iVBORw0K..."}, or as a data URL.'
    raise DataError(what, where="rows", fix=fix)


def as_rows(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Turn columns into one mapping a row."""
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def as_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Turn mappings into columns; what a row lacks is missing."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}
