"""The device that a run computes on: chosen before the first operation, and described."""

from typing import Any

from dlrun.backend import tf
from dlrun.errors import UsageError


def select_device(word: str, *, threads: int = 0, count: int = 1) -> dict[str, Any]:
    """Make TensorFlow see `count` devices only; must come before its first operation.

    The word is `auto` (the first GPU if there is one, else the CPU), `cpu`, `gpu` or `gpu:1`; of
    the CPU several devices are logical ones. What goes into the record comes back: `device`, and
    `threads` within and between operations, 0 where TensorFlow takes the number of cores.
    """
    limit_threads(threads)
    found = available_devices(word)
    device = found[0]
    number = int(device.partition(":")[2] or 0)
    gpus = tf.config.list_physical_devices("GPU")
    chosen = [] if device == "cpu" else gpus[number : number + count]
    if device != "cpu" and count > len(found):
        raise UsageError(
            f"TensorFlow sees {_counted(len(found))} on this machine, not {count}.",
            where="--devices",
            fix=f"Use --devices {len(found)}, or --device cpu.",
        )
    try:
        tf.config.set_visible_devices(chosen, "GPU")
        if count > 1 and not chosen:
            one = tf.config.LogicalDeviceConfiguration()
            (cpu,) = tf.config.list_physical_devices("CPU")
            tf.config.set_logical_device_configuration(cpu, [one] * count)
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
    raise UsageError(
        f"TensorFlow sees {_counted(count)} on this machine, so there is no {word}.",
        where="--device",
        fix="Use --device cpu, or install dlrun with the extra 'gpu'.",
    )


def local_devices() -> list[str]:
    """Name the devices that this process computes on, such as `GPU:0`, in order."""
    kind = "GPU" if on_gpu() else "CPU"
    return [f"{kind}:{index}" for index in range(len(tf.config.list_logical_devices(kind)))]


def _counted(gpus: int) -> str:
    return f"{gpus} GPU{'s' if gpus > 1 else ''}" if gpus else "no GPU"


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
