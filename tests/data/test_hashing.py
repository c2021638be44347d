"""Fingerprints of data."""

from __future__ import annotations

import hashlib

import numpy as np

from dlrun.arrays import Samples, Spec, Splits
from dlrun.data.samples import hash_array, hash_samples


def test_the_hash_is_of_dtype_shape_and_bytes():
    """Worked out by hand, so that any other program can check it."""
    array = np.array([[1, 2]], dtype=np.int64)
    content = b"<i8 (1, 2)\n" + bytes([1] + [0] * 7 + [2] + [0] * 7)
    assert hash_array(array) == hashlib.sha256(content).hexdigest()


def test_equal_arrays_hash_alike_whatever_their_layout():
    """Byte order and memory order are the machine's business."""
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    for other in (np.asfortranarray(array), array.astype(">f4"), np.repeat(array, 2, axis=0)[::2]):
        assert hash_array(other) == hash_array(array)


def test_shape_and_dtype_count():
    """The same bytes in another form are other data."""
    array = np.zeros(4, dtype=np.float32)
    others = [array.reshape(2, 2), array.view(np.int32), np.zeros(0, np.float32)]
    assert len({hash_array(other) for other in [array, *others]}) == 4


def test_a_single_number_has_a_hash():
    """Weights may be scalars."""
    assert len(hash_array(np.array(1.5))) == 64


def test_every_array_of_every_split_is_named():
    """Absent splits and arrays are left out."""
    x = np.zeros((2, 1), dtype=np.float32)
    splits = Splits(Samples(x, x, x[:, 0]), None, Samples(x, x), Spec((1,)))
    assert list(hash_samples(splits.present())) == [
        "train.x",
        "train.y",
        "train.sample_weight",
        "test.x",
        "test.y",
    ]
