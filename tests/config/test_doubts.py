"""What can be trained and is seldom meant: `validate` and `train` tell it in the same words."""

import pytest

from tests.marking import first

TABLE = """
dataset: {type: table, path: t.csv, target: TARGET, test_split: 0.2}
model: {layers: [{type: Dense, units: UNITS, activation: ACTIVATION}]}
loss: LOSS
optimizer: {type: SGD, learning_rate: 0.01}
training: {epochs: 1, batch_size: 32}
"""


@pytest.fixture
def told(tmp_path, dlrun):
    """Gives what the two commands warn of, after the place."""
    rows = [
        f"{n * 7 % 31 / 31},{n % 13 - 6},{n % 13 / 13},{'no' if n % 3 else 'yes'}"
        for n in range(60)
    ]
    (tmp_path / "t.csv").write_text("\n".join(["x,wide,share,answer", *rows]) + "\n")

    def ask(target, activation, loss="mse", units=1, *, train=True, settings=()):
        text = TABLE.replace("TARGET", target).replace("ACTIVATION", activation)
        text = text.replace("LOSS", loss).replace("UNITS", str(units))
        (tmp_path / "c.yaml").write_text(text)
        given = [word for one in settings for word in ("--set", one)]
        first = dlrun("validate", "c.yaml", *given).err
        last = dlrun("train", "c.yaml", "-q", "--no-report", *given).err if train else ""
        return first, last

    return ask


RANGE = (
    "loss: the last layer ends with {}, which gives nothing {}, but the targets lie there too{}. "
)
FIX = "Leave the activation of the last layer out."


@pytest.mark.parametrize(
    ("activation", "beyond"),
    first(
        1, [("sigmoid", "below 0 or above 1"), ("relu", "below 0"), ("tanh", "below -1 or above 1")]
    ),
)
def test_an_activation_that_cannot_give_the_targets(activation, beyond, told):
    """Without the data nobody knows it; with them the run says so."""
    before, trained = told("wide", activation)
    assert "which gives nothing" not in before
    assert f"warning: {RANGE.format(activation, beyond, '')}{FIX}" in trained
    assert "which gives nothing" not in told("share", "sigmoid")[1]
    assert "which gives nothing" not in told("wide", "linear")[1]


@pytest.mark.slow
def test_an_activation_that_cannot_give_scaled_targets(told):
    """Some lie below their mean, which is 0, whatever the data."""
    scaled = ", scaled by 'target_scale: standard'"
    setting = ["dataset.target_scale=standard"]
    before, trained = told("share", "relu", settings=setting)
    assert RANGE.format("relu", "below 0", scaled) + FIX in before
    assert RANGE.format("relu", "below 0", scaled) + FIX in trained
    assert (
        RANGE.format("tanh", "below -1 or above 1", scaled)
        in (told("share", "tanh", settings=setting)[1])
    )


@pytest.mark.parametrize("columns", [(), ["dataset.columns={x: number}"]], ids=["plain", "kinds"])
def test_two_sigmoids_for_two_classes(columns, told):
    """Their probabilities do not sum to 1; of a table with kinds of columns classes are known."""
    line = (
        "loss: BinaryCrossentropy has one sigmoid for each class: their probabilities do not sum "
        "to 1. Use 'units: 1', or categorical_crossentropy after 'activation: softmax'."
    )
    for one in told("answer", "sigmoid", "binary_crossentropy", 2, settings=columns):
        assert line in one
    for one in told("answer", "sigmoid", "binary_crossentropy", 1, settings=columns):
        assert "one sigmoid" not in one


def test_distances_of_classes(told):
    line = "loss: MeanSquaredError measures how far off a number is, but the targets are classes. "
    for one in told("answer", "softmax", units=2, settings=["dataset.columns={x: number}"]):
        assert line in one


def test_a_learning_rate_of_0(told):
    line = "optimizer.learning_rate: With a learning rate of 0 no weight ever changes. "
    for one in told("share", "linear", settings=["optimizer.learning_rate=0"]):
        assert f"{line}Write one such as 0.001." in one
    assert told("share", "linear", train=False) == ("", "")
