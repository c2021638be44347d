"""Lets the trackers of a config hear of a run; one that fails is a warning, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from dlrun.config import Experiment, given
from dlrun.errors import DlrunError, failure
from dlrun.rundir.record import how_it_ended
from dlrun.training.listener import WARNING, Listener

if TYPE_CHECKING:
    from dlrun.rundir.folder import Run


@contextmanager
def tracking(experiment: Experiment, watcher: Listener) -> Iterator[Listener]:
    """Give who hears of a run beside its trackers, and tell these how it ended."""
    if not experiment.trackers:
        yield watcher
        return
    heard = Tracking(experiment, watcher)
    try:
        yield heard
    except BaseException as error:
        heard.ended(status=how_it_ended(error)["status"])
        raise


class Tracking(Listener):
    """Tells whoever watches, and then the trackers, which are opened where the run begins."""

    def __init__(self, experiment: Experiment, watcher: Listener) -> None:
        self._experiment = experiment
        self._watcher = watcher
        self._trackers: dict[str, Listener] = {}
        self._run: Run | None = None

    def message(self, text: str) -> None:
        """Pass it on to who watches."""
        self._watcher.message(text)

    def doing(self, text: str) -> None:
        """Pass it on to who watches."""
        self._watcher.doing(text)

    def begun(self, *, run: Run, facts: Mapping[str, Any]) -> None:
        """Open the trackers."""
        from dlrun.trackers import Tracked, open_tracker

        self._run = run
        told = hyperparameters(self._experiment, facts)
        tracked = Tracked(run, self._experiment.name, told, facts)
        for number, one in enumerate(self._experiment.trackers):
            name = f"trackers[{number}] ({one.type})"
            try:
                self._trackers[name] = open_tracker(one.type, one.arguments, tracked)
            except Exception as error:  # noqa: BLE001 - a tracker never costs a run
                self._warn(name, error)

    def started(self, *, epochs: int, steps: int, first_epoch: int = 0) -> None:
        """Tell it."""
        self._tell("started", epochs=epochs, steps=steps, first_epoch=first_epoch)

    def recalled(self, *, epoch: int, logs: Mapping[str, float]) -> None:
        """Tell it."""
        self._tell("recalled", epoch=epoch, logs=logs)

    def epoch_ended(self, *, epoch: int, logs: Mapping[str, float]) -> None:
        """Tell it."""
        self._tell("epoch_ended", epoch=epoch, logs=logs)

    def progressed(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Tell it."""
        self._tell("progressed", epoch=epoch, step=step, logs=logs)

    def finished(self) -> None:
        """Tell it."""
        self._tell("finished")

    def completed(self, *, run: Run) -> None:
        """Tell it."""
        self._run = run
        self._tell("completed", run=run)

    def ended(self, *, status: str) -> None:
        """Tell it."""
        self._tell("ended", status=status)

    def _tell(self, what: str, **told: Any) -> None:
        """Tell who watches, and the trackers; one that fails hears nothing more."""
        getattr(self._watcher, what)(**told)
        for name, tracker in [*self._trackers.items()]:
            try:
                getattr(tracker, what)(**told)
            except Exception as error:  # noqa: BLE001 - a tracker never costs a run
                del self._trackers[name]
                with suppress(Exception):  # it has failed already, and may hold files
                    tracker.finished()
                self._warn(name, error)

    def _warn(self, name: str, error: Exception) -> None:
        line = f"{WARNING}the run goes on without {name}: {failure(error)}"
        self._watcher.message(line)
        if self._run is not None:
            with suppress(DlrunError):  # an extension that brought nothing has no folder any more
                self._run.log(line)


def hyperparameters(
    experiment: Experiment, facts: Mapping[str, Any]
) -> dict[str, bool | float | str]:
    """Tell the config by dotted path as far as it is no default; in a sweep, what is varied too."""
    varied = (facts.get("sweep") or {}).get("point", {})
    chosen = {*given.given_paths(experiment), *varied, "seed"}
    return {
        path: value if isinstance(value, bool | int | float) else str(value)
        for path, value in given.flat(experiment).items()
        if path in chosen and not path.startswith(("trackers", "plots")) and value is not None
    }
