"""Which words of texts move the answers of the network."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from dlrun.reports.plots.numbers import Columns
from dlrun.reports.plots.style import COLORS, INK, SPLIT_NAMES, new_figure, safe_text
from dlrun.reports.run_data import ReportData
from dlrun.reports.words import LEAST_ROWS, WordEffects, largest
from dlrun.wording import tally

NAME = "word_effects"
TITLE = "Words that move the answer"
USES_ALL_ROWS = True  # it says itself how many

MOST = 24


def fits(data: ReportData) -> bool:
    """Whether words were looked up, and some stand in several rows."""
    return data.words is not None and bool(data.words.words)


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    found = _found(data)
    what = "the answer" if not data.class_names else "the score of the class that is named"
    said = (
        f"By how much a word of '{found.column}' raises {what}: the mean, and the standard "
        "deviation, of the score with it less the score of the same text without it, over the "
        f"{SPLIT_NAMES[found.split]} rows that have it, {LEAST_ROWS} at least."
    )
    if found.rows < found.total:
        said += f" From {tally(found.rows, 'row')} of {found.total:,}, evenly spaced."
    return said


def numbers(data: ReportData) -> Columns:
    """Give every word that stands in enough rows."""
    words = _found(data).words
    return [
        ("word", [one.word for one in words]),
        ("toward", [one.toward for one in words]),
        ("raises_it_by", [one.mean for one in words]),
        ("standard_deviation", [one.deviation for one in words]),
        ("rows", [one.rows for one in words]),
    ]


def draw(data: ReportData) -> Figure:
    """Draw a bar for each word, in the colour of what it speaks for."""
    words = list(largest(_found(data), MOST))
    towards = list(dict.fromkeys(one.toward for one in words))
    figure = new_figure(0.9 + 0.22 * len(words))
    axes = figure.add_subplot()
    for number, toward in enumerate(towards):
        places = [place for place, one in enumerate(words) if one.toward == toward]
        axes.barh(
            places,
            [words[place].mean for place in places],
            xerr=[words[place].deviation for place in places],
            color=COLORS[number % len(COLORS)],
            height=0.65,
            label=safe_text(toward),
            error_kw={"ecolor": INK, "elinewidth": 1, "capsize": 2},
        )
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(np.arange(len(words)), [safe_text(one.word) for one in words])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("raises the score by")
    axes.legend(loc="lower right")
    return figure


def _found(data: ReportData) -> WordEffects:
    assert data.words is not None  # noqa: S101  as `fits` has seen
    return data.words
