"""Rows for the tables of parity, one function for each form of the targets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dlrun.arrays import Samples
from dlrun.backend import tf

SHAPES = {
    "table": (4,),
    "table_8": (8,),
    "series": (6, 3),
    "image": (8, 8, 2),
    "volume": (4, 4, 4, 1),
    "tokens": (6,),
}


def features(kind, count, rng):
    """Rows of noise; tokens are whole numbers from 0 to 9 held as floats, as a CSV gives them."""
    shape = (count, *SHAPES[kind])
    if kind == "tokens":
        return rng.integers(0, 10, size=shape).astype("float32")
    return rng.normal(size=shape).astype("float32")


def _classes(x):
    """Three classes that depend on the features."""
    flat = x.reshape(len(x), -1)
    middle = np.median(flat)
    return (flat[:, 0] > middle).astype(int) + (flat[:, 1] > middle)


def index(x, rng):
    """Class numbers, `(rows,)`, int64."""
    del rng
    return _classes(x).astype("int64")


def one_hot(x, rng):
    """Three classes, `(rows, 3)`."""
    del rng
    return np.eye(3, dtype="float32")[_classes(x)]


def binary(x, rng):
    """0 or 1, `(rows, 1)`."""
    del rng
    return (_classes(x) > 0).astype("float32")[:, None]


def sign(x, rng):
    """-1 or +1, `(rows, 1)`."""
    return 2 * binary(x, rng) - 1


def value(x, rng):
    """Two numbers, `(rows, 2)`."""
    flat = x.reshape(len(x), -1)
    noise = rng.normal(scale=0.1, size=(len(x), 2))
    return (flat[:, :2] + 0.5 * flat[:, 2:4] + noise).astype("float32")


def positive(x, rng):
    """Two numbers from 0.5 on."""
    return np.abs(value(x, rng)) + np.float32(0.5)


TARGETS = {
    "index": index,
    "one_hot": one_hot,
    "binary": binary,
    "sign": sign,
    "value": value,
    "positive": positive,
}


def rows(kind, target, count, *, seed, weighted=False):
    """Make rows.

    Args:
        kind: One of `SHAPES`.
        target: One of `TARGETS`.
        count: How many rows.
        seed: What they are drawn from.
        weighted: Whether each row has a weight of its own.
    """
    rng = np.random.default_rng(seed)
    x = features(kind, count, rng)
    samples = Samples(x, TARGETS[target](x, rng))
    if weighted:
        weight = rng.uniform(0.2, 2.0, size=count).astype("float32")
        samples = replace(samples, sample_weight=weight)
    return samples


def batched(samples, size):
    """Give rows to `fit` as what it makes of arrays: batches in their order, the last one smaller.

    The data set that Keras builds from arrays holds functions that are optimized anew for each
    epoch, which takes ten times as long as the epoch.
    """
    arrays = samples.x, samples.y, samples.sample_weight
    held = tuple(array for array in arrays if array is not None)
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return tf.data.Dataset.from_tensor_slices(held).batch(size).with_options(options)
