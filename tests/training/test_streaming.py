"""Epochs over streamed rows: the order, the cuts, the errors and the pace of those in memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlrun.arrays import Samples, StreamedArray
from dlrun.backend import keras, tf
from dlrun.errors import DataError
from dlrun.training.epochs import CompiledEpochs, FitOptions, Position
from dlrun.training.evaluation import Evaluator, to_rows
from dlrun.training.order import permutation, permutation_in_memory
from dlrun.training.steps import Steps
from dlrun.training.streaming import BlockReader, StreamedEpochs
from tests.marking import first
from tests.training.networks import model, rows, splits, trainer


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr("dlrun.arrays.BLOCK_BYTES", 500)


def streamed(samples):
    """The same rows, taken from memory only when they are needed."""
    return Samples(StreamedArray(samples.x), StreamedArray(samples.y))


def epochs(kind, train, **options):
    """Epochs of one kind with a model of their own."""
    steps = Steps(model(), [keras.metrics.CategoricalAccuracy(name="accuracy")])
    steps.model.optimizer.build(steps.model.trainable_variables)
    settings = {"batch_size": 8, "shuffle": True, "seed": 3, "epochs": 3} | options
    return steps.model, kind(steps, train, None, FitOptions(**settings))


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_the_order_in_memory_is_the_order(count):
    """Two ways of sorting, one order."""
    for epoch in (0, 5):
        order = permutation_in_memory(count, seed=9, epoch=epoch)
        assert (order == permutation(count, seed=9, epoch=epoch).numpy()).all()


def test_rows_that_draw_the_same_number_stay_in_order(monkeypatch):
    """A sort that is not stable may turn them round: many rows of three numbers show it."""
    draws = np.random.default_rng(0).integers(0, 3, 5000)
    monkeypatch.setattr("dlrun.training.order._draws", lambda *_, **__: tf.constant(draws))
    order = permutation_in_memory(len(draws), seed=0, epoch=0)
    assert order.tolist() == sorted(range(len(draws)), key=lambda row: (draws[row], row))


def test_an_epoch_is_sorted_once(monkeypatch):
    """However many stretches it has, and the next one ahead of its time; none after the last."""
    sorted_epochs = []

    def sort(rows, *, seed, epoch):
        sorted_epochs.append(epoch)
        return permutation_in_memory(rows, seed=seed, epoch=epoch)

    monkeypatch.setattr("dlrun.training.order.permutation_in_memory", sort)
    monkeypatch.setattr("dlrun.training.epochs.MANY_ROWS", 1)
    monkeypatch.setattr("dlrun.training.trainer._FIRST_BUDGET", 1)
    monkeypatch.setattr("dlrun.training.trainer._GROWTH", 1)
    fitted = trainer(model(), splits(count=200), epochs=3)
    fitted.fit()
    assert len(fitted._listener.progress) == 3 * 25
    assert sorted_epochs == [0, 1, 2]


@pytest.mark.parametrize("count", [50, 48, 5])
@pytest.mark.parametrize("shuffle", [True, False])
def test_blocks_hold_the_batches_of_an_epoch(count, shuffle):
    """Full batches together, a smaller last one alone, in the order of the epoch."""
    samples = streamed(rows(count))
    size = min(count, 8)
    reader = BlockReader(samples, FitOptions(3, size, shuffle=shuffle, seed=0))
    order = permutation_in_memory(count, seed=0, epoch=2) if shuffle else np.arange(count)
    for step in range(-(-count // size)):
        block, first = reader.block(Position(2, step))
        begin = (step - first.step) * size
        chosen = order[step * size : (step + 1) * size]
        assert (block.x[begin : begin + size] == samples.x[chosen]).all()


@pytest.mark.parametrize("count", first(0, [50, 48]))
def test_any_cut_gives_the_same_bits(count, monkeypatch):
    """However the training is cut into stretches, wherever rows are kept, whoever sorts them."""
    data = rows(count)
    cuts = [
        [(0, 0), (2, 6)],
        [(0, 0), (0, 1), (0, 5), (1, 2), (2, 6)],
        [(0, 0), (0, 6), (1, 6), (2, 3), (2, 6)],
    ]
    total = -(-count // 8)
    results = []
    ways = [
        (CompiledEpochs, to_rows(data), 1000),
        (CompiledEpochs, to_rows(data), 1),
        (StreamedEpochs, streamed(data), 1),
    ]
    for kind, train, many_rows in ways:
        monkeypatch.setattr("dlrun.training.epochs.MANY_ROWS", many_rows)
        for cut in cuts:
            built, compiled = epochs(kind, train)
            position, table = Position(0, 0), []
            for epoch, step in cut[1:]:
                end = Position(epoch, total if step == 6 else step)
                logs, finite = compiled.run(position, end)
                assert finite
                table.append(logs)
                position = Position(epoch + 1, 0) if end.step == total else end
            results.append((np.concatenate(table), *built.get_weights()))
    for result in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(result, results[0], strict=True))


def test_a_weight_that_is_not_finite_is_told():
    """As by the epochs in memory."""
    built, compiled = epochs(StreamedEpochs, streamed(rows()))
    built.set_weights([np.full_like(weight, np.nan) for weight in built.get_weights()])
    _, finite = compiled.run(Position(0, 0), Position(0, 2))
    assert not finite


@pytest.mark.slow
def test_the_trainer_streams_what_is_streamed():
    """Splits, validation, metrics: the same history, to the bit."""
    data = splits()
    on_disk = replace(data, train=streamed(data.train), validation=streamed(data.validation))
    histories = [trainer(model(), each).fit().rows for each in (data, on_disk)]
    assert histories[0] == histories[1]


def test_stretches_are_cut_in_the_middle_of_an_epoch():
    """The first stretch is short, and progress is told before the epoch ends."""
    data = splits(count=2000, validation=0)
    fitted = trainer(model(), replace(data, train=streamed(data.train)), epochs=1)
    fitted.fit()
    assert fitted._listener.progress[0]["step"] == 8


def test_rows_are_measured_block_by_block():
    """The loss and the metrics are those of all rows at once."""
    steps = Steps(model(), [keras.metrics.CategoricalAccuracy(name="accuracy")])
    evaluator = Evaluator(steps, batch_size=8)
    assert evaluator.evaluate(rows()) == evaluator.evaluate(streamed(rows()))


@pytest.mark.parametrize("count", [1, 8, 9, 31])
def test_a_few_batches_are_measured_as_by_the_loop(count):
    """One by one where no loop over batches has been traced, with the bits of that loop."""
    steps = Steps(model(), [keras.metrics.CategoricalAccuracy(name="accuracy")])
    evaluator = Evaluator(steps, batch_size=8)
    alone = evaluator.evaluate(rows(count))
    assert set(steps.functions) == {("evaluate", 8, False, True)}
    evaluator.evaluate(rows(100))
    assert set(steps.functions) == {("evaluate", 8, False, True), ("evaluate", 8, False, False)}
    assert evaluator.evaluate(rows(count)) == alone


def test_an_error_of_reading_ends_the_training():
    """It comes from the thread that reads ahead."""

    def fail(taken):
        if len(taken) > 1:
            raise DataError("the rows cannot be read from the disk: Input/output error.")
        return taken

    data = rows()
    broken = Samples(StreamedArray(data.x, changes=(fail,)), StreamedArray(data.y))
    _, compiled = epochs(StreamedEpochs, broken)
    with pytest.raises(DataError, match="Input/output error"):
        compiled.run(Position(0, 0), Position(0, 1))


def test_one_traced_step_serves_all_blocks():
    """Blocks of different lengths do not trace again and again."""
    _, compiled = epochs(StreamedEpochs, streamed(rows(203)))
    compiled.run(Position(0, 0), Position(0, 26))
    traced = compiled._train.experimental_get_tracing_count()
    compiled.run(Position(1, 0), Position(4, 26))
    assert compiled._train.experimental_get_tracing_count() == traced <= 3
