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
