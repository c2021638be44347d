"""`dlrun runs`: the runs of a folder with status, main metric and age."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, RunsDir
from dlrun.cli.output import screen_of, write_data, write_json, write_message


def runs(*, runs_dir: RunsDir = DEFAULT_RUNS_DIR, as_json: AsJson = False) -> None:
    """List the runs, the newest first."""
    from dlrun.rundir.listing import list_runs

    rows = list_runs(runs_dir)
    if as_json:
        write_json(
            [
                {
                    "name": row.name,
                    "run": row.path,
                    "status": row.status,
                    "started": row.started.isoformat() if row.started else None,
                    "seconds": row.seconds,
                    "metric": row.metric,
                    "value": row.value,
                    "reason": row.reason,
                }
                for row in rows
            ]
        )
        return
    if not rows:
        write_message(f"There is no run in {runs_dir}.")
        return
    from dlrun.cli.tables import runs_table

    now = datetime.now(UTC)
    write_data(runs_table(rows, now=now, screen=screen_of(sys.stdout)))
