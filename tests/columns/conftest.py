"""Fits columns as the dataset does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlrun.column import ColumnKind, RawColumn
from dlrun.columns import column_from_json, column_to_json, fit_column


class Fitting:
    """A column of values, fitted as some kind; what is stored of it reads again as the same."""

    def __init__(self, values, kind, *, scale="none", ways=("entries",), **options):
        self.values, self.raw = self.read(values)
        given = replace(self.raw, ways=frozenset(ways))
        self.column = fit_column(ColumnKind("x", kind, options), given, self.values, scale=scale)
        assert column_from_json(column_to_json(self.column)) == self.column

    @staticmethod
    def read(values):
        """Read texts as codes, all else as numbers; None is missing."""
        if not any(isinstance(value, str) for value in values):
            numbers = [np.nan if value is None else value for value in values]
            return np.array(numbers, float), RawColumn("x", "number")
        texts = tuple(sorted({value for value in values if value is not None}))
        codes = [np.nan if value is None else texts.index(value) for value in values]
        return np.array(codes, float), RawColumn("x", "text", texts)

    def apply(self, values=None):
        """The entries of other values, or of those that it was fitted to."""
        matrix, raw = (self.values, self.raw) if values is None else self.read(values)
        return self.column.apply(matrix, raw.texts)

    def numbered(self, values):
        """The class numbers of other values; of texts a list each."""
        matrix, raw = self.read(values)
        numbers = self.column.numbered(matrix, raw.texts).tolist()
        return [row[0] for row in numbers] if self.column.kind == "category" else numbers

    def unknown(self, values):
        """What of other values is not known."""
        matrix, raw = self.read(values)
        return self.column.unknown(matrix, raw.texts)


@pytest.fixture
def fitted():
    """Fit values as a kind of column."""
    return Fitting
