"""IMDB: 50,000 reviews of films as numbers of words, good or bad, by A. Maas et al. (2011)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.datasets.samples import Sample

if TYPE_CHECKING:
    from dlrun.arrays import Dataset, Samples

NAMES = ("negative", "positive")
TEST_ROWS = 25_000
START, UNKNOWN, FIRST_WORD = 1, 2, 3
"""The numbers of the begin of a review and of rare words, and what is added to those of others."""
SHUFFLED_BY = 113
"""The seed by which Keras puts the rows, which the file has by class, into their order."""


def sample(*, maxlen: int, **_: Any) -> Sample:
    """Rows of words in two classes."""
    return Sample((maxlen,), NAMES, test_rows=TEST_ROWS)


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    path: Path | None = None,
    num_words: int = 10_000,
    maxlen: int = 200,
) -> Dataset:
    """25,000 training and 25,000 test reviews, as `keras.datasets.imdb` gives them, cut and padded.

    0 fills up at the front, 1 begins a review, 2 is a rare word, and the most frequent word is 4;
    of long reviews the last words are taken, as `keras.utils.pad_sequences` does. The first layer
    is to be an `Embedding` with `input_dim: num_words`.

    Args:
        seed: Not used.
        path: The file `imdb.npz`. Null takes the one in the Keras cache, and downloads it once if
            it is not there.
        num_words: So many of the most frequent words have numbers of their own, the first four
            numbers included.
        maxlen: How many words a row has.
    """
    import numpy as np

    from dlrun.arrays import Dataset, Samples
    from dlrun.data.archives import ArchiveFile
    from dlrun.data.generators import check_whole
    from dlrun.data.keras_cache import find_cached, of_cache, read_lists
    from dlrun.errors import DataError

    check_whole("num_words", num_words, minimum=FIRST_WORD + 1)
    check_whole("maxlen", maxlen, minimum=1, maximum=10**5)
    source = Path(
        path or find_cached("imdb", ["imdb.npz"], title="IMDB", instead="the file imdb.npz")
    )

    generator = np.random.RandomState(SHUFFLED_BY)  # as Keras does, one for both parts

    def rows(part: str) -> Samples:
        texts, labels = read_lists(source, f"x_{part}"), archive.read(f"y_{part}")
        if labels.shape != (len(texts),) or not np.isin(labels, (0, 1)).all():
            what = f"y_{part} is {labels.shape} of {labels.dtype}; 0 or 1 for each of "
            raise DataError(f"{what}{len(texts)} rows was expected.", where=str(source))
        x = np.zeros((len(texts), maxlen), np.float32)
        order = np.arange(len(texts))
        generator.shuffle(order)
        for row, place in enumerate(order.tolist()):
            numbers = np.array([START, *(word + FIRST_WORD for word in texts[place])])[-maxlen:]
            x[row, maxlen - len(numbers) :] = np.where(numbers < num_words, numbers, UNKNOWN)
        return Samples(x, labels[order].astype(np.int64))

    with of_cache(path):
        archive = ArchiveFile(source)
        return Dataset(rows("train"), rows("test"), class_names=NAMES, target_names=("review",))
