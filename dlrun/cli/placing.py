"""Where the runs of `dlrun train` and `dlrun sweep` work: here, or on the nodes of a cluster."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

from dlrun.cli.options import option
from dlrun.errors import UsageError

Where = Annotated[
    str | None,
    option("--on WORD", "Where the runs work: local, or ray, on a cluster.  [default: local]"),
]
Address = Annotated[
    str | None, option("--address HOST", "The Ray cluster: auto, or ray://HOST:10001.  [auto]")
]
CpusPerRun = Annotated[
    float | None, option("--cpus-per-run N", "CPUs that a run takes of a cluster.  [1]", min=0.001)
]
GpusPerRun = Annotated[
    float | None,
    option("--gpus-per-run N", "GPUs, or parts of one; 0 computes on CPUs.  [0]", min=0),
]
HostsPerRun = Annotated[
    int | None,
    option(
        "--hosts-per-run N",
        "Nodes that share each batch of a run, each with so many CPUs and GPUs.  [1]",
        min=1,
        max=1024,
    ),
]
DataRoot = Annotated[
    Path | None,
    option("--data-root DIR", "Where nodes find the data files, which travel to them otherwise."),
]

_OPTIONS = {
    "address": "--address",
    "cpus": "--cpus-per-run",
    "gpus": "--gpus-per-run",
    "hosts": "--hosts-per-run",
    "data_root": "--data-root",
}
"""What options say, as `Placing` calls it, in the order of `read_placing`."""


def read_placing(
    on: str | None, given: tuple[Any, ...], *, device: str, base: Path = Path()
) -> dict[str, Any]:
    """Say where runs work, as `SweepOptions` has it; nothing where that is this machine.

    `given` are the values of `_OPTIONS`, None for those that are not given; `base` is the
    folder below which files are looked for below `--data-root`.
    """
    from dlrun.sweeps.launchers import DEFAULT, Placing

    values = zip(_OPTIONS, given, strict=True)
    told = {name: value for name, value in values if value is not None}
    if on in (None, DEFAULT):
        for name in told:
            what = "the runs work on this machine, for which this says nothing."
            fix = "--on ray lets them work on a cluster."
            raise UsageError(what, where=_OPTIONS[name], fix=fix)
        return {}
    if device != "auto":
        what = "on a cluster --gpus-per-run says where runs compute."
        raise UsageError(what, where=f"--device {device}", fix="Leave --device out.")
    for name in ("cpus", "gpus"):
        number = told.get(name, 0.0)
        if not math.isfinite(number) or (number > 1 and number != int(number)):
            what = f"{number} is no part of one, and no whole number of them."
            raise UsageError(what, where=_OPTIONS[name], fix="Give such as 0.5, 1 or 4.")
    root = told.get("data_root")
    if root is not None and not root.is_absolute():
        what = f"{root} begins in no known folder on a node."
        raise UsageError(what, where="--data-root", fix="Give a path that begins with /.")
    return {"on": on, "placing": Placing(**told, base=base)}
