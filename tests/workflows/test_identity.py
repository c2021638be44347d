"""What is one run and what is another: by all that decides bits, and by nothing else."""

from __future__ import annotations

import os

import pytest

from dlrun.config import load_config
from dlrun.execution import identity
from dlrun.execution.identity import Machine, identity_of
from dlrun.rundir.environment import environment_facts
from tests.sweeping import MOONS

FACTS = environment_facts()


@pytest.fixture
def path(tmp_path):
    """A config."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    return tmp_path / "moons.yaml"


def machine(**changes):
    """This machine, or one that differs."""
    options = {"device": "cpu", "threads": 1} | changes
    facts = {key: options.pop(key) for key in FACTS.keys() & options.keys()}
    return Machine.of({**FACTS, **facts}, **options)


def test_what_makes_another_run(path):
    """Any key of the config, the processor, versions, variables, threads, the source."""
    usual = identity_of(load_config(path), machine())
    assert usual == identity_of(
        load_config(path, ["optimizer={type: adam, learning_rate: 1e-2}"]), machine()
    )
    others = [
        identity_of(load_config(path, ["seed=1"]), machine()),
        identity_of(load_config(path), machine(threads=2)),
        identity_of(load_config(path), machine(processor="another")),
        identity_of(load_config(path), machine(environment={"TF_ENABLE_ONEDNN_OPTS": "0"})),
        identity_of(load_config(path), machine(), source="weights"),
    ]
    assert len({usual, *others}) == 1 + len(others)


def test_data_count_by_what_they_hold(tmp_path):
    """The same rows written again are the same; another row is not."""
    text = MOONS.replace("{type: moons, samples: 60,", "{type: csv, path: rows.csv, target: y,")
    (tmp_path / "c.yaml").write_text(text)
    rows, found = tmp_path / "rows.csv", []
    for number, content in enumerate(("a,y\n1,0\n2,1\n", "a,y\n1,0\n2,1\n", "a,y\n1,0\n3,1\n")):
        rows.write_text(content)
        os.utime(rows, (number, number))
        found.append(identity_of(load_config(tmp_path / "c.yaml"), machine()))
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    ("word", "models", "told"),
    [
        ("auto", [], "cpu"), ("cpu", ["X"], "cpu"), ("gpu", [], "gpu"), ("gpu:1", [], "gpu:1"),
        ("auto", ["X", "Y"], "gpu of X, Y"), ("gpu:1", ["X", "Y"], "gpu:1 of X, Y"),
    ],
)  # fmt: skip
def test_devices(monkeypatch, word, models, told):
    """A GPU that is asked for and is not there is no CPU."""
    monkeypatch.setattr(identity, "_gpu_models", lambda: models)
    assert machine(device=word).device == told
