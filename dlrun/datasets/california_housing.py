"""California housing: what houses cost in 20,640 districts, by R. K. Pace and R. Barry (1997)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.datasets.samples import Sample

if TYPE_CHECKING:
    from dlrun.arrays import Dataset

NAMES = (
    "longitude", "latitude", "housing_median_age", "total_rooms", "total_bedrooms", "population",
    "households", "median_income",
)  # fmt: skip
TARGET = "median_house_value"
ROWS = 20_640
WEST, EAST, SOUTH, NORTH = -125, -113, 32, 43
"""Within what California lies, in degrees: by that the file is known."""


def sample(**_: Any) -> Sample:
    """Eight numbers, and a price in dollars."""
    return Sample((len(NAMES),), target=(1,), rows=ROWS, is_regression=True)


def load_data(*, seed: int, path: Path | None = None) -> Dataset:  # noqa: ARG001  rows are fixed
    """20,640 districts of the census of 1990, in the order of the file; use `scale` and a split.

    Args:
        seed: Not used.
        path: The file `california_housing.npz`. Null takes the one in the Keras cache, and
            downloads it once if it is not there.
    """
    from dlrun.arrays import Dataset, Samples
    from dlrun.data.archives import ArchiveFile, check_numbers
    from dlrun.data.keras_cache import find_cached, of_cache
    from dlrun.errors import DataError

    name = "california_housing.npz"
    source = Path(
        path
        or find_cached(
            "california_housing", [name], title="California housing", instead=f"the file {name}"
        )
    )
    with of_cache(path):
        archive = ArchiveFile(source)
        x = check_numbers(archive.read("x"), f"{source}: array 'x'")
        y = check_numbers(archive.read("y"), f"{source}: array 'y'")
        if x.ndim != 2 or x.shape[1] != len(NAMES) or y.shape != (len(x),) or not len(x):  # noqa: PLR2004
            what = f"x is {x.shape} and y {y.shape}; (rows, 8) and (rows,) were expected."
            raise DataError(what, where=str(source))
        west, south = x[:, 0], x[:, 1]
        if not ((west > WEST) & (west < EAST) & (south > SOUTH) & (south < NORTH)).all():
            what = f"the first columns of x are no places in California, such as {x[0, :2]}."
            raise DataError(what, where=str(source))
    return Dataset(Samples(x, y[:, None]), feature_names=NAMES, target_names=(TARGET,))
