"""Metrics as numbers, whatever the file holds; and which of them is the better one."""

import json

import pytest

from dlrun.rundir.metrics import is_larger_better, main_metric, read_metrics


def test_what_is_no_number_is_left_out(tmp_path):
    """None stands for what was not finite; splits come in the order of what they tell."""
    content = {
        "train": {"loss": 1, "mae": None, "classification": {}, "odd": "x", "flag": True},
        "test": {"loss": 10**400},
        "validation": 3,
        "files": {"a.csv": {"loss": 1.0}},
    }
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    found = read_metrics(tmp_path)
    assert found == {"test": {"loss": None}, "train": {"loss": 1.0, "mae": None}}
    assert list(found) == ["test", "train"]
    assert main_metric(found) == ("test", "loss")


def test_no_file_no_metrics(tmp_path):
    """A run that goes on has none yet."""
    assert read_metrics(tmp_path) == {}
    assert main_metric({}) is None


@pytest.mark.parametrize("name", ["val_accuracy", "auc", "f1_score", "true_positives", "mean_iou"])
def test_larger_is_better(name):
    """As for whatever counts what is right."""
    assert is_larger_better(name)


@pytest.mark.parametrize("name", ["loss", "val_loss", "mae", "false_positives", "kl_divergence"])
def test_smaller_is_better(name):
    """As for whatever measures what is wrong."""
    assert not is_larger_better(name)
