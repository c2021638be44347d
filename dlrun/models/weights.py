"""Weights by variable path: the form in which they are stored, hashed and loaded."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.errors import RunFolderError
from dlrun.shapes import Shape, Step, Weight
from dlrun.shapes.layer import show


def get_weights(model: Any) -> dict[str, NDArray[Any]]:
    """Return a copy of every weight, trainable or not, by its path such as `dense/kernel`."""
    return {variable.path: np.array(variable.numpy()) for variable in model.weights}


def weight_layout(model: Any) -> dict[str, tuple[tuple[int, ...], str]]:
    """Return the shape and dtype of every weight by path: what a weights file must hold."""
    return {
        variable.path: (tuple(variable.shape), str(variable.dtype)) for variable in model.weights
    }


def set_weights(model: Any, weights: Mapping[str, NDArray[Any]]) -> None:
    """Fill the model with weights, one per path, whose names and shapes have been checked."""
    for variable in model.weights:
        variable.assign(weights[variable.path])
    settle(model)


def settle(model: Any) -> None:
    """Let layers know that their weights are others now.

    `Normalization`, which EfficientNet has, computes with tensors that it makes of its weights.
    """
    for layer in model._flatten_layers():  # noqa: SLF001 - networks in networks, too
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


ByName = dict[str, NDArray[Any]]

DIRECTIONS: Final = ("forward", "backward")
LARGEST_REPORT: Final = 5


def weights_by_layer(
    steps: Sequence[Step], tensors: Mapping[str, NDArray[Any]], *, where: str
) -> dict[str, ByName]:
    """Give every layer its weights by name, in the order of Keras where it is known.

    `tensors` are weights by variable path; all must be there, of the shape that their layer says,
    and no others. `where` is the file that they come from.
    """
    found: dict[str, ByName] = {step.name: {} for step in steps}
    is_known = {step.name: step.weights is not None for step in steps}
    wrong = []
    for path, tensor in tensors.items():
        layer, name = read_path(path)
        if not is_known.get(layer, True):
            name = path.partition("/")[2]
        if layer not in found or name in found[layer]:
            wrong.append(f"'{path}' is not expected")
        else:
            found[layer][name] = tensor
    for step in steps:
        if step.weights is None:
            continue
        own, expected = found[step.name], expected_names(step.weights)
        wrong += [f"'{step.name}/{name}' is missing" for name in expected if name not in own]
        wrong += [f"'{step.name}/{name}' is not expected" for name in own if name not in expected]
        found[step.name] = {name: own[name] for name in expected if name in own}
        for name, weight in found[step.name].items():
            if weight.shape != expected[name]:
                has = f"the shape {show(weight.shape)}, expected {show(expected[name])}"
                wrong.append(f"'{step.name}/{name}' has {has}")
    if wrong:
        more = len(wrong) - LARGEST_REPORT
        shown = "; ".join(wrong[:LARGEST_REPORT]) + (f"; {more} more" if more > 0 else "")
        raise RunFolderError(f"does not fit the model: {shown}.", where=where)
    return found


def read_path(path: str) -> tuple[str, str]:
    """Read `lstm/lstm_cell/kernel` as the layer and the name of the weight: `lstm`, `kernel`."""
    # Keras calls a variable by the way to it, and itself names what stands in the middle:
    # `lstm/lstm_cell/kernel`, `time_distributed/dense/kernel`, and
    # `bidirectional/forward_lstm/lstm_cell/kernel` beside `bidirectional/backward_lstm/...`.
    layer, _, rest = path.partition("/")
    *between, name = rest.split("/")
    for direction in DIRECTIONS:
        if any(part.startswith(f"{direction}_") for part in between):
            return layer, f"{direction}/{name}"
    return layer, name


def expected_names(weights: Sequence[Weight]) -> dict[str, Shape]:
    """Return the shapes of the weights that a layer must have, by name.

    Of a Bidirectional, first come those of the way forwards, then the same backwards.
    """
    half = len(weights) // 2
    if not weights or weights[:half] != weights[half:]:
        return {weight.name: weight.shape for weight in weights}
    return {
        f"{direction}/{weight.name}": weight.shape
        for direction, part in zip(DIRECTIONS, (weights[:half], weights[half:]), strict=True)
        for weight in part
    }
