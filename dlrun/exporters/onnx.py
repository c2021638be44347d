"""Exports `model.onnx`: the network for ONNX Runtime and all that reads ONNX."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dlrun.backend import tf
from dlrun.errors import DlrunError
from dlrun.exporters import Written
from dlrun.exporters.agreement import checked
from dlrun.exporters.encoder import with_encoder
from dlrun.exporters.keras_model import with_units
from dlrun.exporters.network_inputs import dtype_of, inputs_of
from dlrun.rundir.files import replace_with

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dlrun.arrays import Spec, Splits
    from dlrun.rundir.folder import Run
    from dlrun.training.evaluation import Predictor

NEEDS = ("tf2onnx", "onnxruntime")
NAMES_FUNCTIONS = True
NAME: Final = "model.onnx"
OPSET: Final = 18
DOUBLE: Final = 11  # float64, by ONNX's number


def export(
    *, model: Any, splits: Splits, predictor: Predictor, folder: Run, check: bool = True
) -> Written:
    """Write the network as ONNX, given the numbers that `model.keras` is given.

    It takes any number of rows, in the units of the data, and gives `outputs`, in the units of the
    targets. Its metadata name the entries of a row, the classes and what the outputs are, and
    `encode.py` beside it turns raw rows into its inputs. Needs the extra `onnx`.

    Args:
        model: The trained `keras.Model`.
        splits: The rows and their spec.
        predictor: Predicts with the model.
        folder: The run.
        check: Whether ONNX Runtime answers for rows of the run, and the largest difference is
            told and kept in its record.
    """
    path = folder.file(NAME)
    data = _converted(with_units(model, splits.spec), splits.spec)
    replace_with(path, lambda temporary: temporary.write_bytes(data))
    if not check:
        return with_encoder(Written([path]), splits.spec, folder)
    session = _session(data)
    written = checked(path, lambda given: session.run(None, dict(given))[0], splits, predictor)
    return with_encoder(written, splits.spec, folder)


def _converted(whole: Any, spec: Spec) -> bytes:
    import tf2onnx

    dtype = dtype_of(spec)
    given = [tf.TensorSpec([None, *one.shape], dtype, one.name) for one in inputs_of(spec)]

    def compute(*inputs: Any) -> dict[str, Any]:
        outputs = whole(inputs[0] if len(inputs) == 1 else list(inputs), training=False)
        return {"outputs": tf.cast(outputs, tf.float32)}

    function = tf.function(compute, input_signature=given, autograph=False)
    failed: list[str] = []
    try:
        with _heard(failed):
            made, _ = tf2onnx.convert.from_function(
                function, given, opset=OPSET, custom_op_handlers=WRITTEN_OTHERWISE
            )
    except Exception as error:  # its errors have no class in common
        raise _refusal(str(error)) from error
    if unknown := sorted({node.op_type for node in _nodes(made.graph) if not _is_known(node)}):
        raise _refusal(f"ONNX has no {' and no '.join(unknown)} of TensorFlow")
    if failed:
        raise _refusal(failed[0])
    for key, value in _facts(spec).items():
        made.metadata_props.add(key=key, value=value)
    data: bytes = made.SerializeToString(deterministic=True)
    return data


def _session(data: bytes) -> Any:
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no class in common
        raise _refusal(f"ONNX Runtime does not take it: {error}") from error


def _refusal(why: str) -> DlrunError:
    what = f"the model cannot be written as ONNX: {why.strip().splitlines()[0]}"
    return DlrunError(what, where=NAME)


def _one_less_erf(graph: Any, node: Any, name: str, _: Any) -> None:
    """Write `Erfc`, which `gelu` asks for and the converter does not know, as 1 - `Erf`."""
    node.type = "Erf"
    erf = node.output[0]
    one = _one(graph, name, erf)
    less = graph.insert_new_node_on_output("Sub", erf, f"{name}_less", [one, erf])
    graph.copy_shape(erf, less.output[0])
    graph.copy_dtype(erf, less.output[0])


def _log_of_one_more(graph: Any, node: Any, name: str, _: Any) -> None:
    """Write `Log1p`, which columns on a logarithmic scale ask for, as the `Log` of 1 + x."""
    node.type = "Log"
    given = node.input[0]
    one = _one(graph, name, given)
    more = graph.insert_new_node_on_input(node, "Add", [given, one])
    graph.copy_shape(given, more.output[0])
    graph.copy_dtype(given, more.output[0])


def _one(graph: Any, name: str, tensor: str) -> str:
    """Make a 1 of the dtype of a tensor."""
    kind = "float64" if graph.get_dtype(tensor) == DOUBLE else "float32"
    made: str = graph.make_const(f"{name}_one", np.ones((), kind)).output[0]
    return made


WRITTEN_OTHERWISE: Final[dict[str, Any]] = {
    "Erfc": (_one_less_erf, []),
    "Log1p": (_log_of_one_more, []),
}
"""What the converter does not know, and ONNX has in other words."""


def _nodes(graph: Any) -> Iterator[Any]:
    """Give all nodes, those of loops and branches too."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _nodes(attribute.g)


def _is_known(node: Any) -> bool:
    import onnx

    try:
        onnx.defs.get_schema(node.op_type, max_inclusive_version=OPSET, domain=node.domain)
    except onnx.defs.SchemaError:
        return bool(node.domain)  # the standard tells of its own operations only
    return True


@contextmanager
def _heard(failed: list[str]) -> Iterator[None]:
    """Hear of what the converter cannot do: it logs that, and goes on with a wrong model."""

    class Hearing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            failed.append(record.getMessage())

    # It sets up the root of all logs where that has not been done, and writes warnings there.
    root, own, hearing = logging.getLogger(), logging.getLogger("tf2onnx"), Hearing(logging.ERROR)
    before = [*root.handlers]
    root.handlers[:] = [logging.NullHandler()]
    own.addHandler(hearing)
    try:
        yield
    finally:
        own.removeHandler(hearing)
        root.handlers[:] = before


def _facts(spec: Spec) -> Mapping[str, str]:
    """Name what the numbers are."""
    facts = {
        "feature_names": spec.feature_names,
        "class_names": spec.class_names,
        "target_names": spec.target_names,
        "output": spec.output or "value",
    }
    return {key: json.dumps(value) for key, value in facts.items() if value is not None}
