"""The MNIST MLP against the same arithmetic in JAX, whose whole epoch is one `lax.scan`."""

from __future__ import annotations

import os
import subprocess
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.rows import Row
from tests.benchmarks.training import Task, by_dlrun
from tests.conftest import CONFIGS, MNIST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PYTHON = "DLRUN_JAX_PYTHON"
"""Names the Python of an environment of its own that has JAX: both in one disturb each other."""

# Prints the seconds of each epoch but the first, which compiles.
SCRIPT = """\
import sys, time
import numpy as np
import jax
import jax.numpy as jnp

with np.load(sys.argv[1]) as data:
    x, y = data["x_train"], data["y_train"]
x = jnp.array((x.reshape(len(x), -1) / 255).astype("float32"))
y = jnp.array(np.eye(10, dtype="float32")[y])
rows, batch = len(x), 128

def drawn(key, inputs, outputs):
    limit = (6 / (inputs + outputs)) ** 0.5
    return jax.random.uniform(key, (inputs, outputs), minval=-limit, maxval=limit)

first, second = jax.random.split(jax.random.PRNGKey(0))
weights = [drawn(first, 784, 512), jnp.zeros(512), drawn(second, 512, 10), jnp.zeros(10)]
velocities = [jnp.zeros_like(weight) for weight in weights]

def loss_of(weights, x, y):
    hidden = jax.nn.relu(x @ weights[0] + weights[1])
    logits = hidden @ weights[2] + weights[3]
    return -(y * jax.nn.log_softmax(logits)).sum(1).mean(), logits

def step(state, chosen):
    weights, velocities, loss_sum, hits = state
    gradient = jax.value_and_grad(loss_of, has_aux=True)
    (loss, logits), slopes = gradient(weights, x[chosen], y[chosen])
    velocities = [0.9 * v + 0.1 * g * g for v, g in zip(velocities, slopes)]
    weights = [
        w - 1e-3 * g / jnp.sqrt(v + 1e-7) for w, g, v in zip(weights, slopes, velocities)
    ]
    hits += (logits.argmax(1) == y[chosen].argmax(1)).sum()
    return (weights, velocities, loss_sum + loss, hits), None

@jax.jit
def epoch(weights, velocities, key):
    order = jax.random.permutation(key, rows)[: rows // batch * batch].reshape(-1, batch)
    return jax.lax.scan(step, (weights, velocities, 0.0, 0), order)[0]

for number in range(int(sys.argv[2]) + 1):
    began = time.perf_counter()
    weights, velocities, *_ = epoch(weights, velocities, jax.random.PRNGKey(number))
    jax.block_until_ready(weights)
    if number:
        print(time.perf_counter() - began)
"""


def jax_epoch(tiny: bool) -> Row:
    """An epoch of the MNIST MLP in both."""
    title = "MNIST MLP, an epoch, and JAX's"
    python = os.environ.get(PYTHON)
    if not python or not MNIST.is_file():
        return Row(title, skipped=f"set {PYTHON} to a Python with JAX, and DLRUN_TEST_MNIST")
    epochs = 1 if tiny else 4
    path = CONFIGS / "mnist_mlp_rmsprop.yaml"
    task = Task(path, (f"dataset.path={MNIST}", f"training.epochs={epochs}"), steady=True)
    ours, theirs = [], []
    for _ in range(1 if tiny else 3):
        ours.append(by_dlrun(task))
        ran = subprocess.run(
            [python, "-c", SCRIPT, str(MNIST), str(epochs)],
            capture_output=True,
            text=True,
            check=True,
        )
        theirs.append(median(map(float, ran.stdout.split())))
    note = "60,000 rows, without tracing; JAX leaves the last, smaller batch out"
    return Row(title, "s", median(ours), median(theirs), goal=1.25, faster=False, note=note)


BENCHMARKS: Sequence[Callable[[bool], Row]] = (jax_epoch,)
