"""`dlrun reproduce`: train a run again from its folder and its data, and compare bit by bit."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlrun.config import Experiment
from dlrun.errors import RunFolderError
from dlrun.execution.cluster import Cluster
from dlrun.execution.opening import MOVED, check_there, read_experiment, stored_spec
from dlrun.execution.options import RunOptions
from dlrun.execution.origin import changed_files
from dlrun.execution.run import ActiveRun, Prepared, execute_run, prepare
from dlrun.rundir.environment import differences, environment_facts, threads_of
from dlrun.rundir.folder import Run, create_run
from dlrun.rundir.integrity import trusting
from dlrun.rundir.metrics import history_text
from dlrun.rundir.names import CONFIG, HISTORY, INITIAL_WEIGHTS, SPEC
from dlrun.rundir.record import recording
from dlrun.training.listener import WARNING, Listener
from dlrun.wording import count


@dataclass(frozen=True)
class Reproduction:
    """What came out."""

    run: Run
    epochs: int  # how many were compared; none where the data are others
    difference: str | None  # the first thing that differs, in one line
    reasons: list[str]  # the recorded differences that may explain it


def reproduce(
    run: Run,
    *,
    trust: bool,
    command: Sequence[str],
    listener: Listener,
    data: Path | None = None,
) -> Reproduction:
    """Train a finished run again and compare data, initial weights, epochs and final weights.

    `data` is where its data lie now, None for where its config says.
    """
    record = run.record
    if record["status"] != "finished":
        raise RunFolderError(
            f"{run.standing}: only a finished run can be compared.",
            where=str(run.path),
            fix=run.next_step,
        )
    experiment, trusted = read_experiment(run, record, trust=trust, data=data)
    if not trusted:
        raise RunFolderError(
            "this run is not one of yours: its config says what is read and computed.",
            where=str(run.path),
            fix=trusting("train it again", record.get("seal")),
        )
    check_there(experiment, MOVED)
    then = Outcome.of(run)
    changed = changed_files(experiment, record)
    for line in changed:
        listener.message(f"{WARNING}{line}")
    with tempfile.TemporaryDirectory(prefix="dlrun-") as place:
        again = create_run(Path(place), experiment.name)
        facts = {"command": list(command), "seed": experiment.seed, **environment_facts()}
        with recording(again, facts) as going_on:
            active = ActiveRun(again, going_on, listener)
            prepared = _prepare_again(run, experiment, active, command)
            now = Outcome({**facts, **prepared.facts}, [])
            is_same = not then.other_data(now)
            if is_same:  # else no training would come out the same
                execute_run(experiment, prepared, active)
        now = Outcome.of(again) if is_same else now
    difference = then.first_difference(now)
    reasons = [] if difference is None else [*changed, *differences(then.record, now.record)]
    return Reproduction(run, len(then.history) if is_same else 0, difference, reasons)


def _prepare_again(
    run: Run, experiment: Experiment, active: ActiveRun, command: Sequence[str]
) -> Prepared:
    """Load the rows and build the model, as the run did."""
    again = active.run
    # With the spec too: an older version may have read the file, or fitted a scaling, otherwise.
    for name in (INITIAL_WEIGHTS, SPEC):
        if run.file(name).exists():
            shutil.copyfile(run.checked(name), again.file(name))
    again.write_text(CONFIG, experiment.to_yaml())
    # Another GPU is as good as the one that there was; a CPU is not.
    device = "cpu" if "gpu" not in str(run.record.get("device")) else "auto"
    cluster = Cluster().as_recorded(run.record)
    threads = threads_of(run.record)
    options = RunOptions(again.path.parent, command, device, threads, cluster=cluster)
    told = stored_spec(again, experiment)
    return prepare(experiment, options, active.listener, told=told)


@dataclass(frozen=True)
class Outcome:
    """What a run was and gave, as far as it must come out the same again."""

    record: Mapping[str, Any]
    history: list[dict[str, str]]  # the rows of `history.csv`, by column

    @classmethod
    def of(cls, run: Run) -> Outcome:
        """Read it from a run folder."""
        rows = []
        if run.file(HISTORY).exists():
            run.checked(HISTORY)
            rows = list(csv.DictReader(history_text(run.path).splitlines()))
        return cls(run.record, rows)

    def first_difference(self, other: Outcome) -> str | None:
        """Say what differs first, in the order in which a run makes it; None where nothing does."""
        if found := self.other_data(other):
            return f"the data differ: {found}"
        if found := self._unequal(other, "initial_weights"):
            return f"the initial weights differ: {found}"
        for epoch, (then, now) in enumerate(
            zip(self.history, other.history, strict=False), start=1
        ):
            changed = [
                f"{column} was {then.get(column)} and is {now.get(column)}"
                for column in then | now
                if then.get(column) != now.get(column)
            ]
            if changed:
                return f"epoch {epoch} is the first that differs: {', '.join(changed)}"
        if len(self.history) != len(other.history):
            return f"there were {count(len(self.history), 'epoch')} and are {len(other.history)}"
        if found := self._unequal(other, "final_weights"):
            return f"the final weights differ: {found}"
        return None

    def other_data(self, other: Outcome) -> str:
        """Name the arrays of rows that are not the same; nothing where all are."""
        return self._unequal(other, "data")

    def _unequal(self, other: Outcome, key: str) -> str:
        then, now = (dict(one.record.get(key) or {}) for one in (self, other))
        return ", ".join(name for name in then | now if then.get(name) != now.get(name))
