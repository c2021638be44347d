"""CIFAR-100: 60,000 colour images in 100 classes, by A. Krizhevsky, V. Nair and G. Hinton."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dlrun.datasets.samples import Sample

if TYPE_CHECKING:
    from dlrun.arrays import Dataset

PIXEL_MAX = 255.0
SHAPE = (32, 32, 3)
NAMES = {
    "fine": (
        "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus "
        "butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach "
        "couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster "
        "house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree "
        "motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear "
        "pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket "
        "rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar "
        "sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip "
        "turtle wardrobe whale willow_tree wolf woman worm"
    ),
    "coarse": (
        "aquatic_mammals fish flowers food_containers fruit_and_vegetables "
        "household_electrical_devices household_furniture insects large_carnivores "
        "large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores "
        "medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1 "
        "vehicles_2"
    ),
}
FOLDER = "cifar-100-python"
TEST_ROWS = 10_000


def sample(*, label_mode: str, **_: Any) -> Sample:
    """Colour images of a hundred classes, or of twenty."""
    classes = tuple(NAMES[label_mode].split())
    return Sample(SHAPE, classes, test_rows=TEST_ROWS, fractions=True)


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    path: Path | None = None,
    label_mode: Literal["fine", "coarse"] = "fine",
) -> Dataset:
    """50,000 training and 10,000 test images, `(32, 32, 3)`, in their original order.

    Args:
        seed: Not used.
        path: The folder `cifar-100-python` of the Python version, unpacked. Null takes the one in
            the Keras cache, and downloads it once if it is not there.
        label_mode: `fine` for the 100 classes, `coarse` for the 20 that hold five of them each.
    """
    from dlrun.data.images import image_dataset
    from dlrun.data.keras_cache import check_images, find_cached, of_cache, read_batch

    names = tuple(NAMES[label_mode].split())
    source = path or find_cached(
        "cifar100",
        [f"{FOLDER}-target/{FOLDER}", FOLDER],
        title="CIFAR-100",
        instead=f"the unpacked folder {FOLDER}",
    )
    with of_cache(path):
        parts = {
            part: read_batch(Path(source, part), f"{label_mode}_labels")
            for part in ("train", "test")
        }
        for part, (x, y) in parts.items():
            check_images(x, y, part=part, shape=SHAPE, classes=len(names), where=str(source))
    return image_dataset(
        parts["train"], parts["test"], pixel_max=PIXEL_MAX, flatten=False, classes=names,
        where=str(source),
    )  # fmt: skip
