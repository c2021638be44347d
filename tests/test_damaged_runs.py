"""A run folder that is not what its run left behind: exit code 4, and what is wrong with it."""

from __future__ import annotations

import pytest

from tests.folders import change
from tests.test_bad_input import TABLE, finished, table, trained  # noqa: F401 - fixtures


@pytest.fixture
def run(finished):  # noqa: F811
    """A finished run over a table of two classes."""
    return finished


def killed(run):
    """Make a run look as if it had been killed: what it would have written last is not there."""
    gone = dict.fromkeys(("ended", "exit_code", "final_weights", "files"))
    change(run / "run.json", status="running", **gone)


def test_a_changed_byte_of_the_weights_is_told(run, dlrun):
    """The file still has its form; the weight is named."""
    path = run / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    for words in (["predict", run, "table.csv"], ["evaluate", run]):
        told = dlrun(*words, code=4).err
        assert f"{path}: the weight 'dense/" in told
        assert "is not the one that the run saved" in told


def test_a_finished_run_without_hashes_is_damaged(run, dlrun):
    """Only a run that did not get so far may lack them."""
    change(run / "run.json", final_weights=None)
    assert "run.json: has no hash of the weight" in dlrun("evaluate", run, code=4).err


def test_weights_of_a_killed_run_are_used_with_a_warning(run, dlrun):
    """It was killed between the weights and their hashes."""
    killed(run)
    assert "weights.safetensors cannot be checked" in dlrun("evaluate", run).err


def test_weights_that_a_killed_run_did_not_save(run, dlrun):
    """The message says so, instead of calling the folder damaged."""
    killed(run)
    (run / "weights.safetensors").unlink()
    told = dlrun("evaluate", run, code=4).err
    assert "the run has no weights.safetensors: it was killed before it saved them." in told


@pytest.mark.parametrize("name", ["spec.json", "weights.safetensors"])
def test_a_file_removed_from_a_finished_run(name, run, dlrun):
    """The run is not blamed."""
    (run / name).unlink()
    told = dlrun("evaluate", run, code=4).err
    assert f"{name}: is missing: the run wrote it, so it has been removed." in told


def test_a_run_that_failed_early_has_no_spec(run, dlrun):
    """With the reason of the failure, such as a full disk."""
    gone = dict.fromkeys(("initial_weights", "final_weights", "files"))
    change(run / "run.json", status="failed", exit_code=1, reason="no space left", **gone)
    (run / "spec.json").unlink()
    told = dlrun("evaluate", run, code=4).err
    assert (
        "the run has no spec.json: it has failed before the model was built (no space left)" in told
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label_form": "sign"}, "label_form is sign, not index."),
        ({"label_form": None}, "label_form is missing."),
        ({"threshold": 0.5}, "threshold is 0.5, not None."),
        ({"output": "score"}, "output is score, not probability."),
        ({"class_names": ["big", "tall", "small"], "prior": None}, "but the data has 3 classes"),
        ({"class_names": ["big"], "prior": None}, "but the data has 1 class (big)"),
        ({"class_names": ["big", "big"]}, "class_names should be different from each other."),
        ({"feature_names": ["a", "a"]}, "feature_names should be different from each other."),
    ],
)
def test_a_spec_that_does_not_fit_its_model_is_told(changes, message, run, dlrun):
    """With its path, and before a row is predicted."""
    change(run / "spec.json", **changes)
    for words in (["evaluate", run], ["evaluate", run, "--data", "table.csv"]):
        told = dlrun(*words, code=4).err
        assert f"{run / 'spec.json'}: " in told
        assert message in told
    told = dlrun("predict", run, "table.csv", code=4).err
    assert message in told


def test_classes_that_are_no_longer_those_of_the_run(table, dlrun):  # noqa: F811
    """The table has been changed since; it cannot be encoded as it was."""
    run = dlrun("train", "good.yaml", "--quiet").run
    (table / "table.csv").write_text(TABLE + "1,2,huge\n")
    told = dlrun("evaluate", run, code=3).err
    assert "its class_names was ('big', 'small') and is ('big', 'huge', 'small')" in told
