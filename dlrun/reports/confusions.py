"""Which classes are taken for each other, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dlrun.reports.scores import ClassificationReport
from dlrun.wording import percent, quote, tally

MOST = 3  # pairs of classes that are named
PAIR = 2


def confusions(report: ClassificationReport) -> list[str]:
    """Say which pairs of classes are confused most, and which class is found least often.

    Nothing where no row is taken for another class.
    """
    counts = np.array(report.confusion)  # (true, predicted)
    np.fill_diagonal(counts, 0)
    wrong = int(counts.sum())
    if not wrong:
        return []
    both = counts + counts.T
    pairs = [
        (int(both[one, other]), one, other)
        for one in range(len(counts))
        for other in range(one + 1, len(counts))
        if both[one, other]
    ]
    pairs.sort(key=lambda pair: -pair[0])  # of equal ones the first classes first
    said = ["; ".join(_sentences(report, counts, pairs[:MOST])) + "."]
    if len(counts) > PAIR:
        shown = sum(number for number, _, _ in pairs[:MOST])
        if len(pairs) > MOST:
            share = percent(shown / wrong)
            said.append(f"These {MOST} pairs of classes make {share} of all wrong answers.")
        said += _least_found(report)
    return said


def _sentences(
    report: ClassificationReport, counts: np.ndarray, pairs: list[tuple[int, int, int]]
) -> Iterator[str]:
    for _, one, other in pairs:
        # What happens more often is said first.
        true, predicted = (one, other) if counts[one, other] >= counts[other, one] else (other, one)
        names = [quote(report.class_names[number]) for number in (true, predicted)]
        count = int(counts[true, predicted])
        yield (
            f"{names[0]} is taken for {names[1]} in {count:,} of "
            f"{tally(report.support[true], 'row')} ({percent(count / report.support[true])})"
        )
        back = int(counts[predicted, true])
        if back:
            yield (
                f"{names[1]} for {names[0]} in {back:,} of {report.support[predicted]:,} "
                f"({percent(back / report.support[predicted])})"
            )


def _least_found(report: ClassificationReport) -> list[str]:
    """The class of which the smallest share is found, unless others are found as rarely."""
    found = [
        (scores.recall, number)
        for number, (scores, support) in enumerate(zip(report.scores, report.support, strict=True))
        if support
    ]
    found.sort()
    if len(found) < PAIR or found[0][0] == found[1][0]:
        return []
    recall, number = found[0]
    name, rows = quote(report.class_names[number]), report.support[number]
    found_rows = f"{round(recall * rows):,} of {tally(rows, 'row')}"
    return [f"{name} is found least often: in {found_rows} ({percent(recall)})."]
