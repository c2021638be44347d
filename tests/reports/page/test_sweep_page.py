"""The page of a sweep says what is so, and escapes what is not its own."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from dlrun.reports.page.sweep_page import MOST_FAILURES, MOST_POINTS, sweep_page
from dlrun.reports.plots.sweep_shelf import draw_sweep
from dlrun.reports.sweep_data import sweep_data_of
from tests.reports.page.test_pages import HOSTILE, Checked, text_of
from tests.reports.plots.test_sweep_plots import STORIES
from tests.reports.sweeps import RATE, UNITS, grid, results, run, sweep_data


def page_of(told):
    page = sweep_page(told, draw_sweep(told))
    Checked(page)
    return page


def read(told):
    return text_of(page_of(told))


def seeded():
    """Two rates, three seeds of each; one run has failed."""
    values = {(0.1, 0): 0.8, (0.1, 1): 0.9, (0.1, 2): 0.7, (0.2, 0): 0.5, (0.2, 1): 0.52}
    points = [({RATE: rate, "seed": seed}, value) for (rate, seed), value in values.items()]
    return [*points, ({RATE: 0.2, "seed": 2}, None)]


def test_what_the_page_tells():
    """In its order: what is best, all points, what keys do, chance, failures."""
    points = seeded()
    curves = [{"loss": np.array([1.0, 0.5])}] * 2
    page = read(sweep_data(points, curves=curves))
    headings = ("The best point", "All points, the best first", "What each key does",
                "How much is chance", "How the best got there", "What went wrong")  # fmt: skip
    places = [page.index(heading) for heading in headings]
    assert places == sorted(places)
    assert "6 runs of 2 points: 5 finished, 1 failed." in page
    assert "The larger the test accuracy, the better." in page
    assert "1 0.8000 ± 0.2484 0.1 3/3 20261120-231455_a_0001" in page
    assert "2 0.5100 ± 0.1271 0.2 2/3 20261120-231455_a_0004" in page
    assert "test accuracy 0.8000 ± 0.2484, the mean over 3 seeds" in page
    assert "failed: The loss became NaN. 20261120-231455_a_0005 learning_rate=0.2 seed=2" in page


def test_the_commands_that_go_on():
    """They can be copied, whatever the folder is called."""
    points = seeded()
    page = page_of(sweep_data(points))
    assert "dlrun sweep best runs/rates -o best.yaml" in page
    assert "dlrun predict runs/20261120-231455_a_0001 INPUT.csv" in page
    told = sweep_data(points)
    odd = replace(told.results, folder=told.results.folder / "it's $HOME")
    page = page_of(sweep_data_of(odd, ()))
    assert "dlrun sweep best &#39;runs/rates/it&#39;&#34;&#39;&#34;&#39;s $HOME&#39; -o" in page


def test_chance_in_sentences():
    """Spreads by hand: within² = (0.02 + 0.0002) / 3, between the means 0.8 and 0.51."""
    points = seeded()
    page = read(sweep_data(points))
    assert "scatters by 0.0821 (standard deviation over the seeds, pooled over 2 points)" in page
    assert "The means of the points scatter by 0.2051" in page
    alone = read(sweep_data([({"seed": s}, v) for s, v in ((0, 0.5), (1, 0.7))]))
    assert "scatters by 0.1414 (standard deviation)." in alone
    assert "How much is chance" not in read(sweep_data([({RATE: 0.1}, 0.5), ({RATE: 0.2}, 0.6)]))


def test_a_lead_is_called_what_it_is():
    """Sure, or perhaps no more than chance."""
    sure = {1: (0.9, 0.91, 0.92, 0.93), 2: (0.5, 0.52, 0.51, 0.53)}
    points = [({"a": a, "seed": s}, v) for a, of in sure.items() for s, v in enumerate(of)]
    assert "The best of them is better than the other by more than" in read(sweep_data(points))
    close = {1: (0.9, 0.91, 0.92, 0.93), 2: (0.91, 0.9, 0.93, 0.915)}
    points = [({"a": a, "seed": s}, v) for a, of in close.items() for s, v in enumerate(of)]
    assert "no difference is shown for the other (" in read(sweep_data(points))


def test_what_must_be_known_first():
    """What is missing, left out, still at work."""
    found = results([({RATE: 0.1}, 0.5)], missing=3, left_out=1)
    page = read(sweep_data_of(found, ()))
    assert "1 run of 1 point: 1 finished, 3 missing." in page
    assert "3 runs are missing" in page
    assert "1 run in the folder belongs to an earlier form" in page
    working = replace(found, runs=(run(0, None, status="running", reason=None, point={RATE: 1}),))
    assert "1 run still at work" in read(sweep_data_of(working, ()))


def test_nothing_to_draw_is_told():
    """No run, no result, a single point, a key of which one value has results."""
    assert "No run is there yet." in read(sweep_data([]))
    failed = read(sweep_data([({RATE: 0.1}, None), ({RATE: 1.0}, None)]))
    assert "No run is finished with the objective measured: there is nothing to draw." in failed
    assert "The best point" not in failed
    assert "learning_rate" in failed
    assert "No key varies" in read(sweep_data([({RATE: 0.1}, 0.5)]))
    part = read(sweep_data([({RATE: 0.1}, 0.5), ({RATE: 1e30}, None)]))
    assert f"Of {RATE} only one value has finished runs" in part


def test_a_sweep_that_stopped_runs_shows_how_far_they_came():
    """Those that came farthest come first."""
    found = results([({RATE: 0.1}, 0.5), ({RATE: 0.2}, None), ({RATE: 0.3}, None)])
    stopped = [
        replace(one, status="stopped early", reason="Paused", epochs=epochs)
        for one, epochs in zip(found.runs[1:], (3, 9), strict=True)
    ]
    page = read(sweep_data_of(replace(found, runs=(found.runs[0], *stopped)), ()))
    assert "2 – 0.3 stopped early 9" in page  # noqa: RUF001
    assert "3 – 0.2 stopped early 3" in page  # noqa: RUF001
    assert "What went wrong" not in page


def test_long_tables_are_cut():
    """And say how much there is."""
    points = [({"a": n}, n / 80) for n in range(80)] + [({"b": n}, None) for n in range(70)]
    page = page_of(sweep_data(points))
    assert f"And {150 - MOST_POINTS} more in <code>results.csv</code>." in page
    assert f"And {70 - MOST_FAILURES} more in <code>results.csv</code>." in page


@pytest.mark.parametrize("name", STORIES)
def test_a_page_is_whole(name):
    """Its elements are closed; it has no script, and nothing of it lies elsewhere."""
    page = page_of(STORIES[name]())
    assert "script" not in Checked(page).seen
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.slow
def test_a_hostile_sweep_is_only_shown():
    """Names, keys, values, reasons, metrics; all of bounded length."""
    points = [({key: value}, 0.5) for key in HOSTILE for value in (*HOSTILE, "x" * 10**5)]
    found = results(points, name="n" * 10**5, objective=HOSTILE[0])
    strange = replace(
        run(len(points), None, point={HOSTILE[0]: HOSTILE[1]}), reason=HOSTILE[1] + "r" * 10**5
    )
    odd = replace(found.runs[0], metrics={"test": {HOSTILE[0]: None, HOSTILE[1]: 1e-30}})
    told = sweep_data_of(replace(found, runs=(odd, *found.runs[1:], strange)), ())
    page = page_of(told)
    assert "script" not in Checked(page).seen
    assert "&lt;script&gt;" in page
    assert "49" not in re.findall(r"\{\{.*?\}\}", page)
    assert "x" * 200 not in page
    assert "n" * 400 not in page
    assert "r" * 500 not in page


def test_the_columns_are_the_keys_that_vary():
    """Those that matter most first; what is the same everywhere stands once, at the top."""
    told = sweep_data(
        grid(lambda p: p[UNITS] / 10, **{RATE: [0.1], UNITS: [1, 2], "c": ["x", "y"]})
    )
    page = read(told)
    assert "no. test accuracy units c status best run" in page
    assert f"{RATE} 0.1" in page


def test_a_tie_is_told():
    """Which of the points is called the best does not mean that it is better."""
    axes = {"a": [1, 2], "b": [1, 2]}
    tied = read(sweep_data(grid(lambda p: 0.9 if p["a"] + p["b"] == 3 else 0.5, **axes)))
    assert (
        "2 points share the best test accuracy, 0.9000; the one that was begun first stands for "
        "them."
    ) in tied
    assert "the 2 best fields have a frame" in tied
    alone = read(sweep_data(grid(lambda p: p["a"] + p["b"] / 2, **axes)))
    assert "share the best" not in alone
    assert "the best field has a frame" in alone


def test_what_few_seeds_cannot_tell():
    """An interval of two is no mistake; one without width is no certainty."""
    two = {(1, 0): 0.5, (1, 1): 0.9, (2, 0): 0.6, (2, 1): 0.6}
    page = read(sweep_data([({"a": a, "seed": seed}, value) for (a, seed), value in two.items()]))
    assert (
        "; two seeds tell next to nothing of how far others would lie: the interval is very wide, "
        "and may reach beyond what the metric can be; 0 is of seeds that all gave the same, which "
        "makes the mean no surer."
    ) in page
    assert page.count("A bar with an arrow goes on beyond the edge.") == 2
    five = read(sweep_data([({"a": 1, "seed": seed}, 0.7 + seed / 20) for seed in range(5)]))
    assert "tell next to nothing" not in five
    assert "with an arrow" not in five
