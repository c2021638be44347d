"""Deals rows, and groups of rows, out among splits: so many of each class, no group in two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def allocate(counts: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Share `total` rows out among classes of `counts` rows, by the largest remainder.

    Every class keeps at least one of its rows. Equal remainders are served in class order.
    """
    quotas = counts * (total / counts.sum())
    limits = np.maximum(counts - 1, 0)
    taken = np.minimum(np.floor(quotas), limits).astype(np.int64)
    while taken.sum() < total and (taken < limits).any():
        remainders = np.where(taken < limits, quotas - taken, -np.inf)
        taken[int(np.argmax(remainders))] += 1
    return np.asarray(taken)


def fold_rows(
    numbers: NDArray[np.int64], folds: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Deal rows with class numbers, `(rows,)`, out among folds: `(rows,)`, from 0.

    As many rows of each class come to each fold as scikit-learn's `StratifiedKFold` gives it;
    without classes (all numbers equal) the sizes are those of its `KFold`.
    """
    # Classes by their first row, as there: which fold gets the one row more depends on it.
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    ranks = np.argsort(np.argsort(first))
    in_order = np.sort(ranks[inverse])  # (rows,)
    folded = np.empty(len(numbers), np.int64)
    for place, rank in enumerate(ranks):
        shares = [np.count_nonzero(in_order[fold::folds] == rank) for fold in range(folds)]
        folded[inverse == place] = generator.permutation(np.repeat(np.arange(folds), shares))
    return folded


def deal_groups(
    groups: NDArray[np.int64],
    classes: NDArray[np.int64],
    shares: NDArray[np.float64],
    generator: np.random.Generator,
    *,
    largest_first: bool,
) -> NDArray[np.int64]:
    """Deal groups out whole, so that every part gets its share of the rows of each class.

    Each group in its turn goes where it keeps the sum over parts and classes of

        (rows of the class in the part / rows of the class)² / share of the part

    smallest. Of one class and equal shares that is the part with the fewest rows, scikit-learn's
    `GroupKFold`. Groups of one row come last and fill up. The other ones come in an order that
    `generator` draws; or, which fills parts more evenly, by their sizes and only where these are
    equal by chance.

    Args:
        groups: The number of each row's group, from 0, `(rows,)`.
        classes: The number of each row's class, from 0, `(rows,)`.
        shares: Which share of the rows each part is to have, `(parts,)`.
        generator: Where the chance comes from.
        largest_first: Whether groups come by their sizes.

    Returns:
        The part of each row, `(rows,)`, from 0.
    """
    sizes = np.bincount(groups)
    per_class = np.maximum(np.bincount(classes), 1).astype(np.float64)
    loads = np.zeros((len(shares), len(per_class)))  # rows, by part and class
    part_of = np.zeros(len(sizes), np.int64)
    order = generator.permutation(len(sizes))
    if largest_first:
        order = order[np.argsort(-sizes[order], kind="stable")]
    several = order[sizes[order] > 1]
    place = np.full(len(sizes), -1)
    place[several] = np.arange(len(several))
    members = place[groups] >= 0
    held, rows = np.unique(
        place[groups[members]] * len(per_class) + classes[members], return_counts=True
    )
    begins = np.searchsorted(held, np.arange(len(several) + 1) * len(per_class))
    for turn, group in enumerate(several):
        inside = slice(begins[turn], begins[turn + 1])
        own, amounts = held[inside] - turn * len(per_class), rows[inside]  # (classes of it,)
        costs = ((2 * loads[:, own] + amounts) * (amounts / per_class[own] ** 2)).sum(axis=1)
        part_of[group] = np.argmin(costs / shares)
        loads[part_of[group], own] += amounts
    single = sizes[groups] == 1
    row_of = np.empty(len(sizes), np.int64)
    row_of[groups[single]] = np.flatnonzero(single)
    ones = order[sizes[order] == 1]
    kinds = classes[row_of[ones]]
    for number in np.unique(kinds):
        these = ones[kinds == number]
        part_of[these] = _fill(loads, number, shares, len(these))
    return part_of[groups]


def _fill(
    loads: NDArray[np.float64], number: int, shares: NDArray[np.float64], rows: int
) -> NDArray[np.int64]:
    """The parts of single rows of a class, one after the other where there is most room."""
    # The cost of the next row in a part is (2 load + 1) / share: the method of Sainte-Laguë. Of two
    # parts that want it equally, the one with fewer rows gets it.
    nexts = loads[:, number, None] + np.arange(rows)  # (parts, rows)
    costs = (2 * nexts + 1) / shares[:, None]
    fullness = np.broadcast_to((loads.sum(axis=1) / shares)[:, None], costs.shape)
    chosen = np.lexsort((fullness.ravel(), costs.ravel()))[:rows]
    parts = chosen // rows
    loads[:, number] += np.bincount(parts, minlength=len(shares))
    return np.asarray(parts)
