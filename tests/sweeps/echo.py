"""A process that tells its task and ends."""

import sys

from dlrun.sweeps.processes import told_by_parent

task, send = told_by_parent()
print("printed")  # noqa: T201 - that is what is tested
send({"task": task})
sys.stdout.flush()
sys.exit(4)
