"""The arguments of a constructor or a function, read from its source, inherited ones included."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from dlrun.absent import ABSENT
from dlrun.catalog import cache, source

SHARED_DOCS: Final = re.compile(r'^\w+_keyword_args = """(.*?)"""', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Parameter:
    """One argument of a word."""

    name: str
    required: bool  # it has no default
    default: Any  # a literal; ABSENT: it is required, or computed, such as `backend.epsilon()`
    annotation: str | None = None  # as written
    doc: str | None = None  # what the docstring says about it, on one line
    keyword_only: bool = False

    @property
    def written_default(self) -> Any:
        """The default as YAML has it: lists for tuples."""
        return _lists(self.default)


def _lists(value: Any) -> Any:
    return [_lists(item) for item in value] if isinstance(value, tuple | list) else value


def _written(parameters: tuple[Parameter, ...]) -> list[dict[str, Any]]:
    return [{**vars(one), "default": cache.written(one.default)} for one in parameters]


def _read(rows: Any) -> tuple[Parameter, ...]:
    """Make parameters of what `_written` has made of them; TypeError for what is none."""
    found = tuple(Parameter(**{**row, "default": cache.read(row["default"])}) for row in rows)
    for one in found:
        texts = (one.name, one.annotation or "", one.doc or "")
        if not all(isinstance(text, str) for text in texts):
            raise TypeError(one)
    return found


@lru_cache(maxsize=4096)
@cache.kept("signatures", _written, _read)
def of_class(module: str, name: str) -> tuple[Parameter, ...]:
    """What the constructor of a class takes, the arguments it hands on to its bases included."""
    return _constructor(module, name) or ()


@cache.kept("signatures", _written, _read)
def of_function(module: str, name: str) -> tuple[Parameter, ...]:
    """What a function takes."""
    definition = source.function(module, name)
    return _parameters(definition, _docs(definition)) if definition else ()


def _constructor(module: str, name: str) -> tuple[Parameter, ...] | None:
    """The parameters of a class's constructor; None where no constructor is found."""
    head = source.class_head(module, name)
    if head is None:
        exported = source.imports(module).get(name)
        return _constructor(exported.module, exported.name) if exported else None
    initializer = source.definition(head, "__init__", ast.FunctionDef)
    docs = _docs(head) or _shared_docs(module)
    if initializer is None:
        inherited = _inherited(module, head)
        return None if inherited is None else _documented(inherited, docs)
    own = _parameters(initializer, docs | _docs(initializer))
    handing_on = _call_that_hands_on(initializer)
    if handing_on is None:
        return own
    inherited = _inherited(module, head) or ()
    own = _documented(own, {one.name: one.doc for one in inherited if one.doc} | docs)
    known = {parameter.name for parameter in own}
    new = [one for one in _left_open(handing_on, inherited) if one.name not in known]
    return own + _documented(tuple(new), docs)


def _docs(definition: ast.ClassDef | ast.FunctionDef) -> dict[str, str]:
    return source.argument_docs(source.docstring_of(definition))


def _shared_docs(module: str) -> dict[str, str]:
    shared = SHARED_DOCS.search(source.module_text(module))
    return source.argument_docs(f"Args:\n        {shared[1]}") if shared else {}


def _documented(parameters: tuple[Parameter, ...], docs: dict[str, str]) -> tuple[Parameter, ...]:
    """The parameters with what a subclass says about them."""
    return tuple(
        replace(parameter, doc=docs.get(parameter.name, parameter.doc)) for parameter in parameters
    )


def _inherited(module: str, head: ast.ClassDef) -> tuple[Parameter, ...] | None:
    """The parameters of the first base whose constructor takes any."""
    places = filter(None, (_resolve(module, base) for base in head.bases))
    return next((found for place in places if (found := _constructor(*place))), None)


def _resolve(module: str, base: ast.expr) -> tuple[str, str] | None:
    """The module and the name of a base class, where both are in a package read as text."""
    imported = source.imports(module)
    if isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
        package = imported.get(base.value.id)
        return (f"{package.module}.{package.name}", base.attr) if package else None
    if not isinstance(base, ast.Name):
        return None
    origin = imported.get(base.id)
    if origin is None:
        return (module, base.id)
    same_package = origin.module.partition(".")[0] == module.partition(".")[0]
    return (origin.module, origin.name) if same_package else None


def _call_that_hands_on(initializer: ast.FunctionDef) -> ast.Call | None:
    """The call `super().__init__(..., **kwargs)`, if the constructor makes it."""
    rest = initializer.args.kwarg
    if rest is None:
        return None
    for statement in _statements(initializer.body):
        node = statement.value if isinstance(statement, ast.Expr) else None
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "__init__"
            and any(_is_rest(keyword, rest.arg) for keyword in node.keywords)
        ):
            return node
    return None


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a block and of the blocks in it, which is far less than all nodes."""
    for statement in body:
        yield statement
        for block in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, block, []))


def _is_rest(keyword: ast.keyword, rest: str) -> bool:
    return keyword.arg is None and isinstance(keyword.value, ast.Name) and keyword.value.id == rest


def _left_open(call: ast.Call, parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """The parameters of a base that the call to it does not already fix."""
    fixed = {keyword.arg for keyword in call.keywords}
    positional = [argument for argument in call.args if not isinstance(argument, ast.Starred)]
    return tuple(
        parameter for parameter in parameters[len(positional) :] if parameter.name not in fixed
    )


def _parameters(definition: ast.FunctionDef, docs: dict[str, str]) -> tuple[Parameter, ...]:
    arguments = definition.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults += [*arguments.defaults, *arguments.kw_defaults]
    every = zip([*positional, *arguments.kwonlyargs], defaults, strict=True)
    return tuple(
        Parameter(
            name=argument.arg,
            required=default is None,
            default=ABSENT if default is None else literal(default),
            annotation=ast.unparse(argument.annotation) if argument.annotation else None,
            doc=docs.get(argument.arg),
            keyword_only=number >= len(positional),
        )
        for number, (argument, default) in enumerate(every)
        if argument.arg != "self"
    )


def literal(default: ast.expr) -> Any:
    """The value of an expression that is a literal; ABSENT for all others."""
    try:
        return ast.literal_eval(default)
    except ValueError:
        return ABSENT


@lru_cache
def fields(module: str, name: str) -> tuple[Parameter, ...]:
    '''The fields of a class, read as text; the `doc` of each is the string below it, on one line.

    Such as:

        epochs: int = 10
        """How often the training rows are gone through."""
    '''
    head = source.class_head(module, name)
    body: list[ast.stmt] = head.body if head else []
    return tuple(
        _field(statement, following)
        for statement, following in pairwise([*body, None])
        if isinstance(statement, ast.AnnAssign)
        and not ast.unparse(statement.target).startswith("_")
    )


def _field(statement: ast.AnnAssign, following: ast.stmt | None) -> Parameter:
    default = statement.value
    if isinstance(default, ast.Call):  # Field(default=...)
        said = {one.arg: one.value for one in default.keywords}
        made = said.get("default_factory")
        is_list = isinstance(made, ast.Name) and made.id == "list"
        default = ast.List([], ast.Load()) if is_list else said.get("default")
    doc = None
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        doc = " ".join(str(following.value.value).split())
    return Parameter(
        name=ast.unparse(statement.target),
        required=statement.value is None,
        default=ABSENT if default is None else literal(default),
        annotation=ast.unparse(statement.annotation),
        doc=doc,
        keyword_only=True,
    )
