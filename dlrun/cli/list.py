"""`dlrun list [KIND [WORD]]`: what a config may say, word by word; `dlrun schema`: for editors."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

from dlrun import catalog
from dlrun.absent import ABSENT
from dlrun.catalog import Parameter, Word
from dlrun.cli.completion import complete_kind, complete_word
from dlrun.cli.options import AsJson, argument
from dlrun.cli.terminal.output import Screen, screen_of, write_data, write_json
from dlrun.cli.terminal.tables import GAP, paint
from dlrun.errors import UsageError
from dlrun.wording import near_word, printable

PLAIN: Final = re.compile(r"[A-Za-z_][\w.-]*")
NOT_PLAIN: Final = {"true", "false", "null"}
PAGE: Final = 100  # the widest line of prose
NARROWEST: Final = 32  # with fewer columns left beside the terms, what is said stands below them
INDENT: Final = "    "
SECTIONS: Final = {"dataset": "DatasetConfig", "training": "TrainingConfig", "sweep": None}
"""Parts of a config whose keys are listed, with the classes that hold them; and sweep files."""

FAMILIES_OF: Final = "layers"
"""The kind whose groups, such as `pooling` or `applications`, are listed by themselves, too."""

Kind = Annotated[
    str | None,
    argument(
        "KIND",
        "Such as layers, datasets or callbacks, or a group of layers such as applications; left "
        "out: all kinds.",
        complete_kind,
    ),
]
WordName = Annotated[
    str | None,
    argument("WORD", "Such as Conv2D or mse; left out: all words of the kind.", complete_word),
]


def list_words(kind: Kind = None, word: WordName = None, *, as_json: AsJson = False) -> None:
    """List what a config may say.

    The kinds, the words of a kind, or the arguments of a word; of dataset, training and sweep the
    keys.
    """
    screen = screen_of(sys.stdout)
    if kind in SECTIONS and word is None:
        keys = section_keys(kind)
        if as_json:
            write_json(list(map(_argument_data, keys)))
        else:
            write_data("\n".join(_argument(key, min(screen.width, PAGE), screen) for key in keys))
        return
    if kind is None:
        kinds = [
            {"kind": name, "words": len(catalog.words(name)), "summary": one.meaning}
            for name, one in catalog.KINDS.items()
        ]
        write_json(kinds) if as_json else write_data(kinds_page(screen=screen))
        return
    family = kind if kind not in catalog.KINDS and catalog.family_members(kind) else None
    kind = FAMILIES_OF if family else kind
    _require_kind(kind)
    if word is None and family is not None:
        data = [one for one in _words_data(kind) if one["family"] == family]
        write_json(data) if as_json else write_data(kind_page(kind, family, screen=screen))
        return
    if word is None:
        write_json(_words_data(kind)) if as_json else write_data(kind_page(kind, screen=screen))
        return
    found = _find(kind, word)
    write_json(_word_data(found)) if as_json else write_data(word_page(found, screen=screen))


def schema() -> None:
    """Print a JSON Schema of the language, for editors."""
    from dlrun.config.json_schema import json_schema

    write_json(json_schema())


def kinds_page(*, screen: Screen) -> str:
    """Write all kinds with the number of their words."""
    terms = [
        (f"{name:<12} {len(catalog.words(name)):>4}", kind.meaning)
        for name, kind in catalog.KINDS.items()
    ]
    sections = f"`dlrun list {'`, `dlrun list '.join(SECTIONS)}` show the keys of these."
    return "\n".join([*_entries(terms, screen), "", _wrap(sections, min(screen.width, PAGE))])


def section_keys(section: str) -> tuple[Parameter, ...]:
    """Return the keys of a section; of `dataset` those that every dataset takes."""
    name = SECTIONS[section]
    if name is not None:
        every = catalog.fields("dlrun.config.schema", name)
        return tuple(one for one in every if one.name != "arguments")
    from dlrun.sweeps.language.loading import KEYS, SAMPLES

    defaults = {"name": ABSENT, "base": ABSENT, "samples": SAMPLES, "sampler": "random"}
    return tuple(
        Parameter(key, required=key == "base", default=defaults.get(key), doc=doc)
        for key, doc in KEYS.items()
    )


def kind_page(kind: str, only: str | None = None, *, screen: Screen) -> str:
    """Write all words of a kind, or those of a family, with their first sentences and aliases."""
    aliases = catalog.aliases(kind)
    families: dict[str | None, list[tuple[str, str]]] = {}
    for name in catalog.words(kind) if only is None else catalog.family_members(only):
        also = f" Also: {', '.join(aliases[name])}." if name in aliases else ""
        entry = (name, catalog.gist(kind, name) + also)
        families.setdefault(catalog.family(kind, name), []).append(entry)
    blocks = []
    for family, entries in families.items():
        heading = [paint(f"# {family}", "cyan", screen)] if family else []
        blocks.append("\n".join([*heading, *_entries(entries, screen)]))
    return "\n\n".join(blocks)


def word_page(word: Word, *, screen: Screen) -> str:
    """Write what a word is, how it is written, and what it takes."""
    width = min(screen.width, PAGE)
    also = catalog.aliases(word.kind).get(word.name)
    kind = catalog.KINDS[word.kind]
    origin = "Keras" if word.origin == "keras" else "dlrun"
    title = _wrap(f"{word.name}, {kind.a_one} of {origin}", width)
    if also:
        title += f"\n{_wrap('Also: ' + ', '.join(also), width)}"
    blocks = [
        _emphasized(title, word.name, screen),
        *(_wrap(paragraph, width) for paragraph in catalog.prose(word.kind, word.name)),
        _wrap(example(word), width, INDENT, INDENT * 2),
    ]
    for heading, parameters in (
        ("Arguments", arguments_of(word)),
        (f"Every {kind.one} also takes", shared_arguments(word.kind)),
    ):
        if parameters:
            told = [_argument(parameter, width, screen) for parameter in parameters]
            blocks.append("\n".join([paint(heading, "cyan", screen), *told]))
    return "\n\n".join(blocks)


def arguments_of(word: Word) -> tuple[Parameter, ...]:
    """Return the arguments of a word that a config may give it."""
    if word.kind == "activations":
        return ()
    shared = {parameter.name for parameter in shared_arguments(word.kind)}
    return tuple(one for one in word.parameters if one.name not in shared)


def shared_arguments(kind: str) -> tuple[Parameter, ...]:
    """Return what dlrun itself understands beside every word of a kind."""
    section = catalog.KINDS[kind].section
    if not section:
        return ()
    return tuple(
        replace(one, required=False, default=None) if one.required else one
        for one in catalog.fields("dlrun.config.schema", section)
        if one.name not in ("type", "arguments")
    )


def example(word: Word) -> str:
    """Write a word as a config does: `optimizer: Adam`, `dataset: {type: csv, path: ...}`."""
    required = [one.name for one in arguments_of(word) if one.required]
    given = "".join(f", {name}: ..." for name in required)
    is_bare = not given and word.kind != "layers"
    written = word.name if is_bare else f"{{type: {word.name}{given}}}"
    return catalog.KINDS[word.kind].place.format(written)


def yaml_value(value: Any) -> str:
    """Write a default as it would stand in a config: `null`, `[1, 1]`, `valid` or `","`."""
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in NOT_PLAIN:
        return value
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(yaml_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _require_kind(kind: str) -> None:
    """Refuse a kind that does not exist, with the kind or the words that were probably meant."""
    if kind in catalog.KINDS:
        return
    what = f"There is no kind '{kind}'."
    near = near_word(kind, [*catalog.KINDS, *SECTIONS])
    meant = _meant(kind) or (near and f"`dlrun list {near}`")  # a word as it is, before any alike
    fix = f"Did you mean {meant}?" if meant else f"The kinds are {', '.join(catalog.KINDS)}."
    raise UsageError(what, fix=fix)


def _find(kind: str, word: str) -> Word:
    """Find a word of a kind; what there is not, or cannot be used, is refused with what is near."""
    found = catalog.find(kind, word)
    if found is not None:
        return found
    what = f"There is no {catalog.KINDS[kind].one} '{word}'."
    meant = _meant(word)
    if meant:
        raise UsageError(what, fix=f"Did you mean {meant}?")
    reason = catalog.refusal(kind, word)
    if reason is not None:
        raise UsageError(f"'{word}' cannot be used in a config: {reason}.")
    fix = catalog.suggest(kind, word) or f"`dlrun list {kind}` shows all of them."
    raise UsageError(what, fix=fix)


def _meant(word: str) -> str:
    """The commands that show a word of that name, whatever its kind."""
    kinds = [kind for kind in catalog.KINDS if catalog.canonical(kind, word) is not None]
    return " or ".join(f"`dlrun list {kind} {word}`" for kind in kinds)


def _argument(parameter: Parameter, width: int, screen: Screen) -> str:
    """An argument with its default, and below it what it does."""
    if parameter.required:
        default = "required"
    elif parameter.default is ABSENT:
        default = "has a default"
    else:
        default = f"default {yaml_value(parameter.default)}"
    head = _wrap(f"{parameter.name}  ({default})", width, INDENT, INDENT * 2)
    doc = catalog.without_links(parameter.doc or "")
    told = [_wrap(doc, width, INDENT * 2)] if doc else []
    return "\n".join([_emphasized(head, parameter.name, screen), *told])


def _emphasized(text: str, name: str, screen: Screen) -> str:
    """A text with the name that it begins with in bold."""
    return text.replace(name, paint(name, "bold", screen), 1)


def _entries(pairs: Sequence[tuple[str, str]], screen: Screen) -> Iterable[str]:
    """Terms with what is said about them: beside them, or below where the screen is narrow."""
    margin = max(len(term) for term, _ in pairs) + len(GAP)
    is_narrow = screen.width - margin < NARROWEST
    for term, text in pairs:
        shown = paint(term, "bold", screen)
        if is_narrow:
            yield f"{shown}\n{_wrap(text, screen.width, INDENT)}"
        else:
            lines = _wrap(text, screen.width, " " * margin)
            yield shown + " " * (margin - len(term)) + lines[margin:]


def _wrap(text: str, width: int, first: str = "", rest: str | None = None) -> str:
    lines = textwrap.wrap(
        printable(text),
        width=max(width, len(first) + 1),
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


def _words_data(kind: str) -> list[dict[str, Any]]:
    return [
        {
            "word": name,
            "aliases": catalog.aliases(kind).get(name, ()),
            "family": catalog.family(kind, name),
            "summary": catalog.gist(kind, name),
        }
        for name in catalog.words(kind)
    ]


def _word_data(word: Word) -> dict[str, Any]:
    return {
        "kind": word.kind,
        "word": word.name,
        "aliases": catalog.aliases(word.kind).get(word.name, ()),
        "origin": word.origin,
        "module": word.module,
        "summary": catalog.gist(word.kind, word.name),
        "description": "\n\n".join(catalog.prose(word.kind, word.name)),
        "arguments": list(map(_argument_data, arguments_of(word))),
        "shared_arguments": list(map(_argument_data, shared_arguments(word.kind))),
    }


def _argument_data(parameter: Parameter) -> dict[str, Any]:
    """One argument; `default` is left out where it is required or computed."""
    data: dict[str, Any] = {"name": parameter.name, "required": parameter.required}
    if parameter.default is not ABSENT:
        data["default"] = parameter.default
    return data | {"annotation": parameter.annotation, "doc": parameter.doc}
