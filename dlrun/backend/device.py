"""The device that a run computes on: chosen before the first operation, and described."""

from __future__ import annotations

from typing import Any

from dlrun.backend import tf
from dlrun.errors import UsageError


def select_device(word: str, *, threads: int = 0) -> dict[str, Any]:
    """Make TensorFlow see one device only; must come before its first operation.

    Args:
        word: `auto` (the first GPU if there is one, else the CPU), `cpu`, `gpu` or `gpu:1`.
        threads: See `limit_threads`.

    Returns:
        What goes into the record: `device`, and `threads` within and between operations (0 where
        TensorFlow takes the number of cores).

    Raises:
        UsageError: There is no such device, or it is too late to choose.
    """
    limit_threads(threads)
    gpus = tf.config.list_physical_devices("GPU")
    number = int(word.partition(":")[2] or 0)
    if word.startswith("gpu") and number >= len(gpus):
        there = f"{len(gpus)} GPU{'s' if len(gpus) > 1 else ''}" if gpus else "no GPU"
        raise UsageError(
            f"TensorFlow sees {there} on this machine, so there is no {word}.",
            where="--device",
            fix="Use --device cpu, or install dlrun with the extra 'gpu'.",
        )
    chosen = [] if word == "cpu" or not gpus else [gpus[number]]
    try:
        tf.config.set_visible_devices(chosen, "GPU")
    except RuntimeError as error:
        raise UsageError(
            "this process has computed on another device already.", where="--device"
        ) from error
    if chosen:
        # On a GPU sums run in any order unless this is on; on a CPU they never do.
        tf.config.experimental.enable_op_determinism()
    return {
        "device": _describe(chosen[0], number) if chosen else "cpu",
        "threads": {
            "intra_op": tf.config.threading.get_intra_op_parallelism_threads(),
            "inter_op": tf.config.threading.get_inter_op_parallelism_threads(),
        },
    }


def limit_threads(threads: int) -> None:
    """Compute in so many threads of the CPU; must come before the first operation.

    Sums that are shared out among threads depend on their number in their last bits.

    Args:
        threads: How many; 0 for as many as there are cores.

    Raises:
        UsageError: This process has computed with another number already.
    """
    if threads == tf.config.threading.get_intra_op_parallelism_threads():
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError as error:
        raise UsageError(
            "this process has computed with another number of threads already.", where="--threads"
        ) from error


def on_gpu() -> bool:
    """Return whether the run computes on a GPU."""
    return bool(tf.config.get_visible_devices("GPU"))


def _describe(gpu: Any, number: int) -> str:
    """Return such as `gpu:0 (NVIDIA H200)`."""
    name = tf.config.experimental.get_device_details(gpu).get("device_name", "unknown")
    return f"gpu:{number} ({name})"
