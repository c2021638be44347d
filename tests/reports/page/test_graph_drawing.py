"""The drawing of a model's graph: nothing overlaps, nothing is lost."""

from __future__ import annotations

from itertools import combinations

from dlrun.arrays import View
from dlrun.reports.page.graph_drawing import BOX_HEIGHT, BOX_WIDTH, draw_graph
from dlrun.reports.run_data import Layer


def graph(**reads):
    return [Layer(name, "Dense", tuple(of.split()), (4,), 10) for name, of in reads.items()]


def test_a_stack_is_a_column():
    """One box below the other."""
    drawing = draw_graph(graph(a="input", b="a", c="b"), (2,))
    assert [box.subtitle for box in drawing.boxes] == ["", "a", "b", "c"]
    assert {box.x for box in drawing.boxes} == {0.0}
    assert len({box.y for box in drawing.boxes}) == 4
    assert len(drawing.lines) == 3
    assert drawing.width == BOX_WIDTH


def test_boxes_of_a_graph_do_not_overlap():
    """Branches side by side; a shortcut leads past the ranks between its ends."""
    layers = graph(a="input", b="input", c="b", d="a c", e="d", f="e a input")
    drawing = draw_graph(layers, (2,))
    for one, other in combinations(drawing.boxes, 2):
        assert abs(one.y - other.y) >= BOX_HEIGHT or abs(one.x - other.x) >= BOX_WIDTH
    assert len(drawing.lines) == 9
    assert all(0 <= box.x <= drawing.width - BOX_WIDTH for box in drawing.boxes)
    ranks = {box.subtitle: box.rank for box in drawing.boxes}
    assert ranks == {"": 0, "a": 1, "b": 1, "c": 2, "d": 3, "e": 4, "f": 5}


def test_a_text_that_is_all_the_data_is_so_many_words():
    """And no class number of other columns."""
    views = (View("input", 0, 40, ids=True),)
    data = draw_graph(graph(a="input"), (40,), views).boxes[0]
    assert (data.title, data.subtitle, data.note) == ("Data", "", "40 word numbers")


def test_too_many_layers_are_not_drawn():
    """The table tells more."""
    chain = {f"l{n}": f"l{n - 1}" if n else "input" for n in range(200)}
    assert draw_graph(graph(**chain), (2,)) is None
