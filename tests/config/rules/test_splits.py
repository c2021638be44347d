"""What divides rows goes together, and has an effect."""

import pytest

FIX = "There are 'group', 'time' and 'column'."


@pytest.mark.parametrize(
    ("overrides", "messages"),
    [
        (
            ("dataset.split_by={grop: family}",),
            [
                ("dataset.split_by.grop: There is no way 'grop' to split rows. Did you mean "
                "'group'?"),
            ],
        ),
        (
            ("dataset.split_by={by: family}",),
            [f"dataset.split_by.by: There is no way 'by' to split rows. {FIX}"],
        ),
        (
            ("dataset.split_by={group: a, time: b}",),
            [
                ("dataset.split_by: Expected one of 'group', 'time' and 'column', got 2. Such as "
                "{group: family}."),
            ],
        ),
        (
            ("dataset.split_by={}",),
            [
                ("dataset.split_by: Expected one of 'group', 'time' and 'column', got 0. Such as "
                "{group: family}."),
            ],
        ),
        (
            ("dataset.split_by={group: [a]}",),
            ["dataset.split_by: Expected the name of a column. Such as {group: family}."],
        ),
        (
            ("dataset.split_by={group: y}", "dataset.target=y"),
            [
                "dataset.split_by.group: 'y' is named by 'target' too. Split by another column.",
            ],
        ),
        (
            ("dataset.split_by={group: b}", "dataset.target=[a, b]"),
            [
                "dataset.split_by.group: 'b' is named by 'target' too. Split by another column.",
            ],
        ),
        (
            ("dataset.split_by={time: day}", "dataset.validation_split=null"),
            [
                ("dataset.split_by.time: It says nothing without rows that are split off. Set "
                "'validation_split', 'test_split', or 'folds' and 'fold'."),
            ],
        ),
        (
            (
                "dataset.split_by={time: day}", "dataset.validation_split=null",
                "dataset.folds=5", "dataset.fold=1",
            ),
            [
                ("dataset.fold: Folds would train on rows that are later than those that they are "
                "judged by. Use 'validation_split', which takes the last rows."),
            ],
        ),
        (
            ("dataset.folds=5", "dataset.validation_split=null"),
            [
                ("dataset.folds: It says nothing without 'fold', the one that is watched in this "
                "run. Add 'fold: 1', or train all of them: `dlrun train ... --folds 5`."),
            ],
        ),
        (
            ("dataset.fold=5", "dataset.validation_split=null"),
            [("dataset.fold: It says nothing without 'folds', how many there are. Add 'folds: 5', "
             "say.")],
        ),
        (
            ("dataset.fold=6", "dataset.folds=5", "dataset.validation_split=null"),
            ["dataset.fold: There is no fold 6 of 5; they are counted from 1. Choose 1 to 5."],
        ),
        (
            ("dataset.fold=2", "dataset.folds=5"),
            [("dataset.validation_split: The validation rows are those of the fold. Remove one of "
             "the two.")],
        ),
        (
            ("dataset.folds=1", "dataset.fold=0", "dataset.validation_split=null"),
            ["dataset.folds: Expected 2 or more, got 1.",
             "dataset.fold: Expected 1 or more, got 0."],
        ),
        (
            ("training.sampling=over", "training.class_weight=balanced"),
            [("training.class_weight: Sampling makes the classes equally frequent, so that nothing "
             "is left to balance. Remove one of the two, or give 'class_weight' a weight for each "
             "class.")],
        ),
        (
            ("training.sampling=both",),
            ["training.sampling: Expected 'over' or 'under', got 'both'."],
        ),
        (
            ("dataset={type: sine, validation_split: 0.2}", "training.sampling=under", "loss=mse"),
            [("training.sampling: There are no classes to sample by: the target of 'sine' is a "
             "number. Remove it.")],
        ),
        (
            ("dataset={type: moons, split_by: {group: x}}",),
            [("dataset.split_by: moons has no argument 'split_by'. 'dlrun list datasets moons' "
             "shows all of them.")],
        ),
    ],
)  # fmt: skip
def test_what_does_not_go_together(say, overrides, messages):
    """It is told at its key, with the way out."""
    assert say(*overrides) == messages


@pytest.mark.parametrize(
    "overrides",
    [
        ("dataset.split_by={column: split}", "dataset.validation_split=null"),
        ("dataset.split_by={group: family}", "dataset.test_split=0.2"),
        ("dataset.split_by={time: day}",),
        ("dataset.fold=5", "dataset.folds=5", "dataset.validation_split=null"),
        ("training.sampling=under", "training.class_weight={a: 2}"),
    ],
)
def test_what_goes_together(accept, overrides):
    """Each of these has an effect."""
    accept(*overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        ("dataset.split_by={column: split}", "dataset.validation_split=null"),
        ("dataset.fold=1", "dataset.folds=2", "dataset.validation_split=null"),
    ],
)
def test_folds_and_columns_bring_validation_rows(accept, overrides):
    """So callbacks may watch them."""
    watched = "training.callbacks=[{type: EarlyStopping, monitor: val_loss}]"
    assert accept(*overrides, watched).dataset.may_have_validation


def test_folders_of_splits_bring_their_rows(refuse, load, tmp_path):
    """What they bring is not split off again, and may be watched."""
    for split in ("train", "val", "test"):
        for name in "ab":
            (tmp_path / "images" / split / name).mkdir(parents=True)
            (tmp_path / "images" / split / name / "1.png").write_bytes(b"x")
    config = f"""\
dataset: {{type: images, path: {tmp_path}/images, size: 8}}
model: {{layers: [Flatten, {{type: Dense, units: 2, activation: softmax}}]}}
loss: categorical_crossentropy
optimizer: adam
training: {{callbacks: [EarlyStopping]}}
"""
    load(config)
    assert len(refuse(config, "dataset.validation_split=0.1", "dataset.test_split=0.1")) == 2
    (message,) = refuse(config, "dataset.folds=3", "dataset.fold=1")
    assert "dataset.fold: The dataset 'images' brings validation rows of its own here." in message
