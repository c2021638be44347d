"""A small network is drawn with its own numbers, and nothing else is drawn as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlrun.reports.page.network_drawing import MOST_NODES, draw_network
from dlrun.reports.page.run_page import run_page
from dlrun.reports.run_data import Layer
from tests.reports.page.test_pages import Checked, text_of
from tests.reports.stories import classification, regression

KERNEL = np.array([[1.0, -2.0], [0.5, 0.25]], np.float32)
HEAD = np.array([[4.0], [-1.0]], np.float32)
WEIGHTS = {
    "dense/kernel": KERNEL,
    "dense/bias": np.array([0.125, -3.0], np.float32),
    "head/kernel": HEAD,
}
LAYERS = (
    Layer("dense", "Dense", ("input",), (2,), 6, "relu"),
    Layer("dropout", "Dropout", ("dense",), (2,), 0),
    Layer("head", "Dense", ("dropout",), (1,), 2),
)


def network(**changes):
    data = regression(columns=2)
    return draw_network(replace(data, **{"layers": LAYERS, "weights": WEIGHTS, **changes}))


def test_each_weight_is_a_line_and_each_bias_in_its_node():
    """Thick where it is large, by its sign, with its number; from left to right."""
    drawn = network()
    by_title = {line.title: line for line in drawn.lines}
    assert len(drawn.lines) == KERNEL.size + HEAD.size
    assert {line.number for line in drawn.lines} == {
        "1.00",
        "-2.00",
        "0.50",
        "0.25",
        "4.00",
        "-1.00",
    }
    assert not by_title["weight -2"].is_positive
    assert by_title["weight 4"].thickness == max(line.thickness for line in drawn.lines)
    assert by_title["weight 0.25"].thickness < by_title["weight 0.5"].thickness
    assert [node.inside for node in drawn.nodes] == ["", "", "0.12", "-3.00", ""]
    assert "dense, number 2: bias -3" in [node.title for node in drawn.nodes]
    assert [text.text for text in drawn.texts] == ["x1", "x2", "t0", "data", "relu", "head"]
    columns = sorted({node.x for node in drawn.nodes})
    assert len(columns) == 3
    assert all(line.x1 < line.x2 for line in drawn.lines)


def test_no_number_covers_another():
    """Of lines that cross each other, each number finds a place of its own."""
    weights = {
        "dense/kernel": np.arange(8, dtype=np.float32).reshape(2, 4) - 3.5,
        "head/kernel": np.array([[2.0], [-3.0], [1.0], [0.5]], np.float32),
    }
    spots = [(line.number_x, line.number_y) for line in network(weights=weights).lines]
    assert len(spots) == 12
    for at, (x, y) in enumerate(spots):
        assert all(abs(x - u) >= 30 or abs(y - v) >= 11 for u, v in spots[:at])


def test_the_second_class_speaks_where_there_is_one_output():
    """And a layer that activates belongs to the nodes before it."""
    data = classification(classes=2, names=("no", "yes"))
    layers = (*LAYERS, Layer("act", "Activation", ("head",), (1,), 0, "sigmoid"))
    drawn = draw_network(replace(data, layers=layers, weights=WEIGHTS))
    assert [text.text for text in drawn.texts] == ["x1", "x2", "yes", "data", "relu", "sigmoid"]


@pytest.mark.parametrize(
    "changes",
    [
        {"layers": (*LAYERS[:1], Layer("head", "Dense", ("input",), (1,), 2))},
        {"layers": (Layer("conv", "Conv1D", ("input",), (2,), 6),)},
        {"weights": {"dense/kernel": KERNEL}},
        {"weights": {**WEIGHTS, "head/kernel": HEAD * np.nan}},
        {
            "layers": (Layer("dense", "Dense", ("input",), (MOST_NODES + 1,), 6),),
            "weights": {"dense/kernel": np.ones((2, MOST_NODES + 1))},
        },
    ],
    ids=["a graph", "no dense", "no weights", "diverged", "large"],
)
def test_what_is_not_small_and_plain_is_drawn_as_boxes(changes):
    """Or not at all."""
    assert network(**changes) is None


def test_the_page_shows_nodes_in_place_of_boxes():
    """Its names are escaped."""
    data = classification(names=("<b>", "&amp;", "x"), rows=60)
    page = run_page(data, [])
    assert "script" not in Checked(page).seen
    assert 'class="graph network"' in page
    assert "&lt;b&gt;</text>" in page
    assert "node by node" in text_of(page)
    large = classification(input_shape=(30,), rows=60)
    assert 'class="graph network"' not in run_page(large, [])
