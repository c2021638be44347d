"""Python packages read as text: where a module is, what it imports, how its classes begin.

Nothing is imported. A class is cut out of its file before it is parsed, because parsing all of
Keras's `layer.py` to read one signature would cost ten times as much.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache, wraps
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

from dlrun.errors import DlrunError

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")
Definition = TypeVar("Definition", ast.ClassDef, ast.FunctionDef)
COMMENT = re.compile(r"#[^\n]*")
TOP_LEVEL = re.compile(r"\n(?=[A-Za-z_@])")
MEMBER = re.compile(r"\n    (?:def|async def|class|@)")
IMPORT = re.compile(r"^[ \t]*from ([\w.]+) import (\([^)]*\)|[^\n(]+)$", re.MULTILINE)


_noting: list[set[str]] = []  # the modules that each unfinished reading has looked into


@contextmanager
def noting_modules() -> Iterator[set[str]]:
    """Note which modules are looked into meanwhile, those that have been read before included."""
    looked_into: set[str] = set()
    _noting.append(looked_into)
    try:
        yield looked_into
    finally:
        _noting.pop()


def note(*modules: str) -> None:
    """Note that modules are looked into."""
    for looked_into in _noting:
        looked_into.update(modules)


def noted(function: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
    """Note the module that is the first argument of a function."""

    @wraps(function)
    def noting(*args: Arguments.args, **options: Arguments.kwargs) -> Value:
        note(str(args[0]))
        return function(*args, **options)

    noting.cache_clear = getattr(function, "cache_clear", None)  # type: ignore[attr-defined]
    return noting


class Import(NamedTuple):
    """One name that a module imports: the dotted module it comes from, and its name there."""

    module: str
    name: str


@lru_cache
def package_folder(package: str) -> Path:
    """The folder of an installed top-level package, found without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        what = f"The package '{package}' is not installed."
        raise DlrunError(what, fix=f"Install it: pip install {package}")
    return Path(next(iter(spec.submodule_search_locations)))


@lru_cache
def module_file(module: str) -> Path | None:
    """The file of a dotted module, or None where there is no such file."""
    package, *rest = module.split(".")
    place = package_folder(package).joinpath(*rest)
    for file in (place.with_suffix(".py"), place / "__init__.py"):
        if file.is_file():
            return file
    return None


@noted
@lru_cache
def module_text(module: str) -> str:
    """The source of a dotted module; empty where there is no such file."""
    file = module_file(module)
    return file.read_text(encoding="utf-8") if file else ""


@noted
@lru_cache
def imports(module: str) -> dict[str, Import]:
    """What a module imports by `from ... import ...`, by the name it has inside the module."""
    found: dict[str, Import] = {}
    for source, names in IMPORT.findall(module_text(module)):
        for part in COMMENT.sub("", names).strip("()").split(","):
            name, _, alias = part.strip().partition(" as ")
            if name:  # of branches, one per backend, the first counts: TensorFlow's
                found.setdefault(alias.strip() or name, Import(source, name.strip()))
    return found


@noted
@lru_cache
def class_head(module: str, name: str) -> ast.ClassDef | None:
    """A class up to the end of its `__init__`, parsed; None where the module has no such class."""
    return _parsed(module, name, ast.ClassDef)


@noted
@lru_cache
def function(module: str, name: str) -> ast.FunctionDef | None:
    """A function at the top of a module, parsed; None where there is no such function."""
    return _parsed(module, name, ast.FunctionDef)


def _parsed(module: str, name: str, kind: type[Definition]) -> Definition | None:
    text = module_text(module)
    keyword = "class" if kind is ast.ClassDef else "def"
    start = re.search(rf"^{keyword} {re.escape(name)}\b", text, re.MULTILINE)
    if start is None:
        return None
    block = TOP_LEVEL.split(text[start.start() :], maxsplit=1)[0]
    constructor = block.find("\n    def __init__(")
    if kind is ast.ClassDef and constructor >= 0:  # what follows it is cut off
        following = MEMBER.search(block, constructor + 1)
        block = block[: following.start()] if following else block
    try:
        tree = ast.parse(block)
    except SyntaxError:  # a line of a docstring looked like code
        tree = _whole(module, text)
    return definition(tree, name, kind)


def _whole(module: str, text: str) -> ast.Module:
    """Parse a whole module; a file that was dropped on a shelf may be no Python."""
    try:
        return ast.parse(text)
    except SyntaxError as error:
        where = f"{module_file(module)}:{error.lineno}"
        raise DlrunError(f"this is no Python: {error.msg}.", where=where) from error


def definition(
    tree: ast.Module | ast.ClassDef, name: str, kind: type[Definition]
) -> Definition | None:
    """A class or a function that stands in a module, or a method in the class itself."""
    found = (node for node in tree.body if isinstance(node, kind) and node.name == name)
    return next(found, None)


SECTION = re.compile(r"^(?:Args?|Arguments|Parameters):\s*$", re.MULTILINE)
PLACEHOLDER = re.compile(r"\{\{\w+\}\}")
ARGUMENT = re.compile(r"^( *)\**`?(\w+(?:`?, *`?\w+)*)`?(?: \([^)]*\))?: *(.*)$")


def docstring_of(node: ast.ClassDef | ast.FunctionDef | None) -> str:
    """The docstring of a definition, without its indentation; empty where there is none."""
    return (ast.get_docstring(node) if node is not None else None) or ""


def summary(docstring: str) -> str:
    """The first paragraph as one line."""
    first, _, _ = inspect.cleandoc(docstring).partition("\n\n")
    return " ".join(first.split())


@cache
def argument_docs(docstring: str) -> dict[str, str]:
    """What the section `Args` says, one line per argument."""
    section = SECTION.search(docstring)
    if section is None:
        return {}
    lines = docstring[section.end() :].strip("\n").splitlines()
    margin = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    texts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line.strip() and indent < margin:
            break
        entry = ARGUMENT.match(line) if indent == margin else None
        if entry:
            current = [entry[3]]
            texts.update(dict.fromkeys(re.findall(r"\w+", entry[2]), current))
        else:
            current.append(line)
    joined = {name: PLACEHOLDER.sub("", " ".join(text)) for name, text in texts.items()}
    return {name: " ".join(text.split()) for name, text in joined.items()}
