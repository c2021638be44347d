"""Windows of a series on the page of a run: what was before, what came true, what was foretold."""

from __future__ import annotations

import re

CONFIG = """
name: shops
dataset:
  type: series
  path: shops.csv
  time: day
  key: shop
  target: sales
  window: 3
  horizon: 2
  test_split: 0.25
model: {layers: [Flatten, {type: Dense, units: 2, weights: [[[0, 0], [0, 0], [0, 0]], [4, 0]]}]}
loss: mean_squared_error
optimizer: {type: SGD, learning_rate: 0.000000001}
training: {epochs: 1}
"""


def test_windows_are_drawn_as_lines(dlrun, tmp_path):
    """The network foretells 4 and 0 whatever it sees: by hand, where that lies in each window."""
    days = range(1, 17)
    table = "".join(f"{shop},2026-01-{day:02},{day % 4}\n" for shop in "ab" for day in days)
    (tmp_path / "shops.csv").write_text("shop,day,sales\n" + table)
    (tmp_path / "shops.yaml").write_text(CONFIG)
    run = dlrun("train", "--report", "shops.yaml").out.strip()
    page = (tmp_path / run / "report.html").read_text()
    begin = page.index('id="mistakes"')
    before, after = page[:begin], page[begin:]
    # Training windows are spread over both series, and show no forecast.
    assert re.findall(r'<bdi>(.*?)</bdi><br><span class="muted">row (\d+) · <bdi>(.)', before) == [
        ("2026-01-04", "0", "a"), ("2026-01-07", "3", "a"), ("2026-01-10", "6", "a"),
        ("2026-01-05", "9", "b"), ("2026-01-08", "12", "b"), ("2026-01-11", "15", "b"),
    ]  # fmt: skip
    assert 'class="foretold"' not in before
    # Of the test windows the farthest off came true as 1, 2, after 2, 3, 0: sqrt(9 + 4) away.
    # 160 x 64 with an edge of 4: steps are 38 apart, and 4, the largest value, lies at the top.
    first = after[after.index("<svg") : after.index("</svg>")]
    assert 'class="seen" points="4,32 42,18 80,60"' in first
    assert 'class="true" points="80,60 118,46 156,32"' in first
    assert 'class="foretold" points="118,4 156,60"' in first
    assert "<title>1, 2 foretold as 4, " in first
    assert '<circle class="true" cx="156.0" cy="32.0"' in first
    assert '<bdi>2026-01-13</bdi><br><span class="muted">off by 3.61 · row 0' in after
    assert after.count('<svg class="window"') == 6


def table_of(page):
    """The caption, the head and the rows of the table of series, as texts."""
    begin = page.index("<caption>Series by series")
    table = page[begin : page.index("</table>", begin)]
    cells = [re.findall(r"<t[hd][^>]*>(?:<bdi>)?(.*?)(?:</bdi>)?</t[hd]>", row)
             for row in table.split("<tr>")[1:]]  # fmt: skip
    return re.search("<caption>(.*?)</caption>", table)[1], *cells


def trained_page(dlrun, tmp_path, tables, config=CONFIG):
    lines = [
        f"{shop},2026-01-{day:02},{one}"
        for shop, sales in tables.items()
        for day, one in enumerate(sales, 1)
    ]
    (tmp_path / "shops.csv").write_text("\n".join(["shop,day,sales", *lines]) + "\n")
    (tmp_path / "shops.yaml").write_text(config)
    return (dlrun("train", "--report", "shops.yaml", "-q").run / "report.html").read_text()


def test_each_series_is_scored_for_itself(dlrun, tmp_path):
    """The network foretells 4 and 0: by hand, beside the last value on the same windows."""
    page = trained_page(dlrun, tmp_path, {"a": [4, 0] * 8, "b": [n % 4 for n in range(1, 17)]})
    caption, head, *rows = table_of(page)
    assert caption == "Series by series, test rows"
    assert head[1:] == [
        "windows", "mean absolute error", "root mean squared error", "that of the last value",
    ]  # fmt: skip
    # Test windows foretell days 13 and 14, 14 and 15, 15 and 16. Of a: 4 0, 0 4, 4 0, after 0, 4,
    # 0: off by 0 0, 4 4, 0 0, the last value by 4 0 each. Of b: 1 2, 2 3, 3 0, after 0, 1, 2: off
    # by 3 2, 2 3, 1 0, the last value by 1 2, 1 2, 1 2.
    assert rows == [
        ["a", "3", f"{8 / 6:.4f}", f"{(32 / 6) ** 0.5:.4f}", f"{8**0.5:.4f}"],
        ["b", "3", f"{11 / 6:.4f}", f"{(27 / 6) ** 0.5:.4f}", f"{2.5**0.5:.4f}"],
    ]
    assert "Of several series together it is also that between them." in page


def test_of_many_series_the_worst_are_shown(dlrun, tmp_path):
    """Each series is constant but for a wave, so that the last value is off by the same."""
    tables = {f"s{n:02}": [n + day % 2 for day in range(16)] for n in range(14)}
    caption, _, *rows = table_of(trained_page(dlrun, tmp_path, tables))
    assert caption == "Series by series, test rows: 12 of 14, the worst against the last value"
    # 4 and 0 are farther off the higher a series lies; 1 to 3 are the nearest.
    assert [row[0] for row in rows[:9]] == [f"s{n:02}" for n in range(13, 4, -1)]


def test_a_single_series_has_no_table_of_its_own(dlrun, tmp_path):
    """The distances say all of it."""
    page = trained_page(dlrun, tmp_path, {"a": [4, 0] * 8})
    assert "Series by series" not in page
    assert "between them" not in page
