"""The worst answers come first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dlrun.reports.mistakes import count_wrong, sureness, worst
from tests.reports.stories import classification, regression


def test_the_surest_wrong_classes():
    """Only wrong ones, with the numbers of their rows in the split."""
    data = classification(rows=300)
    judged = replace(data.judged, numbers=np.arange(300) * 10)
    data = replace(data, rows={"test": judged})
    found = worst(data, 1000)
    assert len(found) == count_wrong(data) > 5
    for one in found:
        assert one.true != one.predicted
        assert one.row == 10 * one.place
        assert one.true == str(judged.y_true[one.place])
        assert one.sure == judged.outputs[one.place].max()
    assert [one.sure for one in found] == sorted((one.sure for one in found), reverse=True)
    assert worst(data, 2) == found[:2]
    assert sureness(data, found[0]).endswith(" %")


def test_the_farthest_values():
    """By their distance, over all targets."""
    data = regression(targets=3)
    first = worst(data, 5)[0]
    away = np.linalg.norm(data.judged.y_true - data.judged.y_pred, axis=1)
    assert first.place == away.argmax()
    assert np.isclose(first.sure, away.max())
    assert len(first.true.split(", ")) == 3


def test_answers_of_another_shape_have_no_distance():
    """They cannot be subtracted."""
    data = regression()
    judged = replace(data.judged, y_pred=data.judged.y_pred.repeat(2, axis=1))
    assert worst(replace(data, rows={"test": judged}), 5) == []
