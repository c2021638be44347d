"""Draws in what two runs differ, on wide terminals and on narrow ones, and gives it as JSON."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dlrun.absent import ABSENT
from dlrun.cli.columns import Cell, align, draw, natural_width, paint
from dlrun.wording import as_text, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlrun.cli.output import Screen
    from dlrun.workflows.diff import Hashes, Parting, RunDifference

_MOST_NAMES = 6
_WIDEST = 60


def draw_difference(found: RunDifference, *, screen: Screen) -> str:
    """Write in what two runs differ, in the order from cause to effect.

    Args:
        found: The differences.
        screen: Where it is shown.

    Returns:
        One block for each kind of difference.
    """
    names = "\n".join(
        f"{letter}  {_one_line(name)}" for letter, name in zip("AB", found.names, strict=True)
    )
    parts = [
        names,
        _table("config", found.config, screen),
        _table("surroundings", found.surroundings, screen),
        _arrays("data", found.data, screen),
        _arrays("initial weights", found.initial_weights, screen),
        _history(found.history, screen),
        _arrays("final weights", found.final_weights, screen),
        _table("metrics", found.metrics, screen),
    ]
    return "\n\n".join(parts)


def difference_json(found: RunDifference) -> dict[str, Any]:
    """Give the differences as JSON can express them; null for what a run does not have.

    Args:
        found: The differences.
    """
    plain = asdict(found)
    for key in ("config", "surroundings", "metrics"):
        pairs: Mapping[str, Any] = getattr(found, key)
        plain[key] = {
            name: [None if value is ABSENT else value for value in pair]
            for name, pair in pairs.items()
        }
    return plain


def _table(title: str, pairs: Mapping[str, tuple[Any, Any]], screen: Screen) -> str:
    """The keys that differ, with both values; below each other where the terminal is narrow."""
    if not pairs:
        return _line(title, "the same", screen)
    cells = [[key, *(_short(_worded(value)) for value in pair)] for key, pair in pairs.items()]
    table = align([[Cell(title, "bold"), Cell("A", "bold"), Cell("B", "bold")], *cells], left=3)
    if natural_width(table) <= screen.width:
        return draw(table, color=screen.color)
    lines = [paint(title, "bold", color=screen.color)]
    for key, *values in cells:
        lines.append(_one_line(key))
        lines += [
            f"  {letter}  {_one_line(value)}" for letter, value in zip("AB", values, strict=True)
        ]
    return "\n".join(lines)


def _arrays(title: str, hashes: Hashes, screen: Screen) -> str:
    """Whether arrays are the same."""
    if not hashes.known:
        return _line(title, "not recorded by both", screen)
    if not hashes.different and not hashes.missing:
        return _line(title, "the same to the bit", screen)
    words = []
    if hashes.different:
        words.append(f"different: {_listed(hashes.different)}")
    if hashes.missing:
        words.append(f"in one run only: {_listed(hashes.missing)}")
    if hashes.same:
        words.append(f"the same: {_listed(hashes.same)}")
    width = max(screen.width, 20)
    lines = [
        line
        for one in words
        for line in textwrap.wrap(
            one, width, initial_indent="  ", subsequent_indent="    ", break_long_words=False
        )
    ]
    return _line(title, "\n".join(["", *lines]), screen)


def _history(history: Parting, screen: Screen) -> str:
    """Where the logs part."""
    lines = []
    one, other = history.epochs
    shorter = min(one, other)
    if history.epoch is not None:
        before = history.epoch - 1
        lines.append(
            "parts in the first epoch"
            if before == 0
            else f"the same for {before} {_epochs(before)}, parts in epoch {history.epoch}"
        )
        rows = [[name, *map(repr, values)] for name, values in history.columns.items()]
        headings = [Cell(f"epoch {history.epoch}", "bold"), Cell("A", "bold"), Cell("B", "bold")]
        lines += draw(align([headings, *rows]), color=screen.color).splitlines()
    elif one == other == 0:
        lines.append("nothing was trained")
    elif one == other:
        lines.append(f"the same for all {one} {_epochs(one)}")
    elif shorter:
        lines.append(f"the same for {shorter} {_epochs(shorter)}")
    if one != other:
        lines.append(f"A has {one} {_epochs(one)}, B has {other}")
    if history.unshared:
        lines.append(f"in one run only: {_listed(history.unshared)}")
    return _line("history", "\n  ".join(["", *lines]), screen)


def _line(title: str, text: str, screen: Screen) -> str:
    """A title, and what is said of it behind or below it."""
    heading = paint(title, "bold", color=screen.color)
    return f"{heading}{text}" if text.startswith("\n") else f"{heading}: {text}"


def _worded(value: Any) -> str:
    if value is ABSENT:
        return "-"
    if isinstance(value, float):
        return min(repr(value), f"{value:.9g}", key=len)
    return as_text(value) if not isinstance(value, dict) else "{}"


def _one_line(text: str) -> str:
    return printable(text).replace("\n", " ")


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return _one_line(", ".join(names[:_MOST_NAMES])) + more


def _epochs(count: int) -> str:
    return "epoch" if count == 1 else "epochs"
