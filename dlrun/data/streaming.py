"""Decides which data are so large that their rows stay on the disk; without NumPy."""

from __future__ import annotations

import os
from pathlib import Path

from dlrun.errors import UsageError
from dlrun.memory import free_memory, in_words

LIMIT_VARIABLE = "DLRUN_STREAM_ABOVE_MB"
"""The environment variable that sets the limit, in megabytes of 10**6 bytes.

It is no key of the config: where the rows are kept changes no bit of a run.
"""

MOST_BYTES = 10**9

SHARE = 16
"""The part of the free memory that data may have: read, split, scaled and handed to TensorFlow, a
table of short numbers takes some sixteen times the size of its file."""


def reason_to_stream(path: Path | str, size: int) -> str | None:
    """Why the rows of a file of some bytes are to stay on the disk, in one line for the user.

    None where they are to be held in memory. What is no file is called by a text.
    """
    limit = stream_limit()
    if size <= limit:
        return None
    name = path if isinstance(path, str) else path.name
    return (
        f"streaming from the disk: {name} holds {in_words(size)}, more than "
        f"{in_words(limit)} ({LIMIT_VARIABLE} sets the limit)"
    )


def stream_limit() -> float:
    """From how many bytes on data are streamed: as set, else 1 GB or 1/16 of the free memory."""
    text = os.environ.get(LIMIT_VARIABLE)
    if text is None:
        return min(MOST_BYTES, free_memory() / SHARE)
    try:
        megabytes = float(text)
    except ValueError:
        megabytes = -1.0
    if not megabytes >= 0:
        what = f"{text!r} is not a size."
        fix = "Give a number of megabytes, such as 4000; 0 streams every CSV and npz file."
        raise UsageError(what, where=LIMIT_VARIABLE, fix=fix)
    return megabytes * 1e6
