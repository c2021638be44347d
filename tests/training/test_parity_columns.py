"""Layers that name columns compute and train as plain Keras does with an input for each of them."""

import numpy as np
import pytest

from dlrun import catalog
from dlrun.absent import ABSENT
from dlrun.arrays import Samples, Spec, Splits
from dlrun.backend import keras
from dlrun.column import RawColumn
from dlrun.columns.packing import completed, pack, views
from dlrun.formulas.network import derivative, follow, read_nodes
from dlrun.models.build import build_model
from dlrun.models.weights import get_weights, weights_by_layer
from dlrun.shapes import walk
from dlrun.training.epochs import FitOptions
from dlrun.training.steps import Steps
from dlrun.training.trainer import Trainer
from tests.columns.fakes import Category, Number
from tests.marking import first
from tests.training.parity import CLOSE, relative_error

COLUMNS = (
    Number("age", 40.0, 12.0),
    Category("sex", ("female", "male")),
    Category("deck", ("A", "B", "C", "D")),
    Number("fare", 30.0, 9.0),
)
RAW = (
    RawColumn("age", "number"),
    RawColumn("sex", "text", ("female", "male")),
    RawColumn("deck", "text", ("A", "B", "C", "D", "T")),
    RawColumn("fare", "number"),
)
ROWS, VALIDATION_ROWS = 100, 30


def layer(kind, name, *inputs, **arguments):
    """A layer as a config resolves it."""
    word = catalog.find("layers", kind)
    written = {one.name: one.written_default for one in word.parameters if not one.required}
    known = {key: value for key, value in written.items() if value is not ABSENT}
    own = {"type": kind, "name": name, "inputs": list(inputs), "weights": None, "trainable": True}
    return known | own | arguments


WIDE_AND_DEEP = [
    layer("Embedding", "looked_up", "deck", output_dim=3),
    layer("Flatten", "flat", "looked_up"),
    layer("Concatenate", "side", "flat", "sex", "input", axis=-1),
    layer("Dense", "deep", "side", units=8, activation="relu", use_bias=True),
    layer("Concatenate", "wide", "deep", "deck", "sex", axis=-1),
    layer("Dense", "out", "wide", units=1, activation="sigmoid", use_bias=True),
]


def table(rows, seed):
    """Raw rows `(rows, 4)` and whether they survived `(rows, 1)`."""
    generator = np.random.default_rng(seed)
    matrix = np.stack(
        [
            generator.normal(40, 12, rows),
            generator.integers(0, 2, rows).astype(float),
            generator.integers(0, 5, rows).astype(float),
            generator.normal(30, 9, rows),
        ],
        axis=1,
    )
    y = (matrix[:, 1] + (matrix[:, 2] > 2) + generator.random(rows) > 1.4).astype("float32")
    return matrix, y[:, None]


def by_dlrun():
    """The model of the config, over one input, and the views."""
    laid = views(COLUMNS, WIDE_AND_DEEP)
    layers = completed(WIDE_AND_DEEP, COLUMNS)
    model = build_model(layers, input_shape=(laid[-1].end,), seed=3, name="m", views=laid)
    return model, laid, layers


def by_hand():
    """The same network as Keras's own tutorials write it, with an input for each column."""
    plain = keras.Input((2,), name="plain")
    sex, deck = keras.Input((3,), name="sex"), keras.Input((5,), name="deck")
    number = keras.Input((1,), name="deck_number", dtype="int64")
    flat = keras.layers.Flatten()(keras.layers.Embedding(5, 3)(number))
    side = keras.layers.Concatenate()([flat, sex, plain])
    deep = keras.layers.Dense(8, activation="relu")(side)
    wide = keras.layers.Concatenate()([deep, deck, sex])
    out = keras.layers.Dense(1, activation="sigmoid")(wide)
    return keras.Model([plain, sex, deck, number], out)


def apart(matrix):
    """The rows as the model by hand takes them, encoded without dlrun."""
    codes = matrix[:, 2].astype(int)
    numbers = (matrix[:, [0, 3]] - [40.0, 30.0]) / [12.0, 9.0]
    return [
        numbers.astype("float32"),
        np.eye(3, dtype="float32")[matrix[:, 1].astype(int)],
        np.eye(5, dtype="float32")[codes],
        codes[:, None],
    ]


def test_the_output_is_that_of_a_model_with_several_inputs():
    """From the same weights, to the bit."""
    matrix, _ = table(ROWS, seed=0)
    model, laid, _ = by_dlrun()
    theirs = by_hand()
    theirs.set_weights(model.get_weights())
    ours = model(pack(COLUMNS, laid, RAW, matrix)).numpy()
    assert np.array_equal(ours, theirs(apart(matrix)).numpy())


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", first(1, ["SGD", "Adam"]))
def test_training_is_that_of_fit_with_several_inputs(optimizer):
    """The history and the weights after three epochs, with batches that are not full."""
    (matrix, y), (held, held_y) = table(ROWS, seed=0), table(VALIDATION_ROWS, seed=1)
    model, laid, _ = by_dlrun()
    theirs = by_hand()
    theirs.set_weights(model.get_weights())
    for one in (model, theirs):
        one.compile(optimizer=optimizer, loss="binary_crossentropy", jit_compile=False)
    train = Samples(pack(COLUMNS, laid, RAW, matrix), y)
    validation = Samples(pack(COLUMNS, laid, RAW, held), held_y)
    spec = Spec((laid[-1].end,), columns=COLUMNS, views=laid)
    steps = Steps(model, [])
    options = FitOptions(3, 32, shuffle=False, seed=0)
    history = Trainer(steps, Splits(train, validation, None, spec), options).fit()
    expected = theirs.fit(
        apart(matrix), y, validation_data=(apart(held), held_y), epochs=3, batch_size=32,
        shuffle=False, verbose=0,
    ).history  # fmt: skip
    for name, values in expected.items():
        assert relative_error([row[name] for row in history.rows], values) <= CLOSE, name
    for mine, other in zip(model.get_weights(), theirs.get_weights(), strict=True):
        assert relative_error(mine, other) <= CLOSE


def test_the_saved_model_loads_without_dlrun_and_gives_the_same(tmp_path):
    """Parts of a row are cut out by operations of Keras: no layers, and no code of ours."""
    matrix, _ = table(ROWS, seed=0)
    model, laid, _ = by_dlrun()
    x = pack(COLUMNS, laid, RAW, matrix)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert np.array_equal(model(x).numpy(), loaded(x).numpy())
    assert {one.name for one in loaded.layers} == {one["name"] for one in WIDE_AND_DEEP} | {"input"}


def test_the_formulas_find_their_columns_too():
    """In NumPy, with derivatives: by a number they are those of finite differences."""
    matrix, _ = table(5, seed=2)
    model, laid, layers = by_dlrun()
    steps = walk(layers, (laid[-1].end,), laid)
    assert [step.shape for step in steps] == [(1, 3), (3,), (8,), (8,), (16,), (1,)]
    nodes = read_nodes(layers, weights_by_layer(steps, get_weights(model), where="here"))
    x = pack(COLUMNS, laid, RAW, matrix)
    for row, expected in zip(x, model(x).numpy(), strict=True):
        (output,) = follow(nodes, row, laid).stages[-1].working.output
        assert output == pytest.approx(expected[0], abs=1e-6)
        slopes = derivative(nodes, row, (0,), laid)
        for entry in (0, 1, 3):
            moved = row.astype("float64")
            moved[entry] += 1e-6
            (above,) = follow(nodes, moved, laid).stages[-1].working.output
            assert slopes[entry] == pytest.approx((above - output) / 1e-6, abs=1e-4)
        assert slopes[-1] == 0  # the class number is looked up


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_class_numbers_are_not_rounded_under_a_lower_precision(precision):
    """An Embedding gets them in float32 all the same: 2049 is no float16, 257 no bfloat16."""
    columns = (Category("word", tuple(map(str, range(3000)))),)
    layers = completed([layer("Embedding", "table", "word", output_dim=1)], columns)
    laid = views(columns, layers)
    model = build_model(layers, input_shape=(1,), seed=0, name="m", precision=precision, views=laid)
    model.set_weights([np.arange(3001, dtype="float32")[:, None] / 4096])
    x = np.array([[257], [2049], [2999]], "float32")
    expected = (np.array([257, 2049, 2999]) / 4096).astype("float32")
    policy = keras.mixed_precision.Policy(precision)
    wanted = keras.ops.cast(expected, policy.compute_dtype)
    got = model(x)[:, 0, 0]
    assert np.array_equal(keras.ops.cast(got, "float32"), keras.ops.cast(wanted, "float32"))
