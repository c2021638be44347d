"""The one style of all plots: quiet, the same everywhere, and safe for the colour-blind."""

from __future__ import annotations

import io
import logging
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

# Okabe and Ito's palette, the one of https://jfly.uni-koeln.de/color/, darkest hues first.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6b6b6b", "#a6761d")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
SPLIT_NAMES = {"train": "training", "validation": "validation", "test": "test"}
SPLIT_COLORS = {"train": COLORS[0], "validation": COLORS[1], "test": COLORS[2]}
INK = "#222222"
MUTED = "#767676"
GRID = "#e3e3e3"

# Inches; with fonts of 9 points it can be read on a telephone and in two columns of a page.
WIDTH = 5.2
DPI = 160
_SIGNATURE = 0.13  # the height of the line that says of what a plot is
_LONGEST_NAME = 90  # characters of it, so that they fit

# Fonts for scripts that DejaVu Sans lacks; those that are installed are used.
FALLBACK_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Zen Hei",
    "Microsoft YaHei", "PingFang SC", "Hiragino Sans", "Malgun Gothic", "Noto Sans",
    "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Arial Unicode MS",
)  # fmt: skip
_LEGEND_CHARACTERS = 64
FEW_EPOCHS = 12
NO_GLYPH = "\N{WHITE SQUARE}"

SETTINGS: dict[str, Any] = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.formatter.use_mathtext": False,
    "axes.formatter.limits": (-4, 5),
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": "white",
    "figure.constrained_layout.h_pad": 0.09,
    "figure.constrained_layout.w_pad": 0.09,
    "axes.facecolor": "white",
    "pdf.fonttype": 42,  # TrueType: publishers refuse the fonts that matplotlib would make
    "svg.hashsalt": "dlrun",  # else the names in the file are random
}


# What it logs speaks to programmers: of fonts that it would have liked better.
logging.getLogger("matplotlib").setLevel(logging.ERROR)


@contextmanager
def applied() -> Iterator[None]:
    """Draw in this style whatever a user's own matplotlibrc says; leaves matplotlib as it was."""
    with mpl.rc_context():
        mpl.rcdefaults()
        settings: Any = {**SETTINGS, "font.family": list(_families())}
        mpl.rcParams.update(settings)
        yield


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Make an empty figure, in inches; without pyplot, so that nothing of it stays behind."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


_DATED = {"png": ("Software",), "svg": ("Date",), "pdf": ("CreationDate", "Producer", "Creator")}
"""What of a file would tell when, or by which version, it was drawn."""


def save(figure: Figure, form: str, title: str) -> bytes:
    """Draw a figure as `png`, `svg` or `pdf`; the same figure always gives the same bytes."""
    stream = io.BytesIO()
    figure.savefig(stream, format=form, metadata={"Title": title, **dict.fromkeys(_DATED[form])})
    return stream.getvalue()


def sign(figure: Figure, name: str) -> None:
    """Write in small letters, below everything else, of what a figure is."""
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + _SIGNATURE)
    strip = _SIGNATURE / (height + _SIGNATURE)
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, strip, 1, 1 - strip))
    said = safe_text(name, _LONGEST_NAME)
    figure.text(0.995, 0.25 * strip, said, ha="right", va="bottom", fontsize=6, color=MUTED)


def safe_text(text: str, limit: int = 24) -> str:
    """Make any text fit for a plot: one line, not too long, only characters that can be drawn.

    What no font has becomes a small square.
    """
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    drawn = "".join(
        character if _has_glyph(character) else NO_GLYPH
        for character in composed
        if unicodedata.category(character) not in ("Cc", "Cf")
    )
    return drawn if len(drawn) <= limit else drawn[: limit - 1].rstrip() + "…"


def epoch_axis(axes: Axes, epochs: int) -> None:
    """Let the horizontal axis run from the first epoch to the last, marked at whole numbers."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.set_xlim((1, epochs) if epochs > 1 else (0.5, 1.5))
    axes.set_xlabel("epoch")


def plot_epochs(axes: Axes, values: NDArray[np.float64], **options: Any) -> None:
    """Draw a quantity after every epoch, from 1 on; few epochs have a dot each."""
    marker = "o" if len(values) <= FEW_EPOCHS else None
    axes.plot(np.arange(1, len(values) + 1), values, marker=marker, **options)


def log_axis(axes: Axes, low: float, high: float) -> None:
    """Make the vertical axis logarithmic, marked with plain numbers."""
    axes.set_yscale("log")
    marks = (1.0, 2.0, 5.0) if high / low < 1000 else (1.0,)  # noqa: PLR2004
    axes.yaxis.set_major_locator(LogLocator(subs=marks, numticks=7))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def serves_log(values: NDArray[np.float64]) -> bool:
    """Whether a logarithmic axis shows more: positive values over more than a factor of 20."""
    finite = values[np.isfinite(values)]
    return len(finite) > 0 and finite.min() > 0 and bool(finite.max() / finite.min() > 20)  # noqa: PLR2004


def log_where_wide(axes: Axes, values: NDArray[np.float64]) -> None:
    """Make the vertical axis logarithmic where that shows more of all the values on it."""
    if serves_log(values):
        finite = values[np.isfinite(values)]
        log_axis(axes, float(finite.min()), float(finite.max()))


def panels_of(figure: Figure, count: int, columns: int = 1, **options: Any) -> list[Axes]:
    """Give a figure panels, so many in a row; what is left of the last row stays empty."""
    lines = -(-count // columns)
    panels = figure.subplots(lines, columns, squeeze=False, **options).ravel()
    for panel in panels[count:]:
        bare(panel)
    return list(panels[:count])


def scatter_rows(
    axes: Axes, x: NDArray[Any], y: NDArray[Any], split: str, *, faint: bool = False
) -> None:
    """Draw a dot for each row of a split."""
    shape: Any = dots(len(x), faint=faint)
    color, label = SPLIT_COLORS[split], SPLIT_NAMES[split]
    axes.scatter(x, y, color=color, linewidth=0, label=label, **shape)


def legend_above(axes: Axes) -> None:
    """Put the legend above the axes, at the right, where no curve runs through it."""
    _, labels = axes.get_legend_handles_labels()
    columns = _LEGEND_CHARACTERS // (max(map(len, labels)) + 5)
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=min(max(columns, 1), 4),
        borderaxespad=0.1,
        handlelength=1.4,
        columnspacing=1.2,
    )


def bare(axes: Axes) -> None:
    """Take away everything but what is drawn inside."""
    axes.set_axis_off()


def dots(rows: int, *, faint: bool = False) -> dict[str, float]:
    """Choose size and opacity of the dots of a scatter plot by their number."""
    return {
        "s": float(np.interp(np.log10(max(rows, 1)), [1, 2, 3, 4], [26, 18, 9, 4])),
        "alpha": float(np.interp(np.log10(max(rows, 1)), [1, 2, 3, 4], [0.9, 0.75, 0.5, 0.3]))
        * (0.5 if faint else 1.0),
    }


@cache
def _families() -> tuple[str, ...]:
    """DejaVu Sans, which matplotlib brings along, and the fallback fonts that are installed."""
    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in FALLBACK_FONTS if name in installed))


@cache
def _fonts() -> tuple[Any, ...]:
    return tuple(
        font_manager.get_font(font_manager.findfont(family, fallback_to_default=False))
        for family in _families()
    )


@cache
def _has_glyph(character: str) -> bool:
    return any(font.get_char_index(ord(character)) for font in _fonts())
