"""Writes a config that foretells the next step of a series from the steps before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from dlrun.errors import UsageError
from dlrun.reports.config_lines import (
    TEST_SHARE,
    VALIDATION_SHARE,
    commented,
    inline,
    scalar,
    stopping,
)
from dlrun.reports.profile import Profile
from dlrun.wording import tally

WINDOW: Final = 12
"""How many steps are seen where no season is known."""
SEASONS: Final = {
    "1 hour": (24, "hours of a day"),
    "1 day": (7, "days of a week"),
    "1 month": (12, "months of a year"),
    "1 quarter": (4, "quarters of a year"),
}
"""After how many steps a season usually begins again, and what they are, by the step."""
FEWEST_SEASONS: Final = 4
"""So many are to be in a series: the training steps of fewer tell little of one."""


def of_series(
    found: Profile, path: Path, name: str, settings: Mapping[str, Any], output: Path | None
) -> Iterator[str]:
    """Write the lines of a config for a table whose times go on in equal steps.

    Args:
        found: What the table holds.
        path: The table, as the config is to name it.
        name: Of the experiment.
        settings: How the file is read.
        output: The file that the config is written to; None for stdout.

    Raises:
        UsageError: No times go on in equal steps, or what is to be foretold is no number.
    """
    target = found.targets[0]
    if found.series is None:
        what = f"no column of {found.source} has times that go on in equal steps."
        raise UsageError(what, where="--series", fix="Leave it out, or sort out the times.")
    if found.column(target.name).facts.numbers == 0 or len(found.targets) > 1:
        raise UsageError(
            "one column of numbers is foretold.", where="--series", fix="Name it with --target."
        )
    time, key, step = found.series
    season = _season(found)
    window = WINDOW if season is None else season[0] + 1
    steps = f"a step is {step}"
    yield f"# {path.name}: the next step of {target.name} from the {window} before it; {steps}."
    yield "#"
    yield "# Written by `dlrun init --data --series`; `dlrun list datasets series` tells more."
    yield f"# Train:     dlrun train {output or f'{name}.yaml'}"
    yield ""
    yield f"name: {scalar(name)}"
    yield commented("seed: 0", "same seed, same bits; try others with --seed 1")
    yield ""
    yield "dataset:"
    yield "  type: series"
    yield commented(f"  path: {scalar(str(path))}", tally(found.rows, "row"))
    yield from (f"  {word}: {inline(value)}" for word, value in settings.items())
    yield f"  time: {scalar(time)}"
    if key is not None:
        yield commented(f"  key: {scalar(key)}", "tells one series from another")
    yield f"  target: {scalar(target.name)}"
    about = "; a season, and one more, is a good choice"
    if season is not None:
        yield commented(f"  season: {season[0]}", f"{season[1]}; a baseline repeats the last ones")
        about = ": a season, and one more"
    yield commented(f"  window: {window}", f"steps that are seen{about}")
    yield commented("  horizon: 1", "steps that are foretold, all at once")
    yield commented("  target_scale: standard", "learned with mean 0 and deviation 1")
    yield commented("  scale: standard", "by the mean and deviation of the training steps")
    yield commented(f"  test_split: {TEST_SHARE}", "the last steps, looked at once, at the end")
    yield commented(f"  validation_split: {VALIDATION_SHARE}", "of the rest, the last steps")
    yield ""
    yield from _learning()


def _season(found: Profile) -> tuple[int, str] | None:
    """Give the usual season of the steps, and what it is of; None where series are too short."""
    series = found.series
    season = SEASONS.get(series.step) if series else None
    if series is None or season is None:
        return None
    number = 1 if series.key is None else found.column(series.key).facts.distinct
    return season if found.rows >= FEWEST_SEASONS * season[0] * number else None


def _learning() -> Iterator[str]:
    yield "model:"
    yield "  layers:"
    yield commented("    - Flatten", "all numbers of a window, side by side")
    yield "    - {type: Dense, units: 32, activation: relu}"
    yield commented("    - {type: Dense, units: 1}", "as many as the horizon")
    yield ""
    yield "loss: mean_squared_error"
    yield "optimizer: {type: Adam, learning_rate: 0.001}"
    yield "metrics: [root_mean_squared_error, mean_absolute_error]"
    yield ""
    yield "training:"
    yield commented("  epochs: 300", "at most")
    yield "  batch_size: 32"
    yield from stopping(20)
