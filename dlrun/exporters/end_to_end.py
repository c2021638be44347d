"""A model that is given raw rows and answers in classes and probabilities, as one graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dlrun.backend import tf
from dlrun.columns.graphs import Lookups, refuse
from dlrun.columns.packing import parts
from dlrun.data.cell_sql import BLANKS
from dlrun.data.labels import LOGIT_THRESHOLD, PROBABILITY_THRESHOLD
from dlrun.errors import DlrunError
from dlrun.exporters.network_inputs import input_names
from dlrun.shapes.cells import parse_number
from dlrun.shapes.layer import DATA
from dlrun.wording import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlrun.arrays import Reading, Spec
    from dlrun.column import FittedColumn

BYTE: Final = 255
_BLANK: Final = "[" + "".join(rf"\x{{{ord(one):x}}}" for one in BLANKS) + "]+"


class EndToEnd(tf.Module):  # type: ignore[misc]
    """What `dlrun predict` does, from the cells of a table, or an array, to its answers.

    `endpoints` are functions of TensorFlow by name, each from a mapping of inputs by name, of any
    number of rows, to a mapping of answers.
    """

    def __init__(self, model: Any, spec: Spec) -> None:
        super().__init__()
        self._model, self._spec = model, spec
        self._lookups = Lookups()
        self.columns: dict[str, str] = {}  # the names of inputs, by column
        self.endpoints: dict[str, Any] = {"serving_default": self._of_rows()}
        if spec.image_shape is not None and spec.pixel_max == BYTE:
            self.endpoints["image_bytes"] = self._of_files()
        # Whoever saves this saves what it keeps.
        self._variables = [variable.value for variable in model.variables]
        self._tables = self._lookups.tables

    def _of_rows(self) -> Any:
        """Take columns by their names, `(rows,)` each, or one array, `(rows, *input_shape)`.

        Of series each column has the steps of windows, `(rows, window)`.
        """
        spec = self._spec
        if spec.columns is None:
            dtype = tf.float32 if spec.scaling is None else tf.float64
            given = {DATA: tf.TensorSpec([None, *spec.input_shape], dtype, DATA)}
            return self._traced(lambda inputs: self._of_array(inputs[DATA]), given)
        holds = {
            part.column.name: part.column.holds
            for part in parts(spec.columns, spec.views)
            if part.begin < part.end
        }
        self.columns = dict(zip(holds, input_names(holds), strict=True))
        inner = [] if spec.series is None else [spec.series.window]
        given = {
            self.columns[name]: tf.TensorSpec(
                [None, *inner], tf.float64 if held == "number" else tf.string, self.columns[name]
            )
            for name, held in holds.items()
        }
        turned = self._packed if spec.series is None else self._windows
        return self._traced(lambda inputs: self._answers(turned(inputs)), given)

    def _windows(self, inputs: Mapping[str, Any]) -> Any:
        """Turn each step of windows as a row, and put them together again."""
        steps = {name: tf.reshape(values, [-1]) for name, values in inputs.items()}
        return tf.reshape(self._packed(steps), [-1, *self._spec.input_shape])

    def _of_files(self) -> Any:
        """Take images as the bytes of PNG, JPEG, BMP or GIF files, `(rows,)`."""
        height, width, channels = self._spec.image_shape or (0, 0, 0)

        def decode(data: Any) -> Any:
            image = tf.io.decode_image(data, channels, expand_animations=False)
            return tf.ensure_shape(image, [height, width, channels])

        def of_files(inputs: Mapping[str, Any]) -> Any:
            images = tf.map_fn(decode, inputs["image"], fn_output_signature=tf.uint8)
            x = tf.reshape(tf.cast(images, tf.float32), [-1, *self._spec.input_shape])
            return self._of_array(x)

        return self._traced(of_files, {"image": tf.TensorSpec([None], tf.string, "image")})

    def _traced(self, function: Any, given: Mapping[str, Any]) -> Any:
        return tf.function(function, autograph=False).get_concrete_function(dict(given))

    def _of_array(self, x: Any) -> Any:
        """Scale an array, `(rows, *input_shape)`, and answer."""
        spec = self._spec
        if spec.pixel_max is not None:
            x = tf.cast(x, tf.float32) / spec.pixel_max
        if spec.scaling is not None:
            x = (tf.cast(x, tf.float64) - spec.scaling.offset) / spec.scaling.factor
        return self._answers(tf.cast(x, tf.float32))

    def _packed(self, inputs: Mapping[str, Any]) -> Any:
        """Put columns side by side as the network takes them, `(rows, width)`."""
        spec, laid = self._spec, []
        table = spec.table if spec.series is None else spec.series.table
        reading = None if table is None else table.reading
        for part in parts(spec.columns or (), spec.views):
            if part.begin == part.end:
                continue
            column = part.column
            turn = column.numbered_tf if part.ids else column.apply_tf
            try:
                block = turn(
                    _cleaned(column, inputs[self.columns[column.name]], reading), self._lookups
                )
            except NotImplementedError as error:
                raise _refusal(column, str(error)) from error
            block = tf.cast(tf.ensure_shape(block, [None, part.end - part.begin]), tf.float32)
            refuse(~tf.math.is_finite(block), column.name, "a value is beyond float32")
            laid.append(block)
        return tf.concat(laid, axis=1)

    def _answers(self, x: Any) -> dict[str, Any]:
        """Answer for rows as the network takes them."""
        outputs = tf.cast(self._model(x, training=False), tf.float32)
        return answers(outputs, self._spec)


def _cleaned(column: FittedColumn, values: Any, reading: Reading | None) -> Any:
    """Let what means a missing value be missing: NaN of numbers, else empty; strip blanks."""
    words = () if reading is None else reading.missing_values
    if column.holds == "number":
        refuse(tf.math.is_inf(values), column.name, "a value is infinite")
        known = [number for number in map(parse_number, words) if number is not None]
        for number in known:
            values = tf.where(values == number, tf.constant(np.nan, values.dtype), values)
        return values
    values = tf.strings.regex_replace(values, f"^{_BLANK}|{_BLANK}$", "")
    for word in words:
        values = tf.where(values == word.strip(), "", values)
    return values


def _refusal(column: FittedColumn, what: str) -> DlrunError:
    what = f"the kind `{column.kind}`" if what == column.kind else what
    return DlrunError(
        f"column {quote(column.name)}: TensorFlow has no operation for {what}.",
        fix="`model.keras` takes the column's entries, see `feature_names` of spec.json.",
    )


def answers(outputs: Any, spec: Spec) -> dict[str, Any]:
    """Turn the outputs of a network, `(rows, ...)`, into what `dlrun predict` says.

    Of classes: `predicted`, the name of one, `(rows,)`; `probabilities`, or `scores`, `(rows,
    classes)`; `classes`, their names, as often. Of labels the same with 1 and 0 as `predicted`,
    `(rows, labels)`. Else `predicted`, in the units of the targets, `(rows, ...)`.
    """
    numbers = "scores" if spec.output == "score" else "probabilities"
    if spec.labels:
        middle = LOGIT_THRESHOLD if spec.output == "logit" else PROBABILITY_THRESHOLD
        shares = tf.sigmoid(outputs) if spec.output == "logit" else outputs
        return {
            "predicted": tf.cast(outputs > middle, tf.int64),
            numbers: shares,
            "labels": _names(spec.target_names, outputs),
        }
    if spec.class_names is not None:
        shares = _shares(outputs, spec)
        return {
            "predicted": tf.gather(tf.constant(spec.class_names), _numbers(outputs, spec)),
            numbers: shares,
            "classes": _names(spec.class_names, outputs),
        }
    scaling = spec.target_scaling
    if scaling is not None:
        values = tf.cast(outputs, tf.float64) * scaling.factor + scaling.offset
        values = tf.exp(values) if scaling.kind == "log" else values
        outputs = tf.cast(values, tf.float32)
    return {"predicted": outputs}


def _numbers(outputs: Any, spec: Spec) -> Any:
    """Choose class numbers, `(rows,)`."""
    if spec.threshold is None:
        return tf.argmax(outputs, axis=-1)
    return tf.cast(tf.reshape(outputs, [-1]) > spec.threshold, tf.int64)


def _shares(outputs: Any, spec: Spec) -> Any:
    """Give one probability for each class where the network tells them, else its scores."""
    one = spec.threshold is not None
    if spec.output == "logit":
        outputs = tf.sigmoid(outputs) if one else tf.nn.softmax(outputs)
    if spec.output in ("logit", "probability") and one:
        outputs = tf.concat([1 - outputs, outputs], axis=1)
    return outputs


def _names(names: Sequence[str], outputs: Any) -> Any:
    return tf.tile(tf.constant([list(names)]), [tf.shape(outputs)[0], 1])
