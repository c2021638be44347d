"""Makes a dataset of the rows of a table: features, targets, weights, and where each row stands."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, Dataset, Reading, Samples, StreamedArray, TableForm
from dlrun.column import ColumnFacts, ColumnKind, Holds, split_column
from dlrun.columns import check_options
from dlrun.columns.inference import (
    IGNORE,
    KEY,
    UNREAD,
    holds_of,
    kinds_of,
    split_key,
    ways_otherwise,
)
from dlrun.data.bad_cells import cell_error, keys_fix
from dlrun.data.classes import held_numbers
from dlrun.data.csv_header import Choice, choose_columns, no_split_column
from dlrun.data.generators import argument_error
from dlrun.data.headers import DELIMITERS
from dlrun.data.image_columns import with_images
from dlrun.data.rounding import WHOLE, exact_whole
from dlrun.data.streaming import reason_to_stream
from dlrun.data.streams import chunks
from dlrun.data.table_facts import Tally, value_counts
from dlrun.data.tables import Table, open_table
from dlrun.errors import ConfigError, DataError
from dlrun.rundir.names import TEST
from dlrun.shapes.cells import (
    LARGEST,
    MAX_CLASSES,
    SMALLEST,
    is_name,
    keys_together,
    number_fix,
    parse_number,
    ways_fix,
    written_codes,
)
from dlrun.wording import list_classes, list_columns, quote

BYTES: Final = 8  # of each number


@dataclass(frozen=True)
class Uses:
    """What the columns of a table are for, as the config says."""

    target: str | Sequence[str] | None = None
    features: Sequence[str] | None = None
    columns: Mapping[str, Any] | None = None
    sample_weight: str | None = None
    split_by: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Plan:
    """What is read of a table, and as what."""

    choice: Choice
    kinds: tuple[ColumnKind, ...]  # of the columns that are read as features
    wanted: dict[str, Holds]  # features first, in their order
    formats: dict[str, str]  # of times
    is_text: bool  # whether the target holds classes by name
    codes: Mapping[float, str]  # how its numbers are written, where some are codes
    notes: tuple[str, ...]


def load_table(
    paths: Sequence[Path],
    test_paths: Sequence[Path] | None,
    reading: Reading,
    uses: Uses,
) -> Dataset:
    """Read a table to train on, and one of test rows where it is named."""
    check_reading(reading)
    with open_table(paths, reading) as table:
        plan = plan_columns(table, uses)
        dataset = _read(table, plan, streamed=reason_of(table, len(plan.wanted)))
        form = TableForm(table.columns, table.named, replace(reading, where=None, bad_rows="error"))
        dataset = replace(dataset, form=form)
    if test_paths is None:
        return with_images(dataset, paths, None, ())[0]
    with open_table(test_paths, reading) as table:
        _check_same(table, plan)
        test = _read(table, plan, streamed=reason_of(table, len(plan.wanted)), like=dataset)
        _check_classes(table, dataset, test)
    dataset, last = with_images(dataset, paths, test, test_paths)
    test = last or test
    return replace(
        dataset,
        test=test.train,
        own_places={} if test.place is None else {TEST: test.place},
        raw_columns=test.raw_columns,  # texts of the test rows alone stand behind the others
        notes=tuple(dict.fromkeys((*dataset.notes, *test.notes))),
    )


def _check_classes(table: Table, dataset: Dataset, test: Dataset) -> None:
    """Refuse test rows of a class that no other row has."""
    known, found = dataset.class_names, test.class_names
    if known is None or found is None or len(found) == len(known):
        return
    y = test.train.y
    rows = np.flatnonzero(y[:] >= len(known)) if y is not None else np.empty(0, np.int64)
    if len(rows):
        what = f"the class {quote(found[len(known)])} stands in no row that is trained on; "
        what += f"there are {list_classes(known)}."
        raise DataError(what, where=table.place(int(rows[0])), fix="Mend the cell.")


def check_reading(reading: Reading) -> None:
    """Refuse what cannot be said of a file."""
    if reading.delimiter is not None and reading.delimiter not in DELIMITERS:
        raise argument_error("delimiter", reading.delimiter, 'one of ",", ";", "|" and "\\t"')
    if reading.decimal not in (".", ","):
        raise argument_error("decimal", reading.decimal, '"." or ","')
    thousands = reading.thousands
    if thousands is not None and thousands not in (",", ".", " ", "'", "\u00a0", "\u202f", "_"):
        raise argument_error("thousands", thousands, 'a comma, a point, a blank or "\'"')
    if thousands == reading.decimal:
        raise argument_error("thousands", thousands, "another one than `decimal`")
    try:
        codecs.lookup(reading.encoding or "utf-8")
    except LookupError:
        names = "a name that Python knows, such as utf-8, latin-1, cp1252 or utf-16"
        raise argument_error("encoding", reading.encoding, names) from None


def reason_of(table: Table, width: int) -> str | None:
    """Why the rows are to stay on the disk."""
    paths = [part.source.path for part in table.parts]
    is_plain = all(part.source.readable == part.source.path for part in table.parts)
    is_text = all(part.source.format == "csv" for part in table.parts)
    size = sum(part.source.stamp[0] for part in table.parts if part.source.stamp)
    if not (is_plain and is_text):
        size = max(size, table.rows * width * BYTES)
    return reason_to_stream(paths[0], size)


def plan_columns(table: Table, uses: Uses) -> Plan:
    """Decide what is read of a table, and as what."""
    arguments = {"target": uses.target, "features": uses.features,
                 "sample_weight": uses.sample_weight}  # fmt: skip
    choice = choose_columns(table.head, arguments, header=table.named)
    names = list(choice.feature_names)
    written = dict(uses.columns or {})
    check_options(written)
    split = split_column(uses.split_by)
    if split is not None and split not in table.columns:
        raise ConfigError(no_split_column(split, table.columns))
    is_unread = split is not None and written.get(split, IGNORE) in (IGNORE, {"type": IGNORE})
    if split is not None and is_unread:  # it is read, and the network does not get it
        written.pop(split, None)
        names = [name for name in names if name != split]
    facts = table.facts(names)
    others = [*choice.target_names, *([uses.sample_weight] if uses.sample_weight else [])]
    kinds = list(kinds_of(facts, written, others))
    if split is not None and split not in names and split in table.columns:
        facts |= table.facts([split])
        kinds.append(split_key(split))
        _check_moments(facts[split], uses)
    wanted: dict[str, Holds] = {}
    formats, read, notes = {}, [], []
    for kind in kinds:
        # A column that divides the rows is read all the same.
        divides = kind.name == split and kind.kind == IGNORE
        as_read = replace(kind, kind=KEY) if divides else kind
        holds = holds_of(as_read, facts[kind.name])
        if holds is None:
            notes.append(f"column {quote(kind.name)}: left out, {kind.reason}")
            continue
        wanted[kind.name] = holds
        read.append(kind)
        form = kind.options.get("format") or facts[kind.name].time_format
        if holds == "time" and form is not None:
            formats[kind.name] = str(form).partition("|")[0]
    if not any(kind.kind not in UNREAD for kind in read):
        gone = [kind for kind in kinds if kind.name not in wanted]
        raise _no_column_left(gone, facts, table)
    is_text = len(choice.targets) == 1 and _is_text(table, choice.target_names[0])
    for name in choice.target_names:
        wanted[name] = "text" if is_text else "number"
    if uses.sample_weight is not None:
        wanted[uses.sample_weight] = "number"
    codes = {} if is_text or len(choice.targets) > 1 else _codes(table, choice.target_names[0])
    return Plan(choice, tuple(read), wanted, formats, is_text, codes, tuple(notes))


def _no_column_left(
    gone: Sequence[ColumnKind], facts: Mapping[str, ColumnFacts], table: Table
) -> DataError:
    names = [kind.name for kind in gone]
    why = next((kind.reason for kind in gone), "")
    what = f"no column is left for the network: left out are {list_columns(names)} ({why})."
    keys = keys_together({name: ways_otherwise(facts[name]) for name in names})
    fix = "Say what they are: `columns: {name: category}`."
    if keys:
        fix = ways_fix([max(keys.values(), key=len)])
    return DataError(what, where=str(table.parts[0].source.path), fix=fix)


def _codes(table: Table, name: str) -> dict[float, str]:
    """How the numbers of a target are written, if they may be classes and some begin with zeros."""
    facts = table.facts([name])[name]
    if not facts.codes or facts.distinct > MAX_CLASSES:
        return {}
    return written_codes(text for text, _ in value_counts(table, name))


def _check_moments(facts: ColumnFacts, uses: Uses) -> None:
    """Refuse to put rows in order by times of which day and month cannot be told apart."""
    if "time" in (uses.split_by or {}) and "|" in (facts.time_format or ""):
        shown = quote(facts.top[0][0]) if facts.top else "its values"
        what = f"column {quote(facts.name)}: {shown} may begin with the day or with the month."
        fix = "Write its dates as 2024-12-31, so that rows can be put in order by it."
        raise DataError(what, fix=fix)


def _is_text(table: Table, name: str) -> bool:
    """Whether a target holds names of classes; one that holds both is refused."""
    facts = table.facts([name])[name]
    present = facts.rows - facts.missing
    if facts.numbers == present:
        return False
    cell = table.cell(name)
    firsts = table.connection.execute(
        f"SELECT v FROM (SELECT {table.origin} AS o, ({cell.text}) AS v FROM {table.relation}) "
        "WHERE v IS NOT NULL ORDER BY o LIMIT 1"
    ).fetchall()
    first = str(firsts[0][0])
    if not is_name(first):
        return False  # the first cell that is no number is told when it is read
    if cell.stored != "text":
        return True
    numbers = "v IS NOT NULL AND TRY_CAST(v AS DOUBLE) IS NOT NULL"
    ((some,),) = table.connection.execute(  # first of the different ones, which are few
        f"SELECT count(*) FROM {Tally(table, [name]).relation} WHERE {numbers}"
    ).fetchall()
    if not some:
        return True
    odd = table.connection.execute(
        f"SELECT o, v FROM (SELECT {table.origin} AS o, ({cell.text}) AS v FROM {table.relation}) "
        f"WHERE {numbers} ORDER BY o LIMIT 1"
    ).fetchall()
    odd = [(row, text) for row, text in odd if not is_name(str(text))]
    if not odd:
        return True
    row, text = odd[0]
    is_number = parse_number(str(text)) is not None
    if is_number and number_fix(first):
        raise cell_error(first, name, table.place(0), fix=keys_fix(table, name))
    raise DataError(
        f"column {quote(name)}: {quote(str(text))} is {'a number' if is_number else 'no value'}, "
        "but the column begins with text; a target is all numbers or all text.",
        where=table.places([int(row)])[0],
        fix="Mend the cell, or say that it is a missing value: `dataset.missing_values`.",
    )


def _read(
    table: Table, plan: Plan, *, streamed: str | None, like: Dataset | None = None
) -> Dataset:
    names = list(plan.wanted)
    width = len(plan.kinds)
    targets = len(plan.choice.target_names)
    raw, (x, rest) = table.gather(
        plan.wanted, plan.formats, (range(width), range(width, len(names))),
        streamed=streamed is not None, alike=None if like is None else _texts_of(like, plan),
        others=dict.fromkeys(names[width:], targets > 1),
    )  # fmt: skip
    weight = None
    if plan.choice.weight is not None:
        named, parts, begin = plan.choice.weight[0], [], 0
        for chunk in chunks(rest):
            parts.append(row_weights(chunk[:, targets], named, table, begin))
            begin += len(chunk)
        weight = np.concatenate(parts)
    class_names: tuple[str, ...] | None = None
    y: Array
    if plan.is_text:
        class_names = raw[width].texts
        numbers = [np.nan_to_num(chunk[:, 0], nan=-1).astype(np.int32) for chunk in chunks(rest)]
        y = np.concatenate(numbers)  # (rows,)
        y = held_numbers(y) if streamed else y.astype(np.int64)
    elif targets == len(names) - width:
        y = rest
    else:
        y = _first_columns(rest, targets)
    if not plan.is_text and targets == 1 and not isinstance(y, StreamedArray):
        y = _exactly(y, table, plan.choice.target_names[0])
    return Dataset(
        Samples(x, y, weight),
        class_names=class_names,
        codes=plan.codes,
        feature_names=tuple(kind.name for kind in plan.kinds),
        target_names=plan.choice.target_names,
        sample_weight=None if plan.choice.weight is None else plan.choice.weight[0],
        streamed=streamed,
        raw_columns=raw[:width],
        kinds=plan.kinds,
        place=table.placer(),
        notes=(*table.notes, *plan.notes),
    )


def _first_columns(array: Array, number: int) -> Array:
    if isinstance(array, StreamedArray):
        return array.changed(lambda rows: rows[:, :number])
    return np.ascontiguousarray(array[:, :number])


def _texts_of(dataset: Dataset, plan: Plan) -> dict[str, tuple[str, ...]]:
    """The texts that test rows share with the rows before them, by column."""
    raw = dataset.raw_columns or ()
    known = {column.name: column.texts for column in raw if column.holds == "text"}
    if plan.is_text and dataset.class_names is not None:
        known[plan.choice.target_names[0]] = dataset.class_names
    return known


def _exactly(y: NDArray[Any], table: Table, name: str) -> NDArray[Any]:
    """Whole numbers that float64 would merge, as Python's own."""
    rows = np.flatnonzero(np.abs(y[:, 0]) > WHOLE).tolist()
    if not rows:
        return y
    exact = [exact_whole(text) for text in table.texts(name, rows)]
    y = y.astype(object)
    y[rows, 0] = exact
    return y


def row_weights(
    values: NDArray[np.float64], name: str, table: Table, begin: int = 0
) -> NDArray[np.float32]:
    """Weights of rows, `(rows,)`, none negative; the first row is the one of a number."""

    def refuse(row: int, what: str, fix: str | None = None) -> DataError:
        return DataError(f"column {quote(name)}: {what}", where=table.place(begin + row), fix=fix)

    missing = np.flatnonzero(np.isnan(values))
    if len(missing):
        raise refuse(int(missing[0]), "the cell is empty; a weight of 0 or more was expected.")
    negative = np.flatnonzero(values < 0)
    if len(negative):
        row = int(negative[0])
        shown = quote(table.texts(name, [begin + row])[0])
        raise refuse(row, f"{shown} is negative; a weight is 0 or more.")
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(np.float32)
    lost = np.flatnonzero(~np.isfinite(rounded) | ((rounded < SMALLEST) & (values > 0)))
    if len(lost):
        row = int(lost[0])
        what = (
            f"{quote(table.texts(name, [begin + row])[0])} is beyond the range of float32, "
            f"in which a weight is 0 or from {SMALLEST:.2g} to {LARGEST:.2g}."
        )
        raise refuse(row, what, "Multiply all weights by one number: only their ratios count.")
    return rounded


def _check_same(table: Table, plan: Plan) -> None:
    missing = [name for name in plan.wanted if name not in table.columns]
    if missing:
        what = f"there is no column {list_columns(missing)}; it has {list_columns(table.columns)}."
        raise DataError(what, where=str(table.parts[0].source.path))
