"""Tables of many columns: counted and read in few queries, to the same facts and bits."""

import numpy as np
import pytest

from dlrun.arrays import Reading
from dlrun.data import table_facts, table_rows
from dlrun.data.tables import open_table
from dlrun.errors import DataError


def write_csv(path, rows, names):
    path.write_text("\n".join([",".join(names), *map(",".join, rows)]) + "\n")
    return path


def _columns_of_all_kinds(rows):
    """Texts of cells by column: numbers, codes, words, dates, yes and no, with gaps and blanks."""
    rng = np.random.default_rng(0)
    kinds = {
        "whole": lambda n: str(n % 30),
        "fraction": lambda _: f"{rng.normal():.3f}",
        "code": lambda n: f"{n % 7:03}",
        "word": lambda n: ["red", " green", "light blue "][n % 3],
        "date": lambda n: f"{1 + n % 28}.{1 + n % 12}.2024",
        "iso": lambda n: f"2024-{1 + n % 12:02}-{1 + n % 28:02}",
        "answer": lambda n: ["yes", "No"][n % 2],
        "mixed": lambda n: "many" if n % 5 == 0 else str(n),
        "gap": lambda n: "" if n % 3 else "NA",
    }
    cells = {name: [write(n) for n in range(rows)] for name, write in kinds.items()}
    for name, values in list(cells.items()):
        cells[f"{name} again"] = ["" if n % 11 == 0 else one for n, one in enumerate(values)]
    return cells


@pytest.mark.parametrize("words", [(), ("NA", "3")])
def test_columns_that_are_counted_and_read_together_are_those_that_are_so_alone(
    words, tmp_path, monkeypatch
):
    """Whatever they hold."""
    cells = _columns_of_all_kinds(150)
    path = write_csv(tmp_path / "a.csv", [*zip(*cells.values(), strict=True)], tuple(cells))
    reading = Reading(missing_values=words)
    numbers = {name: "number" for name in cells if name.split()[0] in ("whole", "fraction")}
    found = []
    for together in (False, True):
        monkeypatch.setattr(table_facts, "CELLS", 2**18 if together else 1)
        monkeypatch.setattr(table_rows, "ALIKE", 2 if together else 100)
        with open_table([path], reading) as table:
            facts = table.facts()
            _, values = table.read(numbers | {"iso": "time", "word": "text"})
            found.append((facts, values.tobytes()))
    assert found[0] == found[1]


def test_many_columns_are_counted_in_few_queries(tmp_path, monkeypatch):
    """A query takes some milliseconds, however little there is to be counted."""
    counted = []

    class Counting(table_facts.Tally):
        def __init__(self, table, names):
            super().__init__(table, names)
            counted.append(len(names))

    monkeypatch.setattr(table_facts, "Tally", Counting)
    rows = [[str(row * column % 7) for column in range(1000)] for row in range(40)]
    path = write_csv(tmp_path / "a.csv", rows, tuple(f"x{n}" for n in range(1000)))
    with open_table([path]) as table:
        assert len(table.facts()) == 1000
        _, values = table.read(dict.fromkeys(table.columns, "number"))
    assert counted == [1000]
    assert values.tolist() == [[float(cell) for cell in row] for row in rows]


def test_a_bad_cell_among_many_columns_is_told(tmp_path):
    """With its line and column, as one among few."""
    rows = [["1"] * 100 for _ in range(5)]
    rows[3][70] = "many"
    path = write_csv(tmp_path / "a.csv", rows, tuple(f"x{n}" for n in range(100)))
    with (
        open_table([path]) as table,
        pytest.raises(DataError, match=r"a\.csv:5: column 'x70': 'many'"),
    ):
        table.read(dict.fromkeys(table.columns, "number"))
