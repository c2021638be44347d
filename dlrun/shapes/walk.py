"""The way of a sample through the layers of a config, told without building them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dlrun.errors import Problem
from dlrun.shapes import (  # noqa: F401  each registers the layers that it knows
    applications,
    core,
    images,
    merging,
    normalizations,
    recurrent,
    reshaping,
    windows,
)
from dlrun.shapes.input_readers import names_of_columns, view_for
from dlrun.shapes.layer import (
    AXES,
    DATA,
    Layer,
    MisfitError,
    Shape,
    UnknownShapeError,
    Weight,
    layer_of,
    output_of,
)

if TYPE_CHECKING:
    from dlrun.arrays import View


@dataclass(frozen=True)
class Step:
    """One layer on the way; what is not known before the model is built is None."""

    name: str
    type: str
    inputs: tuple[str, ...]  # the names of what it reads
    taken: tuple[Shape, ...] | None = None  # the shapes of that
    shape: Shape | None = None  # what it gives for one sample
    weights: tuple[Weight, ...] | None = None
    problem: Problem | None = None  # why it cannot take its input


_WALKED: dict[str, tuple[Step, ...]] = {}
_KEPT = 8


def walk(
    layers: Sequence[Mapping[str, Any]],
    sample: Shape | None,
    views: "Sequence[View]" = (),
    named: Mapping[str, Shape] = MappingProxyType({}),
) -> tuple[Step, ...]:
    """Carry the shape of a sample through a stack or a graph of layers.

    A layer is a mapping: `type`, `name`, `inputs` (names of layers above, `input` for the data, or
    columns), `trainable`, and its own arguments, defaults filled in. What comes after a layer that
    is not in the table, or that cannot take its input, has no shape. `views` say what of a sample
    is read by name; until the data are read there are none, and a column has any number of entries,
    or the shape that is `named`.
    """
    if views:
        return _walk(layers, sample, views, named)
    # Every rule of a config walks through it: the last ways are kept.
    key = repr((layers, sample, named))
    if key not in _WALKED:
        if len(_WALKED) >= _KEPT:
            _WALKED.clear()
        _WALKED[key] = _walk(layers, sample, views, named)
    return _WALKED[key]


def _walk(
    layers: Sequence[Mapping[str, Any]],
    sample: Shape | None,
    views: "Sequence[View]",
    named: Mapping[str, Shape],
) -> tuple[Step, ...]:
    columns = set(names_of_columns(layers))
    shapes = {DATA: sample}
    if columns:
        shapes = {**dict.fromkeys((DATA, *columns), (None,)), **named}
    steps = []
    for index, layer in enumerate(layers):
        taken = tuple(
            _part(layer_of(layer), name, views)
            if views and (name in columns or name == DATA)
            else shapes.get(name)
            for name in layer["inputs"] or ()
        )
        step = _step(index, layer, taken)
        shapes[step.name] = None if step.name in shapes else step.shape  # two of one name: either
        steps.append(step)
    return tuple(steps)


def _part(layer: Layer, name: str, views: "Sequence[View]") -> Shape | None:
    """The shape of the part of a row that a layer reads by name; None where there is none."""
    view = view_for(layer, name, views)
    return None if view is None else view.sample


def weights_of(layer: Layer) -> tuple[Weight, ...] | None:
    """Return the weights of a layer of one input, whatever that is; its sizes are None in them.

    None where the input decides more than sizes, as for the slopes of a PReLU.
    """
    found: set[tuple[Weight, ...] | None] = set()
    for rank in AXES:
        try:
            found.add(output_of(layer, (None,) * rank).weights)
        except MisfitError:
            continue  # it takes no sample of so many axes
        except UnknownShapeError:
            return None
    return found.pop() if len(found) == 1 else None


def _step(index: int, mapping: Mapping[str, Any], taken: tuple[Shape | None, ...]) -> Step:
    layer = layer_of(mapping)
    step = Step(mapping["name"], layer.type, layer.inputs)
    shapes = tuple(shape for shape in taken if shape is not None)
    if len(shapes) < len(taken):
        return step
    step = replace(step, taken=shapes)
    try:
        output = output_of(layer, *shapes)
    except MisfitError as error:
        path = f"model.layers[{index}]" + (f".{error.argument}" if error.argument else "")
        return replace(step, problem=Problem(path, error.what, error.fix))
    except UnknownShapeError:
        return step
    if output.weights is None or any(None in weight.shape for weight in output.weights):
        return replace(step, shape=output.shape)
    weights = tuple(
        weight._replace(trainable=weight.trainable and bool(mapping["trainable"]))
        for weight in output.weights
    )
    return replace(step, shape=output.shape, weights=weights)
