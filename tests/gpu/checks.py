"""What is tried on a GPU, one function each; its name is the name of the check."""

from __future__ import annotations

import csv
import json
import time
from typing import TYPE_CHECKING, Any

from tests.benchmarks import training
from tests.conftest import CONFIGS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.gpu.machine import Machine

CNN = CONFIGS / "digits_cnn.yaml"
MLP = CONFIGS / "digits_mlp.yaml"
MOONS = CONFIGS / "moons_mlp.yaml"  # without dropout, which each device draws for itself
SAME = ("history.csv", "weights.safetensors")
NEAR_ON_CPU, NEAR_ON_GPU = 1e-5, 1e-3
"""How far histories part that are the same to rounding; a GPU may multiply in 19 bits (TF32)."""
MIXED_LOSS = 0.25
"""How much 16 bits may change a loss, against itself."""


class Skipped(Exception):  # noqa: N818 - it is none
    """A check that this machine does not allow."""


class Wrong(Exception):  # noqa: N818 - what is printed
    """A check that came out otherwise than it must."""


def device(machine: Machine) -> str:
    """`--device` is where a run computes, and what its record says."""
    run = machine.train(CNN, "training.epochs=1")
    said = json.loads((run / "run.json").read_text())["device"]
    expect(said.startswith(machine.kind), f"the record says {said}")
    return str(said)


def determinism(machine: Machine) -> str:
    """Three runs give the same bits."""
    epochs = f"training.epochs={1 if machine.tiny else 5}"
    first, *others = (machine.train(CNN, epochs) for _ in range(3))
    for other in others:
        expect_same(first, other)
    return f"three runs, the same bits ({epochs})"


def resume_after_a_kill(machine: Machine) -> str:
    """A run that was killed goes on to the bits of one that never was."""
    epochs = f"training.epochs={40 if machine.tiny else 200}"
    always = "training.checkpoint_seconds=0"
    whole = machine.train(MLP, epochs, always)
    killed = machine.kill_training(MLP, epochs, always)
    status = json.loads((killed / "run.json").read_text())["status"]
    machine.dlrun("resume", killed, "--no-report", "--quiet")
    expect_same(whole, killed)
    return "the same bits" + ("; it was finished before the kill" if status == "finished" else "")


def xla(machine: Machine) -> str:
    """With and without XLA the histories agree to rounding."""
    epochs = f"training.epochs={1 if machine.tiny else 5}"
    seconds, losses = [], []
    for word in ("false", "true"):
        began = time.monotonic()
        run = machine.train(CNN, epochs, f"training.jit_compile={word}")
        seconds.append(time.monotonic() - began)
        losses.append(float(history(run)[-1]["loss"]))
    near = NEAR_ON_GPU if machine.gpus else NEAR_ON_CPU
    part = abs(losses[1] / losses[0] - 1)
    expect(part < 10 * near, f"loss {losses[0]} without XLA, {losses[1]} with it")
    told = " and ".join(f"{one:.1f} s" for one in seconds)
    return f"without and with it {told}, start included; loss apart by {part:.1e}"


def mixed_precision(machine: Machine) -> str:
    """16 bits train about as well as 32."""
    epochs = f"training.epochs={2 if machine.tiny else 5}"
    told, plain = [], 0.0
    for word in ("float32", "mixed_float16", "mixed_bfloat16"):
        run = machine.train(CNN, epochs, f"training.precision={word}")
        loss = float(history(run)[-1]["loss"])
        plain = plain or loss
        apart = f"loss {loss} with {word}, {plain} with float32"
        expect(abs(loss / plain - 1) < MIXED_LOSS, apart)
        told.append(f"{word} {loss:.4f}")
    return f"loss after some epochs: {', '.join(told)}"


_MEMORY = """\
import json, sys
from pathlib import Path
from dlrun.backend import tf
from dlrun.config import load_config
from dlrun.execution.options import RunOptions
from dlrun.training.listener import Listener
from dlrun.workflows.train import train
options = RunOptions(Path("memory"), ["tests.gpu"], "gpu", report=False)
train(load_config(Path(sys.argv[1]), ["training.epochs=2"]), options, Listener())
print(json.dumps(tf.config.experimental.get_memory_info("GPU:0")))
"""


def memory_on_the_device(machine: Machine) -> str:
    """The rows and the network lie on the GPU, and little else."""
    if not machine.gpus:
        raise Skipped("the memory of a GPU needs a GPU")
    found = machine.python(_MEMORY, CNN)
    expect(found["current"] > 0, "nothing lies on the GPU")
    return f"peak {found['peak'] / 2**20:.0f} MiB, at the end {found['current'] / 2**20:.0f} MiB"


def a_sweep(machine: Machine) -> str:
    """Several runs, one process for each GPU, give the bits of runs of their own."""
    count = 2 if machine.tiny else max(2 * len(machine.gpus), 4)
    words = ("--set", f"seed=0..{count - 1}", "--set", "training.epochs=1", "--runs-dir", "sweep")
    runs = machine.dlrun("train", CNN, *words, "--threads", 1, "--quiet").splitlines()
    expect(len(runs) == count, f"{len(runs)} of {count} runs")
    records = [json.loads((machine.folder / run / "run.json").read_text()) for run in runs]
    devices = sorted({record["device"] for record in records})
    expect(len(devices) == max(len(machine.gpus), 1), f"the runs computed on {devices}")
    alone = machine.train(CNN, "training.epochs=1", "seed=0", words=("--threads", 1))
    expect_same(alone, machine.folder / runs[0])
    return f"{count} runs on {', '.join(devices)}"


def several_devices(machine: Machine) -> str:
    """A batch that two devices share gives the history of one, and the same bits each time."""
    if len(machine.gpus) == 1:
        raise Skipped("two GPUs need two GPUs")
    epochs = f"training.epochs={1 if machine.tiny else 10}"
    plain = (MOONS, epochs, "training.jit_compile=false")
    one = machine.train(*plain)
    two, again = (machine.train(*plain, words=("--devices", 2)) for _ in range(2))
    expect_same(two, again)
    near = NEAR_ON_GPU if machine.gpus else NEAR_ON_CPU
    worst = 0.0
    for row, other in zip(history(one), history(two), strict=True):
        worst = max(worst, *(abs(float(row[key]) - float(other[key])) for key in row))
    expect(worst < near, f"the histories part by {worst:.1e}")
    return f"histories apart by {worst:.1e}; twice the same bits"


def speed_of_an_mlp(machine: Machine) -> str:
    """An epoch of the MNIST MLP against `fit`."""
    return _speed(training.mnist_mlp, machine)


def speed_of_a_cnn(machine: Machine) -> str:
    """An epoch of the MNIST CNN against `fit` at its best."""
    return _speed(training.mnist_cnn, machine)


def speed_of_an_lstm(machine: Machine) -> str:
    """An epoch of an LSTM against `fit` at its best."""
    return _speed(training.lstm, machine)


def _speed(benchmark: Callable[[bool], Any], machine: Machine) -> str:
    row = benchmark(machine.tiny)
    if row.skipped:
        raise Skipped(row.skipped)
    return f"{row.ours:.3f} s, fit {row.theirs:.3f} s: {row.theirs / row.ours:.1f} times as fast"


def history(run: Path) -> list[dict[str, str]]:
    """The rows of `history.csv`."""
    with (run / "history.csv").open() as file:
        return list(csv.DictReader(file))


def expect_same(run: Path, other: Path) -> None:
    """History and weights are equal to the byte."""
    for name in SAME:
        equal = (run / name).read_bytes() == (other / name).read_bytes()
        expect(equal, f"{name} of two runs differ")


def expect(is_so: bool, otherwise: str) -> None:
    """Say what is wrong where it is not so."""
    if not is_so:
        raise Wrong(otherwise)


CHECKS: Sequence[Callable[[Machine], str]] = (
    device,
    determinism,
    resume_after_a_kill,
    xla,
    mixed_precision,
    memory_on_the_device,
    a_sweep,
    several_devices,
    speed_of_an_mlp,
    speed_of_a_cnn,
    speed_of_an_lstm,
)
