"""Stretches on several hosts: the first one says how far to train, and the others do it too."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from dlrun.arrays import Samples
from dlrun.backend import tf
from dlrun.errors import DlrunError, InterruptedRunError, LostHostError
from dlrun.signals import StopRequest
from dlrun.training.epochs import CompiledEpochs, FitOptions, Position, Rows
from dlrun.training.evaluation import resident
from dlrun.training.replicas import ReplicatedSteps
from dlrun.training.state import build_optimizer
from dlrun.training.steps import Steps
from dlrun.training.streaming import StreamedEpochs

_TRAIN: Final = 1
_END: Final = 2
_SIGNALED: Final = 128  # and the number of the signal, as exit codes have it


class Order(NamedTuple):
    """What the first host tells the others to do next."""

    kind: int  # `_TRAIN`, or `_END`
    begin: Position = Position(0, 0)
    end: Position = Position(0, 0)
    synchronized: bool = False  # whether all take the first one's weights before
    validated: bool = False  # whether epochs measure the validation rows
    exit_code: int = 0  # with which the first one ends the training

    def to_numbers(self) -> list[int]:
        """Write it as whole numbers."""
        return [
            self.kind, *self.begin, *self.end,
            int(self.synchronized), int(self.validated), self.exit_code,
        ]  # fmt: skip

    @classmethod
    def of(cls, numbers: Sequence[int]) -> Order:
        """Read what `to_numbers` has written."""
        kind, epoch, step, last, last_step, synchronized, validated, exit_code = numbers
        places = Position(epoch, step), Position(last, last_step)
        return cls(kind, *places, bool(synchronized), bool(validated), exit_code)


_LENGTH = len(Order(_END).to_numbers())


def exchange(
    steps: ReplicatedSteps, order: Order | None, signal_number: int | None
) -> tuple[Order, int]:
    """Tell all hosts an order, or hear it; and the signal that asks one of them to end, or 0."""
    told = [0] * _LENGTH if order is None else order.to_numbers()
    asked = [0] * len(steps.hosts)
    asked[steps.host] = signal_number or 0
    with telling_of_lost(steps.hosts, steps.host):
        numbers = steps.total([*told, *asked])
    return Order.of(numbers[:_LENGTH]), max(numbers[_LENGTH:])


def compile_epochs(
    steps: Steps, train: Samples, validation: Samples | Rows | None, options: FitOptions
) -> Any:
    """Make the epochs over some rows: over tensors on the device, or over rows on the disk."""
    if isinstance(steps, ReplicatedSteps):
        steps.check_rows(len(train), options.batch_size)
    rows = resident(train)
    kind: Any = CompiledEpochs if isinstance(rows, Rows) else StreamedEpochs
    return kind(steps, rows, validation, options)


class LedEpochs:
    """Runs stretches as `CompiledEpochs` does, on all devices of all hosts.

    The weights of the first device are the truth: whatever callbacks or a checkpoint did to them,
    all others have it before the next epoch begins. `hear` is told of a signal that another host
    has had; `often` is whether callbacks may act on every batch.
    """

    def __init__(
        self,
        steps: ReplicatedSteps,
        inner: Any,
        *,
        validated: bool,
        often: bool,
        hear: Callable[[int], None],
    ) -> None:
        self._steps = steps
        self._inner = inner
        self._validated = validated
        self._often = often
        self._hear = hear
        self._begun = False
        self.names = inner.names
        self.steps_per_epoch = inner.steps_per_epoch

    def run(self, begin: Position, end: Position) -> tuple[Any, bool]:
        """Train from one position to another; see `CompiledEpochs.run`."""
        anew = self._often or not self._begun or begin.step == 0
        self._begun = True
        steps = self._steps
        if len(steps.hosts) > 1:
            order = Order(_TRAIN, begin, end, anew, self._validated)
            _, asked = exchange(steps, order, None)
            if asked:
                self._hear(asked)
        with telling_of_lost(steps.hosts, steps.host):
            if anew:
                steps.synchronize()
            return self._inner.run(begin, end)  # type: ignore[no-any-return]


@contextlib.contextmanager
def dismissing(steps: Steps) -> Iterator[None]:
    """Tell the other hosts how the block has ended, in which this one has led them."""
    if not isinstance(steps, ReplicatedSteps) or len(steps.hosts) == 1:
        yield
        return
    try:
        yield
    except LostHostError:
        raise  # They hear it as this one has.
    except BaseException as error:
        code = error.exit_code if isinstance(error, DlrunError) else 1
        with contextlib.suppress(DlrunError):
            exchange(steps, Order(_END, exit_code=code), None)
        raise
    exchange(steps, Order(_END), None)


def follow(
    steps: ReplicatedSteps,
    train: Samples,
    validation: Samples | None,
    options: FitOptions,
    stop: StopRequest,
) -> None:
    """Do what the first host says, until it says that training has ended.

    Raises:
        InterruptedRunError: A signal has ended it, wherever it came.
        LostHostError: Another host has died.
        DlrunError: The first host has ended with another error, which is told there.
    """
    build_optimizer(steps.model)
    epochs: Any = None
    while True:
        order, _ = exchange(steps, None, stop.signal_number)
        if order.kind == _END:
            break
        if epochs is None:
            held = None if validation is None or not order.validated else resident(validation)
            epochs = compile_epochs(steps, train, held, options)
        with telling_of_lost(steps.hosts, steps.host):
            if order.synchronized:
                steps.synchronize()
            epochs.run(order.begin, order.end)
    if order.exit_code > _SIGNALED:
        raise InterruptedRunError(order.exit_code - _SIGNALED)
    if order.exit_code:
        what = f"{steps.hosts[0]} has ended the training with exit code {order.exit_code}."
        raise DlrunError(what, fix="Its own messages and its run folder say why.")


@contextlib.contextmanager
def telling_of_lost(hosts: Sequence[str], host: int) -> Iterator[None]:
    """Word what TensorFlow says when another host no longer answers."""
    try:
        yield
    except (DlrunError, tf.errors.OpError) as error:
        if len(hosts) > 1 and _is_of_lost(error):
            others = ", ".join(name for i, name in enumerate(hosts) if i != host)
            raise LostHostError(
                f"another host of this run has died, or cannot be reached: {others}.",
                fix="`dlrun resume` on all of them goes on from the last checkpoint.",
            ) from error
        raise


def _is_of_lost(error: BaseException | None) -> bool:
    if isinstance(error, tf.errors.OpError):
        lost = (tf.errors.UnavailableError, tf.errors.DeadlineExceededError)
        return isinstance(error, lost) or "ollective ops is aborted" in error.message
    return error is not None and _is_of_lost(error.__cause__)
