"""Rows that a model gets wrong are found again in the user's own data."""

import csv
import html
import re

import numpy as np
import pytest

from tests.marking import first

CONFIG = """
name: people
dataset:
  type: table
  path: people.csv
  target: bought
  columns: {id: key, when: key, number: key, city: category}
  test_split: 0.4
  SAID
model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: {type: SGD, learning_rate: 0.01}
training: {epochs: 1}
"""


def write(folder, name, *, begin, rows):
    random = np.random.default_rng(begin)
    lines = ["id,when,number,age,city,bought"]
    for n in range(begin, begin + rows):
        city, bought = random.choice(["Ulm", "Bonn"]), random.choice(["yes", "no"])
        lines.append(
            f"P{n},2024-01-{n % 28 + 1:02d},{10 * n},{random.normal():.3f},{city},{bought}"
        )
    (folder / name).write_text("\n".join(lines) + "\n")
    return {line.split(",")[0]: number for number, line in enumerate(lines, 1)}


def mistakes(page):
    """The rows of the table of mistakes, by its headings."""
    part = page[page.index('id="mistakes"') :]
    part = part[: part.index("</section>")]
    cells = [
        [
            html.unescape(re.sub("<[^>]+>", "", cell))
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row)
        ]
        for row in re.findall(r"<tr>.*?</tr>", part, re.DOTALL)
    ]
    head = cells[0]
    return [dict(zip(head, row, strict=True)) for row in cells if row != head]


@pytest.mark.parametrize(
    "said",
    first(1, ["scale: none", "where: age > -1", "test_path: later.csv"]),
    ids=["all", "where", "two"],
)
def test_a_mistake_says_its_key_and_its_line(said, dlrun, tmp_path):
    lines = {"people.csv": write(tmp_path, "people.csv", begin=0, rows=60)}
    lines["later.csv"] = write(tmp_path, "later.csv", begin=100, rows=30)
    config = CONFIG.replace("SAID", said)
    if said.startswith("test_path"):
        config = config.replace("  test_split: 0.4\n", "")
    (tmp_path / "c.yaml").write_text(config)
    run = tmp_path / dlrun("train", "c.yaml", "-q", "--report").run
    with (run / "predictions" / "test.csv").open(newline="") as file:
        predicted = list(csv.DictReader(file))
    assert list(predicted[0])[:5] == ["row", "id", "when", "number", "true"]
    wrong = [row for row in predicted if row["true"] != row["predicted"]]
    told = mistakes((run / "report.html").read_text())
    assert told
    assert len(told) == min(len(wrong), 27)
    name = "later.csv" if said.startswith("test_path") else "people.csv"
    for row in told:
        number = int(row["id"].removeprefix("P"))
        assert row["in the data"] == f"{name}:{lines[name][row['id']]}"
        assert row["when"] == f"2024-01-{number % 28 + 1:02d}"
        assert row["number"] == str(10 * number)
        assert predicted[int(row["row"])]["id"] == row["id"]


def test_a_text_stands_beside_a_mistake(dlrun, tmp_path):
    """Six columns do, of which a text tells most, however late it stands in the table."""
    random = np.random.default_rng(0)
    rows = [
        [
            *(f"{value:.3f}" for value in random.normal(size=7)),
            f"word{number % 3} other",
            number % 2,
        ]
        for number in range(60)
    ]
    lines = ["a,b,c,d,e,f,g,said,y", *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "t.yaml").write_text(
        "dataset: {type: table, path: t.csv, target: y, columns: {said: text}, test_split: 0.5}\n"
        "model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}\n"
        "loss: binary_crossentropy\noptimizer: SGD\ntraining: {epochs: 1}\n"
    )
    run = tmp_path / dlrun("train", "t.yaml", "-q", "--report").run
    told = mistakes((run / "report.html").read_text())
    assert [*told[0]][-7:] == ["a", "b", "c", "d", "e", "said", "and"]
    number = int(told[0]["in the data"].split(":")[1]) - 2
    assert set(told[0]["said"].split()) == {f"word{number % 3}", "other"}  # counted, in no order
    assert told[0]["and"] == "2 more"
