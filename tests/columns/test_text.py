"""Texts: bags of words as scikit-learn's vectorizers have them."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
)

from dlrun.column import CellError
from dlrun.errors import ConfigError, DataError

DOCUMENTS = [
    "The car is good, GOOD!", "a bad car", "été: café_2 ok 12", "", "naïve 日本語 of the car",
    "the the end", "don't stop", "a bad car",
]  # fmt: skip
NEW = ["good new car", "", "été"]


@pytest.mark.parametrize(
    ("options", "vectorizer"),
    [
        ({}, CountVectorizer()),
        ({"weight": "binary"}, CountVectorizer(binary=True)),
        ({"weight": "tfidf"}, TfidfVectorizer()),
        ({"min_count": 2}, CountVectorizer(min_df=2)),
        ({"vocabulary": 2}, CountVectorizer(max_features=2)),
        ({"weight": "tfidf", "min_count": 2}, TfidfVectorizer(min_df=2)),
    ],
)
def test_entries_are_those_of_scikit_learn(fitted, options, vectorizer):
    """The same words in the same order, of training rows and of others."""
    vectorizer.fit(DOCUMENTS)
    found = fitted(DOCUMENTS, "text", **options)
    assert found.column.entries == tuple(
        f"x: {word}" for word in vectorizer.get_feature_names_out()
    )
    for texts in (DOCUMENTS, NEW):
        expected = vectorizer.transform(texts).toarray()
        np.testing.assert_allclose(found.apply(texts), expected, rtol=1e-6)


@pytest.mark.parametrize("entries", [1, 7, 64])
def test_hashes_are_those_of_scikit_learn(fitted, entries):
    """MurmurHash3 of the words."""
    hashing = HashingVectorizer(n_features=entries, norm=None, alternate_sign=False)
    found = fitted(DOCUMENTS, "text", hash=entries)
    assert found.apply(NEW).tolist() == hashing.transform(NEW).toarray().tolist()
    assert len(found.column.entries) == entries


def test_what_is_kept_is_said(fitted):
    """And what of other texts is not seen."""
    found = fitted(["good car", None, "bad car"], "text", missing="empty")
    assert found.apply().tolist() == [[0, 1, 1], [0, 0, 0], [1, 1, 0]]
    assert found.column.notes() == [
        "3 words of the training rows, each with an entry; others are not seen",
        "1 missing text of the training rows has no words",
    ]
    assert found.unknown(["good", "what", None]) == {"missing": 1, "without a known word": 1}
    assert found.column.undo(found.apply()) == ["car good", "", "bad car"]


def test_what_cannot_be_is_refused(fitted):
    """A missing text, unless said; options out of range; texts without words."""
    with pytest.raises(CellError) as error:
        fitted(["a word", None], "text").apply()
    assert error.value.row == 1
    for option in ("vocabulary", "min_count", "hash"):
        with pytest.raises(ConfigError, match=f"x.{option}: Expected 1 to 100,000, got 0"):
            fitted(["a word"], "text", **{option: 0})
    with pytest.raises(DataError, match="no word stands in 1 training row"):
        fitted(["a", "!"], "text")
