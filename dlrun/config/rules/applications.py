"""Rules about whole networks: what Keras would ignore or refuse once it builds them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from dlrun.catalog import find, is_application
from dlrun.config.components import DATA, IMAGENET
from dlrun.config.rules.layers import KEEP_PIXELS
from dlrun.config.rules.shapes import walked
from dlrun.config.schema import Experiment, LayerConfig
from dlrun.errors import Problem
from dlrun.shapes.applications import COLORS, NETWORKS
from dlrun.shapes.layer import show
from dlrun.wording import did_you_mean, is_number, listed

OF_THE_TOP: Final = ("classes", "classifier_activation")
CLASSES_OF_IMAGENET: Final = 1000
PREPARED_INSIDE: Final = "include_preprocessing"
AS_THEY_ARE: Final = "Set 'value_range: null', and the network gets its input as it is."


def frozen_layers_exist(experiment: Experiment) -> Iterator[Problem]:
    """Every name in `freeze` is that of a layer, and stands there once."""
    names, model = [layer.name for layer in experiment.model.layers], experiment.model
    for index, name in enumerate(model.freeze):
        path = f"model.freeze[{index}]"
        if name not in names:
            fix = did_you_mean(name, names) or f"The layers: {listed(names)}."
            yield Problem(path, f"There is no layer '{name}'.", fix)
        elif name in model.freeze[:index]:
            yield Problem(path, f"'{name}' stands here twice.", "Remove one of them.")


def networks_use_what_they_are_given(experiment: Experiment) -> Iterator[Problem]:
    """Whether a network has its top decides which of its arguments mean something."""
    for path, layer in _networks(experiment):
        given, word = layer.arguments, find("layers", layer.type)
        has_top = given.get("include_top")
        if has_top and given.get("pooling") is not None:
            what = "With its top a network gives classes, and nothing is pooled besides."
            yield Problem(f"{path}.pooling", what, "Remove it, or set 'include_top: false'.")
        for name in OF_THE_TOP if has_top is False and word else ():
            usual = word.parameter(name) if word else None
            if usual is not None and given.get(name) != usual.default:
                what = f"Without its top a network has no '{name}'."
                fix = "Remove it, and put a Dense layer behind the network."
                yield Problem(f"{path}.{name}", what, fix)


def imagenet_fits_the_network(experiment: Experiment) -> Iterator[Problem]:
    """The weights of ImageNet are for its classes, its colors, and with the top for one size."""
    steps = walked(experiment)
    for index, (layer, step) in enumerate(zip(experiment.model.layers, steps, strict=True)):
        if layer.weights != IMAGENET:
            continue
        path, has_top = f"model.layers[{index}]", layer.arguments.get("include_top")
        taken = step.taken[0] if step.taken else ()
        *sizes, channels = taken or (None,)
        if channels not in (None, COLORS):
            what = f"The weights of ImageNet are for images of {COLORS} channels, got {channels}."
            yield Problem(f"{path}.weights", what, "Read the images in color.")
        yield from _top_of_imagenet(layer, sizes, path) if has_top else ()


def _top_of_imagenet(
    layer: LayerConfig, sizes: Sequence[int | None], path: str
) -> Iterator[Problem]:
    given, usual = layer.arguments, NETWORKS[layer.type].usual
    if given.get("classes") != CLASSES_OF_IMAGENET:
        what = f"The weights of ImageNet are for {CLASSES_OF_IMAGENET} classes, "
        fix = "Set 'include_top: false', and put a Dense layer behind the network."
        yield Problem(f"{path}.classes", f"{what}got {given.get('classes')}.", fix)
    if given.get("classifier_activation") not in ("softmax", "linear", None):
        what = "The top of ImageNet ends with softmax, or with null for logits."
        yield Problem(f"{path}.classifier_activation", what, "Leave it out.")
    if usual and any(size not in (None, usual) for size in sizes):
        what = f"With its top and the weights of ImageNet {layer.type} takes images of "
        fix = f"Put {{type: Resizing, height: {usual}, width: {usual}}} before it, or set "
        fix += "'include_top: false'."
        yield Problem(
            f"{path}.include_top", f"{what}{show((usual, usual))}, got {show(sizes)}.", fix
        )


def fine_tuning_trains_something(experiment: Experiment) -> Iterator[Problem]:
    """A network is frozen as a whole, or up to one of its layers."""
    frozen = {layer["name"] for layer in experiment.model.mappings if not layer["trainable"]}
    for path, layer in _networks(experiment):
        if layer.arguments.get("fine_tune_at") is not None and layer.name in frozen:
            by = "'freeze' names it" if layer.trainable else "it says 'trainable: false'"
            what = f"A part of {layer.type} is to be trained, and nothing of it: {by}."
            yield Problem(f"{path}.fine_tune_at", what, "Remove one of the two.")


def networks_get_their_pixels(experiment: Experiment) -> Iterator[Problem]:
    """`value_range` says what pixels are, as far as that is known before they are read."""
    pixels = {DATA}
    for layer in experiment.model.layers:
        if pixels.issuperset(layer.inputs or ()) and layer.type in KEEP_PIXELS:
            pixels.add(layer.name)
    scale = experiment.dataset.scale
    for path, layer in _networks(experiment):
        given = layer.arguments.get("value_range")
        if given is None:
            continue
        place = f"{path}.value_range"
        if not _is_range(given):
            yield Problem(place, "Expected two numbers, the smaller one first.", "Such as [0, 1].")
        elif layer.arguments.get(PREPARED_INSIDE) is False:
            what = f"With '{PREPARED_INSIDE}: false' the network expects pixels that are prepared."
            yield Problem(f"{path}.{PREPARED_INSIDE}", what, AS_THEY_ARE)
        elif scale != "none" and pixels.issuperset(layer.inputs or ()):
            what = f"'scale: {scale}' makes other numbers of the pixels than {layer.type} prepares."
            yield Problem("dataset.scale", what, f"Remove it. {AS_THEY_ARE}")


def _networks(experiment: Experiment) -> Iterator[tuple[str, LayerConfig]]:
    for index, layer in enumerate(experiment.model.layers):
        if is_application(layer.type):
            yield f"model.layers[{index}]", layer


def _is_range(given: Any) -> bool:
    two = list(given) if isinstance(given, list | tuple) else []
    return len(two) == 2 and all(map(is_number, two)) and two[0] < two[1]  # noqa: PLR2004
