"""Starts DuckDB: what it may open, how many threads and how much memory it takes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlrun.data.headers import GZIP_MAGIC
from dlrun.data.streaming import stream_limit
from dlrun.errors import DlrunError
from dlrun.memory import free_memory, in_words

if TYPE_CHECKING:
    import duckdb

    from dlrun.data.table_files import Source

SMALL: Final = 2**22
"""Below so many bytes, several threads would wait for each other longer than they work."""
MEMORY_SHARE: Final = 4
"""The part of the free memory that DuckDB may have before it uses the disk."""

LEAST, MOST = 80 * 2**20, 256 * 2**20
"""How much memory DuckDB may have for rows that lie on the disk."""
PER_COLUMN: Final = 2**16  # bytes that each thread has to have besides, where rows are wide
MOST_THREADS: Final = 8  # on rows that lie on the disk: each of them takes memory
GROUP_CELLS: Final = 2**21
"""How many cells DuckDB holds, in each thread, before it writes them to the disk."""
GROUP_ROWS: Final = 2048, 122_880  # the fewest and the most of them, which are DuckDB's own
PACKED: Final = 4  # so many bytes a byte of a packed file holds, about


@contextmanager
def connect(
    sources: Sequence[Source], threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection that may read these files, and nothing else.

    Tables that are made in it lie in memory, or, where the files are so large that their rows are
    to stay on the disk, in a file beside the copies of sources.
    """
    import duckdb  # noqa: PLC0415  0.03 to 0.2 s

    files = [str(source.readable) for source in sources]
    folder, size = sources[0].folder, sum(Path(name).stat().st_size for name in files)
    on_disk = _stored(sources) > stream_limit()
    width = _width(sources[0].readable) if on_disk else 0
    settings = _settings(threads, size, width if on_disk else None)
    try:
        with duckdb.connect(":memory:", config=settings) as connection:
            run = connection.execute
            if on_disk:
                rows = min(max(GROUP_CELLS // width // GROUP_ROWS[0], 1) * GROUP_ROWS[0],
                           GROUP_ROWS[1])  # fmt: skip
                file = f"{folder}/rows.duckdb".replace("'", "''")
                run(f"ATTACH '{file}' AS stored (ROW_GROUP_SIZE {rows})")
                run("USE stored")
            run("SET temp_directory = $1", [folder])
            run("SET allowed_paths = $1", [files])
            run("SET allowed_directories = $1", [[folder]])
            run("SET enable_external_access = false")
            run("SET TimeZone = 'UTC'")
            if size <= SMALL:
                run("PRAGMA disable_optimizer")  # to plan takes longer than to compute
            run("SET lock_configuration = true")
            yield connection
    except duckdb.OutOfMemoryException as error:
        free = in_words(free_memory())
        what = f"DuckDB needs more memory for this table than it may have ({free} are free)."
        fix = "Close other programs, or write the table as several Parquet files."
        raise DlrunError(what, where=str(sources[0].path), fix=fix) from error


def _stored(sources: Sequence[Source]) -> float:
    """How many bytes DuckDB has to keep: Parquet files stay where they are."""
    found = 0.0
    for source in sources:
        if source.format == "parquet":
            continue
        with source.readable.open("rb") as content:
            packed = content.read(2) == GZIP_MAGIC
        found += source.readable.stat().st_size * (PACKED if packed else 1)
    return found


def _width(path: Path) -> int:
    """About how many columns a file has, by its first line."""
    with path.open("rb") as content:
        line = content.readline(2**20)
    return 1 + max(line.count(mark) for mark in (b",", b";", b"|", b"\t"))


def _settings(threads: int | None, size: int, width: int | None) -> dict[str, Any]:
    """How DuckDB runs: nothing is fetched, the disk is used early, one thread reads small files."""
    memory = min(free_memory() / MEMORY_SHARE, 2**40)
    if threads is None:
        threads = 1 if size < SMALL else _processors()
    if width is not None:
        threads = min(threads, MOST_THREADS)
        memory = min(
            memory, min(max(size / MEMORY_SHARE, LEAST), MOST) + PER_COLUMN * width * threads
        )
    else:
        memory = max(2**28, memory)
    return {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": f"{int(memory / 2**20)}MiB",
        "threads": threads,
    }


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
