"""Variable paths are read as names, and weights that do not fit are refused."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.errors import RunFolderError
from dlrun.models.weights import read_path, weights_by_layer
from dlrun.shapes import Step, Weight

DENSE = Step("d", "Dense", ("input",), weights=(Weight("kernel", (2, 1)), Weight("bias", (1,))))
UNKNOWN = Step("odd", "MultiHeadAttention", ("d",))


def test_paths():
    """What stands between the layer and the weight is Keras's own affair, but for directions."""
    assert read_path("dense/kernel") == ("dense", "kernel")
    assert read_path("lstm/lstm_cell/kernel") == ("lstm", "kernel")
    assert read_path("b/forward_lstm/lstm_cell/bias") == ("b", "forward/bias")
    assert read_path("b/backward_x/gru_cell/bias") == ("b", "backward/bias")
    assert read_path("forward_d/kernel") == ("forward_d", "kernel")


def test_weights_are_dealt_out_in_the_order_of_keras():
    """Also where a layer's weights are not known beforehand."""
    tensors = {"odd/query/kernel": np.ones(3), "d/bias": np.ones(1), "d/kernel": np.ones((2, 1))}
    dealt = weights_by_layer([DENSE, UNKNOWN], tensors, where="w")
    assert [list(weights) for weights in dealt.values()] == [["kernel", "bias"], ["query/kernel"]]


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        ({"d/kernel": (2, 1)}, "'d/bias' is missing"),
        ({"d/kernel": (2, 1), "d/bias": (1,), "d/more": (1,)}, "'d/more' is not expected"),
        ({"d/kernel": (2, 1), "d/bias": (1,), "e/bias": (1,)}, "'e/bias' is not expected"),
        (
            {"d/kernel": (1, 2), "d/bias": (1,)},
            "'d/kernel' has the shape (1, 2), expected (2, 1)",
        ),
    ],
)
def test_weights_that_do_not_fit(tensors, told):
    """The message names the file and the weight."""
    arrays = {path: np.zeros(shape) for path, shape in tensors.items()}
    with pytest.raises(RunFolderError) as caught:
        weights_by_layer([DENSE], arrays, where="runs/a/weights.safetensors")
    expected = f"runs/a/weights.safetensors: does not fit the model: {told}."
    assert str(caught.value) == expected


def test_many_differences_are_counted():
    """Five are named."""
    tensors = {f"e{number}/kernel": np.zeros(1) for number in range(9)}
    with pytest.raises(RunFolderError, match="; 6 more"):
        weights_by_layer([DENSE], tensors, where="w")
