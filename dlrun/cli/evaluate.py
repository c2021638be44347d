"""`dlrun evaluate RUN`: the metrics of a run on one of its splits or on another file."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from dlrun.cli import options
from dlrun.cli.options import option
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import Screen, fill, screen_of, write_data, write_json
from dlrun.cli.terminal.tables import Cell, baseline_lines, bold, draw_cut, draw_if_fitting
from dlrun.wording import DASH, format_number, printable

if TYPE_CHECKING:
    from dlrun.reports.baseline import Judged
    from dlrun.reports.labels import LabelsReport
    from dlrun.reports.scores import ClassificationReport

_LONGEST_HEADING = 6
_MOST_CONFUSIONS = 10

SplitName = Annotated[
    options.Split | None,
    option("--split", "The split.  [default: test, or else the last that has rows]"),
]
DataPath = Annotated[
    Path | None,
    option(
        "--data FILE",
        "Other data with the same columns: CSV, npz, npy, or folders of images by class.",
    ),
]
Thresholds = Annotated[
    list[str] | None,
    option(
        "--threshold best-f1|[NAME=]NUMBER",
        "Say yes, or the second of two classes, above it; of several labels once for each; "
        "best-f1 is chosen on the validation rows and kept.",
    ),
]


def evaluate(
    run: options.Run,
    *,
    split: SplitName = None,
    data: DataPath = None,
    threshold: Thresholds = None,
    trust: options.Trust = False,
    runs_dir: options.RunsDir = options.DEFAULT_RUNS_DIR,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Print and store the metrics of a run, beside those that training measured.

    Where there are classes, their scores and the confusion matrix too; and whether the network
    beats what one would answer without looking.
    """
    options.check_rows(split, data)
    show_activity(f"opening {run} ...", quiet=quiet)
    from dlrun.cli.terminal.progress import listening
    from dlrun.rundir.bundle import is_bundle, reading
    from dlrun.workflows import evaluate as workflow

    chosen = None if split is None else split.value
    with listening(quiet=quiet) as listener, reading(run, runs_dir) as opened:
        found = workflow.evaluate(
            opened,
            trust=trust,
            split=chosen,
            data=data,
            threshold=threshold or (),
            listener=listener,
        )
    if as_json:
        facts = {"run": found.run.path, "split": found.split, "metrics": found.metrics}
        judged = {"classification": None, **found.judged.to_json()}
        thresholds = {}
        if found.thresholds is not None:  # the metrics are those of the config all the same
            decides = [name for name, one in judged.items() if one is not None]
            thresholds = {"thresholds": {**found.thresholds.to_json(), "decides": decides}}
        stored = None if is_bundle(run) else found.stored
        write_json({**facts, **judged, **thresholds, "stored": stored})
    else:
        screen = screen_of(sys.stdout)
        limits = None if found.thresholds is None else found.thresholds.limits
        tables = evaluation_tables(
            found.split, found.metrics, found.judged, screen=screen, limits=limits
        )
        write_data(tables)
    if found.failure is not None:
        raise found.failure


def evaluation_tables(
    split: str,
    metrics: Mapping[str, float],
    judged: Judged,
    *,
    screen: Screen,
    limits: str | None = None,
) -> str:
    """Draw the metrics of a split or file beside the baseline; for classes also their scores.

    `limits` are thresholds that were asked for, in words: answers follow them, metrics do not.
    """
    baseline, report, labels = judged.baseline, judged.classification, judged.labels
    columns = [(split, metrics), *(() if baseline is None else baseline.columns.items())]
    rows = [
        [name, *(format_number(one[name]) if name in one else "" for _, one in columns)]
        for name in metrics
    ]
    tables = [draw_cut(["", *(heading for heading, _ in columns)], rows, screen)]
    if limits is not None:
        tables[0] = f"Metrics, which decide as the config has it:\n{tables[0]}"
        answers = printable(f"Answers, which are decided by the threshold: {limits}")
        tables.append(fill(answers, screen.width, hang=2))
    if report is not None:
        tables += [_scores_table(report, screen), _confusion_table(report, screen)]
    if labels is not None:
        tables += [_labels_table(labels, screen), _label_confusions(labels, screen)]
    if baseline is not None:
        tables.append("\n".join(baseline_lines(split, baseline, screen)))
    return "\n\n".join(tables)


def _labels_table(report: LabelsReport, screen: Screen) -> str:
    rows = [
        [
            one.name,
            *(f"{value:.4f}" for value in (one.precision, one.recall, one.f1)),
            DASH if one.roc_area is None else f"{one.roc_area:.4f}",
            str(one.support),
        ]
        for one in report.labels
    ]
    support = str(sum(one.support for one in report.labels))
    for name, of in (("macro average", report.macro), ("micro average", report.micro)):
        scores = (of.precision, of.recall, of.f1)
        rows.append([name, *(f"{value:.4f}" for value in scores), "", support])
    headings = ["label", "precision", "recall", "f1", "roc area", "rows"]
    exact = f"All labels of a row are right in {report.exact:.4f} of the {report.rows:,} rows."
    return f"{draw_cut(headings, rows, screen)}\n{exact}"


def _label_confusions(report: LabelsReport, screen: Screen) -> str:
    """Draw the confusion of each label, one a line."""
    rows = []
    for one in report.labels:
        (none, alarms), (missed, hits) = one.confusion
        rows.append([one.name, *map(str, (hits, missed, alarms, none))])
    headings = ["label", "yes, found", "yes, missed", "no, said yes", "no, said no"]
    return draw_cut(headings, rows, screen)


def _scores_table(report: ClassificationReport, screen: Screen) -> str:
    every = zip(report.class_names, report.scores, report.support, strict=True)
    rows = [
        [name, f"{of.precision:.4f}", f"{of.recall:.4f}", f"{of.f1:.4f}", str(support)]
        for name, of, support in [*every, ("macro average", report.macro, sum(report.support))]
    ]
    return draw_cut(["class", "precision", "recall", "f1", "rows"], rows, screen)


def _confusion_table(report: ClassificationReport, screen: Screen) -> str:
    """True classes down, predicted ones across; what is confused most where that is too wide."""
    names = list(report.class_names)
    numbered = any(len(name) > _LONGEST_HEADING for name in names)
    headings = [str(number) for number in range(len(names))] if numbered else names
    labels = [f"{number} {name}" for number, name in enumerate(names)] if numbered else names
    matrix = [
        [label, *(str(count) if count else "." for count in counts)]
        for label, counts in zip(labels, report.confusion, strict=True)
    ]
    rows: list[Sequence[str | Cell]] = [bold(["true \\ predicted", *headings]), *matrix]
    return draw_if_fitting(rows, screen) or _most_confused(report, screen)


def _most_confused(report: ClassificationReport, screen: Screen) -> str:
    pairs = [
        (count, report.class_names[true], report.class_names[predicted])
        for true, counts in enumerate(report.confusion)
        for predicted, count in enumerate(counts)
        if count and true != predicted
    ]
    if not pairs:
        return "No row is taken for another class."
    most = sorted(pairs, key=lambda pair: -pair[0])[:_MOST_CONFUSIONS]
    rows = [[true, predicted, str(count)] for count, true, predicted in most]
    table = draw_cut(["true", "predicted", "rows"], rows, screen, left=2)
    return f"The most frequent confusions:\n{table}"
