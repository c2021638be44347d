"""The commands of `dlrun`, one file each, which is imported when its command is called."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import typer
from typer.core import TyperCommand, TyperGroup

from dlrun import __version__
from dlrun.cli.examples import ending
from dlrun.cli.options import option
from dlrun.cli.terminal.output import write_data
from dlrun.errors import EXIT_CODES, empty_text

GROUPS: Final = {
    "Begin": {
        "init": "init.init",
        "data": "data.data",
        "validate": "validate.validate",
        "list": "list.list_words",
        "schema": "list.schema",
    },
    "Train": {
        "train": "train.train",
        "sweep": "sweep.sweep",
        "resume": "resume.resume",
        "watch": "watch.watch",
        "reproduce": "reproduce.reproduce",
    },
    "Use a run": {
        "evaluate": "evaluate.evaluate",
        "predict": "predict.predict",
        "explain": "explain.explain",
        "weights": "weights.weights",
        "report": "report.report",
        "serve": "serve.serve",
        "open": "open.open_page",
        "export": "export.export",
        "import": "import_.import_",
    },
    "Many runs": {
        "runs": "runs.runs",
        "compare": "compare.compare",
        "diff": "diff.diff",
        "label": "notes.label",
        "note": "notes.note",
        "board": "board.board",
        "tensorboard": "tensorboard.tensorboard",
    },
    "Keep house": {
        "verify": "verify.verify",
        "du": "du.du",
        "rename": "rename.rename",
        "rm": "rm.rm",
        "restore": "restore.restore",
        "archive": "archive.archive",
        "doctor": "doctor.doctor",
        "warm": "warm.warm",
    },
}
"""The commands, in the order and under the headings of the help."""
COMMANDS: Final = {name: place for group in GROUPS.values() for name, place in group.items()}
"""Where each command stands in `dlrun.cli`: its module, and in that its function or its group."""

_SUMMARY = r'^def (?:{name}|{name}_group)\(.*?\) -> None:\n    """(.*?)(?:\n\n|\n    """|""")'


class _Commands(Mapping[str, Any]):
    """The commands by their names; each is made, and its file imported, when it is taken."""

    def __getitem__(self, name: str) -> Any:
        return command_named(name)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


@cache
def command_named(name: str) -> Any:
    """Import the file of a command, and make of its function what reads a command line.

    Raises:
        KeyError: There is no such command.
    """
    module, _, function = COMMANDS[name].partition(".")
    found = getattr(import_module(f"dlrun.cli.{module}"), function)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(
            add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
        )
        alone.command(name, epilog=ending(name))(found)
        return _ours(typer.main.get_command(alone))
    group = typer.main.get_group(found)
    group.name = name
    group.epilog = ending(name)
    for inner, command in group.commands.items():
        command.epilog = ending(f"{name} {inner}")
        command.short_help = command.get_short_help_str(_WHOLE_SENTENCE)
        _ours(command)
    return _ours(group)


class _Group(TyperGroup):
    """A group that imports the one command that is called, and none to list them all."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "commands": _Commands()})

    def list_commands(self, _ctx: Any) -> list[str]:
        """Give the names, in the order of the help."""
        return list(COMMANDS)

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        """Write what each command is for, by group."""
        widest = max(map(len, COMMANDS))
        for heading, names in GROUPS.items():
            told = {name: TyperCommand(name, help=summary(name)) for name in names}
            rows = [(name, one.get_short_help_str(_WHOLE_SENTENCE)) for name, one in told.items()]
            with formatter.section(heading):
                gap = _GAP + widest - max(map(len, names))  # the same in all groups
                formatter.write_dl(rows, col_max=widest + _GAP, col_spacing=gap)


_MARGIN = _GAP = 2  # cells
_WHOLE_SENTENCE = 1000  # letters; it is folded where there is no room for it
_NARROW, _NARROWEST = 60, 20  # cells of a line
_WHOLE = re.compile("-?[0-9]{1,9}")


class _Texts:
    """Takes texts and plain whole numbers for what they are, and leaves all other values to Typer.

    Typer asks pydantic, which takes longer to import than many a command runs.
    """

    def __init__(self, descriptor: Any, others: Callable[[], Any]) -> None:
        self._annotation = descriptor.annotation
        self._limits = descriptor.parameter_info
        self._others = others

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Give the value of a parameter the type that its command expects."""
        is_list = param.multiple or param.nargs == -1
        if value is None:
            return () if is_list else None
        inside = next(iter(get_args(self._annotation)), None)
        kind: Any = inside if is_list else self._annotation
        values = value if is_list else [value]
        if not all(self._is_clear(one, kind) for one in values):
            return self._others().coerce(value, param=param, ctx=ctx)
        if kind is Path and "" in values:  # which would be the current folder
            name = param.opts[0] if param.opts[0].startswith("-") else param.metavar
            raise empty_text("is no path", where=name)
        made = [kind(one) for one in values]
        return made if is_list else made[0]

    def _is_clear(self, value: Any, kind: Any) -> bool:
        """Whether a value is taken without a doubt, and is within its limits."""
        if kind in (str, Path):
            return isinstance(value, (str, kind))
        if kind is not int or not isinstance(value, str) or not _WHOLE.fullmatch(value):
            return False
        least, most = self._limits.min, self._limits.max
        return (least is None or int(value) >= least) and (most is None or int(value) <= most)


_Library: Any = TyperCommand.context_class.formatter_class


def as_typed(arguments: str) -> str:
    """Write the arguments of a usage line as manuals do: Typer's `{RUN}` is `RUN`."""
    return re.sub(r"\{(\S+)\}", r"\1", arguments)


class _Formatter(_Library):  # type: ignore[misc]
    """Writes help for narrow terminals, too: the library's own lines have 50 cells at least."""

    def __init__(self, *sizes: Any, **others: Any) -> None:
        super().__init__(*sizes, **others)
        room = shutil.get_terminal_size().columns - _MARGIN
        self.width: int = min(self.width, max(room, _NARROWEST))

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how a command is typed."""
        super().write_usage(prog, as_typed(args), prefix)

    def write_dl(
        self, rows: Sequence[tuple[str, str]], col_max: int | None = None, col_spacing: int = _GAP
    ) -> None:
        """Write names and what they mean; where that is too narrow, below each other."""
        beside = 30 if self.width >= _NARROW else 4  # cells
        super().write_dl(rows, beside if col_max is None else col_max, col_spacing)


def _ours(command: Any) -> Any:
    """Let a command write its help for narrow terminals, and take its texts by `_Texts`."""
    ours = {"formatter_class": _Formatter}
    command.context_class = type("Context", (command.context_class,), ours)
    return _without_pydantic(_naming_itself(command))


def _naming_itself(command: Any) -> Any:
    """Let errors know of which command they are: those of an option without its value do not."""
    parse = command.parse_args

    def parse_args(ctx: Any, args: list[str]) -> Any:
        try:
            return parse(ctx, args)
        except Exception as error:
            if getattr(error, "ctx", ctx) is None:
                error.ctx = ctx  # type: ignore[attr-defined]
            raise

    command.parse_args = parse_args
    return command


def _without_pydantic(command: Any) -> Any:
    """Let a command take its texts by `_Texts`, `--help` included, which is made when it parses."""
    every = command.get_params

    def get_params(ctx: Any) -> Any:
        for parameter in (found := every(ctx)):
            descriptor = getattr(parameter, "type_descriptor", None)  # earlier Typers have none
            if descriptor is not None and "get_runtime_param" not in vars(parameter):
                texts = _Texts(descriptor, parameter.get_runtime_param)
                parameter.get_runtime_param = lambda texts=texts: texts
        return found

    command.get_params = get_params
    return command


def summary(name: str) -> str | None:
    """Read the first paragraph of a command's docstring in its file, as text."""
    module, _, function = COMMANDS[name].partition(".")
    spec = find_spec(f"dlrun.cli.{module}")
    if spec is None or spec.origin is None:
        return None
    text = Path(spec.origin).read_text(encoding="utf-8")
    found = re.search(_SUMMARY.format(name=function), text, re.MULTILINE | re.DOTALL)
    return found[1] if found else None


VARIABLES: Final = {
    "DLRUN_RUNS_DIR": "The folder that holds the runs, where `--runs-dir` does not say it.",
    "DLRUN_DEVICE": "Where to compute, where `--device` does not say it.",
    "DLRUN_JOBS": "How many runs work at a time, where `--jobs` does not say it.",
    "DLRUN_THREADS": "In how many threads of the CPU to compute, where `--threads` does not say "
    "it.",
    "DLRUN_WARM": "1 starts a resident process with the first command, 0 uses none; without it "
    "one is used that `dlrun warm` has started.",
    "DLRUN_STREAM_ABOVE_MB": "From how many megabytes on data stay on the disk while they train.",
    "DLRUN_TRACEBACK": "1 shows the traceback of any error.",
    "NO_COLOR": "Whatever it holds, nothing is coloured; nor is it where TERM is dumb.",
    "COLUMNS": "How wide the terminal is taken to be.",
    "TMPDIR": "Where tables that do not fit into memory are kept while they train.",
    "TF_CONFIG": "The hosts that share each batch, and which of them this is, where `--hosts` does "
    "not say it.",
    "KERAS_HOME": "The folder of Keras, in whose `datasets` downloaded data are looked for "
    "(~/.keras).",
    "MLFLOW_TRACKING_URI": "Where the tracker `mlflow` sends to, where its `uri` does not say it.",
    "XDG_CACHE_HOME": "Below it, in `dlrun`, lies what was read of Keras's source, checked each "
    "time, and the data files of clusters; it may be removed at any time (~/.cache).",
    "XDG_STATE_HOME": "Below it, in `dlrun`, lies the key that tells your own runs from those of "
    "others (~/.local/state).",
    "XDG_RUNTIME_DIR": "Below it the resident process of `dlrun warm` listens.",
}
"""The environment variables that change what a command does, and what they are for."""


def _exit_codes() -> str:
    """Name the exit codes in a line."""
    return ", ".join(f"{code} {text.partition(';')[0]}" for code, text in EXIT_CODES.items())


app = typer.Typer(
    cls=_Group,
    name="dlrun",
    help="Deep-learning experiments that are written down, not programmed: "
    "YAML in, a complete run folder out.\n\n"
    "Begin with `dlrun init -o first.yaml`, and then `dlrun train first.yaml`; "
    "`dlrun COMMAND --help` tells more.",
    epilog=f"Exit codes: {_exit_codes()}.",
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


def command_line() -> Any:
    """Make the command that takes the whole line."""
    return _ours(typer.main.get_command(app))
