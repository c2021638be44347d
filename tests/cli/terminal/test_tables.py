"""Columns are as wide as what is in them, in every script, and fit narrow terminals."""

from dlrun.cli.terminal.output import Screen
from dlrun.cli.terminal.tables import Cell, align, draw, natural_width


def table(rows, **options):
    return draw(align(rows, **options), Screen()).splitlines()


def test_text_left_and_numbers_right():
    """Nothing stands at the end of a line but the last cell."""
    assert table([["name", "n", "m"], ["a", "10", ""]]) == ["name   n  m", "a     10"]
    assert table([["a", "b", "1"], ["aa", "bb", "22"]], left=2) == ["a   b    1", "aa  bb  22"]


def test_wide_characters_count_twice():
    """East Asian letters and emoji take two cells."""
    assert table([["\u65e5\u672c", "1"], ["abcd", "2"]]) == ["\u65e5\u672c  1", "abcd  2"]


def test_first_column_gives_way():
    """Where the line is too short the first column is cut, visibly, down to six cells."""
    rows = [["mean_absolute_error", "0.1"], ["loss", "0.2"]]
    assert table(rows, width=15) == ["mean_abso\u2026  0.1", "loss        0.2"]
    assert table(rows, width=3) == ["mean_\u2026  0.1", "loss    0.2"]
    assert natural_width(align(rows)) == 24


def test_hostile_texts_stay_on_their_line():
    """Newlines and escapes cannot break the table or steer the terminal."""
    assert table([["a\nb\x1b[2J", "1"]]) == ["a b\\x1b[2J  1"]


def test_styles():
    """Colours are shown only where they are wanted, around the padded cell."""
    rows = align([[Cell("a", "bold"), Cell("1", "red")], ["bb", "22"]])
    assert draw(rows, Screen()) == "a    1\nbb  22"
    assert draw(rows, Screen(color=True)) == "\x1b[1ma \x1b[0m  \x1b[31m 1\x1b[0m\nbb  22"
