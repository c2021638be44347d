"""What is one run and what is another: by all that decides bits, and by nothing else."""

from __future__ import annotations

import json
import os
from dataclasses import asdict

import pytest

from dlrun.config import load_config
from dlrun.execution import identity
from dlrun.execution.identity import Machine, identities_of, identity_of
from dlrun.execution.options import RunOptions
from dlrun.rundir.environment import environment_facts
from dlrun.rundir.integrity import digest
from dlrun.sweeps import runner
from dlrun.sweeps.pool import SweepListener
from dlrun.sweeps.runner import SweepOptions
from dlrun.sweeps.sweep import plan_sweep
from tests.sweeping import MOONS, store_sweep

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


def test_folders_count_by_what_is_below_them(tmp_path):
    """Images in folders of classes, too; a file of another name is another one."""
    found = []
    (tmp_path / "images" / "cat").mkdir(parents=True)
    (tmp_path / "images" / "dog").mkdir()
    config = {"type": "images", "path": "images"}
    text = MOONS.replace("{type: moons, samples: 60,", f"{{{str(config)[1:-1]},")
    (tmp_path / "c.yaml").write_text(text)
    for name, content in (("a", b"1"), ("a", b"2"), ("b", b"2")):
        for old in (tmp_path / "images" / "cat").iterdir():
            old.unlink()
        (tmp_path / "images" / "cat" / f"{name}.png").write_bytes(content)
        found.append(identity_of(load_config(tmp_path / "c.yaml", data_known=False), machine()))
    assert len(set(found)) == 3


def test_keys_that_came_later_change_nothing(path):
    """Left alone, they make no other run; a run keeps the name that an earlier version gave it."""
    experiment, machine_ = load_config(path), machine()
    whole = experiment.as_dict()
    del whole["trackers"], whole["plots"], whole["model"]["freeze"]
    told = {"data": {}, "numerics": 1, "machine": asdict(machine_), "source": None}
    now, latest, first = identities_of(experiment, machine_)
    assert latest == digest({"config": whole, **told})
    for key in ("folds", "fold", "target_scale"):
        del whole["dataset"][key]
    del whole["training"]["sampling"]
    assert first == digest({"config": whole, **told})
    assert len({now, latest, first}) == 3
    others = identities_of(load_config(path, ["training.sampling=over"]), machine_)
    assert not {*others} & {now, latest, first}


def test_a_run_on_counts_of_words_is_not_taken_for_one_on_their_numbers(tmp_path, monkeypatch):
    """The same config gave other bits; configs that did not get to keep what they are called."""
    (tmp_path / "rows.csv").write_text("a,y\nb c,0\nc d,1\n")
    text = MOONS.replace("{type: moons, samples: 60,", "{type: csv, path: rows.csv, target: y,")
    head, tail = text.split("  layers:\n")

    def is_another(layer, kind):
        path = tmp_path / "c.yaml"
        path.write_text(head + f"  layers:\n    - {layer}\n" + tail)
        experiment = load_config(path, [f"dataset.columns={{a: {kind}}}"])
        now = identity_of(experiment, machine())
        with monkeypatch.context() as patched:
            patched.setattr(identity, "NUMERICS", 1)
            return now != identity_of(experiment, machine())

    sized = "{type: Embedding, input_dim: 9, output_dim: 2}"
    named = "{type: Embedding, inputs: [a], input_dim: 9, output_dim: 2}"
    assert is_another(sized, "text")
    assert is_another(named, "text")
    assert not is_another(named, "category")
    assert not is_another("{type: Embedding, output_dim: 2}", "text")
    assert not is_another("{type: Dense, units: 2}", "text")


@pytest.mark.parametrize("path", ["[1.csv, 2.csv]", '"[12].csv"'])
def test_files_of_a_list_or_a_glob_count_by_what_they_hold(tmp_path, monkeypatch, path):
    """Each by its name: rows that move to another file are other rows."""
    monkeypatch.chdir(tmp_path)
    text = MOONS.replace("{type: moons, samples: 60,", f"{{type: table, path: {path}, target: y,")
    (tmp_path / "c.yaml").write_text(text)

    def identity_with(first, second):
        for name, row in (("1.csv", first), ("2.csv", second)):
            (tmp_path / name).write_text(f"a,y\n{row}\n5,0\n7,1\n")
        identity._hash_of_file.cache_clear()
        return identity_of(load_config(tmp_path / "c.yaml"), machine())

    usual = identity_with("1,0", "2,1")
    assert identity_with("1,0", "2,1") == usual
    assert len({usual, identity_with("1,0", "3,1"), identity_with("2,1", "1,0")}) == 3


@pytest.mark.parametrize("version", [1, 2])
def test_sweeps_of_earlier_versions_go_on(tmp_path, monkeypatch, version):
    """Their runs are found, and none begins anew."""

    def called_then(*args, **kwargs):
        return identities_of(*args, **kwargs)[version:][:1]

    with monkeypatch.context() as patch:
        patch.setattr(runner, "identities_of", called_then)
        folders = store_sweep(tmp_path, lambda *_: None)
    planned = plan_sweep(tmp_path / "rates.yaml", overrides=(), runs_dir=tmp_path / "runs")
    again = planned.runner(SweepOptions(RunOptions(tmp_path, ["dlrun"])), SweepListener())
    trials = again.plan(planned.requests())
    assert {trial.folder for trial in trials} == {*folders.values()}
    assert {trial.identity for trial in trials} == {
        json.loads((path / "run.json").read_text())["identity"] for path in folders.values()
    }


def test_a_default_that_is_written_down_is_none_less(path):
    """Of a key, of an argument of a word, of a layer."""
    usual = identity_of(load_config(path), machine())
    for key in ("dataset.folds=null", "training.jit_compile=auto", "dataset.noise=0.1"):
        assert identity_of(load_config(path, [key]), machine()) == usual, key
    assert identity_of(load_config(path, ["model.layers[0].name=other"]), machine()) != usual
    assert identity_of(load_config(path, ["exports=[keras_model]"]), machine()) != usual


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
