"""What Keras says to a config without dlrun's checks: the same layers, built and trained."""

from __future__ import annotations

import warnings
from functools import cache, wraps
from itertools import cycle, islice

import numpy as np

from dlrun.arrays import Samples, Spec, Splits
from dlrun.backend import keras, tf
from dlrun.backend.components import create
from dlrun.catalog import canonical
from dlrun.catalog.label_forms import label_form
from dlrun.data.division import Division
from dlrun.data.splitting import split_dataset
from dlrun.datasets import load_dataset
from dlrun.execution.assembly import assemble

ROWS = 12
REFUSALS = (Exception,)


def rows(dataset):
    """A few rows of zeros that look like those of a dataset, labels not fitted yet."""
    arguments = {key: value for key, value in dataset.items() if key != "type"}
    for key in ("validation_split", "test_split", "seed"):
        arguments.pop(key, None)
    return _rows(dataset["type"], repr(sorted(arguments.items())))


@cache
def _rows(word, arguments):
    given = dict(eval(arguments))  # noqa: S307  our own repr
    if word == "mnist":
        names = tuple(map(str, range(10)))
        shape = (784,) if given.get("flatten") else (28, 28, 1)
        values, targets = tuple(map(float, range(10))), None
    else:
        data = load_dataset(word, seed=0, **given)
        names, values = data.class_names, data.class_values
        train = data.train
        if data.series is not None:  # rows are windows
            train = split_dataset(data, Division(0), scale="none", layers=[]).train
        shape, targets = train.x.shape[1:], train.y[:ROWS]
    x = np.zeros((ROWS, *shape), "float32")
    y = targets if names is None else np.array([*islice(cycle(range(len(names))), ROWS)], "int64")
    spec = Spec(tuple(shape), class_names=names, class_values=values, rows={"train": ROWS})
    return Splits(Samples(x, y), None, None, spec)


def quietly(verdict):
    """A verdict without the warnings on its way, which are no refusals."""

    @wraps(verdict)
    def judge(*arguments):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return verdict(*arguments)

    return judge


@quietly
def by_dlrun(experiment, dataset):
    """Why dlrun cannot train a config that it accepted; None where it can."""
    try:
        assembly, splits, _ = assemble(experiment, rows(dataset))
        x, y = tf.constant(splits.train.x), tf.constant(splits.train.y)
        assembly.steps.prepare(x, y)
        if experiment.training.epochs:
            assembly.steps.train(x, y, None)
        assembly.steps.test(x, y, None)
        assembly.steps.results()
    except REFUSALS as error:
        return f"{type(error).__name__}: {error}"
    return None


@quietly
def by_keras(config):
    """Why Keras cannot train a config as it is written; None where it can."""
    keras.utils.clear_session(free_memory=False)
    keras.config.set_dtype_policy("float32")
    splits = rows(config["dataset"])
    try:
        model = _model(config["model"]["layers"], splits.spec.input_shape)
        loss = config.get("loss")
        y = _labels(splits, _word(loss), model.output_shape)
        model.compile(
            optimizer=_built("optimizers", config["optimizer"]),
            loss=_built("losses", loss),
            metrics=[_metric(metric) for metric in config.get("metrics") or ()],
            run_eagerly=True,
        )
        model.train_on_batch(splits.train.x, y)
    except REFUSALS as error:
        return f"{type(error).__name__}: {error}"
    return None


def _model(layers, shape):
    outputs = {"input": keras.Input(shape)}
    above, built = "input", {}
    for number, layer in enumerate(layers):
        name = layer.get("name") or f"{canonical('layers', layer['type'])}_{number}".lower()
        if name in outputs:
            raise ValueError(f"two layers are called {name}")
        own = {key: value for key, value in layer.items() if key not in ("inputs", "weights")}
        inputs = [above] if layer.get("inputs") is None else layer["inputs"]
        tensors = [outputs[one] for one in ([inputs] if isinstance(inputs, str) else inputs)]
        built[name] = _built("layers", {**own, "name": name})
        if "Attention" in layer["type"] and layer["type"] not in ("Attention", "AdditiveAttention"):
            outputs[name] = built[name](*tensors)
        else:
            outputs[name] = built[name](tensors[0] if len(tensors) == 1 else tensors)
        above = name
    model = keras.Model(outputs["input"], outputs[above])
    for name, layer in zip(built, layers, strict=True):
        if layer.get("weights") is not None:
            built[name].set_weights([np.array(one, "float32") for one in layer["weights"]])
    return model


def _built(kind, component):
    """A Keras object from the plain words; an activation may stand in a mapping."""
    if isinstance(component, str):
        component = {"type": component}
    flat = {
        key: value["type"] if "activation" in key and isinstance(value, dict) else value
        for key, value in component.items()
    }
    return create(kind, flat, path=kind)


def _metric(metric):
    if _word(metric) not in ("accuracy", "acc"):
        return _built("metrics", metric)
    if isinstance(metric, dict) and {*metric} - {"type", "name"}:
        raise TypeError("accuracy takes a name and nothing else")
    return "accuracy"


def _word(component):
    return component["type"] if isinstance(component, dict) else component


def _labels(splits, loss, output_shape):
    y, names = splits.train.y, splits.spec.class_names
    if names is None or label_form(loss) == "index":
        return y
    if label_form(loss) == "one_hot" or output_shape[1:] != (1,):
        return np.eye(len(names), dtype="float32")[y]
    return y.reshape(-1, 1).astype("float32")
