"""What the Tab key offers: config files, runs, words and templates; light, and never an error."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import typer

from dlrun.errors import DlrunError
from dlrun.wording import CONFIGS

DEPTH: Final = 8  # how many folders are entered in search of the first choice
QUOTED_BY_BASH: Final = re.compile(r"[^\w./~+,@%=:-]")


def complete_config(incomplete: str) -> list[str]:
    """The YAML files and folders that a path can go on with."""
    found = [incomplete]
    # A folder that is the only choice is entered at once: a shell would end it with a blank.
    for _ in range(DEPTH):
        found = _paths(found[0])
        if len(found) != 1 or not found[0].endswith("/"):
            break
    if "bash" in os.environ.get("_DLRUN_COMPLETE", "") and any(map(QUOTED_BY_BASH.search, found)):
        return []  # bash takes what it gets as it is, but quotes what it finds itself
    return found


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """The names of the runs, the newest first, and `latest`."""
    from dlrun.rundir.folder import LATEST, run_paths

    try:
        names = sorted((path.name for path in run_paths(_runs_dir(context))), reverse=True)
    except (DlrunError, OSError):
        return []
    return [name for name in [LATEST, *names] if names and name.startswith(incomplete)]


def complete_key(context: typer.Context, incomplete: str) -> list[str]:
    """The keys that the newest runs have; after a comma the next one."""
    from datetime import UTC, datetime

    from dlrun.rundir.folder import list_runs
    from dlrun.workflows.runs import RunFacts, known_keys

    before, comma, key = incomplete.rpartition(",")
    plus = "+" if key.startswith("+") else ""
    try:
        runs = [RunFacts(row, datetime.now(UTC)) for row in list_runs(_runs_dir(context))]
    except DlrunError:
        return []
    start = before + comma + plus
    return [start + one for one in known_keys(runs) if one.startswith(key.removeprefix("+"))]


def complete_layer(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The layers of the run that stands before, each with its class."""
    from dlrun.config import load_config
    from dlrun.rundir.folder import open_run
    from dlrun.rundir.names import CONFIG

    try:
        run = open_run(context.params.get("run") or "", _runs_dir(context))
        layers = load_config(run.file(CONFIG), data_known=False).model.layers
    except (DlrunError, OSError):
        return []
    return [(layer.name, layer.type) for layer in layers if layer.name.startswith(incomplete)]


def complete_kind(incomplete: str) -> list[tuple[str, str]]:
    """The kinds of words, each with what it is for."""
    from dlrun.catalog import KINDS

    return [(name, kind.meaning) for name, kind in KINDS.items() if name.startswith(incomplete)]


def complete_exporter(incomplete: str) -> list[tuple[str, str]]:
    """The words of `exports`, each with what it writes."""
    from dlrun import catalog

    words = [word for word in catalog.words("exporters") if word.startswith(incomplete)]
    return [(word, catalog.gist("exporters", word)) for word in words]


def complete_tracker(incomplete: str) -> list[tuple[str, str]]:
    """The words of `trackers`, each with what it does."""
    from dlrun import catalog

    words = [word for word in catalog.words("trackers") if word.startswith(incomplete)]
    return [(word, catalog.gist("trackers", word)) for word in words]


def complete_word(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The words of the kind that stands before; other spellings once a letter is typed."""
    from dlrun import catalog

    kind = context.params.get("kind")
    if kind not in catalog.KINDS:
        return []
    try:
        found = [(name, name) for name in catalog.words(kind)]
        if incomplete:
            spelt = catalog.aliases(kind).items()
            found += [(alias, name) for name, aliases in spelt for alias in aliases]
        return [
            (spelling, catalog.gist(kind, name))
            for spelling, name in found
            if spelling.startswith(incomplete)
        ]
    except DlrunError:  # Keras is not installed
        return []


def complete_template(incomplete: str) -> list[tuple[str, str]]:
    """The templates, each with what it is a start for."""
    from dlrun.cli.templates import TEMPLATES, headline

    return [(name, headline(name)) for name in TEMPLATES if name.startswith(incomplete)]


def _runs_dir(context: typer.Context) -> Path:
    return Path(context.params.get("runs_dir") or "runs")


def _paths(incomplete: str) -> list[str]:
    """What the folder of a path holds that begins like its last part."""
    start, slash, stem = incomplete.rpartition("/")
    prefix = start + slash
    try:
        entries = sorted(Path(prefix or ".").expanduser().iterdir())
    except (OSError, RuntimeError):  # no such folder, no such home
        return []
    return [
        f"{prefix}{entry.name}{'/' if entry.is_dir() else ''}"
        for entry in entries
        if entry.name.startswith(stem)
        and (stem or not entry.name.startswith("."))
        and (entry.is_dir() or entry.suffix in CONFIGS)
    ]
