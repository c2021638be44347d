"""The commands of `dlrun`, one file each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from dlrun import __version__
from dlrun.cli.compare import compare
from dlrun.cli.diff import diff
from dlrun.cli.evaluate import evaluate
from dlrun.cli.explain import explain
from dlrun.cli.init import init
from dlrun.cli.list import list_words, schema
from dlrun.cli.notes import label, note
from dlrun.cli.options import option
from dlrun.cli.predict import predict
from dlrun.cli.report import report
from dlrun.cli.reproduce import reproduce
from dlrun.cli.resume import resume
from dlrun.cli.runs import runs
from dlrun.cli.sweep import sweep
from dlrun.cli.terminal.output import write_data
from dlrun.cli.train import train
from dlrun.cli.validate import validate
from dlrun.cli.verify import verify
from dlrun.cli.weights import weights

COMMANDS: tuple[Callable[..., None], ...] = (
    train,
    resume,
    reproduce,
    evaluate,
    predict,
    report,
    explain,
    weights,
    runs,
    compare,
    diff,
    label,
    note,
    verify,
    validate,
    init,
    schema,
)

app = typer.Typer(
    name="dlrun",
    help="Deep-learning experiments that are written down, not programmed: "
    "YAML in, a complete run folder out.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage or config, 3 data, 4 damaged run folder, "
    "5 training diverged, 6 not reproduced, 129, 130, 138 and 143 ended by a signal.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(requested: bool) -> None:
    if requested:
        write_data(f"dlrun {__version__}")
        raise typer.Exit


@app.callback()
def dlrun(
    *,
    version: Annotated[
        bool,
        option("--version", "Print the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Hold what belongs to all commands."""


for command in COMMANDS:
    app.command()(command)
app.command("list")(list_words)
app.add_typer(sweep, name="sweep")
