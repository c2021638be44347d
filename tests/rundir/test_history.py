"""`history.csv` is read back, or refused."""

from __future__ import annotations

import math

import pytest

from dlrun.errors import RunFolderError
from dlrun.rundir.metrics import read_history


def read(folder, text):
    (folder / "history.csv").write_text(text)
    return read_history(folder)


def test_columns(tmp_path):
    """Numbers by name, the number of the epoch left out; an empty cell is NaN."""
    found = read(tmp_path, "epoch,loss,val_loss\n1,0.5,\n2,inf,0.25\n")
    assert found["loss"] == [0.5, math.inf]
    assert math.isnan(found["val_loss"][0])
    assert list(found) == ["loss", "val_loss"]


def test_nothing_was_trained(tmp_path):
    """No file, or no row."""
    assert read_history(tmp_path) == {}
    assert read(tmp_path, "epoch,loss\n") == {"loss": []}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "history.csv: is damaged: its first line should name columns, first 'epoch'."),
        ("a,b\n", "history.csv: is damaged: its first line should name columns, first 'epoch'."),
        ("epoch,a,a\n", "history.csv: is damaged: its first line should name columns"),
        ("epoch,a\n1\n", "history.csv:2: is damaged: not a row of the table."),
        ("epoch,a\n2,0.5\n", "history.csv:2: is damaged: not a row of the table."),
        ("epoch,a\n1,x\n", "history.csv:2: is damaged: 'x' is not a number."),
        ('epoch,a\n1,"x\n', "history.csv: is damaged: "),
    ],
)
def test_a_damaged_file_is_told(tmp_path, text, message):
    """With its place."""
    with pytest.raises(RunFolderError) as error:
        read(tmp_path, text)
    assert message in str(error.value)
