"""Exports `model.tflite`: the network for LiteRT, on phones and small machines."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from dlrun.backend import quiet_native_log, tf
from dlrun.data.units import formula
from dlrun.errors import DlrunError
from dlrun.exporters import Written
from dlrun.exporters.agreement import checked
from dlrun.exporters.encoder import with_encoder
from dlrun.exporters.network_inputs import as_given, inputs_of
from dlrun.rundir.files import replace_with

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from dlrun.arrays import Spec, Splits
    from dlrun.rundir.folder import Run
    from dlrun.training.evaluation import Predictor

CALIBRATED: Final = 500
"""From so many training rows, evenly taken, it is told how large numbers become."""


def export(
    *,
    model: Any,
    splits: Splits,
    predictor: Predictor,
    folder: Run,
    quantize: Literal["int8", "float16", "dynamic"] | None = None,
    check: bool = True,
) -> Written:
    """Write the network for LiteRT (TensorFlow Lite), given the numbers of `model.keras`.

    It takes one row at a time, as float32, in the units of the data, and gives `outputs`, in the
    units of the targets; `encode.py` beside it turns raw rows into its inputs. It has LiteRT's own
    operations only; a model that needs others is refused.

    Args:
        model: The trained `keras.Model`.
        splits: The rows and their spec.
        predictor: Predicts with the model.
        folder: The run.
        quantize: int8 for whole numbers all the way, between the ends that training rows reach;
            float16 for half as large weights; dynamic for weights of int8, computed as float32;
            null for the weights as they are. The name of the file says which.
        check: Whether LiteRT's interpreter answers for rows of the run, and the largest difference
            is told and kept in its record.
    """
    spec = splits.spec
    path = folder.file("model.tflite" if quantize is None else f"model_{quantize}.tflite")
    rows = _rows(splits) if quantize == "int8" else None
    data = _converted(_Network(model, spec), quantize, rows)
    replace_with(path, lambda temporary: temporary.write_bytes(data))
    if not check:
        return with_encoder(Written([path]), spec, folder)
    runner = _runner(data)

    def answer(given: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        rows = len(next(iter(given.values())))
        each = [
            runner(**{name: x[row : row + 1].astype(np.float32) for name, x in given.items()})
            for row in range(rows)
        ]
        return np.concatenate([one["outputs"] for one in each])

    written = checked(path, answer, splits, predictor, is_exact=quantize is None)
    return with_encoder(written, spec, folder)


def _rows(splits: Splits) -> list[list[NDArray[np.float32]]]:
    """Take training rows, evenly, as the inputs of single rows."""
    samples = splits.train
    chosen = np.linspace(0, len(samples) - 1, min(CALIBRATED, len(samples))).astype(int)
    given = as_given(samples.x[chosen], splits.spec)
    return [
        [x[row : row + 1].astype(np.float32) for x in given.values()] for row in range(len(chosen))
    ]


class _Network(tf.Module):  # type: ignore[misc]
    """A network from one row in the units of the data, all in float32: LiteRT has no float64."""

    def __init__(self, model: Any, spec: Spec) -> None:
        super().__init__()
        self._model, self._spec = model, spec
        self.in_float32 = _in_float32(spec)
        self._variables = [variable.value for variable in model.variables]
        self.given = [tf.TensorSpec([1, *one.shape], tf.float32, one.name)
                      for one in inputs_of(spec)]  # fmt: skip

    def __call__(self, *inputs: Any) -> dict[str, Any]:
        spec, scaling = self._spec, formula(self._spec)
        x = inputs[0] if len(inputs) == 1 else tf.concat(inputs, axis=-1)
        if spec.pixel_max is not None:
            x = x * np.float32(1 / spec.pixel_max)
        if scaling is not None:
            if scaling.logs.any():
                logs = tf.sign(x) * tf.math.log(1 + tf.abs(x))
                mask = scaling.logs.astype(np.float32)
                x = logs * mask + x * (1 - mask)
            # What float32 cannot hold of an offset is taken off by itself, when numbers are small.
            high = scaling.offset.astype(np.float32)
            low = (scaling.offset - high).astype(np.float32)
            x = (x - high) * (1 / scaling.factor).astype(np.float32)
            x = x - (low / scaling.factor).astype(np.float32)
        y = tf.cast(self._model(x, training=False), tf.float32)
        targets = spec.target_scaling
        if targets is not None:
            y = y * np.array(targets.factor, np.float32) + np.array(targets.offset, np.float32)
            y = tf.exp(y) if targets.kind == "log" else y
        return {"outputs": y}


def _in_float32(spec: Spec) -> list[str]:
    """Name LiteRT's operations that int8 leaves as they are.

    A row is one tensor with one grid of 256 numbers, on which 0 and 1 would be the same where
    another entry is 3,000,000. So what scales entries apart stays as it is.
    """
    scaling, targets = formula(spec), spec.target_scaling
    is_apart = scaling is not None and (scaling.factor.size > 1 or bool(scaling.logs.any()))
    return ["SUB", "MUL", "ADD"] if is_apart or targets is not None else []


def _converted(network: _Network, quantize: str | None, rows: Any) -> bytes:
    function = tf.function(network.__call__, input_signature=network.given, autograph=False)
    graph, lite = function.get_concrete_function(), tf.lite
    if quantize == "int8" and len(network.given) > 1:
        raise _refusal(
            "its layers name columns, and class numbers would share a grid of 256 numbers with "
            "all others in int8; `float16` and `dynamic` leave them as they are"
        )
    if quantize == "int8" and _has_loops(graph):
        raise _refusal(
            "its layers go step by step, as LSTM and GRU do, which TensorFlow cannot write in "
            "int8; `float16` and `dynamic` it can"
        )
    converter = lite.TFLiteConverter.from_concrete_functions([graph], network)
    if quantize is not None:
        converter.optimizations = [lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]

    # A list of its own: that of a `tf.Module` is none to the converter, which would pass it over.
    kept = [*network.in_float32] if quantize == "int8" else []

    def each() -> Iterator[list[NDArray[np.float32]]]:
        yield from rows

    if quantize == "int8":
        converter.representative_dataset = each
    with _quietly():  # what it says on its way to an error is a page of its own insides
        try:
            if not kept:
                return bytes(converter.convert())
            options = lite.experimental.QuantizationDebugOptions(denylisted_ops=kept)
            debugger = lite.experimental.QuantizationDebugger(
                converter=converter, debug_dataset=each, debug_options=options
            )
            return bytes(debugger.get_nondebug_quantized_model())
        except Exception as error:  # noqa: BLE001 - its errors have no class in common
            problem = error
    said = next((line for line in str(problem).splitlines() if "error:" in line), str(problem))
    raise _refusal(said.partition("error: ")[2] or said) from problem


def _has_loops(function: Any) -> bool:
    """Say whether a graph holds a loop, with which the quantizer of TensorFlow 2.21 crashes."""
    graph = function.graph.as_graph_def()
    nodes = [*graph.node, *(node for one in graph.library.function for node in one.node_def)]
    return any(node.op in ("While", "StatelessWhile") for node in nodes)


def _refusal(why: str) -> DlrunError:
    return DlrunError(f"the model cannot be written for LiteRT: {why}", where="model.tflite")


def _runner(data: bytes) -> Any:
    """Open a file's bytes in the interpreter that TensorFlow brings along."""
    with _quietly():
        interpreter = tf.lite.Interpreter(model_content=data)
        interpreter.allocate_tensors()
        return interpreter.get_signature_runner()


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep off the terminal what the converter and the interpreter say to their makers."""
    with quiet_native_log(), warnings.catch_warnings():
        # Of a package with the same interpreter, which TensorFlow does not need yet.
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated")
        yield
