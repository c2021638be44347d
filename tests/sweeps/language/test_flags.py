"""`--set` and `--grid`: what is one value, and what is swept over."""

import pytest

from dlrun.errors import ConfigError
from dlrun.sweeps.language.flags import read_grid
from dlrun.sweeps.language.loading import load_points

CONFIG = """\
dataset: {type: digits}
model:
  layers:
    - {type: Conv2D, filters: 4, kernel_size: 3, kernel_regularizer: {type: L2, l2: 0.1}}
    - {type: Flatten}
    - {type: Dense, units: 10, activation: softmax}
loss: sparse_categorical_crossentropy
optimizer: adam
metrics: [accuracy]
training: {epochs: 1, callbacks: [{type: EarlyStopping, monitor: loss, patience: 3}]}
"""


@pytest.fixture
def grid(tmp_path):
    """Read flags for the config above."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    return lambda *given, grids=(): read_grid(tmp_path / "config.yaml", given, grids)


@pytest.mark.parametrize(
    "flag",
    [
        "optimizer.learning_rate=[0.1,0.01]",
        "seed=0..1",
        "seed=[3, 4]",
        "training.epochs=[1,2]",
        "loss=[mse,mae]",
        "optimizer=[sgd,{type: Adam}]",
        "training.batch_size=8..9",
        "model.layers[0].filters=[8,16]",
        "model.layers[0].filters=8..9",
        "model.layers[0].use_bias=[true,false]",
        "model.layers[0].padding=[same,valid]",
        "model.layers[2].activation=[relu,tanh]",
        "model.layers[0].kernel_initializer=[zeros,ones]",
        "model.layers[0].kernel_regularizer.l2=[1,2]",
        "model.layers[0].name=[one,two]",
        "model.layers[0].trainable=[true,false]",
        "dataset.validation_split=[0.1,0.2]",
        "dataset.scale=[none,standard]",
        "dataset.flatten=[true,false]",
        "training.callbacks[0].patience=1..2",
        "training.precision=[float32,mixed_float16]",
        "metrics[0].name=[a,b]",
        "dataset=[digits,moons]",
        "training.class_weight=[balanced,null]",
        "model.layers.0.filters=[8,16]",
        "model.layers[0].type=[Conv2D,SeparableConv2D]",
        "optimizer.beta_1=[0.8,0.9]",
        "loss.from_logits=[true,false]",
    ],
)
def test_a_list_is_an_axis_where_the_key_takes_one_value(grid, flag):
    """And so is a range, where the key takes numbers."""
    found = grid(flag)
    assert found.axes == {flag.partition("=")[0]: 2}
    assert (len(found.points), found.fixed) == (2, ())


@pytest.mark.parametrize(
    "flag",
    [
        "model.layers[0].kernel_size=[3,5]",
        "model.layers[0].strides=[1,2]",
        "metrics=[mse,mae]",
        "model.layers[0].weights=[[1],[2]]",
        "model.layers[1].inputs=[conv2d]",
        "exports=[]",
        "training.callbacks=[]",
        "model.layers=[Flatten]",
        "name=0..9",
        "dataset.bogus=[1,2]",
        "optimizer.typo=[1,2]",
        "nothing=[1,2]",
        "loss={type: CategoricalFocalCrossentropy, alpha: [1, 2]}",
        "model.layers[9].units=[1,2]",
        "seed=3",
        "name=[",
    ],
)
def test_a_list_is_one_value_where_the_key_takes_lists(grid, flag):
    """And where nobody knows the key: what is wrong with it is told once, by the config."""
    if flag == "name=[":
        with pytest.raises(ConfigError):
            grid(flag)
        return
    found = grid(flag)
    assert (found.axes, len(found.points)) == ({}, 1)
    assert found.fixed[0].key == flag.partition("=")[0]


def test_grid_is_an_axis_whatever_the_key_takes(grid, tmp_path):
    """So lists can be swept over."""
    found = grid(grids=["model.layers[0].kernel_size=[[3,3],[5,5],1]"])
    experiments = load_points(tmp_path / "config.yaml", found.fixed, found.points)
    sizes = [one.model.layers[0].arguments["kernel_size"] for one in experiments]
    assert sizes == [[3, 3], [5, 5], 1]


def test_what_a_key_takes_depends_on_the_flags_before(grid):
    """`momentum` is a key of SGD only."""
    found = grid("optimizer=sgd", "optimizer.momentum=[0.5,0.9]", "seed=0..2")
    assert found.axes == {"optimizer.momentum": 2, "seed": 3}
    assert [tuple(one.values.values()) for one in found.points] == [
        (momentum, seed) for momentum in (0.5, 0.9) for seed in (0, 1, 2)
    ]


@pytest.mark.parametrize(
    ("given", "grids", "told"),
    [
        (["seed=1..1"], [], None),
        (
            ["seed=2..1"],
            [],
            (
                "--set seed: seed: The range 2..1 is empty or holds more than 100,000 "
                "numbers. Write a list such as [0.1, 0.01], or a range such as 0..9."
            ),
        ),
        (["seed=[1,1]"], [], "--set seed: seed[1]: The axis has 1 twice. Remove one of them."),
        (
            ["seed=[]"],
            [],
            (
                "--set seed: seed: An axis has 1 to 100,000 values, [] has none. "
                "Write a list such as [0.1, 0.01], or a range such as 0..9."
            ),
        ),
        (["seed=0..1", "seed=2..3"], [], "--set seed: seed: This key is an axis already."),
        (
            ["seed=0..1", "seed=7"],
            [],
            "--set seed: seed: This key is an axis already. Give it once.",
        ),
        (
            [],
            ["seed=3"],
            (
                "--grid seed: seed: Expected the values of an axis, got 3. "
                "Write a list such as [0.1, 0.01], or a range such as 0..9."
            ),
        ),
        ([], ["seed"], "--grid seed: Expected KEY=VALUE. Write --grid training.epochs=20."),
        (
            ["seed=0..999", "training.epochs=0..999"],
            [],
            "--set seed: These are 1,000,000 runs; 100,000 is the most.",
        ),
    ],
)
def test_mistakes(grid, given, grids, told):
    """They name the flag."""
    if told is None:
        assert grid(*given).axes == {"seed": 1}
        return
    with pytest.raises(ConfigError) as caught:
        grid(*given, grids=grids)
    assert [str(problem) for problem in caught.value.problems] == [told]


def test_every_mistake_of_every_point_is_told_once(grid, tmp_path):
    """Before any is trained; the place is that of the value."""
    found = grid("training.epochs=[1,-1,-2]", "seed=0..9")
    with pytest.raises(ConfigError) as caught:
        load_points(tmp_path / "config.yaml", found.fixed, found.points)
    assert [str(problem) for problem in caught.value.problems] == [
        f"--set training.epochs: training.epochs: Expected 0 or more, got {value}."
        for value in (-1, -2)
    ]
