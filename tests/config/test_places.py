"""Where things are written, also for a process that is given the config written out."""

from __future__ import annotations

import json

import pytest

from dlrun.config import load_config, locating
from dlrun.config.given import flat
from dlrun.config.loading import load_resolved
from dlrun.config.nodes import Places
from dlrun.errors import ConfigError, Problem
from dlrun.sweeps.language.flags import read_grid
from tests.conftest import CONFIGS


@pytest.mark.parametrize("name", ["digits_branches", "iris", "moons_mlp"])
def test_places_come_through(name):
    """Every key, the defaults among them, is where the user wrote it, or what is around it."""
    path = CONFIGS / f"{name}.yaml"
    grid = read_grid(path, ["optimizer.learning_rate=[0.1,0.2]", "training.epochs=3"])
    for point in grid.points:
        written = load_config(path, [*grid.fixed, *point.to_apply()])
        told = json.loads(json.dumps(written.places.to_json()))
        read = load_resolved(written.to_yaml(), Places.from_json(told))
        assert read == written
        assert flat(read)
        for key in flat(read):
            assert read.places.find(key) == written.places.find(key), key
        assert str(read.places.find("optimizer.learning_rate")) == "--set optimizer.learning_rate"
        assert str(read.places.find("model.layers")).startswith(f"{path}:")


def test_what_is_found_later_names_the_file_of_the_user(tmp_path):
    """Not one that another process had for a moment; a bare word stands for its arguments too."""
    path = tmp_path / "a.yaml"
    path.write_text("dataset: two_points\nmodel:\n  layers: [{type: Dense, units: 2}]\nloss: mse\n"
                    "optimizer: SGD\ntraining: {epochs: 1}\n")  # fmt: skip
    written = load_config(path)
    read = load_resolved(written.to_yaml(), Places.from_json(written.places.to_json()))
    problems = Problem("model.layers[0].units", "No."), Problem("optimizer.momentum", "No.")
    with pytest.raises(ConfigError) as caught, locating(read):
        raise ConfigError(*problems)
    assert str(caught.value) == (
        f"{path}:3:33: model.layers[0].units: No.\n{path}:5:12: optimizer.momentum: No."
    )
    with pytest.raises(ConfigError) as caught:
        load_resolved(written.to_yaml().replace("units: 2", "units: x"), read.places)
    assert str(caught.value).startswith(f"{path}:3:33: model.layers[0].units: ")
