"""`dlrun resume`: a run goes on to the bits of a run that was never stopped."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.errors import DivergedError, RunFolderError, UsageError
from dlrun.rundir.checkpoints import load_checkpoint, remove_leftovers
from dlrun.rundir.environment import environment_facts, threads_of
from dlrun.rundir.folder import RunFolder, open_run
from dlrun.rundir.listing import is_alive
from dlrun.rundir.names import CONFIG, INITIAL_WEIGHTS
from dlrun.rundir.record import now, recording
from dlrun.rundir.seal import seal
from dlrun.workflows.execution import carry_out, say
from dlrun.workflows.identity import Machine, identity_of, weights_hash
from dlrun.workflows.opening import open_trained, read_experiment
from dlrun.workflows.train import TrainOutcome, finish, telling_where

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dlrun.config import Experiment
    from dlrun.rundir.checkpoints import Checkpoint
    from dlrun.training.listener import Listener
    from dlrun.workflows.opening import OpenedRun


def resume(
    reference: str,
    *,
    runs_dir: Path,
    epochs: int | None,
    trust: bool,
    command: Sequence[str],
    listener: Listener,
    device: str = "auto",
    threads: int | None = None,
    machine: Machine | None = None,
    report: bool = True,
    pauses: Sequence[int] = (),
) -> TrainOutcome | RunFolder:
    """Go on with a run that was interrupted, failed or killed; or with a finished one.

    Args:
        reference: A run folder, a part of its name, or `latest`.
        runs_dir: Where the runs are.
        epochs: The epoch to train to; None for that of the config.
        trust: Whether to go on with a stranger's run.
        command: The command line, for the record.
        listener: Who is told of messages and progress.
        device: `auto`, `cpu`, `gpu` or `gpu:1`.
        threads: How many threads of the CPU; None for those that the run had.
        machine: What computes, as a sweep calls it; None for what is told by the other arguments.
        report: Whether plots and a page are made at the end.
        pauses: See `dlrun.workflows.execution.carry_out`.

    Returns:
        What the run has to show; the folder alone where nothing was left to do.

    Raises:
        DlrunError: The run cannot go on, or ended otherwise again.
    """
    began = time.perf_counter()
    interrupted = open_interrupted(open_run(reference, runs_dir), epochs=epochs, trust=trust)
    folder, record, experiment = interrupted.folder, interrupted.record, interrupted.experiment
    reason = nothing_to_do(interrupted, epochs)
    if reason is not None:
        listener.message(reason)
        return folder
    config = experiment.to_yaml()
    before = record.get("seal")
    seals = [one for one in (before if isinstance(before, list) else [before]) if one is not None]
    environment = environment_facts()
    threads = threads_of(record) if threads is None else threads
    machine = machine or Machine.of(environment, device=device, threads=threads)
    source = interrupted.source(runs_dir)
    facts = {
        "resumed": [*record.get("resumed", []), interrupted.lineage(command)],
        # Killed between the record and an extended config, the run is still its user's own.
        "seal": [*seals, seal(config)],
        "identity": interrupted.identity(machine),
        **environment,
    }
    with telling_where(folder, listener), recording(folder, facts, earlier=record) as going_on:
        remove_leftovers(folder.path)
        folder.write_text(CONFIG, config)
        for line in interrupted.story():
            say(line, folder, listener)
        trained = carry_out(
            experiment,
            folder,
            going_on,
            device=device,
            threads=threads,
            listener=listener,
            earlier=record,
            again=True,
            checkpoint=interrupted.checkpoint,
            source=source,
            pauses=pauses,
        )
    return finish(experiment, folder, trained, began=began, report=report, listener=listener)


@dataclass(frozen=True)
class InterruptedRun:
    """A run to go on with.

    Attributes:
        folder: The run folder.
        record: What `run.json` says.
        original: The config that it began with.
        experiment: The config, with the epochs to train to.
        checkpoint: Where it stands; None where it has to begin anew.
        damaged: What is wrong with newer checkpoints.
    """

    folder: RunFolder
    record: Mapping[str, Any]
    original: Experiment
    experiment: Experiment
    checkpoint: Checkpoint | None
    damaged: Sequence[str]

    @property
    def status(self) -> str:
        """How it ended; `killed` where its record says that it is running."""
        status = str(self.record["status"])
        return "killed" if status == "running" else status

    @property
    def place(self) -> tuple[int, int]:
        """The completed epochs, and the batches after them."""
        if self.checkpoint is None:
            return 0, 0
        return self.checkpoint.facts["epoch"], self.checkpoint.facts["step"]

    def lineage(self, command: Sequence[str]) -> dict[str, Any]:
        """What the record keeps of this resumption."""
        epoch, step = self.place
        return {
            "time": now(),
            "command": list(command),
            "was": self.status,
            "epoch": epoch,
            "step": step,
            "epochs": self.experiment.training.epochs,
            "versions": self.record.get("versions"),
        }

    def source(self, runs_dir: Path) -> OpenedRun | None:
        """Open the run from whose weights this one begins, where it has not taken them yet.

        Raises:
            RunFolderError: That run has gone, or has other weights now.
        """
        begins = self.checkpoint is None and "from" in self.record
        if not begins or self.folder.file(INITIAL_WEIGHTS).exists():
            return None
        opened = open_trained(str(self.record["from"]), runs_dir)
        if weights_hash(opened.record) != self.record.get("from_weights"):
            what = "no longer has the weights from which this run was to begin."
            raise RunFolderError(what, where=str(self.record["from"]), fix="Train anew.")
        return opened

    def identity(self, machine: Machine) -> str | None:
        """Tell the identity of the run when it has gone on; None where it began elsewhere."""
        source = self.record.get("from_weights")
        began_here = identity_of(self.original, machine, source=source)
        if began_here != self.record.get("identity"):
            return None
        return identity_of(self.experiment, machine, source=source)

    def story(self) -> list[str]:
        """What a user should know of it, in lines."""
        lines = [f"warning: {problem}" for problem in self.damaged]
        if self.checkpoint is None:
            return [*lines, f"{self.status} before its first checkpoint: beginning anew"]
        epoch, step = self.place
        batches = f" and {step} batches" if step else ""
        return [*lines, f"{self.status}: going on after epoch {epoch}{batches}"]


def open_interrupted(folder: RunFolder, *, epochs: int | None, trust: bool) -> InterruptedRun:
    """Read what is needed to go on with a run.

    Args:
        folder: The run.
        epochs: The epoch to train to; None for that of the config.
        trust: Whether to go on with a stranger's run.

    Raises:
        RunFolderError: A process works in it, it is damaged, or it is a stranger's.
        DivergedError: It diverged: the same bits would diverge again.
        UsageError: It is past the epochs asked for.
    """
    record = folder.read_record()
    if record["status"] == "running" and is_alive(folder.path, record):
        what = f"process {record.get('pid')} on {record.get('host')} works in this run folder."
        raise RunFolderError(what, where=str(folder.path))
    if record.get("exit_code") == DivergedError.exit_code:
        raise DivergedError(
            "this run diverged, and the same bits would diverge again.",
            where=str(folder.path),
            fix=f"Train with other settings; `dlrun train --from {folder.path}` keeps its weights.",
        )
    original, trusted = read_experiment(folder, record, trust=trust)
    experiment = original
    if epochs is not None:
        overrides = [f"training.epochs={epochs}"]
        experiment, _ = read_experiment(folder, record, trust=trust, overrides=overrides)
    if not trusted:
        raise RunFolderError(
            "this run is not one of yours: its config says what is read, computed and written.",
            where=str(folder.path),
            fix="Give --trust to go on with it.",
        )
    checkpoint, damaged = load_checkpoint(folder.path)
    if checkpoint is not None and epochs is not None and checkpoint.facts["epoch"] > epochs:
        raise UsageError(
            f"the run has completed {checkpoint.facts['epoch']} epochs already.",
            where=f"--epochs {epochs}",
        )
    if checkpoint is None and record["status"] == "finished" and epochs is not None:
        raise RunFolderError(
            f"no whole checkpoint is left to go on from{': ' if damaged else '.'}"
            + "; ".join(damaged),
            where=str(folder.path),
            fix=f"`dlrun train --from {folder.path}` begins anew from its weights.",
        )
    return InterruptedRun(folder, record, original, experiment, checkpoint, damaged)


def nothing_to_do(interrupted: InterruptedRun, epochs: int | None) -> str | None:
    """Say why a finished run has nothing left to train, or None where it has."""
    if interrupted.status != "finished":
        return None
    if epochs is None:
        return "this run is finished; --epochs N goes on with it"
    completed, _ = interrupted.place
    if interrupted.checkpoint is not None and interrupted.checkpoint.facts["stop_training"]:
        return (
            f"a callback ended this run after epoch {completed}; asked for {epochs} epochs, "
            "it would have ended there too"
        )
    return f"this run has completed {completed} epochs already" if completed == epochs else None
