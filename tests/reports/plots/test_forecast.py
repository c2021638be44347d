"""Forecasts are drawn as far back as a reader can tell steps apart; the table keeps them all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlrun.arrays import Clock, Foretold, SeriesForm, Spec, Steps, TableForm
from dlrun.reports.plots import forecast, style
from tests.reports.stories import regression

DAY = 86_400.0


@pytest.fixture(autouse=True)
def styled():
    """As the shelf draws."""
    with style.applied():
        yield


def daily(steps, foretold, *, horizon=1, window=5, season=None):
    """A run that foretold the last days of a series that counts its days from 1970 on."""
    form = SeriesForm(
        table=TableForm(("day", "sales"), named=True), window=window, horizon=horizon, stride=1,
        targets=("sales",), keys=(), clock=Clock("day", "iso", "second", DAY), season=season,
        gaps="break",
    )  # fmt: skip
    begins = np.arange(steps - foretold, steps - horizon + 1, horizon)
    days = begins[:, None] + np.arange(horizon)  # (rows, horizon)
    truth = days.astype(np.float32)
    known = Steps(np.zeros(steps, int), np.arange(steps) * DAY, np.arange(steps)[:, None] * 1.0)
    told = Foretold(days * DAY, np.zeros(len(days), int), ((),), {"last": truth - 1}, known)
    data = regression()
    rows = replace(data.rows["test"], y_true=truth, y_pred=truth + 1, foretold=told)
    names = tuple(f"sales +{ahead + 1}" for ahead in range(horizon))
    spec = Spec(input_shape=(window, 1), class_names=None, target_names=names, form=form)
    return replace(data, spec=spec, rows={"test": rows})


def drawn(data):
    """The lines of the only panel by what the legend calls them."""
    (panel,) = forecast.draw(data).axes
    return panel, {name: [one for one in panel.lines if one.get_label() == name]
                   for name in ("truth", "forecast (test)", "baseline", "_")}  # fmt: skip


def test_a_long_series_is_drawn_from_shortly_before_its_forecasts():
    """As many steps before as were foretold; a line without markers, though each is one step."""
    panel, lines = drawn(daily(730, 146))
    (truth,), (told,), (base,) = (lines[one] for one in ("truth", "forecast (test)", "baseline"))
    assert truth.get_ydata().tolist() == [*range(730 - 2 * 146, 730)]
    assert told.get_ydata().tolist() == [*range(730 - 146 + 1, 731)]
    assert base.get_ydata().tolist() == [*range(730 - 146 - 1, 729)]
    assert told.get_marker() == "None"
    assert told.get_linewidth() < 1
    begin, end = panel.get_xlim()
    marked = [one for one in panel.get_xticks() if begin <= one <= end]
    assert 3 <= len(marked) <= 7
    assert len(forecast.numbers(daily(730, 146))[0][1]) == 730


def test_a_window_and_a_season_are_drawn_in_any_case():
    """Before three steps that were foretold at once: a season, or a window, if it is longer."""
    for asked, before in (({"season": 30}, 30), ({"window": 40, "season": 30}, 40)):
        _, lines = drawn(daily(300, 3, horizon=3, **asked))
        (truth,), (told,) = lines["truth"], lines["forecast (test)"]
        assert truth.get_ydata().tolist() == [*range(300 - 3 - before, 300)]
        assert told.get_ydata().tolist() == [298, 299, 300]
        assert told.get_marker() == "o"


def test_a_forecast_without_neighbours_is_a_dot():
    """Two forecasts of a step each make no line."""
    _, lines = drawn(daily(120, 2, window=70))
    (first,), (base,) = lines["forecast (test)"], lines["baseline"]
    assert (first.get_ydata().tolist(), base.get_ydata().tolist()) == ([119], [117])
    for one in (first, base, *lines["_"]):
        assert (one.get_marker(), list(one.get_markevery())) == ("o", [0])
    assert len(lines["_"]) == 2


def test_stretches_of_several_steps_stay_apart():
    """Each was foretold at once, from its own window."""
    _, lines = drawn(daily(300, 120, horizon=12))
    told = [*lines["forecast (test)"], *lines["_"]]
    assert sorted(len(one.get_ydata()) for one in told) == [12] * 19  # and baselines of nine more
