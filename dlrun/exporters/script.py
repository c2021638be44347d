"""Exports `script/`: a plain Keras program that trains the run again, to the bit, without dlrun."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dlrun import catalog
from dlrun.backend.components import zip_dates
from dlrun.catalog.applications import is_application, module_of, of_keras
from dlrun.columns.packing import completed
from dlrun.config import Experiment, load_config
from dlrun.data.sampling import training_rows
from dlrun.data.units import formula
from dlrun.errors import DlrunError
from dlrun.exporters import script_text as texts
from dlrun.exporters.script_text import comment, identifier, one_line, quoted, written
from dlrun.models.applications import BRIGHTEST
from dlrun.models.build import takes_one_by_one
from dlrun.rundir.environment import threads_of
from dlrun.rundir.files import replace_with, write_text
from dlrun.rundir.metrics import read_history
from dlrun.rundir.names import CONFIG, INITIAL_WEIGHTS, SPLITS
from dlrun.rundir.tensors import load_tensors
from dlrun.shapes.input_readers import view_for
from dlrun.shapes.layer import DATA, layer_of
from dlrun.training.metrics import ThresholdAccuracy, build_metrics
from dlrun.wording import count, list_some

if TYPE_CHECKING:
    from dlrun.arrays import Samples, Spec, Splits
    from dlrun.rundir.folder import Run
    from dlrun.training.evaluation import Predictor

FOLDER: Final = "script"
PROGRAM, ARRAYS = f"{FOLDER}/train.py", f"{FOLDER}/data.npz"
MOST_WRITTEN: Final = 64
"""Weights of a config that stand in the program; more of them stand beside it."""
MOST_NAMED: Final = 12
STRANGE: Final = {
    "optimizers": {
        "ScheduleFreeAdamW": "dlrun begins its state at the first weights, `fit` at zero",
    },
    "callbacks": {
        "BackupAndRestore": "it would go on with what another program has left",
    },
}
"""Words that `fit` computes otherwise, with the reason."""


def export(*, model: Any, splits: Splits, predictor: Predictor, folder: Run) -> list[Path]:
    """Write a Keras program that needs TensorFlow alone, and the rows that it trains on.

    Its weights and its history are those of the run, to the bit, on the same machine with the same
    versions; it ends by saying so. What cannot be written so is refused, and named.
    """
    del predictor
    experiment = load_config(folder.file(CONFIG), data_known=False)
    refuse(experiment, splits, folder)
    rows, _ = training_rows(
        splits,
        class_weight=experiment.training.class_weight,
        sampling=experiment.training.sampling,
        seed=experiment.seed,
    )
    arrays = Arrays(splits.spec)
    for name, samples in rows.present().items():
        arrays.add(name, samples)
    if folder.file(INITIAL_WEIGHTS).exists():
        weights = load_tensors(folder.file(INITIAL_WEIGHTS))
        arrays.stored |= {f"initial/{path}": value for path, value in weights.items()}
    text = Program(experiment, splits.spec, model, arrays, folder).text()
    compile(text, PROGRAM, "exec")
    program, data = folder.file(PROGRAM), folder.file(ARRAYS)
    with zip_dates():
        replace_with(data, arrays.write)
    write_text(program, text)
    return [program, data]


def refuse(experiment: Experiment, splits: Splits, folder: Run) -> None:
    """Tell everything of a config that a plain program cannot say."""
    training, spec = experiment.training, splits.spec
    optimizers, callbacks = [experiment.optimizer], [*training.callbacks]
    given: dict[str, list[Any]] = {"optimizers": optimizers, "callbacks": callbacks}
    problems = [
        f"{kind}: {one.type}: {STRANGE[kind][one.type]}"
        for kind, components in given.items()
        for one in components
        if one is not None and one.type in STRANGE[kind]
    ]
    problems += [
        f"metrics: {metric.type} in float64, which Keras sums in float32"
        for metric in experiment.metrics
        if metric.arguments.get("dtype") == "float64"
    ]
    problems += [
        f"model: {layer.name}: {layer.type} normalizes by weights that Keras reads from its file"
        for layer in experiment.model.layers
        if layer.type.startswith("EfficientNetB")
    ]
    if folder.read_record().get("devices"):
        problems.append("--devices: batches were shared out among several devices")
    if splits.streamed is not None:
        problems.append("dataset: the rows are larger than memory, and `fit` is given them whole")
    if spec.labels and training.class_weight is not None:
        problems.append("training.class_weight: a weight for each label, which `fit` takes none of")
    if problems:
        raise DlrunError(
            f"no plain Keras program gives these bits: {'; '.join(problems)}.",
            where=str(folder.path),
        )


@dataclass
class Arrays:
    """The rows beside the program, and how the program reads them."""

    spec: Spec
    stored: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    weighted: list[str] = field(default_factory=list)  # the splits whose rows have weights

    def add(self, split: str, samples: Samples) -> None:
        """Store the rows of a split: whole pixels as bytes, all else as the network takes it."""
        x = np.asarray(samples.x[:])
        pixels = self._pixels(x)
        self.stored[f"x_{split}"] = x if pixels is None else pixels
        scaled = (
            "" if pixels is None else f'.astype("float32") / np.float32({self.spec.pixel_max:g})'
        )
        self.lines.append(f'x_{split} = data["x_{split}"]{scaled}')
        if samples.y is not None:
            self.stored[f"y_{split}"] = np.asarray(samples.y[:])
            self.lines.append(f'y_{split} = data["y_{split}"]')
        if samples.sample_weight is not None:
            self.stored[f"weight_{split}"] = samples.sample_weight
            self.lines.append(f'weight_{split} = data["weight_{split}"]')
            self.weighted.append(split)

    def _pixels(self, x: Any) -> Any:
        most = self.spec.pixel_max
        if most is None or most > np.iinfo(np.uint8).max:
            return None
        whole = np.rint(x * np.float32(most))
        if whole.min(initial=0) < 0 or whole.max(initial=0) > most:
            return None
        pixels = whole.astype(np.uint8)
        is_exact = np.array_equal(pixels.astype(np.float32) / np.float32(most), x)
        return pixels if is_exact else None

    def rows(self, split: str) -> list[str]:
        """Name the arrays of a split as `fit` takes them."""
        weight = [f"weight_{split}"] if split in self.weighted else []
        return [f"x_{split}", f"y_{split}", *weight]

    def write(self, path: Path) -> None:
        """Write them as an `.npz` file."""
        with path.open("wb") as file:
            np.savez_compressed(file, **self.stored)


@dataclass
class Program:
    """The text of the program."""

    experiment: Experiment
    spec: Spec
    model: Any
    arrays: Arrays
    folder: Run
    classes: list[str] = field(default_factory=list)  # that it defines

    @cached_property
    def record(self) -> dict[str, Any]:
        """The record as it is now: a run that has just trained added to it."""
        return self.folder.read_record()

    @property
    def _gpu(self) -> int | None:
        """Which GPU the run computed on; None for the CPU."""
        found = re.match(r"gpu:(\d+)", str(self.record.get("device")))
        return None if found is None else int(found[1])

    def text(self) -> str:
        """Put the parts together."""
        training = self.experiment.training
        compiled = self._compile()  # which may define classes
        parts = [
            self._head(),
            self._data(),
            self._model(),
            *self.classes,
            compiled,
            self._fit() if training.epochs else "",
            self._evaluation(),
            self._check(),
        ]
        return "\n\n\n".join(part.strip("\n") for part in parts if part) + "\n"

    def _head(self) -> str:
        training = self.experiment.training
        versions = self.record.get("versions") or {}
        named = ("python", "tensorflow", "keras", "numpy")
        lines = []
        if threads := threads_of(self.record):
            lines += [
                f"tf.config.threading.set_{way}_op_parallelism_threads({threads})"
                for way in ("intra", "inter")
            ]
        if (gpu := self._gpu) is None:
            lines.append('tf.config.set_visible_devices([], "GPU")')
        else:
            lines += [
                f'chosen = tf.config.list_physical_devices("GPU")[{gpu}]',
                'tf.config.set_visible_devices([chosen], "GPU")',
                "tf.config.experimental.enable_op_determinism()",
            ]
        lines.append(f"keras.utils.set_random_seed({self.experiment.seed})")
        if training.precision != "float32":
            lines.append(f"keras.config.set_dtype_policy({training.precision!r})")
        name, run = one_line(self.experiment.name), one_line(self.folder.lasting_name)
        return texts.HEAD.substitute(
            title=f"Trains {name} as the run {run} was trained.",
            versions=", ".join(f"{one} {versions.get(one)}" for one in named),
            settings="\n".join(lines),
        )

    def _data(self) -> str:
        training = self.experiment.training
        lines = [line for told in self._about_rows() for line in comment(told)]
        lines += ['data = np.load(Path(__file__).with_name("data.npz"))', *self.arrays.lines]
        lines += [f"BATCH = {training.batch_size}"]
        if not training.epochs:
            return "\n".join(lines)
        lines += [
            f"SEED, EPOCHS, ROWS = {self.experiment.seed}, {training.epochs}, len(x_train)",
            "STEPS = -(-ROWS // BATCH)",
        ]
        names = self.arrays.rows("train")
        taken = ", ".join(f"tf.gather({name}, rows)" for name in names)
        parts = ["\n".join(lines), texts.SHUFFLED if training.shuffle else texts.IN_TURN]
        return "\n\n\n".join([*parts, texts.BATCHES.substitute(taken=f"({taken})")])

    def _about_rows(self) -> Iterator[str]:
        """Say what a row is, as far as a line can hold it."""
        spec, scaling = self.spec, formula(self.spec)
        if spec.feature_names:
            yield f"A row is {list_some(spec.feature_names, MOST_NAMED)}."
        if scaling is not None and not scaling.logs.any():
            parts = (scaling.offset, scaling.factor)
            offsets, factors = (
                list_some([f"{one + 0.0:.6g}" for one in part], MOST_NAMED)  # no `-0`
                for part in parts
            )
            yield f"Scaled: (x - offset) / factor; offsets {offsets}; factors {factors}."
        if spec.class_names is not None:
            yield f"The classes are {list_some(spec.class_names, MOST_NAMED)}."

    def _model(self) -> str:
        layers = completed(self.experiment.model.mappings, self.spec.columns or ())
        above = [DATA, *(layer["name"] for layer in layers)]
        is_stack = not self.spec.views and all(
            list(layer["inputs"]) == [name] for layer, name in zip(layers, above, strict=False)
        )
        names = {DATA: "inputs"}
        lines = [f"inputs = keras.Input({self.spec.input_shape!r}, name={quoted(DATA)})"]
        later: list[str] = []
        for layer in layers:
            result = "x" if is_stack else identifier(layer["name"], names.values())
            reads = [self._read(layer, name, names, lines) for name in layer["inputs"]]
            names[layer["name"]] = result
            lines += self._layer(layer, result, reads)
            later += self._weights(layer)
        lines.append(f"model = keras.Model(inputs, {result}, name={quoted(self.model.name)})")
        lines += later
        if any(name.startswith("initial/") for name in self.arrays.stored):
            lines += ["for variable in model.weights:",
                      '    variable.assign(data[f"initial/{variable.path}"])']  # fmt: skip
        return "\n".join(lines)

    def _read(
        self, layer: Mapping[str, Any], name: str, names: dict[str, str], lines: list[str]
    ) -> str:
        """Name what a layer reads; a part of the row is cut out where it is first read."""
        view = view_for(layer_of(layer), name, self.spec.views)
        if view is None:
            return names[name]
        key = f"{name}[{view.begin}:{view.end}]"
        if key not in names:
            wanted = f"all_{name}" if name == DATA else name
            names[key] = identifier(f"{wanted}_number" if view.ids else wanted, names.values())
            lines.append(f"{names[key]} = inputs[:, {view.begin}:{view.end}]")
            if len(view.sample) > 1:
                shape = (-1, *view.sample)
                lines.append(f"{names[key]} = keras.ops.reshape({names[key]}, {shape!r})")
        return names[key]

    def _network(self, layer: Mapping[str, Any], result: str, read: str) -> Iterator[str]:
        """Build a network of `keras.applications` as `build_application` does."""
        name, word = layer["name"], layer["type"]
        network = self.model.get_layer(name)
        shape = tuple(network.input_shape[1:])
        prepared, value_range = "pixels", layer["value_range"]
        if value_range is not None:
            low, high = map(float, value_range)
            if (low, high) != (0.0, BRIGHTEST):
                scale = BRIGHTEST / (high - low)
                prepared = f"keras.layers.Rescaling({scale!r}, offset={-low * scale!r})({prepared})"
            home = f"keras.applications.{module_of(word)}"
            prepared = f"{home}.preprocess_input({prepared})"
        given = "".join(f", {one.name}={layer[one.name]!r}" for one in of_keras(word))
        yield f"with keras.name_scope({quoted(name)}):"
        yield f"    pixels = keras.Input({shape!r}, name={quoted(f'{name}_pixels')})"
        yield f"    prepared = {prepared}"
        yield f"    network = keras.applications.{word}("
        yield f"        input_tensor=prepared, input_shape={shape!r}, weights=None{given}"
        yield "    )"
        yield f"network.name = {quoted(name)}"
        if not layer["trainable"]:
            yield "network.trainable = False"
        if layer["fine_tune_at"] is not None:
            yield "for layer in network.layers:"
            yield f"    if layer.name == {quoted(layer['fine_tune_at'])}:"
            yield "        break"
            yield "    layer.trainable = False"
        if layer["freeze_batch_normalization"]:
            yield "for layer in network.layers:"
            yield "    if isinstance(layer, keras.layers.BatchNormalization):"
            yield "        layer.trainable = False"
        yield f"{result} = network({read})"

    def _layer(self, layer: Mapping[str, Any], result: str, reads: Sequence[str]) -> Iterator[str]:
        if is_application(layer["type"]):
            yield from self._network(layer, result, reads[0])
            return
        ours = ("inputs", "weights", "trainable")
        own = {key: value for key, value in layer.items() if key not in ours}
        made = written("layers", own)
        if takes_one_by_one(self.model.get_layer(layer["name"])):
            called = ", ".join(reads)
        else:
            called = reads[0] if len(reads) == 1 else f"[{', '.join(reads)}]"
        if layer["trainable"]:
            yield f"{result} = {made}({called})"
            return
        yield f"frozen = {made}"
        yield "frozen.trainable = False"
        yield f"{result} = frozen({called})"

    def _weights(self, layer: Mapping[str, Any]) -> Iterator[str]:
        """Set the weights that a config writes down."""
        weights = layer["weights"]
        if not isinstance(weights, list):  # none, or a file whose weights are stored as `initial/`
            return
        arrays = [np.asarray(one, "float32") for one in weights]
        place = f"model.get_layer({quoted(layer['name'])}).set_weights"
        if sum(one.size for one in arrays) <= MOST_WRITTEN:
            listed_ = ", ".join(f"np.array({one!r}, 'float32')" for one in weights)
            yield f"{place}([{listed_}])"
            return
        for number, one in enumerate(arrays):
            self.arrays.stored[f"weights/{layer['name']}/{number}"] = one
        yield f'{place}([data[f"weights/{layer["name"]}/{{n}}"] for n in range({len(arrays)})])'

    def _compile(self) -> str:
        experiment, training = self.experiment, self.experiment.training
        if experiment.loss is None:
            return ""
        loss = written("losses", experiment.loss.as_dict())
        optimizer = '"sgd"'
        if experiment.optimizer is not None:
            optimizer = written("optimizers", experiment.optimizer.as_dict())
        metrics = [self._metric(one.as_dict()) for one in experiment.metrics]
        if self.spec.target_scaling is not None:
            loss = self._scaled(loss)
        on_gpu, asked = self._gpu is not None, training.jit_compile
        is_compiled = on_gpu if asked == "auto" else asked
        taken = "".join(f"        {metric},\n" for metric in metrics)
        listed_ = f"[\n{taken}    ]" if metrics else "[]"
        return texts.COMPILE.substitute(
            optimizer=optimizer, loss=loss, metrics=listed_, jit=bool(is_compiled)
        )

    def _metric(self, component: dict[str, Any]) -> str:
        """Write a metric; an accuracy as that which fits the labels."""
        (built,) = build_metrics([component], self.spec, several_labels=self.spec.labels)
        if isinstance(built, ThresholdAccuracy):
            return self._accuracy(built)
        word = type(built).__name__
        given = {**component, "type": word}
        if hasattr(built, "threshold") and "threshold" in component:
            given["threshold"] = built.threshold
        text = written("metrics", given)
        if self.spec.target_scaling is None:
            return text
        defined = texts.METRIC_IN_UNITS.substitute(word=word).strip("\n")
        if defined not in self.classes:
            self.classes.append(defined)
        return text.replace(f"keras.metrics.{word}(", f"{word}InUnits(", 1)

    def _accuracy(self, metric: ThresholdAccuracy) -> str:
        self.classes.append(
            texts.SAME_SIDE.substitute(
                label=repr(metric.label_threshold), limit=repr(metric.threshold)
            )
        )
        return f"keras.metrics.MeanMetricWrapper(same_side, name={quoted(metric.name)})"

    def _scaled(self, loss: str) -> str:
        """Let the loss alone see scaled targets."""
        scaling = self.spec.target_scaling
        if scaling is None:
            return loss
        word = re.match(r"keras\.losses\.(\w+)\(", loss)
        if word is None:
            raise DlrunError(f"the loss {loss} cannot be given scaled targets.", where=FOLDER)
        is_log = scaling.kind == "log"
        self.classes.insert(
            0,
            texts.SCALED.substitute(
                offset=list(scaling.offset),
                factor=list(scaling.factor),
                log="tf.math.log(y)" if is_log else "y",
                exp="tf.exp(y)" if is_log else "y",
                word=word[1],
            ).strip("\n"),
        )
        return loss.replace(f"keras.losses.{word[1]}(", f"{word[1]}OfScaled(", 1)

    def _fit(self) -> str:
        callbacks = [self._callback(one.as_dict()) for one in self.experiment.training.callbacks]
        lines = ["    epochs=EPOCHS,", "    steps_per_epoch=STEPS,"]
        if "x_validation" in self.arrays.stored:
            lines += [f"    validation_data=({', '.join(self.arrays.rows('validation'))}),",
                      "    validation_batch_size=BATCH,"]  # fmt: skip
        if callbacks:
            lines += [f"    callbacks=[{', '.join(callbacks)}],"]
        return "\n".join(
            [
                "history = model.fit(",
                "    batches,",
                *lines,
                "    shuffle=False,",
                "    verbose=2,",
                ").history",
            ]
        )

    def _callback(self, component: dict[str, Any]) -> str:
        found = catalog.find("callbacks", component["type"])
        text = written("callbacks", component)
        if found is None or found.origin == "keras":
            return text
        schedule = written("schedules", component["schedule"])
        return f"keras.callbacks.{found.name}(lambda epoch, _: float({schedule}(epoch)))"

    def _evaluation(self) -> str:
        if self.experiment.loss is None:
            return ""
        splits = [name for name in SPLITS if f"x_{name}" in self.arrays.stored]
        rows = f"x_{splits[-1]}, y_{splits[-1]}"
        return texts.EVALUATION.substitute(rows=rows, split=splits[-1])

    def _check(self) -> str:
        weights = self.record.get("final_weights") or {}
        text = "".join(sorted(f"{name} {digest}\n" for name, digest in weights.items()))
        whole = hashlib.sha256(text.encode()).hexdigest()
        if not self.experiment.training.epochs:
            return texts.CHECK.substitute(whole=whole, history="", epochs="")
        history = read_history(self.folder.path)
        logs = {name: column[-1] for name, column in history.items() if math.isfinite(column[-1])}
        epochs = len(next(iter(history.values())))
        check = texts.HISTORY_CHECK.substitute(logs=logs, epochs=epochs)
        told = f", {count(epochs, 'epoch')}"
        return texts.CHECK.substitute(whole=whole, history=check, epochs=told)
