"""`dlrun diff A B`: in what two runs differ."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dlrun.absent import ABSENT
from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, FirstRun, RunsDir, SecondRun
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import Screen, fill, screen_of, write_data, write_json
from dlrun.cli.terminal.tables import align, bold, draw, draw_if_fitting, one_line, paint
from dlrun.wording import as_text, count, list_some

if TYPE_CHECKING:
    from dlrun.workflows.diff import Hashes, Parting, RunDifference

_MOST_NAMES = 6
_WIDEST = 60  # letters of a value


def diff(
    a: FirstRun, b: SecondRun, *, runs_dir: RunsDir = DEFAULT_RUNS_DIR, as_json: AsJson = False
) -> None:
    """Show in what two runs differ.

    Config, versions, data, initial weights, history and results, from cause to effect.
    """
    show_activity("comparing runs ...", soon=True)
    from dlrun.rundir.folder import open_run
    from dlrun.workflows import diff as workflow

    found = workflow.diff(open_run(a, runs_dir), open_run(b, runs_dir))
    if as_json:
        write_json(difference_json(found))
    else:
        write_data(draw_difference(found, screen=screen_of(sys.stdout)))


def draw_difference(found: RunDifference, *, screen: Screen) -> str:
    """Write in what two runs differ, one block for each kind, in the order from cause to effect."""
    names = "\n".join(
        f"{letter}  {one_line(name)}" for letter, name in zip("AB", found.names, strict=True)
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
    """Give the differences as JSON can express them; null for what a run does not have."""
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
        return _titled(title, "the same", screen)
    cells = [[key, *map(_text, pair)] for key, pair in pairs.items()]
    drawn = draw_if_fitting([bold([title, "A", "B"]), *cells], screen, left=3)
    if drawn is not None:
        return drawn
    lines = [paint(title, "bold", screen)]
    for key, a, b in cells:
        lines += [one_line(key), f"  A  {one_line(a)}", f"  B  {one_line(b)}"]
    return "\n".join(lines)


def _arrays(title: str, hashes: Hashes, screen: Screen) -> str:
    if not hashes.known:
        return _titled(title, "not recorded by both", screen)
    if not hashes.different and not hashes.missing:
        return _titled(title, "the same to the bit", screen)
    lines = []
    for what, names in (
        ("different", hashes.different),
        ("in one run only", hashes.missing),
        ("the same", hashes.same),
    ):
        if names:
            said = f"  {what}: {list_some(names, _MOST_NAMES, one_line)}"
            lines.append(fill(said, screen.width, hang=4, whole=True))
    return _titled(title, "\n".join(["", *lines]), screen)


def _history(history: Parting, screen: Screen) -> str:
    lines = []
    one, other = history.epochs
    shorter = min(one, other)
    if history.epoch is not None:
        before = history.epoch - 1
        lines.append(
            "different from the first epoch on"
            if before == 0
            else f"the same for {count(before, 'epoch')}, then different"
        )
        rows = [[name, *map(repr, values)] for name, values in history.columns.items()]
        table = align([bold([f"epoch {history.epoch}", "A", "B"]), *rows])
        lines += draw(table, screen).splitlines()
    elif one == other == 0:
        lines.append("nothing was trained")
    elif one == other:
        lines.append(f"the same for all {count(one, 'epoch')}")
    elif shorter:
        lines.append(f"the same for {count(shorter, 'epoch')}")
    if one != other:
        lines.append(f"A has {count(one, 'epoch')}, B has {other}")
    if history.unshared:
        lines.append(f"in one run only: {list_some(history.unshared, _MOST_NAMES, one_line)}")
    return _titled("history", "\n  ".join(["", *lines]), screen)


def _titled(title: str, text: str, screen: Screen) -> str:
    """A title, and what is said of it behind or below it."""
    heading = paint(title, "bold", screen)
    return f"{heading}{text}" if text.startswith("\n") else f"{heading}: {text}"


def _text(value: Any) -> str:
    if value is ABSENT:
        return "-"
    if isinstance(value, float):
        text = min(repr(value), f"{value:.9g}", key=len)
    else:
        text = as_text(value) if not isinstance(value, dict) else "{}"
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
