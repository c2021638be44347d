"""What callbacks may write where."""

import pytest

CSV = "training.callbacks=[{type: CSVLogger, filename: %s}]"
PATH = "training.callbacks[0].filename: "


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "config.yaml",
            "'config.yaml' is a file of dlrun's own in the run folder. Choose another name.",
        ),
        (
            "predictions/x.csv",
            "'predictions' is a file of dlrun's own in the run folder. Choose another name.",
        ),
        ("../x.csv", "'../x.csv' leaves the run folder. Give a path inside it."),
        ("/x.csv", "'/x.csv' leaves the run folder. Give a path inside it."),
        (".", "'.' is the run folder itself. Name a file in it."),
    ],
)
def test_a_callback_cannot_write_outside_or_over_dlruns_files(name, message, say):
    """The run folder is what a run is judged by."""
    assert say(CSV % name) == [PATH + message]


def test_a_callback_writes_files_of_its_own(accept):
    """Also in folders of its own."""
    accept(CSV % "log.csv", CSV % "logs/epochs.csv")


CHECKPOINT = "training.callbacks=[{type: ModelCheckpoint, filepath: '%s'}]"
FILEPATH = "training.callbacks[0].filepath: "


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "{loss.__class__.__name__[0]}.keras",
            (
                "'loss.__class__.__name__[0]' is no number that can stand in a name here. "
                "These can: 'epoch', 'loss', 'val_loss'."
            ),
        ),
        (
            "{epoch[0]}.keras",
            "'epoch[0]' is no number that can stand in a name here. Did you mean 'epoch'?",
        ),
        (
            "{val_accuracy}.keras",
            (
                "'val_accuracy' is no number that can stand in a name here. "
                "These can: 'epoch', 'loss', 'val_loss'."
            ),
        ),
        (
            "{}.keras",
            (
                "'' is no number that can stand in a name here. "
                "These can: 'epoch', 'loss', 'val_loss'."
            ),
        ),
        (
            "{batch}.keras",
            (
                "'batch' is no number that can stand in a name here. "
                "These can: 'epoch', 'loss', 'val_loss'."
            ),
        ),
        (
            "{epoch:/>9}.keras",
            "':/>9' does not say how to write a number in a name. Write such as '{epoch:.3f}'.",
        ),
        (
            "{epoch:c}{epoch:c}.keras",
            "':c' does not say how to write a number in a name. Write such as '{epoch:.3f}'.",
        ),
        (
            "{loss!r:{epoch}}.keras",
            (
                "'!r:{epoch}' does not say how to write a number in a name. "
                "Write such as '{loss:.3f}'."
            ),
        ),
        (
            "{epoch.keras",
            "The braces in '{epoch.keras' do not fit together. Write such as '{epoch:02d}.keras'.",
        ),
    ],
)
def test_only_numbers_stand_in_the_name_of_a_checkpoint(name, message, say):
    """An attribute of a number, or a sign to fill up with, could write any path."""
    told = say(CHECKPOINT % name)
    assert told[0] == FILEPATH + message
    assert set(told) == {FILEPATH + message} or ":c" in name


def test_numbers_stand_in_the_name_of_a_checkpoint(accept):
    """The epoch, what is logged, and the batch where it is saved by batches."""
    accept(CHECKPOINT % "{{{epoch:02d}}}-{val_loss:.2f}-{loss:>8,.3e}.keras")
    accept(CHECKPOINT % "{epoch}/{val_accuracy:.2f}.keras", "metrics=[accuracy]")
    accept(
        "training.callbacks=[{type: ReduceLROnPlateau}, "
        "{type: ModelCheckpoint, filepath: '{learning_rate}.keras'}]"
    )
    accept(
        "training.callbacks=[{type: ModelCheckpoint, filepath: '{batch:04d}.keras', save_freq: 5}]"
    )
