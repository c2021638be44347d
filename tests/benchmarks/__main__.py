"""Runs the benchmarks and prints their table: `python -m tests.benchmarks [--tiny] [WORD]`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tests.benchmarks import (
    checkpoints,
    commands,
    images,
    jax_scan,
    light,
    many_rows,
    predicting,
    serving,
    sweeps,
    tables,
    training,
    warm,
)
from tests.benchmarks.rows import line, table

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(words: Sequence[str]) -> int:
    """Run the benchmarks.

    Args:
        words: The command line: `--tiny` for a run that only shows that everything works; a word
            to run only the benchmarks with it in their names.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a few epochs, measured once")
    parser.add_argument("word", nargs="?", default="", help="run only what has it in its name")
    chosen = parser.parse_args(words)
    rows = []
    groups = (
        light,
        commands,
        training,
        many_rows,
        predicting,
        jax_scan,
        checkpoints,
        sweeps,
        tables,
        images,
        serving,
        warm,
    )
    for benchmark in (one for group in groups for one in group.BENCHMARKS):
        if chosen.word in benchmark.__name__:
            rows.append(benchmark(chosen.tiny))
            print(line(rows[-1]), file=sys.stderr, flush=True)  # noqa: T201
    print(table(rows))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
