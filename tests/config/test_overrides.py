"""`--set key=value`."""

import pytest

from dlrun.config.nodes import Problems
from dlrun.config.overrides import read
from tests.config.conftest import BASE


@pytest.mark.parametrize(
    ("override", "read", "value"),
    [
        ("seed=7", lambda e: e.seed, 7),
        ("seed= 7 ", lambda e: e.seed, 7),
        ("name=no", lambda e: e.name, "no"),
        ("name=a=b", lambda e: e.name, "a=b"),
        ("optimizer.learning_rate=1e-4", lambda e: e.optimizer.arguments["learning_rate"], 1e-4),
        ("optimizer=sgd", lambda e: e.optimizer.type, "SGD"),
        ("loss.label_smoothing=0.1", lambda e: e.loss.arguments["label_smoothing"], 0.1),
        ("model.layers[0].units=3", lambda e: e.model.layers[0].arguments["units"], 3),
        ("model.layers.0.units=3", lambda e: e.model.layers[0].arguments["units"], 3),
        ("model.layers[1]=Flatten", lambda e: e.model.layers[1].type, "Flatten"),
        ("model.layers[-1].name=last", lambda e: e.model.layers[2].name, "last"),
        ("metrics=[mse, mae]", lambda e: [one.type for one in e.metrics][1], "MeanAbsoluteError"),
        ("training.class_weight.0=2", lambda e: e.training.class_weight, {"0": 2.0}),
        ("training.callbacks=[]", lambda e: e.training.callbacks, ()),
        ("dataset.noise=0", lambda e: e.dataset.arguments["noise"], 0),
        ("dataset.test_split=", lambda e: e.dataset.test_split, None),
    ],
)
def test_a_value_is_replaced(load, override, read, value):
    """By its dotted path, with the scalar rules of the file; bare words become mappings."""
    assert read(load(BASE, override)) == value


def test_the_last_one_wins(load):
    """Also over a part of an earlier one."""
    experiment = load(BASE, "optimizer=sgd", "optimizer.momentum=0.5", "seed=1", "seed=2")
    assert (experiment.optimizer.type, experiment.seed) == ("SGD", 2)
    assert experiment.optimizer.arguments["momentum"] == 0.5


def test_sections_that_are_not_written_are_made(load):
    """`training:` need not stand in the file."""
    lines = {15: "", 16: "", 17: "", 18: "", 19: ""}
    experiment = load(BASE, "training.epochs=3", lines=lines)
    assert experiment.training.epochs == 3


def test_an_alias_is_changed_in_one_place_only(load):
    """Two layers written as one are two."""
    layer = "    - &a {type: Dense, units: 8, name: hidden}"
    experiment = load(
        BASE, "model.layers[1].units=3", "model.layers[1].name=x", lines={9: layer, 10: "    - *a"}
    )
    assert [one.arguments["units"] for one in experiment.model.layers] == [8, 3, 1]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed=x", "--set seed: seed: Expected an integer, got 'x'."),
        ("sed=1", "--set sed: sed: Unknown key 'sed'. Did you mean 'seed'?"),
        ("seed", "--set seed: Expected KEY=VALUE. Write --set training.epochs=20."),
        ("=1", "--set : Expected KEY=VALUE. Write --set training.epochs=20."),
        (
            "model.layers[3].units=1",
            (
                "--set model.layers[3].units: model.layers[3]: There is no item 3: the list has 3. "
                "Items are counted from 0."
            ),
        ),
        (
            "model.layers.units=1",
            "--set model.layers.units: model.layers.units: Expected a mapping there, found a list.",
        ),
        (
            "seed.a=1",
            "--set seed.a: seed.a: Expected a mapping there, found 0.",
        ),
        (
            "name[0]=1",
            "--set name[0]: name[0]: Expected a list there, found 'golden'.",
        ),
        ("name=a\x00b", "--set name: The character U+0000 cannot stand in a config. Remove it."),
        ("name=a\udc80", "--set name: The character U+DC80 cannot stand in a config. Remove it."),
        (
            "training.epochs=[1",
            "--set training.epochs: A comma or a closing bracket is missing.",
        ),
        (
            "dataset={type: moons, a: 1}",
            (
                "--set dataset: dataset.a: moons has no argument 'a'. "
                "'dlrun list datasets moons' shows all of them."
            ),
        ),
        (
            "model.layers[0].units=no",
            "--set model.layers[0].units: model.layers[0].units: Expected an integer, got 'no'.",
        ),
    ],
)
def test_a_mistake_is_located_at_the_flag(refuse, override, message):
    """The place is the flag itself."""
    assert message in refuse(BASE, override)


def test_mistakes_of_the_file_come_first(refuse):
    """Then those of the flags."""
    assert refuse(BASE, "seed=x", lines={1: "name: 3"}) == [
        "1:7: name: Expected text, got 3.",
        "--set seed: seed: Expected an integer, got 'x'.",
    ]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("epochs=5", "training.epochs"),
        ("lr=0.1", "optimizer.learning_rate"),
        ("batchsize=5", "training.batch_size"),
        ("test_splt=0.2", "dataset.test_split"),
        ("model.layers[0].output_dim=3", "units"),
    ],
)
def test_keys_of_sections_are_found_from_the_top(refuse, given, meant):
    """And the words of older versions of Keras."""
    (told,) = (one for one in refuse(BASE, given) if "Missing" not in one)
    assert told.endswith(f"Did you mean '{meant}'?")


def test_a_decimal_has_a_point(refuse):
    """A comma is as near on many keyboards, and right in many languages."""
    (said,) = refuse(BASE, "optimizer.learning_rate=0,001")
    assert said.endswith("Expected a number or a schedule, got '0,001'. Write 0.001.")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("training.epochs=1,2", "Expected an integer, got '1,2'."),
        ("optimizer.learning_rate=0.1,1e-2", "Expected a number or a schedule, got '0.1,1e-2'."),
    ],
)
def test_several_values_are_a_list(refuse, given, told):
    """As other programs take them they are one text."""
    key, _, values = given.partition("=")
    (said,) = refuse(BASE, given)
    assert (
        said == f"--set {key}: {key}: {told} Several values are a list: --set '{key}=[{values}]'."
    )


@pytest.mark.parametrize("mark", [",", "|", "'", " ", "\t"])
def test_a_mark_that_separates_stands_for_itself(mark):
    """As in `--set dataset.decimal=,`, which a shell leaves as it is."""
    problems = Problems()
    assert read(f"dataset.decimal={mark}", problems).value.plain() == mark
    problems.raise_if_any()
