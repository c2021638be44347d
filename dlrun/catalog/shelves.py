"""dlrun's own words: the files of the shelves, such as datasets/ and exporters/, as text."""

import ast
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from dlrun.catalog import signatures, source
from dlrun.catalog.kinds import KINDS, Kind
from dlrun.errors import DlrunError
from dlrun.wording import listed


@lru_cache
def origins(shelf: str) -> dict[str, str]:
    """The words of a shelf, each with the module that defines it."""
    folder = Path(__file__).parents[1] / shelf
    files = sorted(folder.glob("[!_]*.py")) if KINDS[shelf].entry else ()
    modules = [f"dlrun.{shelf}.{file.stem}" for file in files]
    return {word: module for module in modules if (word := _word(shelf, module))}


@lru_cache
def second_names(shelf: str) -> dict[str, str]:
    """The words of a shelf by the second names that their files give them in `SECOND_NAMES`."""
    found: dict[str, str] = {}
    for word, module in origins(shelf).items():
        names = re.search(r"^SECOND_NAMES = (.+)$", source.module_text(module), re.MULTILINE)
        found |= dict.fromkeys(ast.literal_eval(names[1]) if names else (), word)
    return found


@lru_cache
def needs(shelf: str, word: str) -> tuple[str, ...]:
    """The packages that a word of a shelf needs, as its file says in `NEEDS`.

    The extra of dlrun that brings them along has the name of the word.
    """
    module = origins(shelf).get(word)
    text = "" if module is None else source.module_text(module)
    found = re.search(r"^NEEDS = (.+)$", text, re.MULTILINE)
    return tuple(ast.literal_eval(found[1])) if found else ()


def says(shelf: str, word: str, name: str) -> bool:
    """Whether the file of a word of a shelf has the line `NAME = True`."""
    module = origins(shelf).get(word)
    text = "" if module is None else source.module_text(module)
    return re.search(rf"^{name} = True$", text, re.MULTILINE) is not None


def parameters(shelf: str, word: str) -> tuple[signatures.Parameter, ...]:
    """The arguments that a config may give to a word of a shelf."""
    module, kind = origins(shelf)[word], KINDS[shelf]
    if kind.entry == "class":
        return signatures.of_class(module, word)
    taken = signatures.of_function(module, kind.entry)
    _check_entry(module, kind, taken)
    return tuple(parameter for parameter in taken if parameter.name not in kind.filled_in)


def _check_entry(module: str, kind: Kind, taken: Sequence[signatures.Parameter]) -> None:
    """Refuse a file whose function cannot be called as dlrun calls it."""
    positional = [parameter.name for parameter in taken if not parameter.keyword_only]
    missing = sorted(kind.filled_in - {parameter.name for parameter in taken})
    if positional or missing:
        what = (
            f"{kind.entry} takes {listed(positional)} by position."
            if positional
            else f"{kind.entry} does not take {listed(missing)}, which dlrun gives it."
        )
        given = ", ".join([*sorted(kind.filled_in), "..."])
        fix = f"Write `def {kind.entry}(*, {given})`."
        raise DlrunError(what, where=str(source.module_file(module)), fix=fix)


def docstring(shelf: str, word: str) -> str:
    """What a word says about itself."""
    module, entry = origins(shelf)[word], KINDS[shelf].entry
    return source.docstring_of(
        source.class_head(module, word) if entry == "class" else source.function(module, entry)
    )


def _word(shelf: str, module: str) -> str | None:
    """The word that a file defines, or None where it only serves its neighbours."""
    text, entry = source.module_text(module), KINDS[shelf].entry
    if entry == "class":
        found = re.search(r"^class ([A-Z]\w*)", text, re.MULTILINE)
        return found[1] if found else None
    found = re.search(rf"^def {entry}\(", text, re.MULTILINE)
    return module.rpartition(".")[2] if found else None
