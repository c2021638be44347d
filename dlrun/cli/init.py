"""`dlrun init [TEMPLATE]` or `--data FILE`: a commented config to start from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Final

import typer

from dlrun.cli.completion import complete_template
from dlrun.cli.options import option
from dlrun.cli.templates import SWEEP, TEMPLATES, template_text
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import write_data, write_message
from dlrun.errors import UsageError

STDOUT: Final = Path("-")

Template = Annotated[
    str | None,
    typer.Argument(
        metavar="TEMPLATE",
        help=f"{', '.join(TEMPLATES[:-1])} or {TEMPLATES[-1]}.  [default: {TEMPLATES[0]}]",
        show_default=False,
        autocompletion=complete_template,
    ),
]
Table = Annotated[
    Path | None,
    option(
        "--data -d FILE", "Write a config for this table, or folder of images or texts, instead."
    ),
]
Targets = Annotated[
    list[str] | None,
    option(
        "--target -t COLUMN",
        "What of the table is to be predicted; several times for several columns.  "
        "[default: its last column]",
    ),
]
Series = Annotated[
    bool, option("--series", "Foretell the next step of a table whose times go on in equal steps.")
]
KerasModel = Annotated[
    Path | None,
    option("--from-keras FILE", "Write a config of the layers of a .keras file, and its weights."),
]
Settings = Annotated[
    list[str] | None,
    option(
        "--set KEY=VALUE",
        "How the table is read, as a config's dataset says it, such as decimal=, or header=false.",
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
    template: Template = None,
    *,
    data: Table = None,
    target: Targets = None,
    series: Series = False,
    from_keras: KerasModel = None,
    set_: Settings = None,
    output: OutputPath = STDOUT,
    force: Force = False,
) -> None:
    """Print or write a config to start from: a template, or one for a table or a Keras model."""
    from dlrun.rundir.files import write_text

    remarks: tuple[str, ...] = ()
    if from_keras is not None:
        if template is not None or data is not None or target or set_ or series:
            raise UsageError(
                "it makes a config by itself: no template, no table and no --set go with it.",
                where="--from-keras",
            )
        from dlrun.workflows.init import init_from_keras

        draft = init_from_keras(from_keras)
        text, remarks = draft.text, draft.remarks
    elif data is None:
        if target or set_ or series:
            where = "--target" if target else "--set" if set_ else "--series"
            raise UsageError("it tells of the table of --data, which is not given.", where=where)
        text = template_text(TEMPLATES[0] if template is None else template)
    elif template is not None:
        fix = f"`-o {shlex.quote(template)}` names a file to write."
        raise UsageError(
            "TEMPLATE and --data are two things to begin with.",
            fix="Give only one of them." if template in TEMPLATES else fix,
        )
    else:
        show_activity(f"reading {data} ...", quiet=False)
        from dlrun.workflows import init as workflow
        from dlrun.workflows.data import read_settings

        if output != STDOUT and not force:
            _refuse_to_replace(output)
        written, settings = None if output == STDOUT else output, read_settings(set_ or ())
        draft = workflow.init(data, target or (), written, settings, series=series)
        text, remarks = draft.text, draft.remarks
    for remark in remarks:
        write_message(f"warning: {remark}")
    if output == STDOUT:
        write_data(text.removesuffix("\n"))
        return
    if not force:
        _refuse_to_replace(output)
    write_text(output, text)
    write_data(str(output))
    command = "sweep" if template == SWEEP else "train"
    write_message(f"Train it with: dlrun {command} {shlex.quote(str(output))}")


def _refuse_to_replace(output: Path) -> None:
    if output.is_file():
        raise UsageError(
            "There is a file of that name already.",
            where=str(output),
            fix="Give another name, or --force to overwrite it.",
        )
