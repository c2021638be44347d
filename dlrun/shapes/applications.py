"""Shapes of the networks of `keras.applications`: how far each shrinks an image, to how many maps.

What Keras says in code alone stands here once; a test holds every row against the built networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from dlrun.shapes.layer import Layer, Output, Shape, each, shape_of, show, unknown
from dlrun.shapes.windows import image

COLORS: Final = 3
"""Channels of an image that can be prepared as the networks were trained: red, green, blue."""
SHRINKING: Final[dict[str, Callable[[int], int]]] = {
    "s": lambda size: (size + 1) // 2,  # strides of 2 over an image that is padded
    "f": lambda size: size // 2,  # windows of 2 side by side
    "v": lambda size: (size - 1) // 2,  # windows of 3 with strides of 2, nothing padded
    "n": lambda size: size - 2,  # windows of 3, nothing padded
}
"""How large an axis is after a layer that makes it smaller."""


class Network(NamedTuple):
    """What is known of a network before it is built."""

    way: str  # the layers that shrink an image, by their letters in `SHRINKING`
    maps: int  # the channels of the last convolution
    least: int = 32  # pixels that an image needs along each axis
    usual: int | None = 224  # the pixels of images of `imagenet` with the top; None: any

    def shrunk(self, size: int) -> int:
        """Return how large an axis is in the end."""
        for letter in self.way:
            size = SHRINKING[letter](size)
        return size


_INCEPTION: Final = "vnvnvvv"
NETWORKS: Final = {
    "ConvNeXtBase": Network("fffff", 1024),
    "ConvNeXtLarge": Network("fffff", 1536),
    "ConvNeXtSmall": Network("fffff", 768),
    "ConvNeXtTiny": Network("fffff", 768),
    "ConvNeXtXLarge": Network("fffff", 2048),
    "DenseNet121": Network("ssfff", 1024),
    "DenseNet169": Network("ssfff", 1664),
    "DenseNet201": Network("ssfff", 1920),
    "EfficientNetB0": Network("sssss", 1280),
    "EfficientNetB1": Network("sssss", 1280, usual=240),
    "EfficientNetB2": Network("sssss", 1408, usual=260),
    "EfficientNetB3": Network("sssss", 1536, usual=300),
    "EfficientNetB4": Network("sssss", 1792, usual=380),
    "EfficientNetB5": Network("sssss", 2048, usual=456),
    "EfficientNetB6": Network("sssss", 2304, usual=528),
    "EfficientNetB7": Network("sssss", 2560, usual=600),
    "EfficientNetV2B0": Network("sssss", 1280),
    "EfficientNetV2B1": Network("sssss", 1280, usual=240),
    "EfficientNetV2B2": Network("sssss", 1408, usual=260),
    "EfficientNetV2B3": Network("sssss", 1536, usual=300),
    "EfficientNetV2L": Network("sssss", 1280, usual=480),
    "EfficientNetV2M": Network("sssss", 1280, usual=480),
    "EfficientNetV2S": Network("sssss", 1280, usual=384),
    "InceptionResNetV2": Network(_INCEPTION, 1536, 75, 299),
    "InceptionV3": Network(_INCEPTION, 2048, 75, 299),
    "MobileNet": Network("sffff", 1024),
    "MobileNetV2": Network("sssss", 1280),
    "MobileNetV3Large": Network("sssss", 160, usual=None),  # times 6, after it was rounded
    "MobileNetV3Small": Network("sssss", 96, usual=None),
    "NASNetLarge": Network("vssss", 4032, usual=331),
    "NASNetMobile": Network("vssss", 1056),
    "ResNet101": Network("sssss", 2048),
    "ResNet101V2": Network("sssss", 2048),
    "ResNet152": Network("sssss", 2048),
    "ResNet152V2": Network("sssss", 2048),
    "ResNet50": Network("sssss", 2048),
    "ResNet50V2": Network("sssss", 2048),
    "VGG16": Network("fffff", 512),
    "VGG19": Network("fffff", 512),
    "Xception": Network("vnssss", 2048, 71, 299),
}


@shape_of(*NETWORKS)
def application(layer: Layer, shape: Shape) -> Output:
    """`(height, width, channels)` to the classes, to maps `(rows, columns, maps)`, or `(maps,)`."""
    sizes, channels = image(layer, shape, 2)
    network = NETWORKS[layer.type]
    if any(size is not None and size < network.least for size in sizes):
        least = show((network.least, network.least))
        what = f"{layer.type} takes images of {least} pixels at least, got {show(sizes)}."
        larger = f"{{type: Resizing, height: {network.least}, width: {network.least}}}"
        layer.refuse(what, f"Make them larger, as by {larger} before it.")
    if channels not in (None, COLORS):
        if layer.value("value_range") is None:
            unknown()  # Without what the network was trained with, Keras takes some others, too.
        read = layer.inputs[0] if layer.inputs else "image"
        what = f"{layer.type} takes images of {COLORS} channels, got {layer.got(shape)}."
        fix = f"Put {{type: Concatenate, inputs: [{', '.join([read] * COLORS)}]}} before it."
        layer.refuse(what, fix if channels == 1 else "Read images with 'color: rgb'.")
    if layer.flag("include_top"):
        return Output((layer.whole("classes"),), None)
    maps = _maps(layer, network)
    if layer.value("pooling") is not None:
        return Output((maps,), None)
    return Output((*each(network.shrunk, sizes), maps), None)


def _maps(layer: Layer, network: Network) -> int:
    """Count the maps; a width multiplier changes them as the paper of each network has it.

    Source: keras.src.applications.mobilenet, mobilenet_v2 and mobilenet_v3
    """
    width = layer.arguments.get("alpha", 1.0)
    if not isinstance(width, int | float) or width <= 0:
        unknown()
    if layer.type.startswith("MobileNetV3"):
        return 6 * _divisible(network.maps * width)
    if layer.type == "MobileNetV2":
        return _divisible(network.maps * width) if width > 1 else network.maps
    return int(network.maps * width)


def _divisible(maps: float) -> int:
    """Round to a multiple of 8, by no more than a tenth down."""
    rounded = max(8, int(maps + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * maps else rounded
