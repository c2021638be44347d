"""`dlrun compare RUN...`: metrics side by side, and what the seeds allow to say of them."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from dlrun.absent import ABSENT
from dlrun.cli.completion import complete_key, complete_run
from dlrun.cli.options import (
    DEFAULT_RUNS_DIR,
    AsJson,
    RunsDir,
    SomeRuns,
    Where,
    option,
    split_keys,
)
from dlrun.cli.terminal import tables
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.documents import (
    AsCsv,
    AsLatex,
    AsMarkdown,
    Form,
    form_of,
    write_document,
)
from dlrun.cli.terminal.output import (
    Screen,
    fill,
    screen_of,
    write_csv,
    write_data,
    write_json,
    write_message,
)
from dlrun.cli.terminal.tables import Cell, bold
from dlrun.reports.repeats import Repeat
from dlrun.reports.statistics import NOISE, margin_legend, p_in_words
from dlrun.wording import as_text, format_number, printable

if TYPE_CHECKING:
    from dlrun.reports.comparison import GroupRow, MetricRow
    from dlrun.reports.statistics import Verdict
    from dlrun.workflows.compare import RunComparison

    Table = list[list[Cell]]

BEST = "*"
_WIDEST = 32  # letters of a config's value in a table
_LEGEND = "* best"

Metrics = Annotated[
    list[str] | None,
    option(
        "--metric KEY",
        "Only this metric, such as test.accuracy or val_loss. Can be given several times.",
    ),
]


Baseline = Annotated[
    str | None,
    option(
        "--baseline RUN",
        "Hold all others against this run, or the group that it is of: differences, with "
        "intervals where seeds or rows give them.",
        autocompletion=complete_run,
    ),
]
Columns = Annotated[
    str | None,
    option(
        "--columns KEY,KEY...",
        "Tell these, too, such as parameters,epochs,seconds; of groups their means.",
        autocompletion=complete_key,
    ),
]


def compare(
    runs: SomeRuns = None,
    *,
    where: Where = None,
    metric: Metrics = None,
    baseline: Baseline = None,
    columns: Columns = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_markdown: AsMarkdown = False,
    as_latex: AsLatex = False,
) -> None:
    """Compare runs, groups of runs over seeds, or the runs of a sweep.

    Shows metrics side by side, the keys in which the configs differ, and verdicts over seeds.
    """
    form = form_of(as_json=as_json, as_csv=as_csv, as_markdown=as_markdown, as_latex=as_latex)
    show_activity("comparing runs ...", soon=True)
    from dlrun.workflows import compare as workflow

    named = [*(runs or []), *(workflow.runs_where(where, runs_dir) if where is not None else [])]
    found = workflow.compare(
        named,
        runs_dir=runs_dir,
        metrics=metric or (),
        baseline=baseline,
        columns=[] if columns is None else split_keys(columns),
    )
    if form is Form.JSON:
        write_json(comparison_json(found))
        return
    for warning in found.warnings:
        write_message(warning)
    if form is None:
        write_data(draw_comparison(found, screen=screen_of(sys.stdout)))
    elif form is Form.CSV:
        write_csv(comparison_csv(found))
    else:
        _write_lines(found, form)


def comparison_json(found: RunComparison) -> dict[str, Any]:
    """Give a comparison as JSON can express it: values in the order of the runs, or groups."""

    def plain(keys: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        return {
            key: [None if value is ABSENT else value for value in values]
            for key, values in keys.items()
        }

    return {
        "runs": [run.run for run in found.runs],
        "baseline": found.runs[0].run if found.has_baseline else None,
        "right_answers": [one and asdict(one) for one in found.shares],
        "metrics": [asdict(row) for row in found.rows],
        "facts": plain(found.facts),
        "config": plain(found.keys),
        "groups": [
            {
                "label": group.label,
                "runs": [found.runs[number].run for number in group.runs],
                "seeds": group.seeds,
                "folds": group.folds,
            }
            for group in found.groups
        ],
        "group_metrics": [asdict(row) for row in found.group_rows],
        "group_config": plain(found.group_keys),
        "warnings": found.warnings,
    }


def comparison_csv(found: RunComparison) -> list[list[Any]]:
    """Give a comparison as rows, one a run, or a group with its means and their margins."""
    columns: list[tuple[str, Sequence[Any]]] = [("run", [run.run for run in found.runs])]
    if found.groups:
        columns = [("group", [one.label for one in found.groups])]
        columns += [("runs", [len(one.runs) for one in found.groups])]
    for row in found.group_rows if found.groups else ():
        name = f"{row.split}.{row.name}"
        columns += [(name, [one and one.mean for one in row.estimates])]
        columns += [(f"{name}.margin", [one and one.margin for one in row.estimates])]
        if found.has_baseline:
            gaps = [None if one is None else one.difference for one in row.verdicts]
            columns += [(f"{name}.difference", gaps)]
            margins = [one and one.margin for one in row.verdicts]
            columns += [(f"{name}.difference.margin", margins)]
    for single in () if found.groups else found.rows:
        name = f"{single.split}.{single.name}"
        columns += [(name, single.values)]
        if found.has_baseline:
            columns += [(f"{name}.difference", _differences(single))]
    for key, values in _told(found).items():
        columns += [(key, ["" if one is ABSENT else one for one in values])]
    return [[name for name, _ in columns], *map(list, zip(*(v for _, v in columns), strict=True))]


def _told(found: RunComparison) -> dict[str, tuple[Any, ...]]:
    """The facts that were asked for, and the keys that differ: one value a run, or a group."""
    if found.groups:
        return {**found.group_facts(), **found.group_keys}
    return {**found.facts, **found.keys}


def _differences(row: MetricRow) -> list[float | None]:
    """How much more each run has than the first; None for it, and where one has nothing."""
    first, *others = row.values
    return [None, *(None if None in (one, first) else one - first for one in others)]  # type: ignore[operator]


def _write_lines(found: RunComparison, form: Form) -> None:
    """Print a line for each run or group; the best of each metric is bold."""
    shown = _cells(found)
    named = found.groups or found.runs
    columns = [["group" if found.groups else "run", *(one.label for one in named)]]
    columns += _counts(found)
    first = len(columns)
    columns += [[f"{row.split} {row.name}", *values] for row, values in shown]
    keys = {key: [*map(_text, values)] for key, values in _told(found).items()}
    columns += [[key, *texts] for key, texts in keys.items() if not _is_label(found, key, texts)]
    best = {(line, at) for at, (row, _) in enumerate(shown, first) for line in row.best}
    rows = list(map(list, zip(*columns, strict=True)))
    numeric = range(1, first + len(shown))
    write_document(form, rows, numeric=numeric, best=best, notes=_notes(found))


def _counts(found: RunComparison) -> list[list[str]]:
    """How many seeds each group has, and folds where there are any."""
    names = ("seeds", "folds")[: 1 + _has_folds(found)] if found.groups else ()
    return [[name, *(str(len(getattr(one, name))) for one in found.groups)] for name in names]


def _is_label(found: RunComparison, key: str, texts: Sequence[str]) -> bool:
    """Whether the groups are called by what this key says."""
    name = key.rpartition(".")[2]
    called = [group.label.split(", ") for group in found.groups]
    pairs = zip(texts, called, strict=True) if called else ()
    return bool(called) and all(f"{name}={text}" in words for text, words in pairs)


def _notes(found: RunComparison) -> list[str]:
    """What a table of groups does not tell: what ± is, and what the seeds allow to say."""
    if not found.groups:
        return []
    legends = _legends(found, Screen()).replace(_LEGEND, "bold: best")
    return [
        line.strip() for line in f"{legends}\n{_verdicts(found, Screen())}".splitlines() if line
    ]


def _cells(found: RunComparison) -> list[tuple[MetricRow | GroupRow, list[str]]]:
    """Write the metrics of runs, or of groups; with a baseline what is more or less of them."""
    if found.groups:
        rows: list[tuple[MetricRow | GroupRow, list[str], list[float | None]]] = [
            (row, list(map(tables.format_estimate, row.estimates)),
             [None if one is None else one.difference for one in row.verdicts])
            for row in found.group_rows
        ]  # fmt: skip
    else:
        rows = [
            (row, list(map(format_number, row.values)), _differences(row)) for row in found.rows
        ]
    if not found.has_baseline:
        return [(row, texts) for row, texts, _ in rows]
    return [
        (row, [text if gap is None else f"{text} ({_signed(gap)})"
               for text, gap in zip(texts, gaps, strict=True)])
        for row, texts, gaps in rows
    ]  # fmt: skip


def _signed(difference: float) -> str:
    return f"{'+' if difference >= 0 else '-'}{format_number(abs(difference))}"


def draw_comparison(found: RunComparison, *, screen: Screen) -> str:
    """Draw metrics and differing keys, of groups their means and what the seeds allow to say."""
    if not found.groups:
        labels = [run.label for run in found.runs]
        metrics = [_row(row, texts) for row, texts in _cells(found)]
        rows = [*metrics, *_key_rows(_told(found))]
        said = [_LEGEND, found.caveat] if any(row.best for row in found.rows) else []
        legend = "\n".join(fill(one, screen.width) for one in said if one is not None)
        parts = [_fitted("", labels, rows, screen), legend, _shares(found, screen)]
        return "\n\n".join(part for part in parts if part)
    labels = [group.label for group in found.groups]
    counts = [[*map(Cell, row)] for row in _counts(found)]
    means = [
        _row(row, list(map(tables.format_estimate, row.estimates))) for row in found.group_rows
    ]
    parts = [
        _fitted("group", labels, [*counts, *means, *_key_rows(_told(found))], screen),
        _legends(found, screen),
        _verdicts(found, screen),
        _runs(found, screen),
    ]
    return "\n\n".join(part for part in parts if part)


def _fitted(corner: str, labels: Sequence[str], rows: Table, screen: Screen) -> str:
    """Labels as columns where they fit, else as rows, else one below the other."""
    drawn = tables.draw_if_fitting([bold([corner, *labels]), *rows], screen)
    if drawn is None:
        heads = bold([corner, *(row[0].text for row in rows)])
        turned = [
            [*bold([label]), *(row[number] for row in rows)]
            for number, label in enumerate(labels, start=1)
        ]
        drawn = tables.draw_if_fitting([heads, *turned], screen)
    if drawn is not None:
        return drawn
    width = max(screen.width - 2, 1)
    blocks = []
    for number, label in enumerate(labels, start=1):
        # A long value leaves half of the line to the keys, which must not become the same.
        pairs = [
            [row[0], row[number]._replace(text=_shortened(row[number].text, width // 2))]
            for row in rows
        ]
        inner = tables.align(pairs, left=2, width=width)
        name = tables.paint(tables.one_line(label), "bold", screen)
        blocks.append(f"{name}\n{textwrap.indent(tables.draw(inner, screen), '  ')}")
    return "\n".join(blocks)


def _shortened(value: str, width: int) -> str:
    """Cut a value in its middle; a mean and its margin stay whole."""
    return value if "±" in value else tables.cut_middle(value, width)


def _row(row: MetricRow | GroupRow, values: Sequence[str]) -> list[Cell]:
    """A metric; blanks keep the numbers below each other where one is marked as the best."""
    cells = [Cell(f"{row.split} {row.name}")]
    for number, value in enumerate(values):
        if number in row.best:
            cells.append(Cell(f"{value} {BEST}", "green"))
        else:
            cells.append(Cell(value + ("  " if row.best else "")))
    return cells


def _key_rows(keys: Mapping[str, tuple[Any, ...]]) -> Table:
    return [[Cell(key), *(Cell(_text(value)) for value in values)] for key, values in keys.items()]


def _text(value: Any) -> str:
    text = "-" if value is ABSENT else as_text(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _legends(found: RunComparison, screen: Screen) -> str:
    estimates = [one for row in found.group_rows for one in row.estimates]
    shown = [f"{_LEGEND} mean"] if any(row.best for row in found.group_rows) else []
    said = [*shown, margin_legend(estimates)]
    return "\n".join(fill(one, screen.width) for one in said if one is not None)


def _verdicts(found: RunComparison, screen: Screen) -> str:
    """What the t-tests say of the other groups, on the split that tells most."""
    lines = []
    tested = 0
    for row in found.group_rows:
        if row.split != found.judged:
            continue
        for group, verdict in zip(found.groups, row.verdicts, strict=True):
            if verdict is not None:
                line = printable(f"{group.label}, {row.name}: {_sentence(verdict)}")
                lines.append(fill(f"  {line}", screen.width, hang=4))
        tested = max(tested, sum(one is not None and one.p is not None for one in row.verdicts))
    if not lines:
        return ""
    title = f"Against {found.groups[0].label}, on the {found.judged} rows"
    if tested > 1:
        title += f" (p corrected for {tested} groups by Holm's method)"
    return "\n".join([fill(f"{title}:", screen.width), *lines])


def _sentence(verdict: Verdict) -> str:
    if verdict.word == "equal":
        return f"equal ({verdict.test.replace('paired t-test over ', 'over ')})"
    sign = _signed(verdict.difference)
    if verdict.p is None or verdict.margin is None:
        alone = next((unit for unit in NOISE if f"over 1 {unit}" in verdict.test), None)
        why = f"one {alone} says nothing" if alone else f"no t-test is possible ({verdict.test})"
        return f"undecided, {sign}: {why}"
    low, high = (verdict.difference + side * verdict.margin for side in (-1, 1))
    interval = f"95 % CI {format_number(low)} to {format_number(high)}"
    return f"{verdict.word}, {sign} ({interval}; {verdict.test}, {p_in_words(verdict.p)})"


def _shares(found: RunComparison, screen: Screen) -> str:
    """How many more answers than the baseline's are right, and what so few rows allow to say."""
    known = [(run.label, one) for run, one in zip(found.runs, found.shares, strict=False) if one]
    if not known:
        return ""
    title = f"Right answers against {found.runs[0].label}, on the {known[0][1].split} rows"
    title += " (95 % interval of the rows alone; another seed may move them as much):"
    lines = [fill(printable(title), screen.width)]
    for label, one in known:
        said = f"{label}: {_signed(one.difference)} ({_signed(one.low)} to {_signed(one.high)})"
        lines.append(fill(f"  {printable(said)}", screen.width, hang=4))
    return "\n".join(lines)


def _runs(found: RunComparison, screen: Screen) -> str:
    rows = [row for row in found.rows if row.split == found.judged]
    cells = []
    for group in found.groups:
        for number in sorted(group.runs, key=partial(_repeat, found)):
            repeat = map(str, _repeat(found, number)[: 1 + _has_folds(found)])
            facts = [found.runs[number].label, group.label, *repeat]
            cells.append([*facts, *(format_number(row.values[number]) for row in rows)])
    heads = ["seed", "fold"][: 1 + _has_folds(found)]
    titles = ["run", "group", *heads, *(f"{row.split} {row.name}" for row in rows)]
    drawn = tables.draw_if_fitting([bold(titles), *cells], screen, left=2)
    if drawn is not None:
        return drawn
    paragraphs = []
    for group in found.groups:
        names = ", ".join(found.runs[number].label for number in group.runs)
        line = f"{group.label}: {printable(names)}"
        paragraphs.append(fill(line, screen.width, hang=3))
    return "\n".join(paragraphs)


def _repeat(found: RunComparison, number: int) -> Repeat:
    return Repeat.of(found.runs[number].config)


def _has_folds(found: RunComparison) -> bool:
    return any(group.folds for group in found.groups)
