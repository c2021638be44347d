"""Tries dlrun on a GPU and prints what came out: `python -m tests.gpu [--tiny] [WORD]`.

Where there is no GPU it does the same on the CPU, and says so. What does not fit into eight minutes
is left out, which is said too. The exit code is 1 where something came out wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from tests.gpu.checks import CHECKS, Skipped, Wrong
from tests.gpu.machine import CommandError, Machine

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_SECONDS = 8 * 60
RESERVE = 60
"""Nothing is begun where less is left: so long one check may take."""


def main(words: Sequence[str]) -> int:
    """Run the checks whose names have a word in them; `--tiny` only shows that they work."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="few epochs, no figures of worth")
    parser.add_argument("word", nargs="?", default="", help="only what has it in its name")
    chosen = parser.parse_args(words)
    began = time.monotonic()
    machine = Machine.find(tiny=chosen.tiny)
    _say(machine.described())
    results: list[str] = []
    for check in (one for one in CHECKS if chosen.word in one.__name__):
        name, start = check.__name__.replace("_", " "), time.monotonic()
        if start - began > MOST_SECONDS - RESERVE:
            results.append("left out")
            _say(f"{name:<28} LEFT OUT: the eight minutes are nearly over")
            continue
        try:
            said = check(machine)
            results.append("ok")
        except Skipped as reason:
            said = str(reason)
            results.append("not tried")
        except (Wrong, CommandError) as error:
            said = str(error)
            results.append("WRONG")
        _say(f"{name:<28} {results[-1]:<9} {time.monotonic() - start:5.1f} s  {said}")
    machine.close()
    counts = ", ".join(f"{results.count(one)} {one}" for one in dict.fromkeys(results))
    _say(f"{counts}; {time.monotonic() - began:.0f} s, on {machine.kind}")
    return int("WRONG" in results or not results)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
