"""One batch on several devices: each has a copy of the model, and takes its share of the rows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dlrun.backend import keras, tf
from dlrun.errors import ConfigError, Problem
from dlrun.training.state import variables_of
from dlrun.training.steps import Steps

MEANS = ("sum_over_batch_size", "mean", "mean_with_sample_weight")
"""Reductions of losses that Keras divides by the number of replicas, which dlrun does not want."""
_SUM = tf.distribute.ReduceOp.SUM
_SEED_STATE = "seed_generator_state"  # what Keras calls the variable of a `SeedGenerator`
_SEED_STRIDE = 104_729  # by how much the seeds of one replica differ from those of the next
_MAX_SEED = 2**31 - 1


class ReplicatedSteps(Steps):
    """Trains as `Steps` does, on the same batch, with a copy of the model on each device.

    A replica predicts for its rows. What all have predicted is put together in the order of the
    batch, and each takes the loss of the whole batch from it: so masks, weights, any reduction and
    a smaller last batch mean what they mean on one device, and so do metrics. Only the gradient is
    by parts, since each replica follows its own rows; summed, it is that of the batch. Then every
    copy takes the same step of Keras's own optimizer: it clips, accumulates, scales and decays as
    on one device, and needs to know nothing of the others.

    `copies` are those of the devices of this process, which `strategy` knows; this object stands
    for the first one, and measures with it alone.
    """

    exchanges = True

    def __init__(
        self, copies: Sequence[Steps], strategy: Any, *, hosts: Sequence[str] = (), host: int = 0
    ) -> None:
        self.__dict__.update(copies[0].__dict__)
        self.functions = {}
        self.jit_compile = False
        self._copies = list(copies)
        self._strategy = strategy
        self._first = host * len(copies)  # the number of this process's first replica among all
        self.hosts = tuple(hosts) or ("this machine",)
        self.host = host  # which of them this is
        self.num_replicas: int = strategy.num_replicas_in_sync
        self._sync = tf.function(self._synchronize, autograph=False)
        self._total = tf.function(self._sum_over_processes, autograph=False)

    def check_rows(self, rows: int, batch_size: int) -> None:
        """Refuse a last batch that has not a row for each device, where its means are taken."""
        last = rows % batch_size or min(rows, batch_size)
        if last < self.num_replicas and (found := normalizations(self.model)):
            raise ConfigError(
                Problem(
                    "training.batch_size",
                    f"The last batch of an epoch has {last} of the {rows} rows, too few for "
                    f"{found[0].name} to take means on {self.num_replicas} devices.",
                    "Choose one that leaves no smaller rest.",
                )
            )

    def on_each(self, work: Callable[[Any, int], Any]) -> list[Any]:
        """Call `work(context, i)` on the i-th device of this process; give what each returns."""
        results: dict[int, Any] = {}

        def one() -> None:
            context = tf.distribute.get_replica_context()
            i = int(tf.get_static_value(context.replica_id_in_sync_group)) - self._first
            # Not returned: TensorFlow would wrap it up, and lose the masks of tensors.
            results[i] = work(context, i)

        self._strategy.run(one)
        return [results[i] for i in range(len(self._copies))]

    def total(self, values: Sequence[int]) -> list[int]:
        """Sum whole numbers over all processes, entry by entry."""
        return [int(one) for one in self._total(tf.constant(list(values), tf.int64)).numpy()]

    def _sum_over_processes(self, values: Any) -> Any:
        def one(context: Any, i: int) -> Any:
            sent = tf.identity(values) if i == 0 else tf.zeros_like(values)
            return context.all_reduce(_SUM, sent)

        return self.on_each(one)[0]

    def train(self, x: Any, y: Any, weight: Any) -> None:
        """Take one step of the optimizer of every copy; all sizes are known."""
        # x: (batch, *input_shape); y: (batch, ...); weight: (batch,), or None
        share = Share(int(x.shape[0]), self.num_replicas)
        # Cut where the batch is, so that each device is sent its own rows alone.
        parts = [share.of(x, self._first + i) for i in range(len(self._copies))]

        def one(context: Any, i: int) -> Any:
            copy, number = self._copies[i], self._first + i
            with tf.GradientTape() as tape, synchronized(copy.model):
                y_pred = copy.model(parts[i], training=True)
                everything = share.gather(context, y_pred, number)  # (batch, ...)
                loss = self._loss_of_batch(copy, y, everything, weight)
                extra, penalty = _added(copy.model, share.rows(number) / share.batch)
                own = loss + extra + penalty / self.num_replicas
                if not share.rows(number):
                    # It adds nothing, in the form of what the others add.
                    own += 0.0 * tf.reduce_sum(tf.cast(y_pred, tf.float32))
                scaled = copy.model.optimizer.scale_loss(own)
            own_part = tape.gradient(scaled, copy.model.trainable_variables)
            gradients = _summed(context, own_part)
            told = loss + context.all_reduce(_SUM, tf.identity(extra)) + penalty
            return gradients, told, everything

        results = self.on_each(one)
        # Out of the replicas' contexts: here Keras believes that there is one device.
        for copy, (gradients, _, _) in zip(self._copies, results, strict=True):
            variables = copy.model.trainable_variables
            if variables:
                with tf.device(variables[0].value.device):
                    copy.model.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        _, loss, y_pred = results[0]
        self.update(loss, x, y, y_pred)

    def _loss_of_batch(self, copy: Steps, y: Any, y_pred: Any, weight: Any) -> Any:
        """Return the loss of a whole batch without penalties, a number; on one replica."""
        loss = copy.data_loss(y, y_pred, weight)
        if getattr(copy.model.loss, "reduction", None) in MEANS:
            loss *= self.num_replicas
        return loss

    def synchronize(self) -> None:
        """Give every copy, of all processes, the values that the first one of all has."""
        self._sync()

    def _synchronize(self) -> None:
        """Do it; inside of a graph."""
        kept = [variables_of(copy.model) for copy in self._copies]

        def one(context: Any, i: int) -> list[Any]:
            is_first = self._first + i == 0
            sent = [_transported(variable) for variable in kept[i]]
            if not is_first:
                sent = [tf.zeros_like(value) for value in sent]
            return _summed(context, sent)

        for i, values in enumerate(self.on_each(one)):
            for variable, value in zip(kept[i], values, strict=True):
                with tf.device(variable.value.device):
                    _take(variable, value, self._first + i)


class Share:
    """How the rows of one batch are shared out: in order, in parts that differ by one row at most.

    `size` is how many rows the largest part has. Where there are fewer rows than replicas, those
    at the end get the first row, since not every layer takes none; what they say is left out.
    """

    def __init__(self, batch: int, replicas: int) -> None:
        self.batch = batch
        self.size = -(-batch // replicas)
        each, more = divmod(batch, replicas)
        self._rows = [each + (number < more) for number in range(replicas)]

    def rows(self, number: int) -> int:
        """Return how many rows a replica answers for, perhaps none."""
        return self._rows[number]

    def of(self, values: Any, number: int) -> Any:
        """Take the rows of a replica, `(rows, ...)`."""
        begin = sum(self._rows[:number])
        return values[begin : begin + self._rows[number]] if self._rows[number] else values[:1]

    def gather(self, context: Any, y_pred: Any, number: int) -> Any:
        """Put together what all replicas have predicted, `(batch, ...)`, with the mask of each.

        Gradients go to the own rows alone.
        """
        parts = self._all(context, y_pred)
        if self._rows[number]:
            parts[number] = y_pred
        joined = tf.concat(parts, axis=0)
        mask = getattr(y_pred, "_keras_mask", None)
        if mask is not None:
            joined._keras_mask = tf.concat(self._all(context, mask), axis=0)  # noqa: SLF001
        return joined

    def _all(self, context: Any, value: Any) -> list[Any]:
        """Collect the parts of all, `(rows, ...)` each, without gradients and to the bit."""
        # A collective operation wants one size of all, and few types.
        missing = [[0, self.size - int(value.shape[0])], *[[0, 0]] * (value.shape.rank - 1)]
        sent = tf.pad(tf.cast(tf.stop_gradient(value), tf.float32), missing)
        every = tf.cast(context.all_gather(sent, axis=0), value.dtype)  # (replicas * size, ...)
        begins = [number * self.size for number in range(len(self._rows))]
        pairs = zip(begins, self._rows, strict=True)
        return [every[begin : begin + rows] for begin, rows in pairs]


def _added(model: Any, part: float) -> tuple[Any, Any]:
    """Return what layers add to the loss: for these rows, a part of the batch; and for weights."""
    # Keras divides the first by the number of rows, and lists what is for weights last.
    weights = [one for one in model.trainable_weights if one.regularizer is not None]
    every = [tf.reduce_sum(tf.cast(value, tf.float32)) for value in model.losses]
    cut = len(every) - len(weights)
    zero = tf.zeros([])
    extra = tf.add_n(every[:cut]) * part if cut else zero
    return extra, tf.add_n(every[cut:]) if weights else zero


def _summed(context: Any, values: Sequence[Any]) -> list[Any]:
    """Sum tensors over all replicas, those of one type in one operation; None stays None."""
    summed: list[Any] = list(values)
    dense = {}
    for i, value in enumerate(values):
        if isinstance(value, tf.IndexedSlices):
            summed[i] = _joined(context, value)
        elif value is not None:
            dense[i] = tf.convert_to_tensor(value)
    for dtype in dict.fromkeys(value.dtype for value in dense.values()):
        places = [i for i, value in dense.items() if value.dtype == dtype]
        flat = tf.concat([tf.reshape(dense[i], [-1]) for i in places], axis=0)
        flat = context.all_reduce(_SUM, flat)
        sizes = [int(dense[i].shape.num_elements()) for i in places]
        for i, part in zip(places, tf.split(flat, sizes), strict=True):
            summed[i] = tf.reshape(part, dense[i].shape)
    return summed


def _joined(context: Any, slices: Any) -> Any:
    """Put the slices of all replicas, of gradients of embeddings, one after the other.

    Not summed: Adam and its like square each slice by itself, as long as nobody has added them up.
    """
    return tf.IndexedSlices(
        context.all_gather(tf.identity(slices.values), axis=0),  # (slices of all, dimensions)
        context.all_gather(tf.identity(slices.indices), axis=0),
        slices.dense_shape,
    )


def _transported(variable: Any) -> Any:
    """Return the value of a variable in a type that can be sent, without loss."""
    value = tf.convert_to_tensor(variable.value)
    if value.dtype in (tf.float16, tf.bfloat16):
        return tf.cast(value, tf.float32)
    return value if value.dtype.is_floating else tf.cast(value, tf.int64)


def _take(variable: Any, value: Any, number: int) -> None:
    """Assign what was sent to a variable of the replica of this number."""
    if variable.name == _SEED_STATE:
        # (2,): a seed and a counter. Each replica draws dropout of its own for its rows.
        value += tf.constant([number * _SEED_STRIDE, 0], value.dtype)
        value = value % _MAX_SEED if number else value
    variable.assign(tf.cast(value, variable.value.dtype))


@contextlib.contextmanager
def synchronized(model: Any) -> Iterator[None]:
    """Let each `BatchNormalization` take its means over the whole batch, of all replicas."""
    # Only while a step is traced: what is exported says what the config says.
    layers = [one for one in normalizations(model) if not one.synchronized]
    for layer in layers:
        layer.synchronized = True
    try:
        yield
    finally:
        for layer in layers:
            layer.synchronized = False


def normalizations(model: Any) -> list[Any]:
    """Find the layers that take means over a batch, in other layers too."""
    # Keras has no public word for what is inside of wrappers.
    every = model._flatten_layers()  # noqa: SLF001
    return [one for one in every if isinstance(one, keras.layers.BatchNormalization)]


def draws(model: Any) -> bool:
    """Return whether training draws random numbers, as dropout does."""
    return any(variable.name == _SEED_STATE for variable in model.variables)
