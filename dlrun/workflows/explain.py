"""`dlrun explain`: the forward pass of a row, worked out and then held against TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import ImageForm, Samples, Spec
from dlrun.columns.packing import Part, are_plain, parts, values_of
from dlrun.columns.word_numbers import WordNumbers
from dlrun.data.image_samples import names_images
from dlrun.data.labels import class_numbers
from dlrun.data.python_rows import typed_as_file
from dlrun.data.samples import open_samples, read_samples
from dlrun.data.units import in_units, is_scaled
from dlrun.errors import RunFolderError, UsageError
from dlrun.execution.ids import check_new_ids, looked_up
from dlrun.execution.layers import layers_of
from dlrun.execution.loading import import_tensorflow
from dlrun.execution.opening import (
    OpenedRun,
    load_model,
    load_split,
    open_trained,
    take_threads,
)
from dlrun.formulas import ForwardPass, Node, Place, derivative, follow, read_nodes
from dlrun.reports.run_data import class_scores
from dlrun.reports.words import effects_in_rows, numbers_of
from dlrun.rundir.folder import Run
from dlrun.rundir.names import CONFIG, SPEC, WEIGHTS
from dlrun.training.listener import Listener
from dlrun.wording import printable, quote
from dlrun.workflows.weights import check_layer, read_layer_weights

if TYPE_CHECKING:
    from dlrun.execution.opening import OpenedRun


FIX_OF_WORDS: Final = (
    "The story of the layers ends here; `dlrun explain` without {} asks TensorFlow and shows what "
    "each word does."
)
TOLERANCE: Final = 1e-5
"""How far a number may be from TensorFlow's: so much, or so much of it where it is above 1."""


@dataclass(frozen=True)
class Answer:
    """What the network says of the row, and what moves it."""

    output: NDArray[np.float64]  # what the last layer gives
    predicted: str | None  # the class that it stands for; None for a regression
    # The entry of the output that is explained: that of the predicted class where each has its
    # own, else the first.
    place: Place
    # The derivative of that entry by every entry of the input, in its shape; None where the input
    # is looked up.
    slopes: NDArray[np.float64] | None
    # Which entries of the input, in its shape, are only looked up: the derivative by them is no
    # derivative.
    looked_up: NDArray[np.bool_]


@dataclass(frozen=True)
class Comparison:
    """How far the formulas are from TensorFlow."""

    differences: Mapping[str, float]  # the largest absolute difference of each layer's output
    agrees: bool  # whether every number is within `TOLERANCE`
    output: NDArray[np.float32] | None  # TensorFlow's; None where the forward pass ends early


@dataclass(frozen=True)
class LeftOut:
    """What a network says of the row without a word."""

    column: str
    word: str
    score: float  # of the answer: of the predicted class, or the first number
    effect: float  # by how much the word raises it


@dataclass(frozen=True)
class WordsLeftOut:
    """What a network says of the row as it is, and without each of its words."""

    predicted: str | None  # the class; None for a regression
    score: float  # of the predicted class, or the first number
    words: tuple[LeftOut, ...]  # those that move it most first


@dataclass(frozen=True)
class Explanation:
    """The forward pass of a row."""

    opened: OpenedRun
    row: Row
    forward_pass: ForwardPass  # what every layer computes
    answer: Answer | None  # None where the forward pass ends early
    comparison: Comparison | None  # None where TensorFlow was not asked
    words: WordsLeftOut | None = None  # of texts that are looked up, where TensorFlow was asked

    @property
    def by_column(self) -> dict[str, float]:
        """What the entries of each column add to the output, summed, the largest first.

        Nothing where no column has several, and of images and of columns that are looked up.
        """
        slopes = None if self.answer is None else self.answer.slopes
        if slopes is None or self.row.values is None:
            return {}
        added, found, widest = self.row.x * slopes, dict[str, float](), 0
        spec = self.opened.spec
        for part in parts(spec.columns or (), spec.views):
            if part.ids or part.column.sample or part.begin == part.end:
                continue
            found[part.column.name] = float(added[part.begin : part.end].sum())
            widest = max(widest, part.end - part.begin)
        ordered = sorted(found.items(), key=lambda one: -abs(one[1]))
        return dict(ordered) if widest > 1 else {}


def explain(
    run: Run, choice: Choice, *, layer: str | None, trust: bool, compare: bool, listener: Listener
) -> Explanation:
    """Work out the forward pass of one row; `layer` is the one that will be shown, or None."""
    opened = open_trained(run, listener, trust=trust)
    layers, views = layers_of(opened.experiment, opened.spec), opened.spec.views
    check_layer(layer, [one["name"] for one in layers])
    nodes = read_nodes(layers, _usable_weights(opened))
    row = choose_row(opened, choice)
    if opened.experiment.training.precision != "float32":
        listener.message(
            f"the run computes in {opened.experiment.training.precision}; what follows is the "
            "exact arithmetic of its weights"
        )
    forward_pass = follow(nodes, row.x, views)
    answer = None if forward_pass.ending else _answer(opened, nodes, forward_pass, row)
    if forward_pass.ending is not None and (layer or not compare) and _texts(opened.spec):
        options = ["--numpy-only"] * (not compare) + ["--layer"] * (layer is not None)
        forward_pass.ending.fix = FIX_OF_WORDS.format(" and ".join(options))
    comparison = _compare(opened, forward_pass, row) if compare else None
    words = _without_words(opened, row) if compare else None
    return Explanation(opened, row, forward_pass, answer, comparison, words)


def _texts(spec: Spec) -> list[tuple[Part, WordNumbers]]:
    """List the texts that the network looks up, word by word."""
    told = [(part, numbers_of(part)) for part in parts(spec.columns or (), spec.views)]
    return [(part, numbers) for part, numbers in told if numbers is not None]


def _without_words(opened: OpenedRun, row: Row) -> WordsLeftOut | None:
    """Ask the network again without each word of the texts that it looks up."""
    spec = opened.spec
    if not (texts := _texts(spec)):
        return None
    from dlrun.data.labels import decode
    from dlrun.training.evaluation import Predictor

    predictor, names = Predictor(load_model(opened), spec.target_scaling), spec.class_names

    def score(x: NDArray[Any]) -> NDArray[Any]:
        outputs = predictor.predict(x)
        return class_scores(outputs, spec) if names is not None else outputs

    place = 0 if names is None else int(decode(predictor.predict(row.x[None]), spec)[0])
    whole = float(score(row.x[None]).reshape(-1)[place])
    found: list[LeftOut] = []
    for part, numbers in texts:
        ((left_out, moved),) = effects_in_rows(row.x[None], part, score)
        found += [
            LeftOut(part.column.name, numbers.word(word), whole - effect, effect)
            for word, effect in zip(left_out, moved[:, place].tolist(), strict=True)
        ]
    words = tuple(sorted(found, key=lambda one: -abs(one.effect)))
    return WordsLeftOut(None if names is None else names[place], whole, words)


def _usable_weights(opened: OpenedRun) -> dict[str, dict[str, NDArray[Any]]]:
    """The weights of each layer; with NaN there is nothing to explain."""
    weights = read_layer_weights(opened)
    for layer, named in weights.items():
        for name, weight in named.items():
            wrong = int(weight.size - np.isfinite(weight.astype(np.float64)).sum())
            if wrong:
                raise RunFolderError(
                    f"'{layer}/{name}' has {wrong} of {weight.size} numbers that are NaN or "
                    "infinite: there is nothing to explain.",
                    where=str(opened.run.file(WEIGHTS)),
                    fix=f"`dlrun weights {opened.run.path}` shows which.",
                )
    return weights


def _answer(
    opened: OpenedRun, nodes: tuple[Node, ...], forward_pass: ForwardPass, row: Row
) -> Answer:
    from dlrun.data.labels import decode

    output = np.asarray(forward_pass.stages[-1].working.output)
    place: Place = (0,) * output.ndim
    predicted, spec = None, opened.spec
    if spec.class_names is not None:
        units = len(spec.class_names) if spec.threshold is None else 1
        if output.shape != (units,):
            raise RunFolderError(
                f"does not fit the model of {CONFIG}: its classes need {units} outputs, "
                f"the last layer has the shape {output.shape}.",
                where=str(opened.run.file(SPEC)),
            )
        number = int(decode(output[None], spec)[0])
        predicted = spec.class_names[number]
        place = (number,) if spec.threshold is None else place
    only = looked_up(opened.experiment, spec).reshape(row.x.shape)
    return Answer(output, predicted, place, derivative(nodes, row.x, place, spec.views), only)


def _compare(opened: OpenedRun, forward_pass: ForwardPass, row: Row) -> Comparison:
    """Ask TensorFlow, in float32 on the CPU: a GPU may round its products to 10 bits."""
    import_tensorflow(opened.listener.doing)

    from dlrun.backend import keras, tf

    training = opened.experiment.training.model_copy(update={"precision": "float32"})
    experiment = opened.experiment.model_copy(update={"training": training})
    take_threads(opened)  # before the device, which starts TensorFlow
    with tf.device("CPU:0"):
        model = load_model(replace(opened, experiment=experiment))
        names = [stage.node.name for stage in forward_pass.stages]
        outputs = [model.get_layer(name).output for name in names]
        given = tf.constant(row.x[None], tf.float32)
        values = keras.Model(model.input, outputs)(given, training=False) if outputs else []
    theirs = [np.asarray(value)[0] for value in (values if len(names) != 1 else _listed(values))]
    differences, agrees = {}, True
    for stage, their in zip(forward_pass.stages, theirs, strict=True):
        ours = np.asarray(stage.working.output)
        apart = np.abs(ours - their)
        differences[stage.node.name] = float(apart.max(initial=0.0))
        agrees &= bool((apart <= TOLERANCE * np.maximum(1.0, np.abs(their))).all())
    return Comparison(differences, agrees, None if forward_pass.ending else theirs[-1])


def _listed(values: Any) -> list[Any]:
    """One output is given as it is, or as a list of one."""
    return list(values) if isinstance(values, list | tuple) else [values]


@dataclass(frozen=True)
class Choice:
    """Which row is meant."""

    row: int = 0  # its number, from 0
    split: str | None = None  # None for test, or else the last that has rows
    data: Path | None = None  # a file, in the place of a split
    values: str | None = None  # the row itself as text, in the place of both
    where: str = "--input"  # where `values` was typed
    passing: Spec | None = None  # by which `data` is read, where that is not the run's own


@dataclass(frozen=True)
class Row:
    """One row."""

    source: str  # where it comes from, such as `row 3 of test`
    x: NDArray[np.float32]  # what the network is given, `input_shape`
    given: NDArray[np.float64] | None = None  # before the run's scaling; None where there is none
    true: str | None = None  # the class or the numbers that it should give; None where unknown
    # The cells of the columns as texts; None where every column is a number.
    values: Mapping[str, str] | None = None


def choose_row(opened: OpenedRun, choice: Choice) -> Row:
    """Find a row."""
    if choice.values is not None:
        row = _typed(choice.values, opened.spec, where=choice.where)
        check_new_ids(row.x[None], opened, where=choice.where, first_row=None)
        return row
    if choice.data is not None:
        row = _row_of_file(choice, choice.data, opened)
        check_new_ids(row.x[None], opened, where=str(choice.data), first_row=choice.row)
        return row
    name, samples = load_split(opened, choice.split, instead="--data FILE or --input")
    if choice.row >= len(samples):
        raise _beyond(choice.row, len(samples), f"the {name} rows")
    taken = samples.take(slice(choice.row, choice.row + 1))
    return _row(taken, 0, opened.spec, f"row {choice.row} of {name}")


def _row_of_file(choice: Choice, path: Path, opened: OpenedRun) -> Row:
    spec, number = choice.passing or opened.spec, choice.row
    skip_bad = opened.skips_bad_files  # rows have the numbers that they have in predictions
    with open_samples(path, spec, with_target=False, skip_bad=skip_bad) as samples:
        for note in samples.notes:
            opened.listener.message(note)
        before = 0
        for chunk in samples.chunks:
            if number < before + len(chunk):
                if left_out := samples.left_out():
                    opened.listener.message(left_out)
                named = path.name if choice.passing is None else path.stem
                return _row(chunk, number - before, spec, f"row {number} of {named}")
            before += len(chunk)
    raise _beyond(number, before, str(path))


def _typed(text: str, spec: Spec, *, where: str) -> Row:
    """Read a row off the command line; it is scaled as the rows of a file are."""
    if isinstance(spec.form, ImageForm):
        path = Path(text)
        if path.is_dir() or not names_images(path):
            what = f"{quote(text)} is not called like an image, which the run takes."
            raise UsageError(what, where=where, fix="Name one, such as photo.png.")
        with open_samples(path, spec, with_target=False) as file:
            return _row(next(file.chunks), 0, spec, printable(path.name))
    if len(spec.input_shape) != 1:
        raise UsageError(
            f"takes the features of a flat row; the run takes arrays of shape {spec.input_shape}.",
            where=where,
            fix="Use --row N, or --data FILE.",
        )
    with typed_as_file(text, spec, where=where) as (path, passing):
        samples, _ = read_samples(path, passing, with_target=False)
    return _row(samples, 0, spec, "the row given")


def _row(samples: Samples, number: int, spec: Spec, source: str) -> Row:
    x = np.asarray(samples.x[number : number + 1])[0]
    given: NDArray[np.float64] | None = None
    if _is_changed(spec):
        given = in_units(x[None], spec)[0] * (spec.pixel_max or 1.0)
    return Row(source, x, given, _true(samples.y, number, spec), _cells(x, spec))


def _cells(x: NDArray[np.float32], spec: Spec) -> dict[str, str] | None:
    """Write a row as the table would have it, by column."""
    columns = spec.columns or ()
    if are_plain(columns) or spec.series is not None:
        return None
    cells = values_of(columns, spec.views, x[None])
    return {name: text or "(missing)" for name, (text,) in cells}


def _is_changed(spec: Spec) -> bool:
    return is_scaled(spec) or spec.pixel_max is not None


def _true(y: Any, number: int, spec: Spec) -> str | None:
    if y is None:
        return None
    row = y[number : number + 1]
    if spec.class_names is not None:
        return spec.class_names[int(class_numbers(row, spec)[0])]
    return ", ".join(f"{value:g}" for value in np.asarray(row).reshape(-1).tolist())


def _beyond(number: int, count: int, what: str) -> UsageError:
    rows = "has no rows" if not count else f"has the rows 0 to {count - 1}"
    if what.startswith("the "):
        rows = rows.replace("has the rows", "are numbered").replace("has no rows", "are none")
    return UsageError(f"there is no row {number}: {what} {rows}.", where=f"--row {number}")
