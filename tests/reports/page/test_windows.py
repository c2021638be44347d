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
