"""Asynchronous successive halving, held against its rule worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from dlrun.sweeps.schedulers import SuccessiveHalving
from dlrun.sweeps.trials import Trial


@dataclass
class Course:
    """A ladder of runs with given scores, climbed by one worker after the other."""

    scores: list
    eta: int = 3
    min_epochs: int = 1
    epochs: int = 9

    def __post_init__(self):
        """Begin."""
        self.trials = [
            Trial(SimpleNamespace(training=SimpleNamespace(epochs=self.epochs)), {}, str(number))
            for number in range(len(self.scores))
        ]
        self.ladder = SuccessiveHalving(
            self.trials,
            lambda _job: None,
            score=self.score,
            eta=self.eta,
            min_epochs=self.min_epochs,
        )
        self.told = []

    def score(self, trial, epoch):
        """The same score at every rung that a run has reached."""
        return self.scores[self.trials.index(trial)] if trial.epoch >= epoch else None

    def step(self):
        """Let the next run work to its pause, or to its end; False where there is none."""
        trial = self.ladder.next()
        if trial is None:
            return False
        self.finish(trial)
        return True

    def finish(self, trial):
        """End a run at work."""
        trial.epoch = next((rung for rung in trial.pauses if rung > trial.epoch), trial.epochs)
        trial.status = "paused" if trial.epoch < trial.epochs else "finished"
        self.told.append((self.trials.index(trial), trial.epoch))


def test_one_worker_climbs_as_the_algorithm_says():
    """Nine runs, eta 3: at the third run the best goes on, then at the sixth, then at the ninth."""
    course = Course([5, 1, 9, 2, 8, 3, 7, 4, 6])
    while course.step():
        pass
    assert course.told == [
        (0, 1), (1, 1), (2, 1), (2, 3), (3, 1), (4, 1), (5, 1), (4, 3), (6, 1), (7, 1), (8, 1),
        (6, 3), (2, 9),
    ]  # fmt: skip
    assert [trial.status for trial in course.trials].count("finished") == 1
    assert not course.ladder.waits()


def test_a_run_at_work_keeps_its_place_on_the_rung():
    """It counts where it has been, and is not promoted twice."""
    course = Course([1, 2, 3, 0, 0, 0])
    for _ in range(3):
        course.step()
    promoted = course.ladder.next()
    promoted.status = "running"
    assert (course.trials.index(promoted), promoted.pauses) == (2, [1, 3])
    assert [course.trials.index(course.ladder.next()) for _ in range(2)] == [3, 3]


def test_few_runs_bring_one_to_its_end_all_the_same():
    """Two are too few to promote one of three; the better one goes on from rung to rung."""
    course = Course([1, 2])
    while course.step():
        pass
    assert course.told == [(0, 1), (1, 1), (1, 3), (1, 9)]
    assert [trial.status for trial in course.trials] == ["paused", "finished"]


@pytest.mark.parametrize(
    ("min_epochs", "epochs", "rungs"),
    [(1, 9, [1, 3]), (5, 50, [5, 15, 45]), (9, 9, []), (2, 3, [2])],
)
def test_rungs(min_epochs, epochs, rungs):
    """Each is eta times as high; the end of a run is none."""
    course = Course([1], min_epochs=min_epochs, epochs=epochs)
    assert course.ladder.rungs(course.trials[0]) == rungs


def test_nan_is_worse_than_anything():
    """A run without a number is never promoted before one with a number."""
    course = Course([float("nan"), -1e30, float("nan")])
    for _ in range(4):
        course.step()
    assert course.told[-1] == (1, 3)


def test_runs_that_ended_by_themselves_count():
    """A finished run is not promoted; it may keep others down."""
    course = Course([9, 1, 2])
    first = course.ladder.next()
    first.epoch, first.status = 9, "finished"
    course.step()
    course.step()
    assert not course.step()
    assert [trial.status for trial in course.trials] == ["finished", "paused", "paused"]
