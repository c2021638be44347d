"""`dlrun init --data FILE`: writes a config for a table that trains as it is, every choice said."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from dlrun.arrays import Reading
from dlrun.column import ColumnFacts, ColumnKind
from dlrun.columns.inference import IGNORE, ODD, UNREAD
from dlrun.data.folder_look import look_at_folder
from dlrun.datasets.table import paths_of, reading_of
from dlrun.errors import DataError, UsageError
from dlrun.reports import folder_drafts, image_drafts, series_drafts, table_drafts
from dlrun.reports.config_lines import (
    TEST_SHARE,
    VALIDATION_SHARE,
    commented,
    inline,
    scalar,
)
from dlrun.reports.folder_profile import unread
from dlrun.reports.profile import ColumnProfile, Profile, TargetProfile, value_text
from dlrun.shapes.cells import says_missing
from dlrun.wording import list_columns, list_some, percent, printable, quote, tally
from dlrun.workflows.data import profile

MOST_COLUMNS: Final = 200
"""Of more columns only those are written down that differ from what is told by their values."""
_LOSSES: Final = {"softmax": "sparse_categorical_crossentropy", "sigmoid": "binary_crossentropy"}
"""By the activation of the last layer, where a model does not say its loss."""
_SKEWED = 20  # how often the largest target holds the median, for its logarithm to be learned


@dataclass(frozen=True)
class Draft:
    """A config for a table."""

    text: str
    remarks: tuple[str, ...]  # what whoever trains it should know


def init(
    table: Path,
    targets: Sequence[str],
    output: Path | None,
    settings: Mapping[str, Any] | None = None,
    *,
    series: bool = False,
) -> Draft:
    """Write a config for a table.

    Args:
        table: The file.
        targets: The columns to be predicted; none for the last one.
        output: Where the config will be, so that it names the table from there.
        settings: How the file is read: keys of a config's dataset.
        series: Foretell the next step, of a table whose times go on in equal steps.

    Raises:
        DlrunError: The file is no table, or nothing can be learned from it.
    """
    settings = dict(settings or {})
    if table.is_dir():
        return _of_folder(table, targets, output, settings)
    found, remarks = _profile(table, targets, reading_of(settings))
    found.check_targets()
    words = [] if settings.get("missing_values") else _words_for_missing(found)
    if words:
        settings["missing_values"] = words
        named = [target.name for target in found.targets]
        found = profile(paths_of(table), reading_of(settings), named, named=str(table))
        remarks.append(f"read as missing values: {list_some(words, 5)}")
    found = _with_images(_several(found, table), table)
    _check(found, table)
    base = Path() if output is None else output.parent
    path = table if table.is_absolute() else Path(os.path.relpath(table, base))
    name = _named((output or table).name.partition(".")[0], "table")
    source = _Source(path, name, settings)
    if series:
        lines = series_drafts.of_series(found, path, name, settings, output)
        return Draft("\n".join(lines) + "\n", tuple(remarks))
    text = "\n".join(_lines(found, source, output)) + "\n"
    return Draft(text, (*remarks, *found.warnings()))


def _check(found: Profile, table: Path) -> None:
    """Refuse a table of which nothing can be learned."""
    for target in found.targets:
        if target.classes is not None and len(target.classes) < 2:  # noqa: PLR2004
            raise DataError(
                f"the target {quote(target.name)} has a single value: nothing can be learned.",
                where=str(table),
                fix="Name another column with --target.",
            )
        if target.classes is not None and target.classes[0][1] == 1:
            raise DataError(
                f"the target {quote(target.name)} has another value in each row: as classes, "
                "nothing can be learned of them.",
                where=str(table),
                fix="Name another column with --target.",
            )
    if all(one.is_target for one in found.columns):
        raise DataError(
            "no column is left to tell the target by.",
            where=str(table),
            fix="Say how the file is read if it has more, such as --set 'delimiter=;', or name "
            "fewer targets.",
        )
    if not _read(found):
        why = list_some([f"{quote(one.name)}, {one.kind.reason}" for one in found.columns
                         if not one.is_target and one.kind.reason], 5, str)  # fmt: skip
        raise DataError(
            f"no column is left to tell the target by: left out are {why}.",
            where=str(table),
            fix="Give the table columns whose values come more than once, or that are numbers.",
        )


def init_from_keras(path: Path) -> Draft:
    """Write a config of the layers of a `.keras` file, which begin with its weights.

    Raises:
        DataError: It is no such file, or no config can say what it is.
    """
    from dlrun.config.yaml import to_yaml
    from dlrun.models.archive import read_model

    model = read_model(path)
    last = str(model.layers[-1].get("activation"))
    shape = ", ".join("?" if one is None else str(one) for one in model.input_shape)
    config = {
        "name": re.sub(r"\W+", "_", path.name.partition(".")[0]).strip("_") or "model",
        "dataset": {"type": "npz", "path": "data.npz"},
        "model": {"layers": list(model.layers)},
        "loss": model.loss or _LOSSES.get(last, "mean_squared_error"),
        "optimizer": model.optimizer or "adam",
        "training": {"epochs": 10},
    }
    head = [
        f"# The layers of {printable(path.name)}, and what is no default of them.",
        "#",
        f"# Written by `dlrun init --from-keras`. Rows have the shape ({shape}):",
        "# let `dataset` name yours (`dlrun list datasets`). data.npz holds x, and the targets y.",
        "# `weights` are those of the file. `dlrun validate` tells every mistake.",
    ]
    return Draft("\n".join([*head, to_yaml(config)]), model.remarks)


@dataclass(frozen=True)
class _Source:
    """What a config says of its table."""

    path: Path  # as the config names it
    name: str  # of the experiment
    settings: Mapping[str, Any]


def _profile(table: Path, targets: Sequence[str], reading: Reading) -> tuple[Profile, list[str]]:
    files = paths_of(table)
    if targets:
        return profile(files, reading, targets, named=str(table)), []
    found = profile(files, reading, (), named=str(table))
    last = found.columns[-1].name
    others = [one.name for one in found.columns[:-1]]
    remark = (
        f"the last column, {quote(last)}, is taken for the target; --target names another: "
        f"{list_some(others, 8)}"
    )
    return profile(files, reading, [last], named=str(table)), [remark]


def _of_folder(
    home: Path, targets: Sequence[str], output: Path | None, settings: Mapping[str, Any]
) -> Draft:
    """Write a config for a folder of images or of texts, a folder for each class."""
    if targets or settings:
        where = "--target" if targets else "--set"
        raise UsageError("it tells of a table; folders name their classes.", where=where)
    look = look_at_folder(home)
    if len(look.found.classes) < 2:  # noqa: PLR2004
        raise DataError(
            f"there is a single class, {quote(look.found.classes[0])}: nothing can be learned.",
            where=str(home),
            fix="Make a folder for each class.",
        )
    name = (output or home.absolute()).name.partition(".")[0]
    base = Path() if output is None else output.parent
    path = home if home.is_absolute() else Path(os.path.relpath(home, base))
    write = folder_drafts.of_texts if look.kind == "text" else image_drafts.config
    lines = write(look, _named(name, f"{look.kind}s"), path, output)
    remarks = (one.removeprefix("warning: ") for one in (*look.found.notes, *unread(look)))
    return Draft("\n".join(lines) + "\n", tuple(remarks))


def _named(text: str, otherwise: str) -> str:
    """Make a name for an experiment of that of a file."""
    return re.sub(r"\W+", "_", text).strip("_") or otherwise


def _with_images(found: Profile, table: Path) -> Profile:
    """Take columns whose values name images beside the table for what they are."""
    columns = list(found.columns)
    for place, column in enumerate(columns):
        size = None if column.is_target else image_drafts.size_in_column(column.facts, table.parent)
        if size is not None:
            kind = ColumnKind(column.name, "image", {"size": [*size], "resize": "pad"})
            columns[place] = replace(column, kind=kind, links=())
    return replace(found, columns=tuple(columns))


def _words_for_missing(found: Profile) -> list[str]:
    """The usual words for a missing value that stand among numbers or times, and nowhere else."""
    features = [one for one in found.columns if not one.is_target]
    words: list[str] = []
    for column in features:
        others = [text for text, _ in column.facts.no_numbers]
        if column.facts.numbers and len(others) < ODD and all(map(says_missing, others)):
            words += others
    no_classes = [text for target in found.targets for text, _ in target.no_values]
    meant = {text for one in found.columns if not one.facts.numbers for text, _ in one.facts.top}
    words = [text for text in words if text not in meant]
    return list(dict.fromkeys((*no_classes, *words)))


def _several(found: Profile, table: Path) -> Profile:
    """Take several targets for labels, or all for numbers, few whole ones too."""
    facts = [found.column(target.name).facts for target in found.targets]
    if len(facts) < 2 or all(map(_is_yes_or_no, facts)):  # noqa: PLR2004
        return found
    if all(one.numbers == one.rows - one.missing for one in facts):
        numbers = tuple(replace(target, classes=None) for target in found.targets)
        return replace(found, targets=numbers)
    raise DataError(
        f"the targets {list_columns([one.name for one in facts])} do not go together: several are "
        "yes and no each (or 1 and 0), or numbers each.",
        where=str(table),
        fix="Name one of them, or others, with --target.",
    )


def _is_yes_or_no(facts: ColumnFacts) -> bool:
    is_whole = facts.numbers == facts.wholes
    known = facts.booleans + (facts.numbers if is_whole else 0)
    are_digits = not facts.numbers or (facts.low in (0, 1) and facts.high in (0, 1))
    return known == facts.rows - facts.missing and are_digits


def _lines(found: Profile, source: _Source, output: Path | None) -> Iterator[str]:
    features = [one for one in found.columns if not one.is_target]
    wanted = list_some([target.name for target in found.targets], 5)
    yield f"# {source.path.name}: {wanted} from {tally(len(features), 'column')} of {_rows(found)}."
    yield "#"
    yield "# Written by `dlrun init --data`; what stands after a # says why. `dlrun data` shows the"
    yield "# table, `dlrun list columns` what a column can be, `dlrun validate` every mistake."
    yield f"# Train:     dlrun train {output or f'{source.name}.yaml'}"
    yield ""
    yield f"name: {scalar(source.name)}"
    yield commented("seed: 0", "same seed, same bits; try others with --seed 1")
    yield ""
    yield from _dataset(found, source)
    yield ""
    images = sum(one.kind.kind == "image" for one in found.columns)
    yield from table_drafts.model(found, others=len(_read(found)) > images)
    yield ""
    yield from table_drafts.training(found)


def _rows(found: Profile) -> str:
    return tally(found.rows, "row")


def _dataset(found: Profile, source: _Source) -> Iterator[str]:
    yield "dataset:"
    yield "  type: table"
    yield f"  path: {scalar(str(source.path))}"
    yield from (f"  {key}: {inline(value)}" for key, value in source.settings.items())
    names = [target.name for target in found.targets]
    if len(names) == 1:
        yield commented(f"  target: {scalar(names[0])}", _about_target(found.targets[0], found))
    else:
        yield commented(f"  target: [{', '.join(map(scalar, names))}]", _about_several(found))
    yield from _target_scale(found)
    features = [one for one in found.columns if not one.is_target]
    if any(not one.name for one in features):
        features = [one for one in features if one.name]
        listed = ", ".join(scalar(one.name) for one in features)
        yield commented(f"  features: [{listed}]", "without what has no name")
    yield "  columns:"
    telling = _left_out(found)
    if len(features) > MOST_COLUMNS:
        rest = [one for one in features if one.name in telling or one.name == found.group]
        told = len(features) - len(rest)
        columns = tally(told, "column is", "columns are")
        yield f"    # {columns} told by their values: see `dlrun data`."
        features = rest
    for column in features:
        yield _column(column, found, is_telling=column.name in telling)
    if any(_is_scaled(one, found, telling) for one in found.columns if not one.is_target):
        yield commented(
            "  scale: standard", "numbers to mean 0 and deviation 1, by the training rows"
        )
    yield from _splits(found)


def _read(found: Profile) -> list[str]:
    """The columns that may tell the target."""
    return [
        one.name
        for one in found.columns
        if not one.is_target and one.kind.kind not in UNREAD and one.name != found.group
    ]


def _left_out(found: Profile) -> set[str]:
    """The columns that give the target away; where these are most, it is easy to tell, and none."""
    telling, read = {link.column for link in found.telling()}, _read(found)
    return telling if 2 * len(telling.intersection(read)) <= len(read) else set()


def _column(column: ColumnProfile, found: Profile, *, is_telling: bool) -> str:
    name = scalar(column.name)
    if is_telling:
        link = max(column.links, key=lambda one: one.strength)
        return commented(f"    {name}: {IGNORE}", f"tells {link.target}: {link.in_words()}")
    if column.name == found.group:
        about = f"rows of one {column.name} belong together; {column.facts.distinct} different"
        return commented(f"    {name}: {IGNORE}", about)
    kind, options = column.kind.kind, column.kind.options
    word = inline({"type": kind, **options}) if options else kind
    return commented(f"    {name}: {word}", _about_column(column))


def _is_scaled(column: ColumnProfile, found: Profile, telling: set[str]) -> bool:
    is_read = column.name not in telling and column.name != found.group
    return is_read and column.kind.kind not in UNREAD and column.holds != "text"


def _about_column(column: ColumnProfile) -> str:
    facts = column.facts
    if column.kind.kind in UNREAD:
        is_id = column.kind.reason.startswith("an id")
        return column.kind.reason + "; a `key` stands beside each prediction" * is_id
    if column.kind.kind == "image":
        return tally(facts.distinct, "file")
    parts = []
    if column.quartiles and facts.distinct > 2:  # noqa: PLR2004
        low, median, high = (
            value_text(number, column) for number in (facts.low, column.quartiles[1], facts.high)
        )
        parts.append(f"{low} to {high}, median {median}")
    elif facts.words >= 2 and facts.distinct > facts.rows / 10:  # noqa: PLR2004
        parts.append(f"{facts.distinct:,} different, {facts.words:.1f} words on average")
    else:
        known = max(1, facts.rows - facts.missing)
        top = [f"{text} {percent(count / known)}" for text, count in facts.top]
        more = facts.distinct - len(top[:3])
        parts.append(", ".join(top[:3]) + (f" and {more} more" if more > 0 else ""))
    if column.formats and column.kind.options.get("format") == column.formats[0]:
        parts.append(f"or {' or '.join(column.formats[1:])}: say which")
    if facts.missing:
        parts.append(f"{percent(column.missing_share)} missing")
    return "; ".join(parts)


def _about_target(target: TargetProfile, found: Profile) -> str:
    column = found.column(target.name)
    missing = f"; {tally(target.missing, 'row')} without it are left out" if target.missing else ""
    if target.classes is None:
        low, median, high = (
            value_text(number, column)
            for number in (column.facts.low, (column.quartiles or (0, 0, 0))[1], column.facts.high)
        )
        return f"numbers from {low} to {high}, median {median}{missing}"
    known = sum(count for _, count in target.classes)
    shown = [f"{text} {percent(count / known)}" for text, count in target.classes]
    return f"{tally(len(shown), 'class', 'classes')}: {list_some(shown, 4)}{missing}"


def _about_several(found: Profile) -> str:
    if all(target.is_class for target in found.targets):
        return f"{len(found.targets)} labels, each yes or no"
    return f"{len(found.targets)} numbers"


def _target_scale(found: Profile) -> Iterator[str]:
    """Scale a target of numbers, for the first steps of training to be of the right size."""
    if any(target.is_class for target in found.targets):
        return
    column = found.column(found.targets[0].name)
    low, high = column.facts.low, column.facts.high
    median = (column.quartiles or (0.0, 0.0, 0.0))[1]
    is_positive = len(found.targets) == 1 and low is not None and low > 0
    if is_positive and high is not None and high > _SKEWED * median:
        about = f"the largest is {high / median:,.0f} times the median; scores keep its units"
        yield commented("  target_scale: log", about)
    else:
        about = "learned with mean 0 and deviation 1; scores keep its units"
        yield commented("  target_scale: standard", about)


def _splits(found: Profile) -> Iterator[str]:
    stratified = "; each class has its share" if found.targets[0].is_class else ""
    if found.group:
        about = "no group is in two splits; else a network knows the test rows' groups"
        yield commented(f"  split_by: {{group: {scalar(found.group)}}}", about)
        stratified = ""
    yield commented(f"  test_split: {TEST_SHARE}", f"looked at once, at the end{stratified}")
    yield commented(
        f"  validation_split: {VALIDATION_SHARE}",
        "of the rest; watched during training, never trained on",
    )
    if found.time and not found.group:
        about = "for a forecast: tests on the last rows"
        yield commented(f"  # split_by: {{time: {scalar(found.time)}}}", about)
