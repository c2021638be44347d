"""The device that a run computes on: chosen before the first operation, and described."""

from typing import Any

from dlrun.backend import tf
from dlrun.errors import UsageError


def select_device(word: str, *, threads: int = 0) -> dict[str, Any]:
    """Make TensorFlow see one device only; must come before its first operation.

    The word is `auto` (the first GPU if there is one, else the CPU), `cpu`, `gpu` or `gpu:1`. What
    goes into the record comes back: `device`, and `threads` within and between operations, 0 where
    TensorFlow takes the number of cores.
    """
    limit_threads(threads)
    device = available_devices(word)[0]
    number = int(device.partition(":")[2] or 0)
    gpus = tf.config.list_physical_devices("GPU")
    chosen = [] if device == "cpu" else [gpus[number]]
    try:
        tf.config.set_visible_devices(chosen, "GPU")
    except RuntimeError as error:
        what = "this process has computed on another device already."
        raise UsageError(what, where="--device") from error
    said = "cpu"
    if chosen:
        # On a GPU sums run in any order unless this is on; on a CPU they never do.
        tf.config.experimental.enable_op_determinism()
        details = tf.config.experimental.get_device_details(chosen[0])
        said = f"gpu:{number} ({details.get('device_name', 'unknown')})"  # gpu:0 (NVIDIA H200)
    return {
        "device": said,
        "threads": {
            "intra_op": tf.config.threading.get_intra_op_parallelism_threads(),
            "inter_op": tf.config.threading.get_inter_op_parallelism_threads(),
        },
    }


def available_devices(word: str) -> list[str]:
    """Find the devices that `auto`, `cpu`, `gpu` or `gpu:1` stands for.

    That is `cpu`, or GPUs such as `gpu:0`: for `auto` and `gpu` all that there are.
    """
    if word == "cpu":
        return ["cpu"]
    count = len(tf.config.list_physical_devices("GPU"))
    if word == "auto" and not count:
        return ["cpu"]
    number = word.partition(":")[2]
    if int(number or 0) < count:
        return [word] if number else [f"gpu:{index}" for index in range(count)]
    there = f"{count} GPU{'s' if count > 1 else ''}" if count else "no GPU"
    raise UsageError(
        f"TensorFlow sees {there} on this machine, so there is no {word}.",
        where="--device",
        fix="Use --device cpu, or install dlrun with the extra 'gpu'.",
    )


def limit_threads(threads: int) -> None:
    """Compute in so many threads of the CPU, 0 for one a core; before the first operation only.

    Sums that are shared out among threads depend on their number in their last bits.
    """
    if threads == tf.config.threading.get_intra_op_parallelism_threads():
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError as error:
        what = "this process has computed with another number of threads already."
        raise UsageError(what, where="--threads") from error


def on_gpu() -> bool:
    """Return whether the run computes on a GPU."""
    return bool(tf.config.get_visible_devices("GPU"))
