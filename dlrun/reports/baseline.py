"""What one would answer who sees no features, and whether a network does better than that.

Of classes it is the most frequent one of the training rows, of labels the more frequent of yes and
no, of numbers their mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlrun.reports.labels import LabelsReport
from dlrun.reports.scores import ClassificationReport
from dlrun.reports.statistics import LEVEL, holm, mcnemar, p_in_words, two_sided_p
from dlrun.wording import count, format_number, quote

Beats = Literal["better", "worse", "undecided"]
RESAMPLES = 2_000
LEAST = 2 / (RESAMPLES + 1)
"""The smallest p value of a test by resampling: of a difference that none of them has reached."""
BOOTSTRAP = "bootstrap over rows"
FEW_ROWS = 2_000
"""Up to so many rows are resampled; of more, the mean is normal as closely as one can tell."""
MOST_NAMED = 5
Kind = Literal["class", "labels", "mean", "naive"]


@dataclass(frozen=True)
class Trial:
    """A network against the baseline, on one target or label, or on the classes."""

    name: str | None  # of the target or label; None where there is one
    answer: str | float  # what the baseline says of every row
    network: float  # the share of right answers, or the root of the mean squared error
    baseline: float
    # The probability of a difference as large by chance, corrected by Holm; None where the rows
    # do not tell.
    p: float | None
    beats: Beats  # whether the network is better, or worse, at the level of 5 %


@dataclass(frozen=True)
class Baseline:
    """The baseline of some rows."""

    kind: Kind
    trials: tuple[Trial, ...]
    test: str  # its name
    rows: int
    metrics: Mapping[str, float]  # the loss and the metrics, of its answers
    name: str = "baseline"  # a naive forecast has one of its own
    other: Baseline | None = None  # a second one, of the same rows

    @property
    def beats(self) -> Beats:
        """Whether the network is better, or worse: the worst of all verdicts."""
        words: tuple[Beats, ...] = ("worse", "undecided", "better")
        return min((trial.beats for trial in self.trials), key=words.index)

    @property
    def columns(self) -> dict[str, Mapping[str, float]]:
        """The metrics of all baselines, by what they are called."""
        others = {} if self.other is None else self.other.columns
        return {self.name: self.metrics, **others}

    def to_json(self) -> dict[str, Any]:
        """Give what JSON knows."""
        kinds = {
            "class": "most frequent class",
            "labels": "more frequent of yes and no",
            "naive": self.name,
        }
        return {
            "kind": kinds.get(self.kind, "mean"),
            "metrics": dict(self.metrics),
            "test": self.test,
            "verdicts": [vars(trial) for trial in self.trials],
            **({} if self.other is None else {"other": self.other.to_json()}),
        }

    def in_words(self, split: str) -> str:
        """Say what the baseline is, and whether the network beats it, in one paragraph."""
        if self.kind == "class":
            return self._of_classes(split)
        if self.kind == "naive":
            others = "" if self.other is None else self.other.in_words(split)
            return f"{self._of_forecasts(split)} {others[:1].upper()}{others[1:]}".rstrip()
        return self._of_several(split) if len(self.trials) > 1 else self._of_one(split)

    def _of_classes(self, split: str) -> str:
        one = self.trials[0]
        always = f"baseline: always {quote(str(one.answer))}, the most frequent class of the "
        always += f"training rows, is right in {round(one.baseline * self.rows):,} of {self.rows:,}"
        right = f"{always} {split} rows. The network is right in {round(one.network * self.rows):,}"
        return f"{right}: {_verdict(one, gain=one.network - one.baseline)} ({self._told(one)})."

    def _of_one(self, split: str) -> str:
        one = self.trials[0]
        if self.kind == "labels":
            return self._of_several(split)
        mean = f"baseline: always {format_number(float(one.answer))}, the mean of the training "
        mean += f"rows, is off by {format_number(one.baseline)} in the {split} rows (root mean "
        mean += f"square). The network is off by {format_number(one.network)}"
        return f"{mean}: {_verdict(one, gain=one.baseline - one.network)} ({self._told(one)})."

    def _of_forecasts(self, split: str) -> str:
        of_rows = f"{count(self.rows, f'{split} window')}"
        said = []
        for one in self.trials:
            of_one = "" if one.name is None else f" of {quote(one.name)}"
            off = f"is off{of_one} by {format_number(one.baseline)}"
            ours = f"the network by {format_number(one.network)}"
            verdict = _verdict(one, gain=one.baseline - one.network)
            said.append(f"{off}, {ours}: {verdict} ({self._told(one)})")
        always = f"baseline: the {self.name}, over {of_rows} (root mean square)"
        return f"{always}, {'; '.join(said)}."

    def _of_several(self, split: str) -> str:
        of_labels = self.kind == "labels"
        what = "the more frequent of yes and no" if of_labels else "the mean"
        more, less = "smaller errors", "larger errors"
        if of_labels:
            more, less = "more right answers", "fewer right answers"
        words: dict[Beats, str] = {
            "better": f"{more} by more than chance for",
            "undecided": "no difference beyond chance for",
            "worse": f"{less} by more than chance for",
        }
        parts = []
        for beats, word in words.items():
            names = [quote(one.name or "") for one in self.trials if one.beats == beats]
            rest = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            if names:
                parts.append(f"{word} {', '.join(names[:MOST_NAMED])}{rest}")
        said = (
            f"baseline: always {what} of the training rows. On {count(self.rows, f'{split} row')}"
        )
        return f"{said} the network has {'; '.join(parts)} ({self.test}, corrected by Holm)."

    def _told(self, one: Trial) -> str:
        if one.p is None:
            return self.test
        return f"{self.test}, {p_in_words(one.p, least_p(self.test, len(self.trials)))}"


def least_p(test: str, trials: int) -> float:
    """Give the smallest p value that a test can give, corrected by Holm; 0 where there is none."""
    return trials * LEAST if test.startswith(BOOTSTRAP) else 0.0


def _verdict(one: Trial, *, gain: float) -> str:
    """Say how a network does whose share of right answers, or error, is better by `gain`."""
    if one.beats == "better":
        return "better by more than chance"
    if one.beats == "worse":
        return "WORSE by more than chance"
    if one.p is None:
        return "whether that is chance the rows do not tell"
    if gain == 0:
        return "no better"
    return f"{'better' if gain > 0 else 'worse'}, but chance alone could explain the difference"


@dataclass(frozen=True)
class Judged:
    """What answers say that are held against the true ones, one by one."""

    classification: ClassificationReport | None = None  # where there are classes
    labels: LabelsReport | None = None  # where there are several labels
    baseline: Baseline | None = None  # None where nothing is known of the training rows

    def to_json(self) -> dict[str, Any]:
        """Return what stands beside the metrics of the split."""
        parts = vars(self).items()
        return {name: part.to_json() for name, part in parts if part is not None}


EXACT = "exact McNemar test"


def baseline_of_classes(
    report: ClassificationReport, prior: Sequence[float], metrics: Mapping[str, float]
) -> Baseline:
    """Hold predicted classes against always the one with the largest share of training rows."""
    most = int(np.argmax(prior))
    confusion = np.array(report.confusion)
    right = np.diagonal(confusion)
    # Rows that one of the two gets right and the other wrong.
    gained = int(right.sum() - right[most])
    lost = int(report.support[most] - right[most])
    rows = sum(report.support)
    p = mcnemar(gained, lost)
    shares = int(right.sum()) / max(rows, 1), report.support[most] / max(rows, 1)
    trial = Trial(None, report.class_names[most], *shares, p, beats_of(p, gained - lost))
    return Baseline("class", (trial,), EXACT, rows, metrics)


def baseline_of_labels(
    report: LabelsReport, prior: Sequence[float], metrics: Mapping[str, float]
) -> Baseline:
    """Hold predicted labels against always the more frequent answer, label by label."""
    trials = []
    for one, share in zip(report.labels, prior, strict=True):
        (none, alarms), (missed, hits) = one.confusion
        always_yes = share > 1 / 2
        gained, lost = (none, missed) if always_yes else (hits, alarms)
        right = one.support if always_yes else report.rows - one.support
        rows = max(report.rows, 1)
        trials.append(
            ("yes" if always_yes else "no", (none + hits) / rows, right / rows, gained, lost)
        )
    names = [one.name for one in report.labels]
    found = holm([mcnemar(gained, lost) for *_, gained, lost in trials])
    return Baseline(
        "labels",
        tuple(
            Trial(name, answer, network, base, p, beats_of(p, gained - lost))
            for name, (answer, network, base, gained, lost), p in zip(
                names, trials, found, strict=True
            )
        ),
        EXACT,
        report.rows,
        metrics,
    )


def baseline_of_values(
    network: ArrayLike,
    mean: ArrayLike,
    *,
    names: Sequence[str],
    prior: Sequence[float],
    metrics: Mapping[str, float],
) -> Baseline:
    """Hold squared errors of a network, `(rows, targets)`, against those of the mean."""
    ours, theirs = np.asarray(network, np.float64), np.asarray(mean, np.float64)
    gain = theirs - ours
    rows = len(gain)
    resampled = rows <= FEW_ROWS
    found = holm([_p_of_mean(column, resampled=resampled) for column in gain.T])
    with np.errstate(over="ignore", invalid="ignore"):
        roots = np.sqrt(ours.mean(axis=0)), np.sqrt(theirs.mean(axis=0))
        differences = gain.mean(axis=0)
    several = len(names) > 1
    trials = tuple(
        Trial(
            name if several else None, value, float(own), float(other), p, beats_of(p, difference)
        )
        for name, value, own, other, p, difference in zip(
            names, prior, *roots, found, differences, strict=True
        )
    )
    test = BOOTSTRAP if resampled else "paired t-test over rows"
    return Baseline("mean", trials, f"{test} of squared errors", rows, metrics)


def _p_of_mean(gain: NDArray[np.float64], *, resampled: bool) -> float | None:
    """Give the two-sided p value of a mean of 0; None where nothing tells."""
    rows = len(gain)
    if rows < 2 or not np.isfinite(gain).all():  # noqa: PLR2004
        return None
    if not resampled:
        error = float(gain.std(ddof=1)) / np.sqrt(rows)
        return two_sided_p(float(gain.mean()) / error, rows - 1) if error > 0 else None
    generator = np.random.Generator(np.random.PCG64(0))
    means = np.concatenate(
        [gain[generator.integers(0, rows, (RESAMPLES // 8, rows))].mean(axis=1) for _ in range(8)]
    )
    fewer = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return min(1.0, (fewer + 1) * LEAST)


def beats_of(p: float | None, difference: float) -> Beats:
    """Say what a difference is worth: above 0, that the network is better."""
    if p is None or p >= LEVEL or difference == 0:
        return "undecided"
    return "better" if difference > 0 else "worse"
