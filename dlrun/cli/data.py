"""`dlrun data FILE|CONFIG|FOLDER`: what is in a table or a folder, before a network sees it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from dlrun.cli.options import AsJson, Quiet, argument, option
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import Screen, fill, screen_of, write_data, write_json, write_message
from dlrun.cli.terminal.tables import (
    GAP,
    Cell,
    align,
    bold,
    cell_len,
    cut_cells,
    draw,
    natural_width,
    one_line,
    paint,
)
from dlrun.wording import percent, tally

if TYPE_CHECKING:
    from dlrun.reports.folder_profile import FolderProfile
    from dlrun.reports.profile import ColumnProfile, Profile

BARS: Final = "▁▂▃▄▅▆▇█"
WIDEST: Final = 100
"""Cells of the lines of a warning, and of a table without a terminal to fit into."""
_NAME, _VALUES, _LEAST_VALUES = 24, 46, 16  # cells

Source = Annotated[
    Path,
    argument(
        "FILE|CONFIG|FOLDER",
        "A table, a config whose dataset is one, or a folder of images or of texts that has a "
        "folder for each class.",
    ),
]
Targets = Annotated[
    list[str] | None,
    option(
        "--target -t COLUMN",
        "What is to be predicted: tells how well each column by itself does it. Can be given "
        "several times.  [default: the target of the config]",
    ),
]
Settings = Annotated[
    list[str] | None,
    option(
        "--set KEY=VALUE",
        "How the file is read, as a config's dataset says it: decimal=, or header=false or "
        "encoding=latin-1 or 'missing_values=[NA, -999]'. Can be given several times.",
    ),
]
Page = Annotated[
    Path | None, option("--output -o FILE", "Write a page of HTML there, and print its path.")
]


def data(
    source: Source,
    *,
    target: Targets = None,
    set_: Settings = None,
    output: Page = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show the columns of a table: kinds, values, gaps, and what gives the target away.

    Of a folder of images or of texts it shows classes, sizes, copies, and what cannot be read.
    """
    show_activity(f"reading {source} ...", quiet=quiet)
    from dlrun.workflows import data as workflow

    settings = workflow.read_settings(set_ or ())
    if source.is_dir():
        folder = workflow.data_of_folder(source, target or (), settings, page=output is not None)
        _show_folder(folder, as_json=as_json)
        return
    profile = workflow.data(source, target or (), settings)
    if output is not None:
        workflow.write_page(profile, output)
        for warning in () if quiet else profile.warnings():
            write_message(f"warning: {warning}")
        write_data(str(output))
    elif as_json:
        from dlrun.reports.profile import as_json as profile_json

        write_json(profile_json(profile))
    else:
        write_data(profile_text(profile, screen_of(sys.stdout)))


def _show_folder(profile: FolderProfile, *, as_json: bool) -> None:
    if as_json:
        from dlrun.reports.folder_profile import as_json as folder_json

        write_json(folder_json(profile))
    else:
        write_data(folder_text(profile, screen_of(sys.stdout)))


def folder_text(profile: FolderProfile, screen: Screen) -> str:
    """Draw what is in a folder: a line for each class, what the files are like."""
    width, look = min(screen.width, WIDEST), profile.look
    classes = tally(len(look.found.classes), "class", "classes")
    heading = f"{profile.source}: {tally(len(look.files), 'file')}, {classes}"
    splits = list(look.found.files)
    rows = [
        [Cell(cut_cells(one_line(name), _NAME)), *(Cell(f"{counts[one]:,}") for one in splits),
         Cell(percent(sum(counts.values()) / len(look.files)))]
        for name, counts in profile.counts.items()
    ]  # fmt: skip
    counted = splits if len(splits) > 1 else [f"{look.kind}s"]
    table = draw(align([bold(["class", *counted, "share"]), *rows], left={0}), screen)
    facts = [fill(one_line(line), width) for line in profile.facts()]
    parts = [fill(one_line(heading), width), table, "\n".join(facts)]
    warnings = [_warning(line, width) for line in profile.warnings()]
    return "\n\n".join(filter(None, [*parts, "\n".join(warnings)]))


def _warning(line: str, width: int) -> str:
    return fill(one_line(f"warning: {line}"), width, hang=2)


def profile_text(profile: Profile, screen: Screen) -> str:
    """Draw a profile: what the table is, its columns, what to know of them."""
    width = min(screen.width, WIDEST)
    parts = [_heading(profile, width), _columns(profile, screen)]
    legend = _legend(profile)
    if legend:
        parts.append(fill(legend, width))
    warnings = [_warning(line, width) for line in profile.warnings()]
    notes = [fill(one_line(line), width) for line in profile.notes]
    parts += ["\n".join(lines) for lines in (notes, warnings) if lines]
    return "\n\n".join(parts)


def _heading(profile: Profile, width: int) -> str:
    columns = tally(len(profile.columns), "column")
    lines = [f"{profile.source}: {tally(profile.rows, 'row')}, {columns}"]
    for target in profile.targets:
        if target.classes is None:
            lines.append(f"target: {target.name}, a number")
            continue
        known = max(1, sum(count for _, count in target.classes))
        shown = [f"{name} {percent(count / known)}" for name, count in target.classes[:6]]
        more = len(target.classes) - len(shown)
        shown += [f"{more} more"] if more > 0 else []
        classes = tally(len(target.classes), "class", "classes")
        lines.append(f"target: {target.name}, {classes}: {', '.join(shown)}")
    return "\n".join(fill(one_line(line), width) for line in lines)


def _legend(profile: Profile) -> str:
    said, score = [], profile.score
    if score is not None:
        said.append(f"{score.score_name}: {profile.how_told}")
    if profile.sampled < profile.rows:
        said.append(f"Histograms{' and scores' if score else ''} are those of "
                    f"{tally(profile.sampled, 'row')}, evenly spread.")  # fmt: skip
    return " ".join(said)


def _columns(profile: Profile, screen: Screen) -> str:
    score = profile.score.score_name if profile.score else ""
    scores = [score] if score else []
    headings = bold(["column", "kind", "missing", "distinct", *scores, "values"])
    lefts = {0, 1, len(headings) - 1}
    rows = [_row(one, has_links=bool(score)) for one in profile.columns]
    others = natural_width(align([headings[:-1], *rows], left=lefts)) + len(GAP)
    free = min(screen.width, others + _VALUES) - others
    if free < _LEAST_VALUES:
        return "\n".join(_stacked(one, score, screen) for one in profile.columns)
    shown = [Cell(_values(one, free)) for one in profile.columns]
    whole = [[*row, cell] for row, cell in zip(rows, shown, strict=True)]
    return _with_reasons(profile, align([headings, *whole], left=lefts), screen)


def _with_reasons(profile: Profile, table: list[list[Cell]], screen: Screen) -> str:
    heading, *lines = draw(table, screen).splitlines()
    width = min(screen.width, WIDEST)
    drawn = [heading]
    for line, column in zip(lines, profile.columns, strict=True):
        reason = one_line(column.kind.reason)
        drawn += [line, *([cut_cells(f"  {reason}", width)] if reason else [])]
    return "\n".join(drawn)


def _row(column: ColumnProfile, *, has_links: bool) -> list[Cell]:
    links = [Cell(_score(column), "red" if _tells(column) else "")] if has_links else []
    return [
        Cell(cut_cells(one_line(column.name), _NAME), "bold" if column.is_target else ""),
        Cell(_kind(column)),
        Cell(percent(column.missing_share) if column.facts.missing else "-"),
        Cell(f"{column.facts.distinct:,}"),
        *links,
    ]


def _values(column: ColumnProfile, width: int) -> str:
    """Show the values in so many cells: a whole drawing, a small one, or a text that is cut."""
    for is_small in (False, True):
        text = one_line(values_text(column, is_small=is_small))
        if cell_len(text) <= width:
            return text
    # Of the most frequent values as many as there is room for; no number is cut.
    whole = text
    while ", " in text and cell_len(text) > width - 2:
        text = text.rpartition(", ")[0]
    return cut_cells(text if text == whole else f"{text}, …", width)


def _kind(column: ColumnProfile) -> str:
    return "target" if column.is_target else column.kind.kind


def _tells(column: ColumnProfile) -> bool:
    return any(link.tells for link in column.links)


def _score(column: ColumnProfile) -> str:
    """The best link to any target."""
    if not column.links:
        return "-"
    link = max(column.links, key=lambda one: one.strength)
    return column.score_text(link)


def values_text(column: ColumnProfile, *, is_small: bool = False) -> str:
    """Show what values there are: `0.42 ▂▅█▃▁ 80 (median 28)`, or the most frequent ones."""
    facts = column.facts
    if column.histogram and column.quartiles and facts.distinct > 2:  # noqa: PLR2004
        from dlrun.reports.profile import value_text

        low, median, high = (
            value_text(number, column) for number in (facts.low, column.quartiles[1], facts.high)
        )
        if is_small:
            pairs = zip(column.histogram[::2], column.histogram[1::2], strict=True)
            return f"{low} {bars([first + second for first, second in pairs])} {high}"
        return f"{low} {bars(column.histogram)} {high} (median {median})"
    known = max(1, facts.rows - facts.missing)
    return ", ".join(f"{text} {percent(count / known)}" for text, count in facts.top[:5])


def bars(counts: Sequence[int]) -> str:
    """Draw a histogram in one line; an empty bin is a blank."""
    most = max(counts)
    return "".join(BARS[-(-count * len(BARS) // most) - 1] if count else " " for count in counts)


def _stacked(column: ColumnProfile, score: str, screen: Screen) -> str:
    """Each column in several lines, for a narrow terminal."""
    facts = column.facts
    parts = [f"{facts.distinct:,} distinct"]
    if facts.missing:
        parts.insert(0, f"{percent(column.missing_share)} missing")
    if column.links and _score(column):
        parts.append(f"{score} {_score(column)}")
    name = one_line(column.name)
    kind = _kind(column)
    first = f"{cut_cells(name, max(6, screen.width - len(kind) - len(GAP)))}{GAP}{kind}"
    lines = [paint(first, "bold" if column.is_target else "", screen)]
    width = screen.width - 2
    texts = (", ".join(parts), _values(column, width), one_line(column.kind.reason))
    lines += [fill(f"  {text}", screen.width, hang=4) for text in texts if text]
    return "\n".join(lines)
