"""`dlrun train`: from a config to a complete run folder."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlrun.rundir.environment import environment_facts
from dlrun.rundir.folder import RunFolder, create_run
from dlrun.rundir.names import CONFIG
from dlrun.rundir.record import recording
from dlrun.rundir.seal import seal
from dlrun.workflows.execution import carry_out
from dlrun.workflows.opening import open_trained
from dlrun.workflows.report import add_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dlrun.config import Experiment
    from dlrun.reports.classification import ClassificationReport
    from dlrun.training.listener import Listener
    from dlrun.workflows.execution import Trained


@dataclass(frozen=True)
class TrainOutcome:
    """What a finished run has to show.

    Attributes:
        folder: The run folder.
        metrics: The final metrics by split.
        classification: Of the last split that has rows, where there are classes.
        seconds: The time of the whole run.
    """

    folder: RunFolder
    metrics: dict[str, dict[str, float]]
    classification: ClassificationReport | None
    seconds: float


def train(
    experiment: Experiment,
    *,
    runs_dir: Path,
    command: Sequence[str],
    listener: Listener,
    device: str = "auto",
    report: bool = True,
    source: str | None = None,
) -> TrainOutcome:
    """Train an experiment and leave a complete run folder behind.

    Args:
        experiment: The config.
        runs_dir: Where the run folder is made.
        command: The command line, for the record.
        listener: Who is told of messages and progress.
        device: `auto`, `cpu`, `gpu` or `gpu:1`.
        report: Whether plots and a page are made at the end.
        source: A run from whose weights to begin, for the layers of the same name.

    Raises:
        DlrunError: The run ended otherwise; the folder says how, and holds what was trained.
    """
    began = time.perf_counter()
    opened = None if source is None else open_trained(source, runs_dir)
    folder = create_run(runs_dir, experiment.name)
    config = experiment.to_yaml()
    facts = {"command": list(command), "seed": experiment.seed, "seal": seal(config)}
    if opened is not None:
        facts["from"] = str(opened.folder.path.resolve())
    with (
        telling_where(folder, listener),
        recording(folder, {**facts, **environment_facts()}) as record,
    ):
        folder.write_text(CONFIG, config)
        trained = carry_out(
            experiment, folder, record, device=device, listener=listener, source=opened
        )
    return finish(experiment, folder, trained, began=began, report=report, listener=listener)


@contextmanager
def telling_where(folder: RunFolder, listener: Listener) -> Iterator[None]:
    """Name the run folder where the block fails: stdout will not."""
    try:
        yield
    except BaseException:
        listener.message(f"run folder: {folder.path}")
        raise


def finish(
    experiment: Experiment,
    folder: RunFolder,
    trained: Trained,
    *,
    began: float,
    report: bool,
    listener: Listener,
) -> TrainOutcome:
    """Add what is made of a finished run, and say what it has to show."""
    measured = trained.measured
    if report:
        add_report(
            experiment,
            trained.assembly.model,
            trained.splits,
            measured,
            predictor=trained.predictor,
            folder=folder,
            listener=listener,
        )
    seconds = time.perf_counter() - began
    return TrainOutcome(folder, measured.metrics, measured.classification, seconds)
