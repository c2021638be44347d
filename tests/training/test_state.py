"""The history as text: whole at any time, whatever came before."""

from __future__ import annotations

import csv
import io
import math

import numpy as np

from dlrun.training.state import History


def table(history):
    """What a reader of the text finds."""
    return list(csv.reader(io.StringIO(history.to_csv())))


def test_the_text_grows_with_the_epochs():
    """Asked for between epochs, and where one brings a column that others lack, as by then."""
    history = History()
    assert table(history) == [["epoch"]]
    history.rows.append({"loss": 0.1, "a, b": float(np.float32(1 / 3))})
    assert table(history) == [["epoch", "loss", "a, b"], ["1", "0.1", "0.33333334"]]
    history.rows.append({"loss": float("nan"), "a, b": 1e-9})
    assert table(history)[1:] == [["1", "0.1", "0.33333334"], ["2", "nan", "1e-09"]]
    history.rows.append({"loss": 2.0, "val_loss": 3.5})
    expected = [
        ["epoch", "loss", "a, b", "val_loss"],
        ["1", "0.1", "0.33333334", ""],
        ["2", "nan", "1e-09", ""],
        ["3", "2.0", "", "3.5"],
    ]
    assert table(history) == table(history) == expected


def test_every_number_reads_back():
    """As the float32 that it is, or as a float64; a callback may give NumPy's, or whole ones."""
    given = [np.float64(1 / 3), 2**24 + 1, 1e300, -0.0, math.inf, float(np.float32(1 / 3)), 0.1]
    history = History()
    history.rows += [{"value": value} for value in given]
    written = [row[1] for row in table(history)[1:]]
    assert written == [
        "0.3333333333333333", "16777217.0", "1e+300", "-0.0", "inf", "0.33333334", "0.1",
    ]  # fmt: skip


def test_a_restored_history_is_told_anew():
    """Whatever was told before it."""
    history, other = History(), History()
    history.rows.append({"loss": 1.0})
    other.rows += [{"loss": 2.0}, {"loss": 3.0}]
    history.to_csv()
    history.read_arrays(*other.to_arrays())
    assert history.to_csv() == other.to_csv() == "epoch,loss\n1,2.0\n2,3.0\n"
