"""What travels between the rooms: arrays that are read when they are taken."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.arrays import Samples, StreamedArray

X = np.arange(24).reshape(8, 3)


def test_a_streamed_array_looks_like_its_rows():
    """Length, shape, axes, dtype and rows are those of the array in memory."""
    streamed = StreamedArray(X)
    assert (len(streamed), streamed.shape, streamed.ndim) == (8, (8, 3), 2)
    assert streamed.dtype == X.dtype
    assert (streamed[2:5] == X[2:5]).all()
    assert (streamed[np.array([5, 1])] == X[[5, 1]]).all()


def test_rows_are_chosen_and_chosen_again():
    """A choice of a choice numbers the rows of the source."""
    odd = X[:, 0] % 2 == 1
    chosen = StreamedArray(X).pick(odd).pick(np.array([True, False, False, True]))
    assert (chosen[:] == X[odd][[0, 3]]).all()
    assert chosen.numbers.dtype == np.uint32


def test_changes_happen_when_rows_are_taken():
    """In order; shape and dtype are those after the last."""
    streamed = StreamedArray(X).changed(lambda rows: rows * 2.0).changed(lambda rows: rows[:, :1])
    assert (streamed.shape, streamed.dtype) == ((8, 1), np.float64)
    assert (streamed[6:] == X[6:, :1] * 2).all()


def test_blocks_are_all_rows_in_order(monkeypatch):
    """Each but the last is a multiple of the batch; samples in memory are one block."""
    monkeypatch.setattr("dlrun.arrays.BLOCK_BYTES", 3 * X.itemsize * 5)
    weight = np.arange(8, dtype=np.float32)
    blocks = list(Samples(StreamedArray(X), None, weight).blocks(multiple_of=2))
    assert [len(block) for block in blocks] == [4, 4]
    assert (np.concatenate([block.x for block in blocks]) == X).all()
    assert blocks[1].sample_weight.tolist() == [4, 5, 6, 7]
    whole = Samples(X)
    assert list(whole.blocks(multiple_of=2)) == [whole]


@pytest.mark.parametrize("multiple", [1, 3, 128])
def test_a_block_holds_one_batch_at_least(multiple, monkeypatch):
    """However large a batch is."""
    monkeypatch.setattr("dlrun.arrays.BLOCK_BYTES", 1)
    assert Samples(StreamedArray(X)).rows_per_block(multiple) == multiple
