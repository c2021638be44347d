"""Fingerprints of the rows that a run sees."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from dlrun.arrays import Array, Samples, StreamedArray
from dlrun.data.pieces import pieces


def hash_samples(splits: Mapping[str, Samples]) -> dict[str, str]:
    """The SHA-256 of every array of every split, by `<split>.<array>`, such as `train.x`."""
    hashes = {}
    for split, samples in splits.items():
        for name in ("x", "y", "sample_weight"):
            array = getattr(samples, name)
            if array is not None:
                hashes[f"{split}.{name}"] = hash_array(array)
    return hashes


def hash_array(array: Array) -> str:
    """The SHA-256 of an array, in hex digits: its dtype and shape, then its bytes.

    The bytes are little-endian in C order, so equal arrays hash alike on every machine.
    """
    dtype = array.dtype.newbyteorder("<")
    digest = hashlib.sha256(f"{dtype.str} {array.shape}\n".encode())
    for piece in pieces(array) if isinstance(array, StreamedArray) else [array]:
        contiguous = np.ascontiguousarray(piece, dtype=dtype)
        digest.update(contiguous.data.cast("B") if contiguous.size else b"")
    return digest.hexdigest()
