"""Whatever is written, a config is read or refused: no traceback, no hang, each refusal placed."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun import catalog
from dlrun.config import load_config
from dlrun.errors import ConfigError

SHIPPED = [
    file.read_text(encoding="utf-8")
    for file in sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
]
PLACE = re.compile(r".*:\d+:\d+|--set .*")
SECONDS = 5.0
"""Of the processor; a slow machine needs one and a half for what a quick one does in a half."""

WORDS = [word for kind in catalog.KINDS for word in catalog.words(kind)]
ARGUMENTS = sorted(
    {
        parameter.name
        for kind in catalog.KINDS
        for word in catalog.words(kind)
        for parameter in catalog.find(kind, word).parameters
    }
)
KEYS = [
    "name", "seed", "dataset", "model", "layers", "loss", "optimizer", "metrics", "training",
    "epochs", "batch_size", "callbacks", "exports", "type", "inputs", "weights", "trainable",
    "validation_split", "class_weight", "scale", *ARGUMENTS,
]  # fmt: skip
SCALARS = (
    st.sampled_from(WORDS)
    | st.integers(-2, 1000)
    | st.floats()
    | st.booleans()
    | st.none()
    | st.text(max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
        | st.fixed_dictionaries(
            {"type": st.sampled_from(WORDS)},
            optional=dict.fromkeys(("units", "activation", "inputs", "name", "layer"), inner),
        )
    ),
    max_leaves=15,
)
GRAMMAR = st.fixed_dictionaries(
    {
        "dataset": VALUES,
        "model": st.fixed_dictionaries({"layers": st.lists(VALUES, max_size=5)}) | VALUES,
    },
    optional=dict.fromkeys(("loss", "optimizer", "metrics", "training", "exports"), VALUES),
).map(yaml.safe_dump)


SIGNS = [":", "- ", "[", "}", '"', "\n", "\t", "&a ", "*a", "!!int ", "<<: "]
SIGN_TEXT = st.text(alphabet="-:[]{}&*!?|>'\"%@`#, \n\tab1~", max_size=60)


@st.composite
def mutated(draw):
    """A shipped config with a few pieces cut out, doubled or replaced by noise."""
    text = draw(st.sampled_from(SHIPPED))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        noise = draw(
            st.sampled_from(
                ["", text[start:end] * 2, ":", "- ", "[", "}", '"', "\n", "\t", "&a ", "*a"]
            )
            | st.sampled_from(WORDS)
            | st.text(max_size=4)
        )
        text = text[:start] + noise + text[end:]
    return text


def check(file, content, overrides=()):
    """Load a config: it means the same when it is resolved, or every problem has a place."""
    file.write_bytes(content)
    started = time.process_time()
    problems = ()
    try:
        experiment = load_config(file, overrides)
    except ConfigError as error:
        problems = error.problems
    else:
        file.write_text(experiment.to_yaml(), encoding="utf-8")
        assert load_config(file) == experiment
    for problem in problems:
        assert problem.what
        assert PLACE.fullmatch(problem.location)
    assert time.process_time() - started < SECONDS


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """One file for all examples."""
    return tmp_path_factory.mktemp("fuzz") / "config.yaml"


def to_bytes(text):
    """Text as a file holds it, broken text too."""
    return text.encode("utf-8", "surrogatepass")


def override(key, value):
    """A flag that sets any path to any value."""
    written = yaml.safe_dump(value, default_flow_style=True, width=10**6).strip()
    return SHIPPED[0].encode(), [f"{'.'.join(key)}={written}"]


ANY_PATH = st.lists(st.sampled_from(KEYS) | st.integers(-2, 3).map(str), min_size=1, max_size=5)
CASES = {
    "a good config cut, doubled, mixed up": st.tuples(mutated().map(to_bytes), st.just(())),
    "real words and keys in the wrong places": st.tuples(GRAMMAR.map(to_bytes), st.just(())),
    "bytes, and the characters that mean something to YAML": st.tuples(
        st.binary(max_size=200) | SIGN_TEXT.map(str.encode), st.just(())
    ),
    "any path set to any value": st.builds(override, ANY_PATH, VALUES),
}
"""What a config can be made of: its bytes, and the flags beside it."""
MANY = dict(zip(CASES, (900, 450, 1200, 450), strict=True))
"""3,000 in all, more of those that are quick to make; `--hypothesis-profile=fresh` draws others."""


def fuzz(file, cases, examples):
    """Check some of the cases."""

    @settings(max_examples=examples)
    @given(cases)
    def each(case):
        check(file, *case)

    each()


@pytest.mark.parametrize("kind", CASES)
def test_a_few(file, kind):
    """In every run of the tests."""
    fuzz(file, CASES[kind], 100)


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_thousands(file, kind):
    """In every run of CI."""
    fuzz(file, CASES[kind], MANY[kind])
