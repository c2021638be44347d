"""`dlrun reproduce`: train a run again from its folder alone, and compare bit by bit."""

from __future__ import annotations

import csv
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.errors import RunFolderError
from dlrun.rundir.environment import differences, environment_facts, threads_of
from dlrun.rundir.folder import RunFolder, create_run, open_run
from dlrun.rundir.history import history_text
from dlrun.rundir.integrity import check_file
from dlrun.rundir.names import CONFIG, HISTORY, INITIAL_WEIGHTS, SPEC
from dlrun.rundir.record import recording
from dlrun.rundir.seal import unknown_because
from dlrun.workflows.execution import ActiveRun, carry_out, prepare
from dlrun.workflows.opening import read_experiment, stored_spec
from dlrun.workflows.options import RunOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlrun.training.listener import Listener


@dataclass(frozen=True)
class Reproduction:
    """What came out.

    Attributes:
        folder: The run.
        epochs: How many epochs were compared.
        difference: The first thing that differs, in one line; None where nothing does.
        reasons: The recorded differences that may explain it.
    """

    folder: RunFolder
    epochs: int
    difference: str | None
    reasons: list[str]


def reproduce(
    reference: str, *, runs_dir: Path, trust: bool, command: Sequence[str], listener: Listener
) -> Reproduction:
    """Train a finished run again and compare data, initial weights, epochs and final weights.

    Args:
        reference: A run folder, a part of its name, or `latest`.
        runs_dir: Where the runs are.
        trust: Whether to train a stranger's run.
        command: The command line, for the record.
        listener: Who is told of messages and progress.

    Raises:
        RunFolderError: The run is missing, damaged, not finished, or a stranger's.
        DlrunError: It cannot be trained again.
    """
    folder = open_run(reference, runs_dir)
    record = folder.read_record()
    if record["status"] != "finished":
        raise RunFolderError(
            f"only a finished run can be compared; this one is {record['status']}.",
            where=str(folder.path),
            fix=f"`dlrun resume {folder.path}` brings it to its end.",
        )
    experiment, trusted = read_experiment(folder, record, trust=trust)
    if not trusted:
        raise RunFolderError(
            "this run is not one of yours: its config says what is read and computed.",
            where=str(folder.path),
            fix=f"Give --trust to train it again. {unknown_because(record.get('seal'))}",
        )
    then = Outcome.of(folder, record)
    with tempfile.TemporaryDirectory(prefix="dlrun-") as place:
        again = create_run(Path(place), experiment.name)
        if folder.file(INITIAL_WEIGHTS).exists():
            check_file(folder.path, record, INITIAL_WEIGHTS)
            shutil.copyfile(folder.file(INITIAL_WEIGHTS), again.file(INITIAL_WEIGHTS))
        if folder.file(SPEC).exists():
            # An older version may have read the file, or fitted a scaling, in another way.
            check_file(folder.path, record, SPEC)
            shutil.copyfile(folder.file(SPEC), again.file(SPEC))
        facts = {"command": list(command), "seed": experiment.seed, **environment_facts()}
        with recording(again, facts) as going_on:
            again.write_text(CONFIG, experiment.to_yaml())
            # Another GPU is as good as the one that there was; a CPU is not.
            device = "cpu" if record.get("device") == "cpu" else "auto"
            options = RunOptions(
                again.path.parent, command, device=device, threads=threads_of(record)
            )
            told = stored_spec(again, experiment)
            prepared = prepare(experiment, options, listener, told=told)
            carry_out(experiment, prepared, ActiveRun(again, going_on, listener))
        now = Outcome.of(again, again.read_record())
    difference = then.first_difference(now)
    reasons = [] if difference is None else differences(then.record, now.record)
    return Reproduction(folder, len(then.history), difference, reasons)


@dataclass(frozen=True)
class Outcome:
    """What a run was and gave, as far as it must come out the same again.

    Attributes:
        record: What `run.json` says.
        history: The rows of `history.csv`, by column.
    """

    record: Mapping[str, Any]
    history: list[dict[str, str]]

    @classmethod
    def of(cls, folder: RunFolder, record: Mapping[str, Any]) -> Outcome:
        """Read it from a run folder."""
        rows = []
        if folder.file(HISTORY).exists():
            check_file(folder.path, record, HISTORY)
            rows = list(csv.DictReader(history_text(folder.path).splitlines()))
        return cls(record, rows)

    def first_difference(self, other: Outcome) -> str | None:
        """Say what differs first, in the order in which a run makes it; None where nothing does."""
        for key, name in (("data", "the data"), ("initial_weights", "the initial weights")):
            if found := self._unequal(other, key):
                return f"{name} differ: {found}"
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
            return f"there were {len(self.history)} epochs and are {len(other.history)}"
        if found := self._unequal(other, "final_weights"):
            return f"the final weights differ: {found}"
        return None

    def _unequal(self, other: Outcome, key: str) -> str:
        """Name the arrays whose hashes differ."""
        then, now = (dict(one.record.get(key) or {}) for one in (self, other))
        return ", ".join(name for name in then | now if then.get(name) != now.get(name))
