"""`dlrun init [TEMPLATE]`: a commented config to start from."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Final

import typer

from dlrun.cli.completion import complete_template
from dlrun.cli.output import write_data, write_message
from dlrun.errors import UsageError
from dlrun.wording import AMONG_FEW, did_you_mean

FOLDER: Final = Path(__file__).with_name("templates")
TEMPLATES: Final = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))
"""One file is one template; the first one is taken where none is named."""
STDOUT: Final = Path("-")
EXAMPLE_TABLE: Final = "EXAMPLE_TABLE"
"""Stands in a template for the path of the table that comes with dlrun."""

Template = Annotated[
    str,
    typer.Argument(
        metavar="TEMPLATE",
        help=f"{', '.join(TEMPLATES[:-1])} or {TEMPLATES[-1]}.",
        autocompletion=complete_template,
    ),
]
OutputPath = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where to write; a file that is there already is kept.  [default: stdout]",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", "-f", help="Overwrite the file.")]


def init(
    template: Template = TEMPLATES[0], *, output: OutputPath = STDOUT, force: Force = False
) -> None:
    """Print or write a commented config to start from."""
    text = template_text(template)
    if output == STDOUT:
        write_data(text.removesuffix("\n"))
        return
    _write(output, text, force=force)
    write_data(str(output))
    write_message(f"Train it with: dlrun train {shlex.quote(str(output))}")


def template_text(template: str) -> str:
    """A template as a config that can be trained as it is.

    Args:
        template: One of `TEMPLATES`.

    Returns:
        The text of a YAML file.

    Raises:
        UsageError: There is no such template.
    """
    if template not in TEMPLATES:
        known = f"The templates are {', '.join(TEMPLATES)}."
        fix = did_you_mean(template, TEMPLATES, similarity=AMONG_FEW) or known
        raise UsageError(f"There is no template '{template}'.", fix=fix)
    text = (FOLDER / f"{template}.yaml").read_text("utf-8")
    return text.replace(EXAMPLE_TABLE, json.dumps(str(FOLDER / "iris.csv"), ensure_ascii=False))


def headline(template: str) -> str:
    """What a template is a start for.

    Args:
        template: One of `TEMPLATES`.

    Returns:
        Its first line.
    """
    first, _, _ = (FOLDER / f"{template}.yaml").read_text("utf-8").partition("\n")
    return first.removeprefix("# ")


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write a file that is not there yet, or any file where that is wanted.

    Raises:
        UsageError: There is a file already.
        DlrunError: The file cannot be written.
    """
    from dlrun.rundir.files import write_text

    if not force and path.is_file():
        raise UsageError(
            "There is a file of that name already.",
            where=str(path),
            fix="Give another name, or --force to overwrite it.",
        )
    write_text(path, text)
