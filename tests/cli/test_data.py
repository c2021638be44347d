"""`dlrun data` shows what is in a table, on any terminal, as a page and as JSON."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from dlrun.cli.data import bars, profile_text
from dlrun.cli.terminal.output import Screen
from dlrun.workflows.data import data
from tests.conftest import CONFIGS, TITANIC, needs_titanic


@pytest.fixture(scope="module")
def titanic():
    """The profile of a table with gaps, words and a column that gives its target away."""
    return data(TITANIC, ["survived"])


@needs_titanic
def test_numbers_of_a_table(dlrun):
    """As a spreadsheet counts them."""
    _, out, _ = dlrun("data", TITANIC, "--target", "survived", "--json")
    told = json.loads(out)
    assert (told["rows"], told["duplicates"], told["sampled"]) == (891, 107, 891)
    assert told["targets"] == [{"name": "survived", "classes": {"0": 549, "1": 342}, "missing": 0}]
    columns = {column["name"]: column for column in told["columns"]}
    assert columns["age"]["missing"] == 177
    assert columns["age"]["quartiles"] == [20.125, 28, 38]
    assert (columns["age"]["low"], columns["age"]["high"]) == (0.42, 80)
    assert sum(columns["age"]["histogram"]) == 714
    assert columns["age"]["kind"] == "number"
    assert columns["deck"]["distinct"] == 7
    assert columns["sex"]["top"] == [["male", 577], ["female", 314]]
    assert columns["sex"]["links"]["survived"]["score"] == pytest.approx(701 / 891)
    assert columns["alive"]["links"]["survived"]["score"] == 1


@needs_titanic
def test_warnings(titanic):
    """What gives the target away comes first, by name and with how well it does."""
    first, *others = titanic.warnings()
    assert first.startswith("column 'alive' tells the target 'survived': alone it tells 100 %")
    assert "columns: {alive: ignore}" in first
    assert "column 'deck' is missing in 77.2 % of the rows." in others
    assert any("107 rows are an exact copy" in line for line in others)


@needs_titanic
@pytest.mark.parametrize("width", [20, 40, 80, 100, 200])
def test_it_fits_the_terminal(titanic, width):
    """Every column is there, and no line is too wide."""
    lines = profile_text(titanic, Screen(width=width)).splitlines()
    assert max(map(len, lines)) <= width
    shown = "\n".join(lines)
    for column in titanic.columns:
        assert re.search(rf"^{column.name[:8]}", shown, re.MULTILINE)


@pytest.mark.parametrize("width", [40, 80])
def test_no_number_is_cut(width):
    """Of the most frequent values as many are shown as there is room for; lines are folded."""
    profile = data(CONFIGS / "data" / "penguins.csv", ["species"])
    shown = profile_text(profile, Screen(width=width))
    values = {40: "Adelie 44.2 %, Gentoo 36 %, …", 80: "Adelie 44.2 %, …"}
    assert values[width] in shown
    assert "75.3 %" in shown
    assert "342 of 344 values are numbers; 2 are" in shown
    assert not re.search(r"[0-9.]…", shown)


@needs_titanic
def test_a_wide_terminal_has_a_table(titanic):
    """One line a column, its reason below it."""
    lines = profile_text(titanic, Screen(width=80)).splitlines()
    assert lines[0].endswith("titanic.csv: 891 rows, 15 columns")
    assert lines[1] == "target: survived, 2 classes: 0 61.6 %, 1 38.4 %"
    assert lines[3].split() == ["column", "kind", "missing", "distinct", "accuracy", "values"]
    legend = "accuracy: the share of rows whose class this column tells without the others"
    assert any(line.startswith(legend[:70]) for line in lines)
    (age,) = (number for number, line in enumerate(lines) if line.startswith("age "))
    assert lines[age].split()[1:7] == ["number", "19.9", "%", "88", "61.6", "%"]
    assert lines[age + 1].startswith("  714 of 891 values are numbers")


def test_bars():
    """The largest bin is full, any row at all is seen."""
    assert bars((0, 1, 50, 100)) == " ▁▄█"
    assert bars((1000, 1)) == "█▁"


def test_the_page_needs_nothing_else(dlrun, tmp_path):
    """Histograms are drawn in it; a stranger's text stays text."""
    table = tmp_path / "t.csv"
    rows = [
        f"{number},{'<b>x</b>' if number % 2 else 'y'},{number * 3 % 7}" for number in range(60)
    ]
    table.write_text("\n".join(["a<i>,b,y", *rows]))
    page = tmp_path / "page.html"
    exit_code, out, err = dlrun("data", table, "-t", "y", "-o", page)
    assert (exit_code, out) == (0, f"{page}\n")
    assert "warning" in err
    text = page.read_text()
    assert "<i>" not in text
    assert "<b>x" not in text
    assert "&lt;b&gt;x" in text
    assert "<rect" in text
    assert "http" not in text.replace("http-equiv", "")


@needs_titanic
def test_a_config_names_table_target_and_kinds(dlrun, tmp_path):
    """What it says of a column is shown in the place of what the values tell."""
    config = tmp_path / "c.yaml"
    config.write_text(
        f"dataset: {{type: table, path: {TITANIC}, target: survived, "
        "columns: {pclass: category, alive: ignore}}\n"
        "model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}\n"
        "loss: binary_crossentropy\noptimizer: adam\n"
    )
    _, out, _ = dlrun("data", config, "--json")
    told = json.loads(out)
    columns = {column["name"]: column for column in told["columns"]}
    assert columns["pclass"]["kind"] == "category"
    assert columns["survived"]["is_target"]
    config.write_text(config.read_text().replace("table, path:", "moons, noise: 0.1 } #"))
    exit_code, _, err = dlrun("data", config)
    assert exit_code == 2
    assert "which is no table" in err


def scores_of(dlrun, path, target):
    """Each column's score, and the warnings."""
    told = json.loads(dlrun("data", path, "-t", target, "--json")[1])
    links = {one["name"]: one["links"].get(target) for one in told["columns"]}
    return {name: link and link["score"] for name, link in links.items()}, told["warnings"]


def test_no_score_is_claimed_of_texts(dlrun, tmp_path):
    """A network reads their words; identical texts are too few to tell by. A leak is told."""
    path, words = tmp_path / "t.csv", ("red", "green", "blue", "grey", "pink", "gold", "tan", "sky")
    drawn = np.random.default_rng(0).integers(0, 8, (200, 4))
    rows = [f"{' '.join(words[n] for n in row)},{row[0] * 2.0 + row[1]}" for row in drawn]
    path.write_text("\n".join(["note,y", *rows]))
    assert scores_of(dlrun, path, "y")[0] == {"note": None, "y": None}
    _, shown, _ = dlrun("data", path, "-t", "y")
    (line,) = (one for one in shown.splitlines() if one.startswith("note "))
    assert line.split()[1:4] == ["text", "-", str(len({row.partition(",")[0] for row in rows}))]
    assert not re.match(r"[0-9]\.[0-9]", line.split()[4])
    legend = "Of texts it is left empty: a network reads their words, and whole texts say little of"
    assert legend in " ".join(shown.split())
    dlrun("data", path, "-t", "y", "-o", tmp_path / "page.html")
    assert legend in (tmp_path / "page.html").read_text()
    twice = [f"row {n} of many texts,{n % 7}.5" for n in (*range(60), *range(60))]
    path.write_text("\n".join(["note,y", *twice]))
    config = tmp_path / "c.yaml"
    config.write_text(
        f"dataset: {{type: table, path: {path}, target: y, columns: {{note: text}}}}\n"
        "model: {layers: [{type: Dense, units: 1}]}\nloss: mean_squared_error\noptimizer: adam\n"
    )
    scores, warnings = scores_of(dlrun, config, "y")
    assert scores["note"] == 1
    assert warnings[0].startswith("column 'note' tells the target 'y': alone it explains 100 %")


def test_a_date_is_judged_by_what_a_network_gets_of_it(dlrun, tmp_path):
    """Weekdays tell all of it: their means leave no error, those of the seconds nearly all."""
    path, first = tmp_path / "t.csv", date(2024, 1, 1)
    days = [first + timedelta(days=n) for n in range(364)]  # each weekday 52 times
    rows = [f"{day},{(3, 7, 1, 6, 2, 5, 4)[day.weekday()]}.5" for day in days]
    path.write_text("\n".join(["day,y", *rows]))
    scores, warnings = scores_of(dlrun, path, "y")
    assert scores["day"] == pytest.approx(1)
    assert not [line for line in warnings if "tells the target" in line]  # it is known before
    said = "Of times it is the best of their order, months, weekdays and hours."
    assert said in " ".join(dlrun("data", path, "-t", "y")[1].split())


def test_what_is_refused(dlrun, tmp_path):
    """No file, no table, no such column."""
    exit_code, _, err = dlrun("data", tmp_path / "none.csv")
    assert exit_code == 3
    assert "none.csv" in err
    exit_code, _, err = dlrun("data", CONFIGS / "data" / "penguins.csv", "--target", "speces")
    assert exit_code == 2
    assert "Did you mean 'species'?" in err
    (tmp_path / "empty.csv").write_text("")
    exit_code, _, err = dlrun("data", tmp_path / "empty.csv")
    assert exit_code == 3
    assert "empty.csv" in err
    exit_code, _, err = dlrun("data", tmp_path)
    assert exit_code == 3


def test_targets_of_several_kinds(tmp_path):
    """Numbers, classes that are rare, one class, missing ones; hints for groups and times."""
    table = tmp_path / "t.csv"
    lines = ["when,patient_id,x,price,kind,gone,same"]
    for row in range(200):
        day = f"2020-{row // 28 + 1:02}-{row % 28 + 1:02}"
        kind = "rare" if row % 50 == 0 else "usual"
        price = row * 7 % 101 + 0.5
        gone = "" if row % 4 else row % 8
        lines.append(f"{day},{row // 5},{row * 13 % 17},{price},{kind},{gone},1")
    table.write_text("\n".join(lines))
    profile = data(table, ["price"])
    assert profile.targets[0].classes is None
    assert (profile.group, profile.time) == ("patient_id", "when")
    told = "\n".join(profile.warnings())
    assert "split_by: {group: patient_id}" in told
    assert "split_by: {time: when}" in told
    assert "column 'same' has the value '1' only" in told
    told = "\n".join(data(table, ["kind"]).warnings())
    assert "classes of 'kind' are rare: 'rare' in 4 rows" in told
    assert "missing in 150 rows" in "\n".join(data(table, ["gone"]).warnings())
    assert "single class" in "\n".join(data(table, ["same"]).warnings())


def test_many_rows_are_counted_whole_and_drawn_from_a_sample(tmp_path):
    """Counts are those of all rows."""
    table = tmp_path / "t.csv"
    table.write_text("x,y\n" + "".join(f"{row},{row % 3}\n" for row in range(120_000)))
    profile = data(table, ["y"])
    assert profile.rows == 120_000
    assert profile.sampled == pytest.approx(50_000, rel=1e-3)
    assert dict(profile.targets[0].classes) == {"0": 40_000, "1": 40_000, "2": 40_000}
    assert f"Histograms and scores are those of {profile.sampled:,} rows" in profile_text(
        profile, Screen()
    )


def test_odd_names_and_one_column(dlrun, tmp_path):
    """Quotes, keywords, wide letters, control characters, a single column."""
    table = tmp_path / "t.csv"
    table.write_text('"a ""b""",select,幅,"x\x1b[31m"\n' + "1,2,3,4\n5,6,7,8\n" * 30)
    exit_code, out, _ = dlrun("data", table, "--target", 'a "b"')
    assert exit_code == 0
    assert "\x1b" not in out
    assert "幅" in out
    Path(tmp_path / "one.csv").write_text("x\n" + "1\n2\n" * 20)
    assert dlrun("data", tmp_path / "one.csv")[0] == 0


def test_what_tells_nothing_is_as_good_as_the_most_frequent_class(dlrun, tmp_path):
    """A constant, too; and a single value is told as one."""
    rows = "".join(f"same,{row % 2}\n" for row in range(40))
    (tmp_path / "t.csv").write_text(f"c,y\n{rows}")
    out = dlrun("data", tmp_path / "t.csv", "-t", "y")[1]
    (line,) = (line for line in out.splitlines() if line.startswith("c "))
    assert line.split()[:6] == ["c", "ignore", "-", "1", "50", "%"]
    (tmp_path / "one.csv").write_text("a,b,y\n1,2,x\n")
    assert "  its only value is a number\n" in dlrun("data", tmp_path / "one.csv", "-t", "y")[1]


def test_times_of_which_day_and_month_cannot_be_told_apart(dlrun, tmp_path):
    """Are shown in the first way, and both are named; a draft says the first, and what else."""
    rows = "".join(f"{n % 12 + 1:02}/{n * 5 % 12 + 1:02}/2023,{n % 7}\n" for n in range(60))
    (tmp_path / "t.csv").write_text(f"when,y\n{rows}")
    code, out, _ = dlrun("data", tmp_path / "t.csv")
    assert code == 0
    assert "all 60 values are times, written as %d/%m/%Y or %m/%d/%Y" in out
    assert (
        "may be '%d/%m/%Y' or '%m/%d/%Y': here they are '%d/%m/%Y'; a config says which, as in "
        "columns: {when: {type: date, format: '%d/%m/%Y'}}."
    ) in " ".join(out.split())
    text = dlrun("init", "--data", tmp_path / "t.csv", "-t", "y")[1]
    assert '    when: {type: date, format: "%d/%m/%Y"} ' in text
    assert "or %m/%d/%Y: say which" in text
