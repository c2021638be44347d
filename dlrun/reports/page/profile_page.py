"""Gathers what the page on a table says."""

from __future__ import annotations

from typing import Any, Final

from dlrun.reports.page.rendering import render
from dlrun.reports.profile import MOST_CLASSES, ColumnProfile, Profile, value_text
from dlrun.wording import percent, tally

MOST_COLUMNS: Final = 1000
WIDTH, HEIGHT = 160, 36  # of a histogram, in units of SVG
_MOST_TOP = 6


def profile_page(profile: Profile) -> str:
    """Write the page on a table: HTML that needs nothing else."""
    return render(
        "profile.html.jinja",
        title=f"{profile.source}: what is in it",
        profile=profile,
        rows=tally(profile.rows, "row"),
        score_name=profile.score.score_name if profile.score else "",
        how_told=profile.how_told,
        sampled=tally(profile.sampled, "row"),
        targets=[_target(target.name, target.classes) for target in profile.targets],
        warnings=profile.warnings(),
        columns=[_column(column) for column in profile.columns[:MOST_COLUMNS]],
        more_columns=max(0, len(profile.columns) - MOST_COLUMNS),
        size=(WIDTH, HEIGHT),
    )


def _target(name: str, classes: tuple[tuple[str, int], ...] | None) -> dict[str, Any]:
    known = max(1, sum(count for _, count in classes or ()))
    largest = (classes or ())[:MOST_CLASSES]
    shown = [(text, count, percent(count / known)) for text, count in largest]
    return {
        "name": name,
        "is_class": classes is not None,
        "number": len(classes or ()),
        "classes": shown,
    }


def _column(column: ColumnProfile) -> dict[str, Any]:
    facts = column.facts
    known = max(1, facts.rows - facts.missing)
    return {
        "name": column.name,
        "kind": "target" if column.is_target else column.kind.kind,
        "reason": column.kind.reason,
        "missing": percent(column.missing_share) if facts.missing else "",
        "distinct": f"{facts.distinct:,}",
        "links": [
            {
                "text": column.score_text(link),
                "strength": link.strength,
                "tells": link.tells,
                "target": link.target,
            }
            for link in column.links
        ],
        "bars": _bars(column.histogram),
        "low": value_text(facts.low, column),
        "high": value_text(facts.high, column),
        "median": value_text(column.quartiles[1], column) if column.quartiles else "",
        "top": [
            {"text": text, "share": percent(count / known), "part": round(100 * count / known, 1)}
            for text, count in facts.top[:_MOST_TOP]
        ],
    }


def _bars(counts: tuple[int, ...]) -> list[dict[str, float]]:
    """Draw a histogram as boxes of at least half a unit, where there is a row at all."""
    if not counts:
        return []
    most, step = max(counts), WIDTH / len(counts)
    drawn = []
    for number, count in enumerate(counts):
        height = max(0.5, HEIGHT * count / most) if count else 0.0
        drawn.append(
            {
                "x": round(number * step + 0.5, 2),
                "y": round(HEIGHT - height, 2),
                "width": round(step - 1, 2),
                "height": round(height, 2),
            }
        )
    return drawn
