"""`dlrun resume`: a run goes on to the bits of a run that was never stopped.

Check first, write later: config, data, device and lock are looked at before the first byte of the
run changes. What was interrupted, failed or killed goes on in its folder. A finished run is never
touched: its extension is trained beside it, and takes its place when it is whole; until then, and
whatever ends it, the finished run is there as it was. `dlrun.rundir.extension` has the states.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlrun.config import load_config
from dlrun.config.stored import recorded
from dlrun.errors import ConfigError, DivergedError, RunFolderError, UsageError
from dlrun.rundir.checkpoints import checkpoint_names, load_checkpoint
from dlrun.rundir.environment import environment_facts, threads_of
from dlrun.rundir.extension import EXTENSION_WAITS, Extension
from dlrun.rundir.files import remove_abandoned
from dlrun.rundir.folder import RunFolder, open_run
from dlrun.rundir.listing import is_alive
from dlrun.rundir.lock import holding_lock
from dlrun.rundir.names import CONFIG, EXTENSION, INITIAL_WEIGHTS
from dlrun.rundir.record import now, recording
from dlrun.rundir.seal import seal, unknown_because
from dlrun.workflows.execution import carry_out, prepare, say
from dlrun.workflows.identity import Machine, identity_of, weights_hash
from dlrun.workflows.opening import open_trained, read_experiment, stored_spec
from dlrun.workflows.train import TrainOutcome, finish, tell_of_no_key, telling_where

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dlrun.config import Experiment
    from dlrun.rundir.checkpoints import Checkpoint
    from dlrun.rundir.lock import FolderLock
    from dlrun.rundir.record import Record
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
        DlrunError: The run cannot go on, and is as it was; or it ended otherwise again.
    """
    began = time.perf_counter()
    folder = open_run(reference, runs_dir)
    refuse_while_alive(folder)
    # Read under the lock: what another process has just finished must not be gone behind.
    with holding_lock(folder.path) as lock:
        interrupted = open_interrupted(folder, epochs=epochs, trust=trust)
        reason = nothing_to_do(interrupted, epochs)
        if reason is not None:
            listener.message(reason)
            return folder
        experiment, record = interrupted.experiment, interrupted.record
        environment = environment_facts()
        threads = threads_of(record) if threads is None else threads
        machine = machine or Machine.of(environment, device=device, threads=threads)
        source = interrupted.source(runs_dir)
        prepared = prepare(
            experiment,
            device=device,
            threads=threads,
            listener=listener,
            told=stored_spec(folder, experiment),
            earlier=record,
            environment=environment,
        )
        facts = interrupted.facts(command, machine) | environment
        with interrupted.working(facts, lock, listener) as (place, going_on):
            place.write_text(CONFIG, experiment.to_yaml())
            tell_of_no_key(place, listener)
            for line in interrupted.story():
                say(line, place, listener)
            trained = carry_out(
                experiment,
                place,
                going_on,
                prepared,
                listener=listener,
                checkpoint=interrupted.checkpoint,
                source=source,
                pauses=pauses,
            )
        Extension(folder.path).complete()
    return finish(experiment, folder, trained, began=began, report=report, listener=listener)


@dataclass(frozen=True)
class InterruptedRun:
    """A run to go on with.

    Attributes:
        folder: The run folder.
        record: What `run.json` says of what is gone on with: the run, or its extension.
        original: The config that it began with.
        experiment: The config, with the epochs to train to.
        checkpoint: Where it stands; None where it has to begin anew.
        damaged: What is wrong with newer checkpoints.
        is_extension: Whether it is an extension of the run that was begun before.
    """

    folder: RunFolder
    record: Mapping[str, Any]
    original: Experiment
    experiment: Experiment
    checkpoint: Checkpoint | None
    damaged: Sequence[str]
    is_extension: bool = False

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

    def facts(self, command: Sequence[str], machine: Machine) -> dict[str, Any]:
        """What the record says of this resumption beside the environment."""
        before = self.record.get("seal")
        seals = [one for one in (before if isinstance(before, list) else [before]) if one]
        return {
            "resumed": [*self.record.get("resumed", []), self._lineage(command)],
            # Killed between the record and a longer config, the run is still its user's own.
            "seal": [*seals, seal(self.experiment.to_yaml())],
            "identity": self._identity(machine),
            **recorded(self.experiment),
        }

    def source(self, runs_dir: Path) -> OpenedRun | None:
        """Open the run from whose weights this one begins, where it has not taken them yet.

        Raises:
            RunFolderError: That run has gone, or has other weights now.
        """
        begins = self.checkpoint is None and "from" in self.record
        if not begins or self.folder.file(INITIAL_WEIGHTS).exists():
            return None
        opened = open_trained(open_run(str(self.record["from"]), runs_dir))
        if weights_hash(opened.run.record) != self.record.get("from_weights"):
            what = "no longer has the weights from which this run was to begin."
            raise RunFolderError(what, where=str(self.record["from"]), fix="Train anew.")
        return opened

    @contextmanager
    def working(
        self, facts: Mapping[str, Any], lock: FolderLock, listener: Listener
    ) -> Iterator[tuple[RunFolder, Record]]:
        """Record what the block does: in the folder of the run, or beside it where it is finished.

        Args:
            facts: See `recording`.
            lock: That of the run folder.
            listener: Who is told where the block fails what is left.

        Yields:
            The folder to work in, and its open record.
        """
        if not self.is_extension and self.status != "finished":
            with (
                telling_where(self.folder, listener),
                recording(self.folder, facts, earlier=self.record, lock=lock) as record,
            ):
                remove_abandoned(self.folder.path, folders=True)
                yield self.folder, record
            return
        home = RunFolder(self.folder.path / EXTENSION)
        if not self.is_extension:
            Extension(self.folder.path).begin()
        began_at = checkpoint_names(home.path)[:1]
        try:
            with recording(home, facts, earlier=self.record) as record:
                remove_abandoned(home.path, folders=True)
                yield home, record
        except BaseException as error:
            listener.message(self._remains(error, home, began_at))
            raise

    def _remains(self, error: BaseException, home: RunFolder, began_at: Sequence[str]) -> str:
        """Remove an extension that has brought nothing; say in a line what there is."""
        kept = f"the finished run is as it was: {self.folder.path}"
        if isinstance(error, DivergedError):
            return f"{kept}\nrun folder: {home.path}"
        if not self.is_extension and checkpoint_names(home.path)[:1] == began_at:
            Extension(self.folder.path).remove()
            return kept
        return f"{kept}\n  `dlrun resume {self.folder.path}` goes on with its extension."

    def story(self) -> list[str]:
        """What a user should know of it, in lines."""
        lines = [f"warning: {problem}" for problem in self.damaged]
        if self.checkpoint is None and self.status == "finished":
            return [*lines, "finished without epochs: beginning with the first"]
        if self.checkpoint is None:
            return [*lines, f"{self.status} before its first checkpoint: beginning anew"]
        epoch, step = self.place
        batches = f" and {step} batches" if step else ""
        what = f"{self.status}: "
        if self.is_extension:
            what = f"extension to {self.experiment.training.epochs} epochs, {what}"
        return [*lines, f"{what}going on after epoch {epoch}{batches}"]

    def _lineage(self, command: Sequence[str]) -> dict[str, Any]:
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

    def _identity(self, machine: Machine) -> str | None:
        """Tell the identity of the run when it has gone on; None where it began elsewhere."""
        source = self.record.get("from_weights")
        began_here = identity_of(self.original, machine, source=source)
        if began_here != self.record.get("identity"):
            return None
        return identity_of(self.experiment, machine, source=source)


def refuse_while_alive(folder: RunFolder) -> None:
    """Refuse a run on which a process works.

    Raises:
        RunFolderError: One does.
    """
    record = folder.read_record()
    if record["status"] == "running" and is_alive(folder.path, record):
        what = f"process {record.get('pid')} on {record.get('host')} works in this run folder."
        raise RunFolderError(what, where=str(folder.path))


def open_interrupted(folder: RunFolder, *, epochs: int | None, trust: bool) -> InterruptedRun:
    """Read what is needed to go on with a run, or with the extension of a finished one.

    Args:
        folder: The run, locked by this process.
        epochs: The epoch to train to; None for that of the config.
        trust: Whether to go on with a stranger's run.

    Raises:
        RunFolderError: It is damaged, or it is a stranger's.
        DivergedError: It diverged: the same bits would diverge again.
        UsageError: It is past the epochs asked for.
    """
    run = _read(folder, epochs=epochs, trust=trust)
    is_reached = epochs is not None and epochs <= run.place[0]
    if run.status != "finished" or is_reached or not Extension(folder.path).is_begun:
        return run
    home = RunFolder(folder.path / EXTENSION)
    try:
        extension = _read(home, epochs=epochs, trust=trust)
    except (RunFolderError, DivergedError, UsageError) as error:
        if epochs is None:
            raise
        # To these epochs the finished run is gone on with anew.
        is_damaged = isinstance(error, RunFolderError)
        return replace(run, damaged=[*run.damaged, *([str(error)] if is_damaged else [])])
    return replace(extension, folder=folder, is_extension=True)


def _read(folder: RunFolder, *, epochs: int | None, trust: bool) -> InterruptedRun:
    """Read the run, or the extension, of a folder; see `open_interrupted`."""
    record = folder.read_record()
    if record.get("exit_code") == DivergedError.exit_code:
        raise DivergedError(
            "this run diverged, and the same bits would diverge again.",
            where=str(folder.path),
            fix=f"Train with other settings; `dlrun train --from {folder.path}` keeps its weights.",
        )
    original, trusted = read_experiment(folder, record, trust=trust)
    experiment = original if epochs is None else _with_epochs(folder, epochs)
    if not trusted:
        raise RunFolderError(
            "this run is not one of yours: its config says what is read, computed and written.",
            where=str(folder.path),
            fix=f"Give --trust to go on with it. {unknown_because(record.get('seal'))}",
        )
    checkpoint, damaged = load_checkpoint(folder.path)
    run = InterruptedRun(folder, record, original, experiment, checkpoint, damaged)
    if epochs is not None:
        _check_extension(run, epochs)
    return run


def _with_epochs(folder: RunFolder, epochs: int) -> Experiment:
    """Read the config of a run, which is whole, with other epochs."""
    try:
        return load_config(folder.file(CONFIG), [f"training.epochs={epochs}"], data_known=False)
    except ConfigError as error:
        what = f"the config of this run does not allow it: {error.problems[0]}"
        raise UsageError(what, where=f"--epochs {epochs}") from error


def _check_extension(run: InterruptedRun, epochs: int) -> None:
    """Refuse epochs to which a run cannot be brought from where it stands.

    Raises:
        UsageError: It is past them.
        RunFolderError: The state that it would go on from is not there.
    """
    completed, _ = run.place
    if completed > epochs:
        what = f"the run has completed {completed} epochs already."
        raise UsageError(what, where=f"--epochs {epochs}")
    trained, fix = run.original.training.epochs, f"`dlrun train --from {run.folder.path}`"
    if run.checkpoint is None:
        # A run without epochs has none, and needs none.
        if run.status == "finished" and trained > 0:
            raise RunFolderError(
                f"no whole checkpoint is left to go on from{': ' if run.damaged else '.'}"
                + "; ".join(run.damaged),
                where=str(run.folder.path),
                fix=f"{fix} begins anew from its weights.",
            )
        return
    is_whole = run.checkpoint.facts.get("apart") or not _swaps(run.original)
    if trained <= completed < epochs and not is_whole:
        raise RunFolderError(
            "an earlier dlrun trained this run, and kept only the averages of SwapEMAWeights "
            "at its end: it cannot go on to the weights of a longer run.",
            where=str(run.folder.path),
            fix=f"Train anew with {epochs} epochs; {fix} begins from its averages.",
        )


def _swaps(experiment: Experiment) -> bool:
    """Whether the end of each epoch exchanges the weights for their averages."""
    return any(
        callback.type == "SwapEMAWeights" and callback.arguments.get("swap_on_epoch")
        for callback in experiment.training.callbacks
    )


def nothing_to_do(interrupted: InterruptedRun, epochs: int | None) -> str | None:
    """Say why a finished run has nothing left to train, or None where it has."""
    if interrupted.is_extension or interrupted.status != "finished":
        return None
    if epochs is None:
        return "this run is finished; --epochs N goes on with it"
    completed, _ = interrupted.place
    if interrupted.checkpoint is not None and interrupted.checkpoint.facts["stop_training"]:
        return (
            f"a callback ended this run after epoch {completed}; asked for {epochs} epochs, "
            "it would have ended there too"
        )
    if completed != epochs:
        return None
    waits = Extension(interrupted.folder.path).is_begun
    more = f"; {EXTENSION_WAITS}" if waits else ""
    return f"this run has completed {completed} epochs already{more}"
