"""Gathers what `sweep.html` says."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dlrun.reports.page.links import NO_LINKS, Links
from dlrun.reports.page.rendering import render
from dlrun.reports.plots.style import SPLIT_NAMES
from dlrun.reports.plots.sweep_shelf import SweepPictures
from dlrun.reports.repeats import REPEATED
from dlrun.reports.statistics import Estimate, margin_legend
from dlrun.reports.sweep_data import SeedNoise, SweepData, seed_noise
from dlrun.reports.sweep_results import SweepPoint, SweepRun
from dlrun.rundir.names import SPLITS
from dlrun.wording import (
    DASH,
    choice_in_words,
    format_number,
    settings_of,
    short_names,
    tally,
    text_of,
    value_text,
)

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
    """A point as the table shows it."""

    values: tuple[str, ...]  # one a column
    mean: str  # the objective with its margin
    status: str  # of its run; of several, how many are finished, such as `2/3`
    epochs: int  # of that run which came farthest
    run: str  # the folder of its best run; empty where none has the objective
    is_best: bool


def sweep_page(data: SweepData, pictures: SweepPictures, links: Links = NO_LINKS) -> str:
    """Write the page of a sweep: HTML that needs nothing else."""
    results = data.results
    columns = data.keys[:MOST_COLUMNS]
    names = short_names(columns)
    failures = [run for run in results.runs if run.status in _UNFINISHED]
    best = data.points[0] if data.points else None
    return render(
        "sweep.html.jinja",
        title=text_of(results.name),
        links=links,
        headline=_headline(data),
        remarks=_remarks(data),
        objective=text_of(results.objective, _NAME) or "objective",
        best=best and _best(data, best),
        metrics=best and _metrics(best.best),
        split_names=SPLIT_NAMES,
        commands=_commands(data),
        columns=[text_of(names[key], _NAME) for key in columns],
        has_seeds=results.is_repeated,
        has_epochs=any(run.status == _STOPPED for run in results.runs),
        rows=[_row(data, point, columns) for point in data.every[:MOST_POINTS]],
        more_rows=max(0, len(data.every) - MOST_POINTS),
        margin_legend=margin_legend(one.estimate for one in data.points),
        pictures=pictures,
        noise=_noise(data),
        without_effects=_without_effects(data, pictures),
        failures=_failures(data, failures[:MOST_FAILURES]),
        more_failures=max(0, len(failures) - MOST_FAILURES),
    )


def _headline(data: SweepData) -> str:
    results = data.results
    if not results.runs:
        return "No run is there yet."
    counts = Counter(run.status for run in results.runs)
    how = ", ".join(f"{amount:,} {status}" for status, amount in counts.items())
    said = f"{tally(len(results.runs), 'run')} of {tally(len(data.every), 'point')}: {how}"
    said += f", {results.missing:,} missing." if results.missing else "."
    if results.objective:
        said += f" The {'larger' if results.larger else 'smaller'} the "
        said += f"{text_of(results.objective, _NAME)}, the better."
    return said


def _remarks(data: SweepData) -> list[str]:
    results, remarks = data.results, []
    if results.missing:
        are = "is" if results.missing == 1 else "are"
        what = "missing: `dlrun sweep` with the same file trains what is not there."
        remarks.append(f"{tally(results.missing, 'run')} {are} {what}")
    running = sum(run.status == "running" for run in results.runs)
    if running:
        remarks.append(f"{tally(running, 'run')} still at work when this page was made.")
    if results.left_out:
        are = "belongs" if results.left_out == 1 else "belong"
        what = f"in the folder {are} to an earlier form of this sweep and left out."
        remarks.append(f"{tally(results.left_out, 'run')} {what}")
    if results.repeated:
        are = "is the same as another" if results.repeated == 1 else "are the same as others"
        remarks.append(f"{tally(results.repeated, 'run')} {are} and left out.")
    if tie := results.tie_in_words():
        remarks.append(f"{tie}.")
    choice = choice_in_words(results.split) if data.points else None
    if choice is not None:
        remarks.append(f"{choice[0].upper()}{choice[1:]}.")
    if results.runs and not data.points:
        remarks.append("No run is finished with the objective measured: there is nothing to draw.")
    return remarks


def _best(data: SweepData, point: SweepPoint) -> dict[str, str]:
    facts = {
        text_of(key, _NAME): text_of(value_text(value), 2 * _VALUE)
        for key, value in list(point.values.items())[:MOST_FACTS]
    }
    found, run = point.estimate, point.best
    several = found is not None and found.count > 1
    over = f", the mean over {found.count} {found.unit}s" if found and several else ""
    facts[text_of(data.results.objective, _NAME)] = _mean(found) + over
    if run is not None:
        facts["best run"] = text_of(run.path.name)
        for key in REPEATED:
            if key in run.point:
                facts[f"its {key.rpartition('.')[2]}"] = text_of(run.point[key], _NAME)
    return facts


def _mean(found: Estimate | None) -> str:
    return DASH if found is None else str(found)


def _metrics(run: SweepRun | None) -> Mapping[str, Mapping[str, float | None]]:
    """The metrics of a run, by name and split."""
    if run is None:
        return {}
    names = dict.fromkeys(name for values in run.metrics.values() for name in values)
    splits = [split for split in SPLITS if split in run.metrics]
    return {
        text_of(name, _NAME): {split: run.metrics[split].get(name) for split in splits}
        for name in list(names)[:MOST_FACTS]
    }


def _commands(data: SweepData) -> list[str]:
    best = data.points[0].best if data.points else None
    if best is None:
        return []
    paths = (data.results.folder, best.path)
    folder, run = (text_of(shlex.quote(str(path)), _PATH) for path in paths)
    return [
        f"dlrun sweep best {folder} -o best.yaml",
        f"dlrun predict {run} INPUT.csv",
        f"dlrun report {run}",
    ]


def _row(data: SweepData, point: SweepPoint, columns: Sequence[str]) -> Row:
    done = sum(run.status == "finished" for run in point.runs)
    has_seeds = data.results.is_repeated
    return Row(
        values=tuple(
            text_of(value_text(point.values[key]), _VALUE) if key in point.values else ""
            for key in columns
        ),
        mean=_mean(point.estimate),
        status=f"{done}/{len(point.runs)}" if has_seeds else point.runs[0].status,
        epochs=max(run.epochs for run in point.runs),
        run="" if point.best is None else point.best.path.name,
        is_best=bool(data.points) and point is data.points[0],
    )


def _noise(data: SweepData) -> list[str]:
    found = seed_noise(data.points, larger=data.results.larger)
    if found is None:
        return []
    one, objective = found.unit, text_of(data.results.objective, _NAME)
    said = f"From {one} to {one} the {objective} of a point scatters "
    said += f"by {format_number(found.within)} (standard deviation"
    said += (
        ")." if found.points == 1 else f" over the {one}s, pooled over {found.points:,} points)."
    )
    lines = [said]
    if found.between is not None and found.by_chance is not None:
        said = f"The means of the points scatter by {format_number(found.between)}; if all points"
        by_chance = format_number(found.by_chance)
        said += f" were equally good, {one}s alone would make that {by_chance}."
        lines.append(said)
    if found.tested:
        lines.append(_lead(found))
    return lines


def _lead(found: SeedNoise) -> str:
    tests = "t-tests at 5 %, with Holm's correction"
    if not found.tied:
        others = "the other" if found.tested == 1 else f"each of the {found.tested:,} others"
        said = f"The best of them is better than {others} by more than chance would make it"
        return f"{said} ({tests})."
    of = "the other" if found.tested == 1 else f"{found.tied:,} of the {found.tested:,} others"
    said = f"Against the best of them no difference is shown for {of} ({tests}): that lead may be"
    return f"{said} chance, and only more {found.unit}s would tell."


def _failures(data: SweepData, runs: Sequence[SweepRun]) -> dict[str, list[tuple[str, str]]]:
    """By what went wrong the runs of which it is true: their folders and their values."""
    found: dict[str, list[tuple[str, str]]] = {}
    for run in runs:
        reason = f"{run.status}: {text_of(run.reason, _REASON)}"
        keys = [key for key in (*data.keys, *REPEATED) if key in run.point]
        values = text_of(settings_of({key: run.point[key] for key in keys}), 2 * _VALUE)
        found.setdefault(reason, []).append((run.path.name, values))
    return found


def _without_effects(data: SweepData, pictures: SweepPictures) -> list[str]:
    """Why there are no plots of effects, or not of all keys, in sentences."""
    if not data.points:
        return []
    lines = []
    measured = {axis.key for axis in data.axes}
    silent = [text_of(key, _NAME) for key in data.keys if key not in measured]
    if silent:
        keys = ", ".join(silent[:MOST_FACTS])
        lines.append(f"Of {keys} only one value has finished runs: there is no effect to draw.")
    if not data.keys:
        lines.append("No key varies, so there is no effect to draw.")
    missing = len(data.axes) - len(pictures.effects)
    if missing:
        why = "too many, or too many different values that are no numbers."
        lines.append(f"{tally(missing, 'more key', 'more keys')} without a plot: {why}")
    return lines
