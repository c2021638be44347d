"""The pages say what is so, and escape what is not theirs."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy.stats import binomtest

from dlrun.cli.terminal.output import Screen
from dlrun.cli.train import closing_table
from dlrun.config import given
from dlrun.reports.comparison import ComparedRun
from dlrun.reports.gap import generalisation_gap
from dlrun.reports.page.comparison_page import comparison_page, draw_comparison
from dlrun.reports.page.rendering import prose
from dlrun.reports.page.run_page import headline, run_page
from dlrun.reports.page.shown_rows import are_numbers, sample, shown_mistakes
from dlrun.reports.plots.shelf import draw_plots
from dlrun.rundir.notes import Notes
from dlrun.wording import percent
from tests.marking import first
from tests.reports.stories import classification, experiment, regression

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>&amp;{{ 7*7 }}",
    "א\u202eבג שלום",
    "🧿" * 30,
    "x" * 400,
)
RECORDED = (
    *("command", "seconds", "started", "device", "versions", "git", "environment", "labels"),
    *("data", "initial_weights", "final_weights", "status", "reason"),
)
VOID = {"meta", "img", "br", "link", "hr", "input", "wbr"}


class Checked(HTMLParser):
    """Every element that opens is closed; what a page is made of is counted."""

    def __init__(self, page):
        super().__init__()
        self.open, self.seen = [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        """Note what opens."""
        self.seen.append(tag)
        assert not [name for name, _ in attributes if name.startswith("on")]
        for name, value in attributes:
            if name == "src":
                assert value.startswith("data:image/png;base64,"), value
            if name == "href":
                assert value.startswith(("./", "../")), value
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, _attributes):
        """Note what is empty."""
        self.seen.append(tag)

    def handle_endtag(self, tag):
        """What opened last closes first."""
        assert self.open.pop() == tag


def text_of(page):
    """What a reader reads, on one line."""
    whole = page.split("</style>")[1].replace("<wbr>", "")
    return " ".join(re.sub(r"<[^>]+>", " ", whole).split())


def compared(label, **changes):
    run = ComparedRun(
        run=f"20261120-231455_{label}",
        label=label,
        status="finished",
        config=given.flat(experiment()),
        given=given.given_paths(experiment()),
        metrics={"test": {"loss": 0.5, "accuracy": 0.75}},
        history={"loss": np.array([1.0, 0.5]), "val_loss": np.array([1.0, 0.6])},
        classification=classification().classification,
        split="test",
    )
    return replace(run, **changes)


@pytest.mark.parametrize(
    "data",
    first(
        3,
        [
            classification(),
            classification(input_shape=(8, 8, 1)),
            regression(),
            regression(columns=12),
            classification(history={}, record={}, metrics={}),
            classification(classes=300, rows=900),
        ],
    ),
    ids=["classes", "images", "regression", "columns", "bare", "many"],
)
def test_a_page_is_whole(data):
    """Its elements are closed; it has no script, and nothing of it lies elsewhere."""
    page = run_page(data, draw_plots(data))
    seen = Checked(page).seen
    assert "script" not in seen
    assert "link" not in seen
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.slow
def test_what_a_page_tells():
    """What was done in its order, with numbers that agree."""
    data = classification(rows=100)
    page = text_of(run_page(data, draw_plots(data)))
    headings = ("What was asked", "The data", "The model", "The training", "The results",
                "The most instructive mistakes", "A look inside", "How to repeat it")  # fmt: skip
    places = [page.index(heading) for heading in headings]
    assert places == sorted(places)
    wrong = int((data.judged.y_true != data.judged.y_pred).sum())
    assert f"On 100 rows that it was not trained on, it is right in {100 - wrong} %" in page
    assert f"{wrong} of 100 test rows got a wrong answer" in page
    assert "dlrun train a.yaml" in page


@pytest.mark.parametrize(("wrong", "shown"), [(29, 29), (36, 36), (37, 27)])
def test_a_few_more_mistakes_are_shown_all_of_them(wrong, shown):
    """Of many more the surest ones, and that is said."""
    data = classification(rows=100)
    answers = data.judged.y_true.copy()
    answers[:wrong] = (answers[:wrong] + 1) % len(data.class_names)
    data = replace(data, rows={"test": replace(data.judged, y_pred=answers)})
    page = text_of(run_page(data, []))
    assert len(shown_mistakes(data)) == shown
    left_out = "; here are the 27 of which the network is surest" if shown < wrong else ""
    assert f"{wrong} of 100 test rows got a wrong answer{left_out}." in page


@pytest.mark.parametrize("rows", [37, 300])
def test_a_headline_says_how_sure_it_is(rows):
    """By Wilson's interval, as SciPy has it."""
    data = classification(rows=rows)
    right = int((data.judged.y_true == data.judged.y_pred).sum())
    interval = binomtest(right, rows).proportion_ci(method="wilson")
    assert (
        f"it is right in {percent(right / rows)}: {rows - right} wrong answers. Of all such rows "
        f"it would be {percent(interval.low)} to {percent(interval.high)} (95 % interval)."
    ) in headline(data)
    only = replace(data, rows={"train": data.rows["train"]})
    assert "interval" not in headline(only)


def test_the_head_names_author_labels_and_note():
    """As they were given, whatever they hold; nothing of it where nothing was."""
    data = classification(rows=30)
    record = {**data.record, "user": "Ada <b>", "started": "2026-11-20T23:14:55+00:00"}
    said = Notes(("paper", "<i>"), "Two lines\nof <script>.")
    page = run_page(replace(data, record=record, said=said), [])
    assert "script" not in Checked(page).seen
    text = unescape(text_of(page))
    assert "Report of the run 20261120-231455_a_7k2q , by Ada <b> , begun 2026-11-20" in text
    assert "paper <i> A network of" in text
    assert "Two lines of <script>." in text
    bare = text_of(run_page(replace(data, record={}), []))
    assert "Report of the run 20261120-231455_a_7k2q a" in bare


def test_when_it_was_and_how_long():
    """To the second, with its zone; numbers do not leave their signs."""
    data = classification(rows=30)
    record = {**data.record, "started": "2026-11-20T23:14:55.123456+01:00", "seconds": 41.04}
    page = text_of(run_page(replace(data, record=record), []))
    assert "started 2026-11-20 23:14:55+01:00 " in page
    assert "time 41 s, without this page" in page
    assert prose("right in 97.1 % (p < 0.01)") == "right in 97.1\xa0% (p\xa0&lt;\xa00.01)"
    assert prose("`a<b` would, `c") == "<code>a&lt;b</code> would, `c"


def test_columns_of_numbers_may_have_gaps():
    """A column of numbers is one where some are missing, too; one of nothing is none."""
    assert are_numbers([("1", "", "", "a"), ("", "2.5", "", "3")]) == (True, True, False, False)


def test_rows_are_shown_before_the_model():
    """Of each class some, by their own numbers; pictures as pictures; many columns are counted."""
    data = classification(rows=50, input_shape=(12,))
    shown = sample(data)
    train = data.rows["train"]
    assert shown.columns == tuple(f"x{number}" for number in range(1, 9))
    assert [true for _, true, _ in shown.rows] == ["0", "0", "1", "1", "2", "2"]
    assert shown.more_columns == 4
    for number, true, row in shown.rows:
        assert str(train.y_true[number]) == true
        assert row.values == tuple(f"{value:.4g}" for value in train.x[number][:8])
    page = text_of(run_page(data, []))
    assert page.index("Some of its training rows") < page.index("The model")
    assert "4 more" in page
    images = classification(input_shape=(8, 8, 1), classes=11)
    assert len(sample(images).rows) == 18
    assert all(row.image.startswith(b"\x89PNG") for *_, row in sample(images).rows)
    assert [true for _, true, _ in sample(regression(columns=2)).rows] == [
        f"{value:.4g}" for value in regression(columns=2).rows["train"].y_true[:6, 0]
    ]


def test_a_learning_rate_is_a_fact():
    """The constant one, or from where to where it went."""
    data = classification(rows=30)
    assert "learning rate 0.001" in text_of(run_page(data, []))
    history = {"loss": np.ones(3), "learning_rate": np.array([0.1, 0.05, 0.01])}
    page = text_of(run_page(replace(data, history=history), []))
    assert "learning rate 0.1 in the first epoch, 0.01 in the last" in page


def test_rows_that_were_trained_on_prove_nothing():
    """The page says so."""
    data = classification()
    data = replace(data, rows={"train": data.rows["train"]})
    assert "There are no rows that the network has not seen" in run_page(data, [])


def test_a_wide_gap_is_named():
    """Training far better than test."""
    metrics = {"train": {"accuracy": 1.0}, "test": {"accuracy": 0.8}}
    assert "holds for its training rows only" in run_page(classification(metrics=metrics), [])
    even = {"train": {"accuracy": 0.82}, "test": {"accuracy": 0.8}}
    assert "holds for its training rows only" not in run_page(classification(metrics=even), [])


@pytest.mark.parametrize("rows", [5, 30, 200])
@pytest.mark.parametrize("lost", [0.04, 0.08, 0.15, 0.4])
def test_the_page_and_the_terminal_judge_a_gap_alike(rows, lost):
    """In the same words: what is chance over so few rows is told by neither."""
    metrics = {
        "train": {"loss": 0.1, "accuracy": 0.98},
        "test": {"loss": 0.1 + lost, "accuracy": 0.98 - lost},
    }
    data = classification(rows=rows, metrics=metrics)
    told = generalisation_gap(metrics, rows=rows)
    table = closing_table(metrics, end="1.0 s  a", screen=Screen(200), rows=rows)
    page = text_of(run_page(data, []))
    for text in (table, page):
        assert ("generalisation gap" in text) == (told is not None)
        assert told is None or told[1:] in text


@pytest.mark.slow
def test_hostile_names_break_neither_page_nor_plots():
    """They are read as they are."""
    data = classification(names=HOSTILE, classes=len(HOSTILE))
    data = replace(
        data,
        run=HOSTILE[0],
        experiment=experiment(name=HOSTILE[0]),
        spec=replace(data.spec, feature_names=HOSTILE[:2]),
        record={"command": ["dlrun", HOSTILE[1]], "versions": {HOSTILE[0]: HOSTILE[1]}, "git": 3},
        notes=(HOSTILE[0],),
        layers=(replace(data.layers[0], name=HOSTILE[1]),),
        metrics={"test": {HOSTILE[0]: float("nan"), HOSTILE[1]: float("inf")}},
    )
    page = run_page(data, draw_plots(data))
    assert "script" not in Checked(page).seen
    assert "&lt;script&gt;" in page
    assert "49" not in re.findall(r"\{\{.*?\}\}", page)


def test_a_record_of_a_stranger_is_only_shown():
    """Whatever JSON can hold may stand in it."""
    for odd in (None, 3, "x", [], {}, [1, {}], {"a": [1]}):
        Checked(run_page(classification(record=dict.fromkeys(RECORDED, odd)), []))


def test_a_comparison_tells_what_differs():
    """Keys, metrics with the best one marked, classes."""
    changed = {**given.flat(experiment()), "training.batch_size": 7}
    metrics = {"test": {"loss": 0.6, "accuracy": 0.8}}
    other = compared("b", config=changed, given=frozenset({"training.batch_size"}), metrics=metrics)
    runs = [compared("a"), other]
    page = comparison_page(runs, draw_comparison(runs))
    Checked(page)
    read = text_of(page)
    assert "one run each, so nothing tells whether the seeds alone make such a difference" in read
    assert "training.batch_size 32 7" in read
    assert "training.epochs" not in read
    assert '<td class="best">0.5000</td><td>0.6000</td>' in page
    assert '<td>0.7500</td><td class="best">0.8000</td>' in page
    assert "F1 of each class, test rows" in read
    assert page.count("data:image/png") == 1


def test_a_comparison_of_seeds_is_one_of_means():
    """A group a config, with its interval; no single seed is called the best."""
    base = given.flat(experiment())
    runs = [
        compared(f"{rate}_{seed}", config={**base, "optimizer.learning_rate": rate, "seed": seed},
                 given=frozenset({"optimizer.learning_rate", "seed"}),
                 metrics={"test": {"accuracy": value}})
        for rate, values in ((0.1, (0.8, 0.9, 0.7)), (0.2, (0.5, 0.51, 0.52)))
        for seed, value in enumerate(values)
    ]  # fmt: skip
    page = comparison_page(runs, [])
    Checked(page)
    read = text_of(page)
    assert "Means of the groups, test rows learning_rate=0.1 learning_rate=0.2" in read
    assert '<td class="best">0.8000 ± 0.2484</td><td>0.5100 ± 0.0248</td>' in page
    assert page.count('class="best"') == 1
    assert "0.2_1 learning_rate=0.2" in read
    assert (
        "± half of the 95 % confidence interval over the seeds (Student&#39;s t). dlrun compare "
        "with the same runs tests whether the differences are more than chance."
    ) in read


def test_a_comparison_of_hostile_and_bare_runs():
    """Names are escaped; a run without anything has empty cells."""
    bare = compared("b", metrics={}, history={}, classification=None, config={})
    many = [compared(name, run=name) for name in HOSTILE]
    for runs in ([compared("a"), bare], [bare, bare], many * 3):
        assert "script" not in Checked(comparison_page(runs, draw_comparison(runs))).seen
