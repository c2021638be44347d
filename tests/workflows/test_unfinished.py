"""Runs whose training did not come to its end: whoever asks them is told so."""

import pytest

import dlrun as library
from dlrun.errors import RunFolderError
from tests.workflows.test_resume import interrupted, moons  # noqa: F401

DIVERGING = ("--set", "optimizer={type: SGD, learning_rate: 1e30}", "--set",
             "loss=mean_squared_error", "--set", "model.layers[2].activation=linear")  # fmt: skip
ROW = ("--", "0.3,0.1")


@pytest.fixture
def untrained(dlrun, moons):  # noqa: F811
    """A run that diverged in its first epoch."""
    dlrun("train", moons, *DIVERGING, code=5)
    (run,) = (moons.parent / "runs").iterdir()
    return run


@pytest.fixture
def stopped(dlrun, moons):  # noqa: F811
    """A run that was interrupted."""
    with interrupted(4):
        dlrun("train", moons, code=130)
    (run,) = (moons.parent / "runs").iterdir()
    return run


def test_where_nothing_was_trained_there_is_no_answer(untrained, dlrun):
    """Predictions, servers and Python are refused, with what happened and what to do."""
    refusal = (
        f"error: {untrained}: nothing was trained, so that the run has nothing to say of new "
        "rows: it has diverged after 0 of 12 epochs: The loss became NaN or infinite in epoch 1. "
        "No epoch was completed. Try a smaller learning rate, or gradient clipping "
        "(optimizer.clipnorm).\n"
        "  Train with other settings.\n"
    )
    told = dlrun("predict", untrained, *ROW, code=4)
    assert (told.out, told.err) == ("", refusal)
    assert dlrun("serve", untrained, code=4).err.endswith(refusal)
    with pytest.raises(RunFolderError, match="nothing was trained"):
        library.Run(untrained).predict([[0.3, 0.1]])


def test_what_nothing_trained_may_be_measured(untrained, dlrun):
    """`evaluate` and `explain` show the starting weights, and say that they are that."""
    warning = (
        f"warning: {untrained.name} has diverged after 0 of 12 epochs, and its weights are the "
        "untrained ones: The loss became NaN"
    )
    for command in ("evaluate", "explain"):
        told = dlrun(command, untrained)
        assert told.out
        assert told.err.count(warning) == 1


def test_exports_and_resumptions_agree_on_what_diverged(untrained, dlrun):
    """None sends its user to the other."""
    told = dlrun("export", untrained, "card", code=4).err
    assert told == (
        f"error: {untrained}: has diverged: only a finished run is exported.\n"
        "  Train with other settings.\n"
    )
    assert "Train with other settings" in dlrun("resume", untrained, code=5).err


@pytest.mark.slow
def test_the_page_says_why_nothing_was_trained(untrained, dlrun):
    """At its top, and where the numbers are."""
    dlrun("report", untrained)
    page = (untrained / "report.html").read_text()
    assert (
        '<p class="remark">The run has diverged after 0 of 12 epochs: The loss became NaN or '
        "infinite in epoch 1."
    ) in page
    assert "Loss and metrics of the starting weights" in page


@pytest.mark.slow
def test_an_interrupted_run_answers_with_a_warning(stopped, dlrun):
    """Its weights are good for something; whose they are is said once."""
    warning = (
        f"warning: {stopped.name} was interrupted after 4 of 12 epochs: Interrupted by SIGINT.\n"
    )
    assert dlrun("predict", stopped, *ROW).err.count(warning) == 1
    assert dlrun("evaluate", stopped).err.count(warning) == 1
    assert dlrun("weights", stopped).err.count(warning) == 1
    dlrun("report", stopped)
    page = (stopped / "report.html").read_text()
    assert "The run was interrupted after 4 of 12 epochs" in page
    assert "Loss and metrics of the weights that it had after 4 epochs" in page


def test_a_run_that_begins_with_an_interrupted_one_is_told(stopped, dlrun, moons):  # noqa: F811
    """`--from` takes what is there."""
    told = dlrun("train", moons, "--from", stopped).err
    assert f"warning: {stopped.name} was interrupted after 4 of 12 epochs" in told


def test_starting_weights_that_were_asked_for_answer(dlrun, moons):  # noqa: F811
    """A config without epochs has the network that it wants."""
    dlrun("train", moons, "--set", "training.epochs=0")
    told = dlrun("predict", "latest", *ROW)
    assert told.out
    assert "warning" not in told.err
