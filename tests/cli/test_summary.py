"""`dlrun validate --summary`: a table that is Keras's own, and fits on narrow terminals."""

from __future__ import annotations

import json
from functools import cache

import pytest

from dlrun.cli.terminal.output import Screen
from dlrun.cli.validate import summarize, summary_data, summary_text
from dlrun.config import load_config
from dlrun.workflows.validate import validate
from tests.conftest import CONFIGS

STACK = """\
tiny.yaml: valid

layer  type   output shape  parameters
input  moons  (None, 2)
dense  Dense  (None, 1)              3

parameters     3
trainable      3
not trainable  0

"""
NARROW = """\
input (digits)
  (None, 8, 8, 1)
pixels (Flatten) < input
  (None, 64)                     0
overview (Dense) < pixels
  (None, 32)                 2,080
edges (Conv2D) < input
  (None, 6, 6, 8)               80
edge_map (Flatten) < edges
  (None, 288)                    0
both (Concatenate) < overview, …
  (None, 320)                    0
decision (Dense) < both
  (None, 32)                10,272
shortcut (Add) < decision, over…
  (None, 32)                     0
digit (Dense) < shortcut
  (None, 10)                   330
"""


@cache
def checked(path):
    """What is found in a shipped config; a table of all kinds of columns is read for it."""
    return validate(path, [])


def summary_of(config, *overrides):
    """The summary of a shipped config."""
    return summarize(load_config(CONFIGS / f"{config}.yaml", overrides))


def test_a_stack(config, dlrun):
    """Each layer with what it gives and keeps, below the line that the config is valid."""
    assert dlrun("validate", "--summary", config) == (0, STACK, "")


def test_json(config, dlrun):
    """The same as data, with null for the batch; nothing of it where the config is wrong."""
    _, out, _ = dlrun("validate", "--summary", "--json", config)
    (checked,) = json.loads(out)
    counts = {"parameters": 3, "trainable": 3, "not_trainable": 0}
    layer = {"name": "dense", "type": "Dense", "inputs": ["input"], "output_shape": [None, 1]}
    assert checked["summary"] == {
        "input_shape": [None, 2],
        "layers": [layer | counts],
        **counts,
        "complete": True,
    }
    exit_code, out, _ = dlrun("validate", "--summary", "--json", config, "--set", "sed=1")
    assert (exit_code, json.loads(out)[0]["summary"]) == (2, None)


def test_a_graph_on_a_narrow_terminal():
    """Two lines a layer; what each one reads is told where it is not the layer above."""
    text = summary_text(summary_of("digits_branches"), screen=Screen(width=32))
    rows, sums = text.split("\n\n")
    longest = max(map(len, rows.split("\n")))
    assert longest <= 32
    squeezed = [line.split() for line in rows.split("\n")]
    assert squeezed == [line.split() for line in NARROW.rstrip().split("\n")]
    assert sums.split("\n")[0] == "parameters     12,762"


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_config_fits(path, width):
    """Complete, and no line is wider than the terminal."""
    verdict = checked(path)
    summary = summarize(verdict.experiment, verdict.spec)
    assert summary.first_unknown is None
    text = summary_text(summary, screen=Screen(width=width))
    assert max(map(len, text.split("\n"))) <= width


def test_a_layer_that_is_not_known():
    """From it on nothing is told, and it is said why."""
    odd = "model.layers[1]={type: RNN, cell: {type: GRUCell, units: 3}}"
    reshape = "model.layers[0]={type: Reshape, target_shape: [8, 8]}"
    summary = summary_of("digits_mlp", reshape, odd)
    text = summary_text(summary, screen=Screen(width=70))
    *_, sums, why = text.split("\n\n")
    assert why == "Shapes from 'rnn' (RNN) on are checked when the model is built."
    assert sums.startswith("parameters     at least 0\n")
    data = summary_data(summary)
    assert (data["complete"], data["parameters"], data["layers"][1]["output_shape"]) == (
        False,
        None,
        None,
    )


def test_data_that_are_not_there():
    """A file that is missing is told when it is read."""
    summary = summary_of("moons_mlp", "dataset={type: csv, path: missing.csv}")
    text = summary_text(summary, screen=Screen(width=80))
    why = "The shape of the data is known when they are read; shapes are checked when the model"
    assert " ".join(text.split("\n\n")[-1].split()) == f"{why} is built."
    assert summary_data(summary)["input_shape"] is None
