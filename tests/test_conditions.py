"""Conditions on runs: what holds, and what is said of mistakes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.absent import ABSENT
from dlrun.conditions import parse_condition
from dlrun.errors import UsageError

RUN = {
    "status": "finished",
    "seed": 3,
    "rate": 0.01,
    "test.accuracy": 0.979,
    "shuffle": True,
    "path": None,
    "label": ("good", "for later"),
    "age": 5400.0,
    "started": "2026-11-21T04:47:01+00:00",
    "units": [16, 3],
    "note": "Better than\nExpected",
}


def holds(text):
    return parse_condition(text).holds(lambda key: RUN.get(key, ABSENT))


@pytest.mark.parametrize(
    "text",
    [
        "status=finished", "status==finished", 'status="finished"', "status='finished'",
        "seed=3", "seed = 3.0", "seed=0x3", "rate=1e-2", "rate>=0.01 and rate<=0.01", "rate<.5",
        "test.accuracy>0.9 and status=finished", "status=failed or seed=3",
        "not status=failed", "not (status=failed or seed=4)", "NOT seed=4 AND rate>0",
        "shuffle=true", "path=null", "nothing=null", "nothing!=3", "status!=failed",
        "label=good", "label='for later'", "label!=bad", "label~late", "note~'than\nexp'",
        "age<2h", "age>=90min", "age=1.5h", "age<1d", "started>2026-11-20", "started~2026-11",
        "units='[16, 3]'", "units~16", "seed=4 and nothing=1 or seed=3", "'test.accuracy'>0.9",
        "((((seed=3))))", "status!=3", "status~FINISH",
    ],
)  # fmt: skip
def test_what_holds(text):
    """And binds closer than or; a missing value equals nothing but null."""
    assert holds(text)
    assert not holds(f"not ({text})")


@pytest.mark.parametrize(
    "text",
    [
        "status=Finished", 'seed="3"', "shuffle=1", "seed=true", "nothing<3", "nothing>=3",
        "status<3", "seed<abc", "path=0", "label!=good", "nothing~a",
        "seed=3 and (rate>1 or age<1)",
        "nothing=''", "shuffle>0",
    ],
)  # fmt: skip
def test_what_does_not_hold(text):
    """Texts are no numbers, and true is none either."""
    assert not holds(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--where: the condition is empty."),
        ("  ", "--where: the condition is empty."),
        ("status=", "--where, column 8: expected a value after '=', got the end."),
        ("status", "--where, column 7: expected one of = != < <= > >= ~ after 'status', got the"),
        ("=3", "--where, column 1: expected a key such as 'status' or 'test.accuracy', got '='."),
        ("a=1 and", "--where, column 8: expected a key"),
        ("a=1 and and b=2", "--where, column 9: expected a key"),
        ("a=1 b=2", "--where, column 5: expected 'and' or 'or', got 'b'."),
        ("(a=1", "--where, column 5: expected 'and', 'or' or ')', got the end."),
        ("(a=1", "The bracket opens at column 1."),
        ("a=1)", "--where, column 4: this ')' closes nothing."),
        ("a=1 && b=2", "--where, column 5: '&&' joins nothing here.\n  Write 'and'."),
        ("a=>1", "--where, column 2: expected one of = != < <= > >= ~ after 'a', got '=>'."),
        ("a=>1", "Write '>='."),
        ('note="x', "--where, column 6: the quote that opens here is never closed."),
        ("a=1e999", "--where, column 3: 1e999 is too large for a number."),
        ("a==(1)", "--where, column 4: expected a value after '==', got '('."),
        ("(" * 60 + "a=1", "--where, column 51: more than 50 levels of brackets."),
        ("not " * 60 + "a=1", "more than 50 levels of brackets."),
        ("a=1 or " * 2000, "--where: has more than 10,000 characters."),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_column(text, message):
    """What was expected, what stands there, and how to mend it."""
    with pytest.raises(UsageError) as caught:
        parse_condition(text)
    assert message in str(caught.value)


@given(st.text(alphabet="ab=<>!~()'\" \\ndotr13.&|\n", max_size=40))
def test_no_text_does_harm(text):
    """It is a condition or a mistake; nothing else ever happens."""
    try:
        condition = parse_condition(text)
    except UsageError:
        return
    condition.holds(lambda key: RUN.get(key, ABSENT))


def test_cheap_parts_are_asked_first():
    """The order changes the work, not the meaning."""
    asked = []

    def look_up(key):
        asked.append(key)
        return RUN.get(key, ABSENT)

    condition = parse_condition("rate>0 and (rate<1 or not rate=3) and seed=4")
    assert not condition.cheap_first(lambda key: key == "rate").holds(look_up)
    assert asked == ["seed"]
