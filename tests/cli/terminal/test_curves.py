"""The curve of the losses, to the character."""

import math

import pytest
from rich.text import Text

from dlrun.cli.terminal.curves import HEIGHT, WIDTH, LossCurve, beside, legend


def curve(**losses):
    found = LossCurve()
    for name, values in losses.items():
        for epoch, value in enumerate(values, start=1):
            found.add(epoch, {name: value})
    return found


def drawn(found, **options):
    lines = found.draw(**{"is_braille": False, "ascii_only": True} | options)
    return [line.plain for line in lines]


def test_letters():
    """Both curves over one scale; a letter of its own where they meet."""
    found = curve(loss=[1.0, 0.75, 0.5, 0.25, 0.0], val_loss=[1.0, 1.0, 0.5, 0.5, 0.5])
    assert drawn(found) == [
        "  1.0000 |####ooooo",
        "         |    *****##oo",
        "         |           **######ooooooooooo",
        "         |                   *******",
        "  0.0000 |                          ****",
    ]


def test_braille():
    """Two by four dots a cell, each curve in its colour."""
    found = curve(loss=[1.0, 0.0])
    lines = found.draw(is_braille=True, ascii_only=False)
    assert [line.plain for line in lines] == [
        "  1.0000 \u2502\u2809\u2812\u2822\u2824\u28c0\u2840",
        "         \u2502     \u2808\u2809\u2812\u2812\u2824\u2884\u28c0",
        "         \u2502            \u2809\u2811\u2812\u2824\u2884\u28c0",
        "         \u2502                  \u2809\u2811\u2812\u2824\u2824\u28c0\u2840",
        "  0.0000 \u2502                        \u2808\u2809\u2812\u2822\u2824\u28c0",
    ]
    assert "cyan" in {str(span.style) for span in lines[0].spans}


def test_logarithmic_scale():
    """Where the values are far apart, and the scale says so."""
    lines = drawn(curve(loss=[100.0, 10.0, 1.0]))
    assert [line[:9].strip() for line in lines] == ["100.0000", "", "log", "", "1.0000"]
    assert lines[2].index("*") < WIDTH / 2 + 6


def test_few_points_are_no_curve():
    """Nor is what is not finite."""
    assert drawn(curve(loss=[1.0])) == []
    assert drawn(curve(loss=[math.nan, math.inf, 1.0])) == []
    found = curve(loss=[1.0, 2.0])
    found.add(2, {"loss": 50.0})
    assert drawn(found)[0].startswith("  2.0000")


@pytest.mark.parametrize("values", [[0.5, 0.5], [1e-30, 1e30], [-5.0, 3.0], [0.0, 1e-9]])
def test_sizes(values):
    """Five lines of forty cells, whatever the numbers."""
    for is_braille in (False, True):
        lines = drawn(curve(loss=values), is_braille=is_braille, ascii_only=not is_braille)
        assert len(lines) == HEIGHT
        assert max(map(len, lines)) <= WIDTH


def test_long_trainings_cost_no_memory():
    """A hundred thousand epochs are a thousand points; the ends stay."""
    found = curve(loss=[1 / epoch for epoch in range(1, 100_001)])
    points = found._points["loss"]
    assert len(points) <= 1001
    assert (points[0][0], points[-1][0]) == (1, 100_000)


def test_legend():
    """Training above validation; letters without colours; nothing too wide or hostile."""
    logs = {"loss": 0.5, "acc\x1b[2J": 1.0, "val_loss": 0.25}
    plain = [line.plain for line in legend(logs, is_braille=False, width=60)]
    assert plain == ["* loss 0.5000  acc\\x1b[2J 1.0000", "o val_loss 0.2500"]
    (line, _) = legend(logs, is_braille=True, width=12)
    assert line.plain == "loss 0.5000\u2026"


def test_beside():
    """Left lines are filled up to where the right ones begin."""
    joined = beside([Text("ab")], [Text("|1"), Text("|2")], 4)
    assert joined.plain == "ab  |1\n    |2"
