"""Exports `card.md`: a model card, what the model is for, made of, and how well it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from dlrun.columns.packing import parts
from dlrun.config.stored import stored_config
from dlrun.reports.baseline import least_p
from dlrun.reports.statistics import p_in_words, share_interval
from dlrun.rundir.files import write_text
from dlrun.rundir.metrics import read_history, read_metrics
from dlrun.rundir.names import METRICS, SPLITS
from dlrun.rundir.notes import read_notes
from dlrun.shapes.layer import show
from dlrun.wording import format_number, list_some, percent, printable, tally

if TYPE_CHECKING:
    from pathlib import Path

    from dlrun.arrays import Spec, Splits
    from dlrun.rundir.folder import Run
    from dlrun.training.evaluation import Predictor

NAME: Final = "card.md"
MOST_NAMES: Final = 20
_SPECIAL: Final = "\\`*_{}[]<>|#~!"


def export(*, model: Any, splits: Splits, predictor: Predictor, folder: Run) -> list[Path]:
    """Write a model card in Markdown, of what the run has recorded and measured.

    Its form is that of Mitchell et al., "Model Cards for Model Reporting", FAT* 2019; what only its
    maker knows, such as for whom the model is meant, stands there as a question.
    """
    del predictor
    path = folder.file(NAME)
    write_text(path, "\n".join(_lines(model, splits.spec, folder)) + "\n")
    return [path]


def _lines(model: Any, spec: Spec, folder: Run) -> Iterator[str]:
    record = folder.read_record()
    config = stored_config(folder)
    yield f"# {_text(str(config.get('name') or folder.label))}"
    yield ""
    yield f"Run `{folder.lasting_name}`, {str(record.get('started'))[:10]}."
    note = read_notes(folder.path).note
    yield from ["", _text(note)] if note else []
    yield from _use(spec)
    yield from _data(record, config, spec)
    yield from _model(model, config, folder)
    yield from _results(folder)
    yield from _limits(record, spec)
    yield from _repetition(record, folder)


def _use(spec: Spec) -> Iterator[str]:
    yield from ("", "## Use", "")
    if spec.class_names is not None:
        classes = list_some([_text(one) for one in spec.class_names], MOST_NAMES)
        yield f"It tells {tally(len(spec.class_names), 'class', 'classes')} apart: {classes}."
    elif spec.labels:
        yield f"It answers yes or no to each of {_names(spec.target_names)}."
    else:
        yield f"It predicts {_names(spec.target_names)}."
    yield "For whom it is meant, and for what it must not be used: *to be said by its maker*."


def _data(record: Mapping[str, Any], config: Mapping[str, Any], spec: Spec) -> Iterator[str]:
    yield from ("", "## Data", "")
    dataset = config.get("dataset.path")
    if isinstance(dataset, str):
        yield f"From {_text(PurePath(dataset).name)}."
    rows = [f"{tally(number, 'row')} for {split}" for split, number in spec.rows.items()]
    counted = ", ".join(rows) or "Rows were not counted"
    yield f"{counted}; one row has the shape {show(spec.input_shape)}."
    if spec.columns:
        yield from ("", "| column | kind | entries |", "| --- | --- | ---: |")
        width = dict.fromkeys((column.name for column in spec.columns), 0)
        for part in parts(spec.columns, spec.views):
            width[part.column.name] += part.end - part.begin
        for column in spec.columns:
            yield f"| {_text(column.name)} | {column.kind} | {width[column.name]} |"
    elif spec.feature_names:
        yield f"Its columns: {_names(spec.feature_names)}."
    yield from [""] if record.get("data_notes") else []
    for line in record.get("data_notes") or ():
        yield f"- {_text(str(line))}"


def _model(model: Any, config: Mapping[str, Any], folder: Run) -> Iterator[str]:
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    kinds = [type(layer).__name__ for layer in layers]
    yield from ("", "## Model", "")
    size = f"{tally(len(layers), 'layer')} with {tally(model.count_params(), 'weight')}"
    yield f"{size}: {list_some(kinds, MOST_NAMES)}."
    epochs = len(next(iter(read_history(folder.path).values()), []))
    trained = [
        f"{name} {_text(str(config[key]))}"
        for name, key in (("loss", "loss.type"), ("optimizer", "optimizer.type"),
                          ("learning rate", "optimizer.learning_rate"),
                          ("batches of", "training.batch_size"))
        if config.get(key) is not None
    ]  # fmt: skip
    yield f"Trained for {tally(epochs, 'epoch')}: {', '.join(trained)}."


def _results(folder: Run) -> Iterator[str]:
    measured = read_metrics(folder.path)
    metrics = {name: measured[name] for name in SPLITS if name in measured}
    yield from ("", "## Results", "")
    if not metrics:
        yield "Nothing was measured."
        return
    names = list(dict.fromkeys(name for values in metrics.values() for name in values))
    yield from _table(["", *metrics], [
        [_text(name), *(format_number(values.get(name)) for values in metrics.values())]
        for name in names
    ])  # fmt: skip
    split = list(metrics)[-1]
    stored = folder.read_json(METRICS).get(split) or {}
    yield from _classes(stored.get("classification"), split)
    yield from _baseline(stored.get("baseline"))


def _classes(report: Any, split: str) -> Iterator[str]:
    """Show how well each class is told."""
    classes = report.get("classes") if isinstance(report, dict) else None
    if not isinstance(classes, list):
        return
    rows = sum(one["support"] for one in classes)
    right = sum(line[number] for number, line in enumerate(report["confusion"]))
    low, high = share_interval(right, rows)
    yield ""
    yield (
        f"Of {tally(rows, f'{split} row')} it tells {percent(right / rows)} right; the interval of "
        f"95 % (Wilson) is {percent(low)} to {percent(high)}."
    )
    if len(classes) > MOST_NAMES:
        return
    yield ""
    heads = ("precision", "recall", "f1")
    cells = [
        [_text(one["name"]), *(format_number(one[head]) for head in heads), str(one["support"])]
        for one in classes
    ]
    yield from _table(["class", *heads, "rows"], cells)


def _baseline(stored: Any) -> Iterator[str]:
    """Say what one would reach who answers without looking."""
    if not isinstance(stored, dict):
        return
    told = [
        f"{_text(name)} {format_number(one)}" for name, one in (stored.get("metrics") or {}).items()
    ]
    yield ""
    yield f"Without looking ({stored.get('kind')}) one reaches {', '.join(told)}."
    verdicts = stored.get("verdicts") or ()
    for verdict in verdicts:
        if isinstance(verdict, dict) and verdict.get("p") is not None:
            p = p_in_words(verdict["p"], least_p(str(stored.get("test")), len(verdicts)))
            yield f"The network is {verdict.get('beats')}: {_text(str(stored.get('test')))}, {p}."
    yield from _baseline(stored.get("other"))


def _limits(record: Mapping[str, Any], spec: Spec) -> Iterator[str]:
    yield from ("", "## Limits", "")
    yield "- It knows rows like those above; of others its answers mean little."
    yield "  `dlrun predict --drift` tells how far new rows are from them."
    test = spec.rows.get("test")
    if not test:
        yield "- It was not measured on test rows: training saw, or watched, those above."
    elif test < 100:  # noqa: PLR2004
        yield f"- {tally(test, 'test row')} tell little: the interval is wide."
    if spec.output == "probability":
        yield "- Its probabilities need not be calibrated: see the report's plot of them."
    if record.get("from"):
        yield "- It began with the weights of another run, whose data and limits are its own too."


def _repetition(record: Mapping[str, Any], folder: Run) -> Iterator[str]:
    versions = record.get("versions") or {}
    told = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    yield from (
        "",
        "## How to repeat it",
        "",
        "```sh",
        f"dlrun reproduce {folder.lasting_name}",
        "```",
        "",
    )
    yield f"Seed {record.get('seed')}, on {record.get('device', 'cpu')}, with {told}."
    yield "On the same machine with the same versions the weights are the same to the bit."


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"| --- |{' ---: |' * (len(heads) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _names(names: Sequence[str]) -> str:
    return list_some([_text(one) for one in names], MOST_NAMES)


def _text(text: str) -> str:
    """Write a text of the user's so that Markdown takes nothing in it for its own."""
    plain = " ".join(printable(text).split())
    return "".join(f"\\{one}" if one in _SPECIAL else one for one in plain)
