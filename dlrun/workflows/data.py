"""`dlrun data FILE|CONFIG|FOLDER`: reads a table once and counts what is in it; or the files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dlrun.arrays import Reading
from dlrun.column import ColumnFacts, ColumnKind, Holds, RawColumn
from dlrun.columns.inference import kinds_of
from dlrun.config.nodes import Problems
from dlrun.config.overrides import read
from dlrun.data.clock import clock_of, missing_steps, positions, step_in_words
from dlrun.data.csv_header import column_positions
from dlrun.data.folder_look import look_at_folder
from dlrun.data.links import MOST_ROWS, Link, find_links
from dlrun.data.table_facts import value_counts
from dlrun.data.table_rows import count_duplicates, sample_rows
from dlrun.data.tables import open_table
from dlrun.datasets.table import paths_of, reading_of
from dlrun.errors import DataError, UsageError
from dlrun.reports.folder_profile import FolderProfile
from dlrun.reports.profile import (
    BINS,
    ColumnProfile,
    Profile,
    Series,
    TargetProfile,
    looks_like_classes,
)
from dlrun.rundir.files import write_output
from dlrun.shapes.cells import is_not_finite
from dlrun.wording import AMONG_FEW, CONFIGS, did_you_mean, list_columns, quote

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dlrun.data.tables import Table

FEWEST_STEPS: Final = 20
"""Fewer rows may be equally far apart by chance."""
MOST_MISSING: Final = 0.05  # steps for each row, of what may still be a series
_KEY: Final = re.compile(r"`dataset\.(\w+)(?:: ([^`]*))?`")
"""A key of a config in the words of an error, perhaps with its value."""


def data_of_folder(
    home: Path, targets: Sequence[str], settings: Mapping[str, Any], *, page: bool
) -> FolderProfile:
    """Look at a folder of images or of texts, a folder for each class.

    Raises:
        DlrunError: It is no such folder, or something was asked for that a table alone has.
    """
    asked = {"--target": targets, "--set": settings, "--output": page}
    for option in (option for option, value in asked.items() if value):
        raise UsageError("it tells of a table; folders name their classes.", where=option)
    return FolderProfile(str(home), look_at_folder(home))


def data(
    source: Path, targets: Sequence[str] = (), settings: Mapping[str, Any] | None = None
) -> Profile:
    """Profile a table, or the table of a config.

    Args:
        source: The table, or the config.
        targets: The columns to be predicted; where there are none those of the config.
        settings: Of a file, how it is read: keys of a config's dataset, such as `decimal`.

    Raises:
        DlrunError: There is no such file, it is no table, or a target is no column of it.
    """
    if source.suffix.lower() not in CONFIGS:
        reading = reading_of(settings or {})
        return profile(paths_of(source), reading, targets, named=str(source))
    if settings:
        raise UsageError("they say how a file is read; a config says it itself.", where="--set")
    from dlrun.config import load_config

    dataset = load_config(source).dataset
    if "path" not in dataset.arguments or "columns" not in dataset.arguments:
        raise UsageError(
            f"the dataset of the config is {dataset.type}, which is no table.",
            where=str(source),
            fix="Name a config whose dataset is a table, or the file itself.",
        )
    written = dataset.arguments["target"]
    own = [written] if isinstance(written, str) else list(written or ())
    return profile(
        paths_of(dataset.arguments["path"]),
        reading_of(dataset.arguments),
        targets or own,
        named=str(source),
        written=dataset.arguments["columns"],
    )


@contextmanager
def keys_as_options() -> Iterator[None]:
    """Let errors say as an option of this command line what they say as a key of a config."""
    try:
        yield
    except DataError as error:
        error.fix = error.fix and _KEY.sub(_option, error.fix)
        raise


def _option(key: re.Match[str]) -> str:
    return f"`--set {key[1]}={key[2] or '...'}`"


def profile(
    paths: Sequence[Path],
    reading: Reading,
    targets: Sequence[str],
    *,
    named: str,
    written: Mapping[str, Any] | None = None,
) -> Profile:
    """Profile a table of one file or several; `written` is what a config says of its columns."""
    with keys_as_options(), open_table(paths, reading) as table:
        called = [name for name in table.columns if name]
        column_positions(table.columns, called, where=str(paths[0]))  # no name comes twice
        _check_targets(targets, table, named)
        facts = table.facts()
        holds = {name: _holds(one) for name, one in facts.items()}
        kinds = _kinds(facts, targets, written)
        values = sample_rows(table, facts, holds, MOST_ROWS)
        told = [_target(facts[name], table) for name in targets]
        links = _links(values, told)
        found = Profile(
            source=named,
            rows=table.rows,
            columns=tuple(
                _column(facts[name], kinds[name], values[name], links.get(name, ()), targets)
                for name in table.columns
            ),
            targets=tuple(told),
            duplicates=count_duplicates(table, facts),
            sampled=max((len(numbers) for _, numbers in values.values()), default=0),
            notes=table.notes,
        )
        return replace(found, series=_series(found, facts, values))


READING: Final = tuple(field.name for field in fields(Reading))
"""The keys of a config's dataset that say how its file is read."""


def read_settings(words: Sequence[str]) -> dict[str, Any]:
    """Read `--set decimal=,`: keys of a dataset that say how a table is read.

    Raises:
        ConfigError: A word is no KEY=VALUE, or its key no such one.
    """
    problems, found = Problems(), {}
    for word in words:
        override = read(word, problems)
        if override is None:
            continue
        key = override.key.removeprefix("dataset.")
        if key in READING:
            found[key] = override.value.plain()
        else:
            fix = did_you_mean(key, READING) or f"Such keys are {', '.join(READING)}."
            problems.add(override.place, "", f"{quote(key)} does not say how a table is read.", fix)
    problems.raise_if_any()
    return found


def write_page(profile: Profile, output: Path) -> None:
    """Write a profile as a page of HTML."""
    from dlrun.reports.page.profile_page import profile_page

    page = profile_page(profile)
    write_output(output, lambda path: path.write_text(page, "utf-8", "backslashreplace"))


def _check_targets(targets: Sequence[str], table: Table, named: str) -> None:
    for target in targets:
        if target not in table.columns:
            known = f"Its columns are {list_columns(table.columns)}."
            raise UsageError(
                f"there is no column {quote(target)} in {named}.",
                where="--target",
                fix=did_you_mean(target, table.columns, similarity=AMONG_FEW) or known,
            )


def _holds(facts: ColumnFacts) -> Holds:
    """What the values of a column are read as to be shown, words among numbers left out."""
    present = facts.rows - facts.missing
    if facts.times and facts.times == present and facts.numbers < present:
        return "time"
    return "number" if 2 * facts.numbers >= present > 0 else "text"


def _kinds(
    facts: Mapping[str, ColumnFacts], targets: Sequence[str], written: Mapping[str, Any] | None
) -> dict[str, ColumnKind]:
    features = {name: one for name, one in facts.items() if name not in targets}
    kinds = {kind.name: kind for kind in kinds_of(features, written, tuple(targets), ask=False)}
    for name in targets:
        kinds[name] = ColumnKind(name, "target")
    return kinds


def _target(facts: ColumnFacts, table: Table) -> TargetProfile:
    no_values = tuple(one for one in facts.no_numbers if is_not_finite(one[0]))
    if facts.numbers and no_values == facts.no_numbers:  # else they are names
        gone = sum(number for _, number in no_values)
        distinct = facts.distinct - len(no_values)
        facts = replace(facts, rows=facts.rows - gone, distinct=distinct)
    if not looks_like_classes(facts):
        return TargetProfile(facts.name, None, facts.missing, no_values)
    is_whole = facts.distinct + len(no_values) <= len(facts.top)
    classes = facts.top if is_whole else value_counts(table, facts.name)
    no_values = tuple(one for one in classes if is_not_finite(one[0]))
    classes = tuple(one for one in classes if one not in no_values)
    return TargetProfile(facts.name, classes, facts.missing, no_values)


def _links(
    values: Mapping[str, tuple[RawColumn, NDArray[np.float64]]], targets: Sequence[TargetProfile]
) -> dict[str, tuple[Link, ...]]:
    """Link every column that is no target to every target."""
    names = {target.name for target in targets}
    features = [pair for name, pair in values.items() if name not in names]
    found: dict[str, tuple[Link, ...]] = {}
    for target in targets:
        y = values[target.name][1]
        for link in find_links(features, y, name=target.name, is_class=target.is_class):
            found[link.column] = (*found.get(link.column, ()), link)
    return found


def _series(
    profile: Profile,
    facts: Mapping[str, ColumnFacts],
    values: Mapping[str, tuple[RawColumn, NDArray[np.float64]]],
) -> Series | None:
    """Find times that go on in equal steps: of all rows, else of those of each name of a column."""
    time = next((one.name for one in profile.columns if one.holds == "time"), None)
    if time is None or profile.sampled < profile.rows:
        return None
    times = values[time][1]
    form = (facts[time].time_format or "").partition("|")[0] or None
    if not np.isfinite(times).all():
        return None
    keys = [one.name for one in profile.columns if one.holds == "text" and not one.is_target]
    for key in (None, *keys):
        numbers = np.zeros(len(times)) if key is None else values[key][1]
        if len(times) < FEWEST_STEPS * len(np.unique(numbers)):
            continue
        order = np.lexsort((times, numbers))
        within = np.diff(numbers[order]) == 0  # a series, not from one to the next
        if (np.diff(times[order])[within] == 0).any():
            continue
        clock = clock_of(time, form, times[order], numbers[order])
        steps = np.diff(positions(times[order], clock.unit))[within]
        missing = np.inf if clock.step is None else missing_steps(steps, clock.step).sum()
        if missing <= MOST_MISSING * len(times):  # it is NaN where some are no multiples
            return Series(time, key, step_in_words(clock))
    return None


def _column(
    facts: ColumnFacts,
    kind: ColumnKind,
    values: tuple[RawColumn, NDArray[np.float64]],
    links: tuple[Link, ...],
    targets: Sequence[str],
) -> ColumnProfile:
    column, numbers = values
    histogram: tuple[int, ...] = ()
    quartiles = None
    present = numbers[np.isfinite(numbers)]
    if column.holds != "text" and len(present) and present.min() < present.max():
        counts, _ = np.histogram(present, bins=BINS)
        histogram = tuple(counts.tolist())
        first, median, third = np.quantile(present, [0.25, 0.5, 0.75]).tolist()
        quartiles = (first, median, third)
    is_target = facts.name in targets
    return ColumnProfile(facts, kind, column.holds, histogram, quartiles, links, is_target)
