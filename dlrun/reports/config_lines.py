"""Writes lines of a config as people do, each with a comment that says why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from dlrun.wording import as_text

COMMENT_AT: Final = 48
"""The column where comments begin, where the line before them leaves room."""
TEST_SHARE, VALIDATION_SHARE = 0.2, 0.15
LEAST: Final = 0.001
"""The least improvement of a loss, about 1 at first, where an epoch is a step or two.

Else what is learned already goes on to improve by less and less, and no patience ends it.
"""
_PLAIN: Final = re.compile(r"[A-Za-z_][\w-]*")
_WORDS: Final = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"}


def stopping(patience: int, least: float | None = None) -> Iterator[str]:
    """Write the callback that ends a training which has not improved for so many epochs.

    An improvement is `least` or more; None for any.
    """
    improved = "improved" if least is None else f"improved by {least:g}"
    about = f"stops when val_loss has not {improved} for {patience} epochs, keeps the best"
    yield commented("  callbacks:", about)
    delta = "" if least is None else f"min_delta: {least:g}, "
    yield (
        f"    - {{type: EarlyStopping, monitor: val_loss, patience: {patience}, {delta}"
        "restore_best_weights: true}"
    )


def commented(line: str, comment: str) -> str:
    """Put a comment beside a line; no text of a table ends it."""
    safe = " ".join(comment.split())
    return f"{line.ljust(COMMENT_AT - 1)}  # {safe}" if safe else line


def scalar(text: str) -> str:
    """Write a text as YAML reads it back."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    is_path = re.fullmatch(r"[A-Za-z_./][\w./-]*", text) and "/" in text
    return text if is_path else json.dumps(text, ensure_ascii=False)


def inline(value: Any) -> str:
    """Write an option as YAML on one line."""
    if isinstance(value, Mapping):
        return (
            f"{{{', '.join(f'{scalar(str(key))}: {inline(one)}' for key, one in value.items())}}}"
        )
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(inline, value))}]"
    return scalar(value) if isinstance(value, str) else as_text(value)
