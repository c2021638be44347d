"""Rules about weights that are written down: numbers in equal rows, of a shape that can fit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from dlrun.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dlrun.config.schema import Experiment, LayerConfig

Shape = tuple[int | None, ...]
CONVOLUTION: Final = re.compile(r"Conv(\d)D")


def weights_are_arrays(experiment: Experiment) -> Iterator[Problem]:
    """Every weight is a number or a nested list of equal rows of numbers."""
    for path, weight in _weights(experiment):
        if _shape(weight) is None:
            what = "A weight is a number or a nested list of numbers in equal rows."
            yield Problem(path, what, "Write such as [[1.0], [1.0]].")


def weights_fit_the_layer(experiment: Experiment) -> Iterator[Problem]:
    """As many weights as the layer has, each of a shape that goes with its arguments."""
    for index, layer in enumerate(experiment.model.layers):
        wanted = _wanted(layer)
        if layer.weights is None or wanted is None:
            continue
        path = f"model.layers[{index}].weights"
        if len(layer.weights) != len(wanted):
            names = ", ".join(f"{name} {_shown(shape)}" for name, shape in wanted)
            count = "1 weight" if len(wanted) == 1 else f"{len(wanted)} weights"
            what = f"{layer.type} has {count}, got {len(layer.weights)}."
            yield Problem(path, what, f"Write [{names}].")
            continue
        for number, (weight, (name, shape)) in enumerate(zip(layer.weights, wanted, strict=True)):
            got = _shape(weight)
            if got is not None and not _fits(got, shape):
                has = "have" if name.endswith("s") and name != "bias" else "has"
                what = f"The {name} of {layer.type} {has} the shape {_shown(shape)}, "
                yield Problem(f"{path}[{number}]", f"{what}got {_shown(got)}.", _why(layer))


def _wanted(layer: LayerConfig) -> list[tuple[str, Shape]] | None:
    """The weights of a layer by name and shape, None for a size that its input decides."""
    arguments = layer.arguments
    convolution = CONVOLUTION.fullmatch(layer.type)
    kernel: Shape
    if layer.type == "Embedding":
        kernel = (arguments.get("input_dim"), arguments.get("output_dim"))
        return [("embeddings", kernel)] if None not in kernel else None
    if layer.type == "Dense":
        width, kernel = arguments.get("units"), (None, arguments.get("units"))
    elif convolution:
        size = arguments.get("kernel_size")
        window = size if isinstance(size, list) else [size] * int(convolution[1])
        width, kernel = arguments.get("filters"), (*window, None, arguments.get("filters"))
    else:
        return None
    if width is None or None in kernel[:-2] or arguments.get("lora_rank") is not None:
        return None
    bias: list[tuple[str, Shape]] = [("bias", (width,))] if arguments.get("use_bias") else []
    return [("kernel", kernel), *bias] if "use_bias" in arguments else None


def _weights(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    for index, layer in enumerate(experiment.model.layers):
        for number, weight in enumerate(layer.weights or ()):
            yield f"model.layers[{index}].weights[{number}]", weight


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape of nested lists of numbers; None where rows differ or hold something else."""
    if not isinstance(value, list):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return () if is_number else None
    shapes = {_shape(item) for item in value}
    inner = shapes.pop() if shapes else ()
    return None if shapes or inner is None else (len(value), *inner)


def _fits(got: Shape, wanted: Shape) -> bool:
    return len(got) == len(wanted) and all(
        size in (one, None) for one, size in zip(got, wanted, strict=True)
    )


def _shown(shape: Sequence[int | None]) -> str:
    sizes = ", ".join("any" if size is None else str(size) for size in shape)
    return f"({sizes},)" if len(shape) == 1 else f"({sizes})"


def _why(layer: LayerConfig) -> str:
    names = [
        name
        for name in ("units", "filters", "kernel_size", "input_dim", "output_dim")
        if name in layer.arguments
    ]
    return f"Compare it with {' and '.join(names)}."
