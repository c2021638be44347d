"""One style, whatever the user's own settings and the characters of a stranger's names."""

from __future__ import annotations

import matplotlib as mpl
import pytest

from dlrun.reports.plots import style


def test_settings_of_the_user_do_not_enter_and_stay():
    """A matplotlibrc that wants LaTeX and red lines."""
    with mpl.rc_context({"text.usetex": True, "lines.linewidth": 9}):
        with style.applied():
            assert not mpl.rcParams["text.usetex"]
            assert mpl.rcParams["lines.linewidth"] == style.SETTINGS["lines.linewidth"]
        assert mpl.rcParams["text.usetex"]


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("setosa", "setosa"),
        ("a\nb\tc", "a b c"),
        ("$x_1$ & \\frac{", "$x_1$ & \\frac{"),
        ("a" * 50, "a" * 23 + "…"),
        ("naïve Größe", "naïve Größe"),
        ("שלום", "שלום"),
        ("a\u202eb\u200b\x00c", "abc"),
        ("\U0001f9ff", style.NO_GLYPH),
        ("\ue123", style.NO_GLYPH),
        ("", ""),
    ],
)
def test_any_text_can_be_drawn(text, drawn):
    """Without a warning about glyphs; math is not read."""
    safe = style.safe_text(text)
    assert safe == drawn
    with style.applied():
        figure = style.new_figure(1, 5)
        figure.add_subplot().set_title(safe)
        style.save(figure, "png", "a title")
