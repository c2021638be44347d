"""The file of a sweep: which runs it asks for, in which order, and what is said of mistakes."""

from pathlib import Path

import pytest

from dlrun.sweeps.language.sweep import Halving


def test_a_grid_is_every_combination(points):
    """The last key varies fastest, and the seeds fastest of all."""
    assert points("base: b.yaml\nseeds: 2\ngrid: {a: [1, 2], b: [x, y]}") == [
        {"a": a, "b": b, "seed": seed} for a in (1, 2) for b in ("x", "y") for seed in (0, 1)
    ]


def test_a_zip_goes_side_by_side(points):
    """Two of them are combined with each other."""
    assert points("base: b.yaml\nzip: {a: [1, 2], b: [3, 4]}") == [
        {"a": 1, "b": 3},
        {"a": 2, "b": 4},
    ]
    two = points("base: b.yaml\nzip: [{a: [1, 2], b: [3, 4]}, {c: 5..6}]")
    assert [tuple(point.values()) for point in two] == [(1, 3, 5), (1, 3, 6), (2, 4, 5), (2, 4, 6)]


def test_points_are_written_out(points):
    """Each may set keys of its own; other axes are combined with them."""
    assert points("base: b.yaml\npoints: [{a: 1}, {b: {c: [2]}}]\ngrid: {d: [3, 4]}") == [
        {"a": 1, "d": 3}, {"a": 1, "d": 4}, {"b": {"c": [2]}, "d": 3}, {"b": {"c": [2]}, "d": 4},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seeds", "values"),
    [("3", [0, 1, 2]), ("5..7", [5, 6, 7]), ("[4, 1]", [4, 1]), ("-1..0", [-1, 0]), ("1", [0])],
)
def test_seeds_are_an_axis_of_their_own(points, seeds, values):
    """So many from 0 on, a range with both ends, or a list."""
    assert [point["seed"] for point in points(f"base: b.yaml\nseeds: {seeds}")] == values


def test_what_is_excluded(read):
    """Points that have all of some values, and points for which a condition holds."""
    sweep = read(
        "base: b.yaml\ngrid: {a: [1, 2, 3], b: [1, 2, 3]}\n"
        "exclude: [{a: 1, b: 1}, {a: 3}, 'a=2 and b>1']"
    )
    assert [tuple(one.values.values()) for one in sweep.points] == [(1, 2), (1, 3), (2, 1)]
    assert sweep.excluded == 6


def test_max_runs_cuts_the_list(read):
    """What is beyond is counted."""
    sweep = read("base: b.yaml\ngrid: {a: 0..9}\nmax_runs: 4")
    assert ([one.values["a"] for one in sweep.points], sweep.beyond) == ([0, 1, 2, 3], 6)


def test_draws_are_pure_functions_of_seed_number_and_key(points):
    """More samples, or a further key, leave the earlier draws as they are."""
    text = "base: b.yaml\nrandom: {{a: {{uniform: [0, 1]}}{more}}}\nsamples: {samples}\n"
    few = points(text.format(more="", samples=3))
    many = points(text.format(more=", b: {integer: [1, 9]}", samples=5))
    assert [point["a"] for point in many][:3] == [point["a"] for point in few]
    other = points(text.format(more="", samples=3) + "sampler: {type: random, seed: 1}")
    assert [point["a"] for point in other] != [point["a"] for point in few]


def test_values_keep_their_types_and_places(read):
    """A number of the file is what it would be in a config; its place is that in the sweep."""
    sweep = read("base: b.yaml\ngrid:\n  a: [1, 1.0, no, 1e-3, '1']")
    values = [one.overrides[0].value for one in sweep.points]
    assert [one.value for one in values] == [1, 1.0, "no", 1e-3, "1"]
    assert [type(one.value) for one in values] == [int, float, str, float, str]
    assert (values[3].place.line, values[3].place.column) == (3, 19)


def test_a_whole_is_set_before_what_is_inside_of_it(read):
    """Whatever their order in the file: nothing that was written is lost."""
    (point,) = read("base: b.yaml\npoints: [{optimizer.momentum: 0.9, optimizer: SGD}]").points
    assert [one.key for one in point.to_apply()] == ["optimizer", "optimizer.momentum"]
    assert list(point.values) == ["optimizer.momentum", "optimizer"]


def test_what_else_a_sweep_says(read, tmp_path):
    """Name, base, fixed keys, sampler and objective, with their defaults."""
    plain = read("base: sub/b.yaml\nseeds: 2")
    assert (plain.name, plain.base) == ("sweep", tmp_path / "sub" / "b.yaml")
    assert (plain.objective, plain.halving, plain.axes) == (None, None, ("seed",))
    told = read(
        "name: rates\nbase: /b.yaml\nset: {training.epochs: 3}\nrandom: {a: [x, y]}\n"
        "samples: 7\nsampler: tpe\nobjective: validation.loss",
        "seed=4",
    )
    assert (told.name, told.base, told.samples, told.points) == ("rates", Path("/b.yaml"), 7, ())
    assert (told.sampler.type, told.objective.key, told.objective.maximize) == (
        "tpe", "validation.loss", False,
    )  # fmt: skip
    assert [(one.key, one.value.value) for one in told.fixed] == [
        ("training.epochs", 3),
        ("seed", 4),
    ]


@pytest.mark.parametrize(
    ("written", "key", "column", "maximize"),
    [
        ("test.accuracy", "test.accuracy", "accuracy", True),
        ("validation.loss", "validation.loss", "val_loss", False),
        ("{metric: mae, split: test}", "test.mae", "mae", False),
        ("{metric: auc, split: train}", "train.auc", "auc", True),
        (
            "{metric: auc, split: validation, direction: minimize}",
            "validation.auc",
            "val_auc",
            False,
        ),
    ],
)
def test_objectives(read, written, key, column, maximize):
    """A split and a metric; the direction follows from the metric unless it is said."""
    objective = read(f"base: b.yaml\nseeds: 2\nobjective: {written}").objective
    assert (objective.key, objective.column, objective.maximize) == (key, column, maximize)


def test_halving_may_come_from_the_command_line(read):
    """It takes the place of what the file says."""
    text = "base: b.yaml\nseeds: 2\nobjective: train.loss\nhalving: {eta: 4, min_epochs: 2}"
    assert read(text).halving == Halving(4, 2)
    assert read(text, halving=Halving(2, 8)).halving == Halving(2, 8)


EXAMPLE = "Such as {optimizer.learning_rate: [0.1, 0.01]}."
MISTAKES = {
    "": ["1:1: Expected a mapping, got nothing. A sweep starts with 'base:' and 'grid:'."],
    "seeds: 2": ["1:1: base: Missing: the config that is varied. Add 'base: config.yaml'."],
    "dataset: {type: moons}\nmodel: {}": [
        (
            "1:1: This is the config of one run, not a sweep. A sweep has 'base: {file}' and "
            "'grid: ...'."
        )
    ],
    "base: b.yaml\ngrid: {a: [1, 2]}\nset: {a: 3}": [
        "3:7: a: This key is an axis, at {file}:2:11. Leave one of the two out."
    ],
    "base: b.yaml\ngrid: {a: [1, 2]}\nexclude: [a=3, {a: 1}]": [
        "3:11: exclude[0]: This excludes no point. Correct it, or remove it."
    ],
    "base: b.yaml": [
        "1:1: Nothing varies. Give one of 'points', 'zip', 'grid', 'random', 'seeds', 'folds'."
    ],
    "base: b.yaml\ngird: {a: [1]}": ["2:1: gird: Unknown key 'gird'. Did you mean 'grid'?"],
    "base: [1]\nseeds: 2": ["1:7: base: Expected the path of a config, got a list."],
    "base: b.yaml\ngrid: [a]": [
        f"2:7: grid: Expected keys of the config with their values, got ['a']. {EXAMPLE}"
    ],
    "base: b.yaml\ngrid: {a: 3}": [
        (
            "2:11: grid.a: Expected the values of an axis, got 3. Write a list such as "
            "[0.1, 0.01], or a range such as 0..9."
        )
    ],
    "base: b.yaml\ngrid: {a: []}": [
        (
            "2:11: grid.a: An axis has 1 to 100,000 values, [] has none. Write a list such as "
            "[0.1, 0.01], or a range such as 0..9."
        )
    ],
    "base: b.yaml\ngrid: {a: 9..0}": [
        (
            "2:11: grid.a: The range 9..0 is empty or holds more than 100,000 numbers. Write a "
            "list such as [0.1, 0.01], or a range such as 0..9."
        )
    ],
    "base: b.yaml\ngrid: {a: [1, 2, 1]}": [
        "2:18: grid.a[2]: The axis has 1 twice. Remove one of them."
    ],
    "base: b.yaml\ngrid: {'a b': [1]}": [
        "2:8: grid: 'a b' is not a key of a config. Such as optimizer.learning_rate."
    ],
    "base: b.yaml\ngrid: {a: [1]}\nrandom: {a: [2]}": [
        "3:13: random.a: 'a' is an axis already, at {file}:2:11. Remove one of the two."
    ],
    "base: b.yaml\ngrid: {seed: [1]}\nseeds: 2": [
        "3:8: seeds: 'seed' is an axis already, at {file}:2:14. Remove one of the two."
    ],
    "base: b.yaml\nzip: {a: [1, 2], b: [3]}": [
        "2:6: zip: Expected as many values for each key, got a: 2, b: 1."
    ],
    "base: b.yaml\npoints: {a: 1}": ["2:9: points: Expected a list of points, got a mapping."],
    "base: b.yaml\npoints: [3]": [
        (
            "2:10: points[0]: Expected keys of the config with their values, got 3. "
            "Such as {optimizer.learning_rate: 0.1}."
        )
    ],
    "base: b.yaml\nseeds: 0": [
        "2:8: seeds: Expected how many seeds, got 0. Such as 5, 0..4 or [1, 2, 3]."
    ],
    "base: b.yaml\nrandom: {a: {normal: [0, 1]}}": [
        (
            "2:14: random.a.normal: There is no distribution 'normal'. There are 'uniform', "
            "'log_uniform', 'integer', 'log_integer', 'choice'."
        )
    ],
    "base: b.yaml\nrandom: {a: {unifrom: [0, 1]}}": [
        "2:14: random.a.unifrom: There is no distribution 'unifrom'. Did you mean 'uniform'?"
    ],
    "base: b.yaml\nrandom: {a: 3}": [
        (
            "2:13: random.a: Expected a distribution, got 3. Such as {log_uniform: [1e-4, 1e-1]}, "
            "or a list of choices."
        )
    ],
    "base: b.yaml\nrandom: {a: {uniform: [1]}}": [
        (
            "2:23: random.a.uniform: Expected the smallest and the largest value, two numbers, "
            "got [1]. Such as {uniform: [0.001, 0.1]}."
        )
    ],
    "base: b.yaml\nrandom: {a: {integer: [1, 2.5]}}": [
        (
            "2:23: random.a.integer: Expected the smallest and the largest value, two whole "
            "numbers, got [1, 2.5]. Such as {integer: [4, 64]}."
        )
    ],
    "base: b.yaml\nrandom: {a: {uniform: [1, 0]}}": [
        "2:23: random.a.uniform: Expected the smaller value first, got [1, 0]."
    ],
    "base: b.yaml\nrandom: {a: {log_uniform: [0, 1]}}": [
        "2:27: random.a.log_uniform: Expected values above 0, got 0: it has no logarithm."
    ],
    "base: b.yaml\nseeds: 2\nsamples: 3": [
        "3:10: samples: 'samples' says nothing without 'random'."
    ],
    "base: b.yaml\nrandom: {a: [1]}\nsamples: 0": [
        "3:10: samples: Expected a whole number, 1 or more, got 0."
    ],
    "base: b.yaml\nrandom: {a: [1, 2]}\nsampler: tpo\nobjective: test.loss": [
        "3:10: sampler: Expected one of 'random', 'tpe', got 'tpo'."
    ],
    "base: b.yaml\nrandom: {a: [1, 2]}\nsampler: tpe": [
        (
            "1:1: objective: Missing: the sampler tpe must know what is best. "
            "Such as objective: validation.accuracy."
        )
    ],
    "base: b.yaml\nrandom: {a: [1, 2]}\ngrid: {b: [1]}\nsampler: tpe\nobjective: test.loss": [
        (
            "3:7: grid: 'grid' does not go with the sampler tpe, which chooses each point itself. "
            "Move its keys to 'random', as lists of choices."
        )
    ],
    "base: b.yaml\nseeds: 2\nexclude: [{a: 1}]": [
        "3:11: exclude[0]: 'a' is no axis of this sweep. There are 'seed'."
    ],
    "base: b.yaml\ngrid: {x.units: [1, 2]}\nexclude: ['units=1']": [
        "3:11: exclude[0]: 'units' is no axis of this sweep. Did you mean 'x.units'?"
    ],
    "base: b.yaml\ngrid: {a: [1, 2]}\nexclude: ['a<>1']": [
        "3:11: exclude[0]: Expected one of = != < <= > >= ~ after 'a', got '<>'. Write '!='."
    ],
    "base: b.yaml\ngrid: {a: [1, 2]}\nexclude: ['a>0']": [
        "3:10: exclude: Every point is excluded."
    ],
    "base: b.yaml\nseeds: 2\nmax_runs: -1": [
        "3:11: max_runs: Expected a whole number, 1 or more, got -1."
    ],
    "base: b.yaml\nseeds: 2\nobjective: accuracy": [
        (
            "3:12: objective: Expected a split and a metric, got 'accuracy'. "
            "Such as validation.accuracy."
        )
    ],
    "base: b.yaml\nseeds: 2\nobjective: {split: test}": [
        "3:12: objective.metric: Missing: what is measured. Such as metric: accuracy."
    ],
    "base: b.yaml\nseeds: 2\nobjective: {metric: loss, split: tset}": [
        (
            "3:34: objective.split: Expected one of 'train', 'validation', 'test', got 'tset'. "
            "Did you mean 'test'?"
        )
    ],
    "base: b.yaml\nseeds: 2\nhalving: {eta: 3}": [
        (
            "1:1: objective: Missing: halving must know what is best. "
            "Such as objective: validation.accuracy."
        )
    ],
    "base: b.yaml\nseeds: 2\nobjective: test.loss\nhalving: {eta: 1}": [
        (
            "3:12: objective: Halving judges runs while they train, when nothing of the test rows "
            "is known. Take validation or train."
        ),
        "4:16: halving.eta: Expected a whole number, 2 or more, got 1.",
    ],
    "base: b.yaml\ngrid: {a: 1..1000, b: 1..1000}": [
        "1:1: These are 1,000,000 runs; a sweep has 100,000 at most."
    ],
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes(refuse, tmp_path, text):
    """Each is told at its place, with what to do."""
    expected = [line.replace("{file}", str(tmp_path / "sweep.yaml")) for line in MISTAKES[text]]
    assert refuse(text) == expected


def test_all_mistakes_are_told_at_once(refuse):
    """In the order of the file."""
    told = refuse("base: b.yaml\nseeds: 0\ngird: 3\nobjective: x")
    assert [line.partition(": ")[0] for line in told] == ["2:8", "3:1", "4:12"]
