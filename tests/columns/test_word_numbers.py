"""Texts as numbers of words: those of Keras's `TextVectorization`, from the layer itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.column import CellError
from dlrun.columns.word_numbers import split_words
from dlrun.errors import ConfigError, DataError

TEXTS = [
    "The car is good, GOOD!", "a bad car", "été: café_2 ok 12", "naïve 日本語 of the CAR ÜBER",
    "don't stop -- now", "a bad\tcar\n\x0b\x0cend", "no-break\u00a0space stays", "it's b d c",
]  # fmt: skip
NEW = ["a GOOD new car?", "unknown", "the the the the the the the the the the", "ein Über-Auto"]


def keras_numbers(texts, new, *, words, length):
    from dlrun.backend import keras, tf

    layer = keras.layers.TextVectorization(max_tokens=words + 2, output_sequence_length=length)
    layer.adapt(tf.constant(texts))
    return layer.get_vocabulary()[2:], layer(tf.constant(new)).numpy().tolist()


@pytest.mark.parametrize(("words", "length"), [(100, 6), (7, 3), (1, 1)])
def test_words_are_cut_ordered_and_numbered_as_keras_does(fitted, words, length):
    """Punctuation, letters, blanks, ties of frequency, what is too long and what is not known."""
    found = fitted(TEXTS, "text", ways={"ids"}, vocabulary=words, length=length)
    vocabulary, numbers = keras_numbers(TEXTS, TEXTS + NEW, words=words, length=length)
    assert list(found.column.numbers.words) == vocabulary
    assert found.numbered(TEXTS + NEW) == numbers
    assert (found.column.ids, found.column.steps) == (len(vocabulary) + 2, length)


@pytest.fixture(scope="module")
def keras_split():
    """What Keras makes of a text, as its words."""
    from dlrun.backend import keras, tf

    layer = keras.layers.TextVectorization()
    return lambda text: [
        word.decode() for word in layer._preprocess(tf.constant([text]))[0].numpy()
    ]


@given(
    st.text(
        st.sampled_from("aAéÉß日 \t\n\r\x0b\x0c\x1c\x85\u00a0\u2028'-_.`^]\\\"@|~09"), max_size=12
    )
)
def test_any_text_is_cut_as_keras_cuts_it(keras_split, text):
    """Blanks and letters that are none of ASCII stay."""
    assert split_words(text) == keras_split(text)


def test_the_graph_gives_the_same_numbers(fitted):
    """TensorFlow's operations, for `saved_model`; also of texts without a word."""
    from dlrun.backend import tf
    from dlrun.columns.graphs import Lookups

    found = fitted(TEXTS, "text", ways={"ids"}, length=5, missing="empty")
    texts = [*TEXTS, *NEW, "", "?!"]
    numbers = found.column.numbered_tf(tf.constant(texts), Lookups()).numpy().tolist()
    assert numbers == found.numbered(texts)
    assert numbers[-1] == [1, 0, 0, 0, 0]
    strict = fitted(TEXTS, "text", ways={"ids"})
    with pytest.raises(tf.errors.InvalidArgumentError, match="column x: a value is missing"):
        strict.column.numbered_tf(tf.constant([""]), Lookups())


def test_the_longest_training_row_tells_the_length(fitted):
    """Up to a bound; what is cut is said, and what is missing is like a text without words."""
    found = fitted(["one two", "three", None], "text", ways={"ids"}, missing="empty")
    assert found.column.steps == 2
    assert found.numbered(["two one two", None, "!"]) == [[2, 4], [1, 0], [1, 0]]
    assert found.column.notes() == [
        "3 words of the training rows, numbered from 2 on (0 is padding, 1 any other word)",
        "2 words of a text are read",
        "1 missing text of the training rows has no words",
    ]
    long = fitted(["a " * 300, "b"], "text", ways={"ids"})
    assert long.column.steps == 250
    assert long.column.notes()[1] == "250 words of a text are read, of 1 training row not all"


def test_numbers_are_written_as_words(fitted):
    """Without padding; what has no number as Keras writes it."""
    found = fitted(["good car", "bad car"], "text", ways={"ids"}, length=3)
    numbers = np.array(found.numbered(["a bad car", "car"]), np.float32)
    assert found.column.undo_numbered(numbers) == ["[UNK] bad car", "car"]


def test_what_is_new_is_counted(fitted):
    """Words, and texts of which no word is known; how long texts are."""
    found = fitted([f"{'a ' * length}z" for length in range(20)], "text", ways={"ids"})
    assert found.unknown(["a new word", "what", "a"]) == {
        "without a known word": 1,
        "unknown words": 3,
    }
    assert found.unknown(["a"]) == {}
    assert found.column.bins[:2] == ("to 2 words", "2 to 4 words")
    assert found.column.bins[-1] == "missing"
    assert sum(found.column.seen) == 20


def test_a_column_may_be_read_both_ways(fitted):
    """As a bag, whose words scikit-learn cuts, and as numbers, whose words Keras cuts."""
    found = fitted(["don't stop", "a stop"], "text", ways={"ids", "entries"}, weight="binary")
    assert found.column.entries == ("x: don", "x: stop")
    assert found.column.numbers.words == ("stop", "dont", "a")
    assert found.apply().tolist() == [[1, 1], [0, 1]]
    assert found.numbered(["stop"]) == [[2, 0]]


def test_what_cannot_be_is_refused(fitted):
    """Options without an effect, numbers out of range, a missing text, no words at all."""
    with pytest.raises(ConfigError, match=r"x.length: Expected 1 to 10,000, got 0"):
        fitted(["a word"], "text", ways={"ids"}, length=0)
    with pytest.raises(ConfigError, match=r"x.length: No layer looks its words up") as error:
        fitted(["a word"], "text", length=3)
    assert "{type: Embedding, inputs: [x], output_dim: 16}" in str(error.value)
    with pytest.raises(ConfigError, match=r"x.hash: Layers look its words up alone, so 'hash'"):
        fitted(["a word"], "text", ways={"ids"}, hash=8)
    with pytest.raises(ConfigError, match=r"x.weight: Layers look its words up alone"):
        fitted(["a word"], "text", ways={"ids"}, weight="tfidf")
    with pytest.raises(CellError):
        fitted(["a word"], "text", ways={"ids"}).numbered(["a", None])
    with pytest.raises(DataError, match="no word stands in 2 training rows"):
        fitted(["a word", "b"], "text", ways={"ids"}, min_count=2)
