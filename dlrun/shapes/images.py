"""Shapes of images, of layers that change them, and of others that need certain axes."""

from collections.abc import Sequence
from typing import Final

from dlrun.shapes.layer import Layer, Output, Shape, shape_of, show, unknown
from dlrun.shapes.windows import image, sample

CHANNELS_OF: Final = {"rgb": 3, "gray": 1}
"""How many channels an image has that is read as one of these."""
LONGEST_SIDE: Final = 2**14
SUFFIXES: Final = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".ppm", ".pgm", ".pbm", ".pnm",
    ".webp", ".tif", ".tiff", ".avif", ".jp2",
)  # fmt: skip
"""How the names of images end. In a folder of a class any name will do."""


def sides_of(size: int | Sequence[int] | None) -> tuple[int, int] | None:
    """Read height and width, or one number for both; None where the images are to tell.

    Raises:
        ValueError: It is neither; the text says what was expected.
    """
    if size is None:
        return None
    sides = (size, size) if isinstance(size, int) else tuple(size)
    if len(sides) != 2 or not all(  # noqa: PLR2004
        isinstance(one, int) and not isinstance(one, bool) and 1 <= one <= LONGEST_SIDE
        for one in sides
    ):
        raise ValueError(f"[height, width] of 1 to {LONGEST_SIDE} pixels")
    return sides[0], sides[1]


CHANNELS: Final[dict[str, tuple[int, ...]]] = {
    **dict.fromkeys(("RandAugment", "RandomGrayscale"), (1, 3)),  # grey or coloured
    **dict.fromkeys(("RandomColorDegeneration", "RandomHue", "RandomSaturation"), (3,)),
}
"""How many channels an image may have, where that matters."""
BY_CHANCE: Final = (
    "RandomBrightness", "RandomColorJitter", "RandomContrast", "RandomElasticTransform",
    "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomInvert", "RandomPerspective",
    "RandomPosterization", "RandomRotation", "RandomSharpness", "RandomShear",
    "RandomTranslation", "RandomZoom", "Solarization", *CHANNELS,
)  # fmt: skip
"""Layers that change an image in training, and leave it as it is in measuring."""
AUGMENTING: Final = (*BY_CHANCE, "AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization")
"""Layers that leave an image as large as it was. Keras takes a sample of two axes, too: it then
sees all rows of a batch as one image, and mixes them."""


@shape_of(*AUGMENTING)
def augmented(layer: Layer, shape: Shape) -> Output:
    """An image as large as it was."""
    _, channels = image(layer, shape, 2)
    allowed = CHANNELS.get(layer.type)
    if allowed and channels is not None and channels not in allowed:
        numbers = " or ".join(map(str, allowed))
        what = f"{layer.type} takes images of {numbers} channels, got {show(shape)}."
        layer.refuse(what, "Remove it.")
    return Output(shape)


RESIZING: Final = ("CenterCrop", "RandomCrop", "Resizing")
"""Layers that change how large an image is, and no more."""


@shape_of(*RESIZING)
def resized(layer: Layer, shape: Shape) -> Output:
    """`(height, width, channels)` to another height and width."""
    _, channels = image(layer, shape, 2)
    return Output(sample(layer, (layer.whole("height"), layer.whole("width")), channels))


@shape_of("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D",
          "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D")  # fmt: skip
def adaptive_pooling(layer: Layer, shape: Shape) -> Output:
    """`(*sizes, channels)` to `(*output_size, channels)`."""
    _, channels = image(layer, shape)
    return Output(sample(layer, layer.window("output_size", layer.rank), channels))


@shape_of("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
def sequence_of_images(layer: Layer, shape: Shape) -> Output:
    """`(steps, *sizes, channels)`; what it gives is left to Keras."""
    if len(shape) != layer.rank + 2:
        sizes = ("height", "width", "depth")[: layer.rank]
        wanted = ", ".join(("steps", *sizes, "channels"))
        what = f"{layer.type} takes an input of shape ({wanted}), got {layer.got(shape)}."
        layer.refuse(what, "Put a Reshape layer before it.")
    unknown()


@shape_of("RNN")
def sequence(layer: Layer, shape: Shape) -> Output:
    """`(steps, features)`; what it gives is left to Keras."""
    layer.expect_rank(shape, 2)
    unknown()
