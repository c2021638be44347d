"""`dlrun train`: from a config to a complete run folder."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.config.stored import recorded
from dlrun.rundir.environment import environment_facts
from dlrun.rundir.folder import RunFolder, create_run, open_run
from dlrun.rundir.names import CONFIG
from dlrun.rundir.record import recording
from dlrun.rundir.seal import keyless, seal
from dlrun.workflows.execution import carry_out, prepare, say
from dlrun.workflows.identity import Machine, identity_of, weights_hash
from dlrun.workflows.leftovers import leaving_nothing
from dlrun.workflows.opening import open_trained
from dlrun.workflows.storytelling import add_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dlrun.config import Experiment
    from dlrun.reports.classification import ClassificationReport
    from dlrun.training.listener import Listener
    from dlrun.workflows.assembly import Workshop
    from dlrun.workflows.execution import Trained
    from dlrun.workflows.opening import OpenedRun


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
    threads: int = 0,
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
        threads: How many threads of the CPU; 0 for as many as there are cores.
        report: Whether plots and a page are made at the end.
        source: A run from whose weights to begin, for the layers of the same name.

    Raises:
        DlrunError: The run ended otherwise; the folder says how, and holds what was trained. Where
            config, data or device are wrong and nothing was trained, there is no folder.
    """
    opened = None if source is None else open_trained(open_run(source, runs_dir))
    environment = environment_facts()
    machine = Machine.of(environment, device=device, threads=threads)
    weights = None if opened is None else weights_hash(opened.run.record)
    return train_in(
        create_run(runs_dir, experiment.name),
        experiment,
        facts={
            "command": list(command),
            **environment,
            "identity": identity_of(experiment, machine, source=weights),
        },
        listener=listener,
        device=device,
        threads=threads,
        report=report,
        source=opened,
    )


def train_in(
    folder: RunFolder,
    experiment: Experiment,
    *,
    facts: Mapping[str, Any],
    listener: Listener,
    device: str,
    threads: int,
    report: bool,
    source: OpenedRun | None = None,
    pauses: Sequence[int] = (),
    workshop: Workshop | None = None,
) -> TrainOutcome:
    """Train an experiment in a new folder.

    Args:
        folder: The run folder, empty.
        experiment: The config.
        facts: What is recorded beside the config's own facts.
        listener: See `train`.
        device: See `train`.
        threads: See `train`.
        report: See `train`.
        source: See `train`.
        pauses: See `dlrun.workflows.execution.carry_out`.
        workshop: See `dlrun.workflows.execution.prepare`.

    Raises:
        DlrunError: See `train`.
    """
    began = time.perf_counter()
    config = experiment.to_yaml()
    own: dict[str, Any] = {"seed": experiment.seed, "seal": seal(config), **recorded(experiment)}
    if source is not None:
        own["from"] = str(source.run.path.resolve())
        own["from_weights"] = weights_hash(source.run.record)
    with (
        telling_where(folder, listener),
        leaving_nothing(folder.path),
        recording(folder, {**facts, **own}) as record,
    ):
        folder.write_text(CONFIG, config)
        tell_of_no_key(folder, listener)
        prepared = prepare(
            experiment, device=device, threads=threads, listener=listener, workshop=workshop
        )
        trained = carry_out(
            experiment, folder, record, prepared, listener=listener, source=source, pauses=pauses
        )
    return finish(experiment, folder, trained, began=began, report=report, listener=listener)


def tell_of_no_key(folder: RunFolder, listener: Listener) -> None:
    """Warn that a run cannot be sealed: later nothing could be done about it."""
    why = keyless()
    if why is not None:
        say(f"warning: {why}", folder, listener)


@contextmanager
def telling_where(folder: RunFolder, listener: Listener) -> Iterator[None]:
    """Name the run folder where the block fails and leaves one: stdout will not."""
    try:
        yield
    except BaseException:
        if folder.path.exists():
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
            trained.assembly,
            trained.splits,
            measured,
            run=folder,
            listener=listener,
        )
    seconds = time.perf_counter() - began
    return TrainOutcome(folder, measured.metrics, measured.classification, seconds)
