"""Weights that are put into a built model: layers compute with them from then on."""

import numpy as np

from dlrun.models.weights import get_weights, set_weights

MEANS, VARIANCES = np.float32([0.4, 0.5, 0.6]), np.float32([0.04, 0.09, 0.16])


def test_normalization_in_a_network_computes_with_its_new_weights():
    """It keeps tensors that it made of the old ones, until it is told."""
    from dlrun.backend import keras

    pixels = keras.Input((3,))
    inner = keras.Model(pixels, keras.layers.Normalization(name="norm")(pixels), name="inner")
    model = keras.Sequential([keras.Input((3,)), inner])
    rows = np.float32([[0.1, 0.2, 0.3], [1, 2, 3]])
    assert np.allclose(model(rows), rows)  # mean 0, variance 1
    weights = get_weights(model)
    (mean,) = (path for path in weights if path.endswith("norm/mean"))
    variance = mean.replace("/mean", "/variance")
    set_weights(model, {**weights, mean: MEANS, variance: VARIANCES})
    assert np.allclose(model(rows), (rows - MEANS) / np.sqrt(VARIANCES), atol=1e-6)
