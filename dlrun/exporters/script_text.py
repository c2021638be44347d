"""What the programs of `script` say: their parts, and Keras's words as Python writes them."""

from __future__ import annotations

import json
import keyword
import re
import textwrap
from collections.abc import Collection, Mapping
from string import Template
from typing import Any, Final

from dlrun import catalog
from dlrun.absent import ABSENT
from dlrun.errors import DlrunError

HOMES: Final = {"schedules": "optimizers.schedules"}
"""Where Keras has the words of a kind, where that is not its name."""

HEAD: Final = Template('''\
"""$title

Plain Keras: it needs TensorFlow, and no dlrun. On the machine of the run, with
$versions,
it gives the bits of the run, and says so in the end.
"""

import hashlib
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"

import tensorflow as tf
import keras
import numpy as np

$settings
''')

SHUFFLED: Final = '''\
def order(epoch):
    """The order of the rows, drawn anew from the seed and the epoch, whatever ran before."""
    seed = tf.stack([tf.constant(SEED, tf.int64), epoch])
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    draws = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=[ROWS], key=key, counter=counter, alg=1, dtype=tf.int64
    )
    return tf.argsort(draws, stable=True)'''

IN_TURN: Final = '''\
def order(epoch):
    """The rows come as they are, in every epoch."""
    return tf.range(ROWS)'''

BATCHES: Final = Template("""\
batches = (
    tf.data.Dataset.range(EPOCHS)
    .flat_map(lambda epoch: tf.data.Dataset.from_tensor_slices(order(epoch)).batch(BATCH))
    .map(lambda rows: $taken)
)""")

COMPILE: Final = Template("""\
model.compile(
    optimizer=$optimizer,
    loss=$loss,
    metrics=$metrics,
    jit_compile=$jit,
)""")

SAME_SIDE: Final = Template('''\
def same_side(y_true, y_pred):
    """Whether the label and the output lie on the same side."""
    agree = keras.ops.equal(y_true > $label, y_pred > $limit)
    return keras.ops.mean(keras.ops.cast(agree, "float32"), axis=-1)''')

SCALED: Final = Template('''\
OFFSET, FACTOR = np.array($offset), np.array($factor)


def scaled(y):
    """Targets as the loss sees them."""
    y = tf.cast(y, tf.float64)
    return tf.cast(($log - OFFSET) / FACTOR, tf.float32)


def in_units(y):
    """Outputs in the units of the targets, as metrics see them."""
    y = tf.cast(y, tf.float64) * FACTOR + OFFSET
    return tf.cast($exp, tf.float32)


class ${word}OfScaled(keras.losses.$word):
    def call(self, y_true, y_pred):
        return super().call(scaled(y_true), y_pred)''')

METRIC_IN_UNITS: Final = Template("""\
class ${word}InUnits(keras.metrics.$word):
    def update_state(self, y_true, y_pred, sample_weight=None):
        return super().update_state(y_true, in_units(y_pred), sample_weight)""")

EVALUATION: Final = Template("""\
measured = model.evaluate($rows, batch_size=BATCH, verbose=0, return_dict=True)
print("$split:", measured)""")

CHECK: Final = Template("""\
def digest(value):
    kind = value.dtype.newbyteorder("<")
    text = f"{kind.str} {value.shape}\\n".encode()
    return hashlib.sha256(text + value.astype(kind).tobytes()).hexdigest()


lines = sorted(f"{one.path} {digest(one.numpy())}\\n" for one in model.weights)
weights = hashlib.sha256("".join(lines).encode()).hexdigest()
if weights != "$whole":
    sys.exit("the weights differ from those of the run")
$history
print(f"identical to the run: {len(lines)} weights$epochs")""")

HISTORY_CHECK: Final = Template("""\
last = {name: np.ravel(values[-1]) for name, values in history.items()}
flat = {
    name if one.size == 1 else f"{name}_{number}": np.float32(value)
    for name, one in last.items()
    for number, value in enumerate(one)
}
expected = $logs
differing = [name for name, value in expected.items() if flat[name] != np.float32(value)]
if len(history["loss"]) != $epochs or differing:
    sys.exit(f"the history differs from that of the run: {flat} in the end, not {expected}")""")


def written(kind: str, given: Mapping[str, Any]) -> str:
    """Write what makes a component: `keras.layers.Dense(units=64)`, without defaults.

    Raises:
        DlrunError: It is of a word of dlrun's own.
    """
    word = catalog.find(kind, given["type"])
    if word is None or kind == "activations":
        raise DlrunError(f"{given['type']} of the {kind} cannot be written as Python.")
    last = sorted(given, key=lambda name: name == "name")  # the name behind what it does
    arguments = [
        f"{name}={_value(given[name], catalog.nested_kind(name))}"
        for name in last
        if name != "type" and not _is_default(word, name, given[name])
    ]
    return f"keras.{HOMES.get(kind, kind)}.{word.name}({', '.join(arguments)})"


def _is_default(word: Any, name: str, value: Any) -> bool:
    parameter = word.parameter(name)
    if parameter is None or parameter.default is ABSENT:
        return parameter is not None and value is None and not parameter.required
    default = parameter.written_default
    return type(default) is type(value) and bool(default == value)


def _value(value: Any, kind: str | None) -> str:
    """Write an argument, which may be a component, or hold some."""
    if kind is not None and isinstance(value, Mapping) and "type" in value:
        return written(kind, value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one, kind) for one in value)}]"
    if isinstance(value, Mapping):
        items = [f"{_value(key, None)}: {_value(one, None)}" for key, one in value.items()]
        return f"{{{', '.join(items)}}}"
    return quoted(value) if isinstance(value, str) else repr(value)


def quoted(text: str) -> str:
    """Write a text as Python does, between double quotes."""
    return json.dumps(text)


def one_line(text: str) -> str:
    """Write a name of the user's into a comment or a docstring, where it ends neither."""
    plain = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return plain.replace("\\", "/").replace('"', "'")


def comment(text: str) -> list[str]:
    """Write a comment of as many lines as it takes."""
    return textwrap.wrap(one_line(text), 92, initial_indent="# ", subsequent_indent="# ")


def identifier(name: str, taken: Collection[str]) -> str:
    """Make a name of Python of a name of a layer or a column; none that is taken."""
    plain = re.sub(r"\W|^(?=\d)", "_", name)
    plain = plain if plain.isascii() and not keyword.iskeyword(plain) else f"layer_{len(taken)}"
    reserved = {"tf", "keras", "np", "os", "sys", "hashlib", "Path", "data", "model", "batches",
                "order", "history", "inputs", "measured", *taken}  # fmt: skip
    while plain in reserved:
        plain += "_"
    return plain
