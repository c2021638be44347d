"""Sections of a config: a class's annotated fields are its keys, and values are read strictly.

The part of pydantic that a config needs, under the names that pydantic has for it: to import all of
it takes longer than everything else that `dlrun validate` does.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    NamedTuple,
    Self,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
)

from dlrun.absent import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Location = tuple[str | int, ...]
"""The keys and numbers that lead to a value."""


@dataclass(frozen=True, kw_only=True)
class FieldInfo:
    """What is known of a key, or said about the values of a type."""

    annotation: Any = None
    metadata: tuple[Any, ...] = ()  # what `Annotated` says besides the type
    default: Any = ABSENT
    default_factory: Callable[[], Any] | None = None
    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    min_length: int | None = None
    title: str | None = None  # what to expect, where the type does not say it in words

    def is_required(self) -> bool:
        """Say whether the key has to be given."""
        return self.default is ABSENT and self.default_factory is None

    def made_default(self) -> Any:
        """Give the default, a new one where it may be changed."""
        return self.default if self.default_factory is None else self.default_factory()


def Field(**said: Any) -> Any:  # noqa: N802 - as in pydantic; a specifier of a field for type checkers
    """Say more about a key than its type does: what `FieldInfo` holds."""
    return FieldInfo(**said)


class Mistake(NamedTuple):
    """A value that does not fit."""

    location: Location
    expected: str  # in words
    kind: str = ""  # int, float or bool, where such a value was expected
    choices: tuple[str, ...] = ()  # the texts that were


class MistakesError(ValueError):
    """Values do not fit their section."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(f"{one.location}: expected {one.expected}" for one in mistakes))
        self.mistakes = mistakes


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field,))
class Section:
    """A part of a config: frozen, and strict about the types of its values.

    A key is a field, and nothing else has to be told of it: its annotation says what it takes, the
    string below it what it does, `title` what to expect where the type does not say it in words.
    """

    model_fields: ClassVar[Mapping[str, FieldInfo]] = {}

    def __init_subclass__(cls) -> None:
        """Take the annotated names for keys; what stands behind them is no attribute of a class."""
        fields = dict(cls.model_fields)
        for name, annotation in vars(cls).get("__annotations__", {}).items():
            if get_origin(annotation) is not ClassVar:
                fields[name] = _described(annotation, vars(cls).get(name, ABSENT))
        for name in fields.keys() & vars(cls).keys():
            delattr(cls, name)
        cls.model_fields = fields

    def __init__(self, **values: Any) -> None:
        """Read values.

        Raises:
            MistakesError: With all that do not fit.
        """
        mistakes: list[Mistake] = []
        vars(self).update(_fields(type(self), values, (), mistakes))
        if mistakes:
            raise MistakesError(mistakes)

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """Copy the section with other values, which are not looked at."""
        copied: Self = _made(type(self), {**vars(self), **update})
        return copied

    @classmethod
    def own_keys(cls) -> tuple[str, ...]:
        """The keys that dlrun itself understands: all but a word and the word's own arguments."""
        return tuple(name for name in cls.model_fields if name not in ("type", "arguments"))

    def as_dict(self) -> dict[str, Any]:
        """The section as it stands in YAML, in the order of the language."""
        written: dict[str, Any] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            written |= value if name == "arguments" else {name: _as_written(value)}
        return written

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: a config never changes."""
        raise AttributeError(f"{type(self).__name__} is frozen: {name} stays as it is")

    def __delattr__(self, name: str) -> None:
        """Refuse: a config never changes."""
        raise AttributeError(f"{type(self).__name__} is frozen: {name} stays as it is")

    def __eq__(self, other: object) -> bool:
        """Compare the values of the keys; where they were written does not matter."""
        if not isinstance(other, Section) or type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.model_fields)

    __hash__ = None  # type: ignore[assignment]  # arguments are dicts

    def __repr__(self) -> str:
        """Write it as Python."""
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.model_fields)
        return f"{type(self).__name__}({said})"


def _as_written(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_as_written(item) for item in value]
    return value.as_dict() if isinstance(value, Section) else value


def _described(annotation: Any, behind: Any) -> FieldInfo:
    """A field by its annotation and by what stands behind it: a default, or `Field(...)`."""
    if isinstance(annotation, str):
        raise TypeError(f"{annotation}: annotations are read as types, so not as texts")
    said = behind if isinstance(behind, FieldInfo) else FieldInfo(default=behind)
    metadata: tuple[Any, ...] = ()
    if get_origin(annotation) is Annotated:
        annotation, *rest = get_args(annotation)
        metadata = tuple(rest)
    return replace(said, annotation=annotation, metadata=metadata)


# Reading

_BOUNDS: Final = {
    "le": ("{:.0f} or less", operator.le),
    "lt": ("less than {:.0f}", operator.lt),
    "ge": ("{:.0f} or more", operator.ge),
    "gt": ("more than {:.0f}", operator.gt),
}
_PLAIN: Final[dict[Any, tuple[str, str]]] = {
    int: ("an integer", "int"),
    float: ("a number", "float"),
    bool: ("true or false", "bool"),
    str: ("text", ""),
    NoneType: ("null", ""),
    Path: ("a path", ""),
}
_FINITE: Final = "a finite number"


def _fields(
    section: type[Section], values: Mapping[str, Any], location: Location, mistakes: list[Mistake]
) -> Iterator[tuple[str, Any]]:
    """The fields of a section with their values; ABSENT for such as do not fit."""
    others = values.keys() - section.model_fields.keys()
    mistakes += (Mistake((*location, name), "no such key") for name in others)
    for name, info in section.model_fields.items():
        if name in values:
            found = _read(info.annotation, values[name], (*location, name), mistakes)
            yield name, _limited((info, *info.metadata), found, (*location, name), mistakes)
        elif info.is_required():
            mistakes.append(Mistake((*location, name), "a value"))
        else:
            yield name, info.made_default()


def _read(wanted: Any, value: Any, location: Location, mistakes: list[Mistake]) -> Any:
    """A value as a type has it, and ABSENT where it does not fit; the mistakes say why not."""
    origin, parts = get_origin(wanted), get_args(wanted)
    if origin is Annotated:
        found = _read(parts[0], value, location, mistakes)
        return _limited(parts[1:], found, location, mistakes)
    if origin in (Union, UnionType):
        return _read_any(parts, value, location, mistakes)
    if origin is Literal:
        return _read_choice(parts, value, location, mistakes)
    if origin in (tuple, list, dict):
        return _read_several(origin, parts, value, location, mistakes)
    if isinstance(wanted, type) and issubclass(wanted, Section):
        return _read_section(wanted, value, location, mistakes)
    return value if wanted is Any else _read_plain(wanted, value, location, mistakes)


def _read_any(
    parts: tuple[Any, ...], value: Any, location: Location, mistakes: list[Mistake]
) -> Any:
    """A value of the first of some types that it fits."""
    failed: list[Mistake] = []
    for part in parts:
        tried: list[Mistake] = []
        found = _read(part, value, location, tried)
        if not tried:
            return found
        if part is not NoneType:  # that null would do is not worth a word
            failed += tried
    mistakes += failed
    return ABSENT


def _read_choice(
    choices: tuple[str, ...], value: Any, location: Location, mistakes: list[Mistake]
) -> Any:
    """One of some texts."""
    if isinstance(value, str) and value in choices:
        return value
    *others, last = map(repr, choices)
    expected = f"{', '.join(others)} or {last}" if others else last
    return _wrong(mistakes, Mistake(location, expected, choices=choices))


def _read_several(
    origin: Any, parts: tuple[Any, ...], value: Any, location: Location, mistakes: list[Mistake]
) -> Any:
    """A list, a tuple of any length, or a mapping with texts for keys; a new one."""
    if not isinstance(value, origin):
        return _wrong(mistakes, Mistake(location, "a mapping" if origin is dict else "a list"))
    wanted = parts[1] if origin is dict else parts[0]
    places = value if origin is dict else range(len(value))
    items = [_read(wanted, value[place], (*location, place), mistakes) for place in places]
    return dict(zip(places, items, strict=True)) if origin is dict else origin(items)


def _read_section(
    wanted: type[Section], value: Any, location: Location, mistakes: list[Mistake]
) -> Any:
    """A section, or a mapping with its values."""
    if isinstance(value, wanted):
        return value
    if not isinstance(value, dict):
        return _wrong(mistakes, Mistake(location, "a mapping"))
    return _made(wanted, _fields(wanted, value, location, mistakes))


def _read_plain(wanted: Any, value: Any, location: Location, mistakes: list[Mistake]) -> Any:
    """A value of a type of Python; nothing is converted but integers to floats."""
    if isinstance(value, bool) and wanted in (int, float):
        return _wrong(mistakes, Mistake(location, *_PLAIN[wanted]))
    if not isinstance(value, int | float if wanted is float else wanted):
        return _wrong(mistakes, Mistake(location, *_PLAIN[wanted]))
    if isinstance(value, str) and not _is_unicode(value):
        return _wrong(mistakes, Mistake(location, "text in Unicode"))
    if wanted is not float:
        return value
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    return number if math.isfinite(number) else _wrong(mistakes, Mistake(location, _FINITE))


def _is_unicode(text: str) -> bool:
    """Whether a text can be written; a name of a file may hold bytes that are none."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _limited(said: Iterable[Any], value: Any, location: Location, mistakes: list[Mistake]) -> Any:
    """A value within its limits, and ABSENT where it is beyond them; null has none."""
    for limits in said if value is not None and value is not ABSENT else ():
        for name, (words, holds) in _BOUNDS.items():
            bound = getattr(limits, name, None)
            if bound is not None and not holds(value, bound):
                return _wrong(mistakes, Mistake(location, words.format(bound)))
        least = getattr(limits, "min_length", None)
        if least is not None and len(value) < least:
            what = "character" if isinstance(value, str) else "item"
            return _wrong(mistakes, Mistake(location, f"at least one {what}"))
    return value


def _made(section: type[Section], values: Any) -> Any:
    new = object.__new__(section)
    vars(new).update(values)
    return new


def _wrong(mistakes: list[Mistake], mistake: Mistake) -> Any:
    mistakes.append(mistake)
    return ABSENT
