"""The pages in a browser: they render, fit every width, print, and ask for nothing."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from dlrun.reports.page.comparison_page import comparison_page, draw_comparison
from dlrun.reports.page.run_page import run_page
from dlrun.reports.page.sweep_page import sweep_page
from dlrun.reports.plots.shelf import draw_plots
from dlrun.reports.plots.sweep_shelf import draw_sweep
from dlrun.reports.run_data import Layer
from tests.marking import first
from tests.reports.chromium import PROGRAM, Chromium
from tests.reports.page.test_pages import HOSTILE, compared
from tests.reports.stories import classification, experiment, regression
from tests.reports.sweeps import RATE, WORD, grid, sweep_data

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium or Chrome on this machine")

PAPER = (718, 1009)
"""What an A4 page leaves between margins of 15 mm, in CSS pixels."""
MOST_PAGES = 16
MOVES = """
(() => {
  const wide = [...document.body.querySelectorAll('*')].filter(
    one => !one.closest('.wide, pre, svg') && one.getBoundingClientRect().right > innerWidth + 1);
  return [document.documentElement.scrollWidth, wide.map(one => one.outerHTML.slice(0, 80))];
})()
"""
IMAGES = "[...document.images].map(one => one.complete && one.naturalWidth > 0)"
SIZES = """
[...document.querySelectorAll('figure img, figure svg.graph, .tiles img')].map(
  one => [one.getBoundingClientRect().right, one.getBoundingClientRect().height])
"""


@pytest.fixture(scope="session")
def chromium():
    """One browser for all."""
    browser = Chromium()
    yield browser
    browser.close()


def graph():
    """A model with branches, wider than a telephone."""
    reads = [("a", "input"), ("b", "input"), ("c", "input"), ("d", "a b c"), ("e", "d a"),
             ("dense", "e")]  # fmt: skip
    return tuple(Layer(name, "Dense", tuple(of.split()), (4,), 9) for name, of in reads)


def hostile():
    """Names that would break a careless page."""
    data = classification(names=HOSTILE, classes=len(HOSTILE), input_shape=(8, 8, 1))
    return replace(
        data,
        run=HOSTILE[4],
        experiment=experiment(name=HOSTILE[0]),
        record={"command": ["dlrun", *HOSTILE], "versions": {HOSTILE[4]: HOSTILE[4]}},
        notes=(HOSTILE[1],),
        layers=(replace(data.layers[0], name=HOSTILE[4]),),
        metrics={"test": {HOSTILE[4]: 1.0}},
    )


STORIES = {
    "planes": classification,
    "images": lambda: classification(input_shape=(8, 8, 1), layers=graph(), classes=10, rows=900),
    "many": lambda: classification(input_shape=(30,), classes=24, rows=900),
    "regression": lambda: regression(columns=12, targets=2),
    "hostile": hostile,
}


SWEEPS = {
    "sweep": sweep_data(
        grid(
            lambda point: point["b"] / 10 + point["seed"] / 100,
            **{RATE: [0.1, 0.2, 0.3], WORD: ["relu", "a long word"], "b": [1, 2], "seed": [0, 1]},
        ),
        curves=[{"loss": np.array([1.0, 0.5])}] * 5,
    ),
    "strange sweep": sweep_data([({key: value}, n / 99) for n, key in enumerate(HOSTILE)
                            for value in HOSTILE] + [({HOSTILE[0]: 1}, None)]),
}  # fmt: skip


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """The pages, written once."""
    folder = tmp_path_factory.mktemp("pages")
    texts = {}
    for name, tell in STORIES.items():
        told = tell()
        texts[name] = run_page(told, draw_plots(told))
    runs = [compared(name) for name in "abcdefgh"]
    texts["compared"] = comparison_page(runs, draw_comparison(runs))
    for name, told in SWEEPS.items():
        texts[name] = sweep_page(told, draw_sweep(told))
    strange = [compared(name, run=name) for name in HOSTILE]
    texts["strange"] = comparison_page(strange, draw_comparison(strange))
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.mark.parametrize("name", first(0, ["strange", "compared", *STORIES, *SWEEPS]))
def test_a_page_fits_every_width(name, chromium, pages):
    """From a telephone to a wide screen, light and dark: nothing sticks out, all images load."""
    for width, dark in ((360, False), (800, True), (1600, False)):
        chromium.open(pages[name], width=width, dark=dark)
        assert chromium.complaints() == []
        assert chromium.tell(MOVES) == [width, []]
        loaded = chromium.tell(IMAGES)
        assert all(loaded)
        assert loaded


@pytest.mark.slow
def test_light_and_dark(chromium, pages):
    """The reader's choice, with enough contrast in both."""
    for dark, ink_is_darker in ((False, True), (True, False)):
        chromium.open(pages["planes"], dark=dark)
        paper, ink = (
            chromium.tell(f"getComputedStyle(document.body).{key}")
            for key in ("backgroundColor", "color")
        )
        bright, written = (sum(map(int, re.findall(r"\d+", one)[:3])) for one in (paper, ink))
        assert (written < bright) is ink_is_darker
        assert abs(bright - written) > 400


@pytest.mark.parametrize("name", first(0, [*STORIES, *SWEEPS, "compared"]))
def test_a_printed_page_has_all_its_plots_whole(name, chromium, pages):
    """Each fits on a page of paper and is in the PDF."""
    chromium.open(pages[name], width=PAPER[0], paper=True)
    sizes = chromium.tell(SIZES)
    assert sizes
    assert all(right <= PAPER[0] + 1 and height <= PAPER[1] for right, height in sizes)
    plots = chromium.tell("new Set([...document.images].map(one => one.src)).size")
    chromium.open(pages[name])
    printed = chromium.pdf()
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Subtype /Image") >= plots
    assert len(re.findall(rb"/Type /Page\b", printed)) < MOST_PAGES


def test_a_hostile_page_does_nothing(chromium, pages):
    """No script has run, and what would be markup is read as text."""
    chromium.open(pages["hostile"])
    assert chromium.tell("document.scripts.length") == 0
    assert chromium.tell("document.querySelectorAll('img[src=x]').length") == 0
    assert chromium.tell("document.querySelector('h1').innerText") == HOSTILE[0]


@pytest.mark.slow
def test_a_real_report(chromium, reported, tmp_path):
    """What training leaves, under a name with blanks."""
    target = tmp_path / "a report.html"
    shutil.copy(reported("digits_branches") / "report.html", target)
    chromium.open(target, width=360)
    assert chromium.complaints() == []
    assert chromium.tell(MOVES) == [360, []]
    assert chromium.tell("document.querySelectorAll('svg.graph > svg').length") == 9


LETTERS = """\
dataset:
  type: table
  path: letters.csv
  target: days
  columns:
    note: {type: text, hash: 4, missing: empty}
    weight: number
    region: {type: category, missing: own}
  test_split: 0.25
model: {layers: [{type: Dense, units: 1}]}
loss: mse
optimizer: sgd
training: {epochs: 1}
"""
STACKED = """
[...document.querySelectorAll('table.texts')].map(table => [
  getComputedStyle(table.tHead).display, table.caption && table.caption.offsetHeight,
  [...table.tBodies[0].rows[0].cells].map(one => getComputedStyle(one, '::before').content)])
"""


@pytest.mark.slow
def test_a_table_with_words_on_a_telephone(chromium, dlrun, tmp_path):
    """Each row is a block of its own, each cell beside its column's name, the caption in lines."""
    lines = [f"{n % 7},{n / 4},{('R1', '', 'R2')[n % 3]},please call {n}" for n in range(40)]
    (tmp_path / "letters.csv").write_text("\n".join(["days,weight,region,note", *lines]) + "\n")
    (tmp_path / "c.yaml").write_text(LETTERS)
    page = dlrun("train", "c.yaml", "-q", "--report").run / "report.html"
    names = ["row", "days", "weight", "region", "note"]
    wrong = ["row", "in the data", "true", "predicted", "distance", "weight", "region", "note"]
    for width in (360, 400, 500, 700, 900):
        chromium.open(page, width=width)
        assert chromium.tell(MOVES) == [width, []]
        (sample, mistakes) = chromium.tell(STACKED)
        assert sample[0] == mistakes[0] == "none"
        assert 10 < sample[1] < 60, f"the caption is {sample[1]} pixels high at {width}"
        assert sample[2] == [f'"{name} "' for name in names]
        assert mistakes[2] == [f'"{name} "' for name in wrong]
    chromium.open(page, width=1200)
    assert chromium.tell(STACKED)[0][0] == "table-header-group"
