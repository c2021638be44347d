"""A model that is trained again with other seeds and rates gives the bits of new ones."""

from __future__ import annotations

import json
import re
import zipfile

import pytest

from dlrun.catalog.words import words
from dlrun.config import load_config
from dlrun.execution.assembly import UNSHARED, GraphCache
from dlrun.execution.loading import load_splits
from dlrun.execution.options import RunOptions
from dlrun.rundir.environment import environment_facts
from dlrun.rundir.folder import create_run
from dlrun.training.epochs import FitOptions
from dlrun.training.trainer import Trainer
from dlrun.workflows.train import Beginning, train_in
from tests.conftest import CONFIGS, Silent
from tests.marking import first

DROPOUT = """\
dataset: {type: digits, flatten: false, validation_split: 0.2}
model:
  layers:
    - {type: RandomTranslation, height_factor: 0.1, width_factor: 0.1}
    - {type: Conv2D, filters: 4, kernel_size: 3, activation: relu}
    - {type: BatchNormalization}
    - {type: SpatialDropout2D, rate: 0.2}
    - {type: Flatten}
    - {type: GaussianNoise, stddev: 0.1}
    - {type: Dense, units: 16, kernel_regularizer: {type: L2, l2: 0.001}}
    - {type: Dropout, rate: 0.3}
    - {type: Dense, units: 10, activation: softmax}
loss: categorical_crossentropy
optimizer: {type: AdamW, learning_rate: 0.01, use_ema: true, clipnorm: 1.0}
metrics: [accuracy, {type: F1Score}, {type: AUC}]
training:
  epochs: 3
  callbacks:
    - {type: ReduceLROnPlateau, patience: 0, min_delta: 0.5}
    - {type: EarlyStopping, patience: 1, min_delta: 0.5, restore_best_weights: true}
"""
LSTM = """\
dataset: {type: digits, flatten: false, test_split: 0.3, scale: standard}
model:
  layers:
    - {type: Reshape, target_shape: [8, 8]}
    - {type: LSTM, units: 6, dropout: 0.2, recurrent_dropout: 0.1}
    - {type: Dense, units: 10}
loss: {type: SparseCategoricalCrossentropy, from_logits: true}
optimizer:
  type: RMSprop
  learning_rate:
    {type: ExponentialDecay, initial_learning_rate: 0.01, decay_steps: 20, decay_rate: 0.9}
metrics: [accuracy]
training: {epochs: 2, class_weight: balanced, precision: mixed_bfloat16}
"""
CROP = """\
dataset: {type: digits, flatten: false}
model:
  layers:
    - {type: RandomCrop, height: 6, width: 6}
    - {type: GlobalAveragePooling2D}
    - {type: Dense, units: 10, activation: softmax}
loss: categorical_crossentropy
optimizer: Adam
training: {epochs: 1, batch_size: 600}
exports: [keras_model]
"""
MEASURED = """\
dataset: {type: csv, path: DATA/iris.csv, target: species}
model: {layers: [{type: Dense, units: 3, activation: softmax}]}
loss: categorical_crossentropy
optimizer: Adam
training: {epochs: 0}
exports: [keras_model]
"""
TEXTS = {
    "dropout": DROPOUT,
    "lstm": LSTM,
    "crop": CROP,
    "measured": MEASURED.replace("DATA", str(CONFIGS / "data")),
}
KINDS = ["crop", "measured", "threshold_exact", "dropout", "lstm", "iris", "digits_branches"]
MORE_KINDS = [
    "moons_mlp", "sine_regression", "threshold_hinge", "two_points_softmax", "majority_logistic",
    "majority_full_batch",
]  # fmt: skip


def outcome(experiment, runs_dir, graph_cache):
    """Train; give all that has bits: weights, history, metrics, predictions."""
    folder = create_run(runs_dir, "a")
    options = RunOptions(runs_dir, [], device="cpu", report=False)
    beginning = Beginning.of(experiment, options, environment_facts())
    train_in(folder, beginning, options, Silent(), graph_cache)
    record = json.loads(folder.read_text("run.json"))
    names = ["history.csv", "metrics.json", "spec.json"]
    names += sorted(str(path) for path in (folder.path / "predictions").glob("*.csv"))
    return (
        record["initial_weights"],
        record.get("final_weights"),
        *((folder.path / name).read_bytes() for name in names if (folder.path / name).exists()),
        exported(folder.path / "model.keras"),
    )


def exported(path):
    """What another Keras would find in the exported model; dates and addresses apart."""
    if not path.exists():
        return None
    with zipfile.ZipFile(path) as file:
        config = re.sub(rb'"shared_object_id": \d+', b"", file.read("config.json"))
        return config, file.read("model.weights.h5")


@pytest.mark.slow
@pytest.mark.parametrize("kind", first(1, [*KINDS, *MORE_KINDS]))
def test_other_seeds_give_the_bits_of_new_models(kind, tmp_path):
    """One after the other through one graph_cache, and each alone."""
    path = CONFIGS / f"{kind}.yaml"
    overrides = []
    if kind in TEXTS:
        path = tmp_path / "config.yaml"
        path.write_text(TEXTS[kind])
    elif kind != "threshold_exact":  # That one has no loss, and is only measured.
        overrides = ["training.epochs=3"]
    graph_cache = GraphCache()
    one, other = (load_config(path, [*overrides, f"seed={seed}"]) for seed in (1, 2))
    first = outcome(one, tmp_path, graph_cache)  # It is alone as yet.
    second = outcome(other, tmp_path, graph_cache)
    assert second == outcome(other, tmp_path, GraphCache())
    assert outcome(one, tmp_path, graph_cache) == first


@pytest.mark.slow
def test_what_is_part_of_the_graph_may_not_differ(tmp_path):
    """Another rate of decay, another size: a model of its own; and back again."""
    graph_cache = GraphCache()
    begin, *others = (
        load_config(CONFIGS / "iris.yaml", ["training.epochs=2", override])
        for override in ("seed=1", "optimizer.beta_1=0.5", "model.layers[0].units=3")
    )
    first = outcome(begin, tmp_path, graph_cache)  # It is alone as yet.
    for experiment in others:
        again = outcome(experiment, tmp_path, graph_cache)
        assert again == outcome(experiment, tmp_path, GraphCache())
    assert outcome(begin, tmp_path, graph_cache) == first


QUICK = [("Adam", "float32"), ("SGD", "mixed_float16")]
OPTIMIZERS = [
    *sorted(set(words("optimizers")) - UNSHARED.keys()),
    "SGD, momentum: 0.9, nesterov: true",
]


CASES = [
    pytest.param(
        optimizer, precision, marks=[pytest.mark.slow] * ((optimizer, precision) not in QUICK)
    )
    for optimizer in OPTIMIZERS
    for precision in ("float32", "mixed_float16")
]


@pytest.mark.parametrize(("optimizer", "precision"), CASES)
def test_other_learning_rates_and_epochs_share_graphs(optimizer, precision):
    """To the bits of models of their own, which are trained afterwards."""
    settings = ["training.batch_size=60", f"training.precision={precision}"]
    runs = [
        [*settings, f"optimizer={{type: {optimizer}, learning_rate: {rate}}}", *more]
        for rate, more in (
            (0.01, ["training.epochs=3"]),
            (0.02, ["seed=1", "training.epochs=2"]),
            (0.01, ["training.epochs=2"]),
        )
    ]
    if (optimizer, precision) not in QUICK:
        runs.pop()
    graph_cache = GraphCache()
    shared = [trained(overrides, graph_cache) for overrides in runs]
    assert len({steps for steps, _ in shared}) == 1
    alone = [trained(overrides, GraphCache()) for overrides in runs[1:]]
    assert [weights for _, weights in shared[1:]] == [weights for _, weights in alone]


def trained(overrides, graph_cache):
    """Train on irises; give what holds the graphs, and the weights as bytes."""
    experiment = load_config(CONFIGS / "iris.yaml", overrides)
    assembly, splits, _ = graph_cache.assemble(experiment, load_splits(experiment))
    training = experiment.training
    options = FitOptions(training.epochs, training.batch_size, shuffle=True, seed=experiment.seed)
    Trainer(assembly.steps, splits, options).fit()
    return assembly.steps, [weight.tobytes() for weight in assembly.model.get_weights()]
