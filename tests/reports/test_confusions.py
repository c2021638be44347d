"""Which classes are confused is said as one would say it."""

from __future__ import annotations

import numpy as np

from dlrun.reports.confusions import confusions
from dlrun.reports.scores import report_of


def said(*rows, names=None):
    matrix = np.array(rows)
    return confusions(report_of(matrix, names or [str(one) for one in range(len(matrix))]))


def test_two_classes_are_one_sentence():
    """What happens more often comes first."""
    assert said([45, 5], [8, 12], names=["no", "yes"]) == [
        "'yes' is taken for 'no' in 8 of 20 rows (40 %); 'no' for 'yes' in 5 of 50 (10 %)."
    ]
    assert said([45, 5], [0, 20]) == ["'0' is taken for '1' in 5 of 50 rows (10 %)."]


def test_nothing_is_said_where_nothing_is_confused():
    """Nor of a class without rows."""
    assert said([10, 0], [0, 10]) == []
    assert said([0, 0], [1, 9]) == ["'1' is taken for '0' in 1 of 10 rows (10 %)."]


def test_of_many_classes_the_three_worst_pairs():
    """By the rows of both directions; how much of all they are; the class that is found least."""
    pairs, share, least = said(
        [90, 10, 0, 0], [6, 50, 4, 0], [0, 0, 98, 2], [1, 0, 0, 9],
    )  # fmt: skip
    assert pairs == (
        "'0' is taken for '1' in 10 of 100 rows (10 %); '1' for '0' in 6 of 60 (10 %); "
        "'1' is taken for '2' in 4 of 60 rows (6.7 %); '2' is taken for '3' in 2 of 100 rows (2 %)."
    )
    assert share == "These 3 pairs of classes make 95.7 % of all wrong answers."
    assert least == "'1' is found least often: in 50 of 60 rows (83.3 %)."
    assert len(said([9, 1, 0], [0, 9, 1], [1, 0, 9])) == 1
