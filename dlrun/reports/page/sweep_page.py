"""Gathers what `sweep.html` says."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlrun.reports.page.rendering import render
from dlrun.reports.plots.style import SPLIT_NAMES
from dlrun.reports.seed_noise import seed_noise
from dlrun.reports.sweep_results import SEED
from dlrun.rundir.names import SPLITS
from dlrun.wording import (
    choice_in_words,
    format_number,
    settings_of,
    short_names,
    tally,
    text_of,
    value_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlrun.reports.plots.sweep_shelf import SweepPictures
    from dlrun.reports.seed_noise import SeedNoise
    from dlrun.reports.seeds import Estimate
    from dlrun.reports.sweep_results import SweepPoint, SweepRun
    from dlrun.reports.sweep_story import SweepStory

MOST_POINTS = 50
MOST_COLUMNS = 8
MOST_FAILURES = 30
MOST_FACTS = 40
_NAME = 60
_VALUE = 80
_REASON = 400
_PATH = 1000
_UNFINISHED = ("failed", "killed", "interrupted")
_STOPPED = "stopped early"


@dataclass(frozen=True)
class Row:
    """A point as the table shows it.

    Attributes:
        values: Its values, one a column.
        mean: The objective with its margin.
        status: How its run stands; of several, how many are finished, such as `2/3`.
        epochs: The number of epochs of that run which came farthest.
        run: The folder of its best run; empty where none has the objective.
        is_best: Whether it is the best point.
    """

    values: tuple[str, ...]
    mean: str
    status: str
    epochs: int
    run: str
    is_best: bool


def sweep_page(story: SweepStory, pictures: SweepPictures) -> str:
    """Write the page of a sweep.

    Args:
        story: What to tell.
        pictures: Its plots.

    Returns:
        HTML that needs nothing else.
    """
    results = story.results
    columns = story.keys[:MOST_COLUMNS]
    names = short_names(columns)
    failures = [run for run in results.runs if run.status in _UNFINISHED]
    best = story.points[0] if story.points else None
    return render(
        "sweep.html.jinja",
        title=text_of(results.name),
        headline=_headline(story),
        remarks=_remarks(story),
        objective=text_of(results.objective, _NAME) or "objective",
        best=best and _best(story, best),
        metrics=best and _metrics(best.best),
        split_names=SPLIT_NAMES,
        commands=_commands(story),
        columns=[text_of(names[key], _NAME) for key in columns],
        has_seeds=SEED in results.axes,
        has_epochs=any(run.status == _STOPPED for run in results.runs),
        rows=[_row(story, point, columns) for point in story.every[:MOST_POINTS]],
        more_rows=max(0, len(story.every) - MOST_POINTS),
        has_margins=any(one.estimate and one.estimate.margin is not None for one in story.points),
        pictures=pictures,
        noise=_noise(story),
        without_effects=_without_effects(story, pictures),
        failures=_failures(story, failures[:MOST_FAILURES]),
        more_failures=max(0, len(failures) - MOST_FAILURES),
    )


def _headline(story: SweepStory) -> str:
    """What came out, in two sentences."""
    results = story.results
    if not results.runs:
        return "No run is there yet."
    counts: dict[str, int] = {}
    for run in results.runs:
        counts[run.status] = counts.get(run.status, 0) + 1
    how = ", ".join(f"{amount:,} {status}" for status, amount in counts.items())
    said = f"{tally(len(results.runs), 'run')} of {tally(len(story.every), 'point')}: {how}"
    said += f", {results.missing:,} missing." if results.missing else "."
    if results.objective:
        said += f" The {'larger' if results.larger else 'smaller'} the "
        said += f"{text_of(results.objective, _NAME)}, the better."
    return said


def _remarks(story: SweepStory) -> list[str]:
    """What a reader must know before believing the rest."""
    results, remarks = story.results, []
    if results.missing:
        are = "is" if results.missing == 1 else "are"
        remarks.append(
            f"{tally(results.missing, 'run')} {are} missing: "
            "`dlrun sweep` with the same file trains what is not there."
        )
    running = sum(run.status == "running" for run in results.runs)
    if running:
        remarks.append(f"{tally(running, 'run')} still at work when this page was made.")
    if results.left_out:
        are = "belongs" if results.left_out == 1 else "belong"
        remarks.append(
            f"{tally(results.left_out, 'run')} in the folder {are} to an earlier form of this "
            "sweep and left out."
        )
    if results.repeated:
        are = "is the same as another" if results.repeated == 1 else "are the same as others"
        remarks.append(f"{tally(results.repeated, 'run')} {are} and left out.")
    choice = choice_in_words(results.split) if story.points else None
    if choice is not None:
        remarks.append(f"{choice[0].upper()}{choice[1:]}.")
    if results.runs and not story.points:
        remarks.append("No run is finished with the objective measured: there is nothing to draw.")
    return remarks


def _best(story: SweepStory, point: SweepPoint) -> dict[str, str]:
    """The best point, as pairs of a word and what it is."""
    facts = {
        text_of(key, _NAME): text_of(value_text(value), 2 * _VALUE)
        for key, value in list(point.values.items())[:MOST_FACTS]
    }
    facts[text_of(story.results.objective, _NAME)] = _mean(point.estimate) + _over(point)
    run = point.best
    if run is not None:
        facts["best run"] = text_of(run.path.name)
        if SEED in run.point:
            facts["its seed"] = text_of(run.point[SEED], _NAME)
    return facts


def _over(point: SweepPoint) -> str:
    """Over how many seeds the mean is taken."""
    if point.estimate is None or point.estimate.count == 1:
        return ""
    return f", the mean over {point.estimate.count} seeds"


def _mean(found: Estimate | None) -> str:
    """A mean and its margin."""
    if found is None:
        return "–"  # noqa: RUF001 - a dash in the place of a number
    return format_number(found.mean) + (
        "" if found.margin is None else f" ± {format_number(found.margin)}"
    )


def _metrics(run: SweepRun | None) -> Mapping[str, Mapping[str, float | None]]:
    """The metrics of a run by name and split, as the table shows them."""
    if run is None:
        return {}
    names = dict.fromkeys(name for values in run.metrics.values() for name in values)
    splits = [split for split in SPLITS if split in run.metrics]
    return {
        text_of(name, _NAME): {split: run.metrics[split].get(name) for split in splits}
        for name in list(names)[:MOST_FACTS]
    }


def _commands(story: SweepStory) -> list[str]:
    """How to go on with the best run."""
    best = story.points[0].best if story.points else None
    if best is None:
        return []
    paths = (story.results.folder, best.path)
    folder, run = (text_of(shlex.quote(str(path)), _PATH) for path in paths)
    return [
        f"dlrun sweep best {folder} -o best.yaml",
        f"dlrun predict {run} INPUT.csv",
        f"dlrun report {run}",
    ]


def _row(story: SweepStory, point: SweepPoint, columns: Sequence[str]) -> Row:
    done = sum(run.status == "finished" for run in point.runs)
    has_seeds = SEED in story.results.axes
    return Row(
        values=tuple(
            text_of(value_text(point.values[key]), _VALUE) if key in point.values else ""
            for key in columns
        ),
        mean=_mean(point.estimate),
        status=f"{done}/{len(point.runs)}" if has_seeds else point.runs[0].status,
        epochs=max(run.epochs for run in point.runs),
        run="" if point.best is None else point.best.path.name,
        is_best=bool(story.points) and point is story.points[0],
    )


def _noise(story: SweepStory) -> list[str]:
    """How the spread over seeds compares with the differences between points, in sentences."""
    found = seed_noise(story.points, larger=story.results.larger)
    if found is None:
        return []
    said = f"From seed to seed the {text_of(story.results.objective, _NAME)} of a point scatters "
    said += f"by {format_number(found.within)} (standard deviation"
    said += ")." if found.points == 1 else f" over the seeds, pooled over {found.points:,} points)."
    lines = [said]
    if found.between is not None and found.by_chance is not None:
        line = f"The means of the points scatter by {format_number(found.between)}"
        lines.append(
            f"{line}; if all points were equally good, seeds alone would make that "
            f"{format_number(found.by_chance)}."
        )
    if found.tested:
        lines.append(_lead(found))
    return lines


def _lead(found: SeedNoise) -> str:
    """Whether the lead of the best point may be chance, in a sentence."""
    tests = "t-tests at 5 %, with Holm's correction"
    if not found.tied:
        others = "the other" if found.tested == 1 else f"each of the {found.tested:,} others"
        return (
            f"The best of them is better than {others} by more than chance would make it ({tests})."
        )
    of = "the other" if found.tested == 1 else f"{found.tied:,} of the {found.tested:,} others"
    return (
        f"Against the best of them no difference is shown for {of} ({tests}): that lead may be "
        "chance, and only more seeds would tell."
    )


def _failures(story: SweepStory, runs: Sequence[SweepRun]) -> dict[str, list[tuple[str, str]]]:
    """By what went wrong the runs of which it is true: their folders and their values."""
    found: dict[str, list[tuple[str, str]]] = {}
    for run in runs:
        reason = f"{run.status}: {text_of(run.reason, _REASON)}"
        keys = [key for key in (*story.keys, SEED) if key in run.point]
        values = text_of(settings_of({key: run.point[key] for key in keys}), 2 * _VALUE)
        found.setdefault(reason, []).append((run.path.name, values))
    return found


def _without_effects(story: SweepStory, pictures: SweepPictures) -> list[str]:
    """Why there are no plots of effects, or not of all keys, in sentences."""
    if not story.points:
        return []
    lines = []
    measured = {axis.key for axis in story.axes}
    silent = [text_of(key, _NAME) for key in story.keys if key not in measured]
    if silent:
        lines.append(
            f"Of {', '.join(silent[:MOST_FACTS])} only one value has finished runs: there is no "
            "effect to draw."
        )
    if not story.keys:
        lines.append("No key varies, so there is no effect to draw.")
    missing = len(story.axes) - len(pictures.effects)
    if missing:
        lines.append(
            f"{tally(missing, 'more key', 'more keys')} without a plot: too many, or too many "
            "different values that are no numbers."
        )
    return lines
