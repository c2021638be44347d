"""A process that tells its tasks and ends."""

import sys

from dlrun.sweeps.processes import at_work


def work(tasks, send):
    """Tell each of them."""
    print("printed")  # noqa: T201 - that is what is tested
    sys.stdout.flush()
    for task in tasks:
        send({"task": task})
    return 4


sys.exit(at_work(work))
