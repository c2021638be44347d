"""Shapes of pooling layers."""

from dlrun.shapes.layer import Layer, shape_of
from dlrun.shapes.outputs import Output, Shape
from dlrun.shapes.windows import image, move, pool_window, sample


@shape_of("AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "MaxPooling1D",
          "MaxPooling2D", "MaxPooling3D")  # fmt: skip
def pooling(layer: Layer, shape: Shape) -> Output:
    """`(*sizes, channels)` to `(*places, channels)`."""
    sizes, channels = image(layer, shape)
    return Output(sample(layer, move(layer, sizes, pool_window(layer), "pool_size"), channels))


@shape_of("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D",
          "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D")  # fmt: skip
def global_pooling(layer: Layer, shape: Shape) -> Output:
    """`(*sizes, channels)` to `(channels,)`, or to `(1, ..., channels)`."""
    sizes, channels = image(layer, shape)
    return Output(sample(layer, (1,) * len(sizes) if layer.flag("keepdims") else (), channels))
