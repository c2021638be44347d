"""What is in a table: every column with its kind, its values, and what it says of the target."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dlrun.columns.inference import TEXT, UNREAD, numbers_otherwise, ways_otherwise
from dlrun.data.links import warning_of
from dlrun.errors import DataError
from dlrun.shapes.cells import keys_together, number_fix, say_keys
from dlrun.wording import list_some, percent, quote, tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlrun.column import ColumnFacts, ColumnKind, Holds
    from dlrun.data.links import Link

BINS: Final = 16
"""How many bars a histogram has at most."""
MOST_CLASSES: Final = 20
"""How many different whole numbers a target has at most that are taken for classes."""
MANY_MISSING: Final = 0.5
RARE: Final = 0.05
"""The share of rows below which a class is told to be rare."""
FEW: Final = 10
"""The number of rows below which a class is told to have few."""
GROUP_NAME: Final = re.compile(
    r"(?i)(^|_|\b)(id|ids|group|family|patient|subject|individual|person|user|customer|household|"
    r"session|site|school|account|client)(_?(id|no|nr|number))?$"
)
"""Names of columns whose equal values mean that rows belong together."""


@dataclass(frozen=True)
class ColumnProfile:
    """One column of a table."""

    facts: ColumnFacts
    kind: ColumnKind  # what the network would take it for, and why
    holds: Holds  # what its values are read as, here
    histogram: tuple[int, ...] = ()  # rows between the smallest and the largest value, in bins
    quartiles: tuple[float, float, float] | None = None  # of numbers and times
    links: tuple[Link, ...] = ()  # to each target
    is_target: bool = False

    @property
    def name(self) -> str:
        """The name in the table."""
        return self.facts.name

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that its times may have, where these are several; else none."""
        several = self.holds == "time" and "|" in (self.facts.time_format or "")
        return tuple((self.facts.time_format or "").split("|")) if several else ()

    def told(self, link: Link) -> float | None:
        """How well it tells a target; None where that cannot be said: of texts, by their words."""
        return None if self.kind.kind == TEXT and not link.tells else link.told

    def score_text(self, link: Link) -> str:
        """Write how well it tells a target; nothing where that cannot be said."""
        told = self.told(link)
        if told is None:
            return ""
        return percent(told) if link.is_accuracy else f"{max(0.0, told):.2f}"

    @property
    def missing_share(self) -> float:
        """The share of rows without a value."""
        return self.facts.missing / max(1, self.facts.rows)


@dataclass(frozen=True)
class TargetProfile:
    """What is to be predicted."""

    name: str
    classes: tuple[tuple[str, int], ...] | None  # with their rows, the largest first; else numbers
    missing: int
    no_values: tuple[tuple[str, int], ...] = ()  # `nan` and `inf`, with their rows

    @property
    def is_class(self) -> bool:
        """Whether rows are told apart, and no number is."""
        return self.classes is not None


class Otherwise(NamedTuple):
    """Columns of numbers that the table was not read for."""

    columns: tuple[str, ...]
    text: str  # of one of them
    keys: Mapping[str, str]  # of the dataset, which read them

    @property
    def said(self) -> str:
        """Say how a text of it is a number."""
        return f"{quote(self.text)} is a number with {say_keys(self.keys)}"

    @property
    def options(self) -> str:
        """The options of a command line that read it so."""
        return shlex.join(word for pair in self.keys.items() for word in ("--set", "=".join(pair)))

    @property
    def warning(self) -> str:
        """Warn of it, with the way out."""
        some = len(self.columns) > 1
        have = f"columns {list_some(self.columns, 8, quote)} have" if some else (
            f"column {quote(self.columns[0])} has")  # fmt: skip
        return (
            f"{have} numbers that are written otherwise: {self.said}; read "
            f"{'them' if some else 'it'} with `{self.options}`."
        )


class Series(NamedTuple):
    """Times that go on in equal steps, as those of a series do."""

    time: str  # the column
    key: str | None  # the column that tells one series from another
    step: str  # in words


@dataclass(frozen=True)
class Profile:
    """A table as a whole."""

    source: str  # the file, or what stands for several
    rows: int
    columns: tuple[ColumnProfile, ...]  # in their order
    targets: tuple[TargetProfile, ...]
    duplicates: int  # rows that an earlier row equals in all columns
    sampled: int  # of how many rows histograms, quartiles and links are told
    notes: tuple[str, ...] = ()  # what was done while reading
    series: Series | None = None  # where times go on in equal steps

    def column(self, name: str) -> ColumnProfile:
        """Find a column by its name."""
        return next(one for one in self.columns if one.name == name)

    @property
    def score(self) -> Link | None:
        """Any link, which says what the scores of the columns are; None where there are none."""
        return next((one.links[0] for one in self.columns if one.links), None)

    @property
    def how_told(self) -> str:
        """Say what the scores of the columns are, and of which there is none."""
        if self.score is None:
            return ""
        pairs = [(one, link) for one in self.columns for link in one.links]
        said = [f"{self.score.how_told}."]
        if any(link.parts is not None for _, link in pairs):
            said.append("Of times it is the best of their order, months, weekdays and hours.")
        if any(one.told(link) is None for one, link in pairs):
            said.append("Of texts it is left empty: a network reads their words, and whole texts "
                        "say little of these.")  # fmt: skip
        return " ".join(said)

    @property
    def group(self) -> str | None:
        """A column whose equal values seem to mean that rows belong together."""
        return next(
            (
                one.name
                for one in self.columns
                if GROUP_NAME.search(one.name)
                and not one.is_target
                and one.facts.missing == 0
                and FEW <= one.facts.distinct <= one.facts.rows / 2
                and one.facts.numbers in (one.facts.wholes, 0)
            ),
            None,
        )

    @property
    def time(self) -> str | None:
        """A column that seems to say when a row was observed: different in most rows."""
        return next(
            (
                one.name
                for one in self.columns
                if one.holds == "time"
                and not one.is_target
                and one.facts.distinct > one.facts.rows / 2
            ),
            None,
        )

    def otherwise(self) -> list[Otherwise]:
        """Columns whose numbers other keys of the dataset read, those of the same keys together."""
        # A key by which the numbers of another column are lost is none.
        has_decimals = any(
            one.kind.kind == "number" and one.facts.wholes < one.facts.numbers
            for one in self.columns
        )
        found = {
            one.name: ways_otherwise(one.facts, has_decimals=has_decimals)
            for one in self.columns
            if one.is_target or one.facts.distinct > 1
        }
        told: dict[str, Otherwise] = {}
        for name, keys in keys_together(found).items():
            text, ways = found[name]
            known = told.get(str(keys), Otherwise((), text, keys))
            text = text if keys in ways else known.text
            told[str(keys)] = Otherwise((*known.columns, name), text, keys)
        return [*told.values()]

    def check_targets(self) -> None:
        """Refuse a target of numbers that are written otherwise: as classes they say nothing.

        Raises:
            DataError: There is one; how it is read is said.
        """
        for target in (one.name for one in self.targets if one.is_class):
            facts = self.column(target).facts
            texts = [text for text, _ in facts.no_numbers]
            if not ways_otherwise(facts)[1] or not all(map(number_fix, texts)):
                continue
            read = next((one for one in self.otherwise() if target in one.columns), None)
            said = quote(texts[0]) if read is None else read.said
            what = f"the target {quote(target)} has numbers that are written otherwise: {said}. As "
            what += "classes, nothing can be learned of them."
            fix = number_fix(texts[0], facts.decimal)
            fix = fix if read is None else f"Read the file with `{read.options}`."
            raise DataError(what, where=self.source, fix=fix)

    def telling(self) -> list[Link]:
        """The columns that give a target away, the surest first."""
        found = [link for one in self.columns for link in one.links if link.tells]
        return sorted(found, key=lambda link: -link.strength)

    def warnings(self) -> list[str]:
        """Say what should be known before a network is trained on it, the worst first."""
        otherwise = self.otherwise()
        together = {name for one in otherwise for name in one.columns}
        apart = [one for one in self.columns if one.name not in together]
        told = [one.warning for one in otherwise]
        told += [warning_of(link) for link in self.telling()]
        told += [line for target in self.targets for line in _of_target(target)]
        told += [line for column in apart for line in _of_column(column)]
        if self.duplicates:
            told.append(
                f"{tally(self.duplicates, 'row is', 'rows are')} an exact copy of an earlier row: "
                "copies in training and test rows make a score too good."
            )
        if self.group:
            told.append(
                f"rows with the same {quote(self.group)} seem to belong together: "
                f"split_by: {{group: {self.group}}} keeps them in one split."
            )
        if self.time:
            told.append(
                f"{quote(self.time)} tells when a row was: split_by: {{time: {self.time}}} tests "
                "on the last rows, as a forecast is tested."
            )
        if self.series:
            time, key, step = self.series
            each = "" if key is None else f" for each {quote(key)}"
            keys = f"time: {time}" if key is None else f"time: {time}, key: {key}"
            told.append(
                f"{quote(time)} goes on in steps of {step}{each}, as a series does: `type: series` "
                f"with {keys} foretells the next step, see `dlrun init --data --series`."
            )
        return told


def _of_target(target: TargetProfile) -> list[str]:
    told = []
    if target.missing:
        told.append(
            f"the target {quote(target.name)} is missing in {tally(target.missing, 'row')}, "
            "which cannot be learned from."
        )
    if target.no_values:
        words = [text for text, _ in target.no_values]
        number = sum(count for _, count in target.no_values)
        given = shlex.join(["--set", f"missing_values=[{', '.join(words)}]"])
        told.append(
            f"the target {quote(target.name)} says {list_some(words, 3, quote)} in "
            f"{tally(number, 'row')}, which is no value: read it as missing with `{given}`."
        )
    if target.classes is None:
        return told
    known = max(1, sum(count for _, count in target.classes))
    if len(target.classes) == 1:
        told.append(f"the target {quote(target.name)} has a single class: nothing can be learned.")
        return told
    rare = [
        f"{quote(name)} in {tally(count, 'row')}"
        for name, count in target.classes
        if count / known < RARE or count < FEW
    ]
    if rare:
        shown = list_some(rare, 3)
        told.append(
            f"classes of {quote(target.name)} are rare: {shown}. Accuracy says little of them: see "
            "precision and recall, or weigh them with training.class_weight: balanced."
        )
    elif target.classes[0][1] / known > 1 - 2 * RARE:
        told.append(
            f"{percent(target.classes[0][1] / known)} of {quote(target.name)} is "
            f"{quote(target.classes[0][0])}: a network must beat that accuracy."
        )
    return told


def _of_column(column: ColumnProfile) -> list[str]:
    facts = column.facts
    name = quote(column.name)
    written = numbers_otherwise(facts)
    told = []
    if column.is_target:
        if written:
            told = [f"the target {name} has numbers that are written otherwise: {written}."]
    elif facts.distinct == 0:
        told = [f"column {name} has no values: it is left out."]
    elif facts.distinct == 1 and not facts.missing:
        told = [f"column {name} has the value {quote(facts.top[0][0])} only: it tells nothing."]
    elif written:
        told = [f"column {name} has numbers that are written otherwise: {written}."]
    elif column.kind.kind in UNREAD:
        told = [f"column {name} is left out: {column.kind.reason}."]
    elif column.kind.kind != TEXT and facts.words >= WORDS and facts.distinct > FEW:
        told = [_of_sentences(column)]
    elif column.formats:
        told = [_of_formats(column)]
    elif column.missing_share > MANY_MISSING:
        told = [f"column {name} is missing in {percent(column.missing_share)} of the rows."]
    return told


WORDS: Final = 4
"""So many words on average are what texts have, and names of classes seldom."""


def _of_sentences(column: ColumnProfile) -> str:
    """Say of classes that are whole sentences that they may be read as texts."""
    facts = column.facts
    return (
        f"column {quote(column.name)} has {facts.distinct} different values of {facts.words:.1f} "
        f"words on average: they look like texts, which `columns: {{{column.name}: text}}` reads "
        "by their words."
    )


def _of_formats(column: ColumnProfile) -> str:
    """Say that times may be written in several ways, and how a config says which."""
    first, *others = map(quote, column.formats)
    written = f"{{{column.name}: {{type: {column.kind.kind}, format: {first}}}}}"
    return (
        f"the times of column {quote(column.name)}, such as {quote(column.facts.top[0][0])}, may "
        f"be {first} or {' or '.join(others)}: here they are {first}; a config says which, as in "
        f"columns: {written}."
    )


def looks_like_classes(facts: ColumnFacts) -> bool:
    """Whether a target is taken for classes: words, yes and no, or a few whole numbers."""
    present = facts.rows - facts.missing
    if facts.numbers < present or facts.booleans == present:
        return True
    return facts.wholes == facts.numbers and facts.distinct <= min(
        MOST_CLASSES, max(2, present // FEW)
    )


def as_json(profile: Profile) -> dict[str, Any]:
    """Give a profile as JSON has it."""
    return {
        "source": profile.source,
        "rows": profile.rows,
        "duplicates": profile.duplicates,
        "sampled": profile.sampled,
        "targets": [
            {
                "name": one.name,
                "classes": None if one.classes is None else dict(one.classes),
                "missing": one.missing,
            }
            for one in profile.targets
        ],
        "columns": [_column_json(one) for one in profile.columns],
        "warnings": profile.warnings(),
        "notes": list(profile.notes),
    }


def _column_json(column: ColumnProfile) -> dict[str, Any]:
    facts = column.facts
    return {
        "name": column.name,
        "is_target": column.is_target,
        "kind": column.kind.kind,
        "options": dict(column.kind.options),
        "reason": column.kind.reason,
        "missing": facts.missing,
        "distinct": facts.distinct,
        "low": facts.low,
        "high": facts.high,
        "quartiles": column.quartiles,
        "histogram": list(column.histogram),
        "top": [list(pair) for pair in facts.top],
        "links": {
            link.target: {
                "score": column.told(link),
                "baseline": link.baseline,
                "metric": "accuracy" if link.is_accuracy else "r2",
            }
            for link in column.links
        },
    }


def value_text(value: float | None, column: ColumnProfile) -> str:
    """Write a number, or a time that is stored as seconds, as people read it."""
    if value is None:
        return "-"
    if column.holds == "time":
        try:
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
        except OverflowError:
            return "-"
        return f"{moment:%Y-%m-%d}" if value % 86400 == 0 else f"{moment:%Y-%m-%d %H:%M}"
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"  # noqa: PLR2004
