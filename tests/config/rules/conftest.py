"""One good experiment, and what is said when a part of it is replaced."""

from __future__ import annotations

import pytest


@pytest.fixture
def say(refuse):
    """What the rules say to a config with overrides: path and message, without the place."""

    def messages(*overrides):
        return [message.split(": ", 1)[1] for message in refuse(BASE, *overrides)]

    return messages


@pytest.fixture
def accept(load):
    """Load a config with overrides."""

    def accepted(*overrides):
        return load(BASE, *overrides)

    return accepted


BASE = """\
dataset: {type: csv, path: rows.csv, validation_split: 0.2}
model:
  layers:
    - {type: Dense, units: 8, activation: relu, name: hidden}
    - {type: Dense, units: 1, activation: sigmoid, name: output}
loss: binary_crossentropy
optimizer: adam
"""
