"""A comparison of runs as tables: runs as columns where they fit, else as rows, else one by one."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from dlrun.absent import ABSENT
from dlrun.cli.columns import Cell, align, draw, natural_width, paint
from dlrun.wording import as_text, format_number, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlrun.cli.output import Screen
    from dlrun.reports.comparison import MetricRow
    from dlrun.reports.seed_groups import GroupRow, SeedGroup
    from dlrun.reports.seeds import Estimate, Verdict
    from dlrun.workflows.compare import RunComparison

BEST = "*"
_WIDEST = 32
"""Cells of a config's value in a table."""
_LEGEND = "* best"
_MARGIN_LEGEND = "± half of the 95 % confidence interval over the seeds (Student's t)"

Table = list[list[Cell]]


def draw_comparison(found: RunComparison, *, screen: Screen) -> str:
    """Draw a comparison.

    Args:
        found: The comparison.
        screen: Where it is shown.

    Returns:
        Without groups metrics and differing keys by run; with groups their means, what the seeds
        allow to say, and the runs.
    """
    if not found.groups:
        columns = [Cell(run.label, "bold") for run in found.runs]
        rows = [_metric_row(row) for row in found.rows] + _key_rows(found.keys)
        marked = any(row.best for row in found.rows)
        legend = [_LEGEND] if marked else []
        return "\n\n".join([_fitted("", columns, rows, screen), *legend])
    columns = [Cell(group.label, "bold") for group in found.groups]
    counts = [Cell("seeds"), *(Cell(str(len(group.seeds))) for group in found.groups)]
    means = [_mean_row(row) for row in found.group_rows]
    parts = [
        _fitted("group", columns, [counts, *means, *_key_rows(found.group_keys)], screen),
        "\n".join(_legends(found, screen)),
        *_verdicts(found, screen),
        _runs(found, screen),
    ]
    return "\n\n".join(part for part in parts if part)


def _fitted(corner: str, columns: Sequence[Cell], rows: Table, screen: Screen) -> str:
    """A table with its columns as columns, else as rows, else one below the other."""
    table = align([[Cell(corner, "bold"), *columns], *rows])
    if natural_width(table) <= screen.width:
        return draw(table, color=screen.color)
    turned = [
        [column, *(row[number] for row in rows)] for number, column in enumerate(columns, start=1)
    ]
    headings = [Cell(corner, "bold"), *(row[0]._replace(style="bold") for row in rows)]
    table = align([headings, *turned])
    if natural_width(table) <= screen.width:
        return draw(table, color=screen.color)
    width = max(screen.width - 2, 1)
    blocks = []
    for number, column in enumerate(columns, start=1):
        inner = align([[row[0], row[number]] for row in rows], left=2, width=width)
        name = paint(printable(column.text).replace("\n", " "), column.style, color=screen.color)
        blocks.append(f"{name}\n{textwrap.indent(draw(inner, color=screen.color), '  ')}")
    return "\n".join(blocks)


def _metric_row(row: MetricRow) -> list[Cell]:
    """A metric of all runs; a blank keeps the numbers below each other where one is marked."""
    marks = _marks(row.best, len(row.values))
    values = [
        Cell(f"{format_number(value)}{mark}", _style(mark))
        for value, mark in zip(row.values, marks, strict=True)
    ]
    return [Cell(f"{row.split} {row.name}"), *values]


def _mean_row(row: GroupRow) -> list[Cell]:
    marks = _marks(row.best, len(row.estimates))
    means = [
        Cell(f"{_estimate(one)}{mark}", _style(mark))
        for one, mark in zip(row.estimates, marks, strict=True)
    ]
    return [Cell(f"{row.split} {row.name}"), *means]


def _key_rows(keys: Mapping[str, tuple[Any, ...]]) -> Table:
    return [[Cell(key), *(Cell(_told(value)) for value in values)] for key, values in keys.items()]


def _told(value: Any) -> str:
    text = "-" if value is ABSENT else as_text(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _marks(best: Sequence[int], count: int) -> list[str]:
    """What stands behind each value of a row."""
    blank = " " if best else ""
    return [f" {BEST}" if number in best else blank * 2 for number in range(count)]


def _style(mark: str) -> str:
    return "green" if BEST in mark else ""


def _estimate(one: Estimate | None) -> str:
    if one is None:
        return "-"
    margin = "" if one.margin is None else f" ± {format_number(one.margin)}"
    return f"{format_number(one.mean)}{margin}"


def _legends(found: RunComparison, screen: Screen) -> list[str]:
    marked = any(row.best for row in found.group_rows)
    spread = any(
        one is not None and one.margin is not None
        for row in found.group_rows
        for one in row.estimates
    )
    shown = [f"{_LEGEND} mean"] * marked + [_MARGIN_LEGEND] * spread
    return [line for one in shown for line in textwrap.wrap(one, screen.width)]


def _verdicts(found: RunComparison, screen: Screen) -> list[str]:
    """What the t-tests say of the other groups, on the split that tells most."""
    lines = []
    tested = 0
    for row in found.group_rows:
        if row.split != found.judged:
            continue
        for group, verdict in zip(found.groups, row.verdicts, strict=True):
            if verdict is not None:
                lines += _wrapped(f"{group.label}, {row.name}: {_sentence(verdict)}", screen)
        tested = max(tested, sum(one is not None and one.p is not None for one in row.verdicts))
    if not lines:
        return []
    title = f"Against {found.groups[0].label}, on the {found.judged} rows"
    if tested > 1:
        title += f" (p corrected for {tested} groups by Holm's method)"
    return ["\n".join([*textwrap.wrap(f"{title}:", screen.width), *lines])]


def _sentence(verdict: Verdict) -> str:
    """A verdict in words."""
    if verdict.word == "equal":
        return f"equal ({verdict.test.replace('paired t-test over ', 'over ')})"
    sign = f"{'+' if verdict.difference >= 0 else '-'}{format_number(abs(verdict.difference))}"
    if verdict.p is None or verdict.margin is None:
        few = "1 " in f"{verdict.test} " and "over 1 seed" in verdict.test
        why = "one seed says nothing" if few else f"no t-test is possible ({verdict.test})"
        return f"undecided, {sign}: {why}"
    low, high = (verdict.difference + side * verdict.margin for side in (-1, 1))
    interval = f"95 % CI {format_number(low)} to {format_number(high)}"
    p = "p < 0.0001" if verdict.p < 1e-4 else f"p = {verdict.p:.4f}"  # noqa: PLR2004
    return f"{verdict.word}, {sign} ({interval}; {verdict.test}, {p})"


def _wrapped(line: str, screen: Screen) -> list[str]:
    """A line below a heading, its continuation further in."""
    return textwrap.wrap(
        printable(line), screen.width, initial_indent="  ", subsequent_indent="    "
    )


def _runs(found: RunComparison, screen: Screen) -> str:
    """The runs behind the means, group by group and seed by seed."""
    rows = [row for row in found.rows if row.split == found.judged]
    members = sorted(
        ((place, number) for place, group in enumerate(found.groups) for number in group.runs),
        key=lambda pair: (pair[0], _seed(found, pair[1])),
    )
    cells = [
        [
            Cell(found.runs[number].label),
            Cell(found.groups[place].label),
            Cell(str(_seed(found, number))),
            *(Cell(format_number(row.values[number])) for row in rows),
        ]
        for place, number in members
    ]
    titles = ["run", "group", "seed", *(f"{row.split} {row.name}" for row in rows)]
    table = align([[Cell(title, "bold") for title in titles], *cells], left=2)
    if natural_width(table) <= screen.width:
        return draw(table, color=screen.color)
    return "\n".join(_group_line(found, group, screen) for group in found.groups)


def _group_line(found: RunComparison, group: SeedGroup, screen: Screen) -> str:
    """The runs of a group, in a paragraph."""
    names = ", ".join(found.runs[number].label for number in group.runs)
    return "\n".join(
        textwrap.wrap(
            f"{group.label}: {printable(names)}", max(screen.width, 10), subsequent_indent="   "
        )
    )


def _seed(found: RunComparison, number: int) -> int:
    seed: Any = found.runs[number].config.get("seed")
    return seed if isinstance(seed, int) else 0
