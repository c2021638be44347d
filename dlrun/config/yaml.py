"""YAML text as nodes that know their places, built from PyYAML's stream of events.

PyYAML's own construction is not used: it reads `no` as false and `1e-3` as text, lets the last of
two equal keys win, and its C code overflows the stack on deep nesting. Events come one by one, so
nesting is refused long before it can do harm.
"""

from __future__ import annotations

import codecs
import os
import re
import shlex
import stat
from pathlib import Path, PurePath
from typing import Any, Final

import yaml

from dlrun import scalars
from dlrun.config.nodes import Node, Place, Problems, below
from dlrun.data.headers import TABLE_SUFFIXES
from dlrun.errors import ConfigError, Problem
from dlrun.wording import describe, meant_file, printable

Loader: Final[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
MAX_DEPTH: Final = 64
EXCERPT: Final = 72  # characters of a line that are shown with a caret
MAX_VALUES: Final = 100_000
# What stands before the bracket of a key such as `model.layers[0]` in braces without quotes.
KEY_IN_BRACES: Final = re.compile(r"[{,]\s*[\w.]+$")
# `0,001` is two entries in braces: what stands before and behind the comma of a decimal.
DECIMAL_BEFORE: Final = re.compile(r"(?<![^\s:{])([-+]?\d{1,20}),$")
MOST_BEFORE: Final = 24  # characters that it looks at
BEHIND: Final = re.compile(r"\d+(?:[eE][-+]?\d+)?\s*(?:[,}]|$)")
TOO_DEEP: Final = f"More than {MAX_DEPTH} levels of nesting."
PLAIN: Final = {  # slips in YAML by how PyYAML's complaint begins
    "did not find expected key": "This does not belong here: a key such as 'name:' was expected.",
    "did not find expected ','": "A comma or a closing bracket is missing.",
}
UNFINISHED: Final = Node(None, Place(""))


def parse(text: str, source: str, problems: Problems, flag: Place | None = None) -> Node:
    """The one document of a YAML text; of text that comes from a flag, all is at the flag's place.

    What leaves the rest readable, such as tags and duplicate keys, is added to the problems.

    Raises:
        ConfigError: The text cannot be read to its end.
    """
    try:
        return _Reader(text, source, problems, flag).document()
    except (yaml.reader.ReaderError, UnicodeEncodeError) as error:
        position = next(index for index, one in enumerate(text) if not _is_allowed(one))
        place = flag or Place.after(text[:position], source)
        what = f"The character U+{ord(text[position]):04X} cannot stand in a config."
        raise ConfigError(Problem("", what, "Remove it.", str(place))) from error


def _is_allowed(character: str) -> bool:
    """Whether YAML 1.2 allows a character in its text."""
    spans = ((" ", "~"), ("\xa0", "\ud7ff"), ("\ue000", "\ufffd"), ("\U00010000", "\U0010ffff"))
    return character in "\t\n\r\x85" or any(low <= character <= high for low, high in spans)


class _Reader:
    def __init__(self, text: str, source: str, problems: Problems, flag: Place | None) -> None:
        self.text = text
        self.loader = Loader(text)
        self.source = source
        self.problems = problems
        self.flag = flag
        self.anchors: dict[str, Node] = {}
        self.depth = 0
        self.values = 0

    def document(self) -> Node:
        try:
            self.loader.get_event()  # the start of the stream
            event = self.loader.get_event()
            if isinstance(event, yaml.StreamEndEvent):
                return Node(None, self.place(event))
            node = self.node(self.loader.get_event(), "")
            self.loader.get_event()  # the end of the document
            event = self.loader.get_event()
        except yaml.MarkedYAMLError as error:
            raise self.malformed(error) from error
        finally:
            self.loader.dispose()
        if not isinstance(event, yaml.StreamEndEvent):
            what = "A second document starts here."
            raise self.refused(event, "", what, "Keep one config per file.")
        return node

    def node(self, event: Any, path: str) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self.counted(self.alias(event, path), event, path)
        if event.tag is not None:
            what = f"The tag '{event.tag.replace('tag:yaml.org,2002:', '!!')}' is not allowed."
            self.note(event, path, what, "Remove it: types are told by how a value is written.")
        if event.anchor is not None:
            self.anchors[event.anchor] = UNFINISHED
        if isinstance(event, yaml.ScalarEvent):
            node = self.counted(Node(self.scalar(event, path), self.place(event)), event, path)
        else:
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self.refused(event, path[:100], TOO_DEEP)
            start = self.mapping if isinstance(event, yaml.MappingStartEvent) else self.sequence
            node = start(event, path)
            self.depth -= 1
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def sequence(self, event: Any, path: str) -> Node:
        node = self.counted(Node([], self.place(event)), event, path)
        while not isinstance(following := self.loader.get_event(), yaml.SequenceEndEvent):
            item = self.node(following, below(path, len(node.value)))
            node.value.append(item)
            node.size += item.size
        return node

    def mapping(self, event: Any, path: str) -> Node:
        node = self.counted(Node({}, self.place(event)), event, path)
        while not isinstance(following := self.loader.get_event(), yaml.MappingEndEvent):
            key = self.key(following, path)
            if key == "<<" and following.implicit[0]:  # in quotes it is a text as any other
                what = "YAML 1.2 has no merge keys."
                self.note(following, below(path, key), what, "Write them out.")
            value = self.node(self.loader.get_event(), below(path, key))
            node.size += value.size
            if key not in node.value:
                node.value[key], node.keys[key] = value, self.place(following)
                continue
            first = "" if self.flag else f"; first at line {node.keys[key].line}"
            what = f"The key '{key}' is given twice{first}."
            self.note(following, below(path, key), what, "Remove one of them.")
        return node

    def key(self, event: Any, path: str) -> str:
        node = self.node(event, path)
        if isinstance(node.value, str):
            return node.value
        if isinstance(node.value, dict | list):
            raise self.refused(event, path, f"A key must be text, not {describe(node.value)}.")
        written = event.value if isinstance(event, yaml.ScalarEvent) else describe(node.value)
        what = f"A key must be text, got {describe(node.value)}."
        begin = event.start_mark.index
        before = DECIMAL_BEFORE.search(self.text[max(begin - MOST_BEFORE, 0) : begin])
        fix = None
        if before is not None and BEHIND.match(self.text, begin):
            from dlrun.shapes.cells import number_fix  # noqa: PLC0415 - for this mistake alone

            what = f"'{before[1]},{written}' is two entries, {before[1]} and {written}."
            fix = number_fix(f"{before[1]},{written}")
        fix = fix or f'Put it in quotes: "{written}".'
        self.note(event, below(path, str(written)), what, fix)
        return str(written)

    def scalar(self, event: Any, path: str) -> scalars.Scalar:
        text: str = event.value
        if "\0" in text:
            self.note(event, path, "Text cannot hold a NUL.", "Remove it.")
            return text.replace("\0", "")
        if not event.implicit[0]:
            return text
        try:
            return scalars.resolve(text)
        except ValueError as error:
            self.note(event, path, f"{error}.", "Write a smaller number.")
            return 0

    def alias(self, event: Any, path: str) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            what = f"The alias '*{event.anchor}' refers to nothing above it."
            raise self.refused(event, path, what, f"Write '&{event.anchor}' where it is defined.")
        if node is UNFINISHED:
            raise self.refused(event, path, f"The alias '*{event.anchor}' contains itself.")
        return node

    def counted(self, node: Node, event: Any, path: str) -> Node:
        self.values += node.size
        if self.values > MAX_VALUES:
            raise self.refused(event, path[:100], f"More than {MAX_VALUES} values in one config.")
        return node

    def place(self, event: Any) -> Place:
        if self.flag is not None:
            return self.flag
        return Place(self.source, event.start_mark.line + 1, event.start_mark.column + 1)

    def note(self, event: Any, path: str, what: str, fix: str) -> None:
        self.problems.add(self.place(event), path, what, fix)

    def refused(self, event: Any, path: str, what: str, fix: str | None = None) -> ConfigError:
        return ConfigError(Problem(path, what, fix, str(self.place(event))))

    def malformed(self, error: yaml.MarkedYAMLError) -> ConfigError:
        mark, opening = error.problem_mark, error.context_mark or error.problem_mark
        said = error.problem or "it cannot be read"
        plain = next((PLAIN[slip] for slip in PLAIN if said.startswith(slip)), None)
        what, fix = plain or f"This is not YAML: {said}.", None
        character = self.text[mark.index : mark.index + 1] if mark else ""
        if character == "\t":
            what, fix = "A tab cannot indent YAML.", "Indent with spaces."
        elif "cannot start any token" in said:
            what, fix = f"The character '{character}' cannot start a value.", "Put it in quotes."
        elif character == "[" and mark and KEY_IN_BRACES.search(self.text[: mark.index]):
            fix = "Inside of { } a key with [ ] stands in quotes: {'model.layers[0].units': ...}."
        elif "nesting depth" in said:  # PyYAML 6.0.4 looks ahead, and counts before it tells
            what = TOO_DEEP
        elif "mapping values are not allowed" in said:
            fix = "Put text that holds ': ' in quotes, or check the indentation."
        elif "unexpected end of stream" in said:
            mark, what, fix = opening, "The quote that opens here is never closed.", "Close it."
        elif self.flag is None and opening and opening is not mark:
            fix = f"It is part of what starts at line {opening.line + 1}; check the lines between."
        place = Place(self.source, mark.line + 1, mark.column + 1) if mark else Place(self.source)
        excerpt = _excerpt(self.text, mark) if mark and not self.flag else None
        return ConfigError(Problem("", what, fix, str(self.flag or place), excerpt))


def _excerpt(text: str, mark: Any) -> str:
    """The line of a mark, or the part of it that fits on a screen, and a caret below it."""
    start = text.rfind("\n", 0, mark.index) + 1
    line = text[start:].partition("\n")[0].rstrip().expandtabs(1)
    column = mark.index - start
    first = max(0, column - EXCERPT // 2)
    return f"{printable(line[first : first + EXCERPT])}\n{' ' * (column - first)}^"


MAX_BYTES: Final = 1 << 20
WIDE_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(file: Path) -> str:
    """The text of a config file: a regular file of sensible size, in UTF-8."""
    return decode(_read_bytes(file), str(file))


def decode(content: bytes, source: str) -> str:
    """Bytes as UTF-8 text, without a byte order mark."""
    if content.startswith(WIDE_MARKS):
        raise _refused(Place(source, 1, 1), "The file is UTF-16.", "Save it as UTF-8.")
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        place = Place.after(content[: error.start].decode("utf-8"), source)
        what = f"The byte 0x{content[error.start]:02x} is not UTF-8."
        raise _refused(place, what, "Save the file as UTF-8.") from error


def _read_bytes(file: Path) -> bytes:
    place = Place(str(file))
    try:
        status = file.stat()
        if stat.S_ISDIR(status.st_mode):
            raise _refused(place, "This is a folder.", _written_for(file))
        if not stat.S_ISREG(status.st_mode):
            raise _refused(place, "This is not a regular file.", "Give the path of a YAML file.")
        if file.suffix.lower() in TABLE_SUFFIXES and file.suffix.lower() != ".json":
            raise _refused(place, "This is a table, which is no config.", _written_for(file))
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise _refused(place, "There is no such file.", meant_file(file)) from error
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise _refused(place, f"The config cannot be read: {reason}.") from error
    except ValueError as error:  # a NUL in the path
        raise _refused(place, f"The config cannot be read: {error}.") from error
    if len(content) > MAX_BYTES:
        what = f"The file is larger than {MAX_BYTES >> 20} MiB, which no config should be."
        raise _refused(place, what, "Keep data in data files.")
    return content


def _written_for(data: Path) -> str:
    """Tell how a config comes to be for a table or a folder that was given in its place."""
    command = shlex.join(["dlrun", "init", "--data", str(data), "-o", f"{data.stem}.yaml"])
    return f"Give the path of a YAML file; `{command}` writes one for it."


def _refused(place: Place, what: str, fix: str | None = None) -> ConfigError:
    return ConfigError(Problem("", what, fix, str(place)))


LINE_WIDTH: Final = 100
BREAKS: Final = frozenset("\x85\u2028\u2029")  # they end a line for PyYAML unless escaped


def to_yaml(value: Any) -> str:
    """Nested dicts, lists and scalars as YAML, lists of numbers on one line."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=LINE_WIDTH)


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.2 would not read as text, and never writes anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  (PyYAML's signature)
        return True


def _write_text(dumper: _Dumper, value: str | PurePath) -> yaml.ScalarNode:
    text = str(value)
    quotes = "'" if _means_something_else(text) else None
    if BREAKS & set(text):
        quotes = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, quotes)


def _write_list(dumper: _Dumper, items: list[Any] | tuple[Any, ...]) -> yaml.SequenceNode:
    on_one_line = not any(isinstance(item, dict) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=on_one_line)


def _write_mapping(dumper: _Dumper, mapping: dict[str, Any]) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", mapping, flow_style=not mapping)


def _means_something_else(text: str) -> bool:
    try:
        return scalars.resolve(text) != text
    except ValueError:
        return True


_Dumper.add_representer(str, _write_text)
_Dumper.add_multi_representer(PurePath, _write_text)
_Dumper.add_representer(list, _write_list)
_Dumper.add_representer(tuple, _write_list)
_Dumper.add_representer(dict, _write_mapping)
