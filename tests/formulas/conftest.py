"""Networks built from configs, with weights that are not those of a start."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.config import load_config
from dlrun.formulas import read_nodes
from dlrun.models.weights import weights_by_layer
from dlrun.shapes import walk


@pytest.fixture
def build(tmp_path):
    """Build a network from its layers in YAML: its nodes, its Keras model, and a sample."""
    from dlrun.models.build import build_model
    from dlrun.models.weights import get_weights, set_weights

    def built(sample, layers):
        path = tmp_path / "config.yaml"
        path.write_text(
            f"dataset: {{type: npz, path: {tmp_path / 'none.npz'}}}\nmodel: {{layers: {layers}}}\n"
            "training: {epochs: 0}\n"
        )
        words = [layer.as_dict() for layer in load_config(path).model.layers]
        model = build_model(words, input_shape=sample, seed=0, name="tiny")
        random = np.random.default_rng(7)
        weights = {
            name: random.uniform(0.2, 1.0, array.shape).astype("float32")
            if name.endswith("variance")
            else random.normal(0, 0.7, array.shape).astype("float32")
            for name, array in get_weights(model).items()
        }
        set_weights(model, weights)
        nodes = read_nodes(words, weights_by_layer(walk(words, sample), weights, where="weights"))
        is_lookup = words[0]["type"] == "Embedding"
        x = random.integers(0, 4, sample) if is_lookup else random.normal(0, 1, sample)
        if words[0]["type"] == "Rescaling" and words[-1]["type"] == "Embedding":
            x = random.integers(0, 256, sample) / 255
        return nodes, model, x.astype("float32")

    return built
