"""The reference as Markdown, made of the schema, the catalog and the commands themselves."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

from dlrun import catalog
from dlrun.absent import ABSENT
from dlrun.catalog import Parameter
from dlrun.cli.app import GROUPS, VARIABLES, as_typed, command_line, summary
from dlrun.cli.examples import EXAMPLES
from dlrun.cli.list import arguments_of, example, section_keys, shared_arguments, yaml_value
from dlrun.errors import EXIT_CODES
from dlrun.rundir import names

Entry = tuple[str, str]  # a term and what is said of it, both Markdown

TYPES = {
    "Fraction": "a share between 0 and 1",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "str": "a text",
}


def config_keys() -> str:
    """Every key of a config, section by section, with type and default."""
    parts = [_keys("Experiment", "")]
    for title, section, path in (
        ("dataset", "DatasetConfig", "dataset."),
        ("model.layers", "LayerConfig", "model.layers[i]."),
        ("training", "TrainingConfig", "training."),
    ):
        parts.append(f"## Keys of `{title}`\n\n{_keys(section, path)}")
    return "\n\n".join(parts)


def sweep_keys() -> str:
    """Every key of a sweep file."""
    return _definitions(map(_argument, section_keys("sweep")))


def kinds() -> str:
    """The kinds of words, each with a link to its page."""
    rows = [
        (f"[{name}]({name}.md)", str(len(catalog.words(name))), _text(kind.meaning))
        for name, kind in catalog.KINDS.items()
    ]
    return _table(("kind", "words", "what they are for"), rows)


def datasets() -> str:
    """The datasets with their arguments, each with a link to all that there is to say."""
    rows = []
    for name in catalog.words("datasets"):
        word = catalog.find("datasets", name)
        link = f"[`{name}`](words/datasets.md#{name})"
        own = ", ".join(f"`{one.name}`" for one in arguments_of(word))
        rows.append((link, _text(catalog.gist("datasets", name)), own))
    return _table(("word", "rows", "arguments"), rows)


def words(kind: str) -> str:
    """All words of a kind: a list of them, then each with its arguments."""
    row = catalog.KINDS[kind]
    also = catalog.aliases(kind)
    parts = [f"{_text(row.meaning)} They stand here: `{row.place.format('...')}`."]
    if shared := shared_arguments(kind):
        told = _definitions(map(_argument, shared))
        parts.append(f"## Beside every word\n\nWhat every {row.one} takes besides:\n\n{told}")
    if kind == "activations":
        entries = [(f"`{name}`", _text(catalog.gist(kind, name))) for name in catalog.words(kind)]
        return "\n\n".join([*parts, _definitions(entries)])
    for name in catalog.words(kind):
        word = catalog.find(kind, name)
        parts.append(f"## {name}")
        if name in also:
            parts.append(f"Also: {', '.join(f'`{one}`' for one in also[name])}.")
        parts += [_text(paragraph) for paragraph in catalog.prose(kind, name)]
        parts.append(f"```yaml\n{example(word)}\n```")
        if arguments := arguments_of(word):
            parts.append(_definitions(map(_argument, arguments)))
    return "\n\n".join(parts)


def commands() -> str:
    """All commands: a table, then each with its arguments and options."""
    parts = []
    for heading, group in GROUPS.items():
        rows = [(f"[`dlrun {one}`](#dlrun-{one})", _gist(summary(one) or "")) for one in group]
        parts += [f"**{heading}**", _table(("command", "what it does"), rows)]
    for context, command in walk():
        parts.append(f"## {context.command_path}")
        parts += [f"```text\n{usage(context, command)}\n```", _text(command.help or "")]
        if entries := [(f"`{form}`", _text(text)) for form, text in options(context, command)]:
            parts.append(_definitions(entries))
        if examples := EXAMPLES.get(name_of(context)):
            parts.append("```sh\n" + "\n".join(examples) + "\n```")
    return "\n\n".join(parts)


def exit_codes() -> str:
    """What a command ends with."""
    return _table(
        ("exit code", "meaning"), [(code, _text(text)) for code, text in EXIT_CODES.items()]
    )


def variables() -> str:
    """The environment variables."""
    return _definitions((f"`{name}`", _text(text)) for name, text in VARIABLES.items())


def run_folder() -> str:
    """The files of a run folder, as the module that names them has them."""
    text = Path(names.__file__).read_text(encoding="utf-8")
    block = re.search(r"```\n(.*?)```", ast.get_docstring(ast.parse(text)) or "", re.DOTALL)
    return f"```text\n{block[1]}```"  # type: ignore[index]


def walk() -> Iterator[tuple[Any, Any]]:
    """Every command and subcommand with its context, in the order of the help."""
    whole = command_line()
    above = typer.Context(whole, info_name="dlrun")
    for group in GROUPS.values():
        for name in group:
            command = whole.get_command(above, name)
            context = typer.Context(command, info_name=name, parent=above)
            yield context, command
            for inner, one in getattr(command, "commands", {}).items():
                yield typer.Context(one, info_name=inner, parent=context), one


def usage(context: Any, command: Any) -> str:
    """How a command is typed, on one line."""
    return f"{context.command_path} {as_typed(' '.join(command.collect_usage_pieces(context)))}"


def options(context: Any, command: Any) -> Iterator[tuple[str, str]]:
    """The arguments and options of a command, each with its help; `--help` is left out."""
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in record[0]:
            form, text = record
            value = "" if parameter.param_type_name == "argument" else _value
            yield re.sub(r" <[\w\[\]| ]+>", value, form), text.strip()


def name_of(context: Any) -> str:
    """What a command is called in the lists of them: `train`, `sweep best`."""
    return str(context.command_path).removeprefix("dlrun ")


def _value(found: re.Match[str]) -> str:
    """What stands for a value where the option names it by its type only."""
    kind = found[0].strip(" <>")
    return "" if "[" in kind else {"int range": " N", "float range": " X"}.get(kind, " TEXT")


def _keys(section: str, path: str) -> str:
    fields = catalog.fields("dlrun.config.schema", section)
    told = [one for one in fields if one.name != "arguments"]
    if section == "LayerConfig":  # a layer without a name gets one before it is checked
        told[1:] = (one for one in shared_arguments("layers"))
    return _definitions(_argument(one, path) for one in told)


def _argument(parameter: Parameter, path: str = "") -> Entry:
    """A key or an argument, its type and default, and what it is for."""
    facts = [_type(parameter.annotation)] if parameter.annotation else []
    if parameter.required:
        facts.append("required")
    elif parameter.default is not ABSENT:
        facts.append(f"default `{yaml_value(parameter.default)}`")
    said = _text(catalog.without_links(parameter.doc or ""))
    head = f"*{', '.join(filter(None, facts))}*" if any(facts) else ""
    return f"`{path}{parameter.name}`", "\\\n".join(
        filter(None, (head, said))
    ) or "As Keras has it."


def _type(annotation: str) -> str:
    """Say a type in words; empty where Python's own say it no better."""
    told = []
    for part in re.split(r" \| (?![^\[]*\])", annotation):
        if found := re.fullmatch(r"Literal\[(.*)\]", part):
            told += [f"`{one.strip(chr(39))}`" for one in re.split(r", ?", found[1])]
        elif part in TYPES:
            told.append(TYPES[part])
        elif part == "None":
            told.append("`null`")
        else:
            return ""
    return " or ".join(filter(None, (", ".join(told[:-1]), told[-1])))


def _gist(text: str) -> str:
    """The first sentence."""
    return _text(re.split(r"(?<=\.)\s", " ".join(text.split()))[0])


def _text(text: str) -> str:
    """Take plain text with `code` in it for Markdown; what stands in columns stays so."""
    if "  " in text.strip() and "\n" in text.strip():
        return f"```text\n{text.strip()}\n```"
    parts = re.split(r"(`+[^`]+`+)", " ".join(text.split()))
    return "".join(one if one.startswith("`") else _escaped(one) for one in parts)


def _escaped(text: str) -> str:
    """Let signs of Markdown stand for themselves."""
    return html.escape(re.sub(r"([\\*_\[\]#|$~{}])", r"\\\1", text), quote=False)


def _definitions(entries: Iterable[Entry]) -> str:
    told = (f"{term}\n: {text}" for term, text in entries)
    return "\n\n".join(one.replace("\n", "\n  ").replace("\n  : ", "\n: ", 1) for one in told)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    cells = ([re.sub(r"(?<!\\)\|", r"\\|", one) for one in row] for row in rows)
    lines = [heads, ("---",) * len(heads), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
