"""dlrun from Python: the workflows of the command line, for scripts and notebooks."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from dlrun.api.run import Explanation, Run, at_work
from dlrun.api.sweep_runs import Sweep, sweep
from dlrun.errors import ConfigError, DlrunError
from dlrun.notebook import DlrunWarning, Rows
from dlrun.rundir import folder as folders

if TYPE_CHECKING:
    from dlrun.training.listener import Listener

__all__ = [
    "DlrunError",
    "DlrunWarning",
    "Explanation",
    "Run",
    "Sweep",
    "open",
    "runs",
    "sweep",
    "train",
    "validate",
]

Config: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any]"
"""A path; a text of YAML, of several lines or in braces; or what such a text says."""
RUNS: Final = Path("runs")
"""Where runs are, unless another folder is named."""


def train(
    config: Config,
    *,
    set: Mapping[str, Any] | None = None,  # noqa: A002 - as `--set`
    seed: int | None = None,
    name: str | None = None,
    runs_dir: str | os.PathLike[str] = RUNS,
    start: str | os.PathLike[str] | Run | None = None,
    device: str = "auto",
    threads: int = 0,
    report: bool = False,
    listener: Listener | None = None,
) -> Run:
    """Train an experiment in this process, and return its run.

    The bits are those of `dlrun train`, whatever this process has done before and however many
    runs it trains; its own random generators and settings of Keras are as they were afterwards.

    Args:
        config: A path, a text of YAML, or a mapping.
        set: Values by their dotted paths, such as `{"training.epochs": 5}`.
        seed: The config's seed.
        name: The config's name.
        runs_dir: Where its folder is made.
        start: A run with whose weights it begins, for layers of the same name.
        device: `auto`, `cpu`, `gpu` or `gpu:1`.
        threads: Of the CPU; 0 for as many as there are cores. What this process has computed
            with before cannot be changed, and is refused.
        report: Whether plots and a page are made at the end.
        listener: Who hears of every epoch; None for the cell of a notebook, else for
            `logging.getLogger("dlrun")`. Warnings are issued as `DlrunWarning`.

    Raises:
        DlrunError: The config is wrong (`ConfigError`, with all problems), or the run failed.
    """
    from dlrun.cli.options import check_device
    from dlrun.config.python import load_given
    from dlrun.execution.options import RunOptions
    from dlrun.workflows.train import train as workflow

    check_device(device)
    named = {"seed": seed, "name": name}
    settings = {**(set or {}), **{key: one for key, one in named.items() if one is not None}}
    with at_work(listener) as heard:
        experiment = load_given(config, settings)
        begun = start.path if isinstance(start, Run) else start
        source = None if begun is None else os.fspath(begun)
        options = RunOptions(
            Path(runs_dir), ("dlrun.train",), device, threads, report, source=source
        )
        return Run(workflow(experiment, options, heard).folder.path.absolute())


def open(  # noqa: A001 - it is `dlrun.open`
    run: str | os.PathLike[str], *, runs_dir: str | os.PathLike[str] = RUNS
) -> Run:
    """Find a run by its folder, a part of its name that no other one has, or `latest`.

    It may be a bundle, too, which is read, and never written into.

    Raises:
        DlrunError: There is no such run, or several; or it is damaged.
    """
    from dlrun.rundir.bundle import is_bundle, unpack

    named = os.fspath(run)
    if not is_bundle(named):
        return Run(folders.open_run(named, Path(runs_dir)).path.absolute())
    place = TemporaryDirectory(prefix="dlrun-")
    opened = Run(unpack(Path(named), Path(place.name)), Path(named).absolute())
    weakref.finalize(opened, place.cleanup)
    return opened


def runs(
    *,
    where: str | None = None,
    sort: str | None = None,
    best: int | None = None,
    columns: Sequence[str] = (),
    runs_dir: str | os.PathLike[str] = RUNS,
) -> Rows:
    """List the runs of a folder, one mapping each, the newest first; `pandas.DataFrame` takes it.

    Args:
        where: A condition, such as `"test.accuracy>0.9 and optimizer.type=Adam"`.
        sort: A key to sort by: metrics best first, times newest first, else smallest first.
        best: Only so many, by `sort` or by the main metric.
        columns: Further keys, such as `optimizer.learning_rate`.
        runs_dir: The folder.
    """
    from dlrun.absent import ABSENT
    from dlrun.workflows.runs import choose_runs

    found = choose_runs(Path(runs_dir), where=where, sort=sort, best=best, columns=columns)
    keys = ("name", "run", "status", "started", "seconds", "metric", "value", "label", "note")
    rows = Rows()
    for one in found:
        values = {key: one.get(key) for key in (*keys, *columns)}
        metrics = {
            f"{split}.{name}": value
            for split, named in one.row.metrics.items()
            for name, value in named.items()
        }
        told = {key: None if value is ABSENT else value for key, value in values.items()}
        rows.append({**told, **metrics})
    return rows


def validate(config: Config, *, set: Mapping[str, Any] | None = None) -> dict[str, Any]:  # noqa: A002
    """Check a config, and the data that it names as far as that is cheap.

    Returns:
        The config with every default written out.

    Raises:
        ConfigError: With all of its `problems`.
    """
    from dlrun.config.python import load_given
    from dlrun.workflows.validate import validate_data

    verdict = validate_data(load_given(config, set or {}))
    if verdict.problems or verdict.experiment is None:
        raise ConfigError(*verdict.problems)
    return verdict.experiment.as_dict()
