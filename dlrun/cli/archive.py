"""`dlrun archive RUN... -o FILE`: runs and sweeps in one file, to be kept; stdout gets its path."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, Quiet, RunsDir, SomeRuns, Where, option
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import write_data, write_json, write_message
from dlrun.errors import UsageError
from dlrun.wording import count

Output = Annotated[Path | None, option("--output -o FILE", "The file to write: a new .zip.")]
Remove = Annotated[
    bool, option("--remove", "Move the folders into the trash once the archive is checked.")
]
Checkpoints = Annotated[
    bool,
    option(
        "--checkpoints/--no-checkpoints",
        "With what `dlrun resume` needs; of unfinished runs it is always packed.  "
        "[default: checkpoints]",
    ),
]


def archive(
    runs: SomeRuns = None,
    *,
    where: Where = None,
    output: Output = None,
    remove: Remove = False,
    checkpoints: Checkpoints = True,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Pack runs, or whole sweeps, into one file; `dlrun import` takes it back.

    Every file is read again once the archive is written. What is at work, or damaged, is refused.
    """
    from dlrun.memory import in_words
    from dlrun.rundir.archive import write_archive
    from dlrun.rundir.trash import find_folders

    if not runs and where is None:
        raise UsageError("which runs?", fix="Name some, or give --where CONDITION.")
    if output is None:
        raise UsageError("into which file?", where="--output", fix="Give one with -o old.zip.")
    folders = find_folders(runs or (), runs_dir)
    if where is not None:
        from dlrun.workflows.runs import choose_runs

        folders += [found.row.path for found in choose_runs(runs_dir, where=where)]
    folders = list({folder.resolve(): folder for folder in folders}.values())
    if not folders:
        raise UsageError(f"there is no such run in {runs_dir}.", where="--where")
    packed, removed = write_archive(
        folders,
        output,
        checkpoints=checkpoints,
        remove=remove,
        say=lambda text: show_activity(text, quiet=quiet),
    )
    size = output.stat().st_size
    if as_json:
        told = {"archive": output, "bytes": size, "folders": list(map(asdict, packed))}
        write_json({**told, "trash": removed})
        return
    write_data(str(output))
    if not quiet:
        unpacked = in_words(sum(one.size for one in packed))
        sizes = f"{in_words(size)}, unpacked {unpacked}"
        write_message(f"{count(len(packed), 'folder')}, {sizes}; every file was read again")
        if removed:
            write_message(
                f"{count(len(removed), 'folder')} moved into the trash; "
                "`dlrun restore --empty` removes them for good"
            )
