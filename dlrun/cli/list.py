"""`dlrun list [KIND [WORD]]`: what a config may say, word by word."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli.completion import complete_kind, complete_word
from dlrun.cli.options import AsJson
from dlrun.cli.output import screen_of, write_data, write_json
from dlrun.errors import UsageError

if TYPE_CHECKING:
    from dlrun.catalog import Parameter, Word

Kind = Annotated[
    str | None,
    typer.Argument(
        metavar="KIND",
        help="Such as layers, datasets or callbacks; left out: all kinds.",
        autocompletion=complete_kind,
        show_default=False,
    ),
]
WordName = Annotated[
    str | None,
    typer.Argument(
        metavar="WORD",
        help="Such as Conv2D or mse; left out: all words of the kind.",
        autocompletion=complete_word,
        show_default=False,
    ),
]


def list_words(kind: Kind = None, word: WordName = None, *, as_json: AsJson = False) -> None:
    """List what a config may say.

    The kinds, the words of a kind, or the arguments of a word.
    """
    from dlrun.cli import glossary

    screen = screen_of(sys.stdout)
    if kind is None:
        write_json(_kinds()) if as_json else write_data(glossary.kinds_page(screen=screen))
        return
    _require_kind(kind)
    if word is None:
        write_json(_words(kind)) if as_json else write_data(glossary.kind_page(kind, screen=screen))
        return
    found = _find(kind, word)
    write_json(_word(found)) if as_json else write_data(glossary.word_page(found, screen=screen))


def _require_kind(kind: str) -> None:
    """Refuse a kind that does not exist.

    Raises:
        UsageError: With the kind, or the words of that name, that were probably meant.
    """
    from dlrun import catalog
    from dlrun.wording import near_word

    if kind in catalog.KINDS:
        return
    what = f"There is no kind '{kind}'."
    near = near_word(kind, catalog.KINDS)
    if near:
        raise UsageError(what, fix=f"Did you mean `dlrun list {near}`?")
    meant = [
        f"`dlrun list {one} {kind}`"
        for one in catalog.KINDS
        if catalog.canonical(one, kind) is not None
    ]
    if meant:
        raise UsageError(what, fix=f"Did you mean {' or '.join(meant)}?")
    raise UsageError(what, fix=f"The kinds are {', '.join(catalog.KINDS)}.")


def _find(kind: str, word: str) -> Word:
    """Find a word of a kind.

    Raises:
        UsageError: There is no such word, or it cannot be used; with what was probably meant.
    """
    from dlrun import catalog

    found = catalog.find(kind, word)
    if found is not None:
        return found
    what = f"There is no {catalog.KINDS[kind].one} '{word}'."
    elsewhere = [one for one in catalog.KINDS if catalog.canonical(one, word) is not None]
    if elsewhere:
        meant = " or ".join(f"`dlrun list {one} {word}`" for one in elsewhere)
        raise UsageError(what, fix=f"Did you mean {meant}?")
    reason = catalog.refusal(kind, word)
    if reason is not None:
        raise UsageError(f"'{word}' cannot be used in a config: {reason}.")
    fix = catalog.suggest(kind, word) or f"`dlrun list {kind}` shows all of them."
    raise UsageError(what, fix=fix)


def _kinds() -> list[dict[str, Any]]:
    """All kinds as data."""
    from dlrun import catalog

    return [
        {"kind": name, "words": len(catalog.words(name)), "summary": kind.meaning}
        for name, kind in catalog.KINDS.items()
    ]


def _words(kind: str) -> list[dict[str, Any]]:
    """The words of a kind as data."""
    from dlrun import catalog

    return [
        {
            "word": name,
            "aliases": catalog.aliases(kind).get(name, ()),
            "family": catalog.family(kind, name),
            "summary": catalog.gist(kind, name),
        }
        for name in catalog.words(kind)
    ]


def _word(word: Word) -> dict[str, Any]:
    """One word as data."""
    from dlrun import catalog
    from dlrun.cli.glossary import arguments_of, shared_arguments

    return {
        "kind": word.kind,
        "word": word.name,
        "aliases": catalog.aliases(word.kind).get(word.name, ()),
        "origin": word.origin,
        "module": word.module,
        "summary": catalog.gist(word.kind, word.name),
        "description": "\n\n".join(catalog.prose(word.kind, word.name)),
        "arguments": [_argument(parameter) for parameter in arguments_of(word)],
        "shared_arguments": [_argument(parameter) for parameter in shared_arguments(word.kind)],
    }


def _argument(parameter: Parameter) -> dict[str, Any]:
    """One argument as data; `default` is left out where it is required or computed."""
    from dlrun.absent import ABSENT

    data: dict[str, Any] = {"name": parameter.name, "required": parameter.required}
    if parameter.default is not ABSENT:
        data["default"] = parameter.default
    return data | {"annotation": parameter.annotation, "doc": parameter.doc}
