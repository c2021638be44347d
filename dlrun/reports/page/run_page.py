"""Gathers what `report.html` of one run says."""

from __future__ import annotations

import io
import math
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.image import imsave

from dlrun.config import given
from dlrun.reports.mistakes import Mistake, count_wrong, sureness, worst
from dlrun.reports.page import results
from dlrun.reports.page.graph_drawing import BOX_HEIGHT, BOX_WIDTH, draw_graph
from dlrun.reports.page.rendering import render
from dlrun.reports.plots.style import SPLIT_NAMES
from dlrun.reports.story import (
    as_images,
    feature_name,
    gives_probabilities,
    image_shape,
    is_classification,
    unscaled,
)
from dlrun.reports.training_course import best_epoch
from dlrun.wording import format_axes, is_number, tally, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from dlrun.reports.plots.shelf import Picture
    from dlrun.reports.story import Story

MOST_MISTAKES = 24
MOST_COLUMNS = 8
MOST_NAMES = 40
_INSIDE = ("weight_histograms", "first_kernels")
_TRAINING = ("learning_curves",)
_GALLERY = "misclassified"
_HASH = 16


@dataclass(frozen=True)
class Shown:
    """A mistake as the page shows it.

    Attributes:
        mistake: Which one.
        sure: How sure the model was.
        image: The row as a picture, or None.
        values: The row's columns, where there is no picture.
    """

    mistake: Mistake
    sure: str
    image: bytes | None
    values: tuple[str, ...]


def run_page(story: Story, pictures: Iterable[Picture]) -> str:
    """Write the page of a run.

    Args:
        story: What to tell.
        pictures: The plots that fit it.

    Returns:
        HTML that needs nothing else.
    """
    plots = {picture.name: picture for picture in pictures}
    lines = given.lines(story.experiment)
    kept = (*_INSIDE, *_TRAINING, _GALLERY)
    return render(
        "run.html.jinja",
        story=story,
        title=story.experiment.name,
        headline=results.headline(story),
        remarks=list(results.remarks(story)),
        config=lines,
        data=_data(story),
        class_counts=_class_counts(story),
        drawing=draw_graph(story.layers, story.spec.input_shape),
        box=(BOX_WIDTH, BOX_HEIGHT),
        shape=format_axes,
        split_names=SPLIT_NAMES,
        training=_training(story),
        training_plots=[plots[name] for name in _TRAINING if name in plots],
        metric_names=list(dict.fromkeys(name for one in story.metrics.values() for name in one)),
        class_rows=results.class_rows(story),
        distances=results.target_distances(story),
        result_plots=[plot for name, plot in plots.items() if name not in kept],
        mistakes=_mistakes(story),
        mistake_columns=_columns(story),
        are_classes=is_classification(story),
        are_probabilities=gives_probabilities(story),
        wrong=count_wrong(story) if is_classification(story) else 0,
        gallery=plots.get(_GALLERY),
        inside_plots=[plots[name] for name in _INSIDE if name in plots],
        repeat=_repeat(story),
        hashes=_hashes(story),
    )


def _data(story: Story) -> dict[str, str]:
    """What the rows look like, as pairs of a word and what it is."""
    spec, dataset = story.spec, story.experiment.dataset
    facts = {"dataset": dataset.type}
    facts["rows"] = ", ".join(
        f"{total:,} {SPLIT_NAMES[split]}" for split, total in spec.rows.items()
    )
    facts["one row"] = (
        "an image of " + format_axes(spec.image_shape)
        if spec.image_shape
        else (
            tally(spec.input_shape[0], "column")
            if len(spec.input_shape) == 1
            else f"an array of {format_axes(spec.input_shape)}"
        )
    )
    if spec.image_shape and len(spec.input_shape) == 1:
        facts["one row"] += f", flattened to {spec.input_shape[0]} numbers"
    if spec.feature_names:
        facts["columns"] = _listed(spec.feature_names)
    if spec.class_names:
        facts["classes"] = f"{len(spec.class_names)}: {_listed(spec.class_names)}"
    else:
        facts["targets"] = _listed(spec.target_names)
    facts["scaling"] = spec.scaling.kind if spec.scaling else "none"
    labels = story.record.get("labels")
    if isinstance(labels, str):
        facts["labels"] = text_of(labels).removeprefix("labels: ")
    return facts


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _class_counts(story: Story) -> list[tuple[str, list[int]]]:
    """For each class its rows in each split; nothing where there are too many classes."""
    if not story.class_counts or len(story.class_names) > MOST_NAMES:
        return []
    return [
        (name, [counts[number] for counts in story.class_counts.values()])
        for number, name in enumerate(story.class_names)
    ]


def _training(story: Story) -> dict[str, str]:
    """How the weights were fitted, as pairs of a word and what it is."""
    experiment, record = story.experiment, story.record
    training = experiment.training
    if training.epochs == 0:
        return {"epochs": "0: the starting weights are only evaluated"}
    asked = "" if story.epochs == training.epochs else f" of {training.epochs:,}"
    facts = {"epochs": f"{story.epochs:,}{asked}"}
    best = best_epoch(experiment, story.history)
    if best is not None:
        facts["best epoch"] = f"{best[1]:,}, by {best[0]}"
    if experiment.loss is not None:
        facts["loss"] = experiment.loss.type
    if experiment.optimizer is not None:
        facts["optimizer"] = experiment.optimizer.type
    facts["batch size"] = f"{training.batch_size:,}"
    facts["time"] = f"{_duration(record.get('seconds'))}, the whole run"
    if record.get("status") != "finished":
        facts["status"] = f"{text_of(record.get('status'))}: {text_of(record.get('reason'))}"
    return facts


def _mistakes(story: Story) -> list[Shown]:
    """The worst answers, with what the model saw."""
    mistakes = worst(story, MOST_MISTAKES)
    if not mistakes:
        return []
    x = story.judged.x[[mistake.place for mistake in mistakes]]
    are_images = image_shape(story.spec) is not None
    images = [_png(image) for image in as_images(x, story.spec)] if are_images else []
    numbers = unscaled(x, story.spec).reshape(len(x), -1)[:, :MOST_COLUMNS]
    return [
        Shown(
            mistake,
            sureness(story, mistake),
            images[index] if are_images else None,
            () if are_images else tuple(f"{value:.4g}" for value in numbers[index]),
        )
        for index, mistake in enumerate(mistakes)
    ]


def _columns(story: Story) -> list[str]:
    """The columns that the table of mistakes shows."""
    if image_shape(story.spec) is not None:
        return []
    if len(story.spec.input_shape) != 1:
        return [f"x{number + 1}" for number in range(min(story.judged.x[0].size, MOST_COLUMNS))]
    shown = min(story.spec.input_shape[0], MOST_COLUMNS)
    return [feature_name(story.spec, column) for column in range(shown)]


def _png(image: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    imsave(stream, image, cmap="gray", vmin=0, vmax=1, format="png", metadata={"Software": ""})
    return stream.getvalue()


def _repeat(story: Story) -> dict[str, str]:
    """What one has to know to repeat the run, as pairs of a word and what it is."""
    record = story.record
    command = record.get("command")
    facts = {"run": story.run}
    if isinstance(command, list):
        facts["command"] = text_of(shlex.join(map(str, command)))
    facts["again, in this folder"] = "dlrun train config.yaml"
    facts["seed"] = str(story.experiment.seed)
    facts["started"] = text_of(record.get("started"))
    facts["device"] = text_of(record.get("device"))
    for name, version in _mapping(record.get("versions")).items():
        facts[text_of(name, 40)] = text_of(version, 60)
    git = _mapping(record.get("git"))
    if git:
        state = ", with changes that were not committed" if git.get("dirty") else ""
        facts["git commit"] = text_of(git.get("commit"), 60) + state
    for name, value in _mapping(record.get("environment")).items():
        facts[text_of(name, 60)] = text_of(value, 120)
    return facts


def _hashes(story: Story) -> list[tuple[str, str]]:
    """The beginnings of the SHA-256 of data and weights; `run.json` holds them whole."""
    record = story.record
    kinds = (("data", "data"), ("initial weights", "initial_weights"), ("weights", "final_weights"))
    return [
        (f"{kind}: {text_of(name, 80)}", text_of(value)[:_HASH])
        for kind, key in kinds
        for name, value in list(_mapping(record.get(key)).items())[:MOST_NAMES]
    ]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _duration(seconds: object) -> str:
    """Write a time: `3.4 s`, `2 min 5 s`, `1 h 4 min`; what is no time is unknown."""
    if not is_number(seconds) or not math.isfinite(seconds) or seconds < 0:
        return "unknown"
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
