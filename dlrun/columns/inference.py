"""Tells what kind of column each column of a table is, from counts of its values; without NumPy.

What the config says comes first; whatever is told here has its reason in words.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from dlrun.catalog import shelves, source
from dlrun.column import ColumnFacts, ColumnKind, Holds
from dlrun.errors import ConfigError, Problem
from dlrun.shapes.cells import Ways, bare_number, number_fix, say_keys, ways_of
from dlrun.shapes.images import CHANNELS_OF, SUFFIXES, sides_of
from dlrun.wording import as_text, did_you_mean, list_columns, list_some, quote, tally

IGNORE: Final = "ignore"
KEY: Final = "key"
NUMBER: Final = "number"
TEXT: Final = "text"
UNREAD: Final = (IGNORE, KEY)
"""The kinds of columns that the network does not read."""

NAMES_AN_ID: Final = re.compile(
    r"(?:.*[_ .-])?(?:id|ids|uuid|guid|index|rownames?|row_?n(?:o|r|um|umber)|unnamed: ?\d+)|",
    re.IGNORECASE,
)
"""Also the name that is empty, which programs give to the numbers of rows."""
ENDS_AS_ID: Final = re.compile(r".*[a-z](?:Id|ID|UUID)")
"""As in `PassengerId`."""

ENOUGH: Final = 20
"""In fewer rows, values that are all different are no sign of an id."""
COUNTED: Final = 50
"""In fewer rows, numbers that count up by one are no sign of an id."""
FEW: Final = 50
"""Up to so many different texts each have an entry of their own."""
RARE: Final = 5
"""In fewer rows, a value has no entry of its own where there are many different ones."""
MOST_ENTRIES: Final = 1000
"""The rest of the values are taken for rare ones."""
PHRASE, SENTENCE = 2, 3
"""So many words a value make it a text: where values repeat a little, and where none does."""
REPEATS: Final = 5
"""So often, on average, the numbers of a group stand in a column that is named like an id."""
LIKELY: Final = 0.5
"""So large a share of numbers makes a column of numbers, with cells to be mended."""
ODD: Final = 10
"""Up to so many different other values are taken for slips and for words for `missing`."""
ODD_SHARE: Final = 0.05
KNOWN_IN_FORMATS: Final = frozenset("aAbBdfgGHIjmMpSuUVwWyYzZcxXn%")
"""What may follow a `%` in the format of times, as `strptime` has it."""
ISO: Final = "iso"
"""The format of times as ISO 8601 has them, `2024-01-31 12:00:00`, which need not be told."""


def infer(facts: ColumnFacts, *, all_numbers: bool = False) -> ColumnKind:
    """Tell the kind of a column by its values.

    Args:
        facts: What its values are.
        all_numbers: Whether the table has numbers alone, and no gaps: then a constant column stays,
            since it may be a pixel, and so does one that only counts.
    """
    kind, options, reason = _told_by_values(facts, all_numbers=all_numbers)
    return ColumnKind(facts.name, kind, options, reason)


Told = tuple[str, dict[str, Any], str]
"""The word, its options, and the reason."""


def _told_by_values(facts: ColumnFacts, *, all_numbers: bool) -> Told:
    """Ask in this order: nothing to learn, yes and no, numbers, times, all else."""
    present = _present(facts)
    if not present:
        return "ignore", {}, "it has no values" if facts.rows else "it has no rows"
    if facts.distinct == 1 and not facts.missing and not all_numbers:
        return "ignore", {}, f"all values are {_some_value(facts)}, which tells nothing"
    if facts.booleans and facts.booleans + facts.numbers >= present:
        return "number", *_filled(facts, f"{_all_are(facts, 'yes or no', 'yes or no')}: 1 and 0")
    if are_codes(facts) and not all_numbers:
        return _text(facts, "numbers with zeros before them are codes; ")
    if facts.numbers == present or _are_slips(facts, facts.numbers):
        return _number(facts) if all_numbers else _number_of_mixed(facts)
    is_time = facts.times == present or _are_slips(facts, facts.times)
    return _date(facts) if is_time else _text(facts)


def _number(facts: ColumnFacts) -> Told:
    """Of numbers, in a table that has nothing else."""
    return _number_or_id(facts, all_numbers=True)


def _number_of_mixed(facts: ColumnFacts) -> Told:
    """Of numbers, in a table that has other columns too."""
    return _number_or_id(facts, all_numbers=False)


def _number_or_id(facts: ColumnFacts, *, all_numbers: bool) -> Told:
    if facts.numbers < _present(facts):
        what = f"{facts.numbers:,} of {tally(_present(facts), 'value')} are numbers"
        return "number", *_filled(facts, f"{what}; {_others(facts)}")
    are_wholes = facts.wholes == facts.numbers
    if are_wholes and names_an_id(facts.name):
        if facts.distinct == _present(facts):
            return "ignore", {}, "an id: its name says so, and no value comes twice"
        if facts.distinct <= FEW and facts.distinct * REPEATS <= _present(facts):
            reason = f"its name says that its {facts.distinct} numbers are ids"
            return "category", *_own(facts, reason)
        reason = "its name says that it is an id, of which some come twice"
        return "ignore", {}, f"{reason}: perhaps `split_by: {{group: {facts.name}}}`"
    counts_up = are_wholes and _counts_up(facts)
    if counts_up and not all_numbers:
        return "ignore", {}, f"it counts the rows, from {facts.low:.0f} up by one"
    reason = _all_are(facts, "numbers", "a number")
    if counts_up:
        reason += f"; it counts the rows: `{facts.name}: ignore` leaves it out"
    elif facts.distinct == 1 and not facts.missing and facts.rows > 1:
        reason += ", all the same"
    elif are_wholes and _largest(facts) > 2**24:
        reason += f", whole, up to {_largest(facts):,.0f}: float32 keeps 7 digits of them"
    return "number", *_filled(facts, reason)


def _date(facts: ColumnFacts) -> Told:
    """Of times."""
    reason = _all_are(facts, "times", "a time")
    if facts.times < _present(facts):
        reason = f"{facts.times:,} of {tally(_present(facts), 'value')} are times"
        reason += f"; {_others(facts)}"
    options: dict[str, Any] = {}
    if facts.time_format not in (None, ISO):
        reason += f", written as {facts.time_format}"
        options["format"] = facts.time_format
    filled, reason = _filled(facts, reason)
    return "date", options | filled, reason


def _text(facts: ColumnFacts, because: str = "") -> Told:
    """Of texts, or of texts and numbers."""
    word, options, reason = _text_or_id(facts, because)
    if facts.top and all(text.lower().endswith(SUFFIXES) for text, _ in facts.top):
        return word, options, f"{reason}; it names images: perhaps `{{type: image}}`"
    written = numbers_otherwise(facts)
    return word, options, f"{reason}; {written}" if written else reason


def ways_otherwise(facts: ColumnFacts, *, has_decimals: bool = False) -> Ways:
    """Tell a text of a column, and the keys by which most of its texts are numbers.

    None that reads decimals otherwise, where the column `has_decimals`, or another one has.
    """
    texts = [text for text, _ in facts.no_numbers]
    has_decimals = has_decimals or facts.wholes < facts.numbers
    return ways_of(texts, facts.decimal, has_decimals=has_decimals)


def numbers_otherwise(facts: ColumnFacts) -> str | None:
    """Say how the texts of a column are to be read, where most are numbers written otherwise."""
    text, ways = ways_otherwise(facts)
    if ways:
        return f"{quote(text)} is a number with {say_keys(ways[0])}"
    texts = [text for text, _ in facts.no_numbers]
    units = [text for text in texts if bare_number(text) not in (None, text)]
    if facts.distinct >= ENOUGH and 2 * len(units) > len(texts):
        return f"{quote(units[0])} is a number with a unit: write {bare_number(units[0])}"
    return None


def _text_or_id(facts: ColumnFacts, because: str) -> Told:
    present, distinct = _present(facts), facts.distinct
    are_many = present >= ENOUGH
    if are_many and distinct == present:
        if facts.words >= SENTENCE:
            reason = f"all values differ, with {facts.words:.1f} words on average"
            return "text", *_words(facts, reason)
        return "ignore", {}, f"{because}an id: no value comes twice"
    if names_an_id(facts.name) and distinct > FEW:
        return "ignore", {}, f"an id: its name says so, and it has {distinct:,} different values"
    if distinct <= FEW:
        return "category", *_own(facts, f"{because}{tally(distinct, 'different value')}")
    reason = f"{because}{distinct:,} different values in {tally(present, 'row')}"
    if facts.words >= PHRASE and 2 * distinct > present:
        return "text", *_words(facts, f"{reason}, with {facts.words:.1f} words on average")
    return _of_many(facts, reason)


def _of_many(facts: ColumnFacts, reason: str) -> Told:
    """Of many different texts, of which the frequent ones have entries."""
    least = max(RARE, math.ceil(_present(facts) / MOST_ENTRIES))
    if facts.top and facts.top[0][1] < least:
        return "ignore", {}, f"{reason}, none of which stands in many"
    options, reason = _own(facts, reason)
    return "category", options | {"min_count": least}, reason


def _filled(facts: ColumnFacts, reason: str) -> tuple[dict[str, Any], str]:
    return _missing(facts, "flag", reason)


def _own(facts: ColumnFacts, reason: str) -> tuple[dict[str, Any], str]:
    return _missing(facts, "own", reason)


def _words(facts: ColumnFacts, reason: str) -> tuple[dict[str, Any], str]:
    options, reason = _missing(facts, "empty", reason)
    if _present(facts) >= RARE * ENOUGH:
        options["min_count"] = RARE
    return options, reason


def _missing(facts: ColumnFacts, missing: str, reason: str) -> tuple[dict[str, Any], str]:
    if not facts.missing:
        return {}, reason
    verb = "is" if facts.missing == 1 else "are"
    return {"missing": missing}, f"{reason}; {facts.missing:,} {verb} missing"


def _present(facts: ColumnFacts) -> int:
    return facts.rows - facts.missing


def _all_are(facts: ColumnFacts, several: str, one: str) -> str:
    """Say what the values are: `714 of 891 values are numbers`, `all 891 values are numbers`."""
    present = _present(facts)
    which = f"all {tally(present, 'value')}"
    if facts.missing:
        which = f"{present:,} of {tally(facts.rows, 'value')}"
    elif present == 1:
        which = "its only value"
    return f"{which} is {one}" if present == 1 else f"{which} are {several}"


def _some_value(facts: ColumnFacts) -> str:
    return quote(facts.top[0][0]) if facts.top else "the same"


def _are_slips(facts: ColumnFacts, fitting: int) -> bool:
    """Whether most values fit, and the others are so few that they are meant to be mended."""
    present = _present(facts)
    others = present - fitting
    if not fitting or fitting < LIKELY * present:
        return False
    few_different = facts.distinct - fitting <= ODD
    if facts.no_numbers and fitting == facts.numbers:
        few_different = len(facts.no_numbers) < ODD or others <= sum(
            count for _, count in facts.no_numbers
        )
    return few_different or others <= ODD_SHARE * present


def _others(facts: ColumnFacts) -> str:
    """Name what does not fit, and say what can be done."""
    values = [value for value, _ in facts.no_numbers]
    if not values:
        return "the others are to be mended"
    shown = ", ".join(map(quote, values[:3]))
    if written := numbers_otherwise(facts):
        return written
    if fix := number_fix(values[0], facts.decimal):
        return f"others are {shown}: {fix[0].lower()}{fix[1:-1]}"
    words = ", ".join(map(_yaml, values[:3]))
    return f"others are {shown}: perhaps `missing_values: [{words}]`"


def _yaml(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z][\w/]*", text) else '"' + text.replace('"', '\\"') + '"'


def are_codes(facts: ColumnFacts) -> bool:
    """Whether numbers are written as codes are, such as 01234."""
    are_numbers = 0 < _present(facts) == facts.numbers
    return are_numbers and facts.codes > 0


def _largest(facts: ColumnFacts) -> float:
    return max(abs(facts.low or 0), abs(facts.high or 0))


def _counts_up(facts: ColumnFacts) -> bool:
    """Whether whole numbers are all those from 0 or 1 to the number of rows."""
    if facts.low is None or facts.high is None or facts.missing or facts.rows < COUNTED:
        return False
    is_dense = facts.distinct == facts.rows == facts.high - facts.low + 1
    return is_dense and facts.low in (0, 1)


def names_an_id(name: str) -> bool:
    """Whether a column is named as ids are: `id`, `user_id`, `PassengerId`, `Unnamed: 0`."""
    name = name.strip()
    return bool(NAMES_AN_ID.fullmatch(name) or ENDS_AS_ID.fullmatch(name))


def kinds_of(
    facts: Mapping[str, ColumnFacts],
    written: Mapping[str, Any] | None,
    others: Collection[str] = (),
    *,
    ask: bool = True,
) -> tuple[ColumnKind, ...]:
    """Tell the kinds of all columns, in the order of the table.

    Args:
        facts: Of each column that may be read by the network, by name.
        written: What `dataset.columns` says, checked: a word, or a mapping with `type`, by name.
        others: The columns of the table that are something else: the target, the weight.
        ask: Whether a config has to say which of several formats times have; else the first is
            taken, for a first look.

    Raises:
        ConfigError: A column is named that is not in the table, or is something else.
    """
    problems = (*misnamed(facts, written or {}, others), *_unreadable(written or {}))
    if problems:
        raise ConfigError(*problems)
    all_numbers = all(one.numbers == one.rows for one in facts.values())
    kinds = tuple(
        _with_format(told(name, (written or {})[name]), one)
        if name in (written or {})
        else infer(one, all_numbers=all_numbers)
        for name, one in facts.items()
    )
    unclear = tuple(
        _ask_for_format(kind, facts[kind.name]) for kind in kinds if _is_unclear(kind, facts)
    )
    if unclear and ask:
        raise ConfigError(*unclear)
    return tuple(
        _in_first_format(kind, facts[kind.name]) if _is_unclear(kind, facts) else kind
        for kind in kinds
    )


def _with_format(kind: ColumnKind, facts: ColumnFacts) -> ColumnKind:
    """Say how times are written where the config leaves that to them: later files are read so."""
    form = facts.time_format
    is_open = kind.options.get("format") is None and holds_of(kind, facts) == "time"
    if not is_open or form is None or form == ISO or "|" in form:
        return kind
    return replace(kind, options={**kind.options, "format": form})


def _is_unclear(kind: ColumnKind, facts: Mapping[str, ColumnFacts]) -> bool:
    """Whether its times may be read in several ways, and the config does not choose one."""
    is_read_as_times = holds_of(kind, facts[kind.name]) == "time"
    is_told = kind.told and kind.options.get("format") is not None
    return is_read_as_times and not is_told and "|" in (facts[kind.name].time_format or "")


def _in_first_format(kind: ColumnKind, facts: ColumnFacts) -> ColumnKind:
    """Take times in the first of the formats that they may have."""
    first, *others = (facts.time_format or "").split("|")
    reason = kind.reason.replace(facts.time_format or "", f"{first} or {' or '.join(others)}")
    return replace(kind, options={**kind.options, "format": first}, reason=reason)


def _ask_for_format(kind: ColumnKind, facts: ColumnFacts) -> Problem:
    formats = (facts.time_format or "").split("|")
    what = f"Its times, such as {_some_value(facts)}, may be {' or '.join(map(quote, formats))}."
    fix = f"Say which: {{type: {kind.kind}, format: {as_text(formats[0])!r}}}."
    return Problem(f"dataset.columns.{kind.name}", what, fix)


def misnamed(
    columns: Collection[str], written: Mapping[str, Any], others: Collection[str] = ()
) -> Iterator[Problem]:
    """Tell which names of `dataset.columns` are none of the table, or of `others`."""
    for name in written:
        path = f"dataset.columns.{name}"
        if name in others:
            what = f"{quote(name)} is the target, or a weight, and no column of the network."
            yield Problem(path, what, "Leave it out of 'columns'.")
        elif name not in columns:
            near = did_you_mean(name, columns)
            has = f"The table has {list_columns(tuple(columns))}."
            yield Problem(path, f"There is no column {quote(name)}.", near or has)


def _unreadable(written: Mapping[str, Any]) -> Iterator[Problem]:
    """Tell which formats of times say nothing."""
    for name, one in written.items():
        form = one.get("format") if isinstance(one, Mapping) else None
        if not isinstance(form, str):
            continue
        letters = re.findall(r"%-?(.?)", form)
        wrong = [letter for letter in letters if letter not in KNOWN_IN_FORMATS]
        if wrong or not letters:
            what = f"{quote(form)} is no format of times"
            what += f": there is no '%{wrong[0]}'." if wrong else ": it has no '%'."
            yield Problem(f"dataset.columns.{name}.format", what, "Write such as '%d/%m/%Y %H:%M'.")


def told(name: str, written: Any) -> ColumnKind:
    """Read what a config says of a column: a word, or a mapping with `type`."""
    options = {} if isinstance(written, str) else dict(written)
    word = written if isinstance(written, str) else str(options.pop("type"))
    return ColumnKind(name, word, options, "the config says so", told=True)


def reads(word: str) -> tuple[Holds, ...]:
    """Give what the values of a kind of column may be read as; none: they are not read."""
    module = shelves.origins("columns")[word]
    found = re.search(r"^READS(?:: [^=\n]+)? = (.+)$", source.module_text(module), re.MULTILINE)
    held: tuple[Holds, ...] = ast.literal_eval(found[1]) if found else ("number",)
    return held


def shapes_told(written: Mapping[str, Any]) -> dict[str, tuple[int | None, ...]]:
    """Give the shapes of columns of images, `(height, width, channels)`, as a config says them."""
    shapes: dict[str, tuple[int | None, ...]] = {}
    for name, one in written.items():
        kind = told(name, one)
        if reads(kind.kind) == ("image",):
            sides: tuple[int | None, ...] = (None, None)
            with suppress(ValueError):  # which is told elsewhere
                sides = sides_of(kind.options.get("size")) or sides
            shapes[name] = (*sides, CHANNELS_OF[kind.options.get("color", "rgb")])
    return shapes


def split_key(name: str) -> ColumnKind:
    """The kind of a column by which rows are split: no network gets it, no later file needs it."""
    return ColumnKind(name, IGNORE, reason="rows are split by it")


def holds_of(kind: ColumnKind, facts: ColumnFacts) -> Holds | None:
    """Choose what the values of a column are read as; None where they are not read at all.

    A kind that takes several gets numbers only where all values are, and nothing is lost: no zero
    stands before a number, and none is larger than float64 can count to.
    """
    possible = reads(kind.kind)
    if len(possible) < 2:  # noqa: PLR2004
        return possible[0] if possible else None
    present = _present(facts)
    are_numbers = 0 < present == facts.numbers and _largest(facts) <= 2**53
    if "number" in possible and are_numbers and not are_codes(facts):
        return "number"
    if "time" in possible and 0 < present == facts.times and facts.numbers < present:
        return "time"
    return "text"


def describe_kind(kind: ColumnKind) -> str:
    """Write a column in a line: `age: number (missing: flag), 714 of 891 values are numbers`."""
    options = {name: value for name, value in kind.options.items() if value is not None}
    given = ", ".join(f"{name}: {as_text(value)}" for name, value in options.items())
    shown = f"{kind.name}: {kind.kind}{f' ({given})' if given else ''}"
    return f"{shown}, {kind.reason}" if kind.reason else shown


def describe_kinds(kinds: Iterable[ColumnKind], most: int = 40) -> list[str]:
    """Write a table's columns, one a line; what a long table has alike stands together."""
    lines = [describe_kind(kind) for kind in kinds]
    if len(lines) <= most:
        return lines
    groups: dict[tuple[str, str], list[str]] = {}
    for kind in kinds:
        about = describe_kind(kind).removeprefix(f"{kind.name}: ")
        groups.setdefault((kind.kind, about), []).append(kind.name)
    return [f"{list_some(names, 5, str)}: {about}" for (_, about), names in groups.items()]
