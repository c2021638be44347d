"""Runs the fault harness and prints its table: `python -m tests.faults [--tiny | --whole]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults import rows
from tests.faults.finished import COMMANDS
from tests.faults.server import Server
from tests.faults.stories import CONFIGS, Workplace

SIZES = (0, 30_000, 280_000, 295_000, 310_000, 2**20)


def main(words):
    """Run all of it.

    Args:
        words: The command line: `--tiny` for a few faults of each kind; `--whole` for all faults of
            the commands on a finished run, of which else every eighth of `resume` is tried;
            `--every N` for one in N of the faults of each kind.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a few faults of each kind")
    parser.add_argument(
        "--whole", action="store_true", help="leave out no point of any command on a finished run"
    )
    parser.add_argument(
        "--every", type=int, default=1, help="try one in so many faults of each kind"
    )
    chosen = parser.parse_args(words)
    tiny = chosen.tiny

    def some(count):
        """One in so many, and one at least."""
        return -(-count // chosen.every)

    server, found = Server(), []
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        for name in ("killed", "failed", "finished", "damaged", "attacked"):
            (home / name).mkdir()
        names = list(CONFIGS)
        steps = (
            lambda: rows.killed(
                Workplace(home / "killed", server),
                names[:2] if tiny else names,
                points=[3] * 2 if tiny else [some(99), *[some(4)] * (len(names) - 1)],
                times=1 if tiny else some(2),
            ),
            lambda: rows.failed(
                Workplace(home / "failed", server),
                "normalization",
                range(1, 81, 16 if tiny else chosen.every),
                (40,) if tiny else (7, 40),
            ),
            lambda: rows.finished(
                Workplace(home / "finished", server),
                # Twice with other faults: it has the most.
                [*COMMANDS] if tiny else ["resume", *COMMANDS],
                every=8 if tiny else chosen.every,
                whole=chosen.whole,
            ),
            lambda: rows.filled(SIZES[2:5] if tiny else SIZES),
            lambda: rows.damaged(
                Workplace(home / "damaged", server),
                *((20, 10, 4) if tiny else map(some, (130, 46, 24))),
            ),
            lambda: rows.crowded(home / "crowd", *((10, 5) if tiny else (50, 20))),
            lambda: rows.attacked(Workplace(home / "attacked", server), 20 if tiny else some(500)),
        )
        for step in steps:
            row, _ = step()
            found.append(row)
            print(row, file=sys.stderr, flush=True)  # noqa: T201
    server.close()
    print(rows.table(found))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
