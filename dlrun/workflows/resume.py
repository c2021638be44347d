"""`dlrun resume`: a run goes on to the bits of a run that was never stopped.

Check first, write later: config, data, device and lock are looked at before the first byte of the
run changes. What was interrupted, failed or killed goes on in its folder. A finished run is never
touched: its extension is trained beside it, and takes its place when it is whole; until then, and
whatever ends it, the finished run is there as it was. `dlrun.rundir.extension` has the states.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlrun.config import Experiment, load_config
from dlrun.config.stored import recorded
from dlrun.errors import ConfigError, DivergedError, RunFolderError, UsageError
from dlrun.execution.cluster import check_shared
from dlrun.execution.identity import Machine, identities_of, weights_hash
from dlrun.execution.opening import OpenedRun, open_trained, read_experiment, stored_spec
from dlrun.execution.options import RunOptions
from dlrun.execution.origin import logging_how_it_ends
from dlrun.execution.run import (
    ActiveRun,
    Trained,
    TrainOutcome,
    check_continuation,
    execute_run,
    finish,
    follow,
    place_of,
    prepare,
    telling_where,
)
from dlrun.execution.tracking import tracking
from dlrun.rundir.checkpoints import Checkpoint, checkpoint_names, load_checkpoint
from dlrun.rundir.environment import environment_facts, threads_of
from dlrun.rundir.extension import EXTENSION_WAITS, Extension
from dlrun.rundir.files import remove_abandoned
from dlrun.rundir.folder import Run, is_alive, open_run
from dlrun.rundir.integrity import seal, trusting
from dlrun.rundir.lock import FolderLock, holding_lock
from dlrun.rundir.names import CONFIG, EXTENSION, INITIAL_WEIGHTS
from dlrun.rundir.record import now, recording
from dlrun.training.listener import WARNING, Listener
from dlrun.wording import count


def resume(
    run: Run,
    options: RunOptions,
    listener: Listener,
    *,
    epochs: int | None = None,
    others: Sequence[str] = (),
    trust: bool = False,
) -> TrainOutcome | Run:
    """Go on with a run that was interrupted, failed or killed; or with a finished one.

    `epochs` is the epoch to train to, None for that of the config; `others` are overrides of its
    `trackers`; `trust` lets a stranger's run go on. Returns the folder alone where nothing was left
    to do, or where this host has only computed its share of each batch for the first one of a
    cluster. Raises a `DlrunError` where the run cannot go on, and is as it was; or where it ended
    otherwise again.
    """
    began = time.perf_counter()
    if not options.cluster.is_chief:
        # The first host works in the folder, which may be this one; here it is only read.
        opened = open_interrupted(run, epochs=epochs, trust=trust)
        reason = nothing_to_do(opened, epochs)
        if reason is None:
            told = stored_spec(opened.folder, opened.experiment)
            follow(opened.experiment, as_begun(opened, options), listener, told=told)
        else:
            listener.message(reason)
        return run
    record = run.read_record()
    if record["status"] == "running" and is_alive(run.path, record):
        what = f"process {record.get('pid')} on {record.get('host')} works in this run folder."
        raise RunFolderError(what, where=str(run.path))
    # Read under the lock: what another process has just finished must not be gone behind.
    with holding_lock(run.path) as lock:
        interrupted = open_interrupted(run, epochs=epochs, trust=trust)
        reason = nothing_to_do(interrupted, epochs)
        if reason is not None:
            listener.message(reason)
            return run
        if others:
            interrupted = interrupted.tracked_by(others)
        with tracking(interrupted.experiment, listener) as heard:
            trained = go_on(interrupted, options, heard, lock)
            Extension(run.path).complete()
    return finish(trained, run, heard, report=options.report, began=began)


def as_begun(interrupted: InterruptedRun, options: RunOptions) -> RunOptions:
    """Compute on as many devices, in as many threads, as the run did, where nothing is said."""
    record, threads = interrupted.record, options.threads
    return replace(
        options,
        threads=threads_of(record) if threads is None else threads,
        cluster=options.cluster.as_recorded(record),
    )


def go_on(
    interrupted: InterruptedRun, options: RunOptions, listener: Listener, lock: FolderLock
) -> Trained:
    """Go on with a run that was opened under its lock; see `resume`."""
    experiment, earlier = interrupted.experiment, interrupted.record
    options = as_begun(interrupted, options)
    check_shared(experiment, options.cluster, options.device)
    environment = environment_facts()
    machine = Machine.of(
        environment,
        device=options.device,
        threads=options.threads or 0,
        cluster=options.cluster,
    )
    source = interrupted.source(options.runs_dir)
    told = stored_spec(interrupted.folder, experiment)
    prepared = prepare(experiment, options, listener, told=told, begins=interrupted.begins)
    doubts = check_continuation(experiment, earlier, environment, prepared)
    for line in doubts:
        listener.message(line)
    prepared = replace(prepared, lines=[*prepared.lines, *doubts])
    facts = interrupted.facts(options.command, machine) | environment
    with (
        interrupted.working(facts, lock, listener) as active,
        logging_how_it_ends(active.run, options.command),
    ):
        active.run.write_text(CONFIG, experiment.to_yaml())
        active.warn_of_no_key()
        listener.message(place_of(interrupted.folder))
        active.say(*interrupted.summary())
        return execute_run(
            experiment,
            prepared,
            active,
            source=source,
            checkpoint=interrupted.checkpoint,
            pauses=options.pauses,
        )


@dataclass(frozen=True)
class InterruptedRun:
    """A run to go on with."""

    folder: Run
    record: Mapping[str, Any]  # of what is gone on with: the run, or its extension
    original: Experiment  # that it began with
    experiment: Experiment  # with the epochs to train to
    checkpoint: Checkpoint | None  # where it stands; None where it has to begin anew
    damaged: Sequence[str]  # what is wrong with newer checkpoints
    is_extension: bool = False  # whether it is an extension that was begun before

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

    @property
    def begins(self) -> bool:
        """Whether it has neither trained, nor kept the weights with which it begins."""
        return self.checkpoint is None and not self.folder.file(INITIAL_WEIGHTS).exists()

    def facts(self, command: Sequence[str], machine: Machine) -> dict[str, Any]:
        """What the record says of this resumption beside the environment."""
        epoch, step = self.place
        resumption = {
            "time": now(),
            "command": list(command),
            "was": self.status,
            "epoch": epoch,
            "step": step,
            "epochs": self.experiment.training.epochs,
            "versions": self.record.get("versions"),
        }
        before, source = self.record.get("seal"), self.record.get("from_weights")
        seals = [one for one in (before if isinstance(before, list) else [before]) if one]
        # What an earlier version has called it by, it stays.
        before_and_now = zip(
            identities_of(self.original, machine, source=source),
            identities_of(self.experiment, machine, source=source),
            strict=True,
        )
        identity = dict(before_and_now).get(str(self.record.get("identity")))
        return {
            "resumed": [*self.record.get("resumed", []), resumption],
            # Killed between the record and a longer config, the run is still its user's own.
            "seal": [*seals, seal(self.experiment.to_yaml())],
            # None where it began elsewhere: then nothing has the bits of the whole.
            "identity": identity,
            **recorded(self.experiment),
        }

    def tracked_by(self, overrides: Sequence[str]) -> InterruptedRun:
        """Give the same with other trackers."""
        config = self.folder.file(CONFIG)
        trackers = load_config(config, overrides, data_known=False).trackers
        return replace(self, experiment=self.experiment.model_copy(update={"trackers": trackers}))

    def source(self, runs_dir: Path) -> OpenedRun | None:
        """Open the run from whose weights this one begins, where it has not taken them yet."""
        if not self.begins or "from" not in self.record:
            return None
        opened = open_trained(open_run(str(self.record["from"]), runs_dir))
        if weights_hash(opened.run.record) != self.record.get("from_weights"):
            what = "no longer has the weights from which this run was to begin."
            raise RunFolderError(what, where=str(self.record["from"]), fix="Train anew.")
        return opened

    @contextmanager
    def working(
        self, facts: Mapping[str, Any], lock: FolderLock, listener: Listener
    ) -> Iterator[ActiveRun]:
        """Record what the block does: in the run's folder, or beside it where it is finished."""
        if not self.is_extension and self.status != "finished":
            with (
                telling_where(self.folder, listener),
                recording(self.folder, facts, earlier=self.record, lock=lock) as record,
            ):
                remove_abandoned(self.folder.path, folders=True)
                yield ActiveRun(self.folder, record, listener)
            return
        home = Run(self.folder.path / EXTENSION)
        if not self.is_extension:
            Extension(self.folder.path).begin()
        began_at = checkpoint_names(home.path)[:1]
        try:
            with recording(home, facts, earlier=self.record) as record:
                remove_abandoned(home.path, folders=True)
                yield ActiveRun(home, record, listener)
        except BaseException as error:
            listener.message(self._remains(error, home, began_at))
            raise

    def _remains(self, error: BaseException, home: Run, began_at: Sequence[str]) -> str:
        """Remove an extension that has brought nothing; say in a line what there is."""
        kept = f"the finished run is as it was: {self.folder.path}"
        if isinstance(error, DivergedError):
            return f"{kept}\nrun folder: {home.path}"
        if not self.is_extension and checkpoint_names(home.path)[:1] == began_at:
            Extension(self.folder.path).remove()
            return kept
        return f"{kept}\n  `dlrun resume {self.folder.path}` goes on with its extension."

    def summary(self) -> list[str]:
        """What a user should know of it, in lines."""
        lines = [f"{WARNING}{problem}" for problem in self.damaged]
        if self.checkpoint is None and self.status == "finished":
            return [*lines, "finished without epochs: beginning with the first"]
        if self.checkpoint is None:
            return [*lines, f"{self.status} before its first checkpoint: beginning anew"]
        epoch, step = self.place
        batches = f" and {count(step, 'batch', 'batches')}" if step else ""
        what = f"{self.status}: "
        if self.is_extension:
            what = f"extension to {count(self.experiment.training.epochs, 'epoch')}, {what}"
        return [*lines, f"{what}going on after epoch {epoch}{batches}"]


def open_interrupted(folder: Run, *, epochs: int | None, trust: bool) -> InterruptedRun:
    """Read what is needed to go on with a locked run, or with the extension of a finished one."""
    run = _read(folder, epochs=epochs, trust=trust)
    is_reached = epochs is not None and epochs <= run.place[0]
    if run.status != "finished" or is_reached or not Extension(folder.path).is_begun:
        return run
    home = Run(folder.path / EXTENSION)
    try:
        extension = _read(home, epochs=epochs, trust=trust)
    except (RunFolderError, DivergedError, UsageError) as error:
        if epochs is None:
            raise
        # To these epochs the finished run is gone on with anew.
        is_damaged = isinstance(error, RunFolderError)
        return replace(run, damaged=[*run.damaged, *([str(error)] if is_damaged else [])])
    return replace(extension, folder=folder, is_extension=True)


def _read(folder: Run, *, epochs: int | None, trust: bool) -> InterruptedRun:
    """Read the run, or the extension, of a folder."""
    record = folder.read_record()
    if record.get("exit_code") == DivergedError.exit_code:
        raise DivergedError(
            "this run diverged, and the same bits would diverge again.",
            where=str(folder.path),
            fix=f"Train with other settings; `dlrun train --from {folder.path}` keeps its weights.",
        )
    original, trusted = read_experiment(folder, record, trust=trust)
    experiment, longer = original, [f"training.epochs={epochs}"]
    try:
        if epochs is not None:
            experiment = load_config(folder.file(CONFIG), longer, data_known=False)
    except ConfigError as error:
        what = f"the config of this run does not allow it: {error.problems[0]}"
        raise UsageError(what, where=f"--epochs {epochs}") from error
    if not trusted:
        raise RunFolderError(
            "this run is not one of yours: its config says what is read, computed and written.",
            where=str(folder.path),
            fix=trusting("go on with it", record.get("seal")),
        )
    checkpoint, damaged = load_checkpoint(folder.path)
    run = InterruptedRun(folder, record, original, experiment, checkpoint, damaged)
    if epochs is not None:
        _check_extension(run, epochs)
    return run


def _check_extension(run: InterruptedRun, epochs: int) -> None:
    """Refuse epochs to which a run cannot be brought from where it stands."""
    completed, _ = run.place
    if completed > epochs:
        what = f"the run has completed {count(completed, 'epoch')} already."
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
    swaps = any(
        callback.type == "SwapEMAWeights" and callback.arguments.get("swap_on_epoch")
        for callback in run.original.training.callbacks
    )
    is_whole = run.checkpoint.facts.get("apart") or not swaps
    if trained <= completed < epochs and not is_whole:
        raise RunFolderError(
            "an earlier dlrun trained this run, and kept only the averages of SwapEMAWeights "
            "at its end: it cannot go on to the weights of a longer run.",
            where=str(run.folder.path),
            fix=f"Train anew with {count(epochs, 'epoch')}; {fix} begins from its averages.",
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
            f"a callback ended this run after epoch {completed}; asked for "
            f"{count(epochs, 'epoch')}, it would have ended there too"
        )
    if completed != epochs:
        return None
    more = f"; {EXTENSION_WAITS}" if Extension(interrupted.folder.path).is_begun else ""
    return f"this run has completed {count(completed, 'epoch')} already{more}"
