"""Many processes that make run folders in one place at the same time: `python -m` with a folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dlrun.rundir.folder import create_run
from dlrun.rundir.record import read_record, recording


def crowd(runs, processes, each):
    """Let processes that wait for each other make run folders of one name; returns their codes."""
    gate, opening = os.pipe()
    children = []
    for process in range(processes):
        child = os.fork()
        if child == 0:
            os.close(opening)
            os.read(gate, 1)
            os._exit(_make(runs, process, each))
        children.append(child)
    os.close(opening)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def _make(runs, process, each):
    """Be one of the processes: what each run writes tells whose it is."""
    for number in range(each):
        token = f"{process}-{number}"
        folder = create_run(runs, "crowd")
        with recording(folder, {"token": token}) as record:
            folder.write_text("config.yaml", token)
            folder.log(token)
            record.add(again=token)
    return 0


def check_crowd(runs, processes, each):
    """Every run is there once, and all that it holds is its own; returns how many there are."""
    tokens = set()
    for folder in Path(runs).iterdir():
        record = read_record(folder)
        token = record["token"]
        assert record["status"] == "finished"
        assert record["again"] == token
        assert (folder / "config.yaml").read_text() == token
        assert (folder / "log.txt").read_text().endswith(f"  {token}\n")
        assert {path.name for path in folder.iterdir()} == {
            *("run.json", "config.yaml", "log.txt", ".lock")
        }
        tokens.add(token)
    assert tokens == {f"{one}-{number}" for one in range(processes) for number in range(each)}
    return len(tokens)


if __name__ == "__main__":
    codes = crowd(Path(sys.argv[1]), *map(int, sys.argv[2:]))
    sys.exit(int(any(codes)))
