"""`dlrun init [TEMPLATE]`: a commented config to start from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Final

import typer

from dlrun.cli.completion import complete_template
from dlrun.cli.options import option
from dlrun.cli.templates import TEMPLATES, template_text
from dlrun.cli.terminal.output import write_data, write_message
from dlrun.errors import UsageError

STDOUT: Final = Path("-")

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
    option(
        "--output -o FILE",
        "Where to write; a file that is there already is kept.  [default: stdout]",
    ),
]
Force = Annotated[bool, option("--force -f", "Overwrite the file.")]


def init(
    template: Template = TEMPLATES[0], *, output: OutputPath = STDOUT, force: Force = False
) -> None:
    """Print or write a commented config to start from."""
    from dlrun.rundir.files import write_text

    text = template_text(template)
    if output == STDOUT:
        write_data(text.removesuffix("\n"))
        return
    if not force and output.is_file():
        raise UsageError(
            "There is a file of that name already.",
            where=str(output),
            fix="Give another name, or --force to overwrite it.",
        )
    write_text(output, text)
    write_data(str(output))
    write_message(f"Train it with: dlrun train {shlex.quote(str(output))}")
