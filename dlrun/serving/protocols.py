"""What two protocols say of rows: TensorFlow Serving's REST interface, and Open Inference v2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from dlrun.errors import DataError
from dlrun.serving.service import INPUT, Service, as_columns, as_rows
from dlrun.wording import describe, listed

_TYPES: Final = {
    "BOOL": bool, "BYTES": str, "FP16": float, "FP32": float, "FP64": float,
    **{f"{sign}INT{bits}": int for sign in ("", "U") for bits in (8, 16, 32, 64)},
}  # fmt: skip
"""The datatypes of Open Inference, and what JSON has for them."""


def rows_of(body: Any) -> tuple[Any, bool]:
    """Read the rows of a request in TensorFlow Serving's form, and whether it is the one of rows.

    `{"instances": [row, ...]}`, a row being `{"column": value}` or nested lists; or `{"inputs":
    {"column": [values]}}`, or nested lists.
    https://www.tensorflow.org/tfx/serving/api_rest
    """
    body = _mapping(body)
    given = [key for key in ("instances", "inputs") if key in body]
    if len(given) != 1:
        what = f"expected 'instances' or 'inputs', received {listed(body) or 'nothing'}."
        raise DataError(what, where="the request")
    rows = body[given[0]]
    if given == ["inputs"]:
        if isinstance(rows, dict) and set(rows) == {INPUT}:
            rows = rows[INPUT]
        return rows, False
    if not isinstance(rows, list):
        raise DataError(f"expected a list of rows, got {describe(rows)}.", where="instances")
    are_named = [isinstance(row, dict) for row in rows]
    if any(are_named) and not all(are_named):
        raise DataError("some rows name their columns, and some do not.", where="instances")
    if not any(are_named):
        return rows, True
    columns = as_columns(rows)
    return (columns[INPUT] if set(columns) == {INPUT} else columns), True


def predict(service: Service, body: Any) -> dict[str, Any]:
    """Answer a request in TensorFlow Serving's form, in the form in which it came."""
    rows, by_row = rows_of(body)
    answers = service.predict(rows)
    return {"predictions": as_rows(answers)} if by_row else {"outputs": answers}


def status() -> dict[str, Any]:
    """Tell that the model is there, as TensorFlow Serving does."""
    fine = {"error_code": "OK", "error_message": ""}
    return {"model_version_status": [{"version": "1", "state": "AVAILABLE", "status": fine}]}


def metadata(service: Service) -> dict[str, Any]:
    """Tell of the model in the form of Open Inference."""
    return {
        "name": service.name,
        "versions": ["1"],
        "platform": "dlrun_keras",
        "inputs": service.inputs(),
        "outputs": [
            {"name": name, "datatype": _datatype(column), "shape": [-1]}
            for name, column in service.example.items()
        ],
    }


def infer(service: Service, body: Any) -> dict[str, Any]:
    """Answer a request of Open Inference v2: one tensor for each column, or one of numbers.

    https://github.com/open-inference/open-inference-protocol
    """
    body = _mapping(body)
    tensors = body.get("inputs")
    if not isinstance(tensors, list) or not tensors:
        raise DataError("expected a list of tensors.", where="inputs")
    arrays = dict(_tensor(one, at) for at, one in enumerate(tensors))
    rows: Any = arrays
    if set(arrays) == {INPUT} and INPUT not in service.columns:
        rows = arrays[INPUT]
    elif any(len(array) != len(_flat(array)) for array in arrays.values()):
        raise DataError("a column has the shape [rows] or [rows, 1].", where="inputs")
    else:
        rows = {name: _flat(array) for name, array in arrays.items()}
    answers = _asked_for(service.predict(rows), body.get("outputs"))
    told = {"id": body["id"]} if isinstance(body.get("id"), str) else {}
    outputs = [_output(name, column) for name, column in answers.items()]
    return {"model_name": service.name, "model_version": "1", **told, "outputs": outputs}


def _tensor(tensor: Any, at: int) -> tuple[str, Any]:
    where = f"inputs[{at}]"
    if not isinstance(tensor, dict) or not {"name", "shape", "datatype", "data"} <= set(tensor):
        raise DataError("expected name, shape, datatype and data.", where=where)
    name, shape, datatype = str(tensor["name"]), tensor["shape"], tensor["datatype"]
    if datatype not in _TYPES:
        what = f"there is no datatype {describe(datatype)}; there are {', '.join(_TYPES)}."
        raise DataError(what, where=where)
    is_shape = isinstance(shape, list) and shape and all(
        type(size) is int and size >= 0 for size in shape
    )  # fmt: skip
    if not is_shape:
        raise DataError(f"expected a shape such as [3, 4], got {describe(shape)}.", where=where)
    data = np.array(_flat(tensor["data"]), dtype=object)
    kinds = (int, float) if _TYPES[datatype] is float else (_TYPES[datatype],)
    wrong = [one for one in data.tolist() if one is not None and type(one) not in kinds]
    if wrong:
        raise DataError(f"{describe(wrong[0])} is no {datatype}.", where=where)
    if data.size != int(np.prod(shape)):
        what = f"the shape {shape} has {int(np.prod(shape)):,} values, the data {data.size:,}."
        raise DataError(what, where=where)
    return name, data.reshape(shape).tolist()


def _flat(data: Any) -> list[Any]:
    """Give the values of nested lists in their order."""
    if not isinstance(data, list):
        return [data]
    return [one for item in data for one in (_flat(item) if isinstance(item, list) else [item])]


def _asked_for(answers: dict[str, list[Any]], outputs: Any) -> dict[str, list[Any]]:
    if outputs is None:
        return answers
    names = [str(one.get("name") if isinstance(one, dict) else one) for one in outputs or ()]
    unknown = [one for one in names if one not in answers]
    if unknown:
        what = f"there is no {describe(unknown[0])}; there are {listed(answers)}."
        raise DataError(what, where="outputs")
    return {name: answers[name] for name in names}


def _output(name: str, column: Sequence[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": _datatype(column), "shape": [len(column)], "data": [*column]}


def _datatype(column: Sequence[Any]) -> str:
    return {str: "BYTES", int: "INT64"}.get(type(column[0]), "FP32")


def _mapping(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise DataError(f"expected a JSON object, got {describe(body)}.", where="the request")
    return body
