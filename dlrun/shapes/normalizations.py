"""Shapes of the layers that normalize: what they give is as large as what they get."""

from dlrun.shapes.layer import Layer, Output, Shape, Weight, known, shape_of, unknown


@shape_of("BatchNormalization")
def batch_normalization(layer: Layer, shape: Shape) -> Output:
    """One mean and variance along an axis."""
    size = _sizes(layer, shape)
    moving = ["moving_mean", "moving_variance"]
    if layer.flag("renorm"):
        moving += ["moving_stddev", "renorm_mean", "renorm_stddev"]
    fixed = (Weight(name, size, trainable=False) for name in moving)
    return Output(shape, (*_scale_and_center(layer, size), *fixed))


@shape_of("LayerNormalization")
def layer_normalization(layer: Layer, shape: Shape) -> Output:
    """One mean and variance for each sample."""
    if not layer.flag("scale") and not layer.flag("center"):
        return unit_normalization(layer, shape)
    return Output(shape, _scale_and_center(layer, _sizes(layer, shape)))


@shape_of("GroupNormalization")
def group_normalization(layer: Layer, shape: Shape) -> Output:
    """One mean and variance for each sample and group of channels."""
    (channels,) = _sizes(layer, shape)
    groups = layer.whole("groups", low=-1) or 1
    if groups > 0 and channels % groups:
        what = f"The {channels} channels of the input cannot be dealt out to {groups} groups."
        fix = f"Choose a number of groups that divides {channels}."
        layer.refuse(what, fix, "groups")
    return Output(shape, _scale_and_center(layer, (channels,)))


@shape_of("RMSNormalization")
def rms_normalization(layer: Layer, shape: Shape) -> Output:
    """One scale along the axes."""
    return Output(shape, (Weight("scale", _sizes(layer, shape)),))


@shape_of("UnitNormalization")
def unit_normalization(layer: Layer, shape: Shape) -> Output:
    """Each sample of length 1 along the axes; without weights the batch may be one of them."""
    for axis in layer.wholes("axis"):
        if axis not in (0, -len(shape) - 1):
            layer.axis(axis, shape)
    return Output(shape)


@shape_of("Normalization")
def given_normalization(layer: Layer, shape: Shape) -> Output:
    """By a mean and a variance that are written down: without weights."""
    return unknown() if layer.value("mean") is None else Output(shape)


def _sizes(layer: Layer, shape: Shape) -> tuple[int, ...]:
    # Keras sorts the axes as they are written, so that -1 stands before 1.
    axes = sorted(layer.wholes("axis"))
    return known([shape[layer.axis(axis, shape)] for axis in axes])


def _scale_and_center(layer: Layer, size: tuple[int, ...]) -> tuple[Weight, ...]:
    named = (("gamma", layer.flag("scale")), ("beta", layer.flag("center")))
    return tuple(Weight(name, size) for name, is_there in named if is_there)
