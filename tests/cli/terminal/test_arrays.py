"""Arrays on wide terminals and on narrow ones."""

from __future__ import annotations

import numpy as np

from dlrun.cli.terminal.arrays import draw_array, draw_grid, draw_image, format_entry
from dlrun.cli.terminal.output import Screen

WIDE = Screen()


def test_numbers():
    """Four places; very small and very large ones with a power of ten."""
    numbers = (0.0, 0.5, -1.25e-5, 1.5e5, float("nan"), 12.0)
    told = ["0", "0.5000", "-1.25e-05", "1.50e+05", "nan", "12.0000"]
    assert [format_entry(number) for number in numbers] == told


def test_matrix():
    """Rows and columns under their indices."""
    assert draw_array("kernel", np.array([[1.0, -2.0], [0.0, 0.25]]), screen=WIDE) == (
        "kernel     [0]      [1]\n[0]     1.0000  -2.0000\n[1]          0   0.2500"
    )


def test_more_axes():
    """One matrix for each place on the axes behind the second."""
    drawn = draw_array("y", np.arange(8.0).reshape(2, 2, 2), screen=WIDE)
    assert drawn.split("\n\n")[1] == (
        "y[:, :, 1]     [0]     [1]\n[0]         1.0000  3.0000\n[1]         5.0000  7.0000"
    )


def test_number_without_axes():
    """It needs no index."""
    assert draw_array("y", np.array(2.0), screen=WIDE).split() == ["y", "2.0000"]


def test_large_arrays_are_summarised():
    """Unless all of them is asked for."""
    array = np.zeros((40, 40))
    array[3, 4] = -2.0
    drawn = draw_array("x", array, screen=WIDE)
    assert drawn.startswith("x  (40, 40)  mean -0.0013  std 0.0500  min -2.0000  max 0.0000")
    assert "zeros 99%" in drawn
    assert drawn.endswith("largest by magnitude: [3, 4] -2.0000")
    assert len(draw_array("x", array, screen=WIDE, full=True).splitlines()) == 41


def test_narrow_terminals():
    """Columns that do not fit stand below."""
    rows = [("x", ["1.0000", "2.0000", "3.0000"])]
    assert draw_grid(["[0]", "[1]", "[2]"], rows, screen=Screen(width=18)) == (
        "      [0]     [1]\nx  1.0000  2.0000\n\n      [2]\nx  3.0000"
    )


def test_names_of_others_are_harmless():
    """Heads may come from a stranger's file."""
    drawn = draw_grid(["\x1b[2J"], [("x", ["1"])], screen=WIDE)
    assert "\x1b" not in drawn


def test_images_are_drawn_in_shades():
    """From the darkest to the brightest pixel; not where they do not fit."""
    image = np.array([[0.0, 0.5, 1.0], [1.0, 0.0, 0.0]])
    assert draw_image(image, screen=WIDE) == "  ++@@\n@@"
    assert draw_image(image, screen=Screen(width=1)) is None
    assert draw_image(np.ones((1, 2)), screen=WIDE) == ""


def test_large_images_are_drawn_smaller():
    """By the mean of each whole square; a narrow screen makes it larger."""
    image = np.repeat(np.repeat([[0.0, 1.0], [1.0, 0.0]], 40, axis=0), 40, axis=1)
    lines = draw_image(image, screen=WIDE).splitlines()
    assert (len(lines), lines[0], lines[39]) == (40, " " * 40 + "@" * 40, "@" * 40)
    assert draw_image(image, screen=Screen(width=4)) == "  @@\n@@"
    assert len(draw_image(np.ones((2, 81)), screen=WIDE)) == 0
    assert draw_image(np.eye(3), screen=Screen(width=4)) == ""


def test_images_in_their_colours():
    """Two cells of 24 bits a pixel; as light as they are where there are no colours."""
    image = np.array([[[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 1.0, 0.0], [1.0, 1.0, 1.0]]])
    drawn = draw_image(image, screen=Screen(color=True)).splitlines()
    assert drawn[0] == "\x1b[48;2;255;0;0m  \x1b[48;2;0;0;0m  \x1b[0m"
    assert draw_image(image, screen=WIDE) == "::\n++@@"
