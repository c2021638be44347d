"""Gathers what `report.html` of one run says."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.arrays import SeriesForm, Spec
from dlrun.columns.packing import are_plain
from dlrun.config import given
from dlrun.reports.confusions import confusions
from dlrun.reports.gap import generalisation_gap
from dlrun.reports.mistakes import count_wrong
from dlrun.reports.page.graph_drawing import BOX_HEIGHT, BOX_WIDTH, DATA, draw_graph
from dlrun.reports.page.network_drawing import RADIUS, draw_network
from dlrun.reports.page.rendering import render
from dlrun.reports.page.series_table import series_table
from dlrun.reports.page.shown_rows import (
    are_numbers,
    foretold_words,
    found_by,
    mistake_columns,
    sample,
    shown_mistakes,
    text_columns,
)
from dlrun.reports.page.window_drawing import HEIGHT, WIDTH
from dlrun.reports.plots.class_curves import curves_fit, have_curves
from dlrun.reports.plots.predicted_true import fits as values_fit
from dlrun.reports.plots.predicted_true import target_values
from dlrun.reports.plots.shelf import Picture
from dlrun.reports.plots.style import SPLIT_NAMES
from dlrun.reports.run_data import (
    LEARNING_RATE,
    Layer,
    ReportData,
    best_epoch,
    changes,
    class_scores,
)
from dlrun.reports.scores import ClassScores, Distances, distances, has_both, precision_recall, roc
from dlrun.reports.statistics import share_interval
from dlrun.reports.thresholds import threshold_table
from dlrun.rundir.record import started
from dlrun.wording import (
    DASH,
    format_axes,
    format_duration,
    format_number,
    is_number,
    percent,
    tally,
    text_of,
)

MOST_NAMES = 40
_HASH = 16  # hexadecimal digits


def run_page(
    data: ReportData, pictures: Iterable[Picture], links: Mapping[str, str] | None = None
) -> str:
    """Write the page of a run with its plots: HTML that needs nothing else.

    `links` are the addresses of pages that speak of the run, by what they are.
    """
    plots: dict[str, list[Picture]] = {}
    config, mistakes = given.lines(data.experiment), shown_mistakes(data)
    beside, more_beside = mistake_columns(data)
    for picture in pictures:
        plots.setdefault(picture.section, []).append(picture)
    return render(
        "run.html.jinja",
        data=data,
        title=data.experiment.name,
        head=_head(data),
        links=links or {},
        headline=headline(data),
        remarks=list(remarks(data)),
        config=config,
        dataset=_dataset(data),
        data_notes=_data_notes(data),
        class_counts=_class_counts(data),
        sample=sample(data),
        drawing=draw_graph(data.layers, data.spec.input_shape, data.spec.views),
        box=(BOX_WIDTH, BOX_HEIGHT),
        is_stack=_is_stack(data.layers),
        network=draw_network(data),
        radius=RADIUS,
        window_size=(WIDTH, HEIGHT),
        shape=format_axes,
        split_names=SPLIT_NAMES,
        training=_training(data),
        weights=_weights(data),
        metric_names=list(dict.fromkeys(name for one in data.metrics.values() for name in one)),
        class_rows=class_rows(data),
        confusions=[] if data.classification is None else confusions(data.classification),
        perfect=_perfect(data),
        thresholds=threshold_table(data),
        labels=data.labels,
        baselines={} if data.baseline is None else data.baseline.columns,
        distances=target_distances(data),
        by_series=series_table(data),
        plots=plots,
        mistakes=mistakes,
        mistake_columns=beside,
        more_beside=more_beside,
        found_by=found_by(data),
        mistake_numbers=are_numbers([one.values for one in mistakes]),
        text_columns=text_columns(data),
        wrong=count_wrong(data) if data.is_classification else 0,
        asked=_sections(config),
        repeat=_repeat(data),
        hashes=_hashes(data),
    )


def _head(data: ReportData) -> dict[str, Any]:
    """Who made the run and when, and what was said of it since."""
    user = data.record.get("user")
    begun = data.record.get("started")
    return {
        "author": text_of(user, 60) if isinstance(user, str) else "",
        "started": text_of(begun, 40).partition("T")[0] if begun else "",
        "labels": data.said.labels,
        "note": data.said.note or "",
    }


def _is_stack(layers: Sequence[Layer]) -> bool:
    """Whether each layer reads the one above it, and so there is nothing to say of that."""
    above = (DATA, *(layer.name for layer in layers))
    return all(layer.inputs == (name,) for layer, name in zip(layers, above, strict=False))


def _perfect(data: ReportData) -> str:
    """Say so where there are no curves because all of them would be perfect; else nothing."""
    if not have_curves(data) or curves_fit(data):
        return ""
    one = "label is" if data.has_labels else "class is"
    return (
        f"There are no ROC and precision-recall curves: at some threshold each {one} told from the "
        "others without a mistake."
    )


def _sections(config: Iterable[given.Line]) -> list[list[str]]:
    """The lines of a config that are no defaults, by its sections, which stay together."""
    found: list[list[str]] = []
    for line in config:
        if line.given:
            if not found or not line.text.startswith((" ", "-")):
                found.append([])
            found[-1].append(line.text)
    return found


def _dataset(data: ReportData) -> dict[str, str]:
    """What the rows look like, as pairs of a word and what it is."""
    spec, dataset = data.spec, data.experiment.dataset
    facts = {"dataset": dataset.type}
    facts["rows"] = ", ".join(
        f"{total:,} {SPLIT_NAMES[split]}" for split, total in spec.rows.items()
    )
    facts["one row"] = (
        "an image of " + format_axes(spec.image_shape)
        if spec.image_shape
        else (
            _width(spec)
            if len(spec.input_shape) == 1
            else f"an array of {format_axes(spec.input_shape)}"
        )
    )
    if spec.series is not None:
        facts["one row"] = _window(spec, spec.series)
    if spec.image_shape and len(spec.input_shape) == 1 and spec.columns is None:
        facts["one row"] += f", flattened to {spec.input_shape[0]} numbers"
    if spec.feature_names:
        facts["columns"] = _listed(_names(spec))
    if spec.class_names:
        facts["classes"] = f"{len(spec.class_names)}: {_listed(spec.class_names)}"
    else:
        told = _listed(spec.target_names) if spec.series is None else foretold_words(spec.series)
        facts["labels" if spec.labels else "targets"] = told
    if spec.target_scaling is not None:
        facts["target scale"] = f"{spec.target_scaling.kind}, for the loss alone"
    if spec.columns is None:
        facts["scaling"] = spec.scaling.kind if spec.scaling else "none"
    labels = data.record.get("labels")
    if isinstance(labels, str):
        facts["loss gets" if spec.labels else "labels"] = text_of(labels).removeprefix("labels: ")
    return facts


def _window(spec: Spec, form: SeriesForm) -> str:
    """What a window of series shows, and what follows it."""
    seen = _listed(tuple(column.name for column in spec.columns or () if column.entries))
    return f"{tally(form.window, 'step')} of {seen}, which foretell {foretold_words(form)}"


def _data_notes(data: ReportData) -> list[str]:
    """What was done to the rows, and what is to be known of them, as it was said in training."""
    notes = data.record.get("data_notes")
    return [text_of(note) for note in notes] if isinstance(notes, list) else []


def _width(spec: Spec) -> str:
    """How many columns there are, and how many numbers they become."""
    columns, entries = len(_names(spec)), spec.input_shape[0]
    return tally(columns, "column") + (f", as {entries:,} numbers" if columns != entries else "")


def _names(spec: Spec) -> tuple[str, ...]:
    """The columns that the network gets, those that are no numbers with their kind."""
    if are_plain(spec.columns or ()):
        return spec.feature_names or ("",) * spec.input_shape[0]
    used = [column for column in spec.columns or () if column.is_read]
    return tuple(
        column.name if column.kind == "number" else f"{column.name} ({column.kind})"
        for column in used
    )


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _class_counts(data: ReportData) -> list[tuple[str, list[int]]]:
    """For each class its rows in each split; nothing where there are too many classes."""
    if not data.class_counts or len(data.class_names) > MOST_NAMES:
        return []
    return [
        (name, [counts[number] for counts in data.class_counts.values()])
        for number, name in enumerate(data.class_names)
    ]


def _training(data: ReportData) -> dict[str, str]:
    """How the weights were fitted, as pairs of a word and what it is."""
    experiment, record = data.experiment, data.record
    training = experiment.training
    if training.epochs == 0:
        return {"epochs": "0: the starting weights are only evaluated"}
    asked = "" if data.epochs == training.epochs else f" of {training.epochs:,}"
    facts = {"epochs": f"{data.epochs:,}{asked}"}
    best = best_epoch(experiment, data.history)
    if best is not None:
        facts["best epoch"] = f"{best.epoch:,}, by {best.judge}"
    if experiment.loss is not None:
        facts["loss"] = experiment.loss.type
    if experiment.optimizer is not None:
        facts["optimizer"] = experiment.optimizer.type
    rate = _learning_rate(data)
    if rate:
        facts["learning rate"] = rate
    facts["batch size"] = f"{training.batch_size:,}"
    facts["time"] = f"{_duration(record.get('seconds'))}, without this page"
    if record.get("status") != "finished":
        facts["status"] = f"{text_of(record.get('status'))}: {text_of(record.get('reason'))}"
    return facts


def _learning_rate(data: ReportData) -> str:
    """The learning rate, or from where to where it went; its curve stands among the others."""
    rates = data.history.get(LEARNING_RATE)
    if rates is not None and changes(rates):
        known = rates[np.isfinite(rates)]
        return f"{known[0]:.4g} in the first epoch, {known[-1]:.4g} in the last"
    optimizer = data.experiment.optimizer
    rate = None if optimizer is None else optimizer.arguments.get("learning_rate")
    return f"{rate:.4g}" if is_number(rate) else ""


def _repeat(data: ReportData) -> tuple[dict[str, str], dict[str, str]]:
    """What one has to know to repeat the run: what was done, and on what, as pairs of words."""
    record = data.record
    command = record.get("command")
    done, facts = {"run": data.run}, dict[str, str]()
    if isinstance(command, list):
        done["command"] = text_of(shlex.join(map(str, command)))
    done["again, in this folder"] = "dlrun train config.yaml"
    done["seed"] = str(data.experiment.seed)
    done["started"] = _moment(record)
    facts["device"] = text_of(record.get("device"))
    for name, version in _mapping(record.get("versions")).items():
        facts[text_of(name, 40)] = text_of(version, 60)
    git = _mapping(record.get("git"))
    if git:
        state = ", with changes that were not committed" if git.get("dirty") else ""
        facts["git commit"] = text_of(git.get("commit"), 60) + state
    for name, value in _mapping(record.get("environment")).items():
        facts[text_of(name, 60)] = text_of(value, 120)
    return done, facts


def _hashes(data: ReportData) -> list[tuple[str, str]]:
    """The beginnings of the SHA-256 of data and weights; `run.json` holds them whole."""
    record = data.record
    kinds = (("data", "data"), ("initial weights", "initial_weights"), ("weights", "final_weights"))
    return [
        (f"{kind}: {text_of(name, 80)}", text_of(value)[:_HASH])
        for kind, key in kinds
        for name, value in list(_mapping(record.get(key)).items())[:MOST_NAMES]
    ]


def _duration(seconds: object) -> str:
    """Write a time: `3.4 s`, `2 min 5 s`, `1 h 4 min`; what is no time is unknown."""
    if not is_number(seconds) or not math.isfinite(seconds) or seconds < 0:
        return "unknown"
    return format_duration(seconds)


def _moment(record: Mapping[str, Any]) -> str:
    """When a run was started, to the second."""
    moment = started(record)
    if moment is None:
        return text_of(record.get("started"))
    return moment.isoformat(" ", "seconds")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


MOST_CLASSES = 200


@dataclass(frozen=True)
class ClassRow:
    """One class in the table of classes; an area is None where it has no rows, or nothing else."""

    name: str
    rows: int
    scores: ClassScores
    roc_area: float | None
    average_precision: float | None


def _weights(data: ReportData) -> str:
    """Say which weights were measured."""
    if data.early is None and data.experiment.training.epochs:
        return "the final weights"
    begun = data.record.get("initial_weights")
    if not data.epochs and begun == data.record.get("final_weights"):
        return "the starting weights"
    return f"the weights that it had after {tally(data.epochs, 'epoch')}"


def headline(data: ReportData) -> str:
    """Say in two or three sentences what was done and how well it went."""
    judged, weights = data.judged, sum(layer.parameters for layer in data.layers)
    series = data.spec.series
    row = "row" if series is None else "window"
    rows = tally(next(iter(data.rows.values())).total, row)
    task = (
        f"tell {len(data.class_names)} classes apart"
        if data.is_classification
        else f"foretell {foretold_words(series)}"
        if series is not None
        else f"{'tell' if data.labels else 'predict'} {', '.join(data.spec.target_names[:6])}"
    )
    network = f"A network of {tally(len(data.layers), 'layer')} with {tally(weights, 'weight')}"
    learned = f"learned to {task} from {rows}" if data.epochs else f"was asked to {task}, untrained"
    unseen = "that it was not trained on" if judged.split != "train" else "that it was trained on"
    return f"{network} {learned}. On {tally(judged.total, row)} {unseen}, {_success(data)}."


def _success(data: ReportData) -> str:
    report = data.classification
    if report is not None:
        rows = report.confusion
        right = sum(row[number] for number, row in enumerate(rows))
        total = sum(map(sum, rows))
        said = f"it is right in {percent(report.accuracy)}: {tally(total - right, 'wrong answer')}"
        return said + _interval(data, right, total)
    if data.labels is not None:
        exact, answers = percent(data.labels.exact), percent(data.labels.accuracy)
        said = f"it is right in {answers} of the labels, and in {exact} of the rows in all of them"
        return said + _interval(data, round(data.labels.exact * data.labels.rows), data.labels.rows)
    found = target_distances(data)
    if not found:
        loss = data.metrics.get(data.judged.split, {}).get("loss")
        return f"its loss is {format_number(loss, missing=DASH)}"
    name, first = next(iter(found.items()))
    if data.spec.series is not None and len(data.spec.series.targets) == 1:
        far = sum(one.absolute for one in found.values()) / len(found)
        return f"it is {format_number(far)} away from the true values in the mean"
    of_one = "value" if len(found) == 1 else name
    said = f"it is {format_number(first.absolute)} away from the true {of_one} in the mean"
    if first.explained is not None and first.explained > 0:
        said += f" and explains {percent(first.explained)} of the variance"
    return said


def _interval(data: ReportData, right: int, rows: int) -> str:
    """Say how sure a share of rows is, as if they were drawn at random; not of rows trained on."""
    if not rows or data.judged.split == "train":
        return ""
    low, high = share_interval(right, rows)
    return f". Of all such rows it would be {percent(low)} to {percent(high)} (95 % interval)"


def remarks(data: ReportData) -> Iterator[str]:
    """Point out what a learner should know before believing the numbers."""
    if data.early is not None:
        yield f"The run {data.early} The numbers below are of {_weights(data)}."
    yield from data.notes
    judged = data.judged
    if judged.split == "train":
        yield (
            "There are no rows that the network has not seen: nothing here tells how it does on "
            "new ones. `test_split` or `validation_split` would."
        )
    if data.baseline is not None:
        said = data.baseline.in_words(SPLIT_NAMES[judged.split])
        yield f"{said[:1].upper()}{said[1:]}"
    report = data.classification
    rows = None if report is None else sum(report.support)
    if gap := generalisation_gap(data.metrics, rows=rows):
        yield (
            f"{gap[:1].upper()}{gap[1:]}. Part of what the network has learned holds for its "
            "training rows only."
        )
    if report is not None and sum(report.support) > 0 and data.baseline is None:
        largest = max(range(len(report.support)), key=report.support.__getitem__)
        share = report.support[largest] / sum(report.support)
        if share > max(0.6, 1.5 / len(report.support)):
            name = report.class_names[largest]
            yield f"Always answering {name} would be right in {percent(share)} of the rows."


def class_rows(data: ReportData) -> list[ClassRow]:
    """Score each class, with the areas under its curves; a regression has none."""
    report = data.classification
    if report is None or len(report.class_names) > MOST_CLASSES:
        return []
    judged = data.judged
    scores = class_scores(judged.outputs, data.spec)
    rows = []
    for index, name in enumerate(report.class_names):
        positive, score = judged.y_true == index, scores[:, index]
        areas: list[float | None] = [None, None]
        if has_both(positive) and np.isfinite(score).all():
            areas = [trace(positive, score).area for trace in (roc, precision_recall)]
        rows.append(ClassRow(name, report.support[index], report.scores[index], *areas))
    return rows


def target_distances(data: ReportData) -> dict[str, Distances]:
    """Measure the distances of each target of a regression, on the judged rows."""
    if not values_fit(data):
        return {}
    return {
        name: distances(*list(target_values(data, index))[-1][1:])
        for index, name in enumerate(data.spec.target_names)
    }
