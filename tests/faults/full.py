"""Trains on a small file system until it is full: `python -m` with its folder and the sizes."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.faults import disks, kills
from tests.faults.server import Server
from tests.faults.stories import Workplace

NAMES = ("told", "early", "resumed", "enough")


def main(folder, sizes):
    """Print how many trainings told that the disk is full, were resumed, or had room enough."""
    server = Server()
    with tempfile.TemporaryDirectory() as place:
        workplace = Workplace(place, server)
        expected, _, _ = kills.uninterrupted(workplace, "dropout")
        found = disks.full_disk(workplace, "dropout", Path(folder), expected, sizes)
    server.close()
    print(*(found[name] for name in NAMES))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], [int(word) for word in sys.argv[2:]]))
