"""A checkpoint that bears its own hash, which anybody can compute, and holds nonsense."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.rundir.checkpoints import Checkpoint, load_checkpoint, save_checkpoint

FACTS = {
    "epoch": 1,
    "step": 0,
    "finished": False,
    "stop_training": False,
    "history_columns": ["loss"],
    "callbacks": [{}],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epoch", "one"),
        ("epoch", -1),
        ("step", 2**70),
        ("step", None),
        ("finished", 1),
        ("stop_training", []),
        ("history_columns", [1]),
        ("callbacks", {}),
        ("callbacks", ["x"]),
    ],
)
def test_a_fact_of_another_kind_makes_a_checkpoint_damaged(name, value, tmp_path):
    """It is named, and not used."""
    save_checkpoint(tmp_path, Checkpoint({**FACTS, name: value}, {"x": np.zeros(2)}))
    found, damaged = load_checkpoint(tmp_path)
    assert found is None
    assert "state.json: is not what the run saved: damaged." in damaged[0]


def test_whole_facts_are_read(tmp_path):
    """As they were saved."""
    save_checkpoint(tmp_path, Checkpoint(FACTS, {"x": np.zeros(2)}))
    found, damaged = load_checkpoint(tmp_path)
    assert found.facts.items() >= FACTS.items()
    assert damaged == []
