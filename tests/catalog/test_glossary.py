"""What is said about words: spellings, first sentences, prose."""

from __future__ import annotations

import pytest

from dlrun import catalog


@pytest.mark.parametrize("kind", catalog.KINDS)
def test_every_word_has_a_first_sentence(kind):
    """One line, the beginning of its prose, without the address of a link."""
    for name in catalog.words(kind):
        gist = catalog.gist(kind, name)
        assert gist, name
        assert "\n" not in gist
        assert "](" not in gist
        assert catalog.prose(kind, name)[0].startswith(gist)


def test_a_sentence_does_not_end_at_an_abbreviation():
    """`a.k.a.` and `e.g.` stand inside of sentences."""
    assert catalog.gist("layers", "Attention").endswith("Luong-style attention.")
    assert catalog.gist("layers", "Conv1D") == "1D convolution layer (e.g. temporal convolution)."


def test_prose_ends_before_code_and_formulas():
    """Two paragraphs at most; none that only leads to a formula."""
    first, second = catalog.prose("layers", "Dense")
    assert first == "Just your regular densely-connected NN layer."
    assert second.startswith("`Dense` implements the operation:")
    assert catalog.prose("losses", "Hinge") == (
        "Computes the hinge loss between `y_true` & `y_pred`.",
    )
    assert len(catalog.prose("activations", "elu")) == 1
    assert catalog.prose("layers", "NoSuchLayer") == ()


@pytest.mark.parametrize("kind", catalog.KINDS)
def test_aliases_are_spellings_of_their_words(kind):
    """Each is found and stands for the word it is listed under, and for no other."""
    for name, spellings in catalog.aliases(kind).items():
        assert list(spellings) == sorted(spellings)
        for spelling in spellings:
            assert catalog.canonical(kind, spelling) == name


def test_aliases_that_people_use():
    """The short ones of Keras, and dlrun's own `acc`."""
    assert "mse" in catalog.aliases("losses")["MeanSquaredError"]
    assert catalog.aliases("optimizers")["Adam"] == ("adam",)
    assert catalog.aliases("metrics")["accuracy"] == ("acc",)
    assert "Accuracy" not in catalog.aliases("metrics")  # `accuracy` is dlrun's
    assert catalog.aliases("datasets") == {"table": ("csv",)}


def test_layers_have_families():
    """The folders of Keras; other kinds have none."""
    assert catalog.family("layers", "MaxPooling2D") == "pooling"
    assert catalog.family("losses", "Hinge") is None


def test_links_lose_their_addresses():
    """What is left can be read on a terminal."""
    line = "a [logit](https://en.wikipedia.org/wiki/Logit) in [0, 1]"
    assert catalog.without_links(line) == "a logit in [0, 1]"
