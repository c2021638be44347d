"""The order of the data: a pure function of the seed and the epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.backend import tf

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PHILOX = 1
"""TensorFlow's number for the generator."""


def permutation(rows: int | Any, *, seed: int | Any, epoch: int | Any) -> Any:
    """Return the order in which an epoch visits the rows.

    Sorts by 64 random bits a row, drawn by the stateless Philox generator from (seed, epoch).
    Nothing else enters: not the threads, not the device, not what ran before. So an epoch can be
    run again, or resumed, without anything having been stored.

    Args:
        rows: The number of rows.
        seed: The experiment's seed.
        epoch: The epoch, counted from 0.

    Returns:
        The row numbers, `(rows,)`, int64.

    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011 (Philox).
    """
    draws = _draws(rows, seed=seed, epoch=epoch)
    # What `argsort` does, in a third of the graph: the largest complement is the smallest number.
    return tf.cast(tf.math.top_k(~draws, k=rows).indices, tf.int64)


def permutation_in_memory(rows: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the same order as a NumPy array, in a third of the time and memory; see `permutation`.

    Args:
        rows: The number of rows.
        seed: The experiment's seed.
        epoch: The epoch, counted from 0.

    Returns:
        The row numbers, `(rows,)`, int64.
    """
    return np.argsort(_draws(rows, seed=seed, epoch=epoch).numpy(), kind="stable")


def _draws(rows: int | Any, *, seed: int | Any, epoch: int | Any) -> Any:
    """Return 64 random bits a row, `(rows,)`, int64."""
    # As `stateless_uniform(alg="philox")` does, which scrambles the seed in forty operations.
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(
        seed=tf.stack([tf.cast(seed, tf.int64), tf.cast(epoch, tf.int64)])
    )
    return tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=[rows], key=key, counter=counter, alg=_PHILOX, dtype=tf.int64
    )
